/* SPDX-License-Identifier: MIT */
/*
 * What a container writes over its image: containers/NAME in the store, locked (flock(2), on the folder itself) by its live
 * sv. A folder that nobody locks and that isn't kept was left by a killed one: whoever comes by removes it.
 *
 *     upper/, work/     overlay's
 *     image             a text: "image NAME" or "directory PATH" or "file PATH" says what is below, "layer HEX" (the lowest first)
 *                       which layers are used, "kept" that the container outlives its run
 */
#ifndef SV_CONTAINER_H
#define SV_CONTAINER_H

#include "arena.h"
#include "error.h"
#include "image.h"
#include "spec.h"
#include "store.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct container {
	struct store *store; /* NULL: there is none */
	int fd;              /* the folder, locked; -1 */
	char name[SPEC_NAME_MAX + 1];
	bool is_kept, is_new;
	bool is_locked; /* set by the caller: by its parent, whose container it is */
	bool owns_name; /* set by the caller: state.h has the name for it, so nobody else makes one */
	struct stat upper; /* as it was made */
	/* what is below, as it was written down; one of the three at most, without a newline */
	const char *image, *directory, *file;
	struct spec_strings layers; /* HEX */
	struct arena memory;
};

/*
 * Looks for a kept container of that name, reads what it was made of, and locks it. 1: it is there; 0: there is none; a negative number with
 * the error set where it runs. What a killed sv left under the name is removed where the caller owns the name: else it may
 * be one that is just being made. The caller holds the store's lock, at least shared, for this and for container_make().
 */
int container_find(struct container *container, struct store *store, const char *name,
		   struct error *error);

/* True when the text (containers/NAME/image of a store) is a kept container's. Nothing is locked or opened beyond it. */
bool container_is_kept_at(const char *text);

/*
 * The same for a verb about a kept container, under the store's lock for as long as it looks: 0, or a negative number with the
 * error set where there is none. container_end() follows either way.
 */
int container_take(struct container *container, struct store *store, const char *name,
		   struct error *error);

/* The layers that are written down, as the image's: its name may stand for others by now. 0 or -ENOMEM. */
int container_layers(const struct container *container, struct image *image);

/* "HEX/fs" for each of them, as overlay.h wants it, in the arena; NULL: no memory. */
const char **container_layer_paths(const struct container *container, struct arena *arena);

/*
 * A read-only view of what is below the container, as one tree. The descriptor, or a negative number with the error set.
 */
int container_open_below(const struct container *container, struct error *error);

/* The container's own view, to be written to with the host's ids: see overlay.h for the helper. */
int container_open_whole(const struct container *container, pid_t *helper, struct error *error);

/* What it has written, as overlay has it. The descriptor or -errno. */
int container_open_upper(const struct container *container);

/*
 * Makes the folder of a container that container_find() has not found. `container` says what is below; `root` what the root
 * directory is to look like. 0, or a negative number with the error set.
 */
int container_make(struct container *container, const struct stat *root, struct error *error);

/* Lets go: what isn't kept is removed; with `forget` also what is. 0 or -errno. */
int container_end(struct container *container, bool forget);

/* Removes what a dead one of that name left in the store at `root`, if anything. */
void container_collect_one(const char *root, const char *name);

/* Removes what dead ones left, and cleans what was given away. Returns how many dead there were, or -errno. The caller holds no lock. */
int container_collect(struct store *store);

#endif
