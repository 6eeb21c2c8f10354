/* SPDX-License-Identifier: MIT */
/* See layer.h. */
#include "layer.h"

#include "../init/lib/fd.h"
#include "file.h"

#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

#define NO_DEVICES "devices no\n" /* in the file `layer`: it has some, which were left out */

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static int fail(int number, struct error *error)
{
	int result = error_set(error, number, "cannot write to the store");

	if (number == -ENOSPC || number == -EDQUOT)
		return error_hint(error, result,
				  "make room, or name another store with --root DIR");
	return result;
}

int layer_begin(struct layer *layer, struct store_work *work, bool devices, struct error *error)
{
	int result = store_remove_tree(work->fd, LAYER_NAME);

	memset(layer, 0, sizeof(*layer));
	layer->work = work;
	layer->folder = layer->fs = layer->signals = -1;
	sha256_begin(&layer->hash);
	layer->sink = unpack_sink;
	layer->sink.context = &layer->unpack;
	tar_begin(&layer->reader, &layer->sink);
	unpack_begin(&layer->unpack);
	if (result == 0)
		result = sys_mkdirat(work->fd, LAYER_NAME, 0700);
	if (result == 0)
		result = layer->folder = sys_openat(work->fd, LAYER_NAME, DIRECTORY, 0);
	if (result >= 0)
		result = sys_mkdirat(layer->folder, "fs", 0755);
	if (result == 0)
		result = layer->fs = sys_openat(layer->folder, "fs", DIRECTORY, 0);
	/* whatever the umask: this is "/" of a container, where the archive doesn't say how it is to be */
	if (result >= 0)
		result = sys_fchmod(layer->fs, 0755);
	layer->unpack.root = layer->fs;
	layer->unpack.devices = devices;
	layer->unpack.user_xattrs = store_is_users();
	layer->unpack.id_limit = UINT32_MAX;
	return result < 0 ? fail(result, error) : 0;
}

int layer_feed(struct layer *layer, const char *bytes, size_t size, struct error *error)
{
	sha256_add(&layer->hash, bytes, size);
	layer->size += size;
	return tar_feed(&layer->reader, bytes, size, error);
}

int layer_finish(struct layer *layer, const char *wanted, char hex[STORE_HEX_SIZE],
		 struct error *error)
{
	char text[64];
	FD int file = -1;
	int length = snprintf(text, sizeof(text), "size %llu\n%s", (unsigned long long)layer->size,
			      layer->unpack.left_out_devices > 0 ? NO_DEVICES : "");
	int result;

	sha256_end(&layer->hash, hex);
	if (tar_end(&layer->reader, wanted != NULL, error) < 0)
		return -1;
	if (wanted != NULL && strcmp(wanted, hex) != 0)
		return error_hint(error,
				  error_set(error, 0,
					    "a layer's digest is %.12s... and should be %.12s...",
					    hex, wanted),
				  "it is damaged: get it once more");
	if (unpack_end(&layer->unpack, error) < 0)
		return -1;
	file = sys_openat(layer->folder, "layer", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	result = file < 0 ? file : file_write(file, text, (size_t)length);
	if (result == 0)
		result = sys_renameat2(layer->work->fd, LAYER_NAME, layer->work->fd, hex,
				       RENAME_NOREPLACE);
	/* the same once more: that one will do */
	return result < 0 && result != -EEXIST ? fail(result, error) : 0;
}

void layer_end(struct layer *layer)
{
	tar_free(&layer->reader);
	unpack_free(&layer->unpack);
	fd_close(&layer->fs);
	fd_close(&layer->folder);
}

static int feed_piece(void *context, const char *bytes, size_t size, struct error *error)
{
	const struct layer *layer = context;
	struct pollfd wait = { .fd = layer->signals, .events = POLLIN };

	if (layer->signals >= 0 && sys_poll(&wait, 1, 0) > 0)
		return error_set(error, -EINTR, "the import was interrupted");
	return layer_feed(context, bytes, size, error);
}

int layer_feed_tree(struct layer *layer, const struct tar_tree *tree, struct error *error)
{
	const struct tar_output output = { .context = layer, .write = feed_piece };

	return tar_write(tree, &output, error);
}

/* --- into the store ------------------------------------------------------------------------------------------------- */

/* The file `image` of the work directory is what gc looks into. */
static int write_hold(const struct store_work *work, const char *hex)
{
	FD int fd = sys_openat(work->fd, "image",
			       O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	char line[STORE_HEX_SIZE + 8];
	int length = snprintf(line, sizeof(line), "layer %s\n", hex);

	return fd < 0 ? fd : file_write(fd, line, (size_t)length);
}

/* One that came without its devices is not the one that is wanted with them, though it has the same digest. */
static int has_layer(const struct store *store, const char *hex, bool devices, struct error *error)
{
	char path[STORE_HEX_SIZE + 8], text[128] = "";
	FD int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/layer", hex);
	fd = sys_openat(store->folders[STORE_LAYERS], path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fail(fd, error);
	if (devices && sys_read(fd, text, sizeof(text) - 1) > 0 && strstr(text, NO_DEVICES) != NULL)
		return error_hint(
			error,
			error_set(error, 0,
				  "the store has layer %.12s already, without its devices", hex),
			"remove the images that use it first");
	return 1;
}

int layer_hold(struct store *store, struct store_work *work, const char *hex, bool devices,
	       struct error *error)
{
	int result;

	if (store_lock(store, LOCK_EX, error) < 0)
		return -1;
	result = has_layer(store, hex, devices, error);
	if (result > 0) {
		result = write_hold(work, hex);
		result = result < 0 ? fail(result, error) : 1;
	}
	store_unlock(store);
	return result;
}

int layer_hold_image(const struct store_work *work, const struct image *image)
{
	int result = 0;

	for (size_t i = 0; i < image->layers.count && result == 0; i++)
		result = write_hold(work, image->layers.rows[i].hex);
	return result;
}

static int commit_one(const struct store *store, const struct store_work *work, const char *hex,
		      bool devices, struct error *error)
{
	int result = write_hold(work, hex), found;

	if (result < 0)
		return fail(result, error);
	found = has_layer(store, hex, devices, error);
	if (found != 0)
		return found < 0 ? -1 : 0;
	result = sys_renameat2(work->fd, hex, store->folders[STORE_LAYERS], hex, RENAME_NOREPLACE);
	return result < 0 ? fail(result, error) : 0;
}

int layer_commit(struct store *store, struct store_work *work, const struct image *image,
		 bool devices, struct error *error)
{
	/* all at once: a call for each of thousands of files would take minutes on a disk */
	int result = sys_syncfs(work->fd);

	if (result < 0)
		return fail(result, error);
	if (store_lock(store, LOCK_EX, error) < 0)
		return -1;
	for (size_t i = 0; i < image->layers.count && result == 0; i++)
		result = commit_one(store, work, image->layers.rows[i].hex, devices, error);
	if (result == 0) {
		result = sys_fsync(store->folders[STORE_LAYERS]);
		result = result < 0 ? fail(result, error) : 0;
	}
	store_unlock(store);
	return result;
}

int layer_add(struct image *image, const char *hex, struct error *error)
{
	struct image_layers *layers = &image->layers;
	struct image_layer *row;
	size_t kept = 0;

	for (size_t i = 0; i < layers->count; i++) {
		if (strcmp(layers->rows[i].hex, hex) == 0)
			fd_close(&layers->rows[i].fs);
		else
			layers->rows[kept++] = layers->rows[i];
	}
	if (kept < layers->count) {
		layers->count = kept + 1;
		row = &layers->rows[kept];
	} else if (layers->count >= IMAGE_LAYERS_MAX) {
		return error_set(error, 0, "the image has more than %d layers", IMAGE_LAYERS_MAX);
	} else {
		row = ARENA_APPEND(&image->memory, layers);
	}
	if (row == NULL)
		return error_set(error, -ENOMEM, "cannot read the image");
	memset(row, 0, sizeof(*row));
	row->fs = -1;
	(void)snprintf(row->hex, sizeof(row->hex), "%s", hex);
	return 0;
}

int layer_add_upper(struct store *store, struct store_work *work, int upper, struct image *image,
		    struct error *error)
{
	const struct tar_tree tree = { .roots = &upper, .count = 1, .as_layer = true };
	char hex[STORE_HEX_SIZE];
	struct layer layer;
	int result = layer_begin(&layer, work, true, error);

	if (result == 0)
		result = layer_feed_tree(&layer, &tree, error);
	if (result == 0)
		result = layer_finish(&layer, NULL, hex, error);
	if (result == 0 && layer.unpack.entries > 1)
		result = layer_add(image, hex, error);
	layer_end(&layer);
	return result < 0 ? -1 : layer_commit(store, work, image, true, error);
}
