/* SPDX-License-Identifier: MIT */
/*
 * Images: a name for a list of layers and the defaults of their command. images/NAME in the store is a text:
 *
 *     version 1
 *     created 2026-11-25T10:00:00Z
 *     layer HEX                      once for each, the lowest first
 *     entrypoint WORD                once for each word, as `command`, `env` (NAME=VALUE), `expose` (80/tcp), `volume`, `label`
 *     user 1000:1000                 once at most, as `workdir`, `stop-signal`
 *
 * A value has \n for a newline and \\ for a backslash. A NAME is what Docker takes, without a registry: [a-z0-9] and then
 * [a-zA-Z0-9_.-], 63 at most, with or without :TAG. NAME:latest is NAME.
 */
#ifndef SV_IMAGE_H
#define SV_IMAGE_H

#include "arena.h"
#include "error.h"
#include "store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_NAME_SIZE  128 /* with its NUL */
#define IMAGE_LAYERS_MAX 500 /* what overlayfs takes */

/* A list as arena.h's ARENA_APPEND has it. */
struct image_words {
	const char **rows;
	size_t count;
};

struct image_config {
	struct image_words entrypoint, command, env, expose, volumes, labels;
	const char *user, *workdir, *stop_signal; /* NULL: not said */
};

struct image_layer {
	char hex[STORE_HEX_SIZE];
	int fs;        /* O_PATH directory of layers/HEX/fs, where image_find() made it; else -1 */
	uint64_t size; /* bytes of its archive */
};

struct image_layers {
	struct image_layer *rows;
	size_t count;
};

struct image {
	char name[IMAGE_NAME_SIZE];  /* "" for one that has none */
	char digest[STORE_HEX_SIZE]; /* SHA-256 of its text without `created` */
	const char *created;
	struct image_config config;
	struct image_layers layers; /* the lowest first */
	struct arena memory;        /* what all this points into */
};

/* Zeroed is not empty: descriptors are. */
void image_init(struct image *image);
void image_free(struct image *image);

/* Checks a name's form and writes it without ":latest". 0 or a negative number with the error set. */
int image_name(char name[IMAGE_NAME_SIZE], const char *word, struct error *error);

/*
 * Finds an image by name, or by the first 6 or more digits of its digest, and opens its layers. The caller holds the
 * store's shared lock until it has written down what it uses (containers/NAME/image). -ENOENT where there is none (the hint has the
 * nearest name), or another negative number, with the error set: two images with such a digest, a layer that is missing, a
 * text that isn't one of an image.
 */
int image_find(struct store *store, const char *word, struct image *image, struct error *error);

/* The name of the image that a word means: image_find()'s first step, with its errors. */
int image_resolve(const struct store *store, const char *word, char name[IMAGE_NAME_SIZE],
		  struct error *error);

/*
 * The steps of image_find(): reads images/NAME (0 or -errno; -EINVAL: not the text of an image), reads such a text, and opens the
 * layers.
 */
int image_read(const struct store *store, const char *name, struct image *image);
int image_parse(struct image *image, const char *text, size_t length);
int image_open_layers(const struct store *store, struct image *image, struct error *error);

/* Bytes of the archive that a layer of the folder layers/ was; 0 where that isn't known. */
uint64_t image_layer_size(int folder, const char *hex);

/* Lower-case hexadecimal digits and nothing else. */
bool image_is_hex(const char *text, size_t length);

/*
 * Writes images/NAME for the config and layers (all of them committed), replacing what had the name. The caller holds no
 * lock. `digest`, and `created` where it isn't set, are filled in.
 */
int image_write(struct store *store, struct store_work *work, struct image *image,
		struct error *error);

#endif
