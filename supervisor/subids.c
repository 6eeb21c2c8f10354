/* SPDX-License-Identifier: MIT */
/* See subids.h. Every account of the machine has lines there: one that is wrong is refused, and never read as another. */
#include "subids.h"

#include "../init/lib/number.h"

#include <errno.h>

bool subids_parse_line(struct part line, struct subid *row)
{
	struct part owner, start, count;
	uint64_t first, ids;

	if (!part_next(&line, ':', &owner) || !part_next(&line, ':', &start) ||
	    !part_next(&line, '\0', &count) || line.text != NULL ||
	    number_parse_u64(start.text, start.length, UINT32_MAX - 1, &first) < 0 ||
	    number_parse_u64(count.text, count.length, UINT32_MAX, &ids) < 0 ||
	    first + ids > UINT32_MAX)
		return false;
	*row = (struct subid){ owner, (uint32_t)first, (uint32_t)ids };
	return true;
}

int subids_parse(struct subids *list, struct arena *arena, struct part text, unsigned *bad)
{
	struct part line;
	struct subid parsed, *row;

	for (unsigned number = 1; part_next(&text, '\n', &line); number++) {
		if (line.length == 0 || line.text[0] == '#')
			continue;
		if (!subids_parse_line(line, &parsed)) {
			*bad = number;
			return -EINVAL;
		}
		row = ARENA_APPEND(arena, list);
		if (row == NULL)
			return -ENOMEM;
		*row = parsed;
	}
	return 0;
}

bool subids_touch(const struct subids *list, uint32_t start, uint32_t size)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct subid *row = &list->rows[i];

		if (row->count > 0 && row->start < (uint64_t)start + size &&
		    start < (uint64_t)row->start + row->count)
			return true;
	}
	return false;
}

/* What begins with root's own id would make root inside root outside: it gives nothing. */
static uint32_t ranges_of(const struct subid *row, const char *owner, uint32_t size)
{
	return row->start > 0 && part_is(row->owner, owner) ? row->count / size : 0;
}

/* Lines may overlap: the sum of all that a file gives need not be below 2^32. */
uint32_t subids_count_ranges(const struct subids *list, const char *owner, uint32_t size)
{
	uint64_t ranges = 0;

	for (size_t i = 0; i < list->count; i++)
		ranges += ranges_of(&list->rows[i], owner, size);
	return ranges > UINT32_MAX ? UINT32_MAX : (uint32_t)ranges;
}

uint32_t subids_range(const struct subids *list, const char *owner, uint32_t size, uint32_t slot)
{
	for (size_t i = 0; i < list->count; i++) {
		uint32_t ranges = ranges_of(&list->rows[i], owner, size);

		if (slot < ranges)
			return list->rows[i].start + slot * size;
		slot -= ranges;
	}
	return 0;
}
