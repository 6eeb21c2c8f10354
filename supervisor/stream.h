/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a file or a pipe, decompressed on the way by the host's gzip, xz or zstd where they begin as theirs do. Names of files
 * say nothing about that. A signal that asks to end ends a wait for bytes, too.
 */
#ifndef SV_STREAM_H
#define SV_STREAM_H

#include "error.h"

#include <stddef.h>
#include <sys/types.h>

#define STREAM_PEEK 6

struct stream {
	int fd;              /* where the plain bytes come from */
	int signals;         /* a signalfd, or -1 */
	pid_t program_pid;   /* the decompressor, or 0 */
	pid_t feeder_pid;    /* what passes a pipe's bytes on to it, or 0 */
	const char *program; /* its name */
	char peek[STREAM_PEEK];
	size_t peeked, used; /* bytes read to see what it is, and how many of them were passed on */
};

/*
 * Begins with what `source` has from its offset on. The descriptor stays the caller's; where it can seek, its offset tells how far
 * reading has come. `signals` is looked at, never read. 0 or a negative number with the error set; close it either way.
 */
int stream_open(struct stream *stream, int source, int signals, struct error *error);

/*
 * Up to `size` bytes; 0 at the end, once the decompressor has ended well; -EINTR when a signal waits; or another negative number,
 * with the error set.
 */
ssize_t stream_read(struct stream *stream, char *buffer, size_t size, struct error *error);

/* Ends what still runs. */
void stream_close(struct stream *stream);

#endif
