/* SPDX-License-Identifier: MIT */
/*
 * `sv doctor`: what this machine can do, a line each, and what each lack costs. Every question is
 * put to the kernel itself, in a way that changes nothing: a call with arguments that only an
 * implementation refuses, a namespace made by a child that is gone at once. What `sv run` can't do
 * without makes the exit status 1.
 */
#include "cgroup.h"
#include "cgroup_internal.h"
#include "error.h"
#include "file.h"
#include "landlock.h"
#include "links.h"
#include "nft.h"
#include "rootless.h"
#include "usernet.h"
#include "verbs.h"

#include "../init/lib/fd.h"
#include "../init/lib/number.h"

#include <linux/magic.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#define KERNEL_MAJOR 5
#define KERNEL_MINOR 12

#ifndef CLONE_NEWTIME /* Linux 5.6 */
# define CLONE_NEWTIME 0x80
#endif

enum verdict {
	VERDICT_OK,
	VERDICT_NOTE,
	VERDICT_MISSING
};

struct report {
	char text[8192];
	size_t used;
	bool fails; /* sv run can't work */
};

static void __attribute__((format(printf, 3, 4)))
report_line(struct report *report, enum verdict verdict, const char *format, ...)
{
	static const char *const words[] = { "ok", "note", "missing" };
	size_t room = sizeof(report->text) - report->used - 1;
	char line[512];
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	length = (size_t)snprintf(report->text + report->used, room, "%-8s %s\n", words[verdict],
				  line);
	report->used += length < room ? length : room;
}

/* What sv run needs. */
static void report_need(struct report *report, bool good, const char *what, const char *cost)
{
	report_line(report, good ? VERDICT_OK : VERDICT_MISSING, "%s%s%s", what, good ? "" : ": ",
		    good ? "" : cost);
	if (!good)
		report->fails = true;
}

/* A number out of a file of /proc/sys; -1 where there is none. */
static int64_t read_number(const char *file)
{
	char text[32];
	ssize_t length = cgroup_read(AT_FDCWD, file, text, sizeof(text));
	int64_t number = -1;

	if (length > 0)
		(void)number_parse_i64(text, (size_t)length, INT64_MIN, INT64_MAX, &number);
	return number;
}

/* --- kernel ----------------------------------------------------------------------------------- */

static void check_kernel(struct report *report)
{
	struct utsname name = { 0 };
	uint64_t major = 0, minor = 0;
	size_t dot, end;
	char what[160];

	(void)uname(&name);
	dot = strcspn(name.release, ".");
	(void)number_parse_u64(name.release, dot, INT32_MAX, &major);
	if (name.release[dot] == '.') {
		end = strspn(name.release + dot + 1, "0123456789");
		(void)number_parse_u64(name.release + dot + 1, end, INT32_MAX, &minor);
	}
	(void)snprintf(what, sizeof(what), "kernel %s on %s", name.release, name.machine);
	report_need(report,
		    major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR), what,
		    "sv needs Linux 5.12 or newer");
	if (geteuid() == 0)
		report_line(report, VERDICT_OK, "root");
	else
		report_line(report, VERDICT_NOTE,
			    "not root: one id inside unless newuidmap and /etc/subuid give more; "
			    "limits need a cgroup v2 of your own");
}

/* Each call with flags, or a descriptor, that can't be: -EINVAL or -EBADF where it exists. */
static int probe_clone3(void)
{
	struct clone_args args = { .flags = ~0ULL };

	return (int)sys_clone3(&args);
}

static int probe_close_range(void)
{
	return sys_close_range(1, 0, 0);
}
static int probe_memfd_create(void)
{
	return sys_memfd_create("", ~0U);
}
static int probe_open_tree(void)
{
	return sys_open_tree(-1, "", ~0U);
}
static int probe_openat2(void)
{
	return sys_openat2(-1, "", 0, 0, ~0ULL);
}
static int probe_move_mount(void)
{
	return sys_move_mount(-1, "", -1, "", ~0U);
}
static int probe_pidfd_open(void)
{
	return sys_pidfd_open(-1, 0);
}
static int probe_pidfd_send_signal(void)
{
	return sys_pidfd_send_signal(-1, 0, NULL, 0);
}

static int probe_mount_setattr(void)
{
	struct mount_attr attributes = { 0 };

	return sys_mount_setattr(-1, "", ~0U, &attributes);
}

static const struct call {
	const char *name;
	int (*probe)(void);
} calls[] = {
	{ "clone3", probe_clone3 },
	{ "close_range", probe_close_range },
	{ "memfd_create", probe_memfd_create },
	{ "mount_setattr",
	  probe_mount_setattr }, /* read-only trees, propagation; later ID-mapped mounts */
	{ "move_mount", probe_move_mount },
	{ "open_tree", probe_open_tree },
	{ "openat2", probe_openat2 },
	{ "pidfd_open", probe_pidfd_open },
	{ "pidfd_send_signal", probe_pidfd_send_signal },
};

static void check_calls(struct report *report)
{
	char bad[256] = "", good[256] = "";
	size_t used_bad = 0, used_good = 0;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int rc = calls[i].probe();
		/* some ask who calls before they look at what is asked */
		bool is_there = rc != -ENOSYS && (rc != -EPERM || geteuid() != 0);
		char *list = is_there ? good : bad;
		size_t *used = is_there ? &used_good : &used_bad;

		*used += (size_t)snprintf(list + *used, sizeof(good) - *used, " %s", calls[i].name);
	}
	if (used_good > 0)
		report_line(report, VERDICT_OK, "system calls:%s", good);
	if (used_bad == 0)
		return;
	report_line(report, VERDICT_MISSING,
		    "system calls:%s: sv run needs them; a seccomp filter may forbid them", bad);
	report->fails = true;
}

static void check_memfd(struct report *report)
{
	int64_t policy = read_number("/proc/sys/vm/memfd_noexec");
	FD int fd = sys_memfd_create("sv-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd == -EINVAL) /* before Linux 6.3 */
		fd = sys_memfd_create("sv-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	report_need(report, fd >= 0 && policy < 2, "programs run from memory (memfd)",
		    "sv starts init from there; set the sysctl vm.memfd_noexec to 0 or 1");
}

/* --- namespaces ------------------------------------------------------------------------------- */

static const struct namespace
{
	const char *name;
	uint64_t flag;
	const char *sysctl;
	bool needed;
	const char *cost;
}
namespaces[] = {
	{ "mnt", CLONE_NEWNS, "mnt", true, "" },
	{ "pid", CLONE_NEWPID, "pid", true, "" },
	{ "uts", CLONE_NEWUTS, "uts", true, "" },
	{ "ipc", CLONE_NEWIPC, "ipc", true, "" },
	{ "net", CLONE_NEWNET, "net", true, "" },
	{ "cgroup", CLONE_NEWCGROUP, "cgroup", true, "" },
	{ "time", CLONE_NEWTIME, "time", false, "no --monotonic-offset, no --boottime-offset" },
	{ "user", CLONE_NEWUSER, "user", false, "container root is the host's root" },
};

/* An ordinary user makes the others as the root of a user namespace, as sv run does. */
static int enter_namespace(uint64_t flag)
{
	return sys_unshare(geteuid() == 0 ? flag : flag | CLONE_NEWUSER);
}

/* AppArmor lets the namespace be made and then gives no rights in it: the first mount tells. */
static int enter_rootless(uint64_t flag)
{
	int result = sys_unshare(flag);

	return result < 0 ? result : sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
}

/*
 * Makes a namespace in a child that ends at once. exit_signal 0: with SIGCHLD ignored by whoever
 * started sv, the kernel would throw the child's status away.
 */
static int try_in_child(int (*enter)(uint64_t flag), uint64_t flag)
{
	struct clone_args args = { .exit_signal = 0 };
	siginfo_t info = { 0 };
	long pid = sys_clone3(&args);

	if (pid == 0)
		_exit(-enter(flag) & 0xff);
	if (pid < 0)
		return (int)pid;
	while (sys_waitid(P_PID, (int)pid, &info, WEXITED | __WALL) == -EINTR)
		continue;
	return info.si_code == CLD_EXITED ? -info.si_status : -EIO;
}

static void explain_namespace(const struct namespace *namespace, int rc, char *why, size_t size)
{
	char file[64];

	(void)snprintf(file, sizeof(file), "/proc/self/ns/%s", namespace->name);
	if (faccessat(AT_FDCWD, file, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
		(void)snprintf(why, size, "the kernel is built without it");
	else if (rc == -ENOSPC)
		(void)snprintf(why, size, "the sysctl user.max_%s_namespaces forbids more",
			       namespace->sysctl);
	else
		(void)snprintf(why, size, "%s",
			       rc == -EPERM ? "not permitted here" : strerror(-rc));
}

static void report_namespace(struct report *report, const struct namespace *namespace, int rc)
{
	char why[128];

	explain_namespace(namespace, rc, why, sizeof(why));
	report_line(report, VERDICT_MISSING, "%s namespace: %s; %s", namespace->name, why,
		    namespace->needed ? "sv run needs it" : namespace->cost);
	report->fails = report->fails || namespace->needed;
}

static void check_namespaces(struct report *report)
{
	char good[128] = "", untold[128] = "";
	size_t used_good = 0, used_untold = 0;

	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		const struct namespace *namespace = &namespaces[i];
		int rc = try_in_child(enter_namespace, namespace->flag);

		if (rc == 0)
			used_good += (size_t)snprintf(good + used_good, sizeof(good) - used_good,
						      " %s", namespace->name);
		else if (rc == -EPERM && geteuid() != 0)
			used_untold +=
				(size_t)snprintf(untold + used_untold, sizeof(untold) - used_untold,
						 " %s", namespace->name);
		else
			report_namespace(report, namespace, rc);
	}
	if (used_good > 0)
		report_line(report, VERDICT_OK, "namespaces:%s", good);
	if (used_untold > 0)
		report_line(report, VERDICT_NOTE, "namespaces:%s: only root can tell", untold);
}

/* Who isn't root may be kept from user namespaces, and sv run needs one then. */
static const struct forbidding {
	const char *file;
	int64_t value;
} forbidding[] = {
	{ "/proc/sys/kernel/unprivileged_userns_clone", 0 },
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1 },
	{ "/proc/sys/user/max_user_namespaces", 0 },
};

static void check_user_namespaces(struct report *report)
{
	bool forbidden = false;

	for (size_t i = 0; i < sizeof(forbidding) / sizeof(forbidding[0]); i++) {
		if (read_number(forbidding[i].file) != forbidding[i].value)
			continue;
		report_line(report, VERDICT_NOTE,
			    "%s is %d: users who aren't root can't make user namespaces",
			    forbidding[i].file, (int)forbidding[i].value);
		forbidden = true;
	}
	if (!forbidden)
		report_line(report, VERDICT_OK, "user namespaces for users who aren't root");
}

/* --- an ordinary user ------------------------------------------------------------------------- */

/* state.c makes the folder where it isn't there, and takes none that others could write to. */
static bool can_keep_state(const char *path)
{
	struct stat status;
	int result = sys_fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW);
	char above[256];

	if (result == 0)
		return S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
		       (status.st_mode & 022) == 0;
	(void)snprintf(above, sizeof(above), "%.*s", (int)(strrchr(path, '/') - path), path);
	return result == -ENOENT && faccessat(AT_FDCWD, above, W_OK | X_OK, AT_EACCESS) == 0;
}

static void check_ids(struct report *report)
{
	uint32_t ids = rootless_ids();

	if (ids > 1)
		report_line(report, VERDICT_OK, "%u ids inside, by newuidmap and /etc/subuid", ids);
	else
		report_line(report, VERDICT_NOTE, "one id inside: %s",
			    rootless_has_mappers()
				    ? "/etc/subuid and /etc/subgid have no range for this user"
				    : "newuidmap and newgidmap are not installed");
}

/* What sv run takes from who isn't root. */
static void check_rootless(struct report *report)
{
	int result = try_in_child(enter_rootless, CLONE_NEWUSER | CLONE_NEWNS);
	char path[256], what[320], cost[128];

	(void)snprintf(cost, sizeof(cost), "%s; sv run needs it, or root", strerror(-result));
	report_need(report, result == 0, "a user namespace of your own", cost);
	check_ids(report);
	rootless_state_directory(path, sizeof(path));
	(void)snprintf(what, sizeof(what), "state folder %s", path);
	report_need(report, can_keep_state(path), what,
		    "it can't be made, or others may write to it");
}

/* --- control groups --------------------------------------------------------------------------- */

/* "--memory, --memory-swap": the options that go with a controller. */
static void options_of(enum cgroup_controller controller, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < CGROUP_LIMIT_COUNT; i++)
		if (cgroup_limits[i].controller == controller && used < size &&
		    (i == 0 || strcmp(cgroup_limits[i].option, cgroup_limits[i - 1].option) != 0))
			used += (size_t)snprintf(text + used, size - used, "%s%s",
						 used > 0 ? ", " : "", cgroup_limits[i].option);
}

/* v2 has no controllers of these names: what they do is part of it. */
static const char *built_in(const struct cgroup_hierarchy *hierarchy,
			    enum cgroup_controller controller)
{
	if (!hierarchy->v2)
		return "";
	return controller == CGROUP_DEVICES   ? " (by BPF)"
	       : controller == CGROUP_FREEZER ? " (built in)"
					      : "";
}

static bool is_read_only(const char *mount)
{
	struct statvfs status;

	return statvfs(mount, &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

static void check_controller(struct report *report, const struct cgroup_host *host,
			     enum cgroup_controller controller)
{
	const struct cgroup_hierarchy *found = cgroup_find(host, controller);
	const char *name = cgroup_controller_name(controller, true);
	char options[256];

	options_of(controller, options, sizeof(options));
	if (found != NULL && !is_read_only(found->mount))
		report_line(report, VERDICT_OK, "cgroup %s: v%d at %s%s", name, found->v2 ? 2 : 1,
			    found->mount, built_in(found, controller));
	else if (options[0] != '\0')
		report_line(report, VERDICT_MISSING, "cgroup %s%s: no %s", name,
			    found != NULL ? " (read-only)" : "", options);
}

static void check_cgroups(struct report *report)
{
	struct error error = { 0 };
	struct cgroup_host host;
	unsigned v1 = 0, v2 = 0;

	if (cgroup_host_read(&host, CGROUP_EVERYTHING, &error) < 0) {
		report_line(report, VERDICT_MISSING, "cgroups: %s: %s; no limits", error.text,
			    strerror(error.number));
		return;
	}
	for (unsigned i = 0; i < host.count; i++)
		(*(host.rows[i].v2 ? &v2 : &v1))++;
	report_line(report, host.count > 0 ? VERDICT_OK : VERDICT_MISSING, "cgroups: %s",
		    v1 > 0 && v2 > 0 ? "hybrid (v1 and v2)"
		    : v1 > 0         ? "v1"
		    : v2 > 0         ? "v2"
				     : "none are mounted; no limits");
	for (enum cgroup_controller i = 0; host.count > 0 && i < CGROUP_CONTROLLER_COUNT; i++)
		check_controller(report, &host, i);
}

/* --- files ------------------------------------------------------------------------------------ */

static const struct file_system {
	const char *name;
	enum verdict verdict; /* where it isn't there */
	const char *cost;
} file_systems[] = {
	{ "proc", VERDICT_MISSING, "sv run needs it" },
	{ "sysfs", VERDICT_MISSING, "sv run needs it" },
	{ "tmpfs", VERDICT_MISSING, "sv run needs it" },
	{ "devpts", VERDICT_MISSING, "sv run needs it" },
	{ "mqueue", VERDICT_MISSING, "no /dev/mqueue: sv run needs it" },
	{ "overlay", VERDICT_NOTE, "not loaded ('modprobe overlay'); images will need it" },
};

/* A line of /proc/filesystems: "nodev\toverlay" */
static bool has_file_system(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = strstr(list, name); at != NULL; at = strstr(at + 1, name))
		if (at > list && at[-1] == '\t' && (at[length] == '\n' || at[length] == '\0'))
			return true;
	return false;
}

static void check_file_systems(struct report *report)
{
	char list[4096], good[128] = "";
	size_t used = 0;
	ssize_t length = cgroup_read(AT_FDCWD, "/proc/filesystems", list, sizeof(list));

	report_need(report, length > 0, "/proc", "sv run needs it: mount -t proc proc /proc");
	for (size_t i = 0; length > 0 && i < sizeof(file_systems) / sizeof(file_systems[0]); i++) {
		const struct file_system *row = &file_systems[i];

		if (has_file_system(list, row->name)) {
			used += (size_t)snprintf(good + used, sizeof(good) - used, " %s",
						 row->name);
			continue;
		}
		report_line(report, row->verdict, "file system %s: %s", row->name, row->cost);
		report->fails = report->fails || row->verdict == VERDICT_MISSING;
	}
	if (used > 0)
		report_line(report, VERDICT_OK, "file systems:%s", good);
}

static void check_run(struct report *report)
{
	struct stat status;
	bool is_there = sys_fstatat(AT_FDCWD, "/run", &status, 0) == 0 && S_ISDIR(status.st_mode);

	report_need(report, is_there && !is_read_only("/run"), "/run can be written to",
		    "sv keeps the names of running containers there: mount -t tmpfs tmpfs /run");
}

/* --- the network ------------------------------------------------------------------------------ */

static const struct link_kind {
	const char *name;
	const char *cost;
} link_kinds[] = {
	{ "bridge", "no --net bridge" },
	{ "veth", "no --net bridge" },
	{ "macvlan", "no --net macvlan" },
};

/* In a network namespace that ends with the child: by the number of the kind. */
static int try_link(uint64_t number)
{
	int result = enter_namespace(CLONE_NEWNET);

	return result < 0 ? result : links_try(link_kinds[number].name);
}

static void check_links(struct report *report)
{
	char good[128] = "";
	size_t used = 0;

	for (size_t i = 0; i < sizeof(link_kinds) / sizeof(link_kinds[0]); i++) {
		const struct link_kind *kind = &link_kinds[i];
		int result = try_in_child(try_link, i);

		if (result == 0)
			used += (size_t)snprintf(good + used, sizeof(good) - used, " %s",
						 kind->name);
		else if (result == -EOPNOTSUPP)
			report_line(report, VERDICT_MISSING, "%s links: 'modprobe %s' first; %s",
				    kind->name, kind->name, kind->cost);
		else
			report_line(report, VERDICT_NOTE, "%s links: %s; %s", kind->name,
				    strerror(-result), kind->cost);
	}
	if (used > 0)
		report_line(report, VERDICT_OK, "network links:%s", good);
}

/* The rules of a container's, in a network namespace that ends with the child. */
static int try_rules(uint64_t isolate)
{
	int result = enter_namespace(CLONE_NEWNET);

	return result < 0 ? result : nft_try(isolate != 0);
}

static void check_rules(struct report *report)
{
	struct nft_blocker blockers[NFT_BLOCKERS_MAX];
	int result = try_in_child(try_rules, 0);
	char command[512];

	if (result == -EPERM && geteuid() != 0) {
		report_line(report, VERDICT_NOTE, "packet rules: only root can tell");
		return;
	}
	if (result < 0) {
		report_line(report, VERDICT_MISSING,
			    "packet rules (%s): no --net bridge; modprobe -a " NFT_MODULES,
			    error_name(-result) != NULL ? error_name(-result) : "error");
		return;
	}
	report_line(report, VERDICT_OK, "packet rules (nf_tables)");
	if (try_in_child(try_rules, 1) < 0)
		report_line(report, VERDICT_MISSING,
			    "packet rules of bridges: no --isolate; modprobe nft_meta_bridge");
	result = nft_find_blockers(NETWORK_BRIDGE, blockers);
	for (int i = 0; i < result; i++)
		report_line(report, VERDICT_NOTE,
			    "chain '%s' of table '%s' drops what a bridge's containers send: %s",
			    blockers[i].chain, blockers[i].table,
			    nft_way_out(&blockers[i], NETWORK_BRIDGE, command, sizeof(command)));
}

#define TUN "/dev/net/tun" /* pasta and slirp4netns open it as whoever runs sv */

static void check_user_network(struct report *report)
{
	/* To open it would load a module. */
	int tun = (int)sys_result(access(TUN, R_OK | W_OK));
	struct error error = { 0 };
	struct usernet usernet;

	usernet_init(&usernet);
	if (usernet_choose(&usernet, &error) < 0)
		report_line(report, VERDICT_MISSING,
			    "pasta or slirp4netns: no --net user; install the package passt");
	else if (tun < 0)
		report_line(report, VERDICT_MISSING,
			    TUN " (%s): no --net user; modprobe tun, chmod 666 " TUN,
			    error_name(-tun) != NULL ? error_name(-tun) : "error");
	else
		report_line(report, VERDICT_OK, "--net user, by %s", usernet.program);
}

/* --- the rest --------------------------------------------------------------------------------- */

/* A filter at address 0: -EFAULT where filters are known. */
static void check_seccomp(struct report *report)
{
	bool has_filters = sys_prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0, 0, 0) == -EFAULT;

	report_line(report, has_filters ? VERDICT_OK : VERDICT_MISSING, "seccomp filters%s",
		    has_filters ? "" : ": no limits on system calls");
}

static void check_landlock(struct report *report)
{
	int version = landlock_version();

	if (version < 0)
		report_line(report, VERDICT_MISSING, "Landlock: no --landlock");
	else if (version < LANDLOCK_TRUNCATE_VERSION)
		report_line(report, VERDICT_NOTE,
			    "Landlock version %d: --landlock does not keep files from being "
			    "truncated (Linux 6.2 does)",
			    version);
	else
		report_line(report, VERDICT_OK, "Landlock version %d", version);
}

static void check_pids(struct report *report)
{
	int64_t most = read_number("/proc/sys/kernel/pid_max");

	if (most > 0)
		report_line(report, most < 32768 ? VERDICT_NOTE : VERDICT_OK,
			    "%lld processes at once on this machine", (long long)most);
}

int verb_doctor(int argc, char *const argv[])
{
	struct report report = { .used = 0 };
	struct error error = { 0 };
	int rc;

	if (argc > 1) {
		(void)error_set(&error, 0, "unexpected argument '%.80s' after 'doctor'", argv[1]);
		return error_print(&error);
	}
	check_kernel(&report);
	check_calls(&report);
	check_memfd(&report);
	check_namespaces(&report);
	check_user_namespaces(&report);
	if (geteuid() != 0)
		check_rootless(&report);
	check_cgroups(&report);
	check_file_systems(&report);
	if (geteuid() == 0)
		check_run(&report);
	check_links(&report);
	check_rules(&report);
	check_user_network(&report);
	check_seccomp(&report);
	check_landlock(&report);
	check_pids(&report);
	report_line(&report, report.fails ? VERDICT_MISSING : VERDICT_OK, "%s",
		    report.fails ? "sv run can't work here" : "sv run works here");
	rc = file_write(STDOUT_FILENO, report.text, report.used);
	if (rc < 0) {
		(void)error_set(&error, rc, "cannot write to standard output");
		return error_print(&error);
	}
	return report.fails ? 1 : 0;
}
