/* SPDX-License-Identifier: MIT */
/*
 * The maps of a user's namespace. A range of other ids can only be mapped by somebody with rights over them, which is what
 * newuidmap(1) and newgidmap(1) are installed for: a child that stays outside executes them on sv.
 */
#include "rootless.h"

#include "../init/lib/fd.h"
#include "arena.h"
#include "file.h"
#include "part.h"
#include "subids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define ID_FILE_MAX (1U << 20)

/* --- what the machine allows -------------------------------------------------------------------------------------------- */

static bool setting_is(const char *path, char value)
{
	FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	char text[2] = "";

	return fd >= 0 && sys_read(fd, text, 1) == 1 && text[0] == value;
}

static const struct {
	const char *path;
	char value;
	const char *hint;
} forbidding[] = {
	{ "/proc/sys/kernel/unprivileged_userns_clone", '0',
	  "sysctl kernel.unprivileged_userns_clone=0 forbids it" },
	{ "/proc/sys/user/max_user_namespaces", '0',
	  "sysctl user.max_user_namespaces=0 forbids it" },
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1',
	  "AppArmor forbids it: sysctl kernel.apparmor_restrict_unprivileged_userns=1, or give sv a profile that allows userns" },
};

static int fail(int number, struct error *error)
{
	int result = error_set(error, number, "cannot create a user namespace as an ordinary user");

	for (size_t i = 0; i < sizeof(forbidding) / sizeof(forbidding[0]); i++)
		if (setting_is(forbidding[i].path, forbidding[i].value))
			return error_hint(error, result, "%s", forbidding[i].hint);
	return error_hint(error, result, "run it with sudo, or see 'sv doctor'");
}

/* --- ranges ------------------------------------------------------------------------------------------------------------- */

/* The first line of the file that `is_it` takes. */
static bool find_line(struct arena *arena, const char *path, struct part *line,
		      bool (*is_it)(struct part line, const void *wanted), const void *wanted)
{
	FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	struct part rest;
	char *text = NULL;
	ssize_t size = fd < 0 ? fd : file_read(arena, fd, ID_FILE_MAX, &text);

	if (size < 0)
		return false;
	rest = (struct part){ text, (size_t)size };
	while (part_next(&rest, '\n', line))
		if (is_it(*line, wanted))
			return true;
	return false;
}

/* NAME:PASSWORD:UID:... of passwd(5). */
static bool has_uid(struct part line, const void *wanted)
{
	struct part field;

	for (int i = 0; i < 3; i++)
		if (!part_next(&line, ':', &field))
			return false;
	return part_is(field, wanted);
}

/* The names that a line may go by: the user's name (NULL: unknown), or the id. */
struct owner {
	struct part name;
	const char *id;
};

static bool is_owned(struct part line, const void *wanted)
{
	const struct owner *owner = wanted;
	struct subid row;

	return subids_parse_line(line, &row) && row.count > 0 &&
	       (part_is(row.owner, owner->id) ||
		(owner->name.text != NULL && row.owner.length == owner->name.length &&
		 memcmp(row.owner.text, owner->name.text, row.owner.length) == 0));
}

static bool find_range(struct arena *arena, const char *path, const struct owner *owner,
		       struct subid *range)
{
	struct part line;

	return find_line(arena, path, &line, is_owned, owner) && subids_parse_line(line, range);
}

static bool is_installed(const char *path)
{
	return faccessat(AT_FDCWD, path, X_OK, 0) == 0;
}

#define NEWUIDMAP "/usr/bin/newuidmap"
#define NEWGIDMAP "/usr/bin/newgidmap"

bool rootless_has_mappers(void)
{
	return is_installed(NEWUIDMAP) && is_installed(NEWGIDMAP);
}

static bool find_ranges(struct subid *uids, struct subid *gids)
{
	struct arena arena = { .blocks = NULL };
	struct part line;
	char id[16];
	struct owner owner = { .name = { NULL, 0 }, .id = id };
	bool found;

	if (!rootless_has_mappers())
		return false;
	(void)snprintf(id, sizeof(id), "%u", (unsigned)getuid());
	if (find_line(&arena, "/etc/passwd", &line, has_uid, id))
		(void)part_next(&line, ':', &owner.name);
	found = find_range(&arena, "/etc/subuid", &owner, uids) &&
		find_range(&arena, "/etc/subgid", &owner, gids);
	arena_free(&arena);
	return found;
}

/* The user's own id and those of the shorter range. */
static uint32_t common_size(const struct subid *uids, const struct subid *gids)
{
	return 1 + (uids->count < gids->count ? uids->count : gids->count);
}

uint32_t rootless_ids(void)
{
	struct subid uids, gids;

	if (!find_ranges(&uids, &gids))
		return 1;
	return common_size(&uids, &gids);
}

/* --- maps --------------------------------------------------------------------------------------------------------------- */

static int run_mapper(const char *program, pid_t pid, unsigned own, const struct subid *range)
{
	char target[16], outside[16], start[16], count[16];
	char zero[] = "0", one[] = "1", name[64];
	char *arguments[] = { name, target, zero, outside, one, one, start, count, NULL };
	char *environment[] = { NULL };
	siginfo_t info;
	long child;

	(void)snprintf(name, sizeof(name), "%s", program);
	(void)snprintf(target, sizeof(target), "%d", (int)pid);
	(void)snprintf(outside, sizeof(outside), "%u", own);
	(void)snprintf(start, sizeof(start), "%u", range->start);
	(void)snprintf(count, sizeof(count), "%u", range->count);
	child = sys_fork();
	if (child == 0) {
		(void)sys_execve(program, arguments, environment);
		_exit(127);
	}
	memset(&info, 0, sizeof(info));
	if (child < 0 || sys_waitid(P_PID, (int)child, &info, WEXITED) < 0)
		return -1;
	return info.si_code == CLD_EXITED && info.si_status == 0 ? 0 : -1;
}

/* The child that stays outside: maps `pid` once it hears from it that the namespace stands. */
static _Noreturn void map_from_outside(pid_t pid, int go, const struct subid *uids,
				       const struct subid *gids)
{
	char byte;

	if (sys_read(go, &byte, 1) != 1)
		_exit(1);
	_exit(run_mapper(NEWUIDMAP, pid, (unsigned)getuid(), uids) == 0 &&
			      run_mapper(NEWGIDMAP, pid, (unsigned)getgid(), gids) == 0
		      ? 0
		      : 1);
}

static int write_file(const char *path, const char *text)
{
	FD int fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
	ssize_t result = fd < 0 ? fd : sys_write(fd, text, strlen(text));

	return result < 0 ? (int)result : 0;
}

/* Without help only one's own id can be mapped, and groups can't be given up: they may be what keeps a file away. */
static int map_own_id(uid_t uid, gid_t gid, struct error *error)
{
	char text[64];
	int result;

	(void)snprintf(text, sizeof(text), "0 %u 1\n", (unsigned)uid);
	result = write_file("/proc/self/uid_map", text);
	if (result == 0)
		result = write_file("/proc/self/setgroups", "deny");
	(void)snprintf(text, sizeof(text), "0 %u 1\n", (unsigned)gid);
	if (result == 0)
		result = write_file("/proc/self/gid_map", text);
	return result < 0 ? fail(result, error) : 0;
}

static int unshare_all(struct error *error)
{
	int result = sys_unshare(CLONE_NEWUSER | CLONE_NEWNS);

	return result < 0 ? fail(result, error) : 0;
}

static int enter_with_ranges(struct rootless *rootless, const struct subid *uids,
			     const struct subid *gids, struct error *error)
{
	pid_t self = getpid();
	FD int go_read = -1;
	FD int go_write = -1;
	siginfo_t info;
	int pair[2];
	long child;

	if (sys_socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, pair) < 0)
		return error_set(error, 0, "cannot make a socket pair");
	go_read = pair[0];
	go_write = pair[1];
	child = sys_fork();
	if (child == 0) {
		fd_close(&go_write);
		map_from_outside(self, go_read, uids, gids);
	}
	if (child < 0)
		return error_set(error, (int)child, "cannot fork");
	memset(&info, 0, sizeof(info));
	if (unshare_all(error) == 0)
		(void)sys_write(go_write, "", 1);
	fd_close(&go_write);
	(void)sys_waitid(P_PID, (int)child, &info, WEXITED);
	if (error_is_set(error))
		return -1;
	if (info.si_code != CLD_EXITED || info.si_status != 0)
		return error_hint(
			error,
			error_set(
				error, 0,
				"newuidmap or newgidmap refused the ranges of /etc/subuid and /etc/subgid"),
			"each must be a line NAME:START:COUNT for this user");
	rootless->has_groups = true;
	rootless->size = common_size(uids, gids);
	return 0;
}

int rootless_enter(struct rootless *rootless, struct error *error)
{
	struct subid uids, gids;
	uid_t uid = getuid();
	gid_t gid = getgid();
	int result;

	rootless->is_active = true;
	rootless->has_groups = false;
	rootless->size = 1;
	if (find_ranges(&uids, &gids))
		result = enter_with_ranges(rootless, &uids, &gids, error);
	else
		result = unshare_all(error) < 0 ? -1 : map_own_id(uid, gid, error);
	if (result < 0)
		return result;
	result = sys_setresgid(0, 0, 0);
	if (result == 0)
		result = sys_setresuid(0, 0, 0);
	if (result == 0 && rootless->has_groups)
		result = sys_setgroups(0, NULL);
	/* AppArmor lets the namespace be made and then gives no rights in it: the first that needs some tells. */
	if (result == 0)
		result = sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	return result < 0 ? fail(result, error) : 0;
}

/* The first line of a map that has 0 inside: how many ids follow, all of them at once in the machine's own namespace. */
static uint32_t mapped(const char *path)
{
	FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	char text[64] = "", *next = text;
	unsigned long words[3] = { 1, 0, 0 }; /* inside, outside, count */

	if (fd < 0 || sys_read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	for (size_t i = 0; i < 3; i++)
		words[i] = strtoul(next, &next, 10);
	return words[0] == 0 ? (uint32_t)words[2] : 0;
}

#define MACHINES_OWN \
 0xeffffffdU /* PROC_USER_INIT_INO of the kernel, the number that its first user namespace has */

static bool is_machines_own(void)
{
	struct stat status;

	return sys_fstatat(AT_FDCWD, "/proc/self/ns/user", &status, 0) == 0 &&
	       status.st_ino == MACHINES_OWN;
}

int rootless_stay(struct rootless *rootless, struct error *error)
{
	uint32_t uids, gids;
	int result;

	if (is_machines_own())
		return 0;
	uids = mapped("/proc/self/uid_map");
	gids = mapped("/proc/self/gid_map");
	if (uids == UINT32_MAX)
		return 0;
	rootless->is_active = true;
	rootless->has_groups = !setting_is("/proc/self/setgroups", 'd');
	rootless->size = uids < gids ? uids : gids;
	result = sys_unshare(CLONE_NEWNS);
	if (result == 0)
		result = sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	if (result < 0)
		return error_hint(
			error, error_set(error, result, "cannot create a mount namespace"),
			"sv needs CAP_SYS_ADMIN: a container or a sandbox may have taken it from root");
	return 0;
}

void rootless_state_directory(char *path, size_t size)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct stat status;

	if (runtime != NULL && runtime[0] == '/' &&
	    sys_fstatat(AT_FDCWD, runtime, &status, 0) == 0 && status.st_uid == getuid())
		(void)snprintf(path, size, "%.240s/sv", runtime);
	else
		(void)snprintf(path, size, "/tmp/sv-%u", (unsigned)getuid());
}

bool rootless_cgroup_parent(char *path, size_t size)
{
	FD int fd = sys_openat(AT_FDCWD, "/proc/self/cgroup", O_RDONLY | O_CLOEXEC, 0);
	char text[4096];
	ssize_t got = fd < 0 ? fd : sys_read(fd, text, sizeof(text) - 1);
	struct part rest, line;
	int length = -1;

	if (got <= 0)
		return false;
	text[got] = '\0';
	rest = part_of(text);
	while (part_next(&rest, '\n', &line))
		if (line.length > 3 && memcmp(line.text, "0::", 3) == 0)
			length = snprintf(path, size, "%.*s/sv",
					  line.length > 4 ? (int)(line.length - 3) : 0,
					  line.text + 3);
	return length > 0 && (size_t)length < size;
}
