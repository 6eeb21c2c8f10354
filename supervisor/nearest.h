/* SPDX-License-Identifier: MIT */
/* "Did you mean ...?": which known word a mistyped one is nearest to. */
#ifndef SV_NEAREST_H
#define SV_NEAREST_H

#include <stddef.h>

#define NEAREST_NONE 100 /* a distance that is never offered */

/*
 * Edits (insert, remove, replace) from word to known, 1 where word begins known or has two
 * neighbours swapped; NEAREST_NONE when too far to offer.
 */
unsigned nearest_distance(const char *word, size_t length, const char *known);

#endif
