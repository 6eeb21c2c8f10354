/* SPDX-License-Identifier: MIT */
/*
 * strike SIGNAL COUNT MICROSECONDS COMMAND [ARG...]: COUNT times, starts the command, sends it the signal at a random moment of so
 * many microseconds after the fork, and waits for its end. One that doesn't end within 10 seconds is counted as lost
 * and killed. Prints "sent N, lost N, other N": other is an end with neither the signal nor 128 + its number. A shell can't do
 * this: a signal that comes before its child has put its traps away is lost there.
 */
#include "helper.h"

#include <sys/wait.h>

#define PATIENCE_MS 10000

static pid_t start(char **command)
{
	const sys_sigset none = 0, all = SYS_SIGSET_ALL;
	pid_t pid;

	/* The signal must find its default action, or sv. */
	check("block", sys_rt_sigprocmask(SIG_SETMASK, &all, NULL));
	pid = fork();
	check("fork", pid);
	if (pid == 0) {
		for (int signal = 1; signal <= 64; signal++)
			(void)sys_rt_sigaction(
				signal, &(struct sys_sigaction){ .handler = SYS_SIG_DFL }, NULL);
		check("unblock", sys_rt_sigprocmask(SIG_SETMASK, &none, NULL));
		(void)execv(command[0], command);
		_exit(97);
	}
	check("unblock", sys_rt_sigprocmask(SIG_SETMASK, &none, NULL));
	return pid;
}

/* The status as a shell has it, or -1 for one that had to be killed. */
static int finish(pid_t pid)
{
	struct pollfd wait = { .fd = (int)check("pidfd", sys_pidfd_open(pid, 0)),
			       .events = POLLIN };
	bool lost = sys_poll(&wait, 1, PATIENCE_MS) == 0;
	int status = 0;

	if (lost)
		(void)sys_kill(pid, SIGKILL);
	check("wait", waitpid(pid, &status, 0));
	(void)sys_close(wait.fd);
	if (lost)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void wait_us(uint64_t longest)
{
	struct timespec time = { 0 };
	uint32_t random = 0;

	check("random", sys_getrandom(&random, sizeof(random)));
	time.tv_nsec = (long)(longest == 0 ? 0 : random % longest) * 1000;
	(void)nanosleep(&time, NULL);
}

int main(int argc, char **argv)
{
	int signal, lost = 0, other = 0, sent = 0;
	uint64_t longest;
	int64_t count;

	if (argc < 5)
		return 98;
	signal = (int)number_or_die(argv[1], 1, 64);
	count = number_or_die(argv[2], 1, 1000000);
	longest = (uint64_t)number_or_die(argv[3], 0, 999999);
	for (; sent < count; sent++) {
		pid_t pid = start(argv + 4);
		int status;

		wait_us(longest);
		check("kill", sys_kill(pid, signal));
		status = finish(pid);
		lost += status < 0;
		other += status >= 0 && status != 128 + signal;
	}
	(void)printf("sent %d, lost %d, other %d\n", sent, lost, other);
	return 0;
}
