/* SPDX-License-Identifier: MIT */
/*
 * Groups made, entered and removed for real, on whatever hierarchies this machine has: below
 * /sv-test-PID and /sv only, and only groups that this program made. Needs root and a writable
 * cgroup file system.
 */
#include "supervisor/cgroup.h"
#include "supervisor/cgroup_internal.h"

#include "init/lib/fd.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#define MEBIBYTE (1 << 20)

static struct cgroup_host host;
static char parent[64];
static char name[64];

static struct spec empty_spec(void)
{
	struct spec spec = { 0 };

	spec.memory = spec.memory_swap = spec.memory_reservation = SPEC_UNSET;
	spec.cpu_quota = spec.cpu_period = spec.cpu_shares = SPEC_UNSET;
	spec.pids_limit = spec.blkio_weight = SPEC_UNSET;
	spec.cgroup_parent = parent;
	return spec;
}

/* The controllers that some hierarchy here has. */
static unsigned available(void)
{
	unsigned controllers = 0;

	for (unsigned i = 0; i < host.count; i++)
		controllers |= host.rows[i].controllers;
	return controllers;
}

static bool has(enum cgroup_controller controller)
{
	return (available() >> controller & 1) != 0;
}

/* Is a directory of this path left in any hierarchy? */
static bool is_left(const char *path)
{
	bool left = false;

	for (unsigned i = 0; i < host.count; i++) {
		char full[2048];
		struct stat status;

		(void)snprintf(full, sizeof(full), "%s%s", host.rows[i].mount, path);
		if (stat(full, &status) == 0) {
			printf("# left: %s\n", full);
			left = true;
		}
	}
	return left;
}

static int start(struct cgroup *group, const struct spec *spec, struct error *error)
{
	int rc;

	*error = (struct error){ 0 };
	rc = cgroup_decide(group, &host, spec, name, error);
	if (rc == 0)
		rc = cgroup_make(group, spec, error);
	if (rc < 0)
		printf("# %s: %d; %s\n", error->text, error->number, error->hint);
	return rc;
}

/* A child in the group that calls work(): by the way that sv takes. */
static pid_t child_in(const struct cgroup *group, int (*work)(void))
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	long pid;

	fflush(stdout);
	if (cgroup_clone_fd(group) >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)cgroup_clone_fd(group);
	}
	pid = sys_clone3(&args);
	if (pid == 0) {
		int rc = cgroup_enter_self(group);

		_exit(rc < 0 ? 99 : work());
	}
	return (pid_t)pid;
}

/* v1: the child may not have come to it yet. */
static void wait_until_in(const struct cgroup *group)
{
	for (unsigned i = 0; i < group->count; i++)
		for (int k = 0; k < 5000 && !cgroup_populated(group->rows[i].fd, false); k++)
			(void)sys_poll(NULL, 0, 1);
}

static int wait_status(pid_t pid)
{
	int status = -1;

	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static char wanted_path[CGROUP_PATH_MAX];
static unsigned wanted_rows;

/* 0 when /proc/self/cgroup shows the path as often as the group has rows. */
static int check_membership(void)
{
	static char text[8192];
	ssize_t length = cgroup_read(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));
	unsigned found = 0;

	for (char *line = strtok(text, "\n"); length > 0 && line != NULL;
	     line = strtok(NULL, "\n")) {
		const char *path = strchr(line, ':');

		path = path != NULL ? strchr(path + 1, ':') : NULL;
		if (path != NULL && strcmp(path + 1, wanted_path) == 0)
			found++;
	}
	return found >= wanted_rows ? 0 : 1;
}

static int pause_forever(void)
{
	for (;;)
		pause();
	return 0;
}

static int hog_memory(void)
{
	for (int i = 0; i < 64; i++) {
		char *page = mmap(NULL, 4 * MEBIBYTE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED)
			return 1;
		memset(page, 1, 4 * MEBIBYTE);
	}
	return 0;
}

static int fork_much(void)
{
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return errno == EAGAIN ? 42 : 1;
		if (pid == 0)
			pause_forever();
	}
	return 0;
}

struct compare {
	int files, wrong;
};

/* The file says what was written: but for what the kernel rounds (none of the values here). */
static void compare_line(void *context, const char *file, const char *value)
{
	struct compare *compare = context;
	char text[1024] = "";
	ssize_t length = cgroup_read(AT_FDCWD, file, text, sizeof(text));

	compare->files++;
	if (length >= 0 && strcmp(text, value) == 0)
		return;
	/* swap accounting that isn't there: allowed, nobody asked for it */
	if (length == -ENOENT && strstr(file, "sw") != NULL)
		return;
	if (strstr(file, "/devices.") != NULL || strstr(value, "deny") != NULL)
		return;
	printf("# %s: wrote '%s', reads '%s' (%zd)\n", file, value, text, length);
	compare->wrong++;
}

static void test_limits(void)
{
	struct spec spec = empty_spec();
	struct cgroup group;
	struct error error;
	struct compare compare = { 0 };

	if (has(CGROUP_MEMORY)) {
		spec.memory = 64 * MEBIBYTE;
		spec.memory_reservation = 32 * MEBIBYTE;
	}
	if (has(CGROUP_CPU)) {
		spec.cpu_quota = 50000;
		spec.cpu_shares = 512;
	}
	if (has(CGROUP_CPUSET)) {
		spec.cpuset_cpus = "0";
		spec.cpuset_mems = "0";
	}
	if (has(CGROUP_PIDS))
		spec.pids_limit = 20;
	is_int(start(&group, &spec, &error), 0, "makes a group with every limit");
	(void)cgroup_describe(&group, &spec, compare_line, &compare, &error);
	ok(compare.files > 0 && compare.wrong == 0,
	   "each file that --dry-run shows holds the value that it shows");

	(void)snprintf(wanted_path, sizeof(wanted_path), "%s", group.path);
	wanted_rows = group.count;
	is_int(wait_status(child_in(&group, check_membership)), 0, "a child is in every group");
	if (has(CGROUP_MEMORY)) {
		is_int((int)cgroup_oom_kills(&group), 0, "nothing killed for want of memory yet");
		is_int(wait_status(child_in(&group, hog_memory)), SIGKILL,
		       "the memory limit kills a hog");
		is_int((int)cgroup_oom_kills(&group), 1, "and the kill is counted");
	}
	if (has(CGROUP_PIDS)) {
		is_int(wait_status(child_in(&group, fork_much)), 42 << 8,
		       "pids.max stops a forker");
		is_int(cgroup_kill(&group), 0, "kills what the forker left");
	}
	is_int(cgroup_remove(&group), 0, "removes it");
	ok(!is_left(parent), "nothing is left, the parent neither");
}

static void test_parent_of_others(void)
{
	struct spec spec = empty_spec();
	struct cgroup group;
	struct error error;
	char full[2048];

	(void)snprintf(full, sizeof(full), "%s%s", host.rows[0].mount, parent);
	is_int(mkdir(full, 0755), 0, "somebody makes a parent");
	is_int(start(&group, &spec, &error), 0, "makes a group in it");
	is_int(cgroup_remove(&group), 0, "removes the group");
	is_int(rmdir(full), 0, "and leaves the parent alone");
}

static void test_leftover(void)
{
	struct spec spec = empty_spec();
	struct cgroup group, again;
	struct error error;
	pid_t pid;

	is_int(start(&group, &spec, &error), 0, "makes a group");
	pid = child_in(&group, pause_forever);
	wait_until_in(&group);
	ok(start(&again, &spec, &error) < 0 && error.number == EBUSY,
	   "one that is in use is an error");
	is_int(waitpid(pid, NULL, WNOHANG), 0, "and what runs in it lives on");
	is_int(cgroup_remove_recorded(&host, group.path), 0,
	       "a dead sv's group is removed by its path");
	is_int(wait_status(pid), SIGKILL, "and what ran in it is killed");
	ok(!is_left(parent), "nothing is left");
	for (unsigned i = 0; i < group.count; i++) {
		fd_close(&group.rows[i].fd);
		fd_close(&group.rows[i].tasks);
	}
	is_int(start(&group, &spec, &error), 0, "makes it again");
	is_int(mkdirat(group.rows[0].fd, "inside", 0755), 0, "a group inside it");
	for (unsigned i = 0; i < group.count; i++) {
		fd_close(&group.rows[i].fd);
		fd_close(&group.rows[i].tasks);
	}
	is_int(start(&group, &spec, &error), 0, "an empty one is made anew");
	is_int(cgroup_remove(&group), 0, "and removed");
	ok(!is_left(parent), "nothing is left");
}

static void test_not_ours(void)
{
	struct spec spec = empty_spec();
	struct cgroup group;
	struct error error;
	char full[2048], inside[2100];

	(void)snprintf(full, sizeof(full), "%s%s", host.rows[0].mount, parent);
	(void)mkdir(full, 0755);
	(void)snprintf(full, sizeof(full), "%s%s/%s", host.rows[0].mount, parent, name);
	(void)mkdir(full, 0755);
	(void)snprintf(inside, sizeof(inside), "%s/inside", full);
	(void)mkdir(inside, 0755);
	ok(start(&group, &spec, &error) < 0 && error.number == EBUSY,
	   "a group with others' groups in it is an error");
	(void)snprintf(wanted_path, sizeof(wanted_path), "%s/%s", parent, name);
	ok(cgroup_remove_recorded(&host, wanted_path) < 0, "and not removed by its path");
	is_int(rmdir(inside), 0, "what is inside is still there");
	is_int(cgroup_remove_recorded(&host, wanted_path), 0, "empty it goes");
	(void)snprintf(full, sizeof(full), "%s%s", host.rows[0].mount, parent);
	is_int(rmdir(full), 0, "its parent stays");
	ok(!is_left(parent), "nothing is left");
}

static void test_nested(void)
{
	struct spec spec = empty_spec();
	struct cgroup group;
	struct error error;
	pid_t pid;
	int deep;

	is_int(start(&group, &spec, &error), 0, "makes a group");
	pid = child_in(&group, pause_forever);
	wait_until_in(&group);
	deep = dup(group.rows[0].fd);
	for (int i = 0; i < 60 && deep >= 0; i++) {
		int next = -1;

		if (mkdirat(deep, "a", 0755) == 0 && mkdirat(deep, "b", 0755) == 0)
			next = cgroup_open_directory(deep, "a");
		(void)close(deep);
		deep = next;
	}
	ok(deep >= 0, "60 groups deep inside");
	(void)close(deep);
	is_int(cgroup_kill(&group), 0, "kills and empties it");
	is_int(wait_status(pid), SIGKILL, "the child was killed");
	is_int(cgroup_remove(&group), 0, "removes it");
	ok(!is_left(parent), "nothing is left");
}

/* Each failure leaves nothing. */
static void test_refused(void)
{
	struct spec spec = empty_spec();
	struct cgroup group;
	struct error error;
	struct spec_throttle throttle = { "/dev/null", 1000 };

	if (has(CGROUP_CPUSET)) {
		spec.cpuset_cpus = "0-4000";
		ok(start(&group, &spec, &error) < 0, "CPUs that are not there are an error");
		ok(strstr(error.text, "cpuset.cpus") != NULL ||
			   strstr(error.text, "--cpuset-cpus") != NULL,
		   "that says so");
		ok(!is_left(parent), "and leaves nothing");
		spec = empty_spec();
	}
	if (has(CGROUP_IO)) {
		spec.read_bps.rows = &throttle;
		spec.read_bps.count = 1;
		ok(start(&group, &spec, &error) < 0 && error.number == ENOTBLK,
		   "a throttle of no block device is an error");
		ok(!is_left(parent), "and leaves nothing");
		spec = empty_spec();
	}
	spec.memory = 64 * MEBIBYTE;
	spec.memory_swap = 32 * MEBIBYTE;
	ok(start(&group, &spec, &error) < 0, "less swap than memory is an error");
	spec = empty_spec();
	spec.cgroup_parent = "/a/../b";
	ok(start(&group, &spec, &error) < 0, "a parent with '..' is an error");
}

/* Descriptors run out at every point in turn. */
static void test_descriptors(void)
{
	struct rlimit before, low;
	struct spec spec = empty_spec();
	int wrong = 0, made = 0;

	spec.memory = has(CGROUP_MEMORY) ? 64 * MEBIBYTE : SPEC_UNSET;
	spec.pids_limit = has(CGROUP_PIDS) ? 10 : SPEC_UNSET;
	(void)getrlimit(RLIMIT_NOFILE, &before);
	low = before;
	for (low.rlim_cur = 3; low.rlim_cur < 40; low.rlim_cur++) {
		struct cgroup group;
		struct error error = { 0 };
		int rc = cgroup_decide(&group, &host, &spec, name, &error);

		(void)setrlimit(RLIMIT_NOFILE, &low);
		rc = rc < 0 ? rc : cgroup_make(&group, &spec, &error);
		if (rc == 0)
			made++;
		else if (rc != -EMFILE)
			wrong++;
		if (rc == 0 && cgroup_remove(&group) < 0)
			wrong++;
		(void)setrlimit(RLIMIT_NOFILE, &before);
		wrong += is_left(parent) ? 1 : 0;
	}
	is_int(wrong, 0, "out of descriptors: an error, and nothing is left");
	ok(made > 5, "until there are enough");
}

static int open_null(void)
{
	int reads = open("/dev/null", O_RDONLY | O_CLOEXEC),
	    writes = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);

	return (reads >= 0 ? 1 : 0) | (writes >= 0 ? 2 : 0) | (zero >= 0 ? 4 : 0);
}

static void test_devices(void)
{
	struct spec spec = empty_spec();
	struct cgroup group;
	struct error error;
	struct spec_device device = { .source = "/dev/null", .target = "/dev/null", .read = true };

	spec.devices.rows = &device;
	spec.devices.count = 1;
	if (start(&group, &spec, &error) < 0 && error.number == EINVAL) {
		printf("# SKIP no device controller\n");
		return;
	}
	is_int(wait_status(child_in(&group, open_null)), 5 << 8,
	       "a device for reading can't be written to");
	is_int(cgroup_remove(&group), 0, "removes it");
}

/* Bits: null opens; kmsg doesn't; its node can't be made, null's can; a pty opens. */
static int try_devices(void)
{
	const char *node = "/tmp/sv-test-node";
	bool makes_null = mknod(node, S_IFCHR | 0600, makedev(1, 3)) == 0 && unlink(node) == 0;
	bool makes_kmsg = mknod(node, S_IFCHR | 0600, makedev(1, 11)) == 0 && unlink(node) == 0;

	return (open("/dev/null", O_RDWR | O_CLOEXEC) >= 0 ? 1 : 0) |
	       (open("/dev/kmsg", O_RDONLY | O_CLOEXEC) < 0 ? 2 : 0) | (makes_kmsg ? 0 : 4) |
	       (makes_null ? 8 : 0) |
	       (open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC) >= 0 ? 16 : 0);
}

static void test_list_of_devices(void)
{
	struct spec spec = empty_spec();
	struct cgroup group;
	struct error error;

	if (!has(CGROUP_DEVICES))
		return;
	spec.userns = SPEC_USERNS_HOST;
	is_int(start(&group, &spec, &error), 0, "makes a group for the list of devices alone");
	is_int(group.devices, 0, "which can be had");
	is_int(wait_status(child_in(&group, try_devices)), 31 << 8,
	       "what is listed can be made and opened, and nothing else");
	is_int(cgroup_remove(&group), 0, "removes it");
}

/* Many sv at once share the parent, which the last of each moment removes. */
static void test_race(void)
{
	struct spec spec = empty_spec();
	pid_t pids[8];
	int failed = 0;

	spec.cgroup_parent = NULL;
	spec.pids_limit = has(CGROUP_PIDS) ? 10 : SPEC_UNSET;
	spec.memory = has(CGROUP_MEMORY) ? 64 * MEBIBYTE : SPEC_UNSET;
	spec.cpuset_cpus = has(CGROUP_CPUSET) ? "0" : NULL;
	fflush(stdout);
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] > 0)
			continue;
		(void)snprintf(name, sizeof(name), "sv-test-%d", (int)getpid());
		for (int k = 0; k < 100; k++) {
			struct cgroup group;
			struct error error;
			int rc = start(&group, &spec, &error), status;

			if (rc < 0)
				_exit(1 + fflush(stdout));
			status = wait_status(child_in(&group, check_membership));
			if (cgroup_remove(&group) < 0 || status < 0)
				_exit(1);
		}
		_exit(0);
	}
	for (int i = 0; i < 8; i++)
		failed += wait_status(pids[i]) != 0;
	is_int(failed, 0, "eight at once, a hundred times, with one parent");
}

/* qemu-user has no clone3, and then there is no container to put anywhere either. */
static bool has_clone3(void)
{
	struct clone_args args = { .flags = ~0ULL };

	return sys_clone3(&args) != -ENOSYS;
}

static int skip(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	return getenv("SV_MUST_WORK") != NULL && geteuid() == 0 && has_clone3() ? 1 : 0;
}

int main(void)
{
	struct error error = { 0 };

	if (geteuid() != 0)
		return skip("not root");
	if (!has_clone3())
		return skip("no clone3 here");
	if (cgroup_host_read(&host, CGROUP_EVERYTHING, &error) < 0 || host.count == 0)
		return skip(error_is_set(&error) ? error.text : "no cgroups are mounted");
	if (access(host.rows[0].mount, W_OK) != 0)
		return skip("cgroups are read-only here");
	for (unsigned i = 0; i < host.count; i++)
		printf("# %s %s '%s' 0x%x\n", host.rows[i].v2 ? "v2" : "v1", host.rows[i].mount,
		       host.rows[i].names, host.rows[i].controllers);
	(void)snprintf(parent, sizeof(parent), "/sv-test-%d", (int)getpid());
	(void)snprintf(name, sizeof(name), "x");
	test_limits();
	test_parent_of_others();
	test_leftover();
	test_not_ours();
	test_nested();
	test_refused();
	test_descriptors();
	test_devices();
	test_list_of_devices();
	test_race();
	return tap_done();
}
