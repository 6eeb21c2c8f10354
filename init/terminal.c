/* SPDX-License-Identifier: MIT */
/*
 * Stand-alone, the terminal that init was started on: the command gets its foreground, as a job of a shell would, and init
 * takes it back. A terminal whose foreground isn't init's is left alone: init was started in the background.
 */
#include "init.h"

#include <sys/ioctl.h>

bool terminal_is_ours(int terminal)
{
	pid_t group = 0;

	return sys_ioctl(terminal, TIOCGPGRP, (uintptr_t)&group) == 0 && group == getpgrp();
}

bool terminal_is_gone(int terminal)
{
	pid_t group = 0;

	return sys_ioctl(terminal, TIOCGPGRP, (uintptr_t)&group) == -EIO;
}

int terminal_find(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (terminal_is_ours(fd))
			return fd;
	return -1;
}

void terminal_take_back(int terminal, pid_t command)
{
	pid_t own = getpgrp(), group = 0;

	if (sys_ioctl(terminal, TIOCGPGRP, (uintptr_t)&group) < 0)
		return;
	if (group == command || sys_kill(-group, 0) == -ESRCH)
		(void)sys_ioctl(terminal, TIOCSPGRP,
				(uintptr_t)&own); /* SIGTTOU is blocked: this is allowed */
}
