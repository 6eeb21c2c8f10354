/* SPDX-License-Identifier: MIT */
/*
 * The store: where images, their layers, kept containers and named volumes live, as plain files that a person can read.
 *
 *     ROOT/                   mode 0700: what is in it may be set-user-ID and root's
 *       lock                  flock(2): shared while an image is looked up, exclusive while something is committed or removed
 *       layers/HEX/fs/        a layer's tree as overlayfs wants it; HEX is the SHA-256 of its tar archive (the diff_id of OCI)
 *       layers/HEX/layer      its lines: "size BYTES", and "devices no" where some were left out
 *       images/NAME           lines of "key value" (image.h)
 *       containers/NAME/      kept or running containers; the file `image` in it has a line "layer HEX" for each layer in use
 *       volumes/NAME/         named volumes
 *       tmp/NAME/             work in progress, a locked directory; unlocked, its maker is dead and anybody removes it. A file
 *                             `image` in it holds layers as a container's does
 *
 * Everything appears by rename(2), after its data is on the disk: at any moment it is all there or not at all.
 */
#ifndef SV_STORE_H
#define SV_STORE_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/file.h>

#define STORE_PATH_MAX 1024
#define STORE_HEX_SIZE 65 /* a SHA-256 in hexadecimal, and a NUL */
#define STORE_WORK_MAX 20

enum store_folder {
	STORE_LAYERS,
	STORE_IMAGES,
	STORE_CONTAINERS,
	STORE_VOLUMES,
	STORE_TMP,
	STORE_FOLDER_COUNT,
};

struct store {
	char path[STORE_PATH_MAX];
	int root, lock;                  /* -1: there is no store, so nothing is in it */
	int folders[STORE_FOLDER_COUNT]; /* O_RDONLY directories; -1 where there is none */
};

/* What is being made in tmp/: a directory that this process has locked. */
struct store_work {
	int fd;
	char name[STORE_WORK_MAX];
};

/*
 * Where the store is when nobody says: /var/lib/sv for root, $XDG_DATA_HOME/sv or ~/.local/share/sv for another user. Call it
 * before rootless_enter(), which makes root of everybody. 0, or a negative number with the error set.
 */
int store_default_root(char path[STORE_PATH_MAX], struct error *error);

/*
 * Opens the store at `root` (NULL: the default one). With `make` what is missing of it is made, and what a killed sv left in
 * tmp/ is removed; without, a store that isn't there is an empty one, and one on a read-only file system will do. A folder
 * that others may write to is refused. 0, or a negative number with the error set. store_close() takes a zeroed struct, too.
 */
int store_open(struct store *store, const char *root, bool make, struct error *error);
void store_close(struct store *store);

/* LOCK_SH or LOCK_EX; waits. Hold it for moments only: never while something is unpacked or runs. */
int store_lock(struct store *store, int operation, struct error *error);
void store_unlock(struct store *store);

/*
 * This process can't set trusted.* attributes: an opaque directory is marked by user.overlay.opaque, and overlay must be
 * mounted with userxattr. (A whiteout is a character device 0:0 either way: anybody may make those.)
 */
bool store_is_users(void);

/* A new directory in tmp/, locked until store_work_end(), which removes all that is left in it. */
int store_work_begin(struct store *store, struct store_work *work, struct error *error);
void store_work_end(struct store *store, struct store_work *work);

/*
 * Writes a file whole: made in the work directory, brought to the disk, renamed to `name` in `folder` (replacing what was
 * there), and the folder brought to the disk. 0 or -errno.
 */
int store_put(const struct store_work *work, int folder, const char *name, const char *text,
	      size_t size);

/* Removes `name` of `parent` and all below it: no link is followed, no mount entered, no depth is too deep. 0 (also when it
 * isn't there) or -errno. */
int store_remove_tree(int parent, const char *name);

/*
 * Calls `each` with every name of a folder that doesn't begin with a dot, in no order; a result other than 0 ends it and is
 * returned. -1 as the folder: there are none.
 */
int store_each(int folder, int (*each)(void *context, const char *name), void *context);

#endif
