/* SPDX-License-Identifier: MIT */
/*
 * Recipes of images: lines "KEYWORD rest", of Dockerfile's FROM, COPY, RUN, ENV, CMD, ENTRYPOINT, USER and WORKDIR. A backslash
 * at the end of a line continues it, a line that begins with # is a comment.
 */
#ifndef SV_RECIPE_H
#define SV_RECIPE_H

#include "arena.h"
#include "error.h"
#include "spec.h"

enum recipe_kind {
	RECIPE_FROM,
	RECIPE_COPY,
	RECIPE_RUN,
	RECIPE_ENV,
	RECIPE_CMD,
	RECIPE_ENTRYPOINT,
	RECIPE_USER,
	RECIPE_WORKDIR,
	RECIPE_KIND_COUNT,
};

struct recipe_step {
	enum recipe_kind kind;
	size_t line;      /* where it begins */
	const char *text; /* the rest, as it was written */
	struct spec_strings
		words; /* RUN, CMD, ENTRYPOINT: an argument list; ENV: NAME=VALUE; else the words */
};

struct recipe {
	struct arena memory;
	SPEC_LIST(struct recipe_step) steps; /* the first is FROM, and no other is */
};

/* "FROM" and so on. */
const char *recipe_keyword(enum recipe_kind kind);

/* Takes a text apart. `name` opens messages: "NAME:LINE: ...". 0, or a negative number with the error set. recipe_free() after either. */
int recipe_parse(struct recipe *recipe, const char *name, const char *text, size_t size,
		 struct error *error);
void recipe_free(struct recipe *recipe);

#endif
