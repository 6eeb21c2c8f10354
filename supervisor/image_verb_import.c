/* SPDX-License-Identifier: MIT */
/* `sv image import NAME SOURCE`. */
#include "verbs.h"

#include "image_import.h"
#include "progress.h"
#include "store_verb.h"

#include <stdio.h>
#include <string.h>

/* What isn't as the source has it is said. */
static void say_losses(const struct image_import *import)
{
	if (import->left_out_devices > 0)
		error_say("%llu device nodes were left out; hint: --devices makes them",
			  (unsigned long long)import->left_out_devices);
	if (import->changed_owners > 0)
		error_say(
			"%llu files are root's now, since there are no such ids here; hint: a user has those of /etc/subuid and /etc/subgid, with newuidmap installed",
			(unsigned long long)import->changed_owners);
	if (import->lost_attributes > 0)
		error_say(
			"%llu extended attributes were left out: the store's file system, or this user, can't have them",
			(unsigned long long)import->lost_attributes);
}

static int say_done(const struct store *store, const struct image *image, struct error *error)
{
	uint64_t sum = 0;
	char size[PROGRESS_SIZE];

	for (size_t i = 0; i < image->layers.count; i++)
		sum += image_layer_size(store->folders[STORE_LAYERS], image->layers.rows[i].hex);
	if (printf("%s  %.12s  %zu layer%s  %s\n", image->name, image->digest, image->layers.count,
		   image->layers.count == 1 ? "" : "s", progress_size(size, sum)) < 0 ||
	    fflush(stdout) != 0)
		return error_set(error, -EIO, "cannot write to standard output");
	return 0;
}

static int import_as(struct store_verb *verb, struct store_work *work, struct image *image,
		     struct error *error)
{
	struct progress progress;
	struct image_import import = { .store = &verb->store,
				       .work = work,
				       .source = verb->words[1],
				       .which = image->name,
				       .devices = verb->has_flag,
				       .progress = progress_step,
				       .progress_context = &progress };
	struct error why = { .number = 0 };
	int result;

	progress_begin(&progress, image->name);
	result = image_import(&import, image, &why);
	progress_end(&progress);
	/* What an errno describes names its object itself; the rest is about the source. */
	if (result < 0)
		return error_hint(error,
				  why.number != 0
					  ? error_set(error, -why.number, "%s", why.text)
					  : error_set(error, 0, "cannot import '%.200s': %s",
						      import.source, why.text),
				  "%s", why.hint);
	result = image_write(&verb->store, work, image, error);
	if (result == 0)
		say_losses(&import);
	return result == 0 ? say_done(&verb->store, image, error) : result;
}

static int import_named(struct store_verb *verb, struct error *error)
{
	struct store_work work;
	struct image image;
	int result;

	image_init(&image);
	if (image_name(image.name, verb->words[0], error) < 0 ||
	    store_work_begin(&verb->store, &work, error) < 0)
		return -1;
	result = import_as(verb, &work, &image, error);
	store_work_end(&verb->store, &work);
	image_free(&image);
	return result;
}

int verb_image_import(int argc, char *const argv[])
{
	struct store_verb verb = { .name = "image import",
				   .usage = "sv image import [--root DIR] [--devices] NAME SOURCE",
				   .flag = "--devices",
				   .least = 2,
				   .most = 2,
				   .makes = true };
	sys_sigset signals = image_import_signals(), previous;
	struct error error = { 0 };
	int result;

	/* so that all is unmade before one of them ends this */
	(void)sys_rt_sigprocmask(SIG_BLOCK, &signals, &previous);
	result = store_verb_begin(&verb, argc, argv, &error);
	if (result == 0)
		result = import_named(&verb, &error);
	store_verb_end(&verb);
	(void)sys_rt_sigprocmask(SIG_SETMASK, &previous, NULL);
	return result < 0 ? error_print(&error) : 0;
}
