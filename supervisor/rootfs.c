/* SPDX-License-Identifier: MIT */
/* See rootfs.h. */
#include "rootfs.h"

#include "../init/lib/fd.h"
#include "../init/lib/signals.h"
#include "environment.h"
#include "image_import.h"
#include "loop.h"
#include "overlay.h"
#include "progress.h"
#include "tree.h"
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rootfs_init(struct rootfs *rootfs)
{
	rootfs->lower = rootfs->container.fd = -1;
	image_init(&rootfs->image);
}

void rootfs_remember_user(struct rootfs *rootfs, const struct spec *spec)
{
	struct error ignored = { .number = 0 };

	if (spec->store_root == NULL && store_default_root(rootfs->user_store, &ignored) < 0)
		rootfs->user_store[0] = '\0';
}

static const char *store_path(const struct rootfs *rootfs, const struct spec *spec)
{
	if (spec->store_root != NULL)
		return spec->store_root;
	return rootfs->user_store[0] != '\0' ? rootfs->user_store : NULL;
}

static const char *store_folder(const struct rootfs *rootfs, const struct spec *spec)
{
	const char *store = store_path(rootfs, spec);

	return store != NULL ? store : "/var/lib/sv";
}

/* --- what the word means ----------------------------------------------------------------------------------------------- */

/* True when the store has an image of that name: one system call, asked beside each directory whose name could be an image's. */
static bool is_image(const struct rootfs *rootfs, const struct spec *spec, const char *word)
{
	char name[IMAGE_NAME_SIZE], path[STORE_PATH_MAX + IMAGE_NAME_SIZE + 16];
	struct error ignored = { .number = 0 };
	struct stat status;

	if (strchr(word, '/') != NULL || image_name(name, word, &ignored) < 0)
		return false;
	(void)snprintf(path, sizeof(path), "%s/images/%s", store_folder(rootfs, spec), name);
	return sys_fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A directory in place has no layer that a kept container of its name could go on with. */
static bool is_kept(const struct rootfs *rootfs, const struct spec *spec)
{
	char path[STORE_PATH_MAX + IMAGE_NAME_SIZE + 32];

	(void)snprintf(path, sizeof(path), "%s/containers/%s/image", store_folder(rootfs, spec),
		       spec->name);
	return container_is_kept_at(path);
}

static int refuse_both(const char *word, const char *kind, struct error *error)
{
	return error_hint(error,
			  error_set(error, 0, "'%s' is ambiguous: a %s here, and an image", word,
				    kind),
			  "./%s is the %s, %s:latest the image", word, kind, word);
}

/* --- the image's defaults ---------------------------------------------------------------------------------------------- */

static int append(struct spec *spec, struct spec_strings *list, const char *const *rows,
		  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char **row = ARENA_APPEND(&spec->arena, list);

		if (row == NULL)
			return -ENOMEM;
		*row = rows[i];
	}
	return 0;
}

static size_t count_words(const char *const *words)
{
	size_t count = 0;

	while (words != NULL && words[count] != NULL)
		count++;
	return count;
}

/*
 * As Docker has it: a command given replaces the image's, and goes behind its entry point; an entry point given replaces both.
 */
static int apply_command(struct spec *spec, const struct image_config *config)
{
	bool has_command = spec->command != NULL && spec->command[0] != NULL;
	struct spec_strings words = { NULL, 0 };
	const char *end = NULL;
	int result;

	if (spec->entrypoint != NULL)
		return 0;
	result = append(spec, &words, config->entrypoint.rows, config->entrypoint.count);
	if (result == 0 && has_command)
		result = append(spec, &words, spec->command, count_words(spec->command));
	else if (result == 0)
		result = append(spec, &words, config->command.rows, config->command.count);
	if (result == 0)
		result = append(spec, &words, &end, 1);
	spec->command = words.rows;
	return result;
}

static int apply_signal(struct spec *spec, const char *text, struct error *error)
{
	int signal = signals_parse(text, strlen(text));

	if (signal < 0)
		return error_hint(error,
				  error_set(error, 0,
					    "the image's stop signal '%.80s' is no signal", text),
				  "choose one with --stop-signal");
	spec->stop_signal = signal;
	return 0;
}

/* An image may say anything: it is checked as what the option says is. */
static int apply_workdir(const struct rootfs *rootfs, struct spec *spec, struct error *error)
{
	char where[sizeof(rootfs->what) + 16];
	struct value value = {
		.spec = spec,
		.where = where,
		.text = rootfs->image.config.workdir,
		.field = &spec->workdir,
		.error = error,
	};

	(void)snprintf(where, sizeof(where), "%s: its --workdir", rootfs->what);
	return values_set_target(&value);
}

/* Where nothing was asked for. What is put into the spec points into the image. */
static int apply_defaults(const struct rootfs *rootfs, struct spec *spec, struct error *error)
{
	const struct image_config *config = &rootfs->image.config;
	struct spec_strings env = { NULL, 0 };

	if (spec->user == NULL && config->user != NULL && config->user[0] != '\0')
		spec->user = config->user;
	if (spec->workdir == NULL && config->workdir != NULL && config->workdir[0] != '\0' &&
	    apply_workdir(rootfs, spec, error) < 0)
		return -1;
	if (spec->stop_signal == SPEC_UNSET && config->stop_signal != NULL &&
	    apply_signal(spec, config->stop_signal, error) < 0)
		return -1;
	if (append(spec, &env, config->env.rows, config->env.count) < 0 ||
	    append(spec, &env, spec->env.rows, spec->env.count) < 0 ||
	    apply_command(spec, config) < 0)
		return error_set(error, -ENOMEM, "cannot keep the image's defaults");
	spec->env = env;
	if (environment_unique(spec) < 0)
		return error_set(error, -ENOMEM, "cannot keep the environment");
	return 0;
}

/* --- layers ------------------------------------------------------------------------------------------------------------ */

/* --dry-run: what of the image has the users. */
static int open_top(const struct rootfs *rootfs, struct error *error)
{
	int folder = rootfs->store.folders[STORE_LAYERS], fd = -1;
	char path[STORE_HEX_SIZE + 16];
	struct stat status;

	for (size_t i = rootfs->image.layers.count; i-- > 0;) {
		(void)snprintf(path, sizeof(path), "%s/fs/etc/passwd",
			       rootfs->image.layers.rows[i].hex);
		if (i > 0 && sys_fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		path[STORE_HEX_SIZE - 1 + 3] = '\0'; /* HEX/fs */
		fd = sys_openat(folder, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
		break;
	}
	return fd < 0 ? error_set(error, fd, "cannot open a layer of %s", rootfs->what) : fd;
}

/* What the root directory looks like: the uppermost layer's. */
static int look_at_top(struct rootfs *rootfs, struct error *error)
{
	const struct image_layers *layers = &rootfs->image.layers;
	char path[STORE_HEX_SIZE + 4];
	int result;

	if (layers->count == 0)
		return error_set(error, 0, "%s has no layers: there is no command in it",
				 rootfs->what);
	(void)snprintf(path, sizeof(path), "%s/fs", layers->rows[layers->count - 1].hex);
	result = sys_fstatat(rootfs->store.folders[STORE_LAYERS], path, &rootfs->top,
			     AT_SYMLINK_NOFOLLOW);
	return result < 0 ? error_hint(error,
				       error_set(error, result, "%s lacks its layer %.12s",
						 rootfs->what, layers->rows[layers->count - 1].hex),
				       "import it again")
			  : 0;
}

/* --- the container ----------------------------------------------------------------------------------------------------- */

static bool is_same(const char *a, const char *b)
{
	return a == NULL ? b == NULL : b != NULL && strcmp(a, b) == 0;
}

/* What the folder has written down against what is to be run now. */
static int use_kept(struct rootfs *rootfs, const struct container *wanted, struct error *error)
{
	const struct container *kept = &rootfs->container;

	if (is_same(kept->directory, wanted->directory) && is_same(kept->file, wanted->file) &&
	    is_same(kept->image, wanted->image))
		return container_layers(&rootfs->container, &rootfs->image) < 0
			       ? error_set(error, -ENOMEM, "cannot use container '%s'", kept->name)
			       : 0;
	return error_hint(
		error,
		error_set(error, 0, "container '%s' is kept over another than this %s", kept->name,
			  rootfs->what),
		"run it with '%s', which it was made from, or without saying what; 'sv rm %s' removes it",
		kept->image != NULL       ? kept->image
		: kept->directory != NULL ? kept->directory
		: kept->file != NULL      ? kept->file
					  : "the archive",
		kept->name);
}

static int note_layers(struct container *container, const struct image *image)
{
	for (size_t i = 0; i < image->layers.count; i++) {
		const char **row = ARENA_APPEND(&container->memory, &container->layers);

		if (row == NULL)
			return -ENOMEM;
		*row = image->layers.rows[i].hex;
	}
	return 0;
}

/* Under the store's lock: the kept folder of that name, or a new one. */
static int take_container(struct rootfs *rootfs, const struct spec *spec, const char *name,
			  const struct container *below, struct error *error)
{
	struct container *container = &rootfs->container;
	int result;

	container->owns_name = true;
	result = container_find(container, &rootfs->store, name, error);
	if (result < 0)
		return result;
	if (result > 0)
		return use_kept(rootfs, below, error);
	container->is_kept = spec->keep;
	container->image = below->image;
	container->directory = below->directory;
	container->file = below->file;
	if (note_layers(container, &rootfs->image) < 0)
		return error_set(error, -ENOMEM, "cannot make container '%s'", name);
	return container_make(container, &rootfs->top, error);
}

/* --- each kind of root ------------------------------------------------------------------------------------------------- */

int rootfs_open_store(struct rootfs *rootfs, const struct spec *spec, struct error *error)
{
	return rootfs->store.root > 0 ? 0
				      : store_open(&rootfs->store, store_path(rootfs, spec),
						   !spec->dry_run, error);
}

/* Neither a file here nor an image: what was looked at. */
static int fail_missing(const struct rootfs *rootfs, const char *word, const struct error *why,
			struct error *error)
{
	return error_hint(
		error, error_set(error, -ENOENT, "cannot open rootfs '%s'", word),
		"there is no directory or file of that name here, and no image in '%s'; %s",
		rootfs->store.path, why->hint);
}

/* By its name, which is one file to read; else by its digest, or the message says what there is. */
static int read_image(struct rootfs *rootfs, const char *word, struct error *error)
{
	struct error why = { .number = 0 };
	char name[IMAGE_NAME_SIZE];
	int result = image_name(name, word, &why);

	if (result == 0 && image_read(&rootfs->store, name, &rootfs->image) == 0)
		return 0;
	image_free(&rootfs->image);
	why = (struct error){ .number = 0 };
	result = image_find(&rootfs->store, word, &rootfs->image, &why);
	if (result == -ENOENT)
		return fail_missing(rootfs, word, &why, error);
	if (result < 0)
		*error = why;
	return result;
}

static int use_image(struct rootfs *rootfs, struct spec *spec, const char *name,
		     struct error *error)
{
	const char *image = rootfs->image.name;
	struct container below = { .image = image[0] != '\0' ? image : NULL };

	if (image[0] != '\0')
		(void)snprintf(rootfs->what, sizeof(rootfs->what), "image '%s'", image);
	else
		(void)snprintf(rootfs->what, sizeof(rootfs->what), "archive '%.120s'",
			       spec->rootfs);
	if (look_at_top(rootfs, error) < 0 ||
	    (!spec->dry_run && take_container(rootfs, spec, name, &below, error) < 0))
		return -1;
	return apply_defaults(rootfs, spec, error);
}

/* Its image may be gone or another one by now; then it has no defaults. */
static int use_kept_image(struct rootfs *rootfs, struct spec *spec, struct error *error)
{
	const char *name = rootfs->container.image;

	if (name != NULL && image_read(&rootfs->store, name, &rootfs->image) < 0) {
		image_free(&rootfs->image);
		image_init(&rootfs->image);
	}
	(void)snprintf(rootfs->what, sizeof(rootfs->what), "image '%s'", name != NULL ? name : "");
	spec->rootfs = rootfs->what;
	if (container_layers(&rootfs->container, &rootfs->image) < 0)
		return error_set(error, -ENOMEM, "cannot use container '%s'",
				 rootfs->container.name);
	return look_at_top(rootfs, error) < 0 ? -1 : apply_defaults(rootfs, spec, error);
}

static int open_image(struct rootfs *rootfs, struct spec *spec, const char *name,
		      struct error *error)
{
	int result;

	if (rootfs_open_store(rootfs, spec, error) < 0 ||
	    store_lock(&rootfs->store, LOCK_SH, error) < 0)
		return -1;
	result = read_image(rootfs, spec->rootfs, error);
	if (result == 0)
		result = use_image(rootfs, spec, name, error);
	store_unlock(&rootfs->store);
	return result;
}

/* What the archive holds goes into the store, as of an image without a name: held by the work until the container holds it. */
static int import_archive(struct rootfs *rootfs, struct spec *spec, struct store_work *work,
			  const char *name, struct error *error)
{
	struct progress progress;
	struct image_import import = { .store = &rootfs->store,
				       .work = work,
				       .source = spec->rootfs,
				       .progress = progress_step,
				       .progress_context = &progress };
	struct error why = { .number = 0 };
	int result;

	progress_begin(&progress, spec->rootfs);
	result = image_import(&import, &rootfs->image, &why);
	progress_end(&progress);
	if (result < 0)
		return error_hint(error,
				  error_set(error, -why.number, "cannot open rootfs '%s': %s",
					    spec->rootfs, why.text),
				  "%s", why.hint);
	if (store_lock(&rootfs->store, LOCK_SH, error) < 0)
		return -1;
	result = use_image(rootfs, spec, name, error);
	store_unlock(&rootfs->store);
	return result;
}

static int open_archive(struct rootfs *rootfs, struct spec *spec, const char *name,
			struct error *error)
{
	struct store_work work;
	int result;

	if (spec->dry_run)
		return error_hint(error,
				  error_set(error, 0, "--dry-run can't look into archive '%s'",
					    spec->rootfs),
				  "sv image import makes an image of it");
	if (rootfs_open_store(rootfs, spec, error) < 0 ||
	    store_work_begin(&rootfs->store, &work, error) < 0)
		return -1;
	result = import_archive(rootfs, spec, &work, name, error);
	store_work_end(&rootfs->store, &work);
	return result;
}

/* The whole path, for the container's file; NULL where it can't be said in a line. */
static char *whole_path(const char *path, char real[STORE_PATH_MAX * 4])
{
	return realpath(path, real) != NULL && strchr(real, '\n') == NULL ? real : NULL;
}

/* A directory or file system that stays as it is: rootfs->lower. */
static int cover(struct rootfs *rootfs, struct spec *spec, const char *name, bool is_directory,
		 struct error *error)
{
	char real[STORE_PATH_MAX * 4];
	char *path = whole_path(spec->rootfs, real);
	struct container below = { .directory = is_directory ? path : NULL,
				   .file = is_directory ? NULL : path };
	int result = sys_fstat(rootfs->lower, &rootfs->top);

	if (result < 0)
		return error_set(error, result, "cannot look at '%s'", spec->rootfs);
	(void)snprintf(rootfs->what, sizeof(rootfs->what), "rootfs '%.120s'", spec->rootfs);
	if (spec->dry_run)
		return 0;
	if (rootfs_open_store(rootfs, spec, error) < 0 ||
	    store_lock(&rootfs->store, LOCK_SH, error) < 0)
		return -1;
	result = take_container(rootfs, spec, name, &below, error);
	store_unlock(&rootfs->store);
	/* the folder's text is written: `real` is no longer needed */
	rootfs->container.directory = rootfs->container.file = NULL;
	return result;
}

/* Where the command must be in the root tree itself; NULL where it is looked for, or may be in what is mounted there. */
static const char *command_in(const struct spec *spec)
{
	const char *command = spec->command != NULL ? spec->command[0] : NULL;

	return command != NULL && command[0] == '/' && strncmp(command, "/dev/", 5) != 0 &&
			       strncmp(command, "/proc/", 6) != 0 && spec->volumes.count == 0 &&
			       spec->tmpfs.count == 0
		       ? command
		       : NULL;
}

static int open_directory(struct rootfs *rootfs, struct spec *spec, const char *name,
			  int *directory, int *root, struct error *error)
{
	if (is_image(rootfs, spec, spec->rootfs))
		return refuse_both(spec->rootfs, "directory", error);
	if (spec->ephemeral) {
		rootfs->lower = fd_take(directory);
		return cover(rootfs, spec, name, true, error);
	}
	if (spec->keep)
		return error_hint(
			error, error_set(error, 0, "--keep: '%s' is a directory", spec->rootfs),
			"it is used in place and keeps everything; --ephemeral puts a layer over it");
	if (spec->name != NULL && is_kept(rootfs, spec))
		return error_hint(
			error,
			error_set(error, 0, "container '%s' is kept, over a layer of its own",
				  name),
			"--ephemeral goes on with it if it was made of this; 'sv rm %s' removes it",
			name);
	*root = tree_open_root(*directory, spec->rootfs, command_in(spec), !spec->dry_run,
			       spec->read_only, spec->privileged, error);
	return *root < 0 ? *root : 0;
}

static int open_file(struct rootfs *rootfs, struct spec *spec, const char *name,
		     struct error *error)
{
	enum loop_kind kind;
	FD int file = -1;

	if (is_image(rootfs, spec, spec->rootfs))
		return refuse_both(spec->rootfs, "file", error);
	file = sys_openat(AT_FDCWD, spec->rootfs, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	if (file < 0)
		return error_set(error, file, "cannot open rootfs '%s'", spec->rootfs);
	kind = loop_look(file);
	if (kind == LOOP_NONE)
		return open_archive(rootfs, spec, name, error);
	rootfs->lower = loop_mount(file, kind, spec->rootfs, error);
	rootfs->lower_is_mount = true;
	return rootfs->lower < 0 ? -1 : cover(rootfs, spec, name, false, error);
}

static int open_word(struct rootfs *rootfs, struct spec *spec, const char *name, int *root,
		     struct error *error)
{
	FD int directory = -1;

	if (strcmp(spec->rootfs, "-") == 0)
		return open_archive(rootfs, spec, name, error);
	directory = sys_openat(AT_FDCWD, spec->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (directory >= 0)
		return open_directory(rootfs, spec, name, &directory, root, error);
	rootfs->is_overlay = true;
	if (directory == -ENOTDIR)
		return open_file(rootfs, spec, name, error);
	if (directory != -ENOENT || strchr(spec->rootfs, '/') != NULL)
		return tree_fail_root(spec->rootfs, directory, error);
	return open_image(rootfs, spec, name, error);
}

/* Nothing but a name: the kept container's own words. */
static int open_kept(struct rootfs *rootfs, struct spec *spec, const char *name, int *root,
		     struct error *error)
{
	struct container *container = &rootfs->container;
	const char *word = NULL;
	int result = 0;

	if (rootfs_open_store(rootfs, spec, error) < 0 ||
	    store_lock(&rootfs->store, LOCK_SH, error) < 0)
		return -1;
	result = container_find(container, &rootfs->store, name, error);
	store_unlock(&rootfs->store);
	if (result <= 0)
		return result < 0
			       ? result
			       : error_hint(
					 error,
					 error_set(
						 error, 0,
						 "no ROOTFS is given, and no container '%s' is kept",
						 name),
					 "sv run [OPTION...] ROOTFS [--] [COMMAND [ARG...]]");
	if (container->layers.count > 0)
		return use_kept_image(rootfs, spec, error);
	word = container->directory != NULL ? container->directory : container->file;
	if (word == NULL)
		return error_set(error, 0, "it isn't written down what container '%s' is made of",
				 name);
	spec->rootfs = arena_copy(&spec->arena, word, strlen(word));
	spec->ephemeral = container->directory != NULL;
	(void)container_end(container, false);
	store_close(&rootfs->store);
	return spec->rootfs == NULL ? error_set(error, -ENOMEM, "cannot open container '%s'", name)
				    : open_word(rootfs, spec, name, root, error);
}

int rootfs_open(struct rootfs *rootfs, struct spec *spec, const char *name, int *root,
		struct error *error)
{
	int result = spec->rootfs == NULL ? open_kept(rootfs, spec, name, root, error)
					  : open_word(rootfs, spec, name, root, error);

	if (result < 0 || *root >= 0)
		return result;
	rootfs->is_overlay = true;
	if (!spec->dry_run)
		return 0;
	*root = rootfs->lower >= 0 ? fd_take(&rootfs->lower) : open_top(rootfs, error);
	return *root < 0 ? *root : 0;
}

/* --- the overlay ------------------------------------------------------------------------------------------------------- */

int rootfs_make(struct rootfs *rootfs, const struct spec *spec, const struct userns *userns,
		int namespace, struct error *error)
{
	struct arena arena = { .blocks = NULL };
	struct overlay overlay = {
		.what = rootfs->what,
		.lower = rootfs->lower >= 0 ? rootfs->lower : rootfs->store.folders[STORE_LAYERS],
		.is_mount = rootfs->lower_is_mount,
		.count = rootfs->container.layers.count,
		.folder = rootfs->container.fd,
		.userns = namespace,
		.uid = userns->uid,
		.gid = userns->gid,
		.user_attributes = !userns->is_wanted && store_is_users(),
		.is_volatile = !rootfs->container.is_kept,
		.allow_devices = spec->privileged,
	};
	int result;

	if (rootfs->lower < 0) {
		overlay.layers = container_layer_paths(&rootfs->container, &arena);
		if (overlay.layers == NULL)
			return error_set(error, -ENOMEM, "cannot make an overlay");
	}
	result = overlay_make(&overlay, &rootfs->helper, error);
	arena_free(&arena);
	fd_close(&rootfs->lower);
	return result;
}

void rootfs_started(struct rootfs *rootfs)
{
	overlay_reap(&rootfs->helper);
	if (rootfs->is_overlay)
		(void)container_collect(&rootfs->store);
}

int rootfs_clean(struct rootfs *rootfs, bool has_run)
{
	bool is_first = rootfs->container.is_new && !has_run;
	int result;

	overlay_reap(&rootfs->helper);
	fd_close(&rootfs->lower);
	result = container_end(&rootfs->container, is_first);
	image_free(&rootfs->image);
	store_close(&rootfs->store);
	return result;
}
