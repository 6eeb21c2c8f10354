/* SPDX-License-Identifier: MIT */
/*
 * What in the store is used by what: who uses an image, and which layers nothing refers to any more. Images, containers and work in
 * progress refer to layers (store.h).
 */
#ifndef SV_COLLECT_H
#define SV_COLLECT_H

#include "store.h"

#include <stdint.h>

struct collected {
	uint64_t layers, bytes; /* bytes of their archives */
};

/*
 * Removes the layers that nothing refers to. Where it can't be told what something refers to, nothing is removed. The caller
 * holds no lock. 0 or a negative number with the error set.
 */
int collect_layers(struct store *store, struct collected *collected, struct error *error);

/*
 * The name of a container whose file `image` has the line "image NAME", or "" in `user`. The caller holds a lock. 0 or a negative
 * number with the error set.
 */
int collect_find_user(const struct store *store, const char *image, char user[256],
		      struct error *error);

#endif
