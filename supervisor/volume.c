/* SPDX-License-Identifier: MIT */
/* `sv volume ls` and `sv volume rm`: the named volumes. They are made by `sv run --volume NAME:DST` (volumes.h). */
#include "verbs.h"

#include "../init/lib/fd.h"
#include "file.h"
#include "store_verb.h"
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct names {
	struct arena memory;
	struct spec_strings list;
};

static int add_name(void *context, const char *name)
{
	struct names *names = context;
	const char **row = ARENA_APPEND(&names->memory, &names->list);

	if (row != NULL)
		*row = arena_copy(&names->memory, name, strlen(name));
	return row == NULL || *row == NULL ? -ENOMEM : 0;
}

static int list(struct store_verb *verb, struct error *error)
{
	struct names names = { .memory = { .blocks = NULL } };
	int result = store_each(verb->store.folders[STORE_VOLUMES], add_name, &names);

	if (names.list.count > 0)
		qsort(names.list.rows, names.list.count, sizeof(*names.list.rows), compare);
	if (result < 0)
		(void)error_set(error, result, "cannot list the volumes in '%s'", verb->store.path);
	for (size_t i = 0; result == 0 && i < names.list.count; i++) {
		char line[SPEC_NAME_MAX + 2];
		int length = snprintf(line, sizeof(line), "%s\n", names.list.rows[i]);

		result = file_write(1, line, (size_t)length);
		if (result < 0)
			(void)error_set(error, result, "cannot write to standard output");
	}
	arena_free(&names.memory);
	return result;
}

/* Nobody can begin to use it while the store is locked; who uses it has its folder locked. */
static int remove_one(struct store *store, const char *name, struct error *error)
{
	int folder = store->folders[STORE_VOLUMES];
	FD int fd = -1;
	int result;

	if (!values_is_name(name))
		return error_set(error, 0, "'%.80s' is no volume's name", name);
	fd = folder < 0
		     ? -ENOENT
		     : sys_openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd == -ENOENT)
		return error_hint(error, error_set(error, 0, "there is no volume '%s'", name),
				  "'sv volume ls' lists them");
	result = fd < 0 ? fd : sys_flock(fd, LOCK_EX | LOCK_NB);
	if (result == -EWOULDBLOCK)
		return error_set(error, 0, "volume '%s' is in use by a container", name);
	if (result == 0)
		result = store_remove_tree(folder, name);
	return result < 0 ? error_set(error, result, "cannot remove volume '%s'", name) : 0;
}

static int remove_all(struct store_verb *verb, struct error *error)
{
	if (store_lock(&verb->store, LOCK_EX, error) < 0)
		return -1;
	for (int i = 0; i < verb->count && !error_is_set(error); i++)
		(void)remove_one(&verb->store, verb->words[i], error);
	store_unlock(&verb->store);
	return error_is_set(error) ? -1 : 0;
}

int verb_volume(int argc, char *const argv[])
{
	static struct error error;
	static const struct {
		const char *name, *usage;
		int least, most;
		int (*run)(struct store_verb *verb, struct error *error);
	} rows[] = {
		{ "ls", "sv volume ls [--root DIR]", 0, 0, list },
		{ "rm", "sv volume rm [--root DIR] NAME...", 1, -1, remove_all },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_verb verb = { .name = rows[i].name,
					   .usage = rows[i].usage,
					   .least = rows[i].least,
					   .most = rows[i].most };

		if (strcmp(argv[1], rows[i].name) != 0)
			continue;
		if (store_verb_begin(&verb, argc - 1, argv + 1, &error) == 0)
			(void)rows[i].run(&verb, &error);
		store_verb_end(&verb);
		return error_is_set(&error) ? error_print(&error) : 0;
	}
	(void)error_hint(&error,
			 error_set(&error, 0, "volume: %s%.80s",
				   argc > 1 ? "unknown word " : "a word is missing",
				   argc > 1 ? argv[1] : ""),
			 "sv volume ls, sv volume rm NAME...");
	return error_print(&error);
}
