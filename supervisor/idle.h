/* SPDX-License-Identifier: MIT */
/* A supervisor that only waits should hold next to nothing. */
#ifndef SV_IDLE_H
#define SV_IDLE_H

#include <poll.h>

/*
 * Gives back what the process has mapped of its program, and what it used of its stack and no longer does, then waits like
 * poll(2): the timeout is in milliseconds, negative for ever; the result is the number of ready rows, or -errno. All of it
 * comes again by itself when it is used: the stack empty, the program from its file, for the parts that can't be written to
 * are as that has them. elf(5)
 */
int idle_wait(struct pollfd *rows, unsigned count, int timeout_ms);

#endif
