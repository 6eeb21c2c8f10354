/* SPDX-License-Identifier: MIT */
/*
 * See container.h. Folders are made under the store's shared lock and collected under the exclusive one, so nobody takes one
 * that isn't complete yet for a dead one's.
 */
#include "container.h"

#include "../init/lib/fd.h"
#include "file.h"
#include "loop.h"
#include "overlay.h"
#include "part.h"
#include "values.h"

#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX  ((size_t)256 << 10)
#define IN_USE_MS 200 /* so long a child of a killed sv may hold its copy of the lock: state.c */
#define STEP_MS   2
#define KEEP_LINE "kept"
#define SPARES    4

static int open_folder(struct store *store, const char *name)
{
	int folder = store->folders[STORE_CONTAINERS];

	return folder < 0 ? -ENOENT /* there is no store */
			  : sys_openat(folder, name,
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

/* --- the text ---------------------------------------------------------------------------------------------------------- */

static int take_line(struct container *container, struct part line)
{
	struct part key = { NULL, 0 };
	const char **row;

	(void)part_next(&line, ' ', &key);
	if (part_is(key, KEEP_LINE))
		container->is_kept = true;
	else if (line.text == NULL)
		return 0;
	row = part_is(key, "image")       ? &container->image
	      : part_is(key, "directory") ? &container->directory
	      : part_is(key, "file")      ? &container->file
	      : part_is(key, "layer")     ? ARENA_APPEND(&container->memory, &container->layers)
					  : NULL;
	if (row != NULL)
		*row = arena_copy(&container->memory, line.text, line.length);
	return row != NULL && *row == NULL ? -ENOMEM : 0;
}

static int read_text(struct container *container)
{
	FD int fd = sys_openat(container->fd, "image", O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	char *text = NULL;
	ssize_t size = fd < 0 ? fd : file_read(&container->memory, fd, TEXT_MAX, &text);
	struct part rest, line;
	int result = 0;

	if (size < 0)
		return size == -ENOENT ? 0 : (int)size; /* its maker died early */
	rest = (struct part){ text, (size_t)size };
	while (result == 0 && part_next(&rest, '\n', &line))
		result = take_line(container, line);
	return result;
}

bool container_is_kept_at(const char *text)
{
	FD int fd = sys_openat(AT_FDCWD, text, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	char line[sizeof(KEEP_LINE)] = "";

	return fd >= 0 && sys_read(fd, line, sizeof(line)) == sizeof(line) &&
	       memcmp(line, KEEP_LINE "\n", sizeof(line)) == 0;
}

static int write_text(const struct container *container)
{
	FD int fd = sys_openat(container->fd, "image", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			       0600);
	const struct {
		const char *key, *value;
	} rows[] = { { "image", container->image },
		     { "directory", container->directory },
		     { "file", container->file } };
	char text[64 + STORE_PATH_MAX * 4];
	int result = fd < 0 ? fd : 0;
	size_t used = 0, written = 0;

	if (container->is_kept)
		used = (size_t)snprintf(text, sizeof(text), KEEP_LINE "\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].value != NULL)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s\n",
						 rows[i].key, rows[i].value);
	for (size_t i = 0; result == 0 && i < container->layers.count; i++) {
		if (used + STORE_HEX_SIZE + 8 > sizeof(text)) {
			result = file_write(fd, text, used);
			written += used;
			used = 0;
		}
		used += (size_t)snprintf(text + used, sizeof(text) - used, "layer %s\n",
					 container->layers.rows[i]);
	}
	if (result == 0)
		result = file_write(fd, text, used);
	/* A spare folder's text may be longer. (Truncated first, ext4 would write it to the disk at once: auto_da_alloc.) */
	if (result == 0)
		result = sys_ftruncate(fd, (off_t)(written + used));
	return result == 0 && container->is_kept ? sys_fsync(fd) : result;
}

/* --- finding and making ------------------------------------------------------------------------------------------------ */

static void forget_text(struct container *container)
{
	arena_free(&container->memory);
	container->image = container->directory = container->file = NULL;
	container->layers = (struct spec_strings){ NULL, 0 };
	container->is_kept = false;
}

static int lock_folder(const struct container *container)
{
	int result = sys_flock(container->fd, LOCK_EX | LOCK_NB);

	for (int waited = 0; result == -EWOULDBLOCK && waited < IN_USE_MS; waited += STEP_MS) {
		(void)sys_poll(NULL, 0, STEP_MS);
		result = sys_flock(container->fd, LOCK_EX | LOCK_NB);
	}
	return result;
}

/* The folder that was opened may be gone or given away by now, and the name another's. */
static bool is_named(const struct store *store, int fd, const char *name)
{
	struct stat open = { .st_ino = 0 }, named = { .st_ino = 1 };

	return sys_fstat(fd, &open) == 0 &&
	       sys_fstatat(store->folders[STORE_CONTAINERS], name, &named, AT_SYMLINK_NOFOLLOW) ==
		       0 &&
	       open.st_ino == named.st_ino;
}

/* What has the name once it is locked. */
static int open_locked(struct container *container)
{
	for (;;) {
		int result = container->fd = open_folder(container->store, container->name);

		if (result >= 0 && !container->is_locked)
			result = lock_folder(container);
		if (result < 0 || container->is_locked ||
		    is_named(container->store, container->fd, container->name))
			return result;
		fd_close(&container->fd);
	}
}

int container_find(struct container *container, struct store *store, const char *name,
		   struct error *error)
{
	int result;

	if (!values_is_name(name))
		return error_set(error, 0, "'%.80s' is no container's name", name);
	container->store = store;
	(void)snprintf(container->name, sizeof(container->name), "%s", name);
	result = open_locked(container);
	if (container->fd == -ENOENT)
		return 0;
	if (result == -EWOULDBLOCK) {
		fd_close(&container->fd); /* container_end() must not take it for ours */
		return error_set(error, 0, "name '%s' is in use", name);
	}
	if (result >= 0)
		result = read_text(container);
	if (result == 0 && (container->is_kept || container->is_locked))
		return 1;
	if (result == 0 && container->owns_name)
		result = store_remove_tree(store->folders[STORE_CONTAINERS], name);
	fd_close(&container->fd);
	forget_text(container);
	return result < 0 ? error_set(error, result, "cannot use container '%s' of the store '%s'",
				      name, store->path)
			  : 0;
}

/* --- spare folders ------------------------------------------------------------------------------------------------------ */

/*
 * Most containers write nothing to their root, and a disk takes longer to make and remove half a dozen directories than all else in the
 * start of a container. So an unused folder is given away under a hidden name, ".used-N"; the next sv, once its command runs,
 * takes overlay's mark of a volatile mount out of it, which makes it ".spare-N"; and the one after that renames it for itself.
 */
static void spare_name(char name[16], const char *kind, unsigned slot)
{
	(void)snprintf(name, 16, ".%s-%u", kind, slot);
}

static bool take_spare(const struct container *container)
{
	int folder = container->store->folders[STORE_CONTAINERS];
	char name[16];

	for (unsigned slot = 0; slot < SPARES; slot++) {
		spare_name(name, "spare", slot);
		if (sys_renameat2(folder, name, folder, container->name, RENAME_NOREPLACE) == 0)
			return true;
	}
	return false;
}

/* Times are coarse: a change in the moment of its making would not show in them, so the rest is looked at, too. */
static bool is_untouched(const struct container *container)
{
	const struct stat *before = &container->upper;
	FD int upper = container_open_upper(container);
	char entries[256];
	struct stat now = { .st_mode = 0 };
	long got = upper < 0 ? -1 : sys_getdents64(upper, entries, sizeof(entries));

	return got >= 0 && got <= 2 * 24 && sys_fstat(upper, &now) == 0 &&
	       now.st_ctim.tv_sec == before->st_ctim.tv_sec &&
	       now.st_ctim.tv_nsec == before->st_ctim.tv_nsec && now.st_mode == before->st_mode &&
	       now.st_uid == before->st_uid && now.st_gid == before->st_gid &&
	       sys_flistxattr(upper, NULL, 0) == 0;
}

static bool give_away(const struct container *container)
{
	int folder = container->store->folders[STORE_CONTAINERS];
	char name[16];

	if (container->is_kept || !is_untouched(container))
		return false;
	for (unsigned slot = 0; slot < SPARES; slot++) {
		spare_name(name, "used", slot);
		if (sys_renameat2(folder, container->name, folder, name, RENAME_NOREPLACE) == 0)
			return true;
	}
	return false;
}

static void clean_used(struct store *store, unsigned slot)
{
	int folder = store->folders[STORE_CONTAINERS];
	char used[16], spare[16];
	FD int fd = -1;

	spare_name(used, "used", slot);
	spare_name(spare, "spare", slot);
	fd = open_folder(store, used);
	if (fd < 0 || sys_flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_named(store, fd, used))
		return;
	(void)sys_unlinkat(fd, "work/work/incompat/volatile/dirty", 0);
	(void)sys_unlinkat(fd, "work/work/incompat/volatile", AT_REMOVEDIR);
	if (sys_unlinkat(fd, "work/work/incompat", AT_REMOVEDIR) < 0 ||
	    sys_unlinkat(fd, "work/work", AT_REMOVEDIR) < 0 ||
	    sys_renameat2(folder, used, folder, spare, RENAME_NOREPLACE) < 0)
		(void)store_remove_tree(folder, used);
}

/* The names there are, as many as fit into a hint. */
static int add_name(void *context, const char *name)
{
	char *list = context;
	size_t used = strlen(list), size = sizeof(((struct error *)NULL)->hint) / 2;

	if (used + strlen(name) + 3 < size)
		(void)snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "", name);
	return 0;
}

static int fail_missing(struct store *store, const char *name, struct error *error)
{
	char list[sizeof(error->hint) / 2] = "";

	(void)store_each(store->folders[STORE_CONTAINERS], add_name, list);
	return error_hint(error, error_set(error, 0, "no container '%.80s' is kept", name),
			  list[0] != '\0' ? "these are: %s" : "none is: 'sv run --keep' does it%s",
			  list);
}

int container_take(struct container *container, struct store *store, const char *name,
		   struct error *error)
{
	int result = store_lock(store, LOCK_SH, error);

	if (result < 0)
		return result;
	result = container_find(container, store, name, error);
	store_unlock(store);
	if (result == 0)
		return fail_missing(store, name, error);
	return result < 0 ? result : 0;
}

/* The root directory that is seen inside is upper/ itself. */
static int set_owner(const struct container *container, const struct stat *root)
{
	FD int upper = container_open_upper(container);
	int result = upper < 0 ? upper : sys_fchown(upper, root->st_uid, root->st_gid);

	if (result == -EINVAL) /* an owner that the caller's user namespace has no id for */
		result = 0;
	return result == 0 ? sys_fchmod(upper, root->st_mode & 07777) : result;
}

static int make_folders(struct container *container, const struct stat *root)
{
	struct stat *upper = &container->upper;
	int result = sys_mkdirat(container->fd, "upper", 0755);

	if (result == 0)
		result = sys_mkdirat(container->fd, "work", 0700);
	if (result == 0 || result == -EEXIST) /* a spare one has both */
		result = sys_fstatat(container->fd, "upper", upper, AT_SYMLINK_NOFOLLOW);
	if (result < 0 || (upper->st_mode == root->st_mode && upper->st_uid == root->st_uid &&
			   upper->st_gid == root->st_gid))
		return result;
	result = set_owner(container, root);
	return result == 0 ? sys_fstatat(container->fd, "upper", upper, AT_SYMLINK_NOFOLLOW)
			   : result;
}

int container_make(struct container *container, const struct stat *root, struct error *error)
{
	struct store *store = container->store;
	int result = 0;

	if (!take_spare(container))
		result = sys_mkdirat(store->folders[STORE_CONTAINERS], container->name, 0700);
	if (result == 0)
		result = container->fd = open_folder(store, container->name);
	if (result >= 0) {
		container->is_new = true;
		/* waits for the one that has just given it away */
		result = sys_flock(container->fd, LOCK_EX);
	}
	if (result == 0)
		result = write_text(container);
	if (result == 0)
		result = make_folders(container, root);
	if (result == 0 && container->is_kept)
		result = sys_fsync(container->fd);
	return result < 0 ? error_set(error, result, "cannot make container '%s' in the store '%s'",
				      container->name, store->path)
			  : 0;
}

int container_end(struct container *container, bool forget)
{
	int result = 0;

	if (container->fd >= 0 && !container->is_locked && (forget || !container->is_kept) &&
	    !give_away(container))
		result = store_remove_tree(container->store->folders[STORE_CONTAINERS],
					   container->name);
	fd_close(&container->fd);
	forget_text(container);
	return result;
}

/* --- looking ----------------------------------------------------------------------------------------------------------- */

int container_open_upper(const struct container *container)
{
	return sys_openat(container->fd, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

int container_layers(const struct container *container, struct image *image)
{
	image->layers = (struct image_layers){ NULL, 0 };
	for (size_t i = 0; i < container->layers.count; i++) {
		struct image_layer *layer = ARENA_APPEND(&image->memory, &image->layers);

		if (layer == NULL)
			return -ENOMEM;
		layer->fs = -1;
		(void)snprintf(layer->hex, sizeof(layer->hex), "%s", container->layers.rows[i]);
	}
	return 0;
}

const char **container_layer_paths(const struct container *container, struct arena *arena)
{
	size_t count = container->layers.count;
	const char **paths = arena_take(arena, (count + 1) * sizeof(*paths));

	for (size_t i = 0; paths != NULL && i < count; i++) {
		char *path = arena_take(arena, STORE_HEX_SIZE + 4);

		if (path == NULL)
			return NULL;
		(void)snprintf(path, STORE_HEX_SIZE + 4, "%s/fs", container->layers.rows[i]);
		paths[i] = path;
	}
	return paths;
}

/* The layers as one tree, with what the container writes over it (folder), or without (-1). One alone is a tree as it is. */
static int open_layers(const struct container *container, int folder, pid_t *helper,
		       struct error *error)
{
	struct arena arena = { .blocks = NULL };
	struct overlay overlay = {
		.what = "the container's image",
		.lower = container->store->folders[STORE_LAYERS],
		.layers = container_layer_paths(container, &arena),
		.count = container->layers.count,
		.folder = folder,
		.userns = -1,
		.user_attributes = store_is_users(),
		.is_volatile = true,
	};
	int result;

	if (overlay.layers == NULL)
		result = error_set(error, -ENOMEM, "cannot look at the container's image");
	else if (folder >= 0 || overlay.count > 1)
		result = overlay_make(&overlay, helper, error);
	else
		result = sys_openat(overlay.lower, overlay.layers[0],
				    O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	arena_free(&arena);
	return result;
}

int container_open_whole(const struct container *container, pid_t *helper, struct error *error)
{
	return open_layers(container, container->fd, helper, error);
}

/* A file that is a file system, mounted once more. */
static int open_file_system(const char *path, struct error *error)
{
	FD int file = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	enum loop_kind kind = file < 0 ? LOOP_NONE : loop_look(file);

	if (kind == LOOP_NONE)
		return file < 0 ? file : -ENOTDIR;
	return loop_mount(file, kind, path, error);
}

int container_open_below(const struct container *container, struct error *error)
{
	const char *path = container->directory != NULL ? container->directory : container->file;
	pid_t helper = 0;
	int result = -ENOENT;

	if (container->layers.count > 0)
		result = open_layers(container, -1, &helper, error);
	else if (container->directory != NULL)
		result = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	else if (path != NULL)
		result = open_file_system(path, error);
	overlay_reap(&helper);
	return result < 0 ? error_set(error, result,
				      "cannot open what container '%s' is made of ('%s')",
				      container->name, path != NULL ? path : "?")
			  : result;
}

/* --- collecting -------------------------------------------------------------------------------------------------------- */

struct collection {
	struct store *store;
	int count;
};

/*
 * Who has the folder's lock while no container is being made (they are made under the store's shared lock) knows that its maker is
 * dead. Nobody is waited for: who makes one now collects as well.
 */
static int collect_one(void *context, const char *name)
{
	struct collection *collection = context;
	struct store *store = collection->store;
	struct container container = { .store = store, .fd = open_folder(store, name) };

	if (container.fd < 0)
		return 0;
	(void)snprintf(container.name, sizeof(container.name), "%s", name);
	if (sys_flock(container.fd, LOCK_EX | LOCK_NB) == 0 &&
	    sys_flock(store->lock, LOCK_EX | LOCK_NB) == 0) {
		if (is_named(store, container.fd, name) && read_text(&container) == 0 &&
		    !container.is_kept &&
		    store_remove_tree(store->folders[STORE_CONTAINERS], name) == 0)
			collection->count++;
		store_unlock(store);
	}
	fd_close(&container.fd);
	forget_text(&container);
	return 0;
}

void container_collect_one(const char *root, const char *name)
{
	struct error ignored = { .number = 0 };
	struct store store;
	struct collection collection = { .store = &store };

	if (values_is_name(name) && store_open(&store, root, false, &ignored) == 0) {
		(void)collect_one(&collection, name);
		store_close(&store);
	}
}

int container_collect(struct store *store)
{
	struct collection collection = { .store = store };
	int result = store_each(store->folders[STORE_CONTAINERS], collect_one, &collection);

	for (unsigned slot = 0; slot < SPARES; slot++)
		clean_used(store, slot);
	return result < 0 ? result : collection.count;
}
