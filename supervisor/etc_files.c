/* SPDX-License-Identifier: MIT */
/*
 * See etc_files.h. A single file can only be cloned from a mount that stands somewhere (Linux 6.15 lifts that): a child that
 * shares sv's memory and descriptors, in a mount namespace that goes with it, mounts the tmpfs, fills it and clones.
 */
#include "etc_files.h"

#include "../init/lib/fd.h"
#include "file.h"
#include "names.h"
#include "part.h"
#include "resolver.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#define STACK_SIZE ((size_t)32 << 10)
#define HOST_MAX   (32U << 10) /* what is read of the machine's own files */
#define RESOLV_MAX 4096U
#define LINKS_MAX  8

enum {
	HOSTS,
	HOSTNAME,
	RESOLV,
	FILE_COUNT
};

static const char *const targets[FILE_COUNT] = { "etc/hosts", "etc/hostname", "etc/resolv.conf" };

_Static_assert(FILE_COUNT == PLAN_FILES_MAX, "a row each");

/* What goes into them. */
struct text {
	char *bytes;
	size_t used, size;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(text->bytes + text->used, text->size - text->used, format, list);
	va_end(list);
	if (length > 0)
		text->used += (size_t)length < text->size - text->used
				      ? (size_t)length
				      : text->size - text->used - 1;
}

/* A file of the machine's, up to HOST_MAX; none is as good as an empty one. */
static size_t read_file(struct arena *arena, const char *path, char **text)
{
	FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
	ssize_t length = fd < 0 ? fd : file_read(arena, fd, HOST_MAX, text);

	return length < 0 ? 0 : (size_t)length;
}

/* --- hosts ------------------------------------------------------------------------------------------------------------ */

static void add_host(struct text *text, const struct cidr *address, const char *name)
{
	char printed[CIDR_TEXT_MAX];

	if (address->family != 0)
		add(text, "%s\t%s\n", cidr_print_address(address, printed), name);
}

/* Its names for itself: the host name, and the container's where that is another. */
static void add_self(struct text *text, const struct etc_request *request)
{
	static const struct cidr unknown = { .family = AF_INET, .bytes = { 127, 0, 1, 1 } };
	const struct network *network = request->network;
	char names[2 * SPEC_NAME_MAX + 2];

	if (strcmp(request->hostname, request->container) == 0)
		(void)snprintf(names, sizeof(names), "%s", request->hostname);
	else
		(void)snprintf(names, sizeof(names), "%s %s", request->hostname,
			       request->container);
	if (network->address.family == 0 && network->address6.family == 0)
		add_host(text, &unknown, names);
	add_host(text, &network->address, names);
	add_host(text, &network->address6, names);
}

static void write_hosts(struct text *text, const struct etc_request *request)
{
	const struct spec *spec = request->spec;
	struct arena arena = { .blocks = NULL };
	char *machine = NULL;

	if (spec->net == SPEC_NET_HOST && read_file(&arena, "/etc/hosts", &machine) > 0)
		add(text, "%s\n", machine);
	else
		add(text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
	arena_free(&arena);
	for (size_t i = 0; i < spec->hosts.count; i++) {
		const struct spec_host *host = &spec->hosts.rows[i];

		add_host(text,
			 host->address.family != 0 ? &host->address : &request->network->gateway,
			 host->name);
	}
	add_self(text, request);
}

/* --- resolv.conf -------------------------------------------------------------------------------------------------------- */

static void read_resolver(struct resolver *resolver, const char *path, struct resolver_reach reach)
{
	struct arena arena = { .blocks = NULL };
	char *text = NULL;
	size_t length = read_file(&arena, path, &text);

	resolver_read(resolver, length > 0 ? text : "", length, reach);
	arena_free(&arena);
}

/* systemd-resolved listens on loopback, and keeps a list of whom it asks itself. */
#define UPSTREAM "/run/systemd/resolve/resolv.conf"

/* Where none of the machine's can be reached. Docker takes the same. */
static const struct cidr public_servers[] = {
	{ .family = AF_INET, .prefix = 32, .bytes = { 8, 8, 8, 8 } },
	{ .family = AF_INET, .prefix = 32, .bytes = { 8, 8, 4, 4 } },
};

static void replace_servers(struct resolver *resolver, struct resolver_reach reach)
{
	const char *why = resolver->had_loopback
				  ? "the machine's resolver is on its loopback, where no "
				    "container can reach it"
				  : "the machine has no resolver that a container can reach";
	struct resolver upstream;

	read_resolver(&upstream, UPSTREAM, reach);
	if (upstream.count == 0) {
		memcpy(upstream.servers, public_servers, sizeof(public_servers));
		upstream.count = sizeof(public_servers) / sizeof(public_servers[0]);
		error_say("%s: the container asks 8.8.8.8 and 8.8.4.4; hint: --dns ADDRESS "
			  "names another",
			  why);
	} else {
		error_say("%s: the container asks those of %s; hint: --dns ADDRESS names others",
			  why, UPSTREAM);
	}
	memcpy(resolver->servers, upstream.servers, sizeof(resolver->servers));
	resolver->count = upstream.count;
}

static void write_resolv(struct text *text, const struct etc_request *request)
{
	const struct spec *spec = request->spec;
	/* Another's namespace is whoever's: what it reaches isn't known here. */
	struct resolver_reach reach = {
		.loopback = spec->net == SPEC_NET_HOST,
		.v6 = spec->net != SPEC_NET_BRIDGE || request->network->address6.family != 0,
	};
	struct resolver resolver;

	read_resolver(&resolver, "/etc/resolv.conf", reach);
	resolver_override(&resolver, spec);
	if (request->forwarder->family != 0 && spec->dns.count == 0) {
		resolver.servers[0] = *request->forwarder;
		resolver.count = 1;
	}
	if (resolver.count == 0 && !reach.loopback)
		replace_servers(&resolver, reach);
	text->used += resolver_write(&resolver, text->bytes, text->size);
}

/* --- the child ---------------------------------------------------------------------------------------------------------- */

struct work {
	struct etc_files *files;
	const struct text *texts;
	uint32_t uid, gid;
	int result;
};

/* The root of a chroot need not be a mount: joining one's own namespace anew leads to the namespace's (setns(2)). */
static int make_room(void)
{
	int result = sys_mount(NULL, "/", NULL, MS_PRIVATE, NULL);

	if (result == -EINVAL) {
		FD int self = sys_pidfd_open(getpid(), 0);

		result = self < 0 ? self : sys_setns(self, CLONE_NEWNS);
		if (result == 0)
			result = sys_mount(NULL, "/", NULL, MS_PRIVATE, NULL);
	}
	if (result == 0)
		result = sys_mount("tmpfs", "/", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
				   "mode=755,size=1m,nr_inodes=8");
	return result < 0 ? result : sys_chdir("/.."); /* "/" is covered, "/.." crosses over */
}

/* One file, and a mount of it alone. */
static int make_file(const struct work *work, size_t row)
{
	const struct text *text = &work->texts[row];
	struct plan_file *file = &work->files->rows[row];
	char name[] = "0";
	FD int fd = -1;
	int result;

	name[0] = (char)('0' + row);
	fd = sys_openat(AT_FDCWD, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return fd;
	result = file_write(fd, text->bytes, text->used);
	if (result == 0)
		result = sys_fchmod(fd, 0644); /* whatever the umask */
	if (result == 0)
		result = sys_fchown(fd, work->uid, work->gid);
	if (result == 0)
		result = file->fd =
			sys_open_tree(AT_FDCWD, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (result >= 0 && row == HOSTS)
		work->files->hosts = fd_take(&fd);
	return result;
}

static int run_child(void *data)
{
	struct work *work = data;

	work->result = make_room();
	for (size_t i = 0; work->result >= 0 && i < FILE_COUNT; i++)
		if (work->files->rows[i].target[0] != '\0')
			work->result = make_file(work, i);
	_exit(0);
}

/* When clone(2) returns the child has left the stack, but its mount namespace goes later: nobody waits for that. */
static int make_files(struct work *work)
{
	char *stack = malloc(STACK_SIZE);
	int pid;

	if (stack == NULL)
		return -ENOMEM;
	pid = clone(run_child, stack + STACK_SIZE,
		    CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_NEWNS, work);
	free(stack);
	if (pid < 0)
		return (int)sys_result(pid);
	work->files->child = pid;
	return work->result < 0 ? work->result : 0;
}

/* --- all of it ---------------------------------------------------------------------------------------------------------- */

void etc_files_init(struct etc_files *files)
{
	*files = (struct etc_files){ .hosts = -1, .addresses = -1, .changes = -1, .bell = -1 };
	for (size_t i = 0; i < FILE_COUNT; i++)
		files->rows[i].fd = -1;
}

/* The path that a link at `path` leads to, as far as its words tell; what is a link above it init resolves. */
static void follow(char *path, size_t size, const char *link)
{
	char whole[PLAN_FILE_PATH], *slash;
	struct part rest, word;
	size_t used = 0;

	(void)snprintf(whole, sizeof(whole), "%s", path);
	slash = strrchr(whole, '/');
	if (link[0] == '/' || slash == NULL)
		slash = whole;
	(void)snprintf(slash, sizeof(whole) - (size_t)(slash - whole), "/%s", link);
	rest = part_of(whole);
	path[0] = '\0';
	while (part_next(&rest, '/', &word)) {
		if (part_is(word, "..")) {
			slash = strrchr(path, '/');
			used = slash != NULL ? (size_t)(slash - path) : 0;
			path[used] = '\0';
		} else if (word.length > 0 && !part_is(word, ".") &&
			   used + word.length + 2 <= size) {
			used += (size_t)snprintf(path + used, size - used, "%s%.*s",
						 used > 0 ? "/" : "", (int)word.length, word.text);
		}
	}
}

/* Images have /etc/resolv.conf as a link into a /run that is empty: there the file is made, as the link wants it. */
static void find_target(int root, const char *target, char *path)
{
	char link[PLAN_FILE_PATH];

	(void)snprintf(path, PLAN_FILE_PATH, "%s", target);
	for (int i = 0; i < LINKS_MAX; i++) {
		FD int fd = sys_openat2(root, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0,
					RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
		ssize_t length = fd < 0 ? fd : sys_readlinkat(fd, "", link, sizeof(link) - 1);

		if (length <= 0) /* not there, or no link: ENOENT from readlinkat(2) */
			return;
		link[length] = '\0';
		follow(path, PLAN_FILE_PATH, link);
	}
}

int etc_files_choose(struct etc_files *files, const struct spec *spec, int root,
		     struct error *error)
{
	for (size_t i = 0; i < FILE_COUNT; i++) {
		struct plan_file *file = &files->rows[i];
		char absolute[32];

		(void)snprintf(absolute, sizeof(absolute), "/%s", targets[i]);
		if (plan_is_taken(spec, absolute))
			continue;
		find_target(root, targets[i], file->target);
		if (file->target[0] == '\0')
			return error_set(error, 0, "'%s' in the rootfs is a link to nothing",
					 absolute);
	}
	return 0;
}

static int write_texts(struct text texts[FILE_COUNT], struct etc_files *files,
		       const struct etc_request *request)
{
	static const size_t sizes[FILE_COUNT] = { ETC_HOSTS_MAX, SPEC_NAME_MAX + 2, RESOLV_MAX };

	for (size_t i = 0; i < FILE_COUNT; i++) {
		texts[i] = (struct text){ .bytes = malloc(sizes[i]), .size = sizes[i] };
		if (texts[i].bytes == NULL)
			return -ENOMEM;
	}
	write_hosts(&texts[HOSTS], request);
	files->own = texts[HOSTS].used;
	texts[HOSTS].used +=
		names_read(files->addresses, request->container, texts[HOSTS].bytes + files->own,
			   texts[HOSTS].size - files->own);
	add(&texts[HOSTNAME], "%s\n", request->hostname);
	if (files->rows[RESOLV].target[0] != '\0')
		write_resolv(&texts[RESOLV], request);
	return 0;
}

int etc_files_make(struct etc_files *files, const struct etc_request *request, uint32_t uid,
		   uint32_t gid, struct error *error)
{
	struct text texts[FILE_COUNT] = { { 0 } };
	struct work work = { .files = files, .texts = texts, .uid = uid, .gid = gid };
	int result = write_texts(texts, files, request);

	/* Those of a first try had another owner. */
	etc_files_close_mounts(files);
	fd_close(&files->hosts);
	if (result == 0)
		result = make_files(&work);
	if (result == 0) {
		free(files->text);
		files->text = texts[HOSTS].bytes;
		files->length = texts[HOSTS].used;
		texts[HOSTS].bytes = NULL;
	}
	for (size_t i = 0; i < FILE_COUNT; i++)
		free(texts[i].bytes);
	return result < 0 ? error_set(error, result, "cannot make /etc/hosts and its like") : 0;
}

/* True while the file is as sv left it. */
static bool is_untouched(const struct etc_files *files)
{
	char *now = malloc(files->length + 1);
	bool is_same =
		now != NULL &&
		sys_pread(files->hosts, now, files->length + 1, 0) == (ssize_t)files->length &&
		memcmp(now, files->text, files->length) == 0;

	free(now);
	return is_same;
}

void etc_files_update(struct etc_files *files, const char *container)
{
	size_t length;

	names_drain(files->changes);
	if (files->hosts < 0 || !is_untouched(files))
		return;
	length = files->own + names_read(files->addresses, container, files->text + files->own,
					 ETC_HOSTS_MAX - files->own);
	files->length = length;
	/* A reader in between sees a line too many or too few, never half of one that stays. */
	if (sys_lseek(files->hosts, 0, SEEK_SET) == 0 &&
	    file_write(files->hosts, files->text, length) == 0)
		(void)sys_ftruncate(files->hosts, (off_t)length);
}

void etc_files_close_mounts(struct etc_files *files)
{
	siginfo_t info;

	for (size_t i = 0; i < FILE_COUNT; i++)
		fd_close(&files->rows[i].fd);
	if (files->child > 0)
		(void)sys_waitid(P_PID, files->child, &info, WEXITED | __WALL);
	files->child = 0;
}

void etc_files_free(struct etc_files *files)
{
	etc_files_close_mounts(files);
	fd_close(&files->hosts);
	fd_close(&files->addresses);
	fd_close(&files->changes);
	fd_close(&files->bell);
	free(files->text);
	files->text = NULL;
}
