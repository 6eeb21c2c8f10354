/* SPDX-License-Identifier: MIT */
/*
 * calls: makes system calls that a container should not get far with, and prints a line for each, "NAME ERRNO" or
 * "NAME ok". Arguments are such that none of them does anything, were it let through. calls compat: the same through
 * the 32-bit entry (x86-64). calls thread: starts a thread and waits for it.
 */
#include "helper.h"

#include "supervisor/error.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sys/ioctl.h>

#define HIGH 0x700000000UL

static const struct {
	const char *name;
	long number;
	unsigned long arguments[5];
} rows[] = {
	{ "mount", SYS_mount, { 0 } },
	{ "umount2", SYS_umount2, { 0 } },
	{ "pivot_root", SYS_pivot_root, { 0 } },
	{ "unshare", SYS_unshare, { 0 } },
	{ "setns", SYS_setns, { -1UL, 0 } },
	{ "keyctl", SYS_keyctl, { -1UL } },
	{ "add_key", SYS_add_key, { 0 } },
	{ "request_key", SYS_request_key, { 0 } },
	{ "bpf", SYS_bpf, { -1UL, 0, 0 } },
	{ "perf_event_open", SYS_perf_event_open, { 0 } },
	{ "init_module", SYS_init_module, { 0 } },
	{ "finit_module", SYS_finit_module, { -1UL } },
	{ "kexec_load", SYS_kexec_load, { 0, 17, 0, -1UL } },
	{ "reboot", SYS_reboot, { 0 } },
	{ "swapon", SYS_swapon, { 0 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, { -1UL, 0, 0 } },
	{ "userfaultfd", SYS_userfaultfd, { -1UL } },
	{ "io_uring_setup", SYS_io_uring_setup, { 0 } },
	{ "fsopen", SYS_fsopen, { 0, -1UL } },
	{ "move_mount", SYS_move_mount, { -1UL, 0, -1UL, 0, -1UL } },
	{ "clock_settime", SYS_clock_settime, { 0, 0 } },
	{ "syslog", SYS_syslog, { -1UL } },
	{ "personality", SYS_personality, { 0x0040000 } },
	{ "clone-newns",
	  SYS_clone,
	  { CLONE_NEWNS | CLONE_FS } }, /* EINVAL: they exclude each other */
	{ "clone-newns-high", SYS_clone, { HIGH | CLONE_NEWNS | CLONE_FS } },
	{ "clone3", SYS_clone3, { 0, 0 } },
	{ "unknown", 1000, { 0 } },
	{ "socket-alg", SYS_socket, { 38, 99, 0 } }, /* no such type */
	{ "socket-alg-high", SYS_socket, { HIGH | 38, 99, 0 } },
	{ "socket-vsock", SYS_socket, { 40, 99, 0 } },
	{ "socket-vsock-high", SYS_socket, { HIGH | 40, 99, 0 } },
	{ "socket-unix", SYS_socket, { 1, 1, 0 } },
	{ "tiocsti", SYS_ioctl, { -1UL, TIOCSTI, 0 } },
	{ "tiocsti-high", SYS_ioctl, { -1UL, HIGH | TIOCSTI, 0 } },
	{ "tioclinux", SYS_ioctl, { -1UL, TIOCLINUX, 0 } },
	{ "tiocgwinsz", SYS_ioctl, { -1UL, TIOCGWINSZ, 0 } },
	{ "getppid", SYS_getppid, { 0 } },
#ifdef __x86_64__
	{ "x32-getpid", 0x40000000 | SYS_getpid, { 0 } },
#endif
};

static void print(const char *name, long result)
{
	char line[80];

	(void)snprintf(line, sizeof(line), "%s %s\n", name,
		       result < 0 ? error_name((int)-result) : "ok");
	say(line);
}

#ifdef __x86_64__
static const struct {
	const char *name;
	int number; /* of <asm/unistd_32.h> */
	int arguments[3];
} compat_rows[] = {
	{ "getpid", 20, { 0 } },
	{ "mount", 21, { 0 } },
	{ "keyctl", 288, { -1 } },
	{ "unshare", 310, { 0 } },
	{ "clone3", 435, { 0 } },
	{ "unknown", 1000, { 0 } },
	{ "socket-alg", 359, { 38, 99, 0 } },
	{ "socketcall-socket", 102, { 1, 0, 0 } },
	{ "socketcall-connect", 102, { 3, 0, 0 } },
	{ "tiocsti", 54, { -1, TIOCSTI, 0 } },
};

static void call_compat(void)
{
	for (size_t i = 0; i < sizeof(compat_rows) / sizeof(compat_rows[0]); i++) {
		const int *arguments = compat_rows[i].arguments;
		int result;

		__asm__ volatile("int $0x80"
				 : "=a"(result)
				 : "0"(compat_rows[i].number), "b"(arguments[0]), "c"(arguments[1]),
				   "d"(arguments[2]), "S"(0), "D"(0)
				 : "memory", "r8", "r9", "r10", "r11");
		print(compat_rows[i].name, result);
	}
}
#else
static void call_compat(void)
{
}
#endif

static void *run_thread(void *argument)
{
	return argument;
}

static int start_thread(void)
{
	int marker = 0, failed;
	pthread_t thread;
	void *result = NULL;

	failed = pthread_create(&thread, NULL, run_thread, &marker);
	if (failed == 0)
		failed = pthread_join(thread, &result);
	print("thread", -failed);
	return failed == 0 && result == &marker ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "thread") == 0)
		return start_thread();
	if (argc > 1 && strcmp(argv[1], "compat") == 0) {
		call_compat();
		return 0;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const unsigned long *a = rows[i].arguments;

		print(rows[i].name, SYS_CALL(rows[i].number, a[0], a[1], a[2], a[3], a[4]));
	}
	return 0;
}
