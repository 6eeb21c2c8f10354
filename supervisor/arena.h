/* SPDX-License-Identifier: MIT */
/*
 * Memory with one owner and one end: what is parsed lives until all of it is given back together.
 * So the parsers need no cleanup paths, and tests and fuzzers see no leaks.
 */
#ifndef SV_ARENA_H
#define SV_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	void *lent; /* the one of them that is the caller's own */
};

/* Begins an arena with memory of the caller's, aligned for any type and zero, which is used first. */
void arena_lend(struct arena *arena, void *memory, size_t size);

/* Zeroed, aligned for any type; NULL when there is no more. */
void *arena_take(struct arena *arena, size_t size);

/* The bytes with a NUL behind them. */
char *arena_copy(struct arena *arena, const char *text, size_t length);

/*
 * Appends a zeroed row to a list, which is any struct that begins as SPEC_LIST() does: a pointer to
 * rows, then their count. Returns the new row, or NULL with the list as it was. Rows move when the
 * count is a power of two.
 */
#define ARENA_APPEND(arena, list) arena_append((arena), (list), sizeof(*(list)->rows))
void *arena_append(struct arena *arena, void *list, size_t row_size);

/* Gives everything back. */
void arena_free(struct arena *arena);

#endif
