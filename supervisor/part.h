/* SPDX-License-Identifier: MIT */
/*
 * Pieces of a text that is neither changed nor copied: how values and the lines of files are taken
 * apart.
 */
#ifndef SV_PART_H
#define SV_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* text is NULL when there is none, which is not the same as an empty one. */
struct part {
	const char *text;
	size_t length;
};

static inline struct part part_of(const char *text)
{
	return (struct part){ text, strlen(text) };
}

static inline bool part_is(struct part part, const char *word)
{
	return part.length == strlen(word) && memcmp(part.text, word, part.length) == 0;
}

/*
 * Cuts what is before the separator off the front of rest: "a:b" gives "a", then "b", then false;
 * "" gives "" once.
 */
static inline bool part_next(struct part *rest, char separator, struct part *part)
{
	const char *end;

	if (rest->text == NULL)
		return false;
	*part = *rest;
	end = memchr(rest->text, separator, rest->length);
	if (end == NULL) {
		*rest = (struct part){ NULL, 0 };
		return true;
	}
	part->length = (size_t)(end - part->text);
	*rest = (struct part){ end + 1, rest->length - part->length - 1 };
	return true;
}

#endif
