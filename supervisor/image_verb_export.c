/* SPDX-License-Identifier: MIT */
/* `sv image export NAME [FILE]`: the image's layers, merged, as one archive. */
#include "verbs.h"

#include "../init/lib/fd.h"
#include "file.h"
#include "image_import.h"
#include "layer.h"
#include "store_verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct output {
	int fd, signals;
	char *buffer;
	size_t used;
};
#define BUFFER_SIZE ((size_t)64 << 10)

static int flush(struct output *output, struct error *error)
{
	struct pollfd wait = { .fd = output->signals, .events = POLLIN };
	int result;

	if (sys_poll(&wait, 1, 0) > 0)
		return error_set(error, -EINTR, "the export was interrupted");
	result = file_write(output->fd, output->buffer, output->used);
	output->used = 0;
	return result < 0 ? error_set(error, result, "cannot write the archive") : 0;
}

static int write_piece(void *context, const char *bytes, size_t size, struct error *error)
{
	struct output *output = context;

	while (size > 0) {
		size_t room = BUFFER_SIZE - output->used, take = size < room ? size : room;

		memcpy(output->buffer + output->used, bytes, take);
		output->used += take;
		bytes += take;
		size -= take;
		if (output->used == BUFFER_SIZE && flush(output, error) < 0)
			return -1;
	}
	return 0;
}

static int write_archive(const struct image *image, int fd, struct error *error)
{
	sys_sigset set = image_import_signals();
	FD int signals = sys_signalfd4(-1, &set, O_NONBLOCK | O_CLOEXEC);
	struct output output = { .fd = fd, .signals = signals, .buffer = malloc(BUFFER_SIZE) };
	const struct tar_output to = { .context = &output, .write = write_piece };
	size_t count = image->layers.count;
	int *roots = calloc(count + 1, sizeof(*roots));
	const struct tar_tree tree = { .roots = roots, .count = count };
	int result;

	for (size_t i = 0; i < count && roots != NULL; i++)
		roots[i] = image->layers.rows[count - 1 - i].fs;
	if (roots == NULL || output.buffer == NULL || signals < 0)
		result = error_set(error, signals < 0 ? signals : -ENOMEM, "cannot export");
	else if (count == 0)
		result = error_set(error, 0, "image '%s' has no layers", image->name);
	else
		result = tar_write(&tree, &to, error);
	if (result == 0)
		result = flush(&output, error);
	free(roots);
	free(output.buffer);
	return result;
}

/* A new file, which is removed again unless all of it could be written. */
static int write_file(const struct image *image, const char *path, struct error *error)
{
	FD int fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int result;

	if (fd == -EEXIST)
		return error_hint(error, error_set(error, fd, "cannot make '%.200s'", path),
				  "remove it first");
	if (fd < 0)
		return error_set(error, fd, "cannot make '%.200s'", path);
	result = write_archive(image, fd, error);
	if (result < 0)
		(void)sys_unlinkat(AT_FDCWD, path, 0);
	return result;
}

/* A store that can't be written to needs no holding: nobody can remove anything. */
static int find_and_hold(struct store *store, const char *word, struct store_work *work,
			 struct image *image, struct error *error)
{
	struct error read_only = { 0 };
	int result;

	if (store_work_begin(store, work, &read_only) < 0 && read_only.number != EROFS) {
		*error = read_only;
		return -1;
	}
	result = store_lock(store, LOCK_SH, error);
	if (result == 0)
		result = image_find(store, word, image, error);
	if (result == 0 && work->fd >= 0) {
		result = layer_hold_image(work, image);
		if (result < 0)
			(void)error_set(error, result, "cannot hold image '%s'", image->name);
	}
	store_unlock(store);
	return result;
}

static int export_image(struct store_verb *verb, struct error *error)
{
	const char *path = verb->count > 1 ? verb->words[1] : "-";
	bool to_stdout = strcmp(path, "-") == 0;
	struct store_work work = { .fd = -1 };
	struct image image;
	int result;

	if (to_stdout && isatty(STDOUT_FILENO) == 1)
		return error_hint(error,
				  error_set(error, 0, "an archive is nothing for a terminal"),
				  "name a FILE, or redirect it");
	image_init(&image);
	if (verb->store.root < 0)
		result = image_find(&verb->store, verb->words[0], &image, error);
	else
		result = find_and_hold(&verb->store, verb->words[0], &work, &image, error);
	if (result == 0)
		result = to_stdout ? write_archive(&image, STDOUT_FILENO, error)
				   : write_file(&image, path, error);
	store_work_end(&verb->store, &work);
	image_free(&image);
	return result;
}

int verb_image_export(int argc, char *const argv[])
{
	struct store_verb verb = { .name = "image export",
				   .usage = "sv image export [--root DIR] NAME [FILE]",
				   .least = 1,
				   .most = 2 };
	sys_sigset signals = image_import_signals() | sys_sigbit(SIGPIPE), previous;
	struct error error = { 0 };
	int result;

	(void)sys_rt_sigprocmask(SIG_BLOCK, &signals, &previous);
	result = store_verb_begin(&verb, argc, argv, &error);
	if (result == 0)
		result = export_image(&verb, &error);
	store_verb_end(&verb);
	(void)sys_rt_sigprocmask(SIG_SETMASK, &previous, NULL);
	return result < 0 ? error_print(&error) : 0;
}
