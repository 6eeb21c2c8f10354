/* SPDX-License-Identifier: MIT */
/* JSON: any bytes. What is read is a tree whose counts are right, and every byte of it is there. */
#include "supervisor/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looks at the whole tree: breadth first, with what is still to be seen in a list. */
static size_t look(const struct json *root)
{
	static const struct json *list[1 << 16];
	size_t count = 0, sum = 0;

	list[count++] = root;
	for (size_t i = 0; i < count; i++) {
		size_t children = 0;

		sum += list[i]->text != NULL ? strlen(list[i]->text) : 0;
		sum += list[i]->name != NULL ? strlen(list[i]->name) : 0;
		for (const struct json *at = list[i]->child; at != NULL; at = at->next) {
			children++;
			if (count < sizeof(list) / sizeof(list[0]))
				list[count++] = at;
		}
		if (children != list[i]->count)
			abort();
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { .blocks = NULL };
	const struct json *root = NULL;
	size_t line = 0;
	/* of exactly the size: the sanitizer sees what is read behind it */
	char *text = malloc(size + (size == 0));

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	if (json_parse(&arena, text, size, &root, &line) == 0 &&
	    (root == NULL || look(root) > size))
		abort();
	free(text);
	arena_free(&arena);
	return 0;
}
