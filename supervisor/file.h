/* SPDX-License-Identifier: MIT */
/* Whole files in, whole texts out. */
#ifndef SV_FILE_H
#define SV_FILE_H

#include "arena.h"

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define FILE_SIZE_MAX ((size_t)256 << 20) /* what sv reads of a file that it is told to read */

/*
 * Reads fd to its end into the arena, with a NUL behind the last byte. fd may be a pipe. Returns
 * the size; -EFBIG when there is more than max, -EISDIR and kin as read(2) has them, -ENOMEM. *text
 * is untouched on failure.
 */
ssize_t file_read(struct arena *arena, int fd, size_t max, char **text);

/* The same for one that was looked at already: fstat(2). A regular file is as long as that says. */
ssize_t file_read_status(struct arena *arena, int fd, const struct stat *status, size_t max,
			 char **text);

/* Writes all of it. Returns 0 or -errno. */
int file_write(int fd, const char *text, size_t size);

#endif
