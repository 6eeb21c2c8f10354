/* SPDX-License-Identifier: MIT */
/*
 * JSON (RFC 8259), strictly: a text becomes a tree in an arena. It is read in one loop over a bounded depth, and every byte of
 * it may be hostile.
 */
#ifndef SV_JSON_H
#define SV_JSON_H

#include "arena.h"

#include <stddef.h>

#define JSON_DEPTH_MAX  64
#define JSON_VALUES_MAX 100000

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_type type;
	const char *name; /* a member's name; NULL for what is in no object */
	const char *text; /* a string's bytes, or a number as it was written; else NULL */
	size_t count;     /* of what is in an array or object */
	const struct json *child, *next;
};

/*
 * Reads the whole of a text. 0; -EINVAL with the number of the line that isn't JSON, or that has what C can't have in a string
 * (\u0000); -E2BIG for too much depth, or too many values; -ENOMEM.
 */
int json_parse(struct arena *arena, const char *text, size_t length, const struct json **root,
	       size_t *line);

/* A member of an object: the last one of that name, or NULL. `object` may be NULL or anything else. */
const struct json *json_get(const struct json *object, const char *name);

/* A string's text, or NULL for anything else. */
const char *json_string(const struct json *value);

/* The first value in an array, or NULL: also for anything that is no array. The others follow as ->next. */
const struct json *json_first(const struct json *array);

#endif
