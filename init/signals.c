/* SPDX-License-Identifier: MIT */
/* Signals, as PID 1 takes them: all are blocked and read from a descriptor; there are no handlers. */
#include "init.h"

int signals_open(void)
{
	static const sys_sigset all = SYS_SIGSET_ALL;
	int fd = sys_signalfd4(-1, &all, O_NONBLOCK | O_CLOEXEC);
	int high;

	if (fd < 0 || fd >= 3)
		return fd;
	/* init was started with a standard descriptor closed, which stays so for the command. */
	high = sys_fcntl(fd, F_DUPFD_CLOEXEC, 3);
	(void)sys_close(fd);
	return high;
}

/* SIGCHLD ignored would have the kernel reap the command behind init's back. */
bool signals_watch_children(void)
{
	struct sys_sigaction fallback = { .handler = SYS_SIG_DFL },
			     previous = { .handler = SYS_SIG_DFL };

	return sys_rt_sigaction(SIGCHLD, &fallback, &previous) == 0 &&
	       previous.handler == SYS_SIG_IGN;
}
