/* SPDX-License-Identifier: MIT */
/* What verbs that work on the store begin with: their words, an ordinary user's namespace, the open store. */
#ifndef SV_STORE_VERB_H
#define SV_STORE_VERB_H

#include "error.h"
#include "store.h"

#include <stdbool.h>

struct store_verb {
	const char *name,
		*usage;   /* set by the caller; usage in one line: "sv rm [--root DIR] NAME..." */
	int least, most;  /* words that are needed and taken */
	const char *flag; /* an option of its own, without a value, as "--devices"; or NULL */
	bool makes;       /* the store is made where there is none */
	bool has_flag;
	char *const *words;
	int count;
	struct store store;
};

/*
 * Takes the words apart, becomes root of a namespace where it isn't root (files of a range of ids are there to be removed), and opens
 * the store. 0, or a negative number with the error set; store_verb_end() after either.
 */
int store_verb_begin(struct store_verb *verb, int argc, char *const argv[], struct error *error);
void store_verb_end(struct store_verb *verb);

#endif
