/* SPDX-License-Identifier: MIT */
/*
 * floor ROOTFS COMMAND [ARGUMENT...]: the least that a container takes. The namespaces of `sv run` but the user's, the same
 * mounts, devices and masks by bare system calls, pivot_root, exec, wait. No supervision, no control group, no filter, no
 * capability dropped, nothing checked that an ordinary root tree has right: this is what others are held against, and no
 * way to run anything.
 */
#include "../../init/lib/sys.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define QUIET        (MS_NOSUID | MS_NOEXEC | MS_NODEV)

static const struct {
	const char *type, *target, *options;
	unsigned long flags;
} mounts[] = {
	{ "proc", "proc", NULL, QUIET },
	{ "sysfs", "sys", NULL, QUIET | MS_RDONLY },
	{ "tmpfs", "dev", "mode=755,size=65536k", MS_NOSUID | MS_STRICTATIME },
	{ "devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=0620,gid=5", MS_NOSUID | MS_NOEXEC },
	{ "tmpfs", "dev/shm", "mode=1777,size=67108864", QUIET },
	{ "mqueue", "dev/mqueue", NULL, QUIET },
};

static const struct {
	const char *path;
	unsigned minor, major;
} nodes[] = {
	{ "dev/null", 3, 1 },   { "dev/zero", 5, 1 },    { "dev/full", 7, 1 },
	{ "dev/random", 8, 1 }, { "dev/urandom", 9, 1 }, { "dev/tty", 0, 5 },
};

static const char *const links[][2] = {
	{ "/proc/self/fd", "dev/fd" },       { "/proc/self/fd/0", "dev/stdin" },
	{ "/proc/self/fd/1", "dev/stdout" }, { "/proc/self/fd/2", "dev/stderr" },
	{ "/proc/kcore", "dev/core" },       { "pts/ptmx", "dev/ptmx" },
};

static const char *const hidden_files[] = { "proc/interrupts", "proc/kcore",
					    "proc/keys",       "proc/latency_stats",
					    "proc/timer_list", "proc/sched_debug" };
static const char *const hidden_folders[] = { "proc/acpi",
					      "proc/asound",
					      "proc/scsi",
					      "sys/dev/block",
					      "sys/devices/virtual/powercap",
					      "sys/firmware",
					      "sys/fs/selinux" };
static const char *const closed[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys",
				      "proc/sysrq-trigger" };

/* What must work; the status tells which line it was. */
#define MUST(call)              \
 do {                           \
  if ((call) < 0)               \
   _exit(100 + __LINE__ % 100); \
 } while (0)

static void make_dev(void)
{
	MUST(sys_mkdirat(AT_FDCWD, "dev/pts", 0755));
	MUST(sys_mkdirat(AT_FDCWD, "dev/shm", 0755));
	MUST(sys_mkdirat(AT_FDCWD, "dev/mqueue", 0755));
	for (size_t i = 0; i < COUNT(nodes); i++)
		MUST(sys_mknodat(AT_FDCWD, nodes[i].path, S_IFCHR | 0666,
				 (unsigned)makedev(nodes[i].major, nodes[i].minor)));
	for (size_t i = 0; i < COUNT(links); i++)
		MUST(sys_symlinkat(links[i][0], AT_FDCWD, links[i][1]));
}

static void make_mounts(void)
{
	for (size_t i = 0; i < COUNT(mounts); i++) {
		MUST(sys_mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
			       mounts[i].options));
		if (strcmp(mounts[i].target, "dev") == 0)
			make_dev();
	}
}

/* A path that this kernel hasn't is no error: results aren't looked at. */
static void make_masks(void)
{
	for (size_t i = 0; i < COUNT(hidden_files); i++)
		(void)sys_mount("dev/null", hidden_files[i], NULL, MS_BIND, NULL);
	for (size_t i = 0; i < COUNT(hidden_folders); i++)
		(void)sys_mount("tmpfs", hidden_folders[i], "tmpfs", QUIET | MS_RDONLY, "size=4k");
	for (size_t i = 0; i < COUNT(closed); i++)
		if (sys_mount(closed[i], closed[i], NULL, MS_BIND | MS_REC, NULL) == 0)
			MUST(sys_mount(NULL, closed[i], NULL,
				       MS_REMOUNT | MS_BIND | MS_RDONLY | QUIET, NULL));
}

static _Noreturn void child(char *root, char **command)
{
	char *environment[] = { NULL };

	(void)sys_umask(0);
	MUST(sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	MUST(sys_mount(root, root, NULL, MS_BIND | MS_REC, NULL));
	MUST(sys_chdir(root));
	MUST(sys_pivot_root(".", "."));
	make_mounts();
	make_masks();
	MUST(sys_umount2(".", MNT_DETACH));
	MUST(sys_sethostname("floor", 5));
	(void)sys_execve(command[0], command, environment);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_VFORK | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
			 CLONE_NEWNET | CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	siginfo_t info;
	long pid;

	if (argc < 3)
		return 100;
	pid = sys_clone3(&args);
	if (pid == 0)
		child(argv[1], argv + 2);
	if (pid < 0 || sys_waitid(P_PID, (int)pid, &info, WEXITED) < 0)
		return 100;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
