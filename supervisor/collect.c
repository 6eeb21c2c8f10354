/* SPDX-License-Identifier: MIT */
/* See collect.h. */
#include "collect.h"

#include "../init/lib/fd.h"
#include "arena.h"
#include "file.h"
#include "image.h"
#include "part.h"

#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)1 << 20)

/* The lines "KEY VALUE" of a folder's files, each in turn. */
struct lines {
	struct arena memory;
	int folder;
	bool in_folders; /* NAME/image instead of NAME */
	int (*each)(void *context, const char *name, struct part key, struct part value);
	void *context;
	char failed[256];
};

static int read_lines(void *context, const char *name)
{
	struct lines *lines = context;
	char path[300], *text = NULL;
	struct part rest, line, key;
	FD int fd = -1;
	ssize_t size;
	int result = 0;

	(void)snprintf(path, sizeof(path), "%s%s", name, lines->in_folders ? "/image" : "");
	fd = sys_openat(lines->folder, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd == -ENOENT)
		return 0; /* one that is only being made */
	size = fd < 0 ? fd : file_read(&lines->memory, fd, TEXT_MAX, &text);
	if (size < 0) {
		(void)snprintf(lines->failed, sizeof(lines->failed), "%s", name);
		return (int)size;
	}
	rest = (struct part){ text, (size_t)size };
	while (result == 0 && part_next(&rest, '\n', &line))
		if (part_next(&line, ' ', &key) && line.text != NULL)
			result = lines->each(lines->context, name, key, line);
	return result;
}

/* Goes through all that can refer to something. */
static int each_line(const struct store *store, const enum store_folder *folders, size_t count,
		     struct lines *lines, struct error *error)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		lines->folder = store->folders[folders[i]];
		lines->in_folders = folders[i] != STORE_IMAGES;
		result = store_each(lines->folder, read_lines, lines);
	}
	if (result < 0)
		return error_set(error, result, "cannot tell what '%s' in the store refers to",
				 lines->failed);
	return 0;
}

/* --- users ---------------------------------------------------------------------------------------------------------- */

struct user_search {
	const char *image;
	char *user;
};

static int compare_image(void *context, const char *name, struct part key, struct part value)
{
	struct user_search *search = context;

	if (part_is(key, "image") && part_is(value, search->image))
		(void)snprintf(search->user, 256, "%s", name);
	return 0;
}

int collect_find_user(const struct store *store, const char *image, char user[256],
		      struct error *error)
{
	static const enum store_folder folders[] = { STORE_CONTAINERS };
	struct user_search search = { .image = image, .user = user };
	struct lines lines = { .each = compare_image, .context = &search };
	int result;

	user[0] = '\0';
	result = each_line(store, folders, 1, &lines, error);
	arena_free(&lines.memory);
	return result;
}

/* --- layers --------------------------------------------------------------------------------------------------------- */

struct hex {
	char text[STORE_HEX_SIZE];
};

struct sweep {
	struct arena memory;
	struct {
		struct hex *rows;
		size_t count;
	} used;
	const struct store *store;
	const struct store_work *work;
	struct collected *collected;
};

static int add_used(void *context, const char *name, struct part key, struct part value)
{
	struct sweep *sweep = context;
	struct hex *row;

	(void)name;
	if (!part_is(key, "layer") || value.length != STORE_HEX_SIZE - 1)
		return 0;
	row = ARENA_APPEND(&sweep->memory, &sweep->used);
	if (row == NULL)
		return -ENOMEM;
	memcpy(row->text, value.text, STORE_HEX_SIZE - 1);
	return 0;
}

static int sweep_layer(void *context, const char *name)
{
	struct sweep *sweep = context;
	int layers = sweep->store->folders[STORE_LAYERS];
	int result;

	for (size_t i = 0; i < sweep->used.count; i++)
		if (strcmp(sweep->used.rows[i].text, name) == 0)
			return 0;
	sweep->collected->bytes += image_layer_size(layers, name);
	sweep->collected->layers++;
	result = sys_renameat2(layers, name, sweep->work->fd, name, RENAME_NOREPLACE);
	return result;
}

/* Out of the folder under the lock; removed when others may go on. */
int collect_layers(struct store *store, struct collected *collected, struct error *error)
{
	static const enum store_folder folders[] = { STORE_IMAGES, STORE_CONTAINERS, STORE_TMP };
	struct sweep sweep = { .store = store, .collected = collected };
	struct lines lines = { .each = add_used, .context = &sweep };
	struct store_work work;
	int result;

	*collected = (struct collected){ 0 };
	if (store_work_begin(store, &work, error) < 0)
		return -1;
	sweep.work = &work;
	result = store_lock(store, LOCK_EX, error);
	if (result == 0)
		result = each_line(store, folders, sizeof(folders) / sizeof(folders[0]), &lines,
				   error);
	if (result == 0)
		result = store_each(store->folders[STORE_LAYERS], sweep_layer, &sweep);
	store_unlock(store);
	arena_free(&lines.memory);
	arena_free(&sweep.memory);
	store_work_end(store, &work);
	return result < 0 ? error_set(error, result, "cannot remove layers from the store") : 0;
}
