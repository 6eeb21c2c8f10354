/* SPDX-License-Identifier: MIT */
/*
 * The lines of /etc/subuid and /etc/subgid, which give accounts ranges of other ids: NAME:START:COUNT. subuid(5). Only
 * texts; whoever has read them says where they come from.
 */
#ifndef SV_SUBIDS_H
#define SV_SUBIDS_H

#include "arena.h"
#include "part.h"

#include <stdbool.h>
#include <stdint.h>

struct subid {
	struct part owner; /* a piece of the text that was parsed: an account's name, or its id */
	uint32_t start, count; /* start + count is at most UINT32_MAX: the last id is nobody's */
};

struct subids {
	struct subid *rows;
	size_t count;
};

/* One line, without its newline. False, and *row untouched, where it isn't of the form. */
bool subids_parse_line(struct part line, struct subid *row);

/*
 * All lines but empty ones and those that begin with '#', added to the list. 0; -EINVAL, with the line's number in *bad,
 * where one isn't of the form; -ENOMEM.
 */
int subids_parse(struct subids *list, struct arena *arena, struct part text, unsigned *bad);

/* True when one of the lines has one of the ids [start, start + size). */
bool subids_touch(const struct subids *list, uint32_t start, uint32_t size);

/* How many whole ranges of `size` the lines of this owner give. */
uint32_t subids_count_ranges(const struct subids *list, const char *owner, uint32_t size);

/* The start of range number `slot` of those; 0 when there are not so many. */
uint32_t subids_range(const struct subids *list, const char *owner, uint32_t size, uint32_t slot);

#endif
