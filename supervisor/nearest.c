/* SPDX-License-Identifier: MIT */
/* See nearest.h. */
#include "nearest.h"

#include <stdbool.h>
#include <string.h>

#define WORD_MAX   32 /* longer words are no slip of the finger */
#define SHORT_WORD 5  /* up to here two wrong letters make another word */

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance, with one row of the matrix kept. Both words are at most WORD_MAX long. */
static unsigned edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned row[WORD_MAX + 1];

	for (size_t j = 0; j <= b_length; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; i < a_length; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < b_length; j++) {
			unsigned replaced = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = min3(replaced, diagonal + 1, row[j] + 1);
		}
	}
	return row[b_length];
}

/* Two neighbours in the wrong order: one slip, though Levenshtein counts two. */
static bool is_swapped(const char *word, const char *known, size_t length)
{
	size_t i = 0;

	while (i < length && word[i] == known[i])
		i++;
	return i + 1 < length && word[i] == known[i + 1] && word[i + 1] == known[i] &&
	       memcmp(word + i + 2, known + i + 2, length - i - 2) == 0;
}

unsigned nearest_distance(const char *word, size_t length, const char *known)
{
	size_t known_length = strlen(known);
	unsigned distance, limit;

	if (length == 0 || length > WORD_MAX || known_length > WORD_MAX)
		return NEAREST_NONE;
	if (length >= 2 && length < known_length && memcmp(word, known, length) == 0)
		return 1;
	if (length == known_length && is_swapped(word, known, length))
		return 1;
	distance = edit_distance(word, length, known, known_length);
	/* a third of the letters wrong is still a slip; two where there are some more right */
	limit = length > 6 ? (unsigned)length / 3 : length > SHORT_WORD ? 2 : 1;
	return distance <= limit && distance < length ? distance : NEAREST_NONE;
}
