/* SPDX-License-Identifier: MIT */
/* See arena.h. Blocks of memory in a chain; a request too large for one gets a block of its own. */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 4000 /* with its header and malloc's own below a page */

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

static struct arena_block *add_block(struct arena *arena, size_t size)
{
	struct arena_block *block;

	if (size > SIZE_MAX - sizeof(*block))
		return NULL;
	block = calloc(1, sizeof(*block) + size);
	if (block == NULL)
		return NULL;
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void arena_lend(struct arena *arena, void *memory, size_t size)
{
	struct arena_block *block = memory;

	block->size = size - sizeof(*block);
	arena->blocks = block;
	arena->lent = block;
}

void *arena_take(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t aligned;

	if (__builtin_add_overflow(size, _Alignof(max_align_t) - 1, &aligned))
		return NULL;
	aligned &= ~(_Alignof(max_align_t) - 1);
	if (block == NULL || block->size - block->used < aligned)
		block = add_block(arena, aligned > BLOCK_SIZE ? aligned : BLOCK_SIZE);
	if (block == NULL)
		return NULL;
	block->used += aligned;
	return block->bytes + block->used - aligned;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
	char *copy = length == SIZE_MAX ? NULL : arena_take(arena, length + 1);

	if (copy != NULL && length > 0)
		memcpy(copy, text, length);
	return copy;
}

void *arena_append(struct arena *arena, void *list, size_t row_size)
{
	struct {
		char *rows;
		size_t count;
	} view;

	/* by bytes: the lists are structs of as many types, all of this layout */
	memcpy(&view, list, sizeof(view));
	/*
	 * the room is the power of two at or above the count, so it is full when the count is one
	 */
	if ((view.count & (view.count - 1)) == 0) {
		size_t room = view.count == 0 ? 1 : view.count * 2;
		char *rows = room > SIZE_MAX / row_size ? NULL : arena_take(arena, room * row_size);

		if (rows == NULL)
			return NULL;
		if (view.count > 0)
			memcpy(rows, view.rows, view.count * row_size);
		view.rows = rows;
	}
	view.count++;
	memcpy(list, &view, sizeof(view));
	return view.rows + (view.count - 1) * row_size;
}

void arena_free(struct arena *arena)
{
	while (arena->blocks != NULL) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		if (block != arena->lent)
			free(block);
	}
	arena->lent = NULL;
}
