/* SPDX-License-Identifier: MIT */
/*
 * Lays an archive's entries down below a directory: the sink of tar.h. Nothing is ever written above it: names are taken apart
 * and looked up from the directory's descriptor as if it were the root of all (openat2, RESOLVE_IN_ROOT), so a link leads
 * nowhere else, whatever it says. A name with ".." in it is refused; a leading "/" means the directory.
 *
 * Deletions of a layer (.wh.NAME, .wh..wh..opq: OCI image-spec, layer.md) become what overlayfs has for them.
 */
#ifndef SV_UNPACK_H
#define SV_UNPACK_H

#include "arena.h"
#include "tar.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct unpack_late;

struct unpack {
	/* set by the caller */
	int root;
	bool devices;     /* make device nodes, too */
	bool user_xattrs; /* overlayfs's marks as an ordinary user sets them: store_is_users() */
	uint32_t
		id_limit; /* owners from here on become root: ids that this user has not; UINT32_MAX: all are there */

	uint64_t entries;
	/* what could not be kept, to be told: nodes, owners that this user's ids don't have (they are root's then), attributes */
	uint64_t left_out_devices, changed_owners, lost_attributes;

	/* its own */
	int parent, file;
	char parent_path[PATH_MAX], path[PATH_MAX];
	const struct tar_entry *entry;
	uint64_t written; /* where the file ends so far */
	struct unpack_late *late;
	size_t late_size;
	struct arena memory;
};

/* The caller's fields are kept, the rest is begun anew. */
void unpack_begin(struct unpack *unpack);

/* The sink's functions: the context is a struct unpack. */
extern const struct tar_sink unpack_sink;

/* Gives directories their times, which came before what is in them was written. */
int unpack_end(struct unpack *unpack, struct error *error);
void unpack_free(struct unpack *unpack);

#endif
