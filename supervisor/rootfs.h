/* SPDX-License-Identifier: MIT */
/*
 * Where the root tree comes from: a directory that is used in place, or an overlay over an image's layers, over a directory
 * (--ephemeral), or over a file that is a file system. Decides what the word on the command line means, and owns what an overlay takes.
 */
#ifndef SV_ROOTFS_H
#define SV_ROOTFS_H

#include "container.h"
#include "error.h"
#include "image.h"
#include "spec.h"
#include "store.h"
#include "userns.h"

#include <stdbool.h>

struct rootfs {
	char user_store[STORE_PATH_MAX]; /* an ordinary user's; "": the machine's */
	bool is_overlay;
	struct store store;
	struct container container;
	struct image image;
	int lower; /* what is below, where it isn't layers of the store; -1 */
	bool lower_is_mount;
	struct stat top;                 /* what the root directory looks like */
	char what[IMAGE_NAME_SIZE + 16]; /* for messages */
	pid_t helper;
};

void rootfs_init(struct rootfs *rootfs);

/* Before sv becomes root of a namespace: where the caller's own store is. Without a HOME there is none. */
void rootfs_remember_user(struct rootfs *rootfs, const struct spec *spec);

/*
 * Finds what spec->rootfs means. A directory that is used in place is opened (tree.h), and nothing else is looked at: *root is its
 * descriptor. Else *root stays -1, the container's folder is made under `name`, and the image's defaults go into the spec where nothing was
 * asked for. --dry-run changes nothing: *root is then a directory to look users up in. 0, or a negative number with the error set.
 */
int rootfs_open(struct rootfs *rootfs, struct spec *spec, const char *name, int *root,
		struct error *error);

/* True where a folder of the store goes with the run. */
static inline bool rootfs_is_thrown_away(const struct rootfs *rootfs)
{
	return rootfs->container.is_new && !rootfs->container.is_kept;
}

/*
 * Makes the overlay, seen through the map of the user namespace (-1: the host's ids). The descriptor of a detached mount, or a negative number with the error
 * set.
 */
int rootfs_make(struct rootfs *rootfs, const struct spec *spec, const struct userns *userns,
		int namespace, struct error *error);

/* Opens the store, where it isn't yet. 0, or a negative number with the error set. */
int rootfs_open_store(struct rootfs *rootfs, const struct spec *spec, struct error *error);

/* Off the hot path, once the command runs. */
void rootfs_started(struct rootfs *rootfs);

/* Gives all of it back. A container that never ran isn't kept. 0, or -errno where the container's folder can't be removed. */
int rootfs_clean(struct rootfs *rootfs, bool has_run);

#endif
