/* SPDX-License-Identifier: MIT */
/*
 * A container's own layer over others that stay as they are: one overlay, handed over as a detached mount like every other
 * tree (tree.h). Documentation/filesystems/overlayfs.rst
 */
#ifndef SV_OVERLAY_H
#define SV_OVERLAY_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct overlay {
	const char *what; /* for messages: "image 'alpine'" */
	int lower;        /* directory: the one layer, or where the layers' paths begin */
	bool is_mount;    /* `lower` is a detached mount already, and is used up */
	const char *const
		*layers; /* paths below `lower`, the lowest first; NULL: it is the layer itself */
	size_t count;
	int folder;        /* directory with upper/ and work/ in it; -1: nothing can be written */
	int userns;        /* whose map all layers are seen through; -1: the host's ids */
	uint32_t uid, gid; /* the host's ids of its root */
	bool user_attributes; /* marks are in user.overlay.*: nobody here may set trusted.overlay.* */
	bool is_volatile;     /* the upper layer is thrown away: it need never reach the disk */
	bool allow_devices;
};

/*
 * Makes it. The descriptor of the detached mount, or a negative number with the error set. *helper becomes the pid of a child that has done
 * its work and whose end costs some time: overlay_reap() it off the hot path, whatever the result; 0: there is none.
 */
int overlay_make(const struct overlay *overlay, pid_t *helper, struct error *error);

void overlay_reap(pid_t *helper);

#endif
