/* SPDX-License-Identifier: MIT */
/*
 * What sv was started with: which descriptors it has, and which of them the command is to get. Everything else is closed
 * at once, so that no stray descriptor of the caller's stays open behind a container or enters it.
 */
#ifndef SV_DESCRIPTORS_H
#define SV_DESCRIPTORS_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

/* The kernel's default hard limit on open files is 4096; whoever preserves more has something else in mind. */
#define DESCRIPTORS_PRESERVED_MAX 1024

struct descriptors {
	int rows[DESCRIPTORS_PRESERVED_MAX]; /* where the preserved ones stand now; close-on-exec */
	size_t count;
	bool has_listen_fds;
};

/* What descriptors 0 to 2 may be, bit N for descriptor N: so that what they can't be isn't asked for again. */
struct descriptors_standard {
	unsigned may_be_ttys;  /* devices, and none of the memory devices such as /dev/null */
	unsigned may_be_pipes; /* pipes and sockets */
};

/* Fills 0, 1 and 2 where they are closed, so that nothing of sv's lands there. They stay unusable: writing to a closed
 * stdout still fails. */
void descriptors_fill(struct descriptors_standard *standard);

/*
 * Moves the descriptors from 3 on that the command is to get out of the way (`count` of them, and those of socket activation
 * when LISTEN_PID names this process: sd_listen_fds(3)), and closes every other one from 3 on.
 */
int descriptors_take(struct descriptors *preserved, size_t count, struct error *error);

#endif
