/* SPDX-License-Identifier: MIT */
/* A job of somebody's shell that stops because what it runs has stopped. */
#ifndef SV_LIB_JOB_H
#define SV_LIB_JOB_H

#include "sys.h"

#include <stdbool.h>

/*
 * Stops the caller, or its whole process group as the terminal's ^Z would, by SIGTSTP with its default action, and returns
 * when the shell continues it. All signals must be blocked. Where nobody could continue it (an orphaned process group,
 * POSIX) the kernel ignores the signal and this returns at once.
 */
static inline void job_stop(bool whole_group)
{
	const sys_sigset stop = sys_sigbit(SIGTSTP);

	(void)sys_rt_sigprocmask(SIG_UNBLOCK, &stop, NULL);
	(void)sys_kill(whole_group ? 0 : getpid(), SIGTSTP);
	(void)sys_rt_sigprocmask(SIG_BLOCK, &stop, NULL);
}

#endif
