/* SPDX-License-Identifier: MIT */
/* A bar on a terminal for what takes a while; nothing anywhere else. */
#ifndef SV_PROGRESS_H
#define SV_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool is_shown; /* standard error is a terminal */
	const char *what;
	int64_t next_ms; /* when to draw again */
};

#define PROGRESS_SIZE 16 /* bytes of a size as progress_size() writes it */

void progress_begin(struct progress *progress, const char *what);

/* `done` of `total` bytes; total 0: nobody knows. `context` is a struct progress. */
void progress_step(void *context, uint64_t done, uint64_t total);

/* Takes the bar away. */
void progress_end(struct progress *progress);

/* "812 B", "7.8 MB" */
const char *progress_size(char text[PROGRESS_SIZE], uint64_t bytes);

#endif
