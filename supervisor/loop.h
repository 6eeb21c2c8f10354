/* SPDX-License-Identifier: MIT */
/* Files that are file systems, mounted read-only through a loop device that goes with the mount: loop(4). */
#ifndef SV_LOOP_H
#define SV_LOOP_H

#include "error.h"

enum loop_kind {
	LOOP_NONE,
	LOOP_SQUASHFS,
	LOOP_EROFS,
	LOOP_KIND_COUNT,
};

/* What the file is, by its superblock's magic number. */
enum loop_kind loop_look(int file);

/* Mounts it, detached, without devices. The descriptor, or a negative number with the error set. */
int loop_mount(int file, enum loop_kind kind, const char *path, struct error *error);

#endif
