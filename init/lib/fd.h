/* SPDX-License-Identifier: MIT */
/*
 * Descriptors owned by scope:
 *
 *     FD int root = sys_openat(...);     closed when `root` goes out of scope
 *     return fd_take(&root);             passed on instead
 *
 * A negative number owns nothing. close is never retried (Linux has freed the number even when it fails).
 */
#ifndef SV_LIB_FD_H
#define SV_LIB_FD_H

#include "sys.h"

#define FD __attribute__((cleanup(fd_close)))

/* Closes *fd where it holds one, and leaves -1. */
static inline void fd_close(int *fd)
{
	if (*fd >= 0)
		(void)sys_close(*fd);
	*fd = -1;
}

/* Gives the descriptor away: returns it and leaves -1. */
static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
