/* SPDX-License-Identifier: MIT */
/* /etc/subuid and /etc/subgid: any bytes. What is taken keeps within the ids that there are, and agrees with itself. */
#include "supervisor/subids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 65536U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rows(const struct subids *list, const char *text, size_t size)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct subid *row = &list->rows[i];

		if ((uint64_t)row->start + row->count > UINT32_MAX || row->owner.text < text ||
		    row->owner.text + row->owner.length > text + size)
			abort();
		if (row->count > 0 && !subids_touch(list, row->start, 1))
			abort();
	}
}

static void check_ranges(const struct subids *list)
{
	uint32_t ranges = subids_count_ranges(list, "sv", SIZE);

	for (uint32_t slot = 0; slot < ranges && slot < 100; slot++) {
		uint32_t start = subids_range(list, "sv", SIZE, slot);

		if (start == 0 || start > UINT32_MAX - SIZE || !subids_touch(list, start, SIZE))
			abort();
	}
	if (ranges < UINT32_MAX && subids_range(list, "sv", SIZE, ranges) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { .blocks = NULL };
	struct subids list = { NULL, 0 };
	char *text = malloc(size + (size == 0));
	unsigned bad = 0;
	int result;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	result = subids_parse(&list, &arena, (struct part){ text, size }, &bad);
	if ((result == -EINVAL) != (bad != 0) || (result != 0 && result != -EINVAL))
		abort();
	check_rows(&list, text, size);
	check_ranges(&list);
	arena_free(&arena);
	free(text);
	return 0;
}
