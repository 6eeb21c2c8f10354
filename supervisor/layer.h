/* SPDX-License-Identifier: MIT */
/*
 * Layers on their way into the store: an archive is fed, unpacked and hashed in one go, in a work directory; once all of an
 * image's are there they are brought to the disk and moved to their places together.
 */
#ifndef SV_LAYER_H
#define SV_LAYER_H

#include "image.h"
#include "sha256.h"
#include "unpack.h"

#define LAYER_NAME "new-layer" /* in the work directory, until its digest is known */

struct layer {
	struct store_work *work;
	struct sha256 hash;
	uint64_t size;
	struct tar_sink sink;
	struct tar_reader reader;
	struct unpack unpack;
	int folder, fs; /* work/new-layer, and fs in it */
	int signals;    /* a signalfd that ends layer_feed_tree(), or -1 */
};

/* Begins a layer in the work directory, one at a time. 0 or a negative number with the error set. */
int layer_begin(struct layer *layer, struct store_work *work, bool devices, struct error *error);
int layer_feed(struct layer *layer, const char *bytes, size_t size, struct error *error);

/*
 * All was fed: checks that it is complete, and the digest where one is `wanted`, and leaves the layer as HEX in the work directory.
 * `hex` gets the digest.
 */
int layer_finish(struct layer *layer, const char *wanted, char hex[STORE_HEX_SIZE],
		 struct error *error);

/* Forgets it, finished or not: what is in the work directory stays there. */
void layer_end(struct layer *layer);

/* Feeds a whole tree: a directory, or with as_layer the upper directory of an overlay. */
int layer_feed_tree(struct layer *layer, const struct tar_tree *tree, struct error *error);

/*
 * Holds a layer for as long as the work lasts, so that nobody removes it: 1; or 0 where the store has no such layer; or a
 * negative number with the error set, also where it was stored without its devices and they are wanted.
 */
int layer_hold(struct store *store, struct store_work *work, const char *hex, bool devices,
	       struct error *error);

/* Holds all of an image's layers: under the lock that it was found under. 0 or -errno. */
int layer_hold_image(const struct store_work *work, const struct image *image);

/*
 * Brings all layers of the image that are new to the disk, and then into the store, held by the work. 0 or a negative number with
 * the error set.
 */
int layer_commit(struct store *store, struct store_work *work, const struct image *image,
		 bool devices, struct error *error);

/* Adds a layer on top. One that is there already moves up: what is in it covers what it covered below. */
int layer_add(struct image *image, const char *hex, struct error *error);

/*
 * What `sv commit` does: makes a layer of an overlay's upper directory, commits it, and puts it on top of image->layers. An empty
 * upper directory makes none.
 */
int layer_add_upper(struct store *store, struct store_work *work, int upper, struct image *image,
		    struct error *error);

#endif
