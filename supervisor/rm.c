/* SPDX-License-Identifier: MIT */
/* `sv rm`: removes kept containers, with all that they have written. */
#include "verbs.h"

#include "container.h"
#include "store_verb.h"

static int remove_one(struct store *store, const char *name, struct error *error)
{
	struct container container = { .fd = -1 };
	int result = container_take(&container, store, name, error);
	int end = container_end(&container, result == 0);

	if (result == 0)
		result = end;
	return result < 0 ? error_set(error, result, "cannot remove container '%s'", name) : 0;
}

int verb_rm(int argc, char *const argv[])
{
	static struct error error;
	struct store_verb verb = {
		.name = "rm", .usage = "sv rm [--root DIR] NAME...", .least = 1, .most = -1
	};

	if (store_verb_begin(&verb, argc, argv, &error) == 0)
		for (int i = 0; i < verb.count && !error_is_set(&error); i++)
			(void)remove_one(&verb.store, verb.words[i], &error);
	store_verb_end(&verb);
	return error_is_set(&error) ? error_print(&error) : 0;
}
