/* SPDX-License-Identifier: MIT */
/*
 * Images from what others make: a root filesystem (a directory, or an archive of one), the archive that `docker save` writes (Docker's
 * image specification v1.2: manifest.json), and an OCI image layout, as a directory or an archive (OCI image-spec:
 * image-layout.md, image-index.md, manifest.md, config.md). Archives may be compressed. Every digest that is named is checked.
 */
#ifndef SV_IMAGE_IMPORT_H
#define SV_IMAGE_IMPORT_H

#include "../init/lib/sys.h"
#include "image.h"

#include <stdbool.h>
#include <stdint.h>

struct image_import {
	struct store *store;
	struct store_work *work;
	const char *source; /* a path, or "-" for standard input */
	const char *
		which; /* the one to take of an archive of several images: NAME, NAME:TAG or TAG; or NULL */
	bool devices; /* make device nodes, too */
	/* called now and then: `done` of `total` bytes of the source were read (total 0: nobody knows); or NULL */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *progress_context;

	/* what could not be kept: see unpack.h */
	uint64_t left_out_devices, changed_owners, lost_attributes;
};

/* The signals that end an import, and that its caller has to block: INT, TERM, HUP, QUIT, as far as they aren't ignored. */
sys_sigset image_import_signals(void);

/*
 * Lays the source's layers into the store, held by the work, and fills the image's layers and config. The image has no name
 * then: image_write() gives it one, or image_open_layers() opens it as it is. A signal of the above that arrives ends it
 * with -EINTR, and stays pending. 0 or a negative number with the error set; either way store_work_end() removes what is left.
 */
int image_import(struct image_import *import, struct image *image, struct error *error);

#endif
