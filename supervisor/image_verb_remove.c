/* SPDX-License-Identifier: MIT */
/* `sv image rm NAME...` and `sv gc`: both end with removing layers that nothing refers to. */
#include "verbs.h"

#include "../init/lib/sys.h"
#include "collect.h"
#include "container.h"
#include "image.h"
#include "progress.h"
#include "store_verb.h"

#include <stdio.h>
#include <string.h>

/* The name goes under the lock, so that no run has found it and not yet written down that it uses it. */
static int remove_locked(struct store *store, const char *word, struct error *error)
{
	char name[IMAGE_NAME_SIZE], user[256] = "";
	int result = image_resolve(store, word, name, error);

	if (result == 0)
		result = collect_find_user(store, name, user, error);
	if (result < 0)
		return result;
	if (user[0] != '\0')
		return error_hint(error,
				  error_set(error, 0, "image '%s' is in use by container '%.100s'",
					    name, user),
				  "end it, or remove it with 'sv rm %.100s'", user);
	result = sys_unlinkat(store->folders[STORE_IMAGES], name, 0);
	if (result == 0)
		result = sys_fsync(store->folders[STORE_IMAGES]);
	return result < 0 ? error_set(error, result, "cannot remove image '%s'", name) : 0;
}

static int remove_image(struct store *store, const char *word, struct error *error)
{
	int result = store_lock(store, LOCK_EX, error);

	if (result < 0)
		return result;
	result = remove_locked(store, word, error);
	store_unlock(store);
	return result;
}

/* The images before the first that can't be removed are gone, and so are their layers. */
int verb_image_rm(int argc, char *const argv[])
{
	struct store_verb verb = { .name = "image rm",
				   .usage = "sv image rm [--root DIR] NAME...",
				   .least = 1,
				   .most = -1 };
	struct error error = { 0 };
	struct collected collected;
	int result = store_verb_begin(&verb, argc, argv, &error), done = 0;

	if (result == 0)
		(void)container_collect(&verb.store); /* dead ones use nothing */
	for (; result == 0 && done < verb.count; done += result == 0)
		result = remove_image(&verb.store, verb.words[done], &error);
	if (done > 0)
		(void)collect_layers(&verb.store, &collected, &error);
	store_verb_end(&verb);
	return error_is_set(&error) ? error_print(&error) : 0;
}

int verb_gc(int argc, char *const argv[])
{
	struct store_verb verb = { .name = "gc", .usage = "sv gc [--root DIR]" };
	struct error error = { 0 };
	struct collected collected = { 0 };
	char size[PROGRESS_SIZE], path[STORE_PATH_MAX];
	int result = store_verb_begin(&verb, argc, argv, &error);

	/* what isn't there isn't made: `makes` is for the store that is, to have tmp/ looked through */
	if (result == 0 && verb.store.root >= 0) {
		memcpy(path, verb.store.path, sizeof(path));
		store_close(&verb.store);
		result = store_open(&verb.store, path, true, &error);
		if (result == 0) {
			(void)container_collect(&verb.store); /* dead ones use nothing */
			result = collect_layers(&verb.store, &collected, &error);
		}
	}
	store_verb_end(&verb);
	if (result == 0 &&
	    (printf("removed %llu layers, %s\n", (unsigned long long)collected.layers,
		    progress_size(size, collected.bytes)) < 0 ||
	     fflush(stdout) != 0))
		result = error_set(&error, -EIO, "cannot write to standard output");
	return result < 0 ? error_print(&error) : 0;
}
