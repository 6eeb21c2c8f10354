/* SPDX-License-Identifier: MIT */
/* `sv image ls` and `sv image inspect NAME`. */
#include "verbs.h"

#include "collect.h"
#include "image.h"
#include "print_text.h"
#include "progress.h"
#include "store_verb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int end_output(struct error *error)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return error_set(error, -EIO, "cannot write to standard output");
	return 0;
}

static uint64_t size_of(const struct store *store, const struct image *image)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < image->layers.count; i++)
		sum += image_layer_size(store->folders[STORE_LAYERS], image->layers.rows[i].hex);
	return sum;
}

static int finish(struct store_verb *verb, int result, struct error *error)
{
	if (result == 0)
		result = end_output(error);
	store_verb_end(verb);
	return result < 0 ? error_print(error) : 0;
}

/* --- ls ------------------------------------------------------------------------------------------------------------- */

struct names {
	struct arena memory;
	struct image_words list;
};

static int add_name(void *context, const char *name)
{
	struct names *names = context;
	const char **row = ARENA_APPEND(&names->memory, &names->list);

	if (row != NULL)
		*row = arena_copy(&names->memory, name, strlen(name));
	return row != NULL && *row != NULL ? 0 : -ENOMEM;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One that can't be read is listed as such: it is there, and can be removed. */
static void print_row(const struct store *store, const char *name, int width)
{
	char size[PROGRESS_SIZE];
	const char *created = "";
	struct image image;

	image_init(&image);
	if (image_read(store, name, &image) == 0) {
		(void)printf("%-*s  %.12s  %6zu  %9s  ", width, name, image.digest,
			     image.layers.count, progress_size(size, size_of(store, &image)));
		created = image.created != NULL ? image.created : "";
	} else {
		(void)printf("%-*s  (unreadable)", width, name);
	}
	print_text(stdout, created);
	(void)putchar('\n');
	image_free(&image);
}

static int list(const struct store *store, struct error *error)
{
	struct names names = { .list = { NULL, 0 } };
	int result = store_each(store->folders[STORE_IMAGES], add_name, &names), width = 4;

	if (result == 0 && names.list.count > 0) {
		qsort((void *)names.list.rows, names.list.count, sizeof(names.list.rows[0]),
		      compare);
		for (size_t i = 0; i < names.list.count; i++)
			if ((int)strlen(names.list.rows[i]) > width)
				width = (int)strlen(names.list.rows[i]);
		(void)printf("%-*s  %-12s  LAYERS  %9s  CREATED\n", width, "NAME", "DIGEST",
			     "SIZE");
		for (size_t i = 0; i < names.list.count; i++)
			print_row(store, names.list.rows[i], width);
	}
	arena_free(&names.memory);
	return result < 0 ? error_set(error, result, "cannot list the store '%s'", store->path) : 0;
}

int verb_image_ls(int argc, char *const argv[])
{
	struct store_verb verb = { .name = "image ls", .usage = "sv image ls [--root DIR]" };
	struct error error = { 0 };
	int result = store_verb_begin(&verb, argc, argv, &error);

	if (result == 0)
		result = list(&verb.store, &error);
	return finish(&verb, result, &error);
}

/* --- inspect -------------------------------------------------------------------------------------------------------- */

static void print_word(const char *key, const char *word)
{
	if (word == NULL)
		return;
	(void)printf("%s ", key);
	print_text(stdout, word);
	(void)putchar('\n');
}

static void print_words(const char *key, const struct image_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		print_word(key, words->rows[i]);
}

static void print_image(const struct store *store, const struct image *image)
{
	const struct image_config *config = &image->config;

	(void)printf("name %s\ndigest sha256:%s\nsize %llu\n", image->name, image->digest,
		     (unsigned long long)size_of(store, image));
	print_word("created", image->created);
	for (size_t i = 0; i < image->layers.count; i++)
		(void)printf("layer %s %llu\n", image->layers.rows[i].hex,
			     (unsigned long long)image->layers.rows[i].size);
	print_words("entrypoint", &config->entrypoint);
	print_words("command", &config->command);
	print_words("env", &config->env);
	print_words("expose", &config->expose);
	print_words("volume", &config->volumes);
	print_words("label", &config->labels);
	print_word("user", config->user);
	print_word("workdir", config->workdir);
	print_word("stop-signal", config->stop_signal);
}

static int inspect(struct store *store, const char *word, struct error *error)
{
	char user[256] = "";
	struct image image;
	int result = store_lock(store, LOCK_SH, error);

	image_init(&image);
	if (result == 0)
		result = image_find(store, word, &image, error);
	if (result == 0)
		result = collect_find_user(store, image.name, user, error);
	store_unlock(store);
	if (result == 0)
		print_image(store, &image);
	if (result == 0 && user[0] != '\0')
		(void)printf("used-by %s\n", user);
	image_free(&image);
	return result;
}

int verb_image_inspect(int argc, char *const argv[])
{
	struct store_verb verb = { .name = "image inspect",
				   .usage = "sv image inspect [--root DIR] NAME",
				   .least = 1,
				   .most = 1 };
	struct error error = { 0 };
	int result = store_verb_begin(&verb, argc, argv, &error);

	if (result == 0)
		result = inspect(&verb.store, verb.words[0], &error);
	return finish(&verb, result, &error);
}
