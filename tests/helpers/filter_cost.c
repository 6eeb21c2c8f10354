/* SPDX-License-Identifier: MIT */
/*
 * filter_cost [ROUNDS]: what the default filter costs a system call. For each call the best of all rounds, in
 * nanoseconds: with no filter, with a filter of one ALLOW, with the default one; then how much more the last is than
 * the one before, in percent. The three take turns within a round, so that they meet the same machine.
 */
#include "helper.h"

#include "supervisor/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define CALLS_A_ROUND 200000

enum filter {
	FILTER_NONE,
	FILTER_ALLOW,
	FILTER_DEFAULT,
	FILTER_COUNT
};

/* Cheap ones, where a filter shows; the last two are judged by their arguments and are here for comparison. */
static const struct {
	const char *name;
	long number;
	unsigned long arguments[3];
} rows[] = {
	{ "getppid", SYS_getppid, { 0 } },       { "close", SYS_close, { -1UL } },
	{ "read", SYS_read, { -1UL, 0, 0 } },    { "write", SYS_write, { -1UL, 0, 0 } },
	{ "lseek", SYS_lseek, { -1UL, 0, 0 } },  { "getuid", SYS_getuid, { 0 } },
	{ "ioctl*", SYS_ioctl, { -1UL, 0, 0 } }, { "socket*", SYS_socket, { 1, 99, 0 } },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct results {
	double best[FILTER_COUNT][ROWS]; /* nanoseconds a call */
};

static double now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void install(enum filter filter, const struct seccomp_program *program)
{
	struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	struct sock_fprog one = { .len = 1, .filter = &allow };
	struct sock_fprog ours = { .len = (unsigned short)program->count, .filter = program->rows };

	check("no_new_privs", sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (filter != FILTER_NONE)
		check("seccomp", sys_seccomp(SECCOMP_SET_MODE_FILTER, 0,
					     filter == FILTER_ALLOW ? &one : &ours));
}

static void measure(double *best)
{
	for (size_t i = 0; i < ROWS; i++) {
		const unsigned long *a = rows[i].arguments;
		double start = now_ns(), spent;

		for (unsigned n = 0; n < CALLS_A_ROUND; n++)
			(void)syscall(rows[i].number, a[0], a[1], a[2]);
		spent = (now_ns() - start) / CALLS_A_ROUND;
		if (best[i] == 0 || spent < best[i])
			best[i] = spent;
	}
}

int main(int argc, char **argv)
{
	int64_t rounds = argc > 1 ? number_or_die(argv[1], 1, 10000) : 10;
	struct results *results = mmap(NULL, sizeof(*results), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct seccomp_request request = { .policy = "default", .no_new_privs = true };
	struct seccomp_program program;
	struct arena arena = { .blocks = NULL };
	struct error error = { 0 };

	if (results == MAP_FAILED || seccomp_build(&program, &arena, &request, &error) < 0)
		give_up("prepare", -ENOMEM);
	for (int64_t round = 0; round < rounds; round++)
		for (enum filter filter = 0; filter < FILTER_COUNT; filter++) {
			siginfo_t info = { 0 };
			long pid = check("fork", sys_fork());

			if (pid == 0) {
				install(filter, &program);
				measure(results->best[filter]);
				_exit(0);
			}
			check("waitid", sys_waitid(P_PID, (int)pid, &info, WEXITED));
		}
	printf("%-10s %8s %8s %8s %8s\n", "ns a call", "none", "allow", "default", "% more");
	for (size_t i = 0; i < ROWS; i++) {
		double none = results->best[FILTER_NONE][i], allow = results->best[FILTER_ALLOW][i],
		       ours = results->best[FILTER_DEFAULT][i];

		printf("%-10s %8.1f %8.1f %8.1f %8.1f\n", rows[i].name, none, allow, ours,
		       (ours / allow - 1) * 100);
	}
	return 0;
}
