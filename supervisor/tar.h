/* SPDX-License-Identifier: MIT */
/*
 * Tar archives: a reader that is fed a stream in pieces of any size and tells a sink what it finds, and a writer of trees.
 * Formats: ustar and pax (POSIX.1-2008, pax), the extensions of GNU tar (long names, sparse files in all four forms), and
 * SCHILY.xattr.* for extended attributes, as star, GNU tar and bsdtar have them.
 *
 * The reader checks form only. Where a name leads is the sink's matter: names and links are as the archive has them.
 */
#ifndef SV_TAR_H
#define SV_TAR_H

#include "arena.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define TAR_BLOCK    512
#define TAR_NAME_MAX 4095              /* bytes of a name or a link: what a path may have */
#define TAR_META_MAX ((size_t)1 << 20) /* bytes of one header's extension */
#define TAR_METAS_MAX \
 ((size_t)4 << 20)          /* of all of an entry's, and of all that are for the whole archive */
#define TAR_XATTR_MAX 65536 /* what the kernel takes as a value */

enum tar_kind {
	TAR_FILE,
	TAR_HARDLINK,
	TAR_SYMLINK,
	TAR_CHARACTER,
	TAR_BLOCK_DEVICE,
	TAR_DIRECTORY,
	TAR_FIFO,
};

struct tar_xattr {
	const char *name, *value;
	size_t size;
};

struct tar_xattrs {
	struct tar_xattr *rows;
	size_t count;
};

struct tar_extent {
	uint64_t offset, size;
};

struct tar_entry {
	enum tar_kind kind;
	const char *name, *link; /* link: "" for what is none */
	uint32_t mode;           /* 07777 */
	uint64_t uid, gid;
	uint64_t size; /* of the file, holes and all */
	struct timespec mtime;
	uint32_t major, minor;
	struct tar_xattrs xattrs;
};

/* Each returns 0, or a negative number with the error set, which ends the reading. */
struct tar_sink {
	void *context;
	int (*entry)(void *context, const struct tar_entry *entry, struct error *error);
	/* bytes of the entry's file, at ascending offsets; what no call covers is a hole */
	int (*data)(void *context, uint64_t offset, const char *bytes, size_t size,
		    struct error *error);
	/* the entry, which lives until here, is complete */
	int (*end)(void *context, struct error *error);
};

/* What extended headers say; an unset one is 0 or NULL. */
struct tar_pax {
	const char *path, *linkpath;
	bool has_size, has_uid, has_gid, has_mtime;
	uint64_t size, uid, gid;
	struct timespec mtime;
	struct tar_xattrs xattrs;
	/* GNU.sparse.*: the form is 0 (none), or 1 to 3 for 0.0, 0.1 and 1.0 */
	unsigned sparse;
	const char *sparse_name;
	bool has_sparse_size;
	uint64_t sparse_size, sparse_offset;
	struct {
		struct tar_extent *rows;
		size_t count;
	} map;
};

enum tar_state {
	TAR_AT_HEADER,
	TAR_AT_META,       /* an extension's bytes */
	TAR_AT_OLD_SPARSE, /* more of the map of GNU's old sparse files */
	TAR_AT_MAP,        /* the map at the start of a sparse 1.0 file */
	TAR_AT_DATA,
	TAR_AT_PADDING,
	TAR_AT_END,
};

struct tar_reader {
	const struct tar_sink *sink;
	enum tar_state state;
	uint64_t position; /* bytes of the stream so far */
	char block[TAR_BLOCK];
	size_t used;
	uint64_t left; /* of the payload */
	size_t padding;
	char meta_kind;
	char *meta; /* NUL-terminated, `used` is how much there is */
	size_t meta_size;
	struct arena memory, global_memory; /* of this entry; of the global headers */
	uint64_t sum, global_sum;           /* bytes of those extensions */
	struct tar_pax pax, global;
	const char *long_name, *long_link;
	struct tar_entry entry;
	bool in_entry;
	/* of a sparse 1.0 map: the number begun, how many come, bytes so far */
	uint64_t map_number, map_left, map_bytes;
	bool map_has_digit, map_has_count;
	size_t extent; /* which one the data is in, and how far */
	uint64_t extent_done;
};

void tar_begin(struct tar_reader *reader, const struct tar_sink *sink);
int tar_feed(struct tar_reader *reader, const char *bytes, size_t size, struct error *error);

/*
 * The stream has ended: an error when that was in the middle of something or, unless `whole` is known to be all of it, before
 * the mark that ends an archive.
 */
int tar_end(const struct tar_reader *reader, bool whole, struct error *error);
void tar_free(struct tar_reader *reader);

/* --- writing -------------------------------------------------------------------------------------------------------- */

/* Where the bytes of an archive go; 0, or a negative number with the error set. */
struct tar_output {
	void *context;
	int (*write)(void *context, const char *bytes, size_t size, struct error *error);
};

struct tar_tree {
	const int *
		roots; /* directories (O_PATH will do), the topmost first, merged as overlayfs does it */
	size_t count;
	bool as_layer; /* of one root: deletions and opaque directories are written as .wh. files (OCI image-spec, layer.md) */
};

/*
 * Writes the tree as a pax archive that is always the same for the same tree: sorted by name, with owners, modes, times, extended
 * attributes, hard links and holes. Sockets are left out, and what is mounted in it.
 */
int tar_write(const struct tar_tree *tree, const struct tar_output *output, struct error *error);

#endif
