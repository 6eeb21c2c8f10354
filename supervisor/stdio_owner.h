/* SPDX-License-Identifier: MIT */
/* Ownership of what the command inherits, and of init's OOM score: small things that only the host's root may set. */
#ifndef SV_STDIO_OWNER_H
#define SV_STDIO_OWNER_H

#include "error.h"

#include <stdint.h>
#include <sys/types.h>

/*
 * Gives those of the descriptors 0 to 2 that are anonymous pipes or sockets to uid and gid (ids on the host), of those
 * in the mask `which`. Files, named pipes, devices and terminals are never touched. 0, or a negative
 * number with the error set.
 */
int stdio_give(unsigned which, uint32_t uid, uint32_t gid, struct error *error);

/* Writes a process' oom_score_adj. 0, or a negative number with the error set. */
int oom_score_set(pid_t pid, int score, struct error *error);

#endif
