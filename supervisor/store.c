/* SPDX-License-Identifier: MIT */
/* See store.h. */
#include "store.h"

#include "../init/lib/fd.h"
#include "file.h"

#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const folder_names[] = { "layers", "images", "containers", "volumes", "tmp" };
_Static_assert(sizeof(folder_names) / sizeof(folder_names[0]) == STORE_FOLDER_COUNT,
	       "each folder has a name");

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* --- names in a folder ---------------------------------------------------------------------------------------------- */

int store_each(int folder, int (*each)(void *context, const char *name), void *context)
{
	_Alignas(struct sys_dirent64) char buffer[4096];
	FD int fd = folder < 0 ? -1 : sys_openat(folder, ".", DIRECTORY, 0);
	int result = folder >= 0 && fd < 0 ? fd : 0;
	long length = 0;

	while (fd >= 0 && result == 0 &&
	       (length = sys_getdents64(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < length && result == 0;) {
			const struct sys_dirent64 *entry = (const void *)(buffer + at);

			if (entry->name[0] != '.')
				result = each(context, entry->name);
			at += entry->length;
		}
	}
	return result == 0 && length < 0 ? (int)length : result;
}

/* --- removing ------------------------------------------------------------------------------------------------------- */

/*
 * One pass over a directory that empties it: what isn't a directory goes, an empty directory too, and one that has something
 * is moved up to `top`, under a name made of a count. So nothing is ever more than one level deep when its turn comes.
 */
static int empty_once(int top, int directory, unsigned *count)
{
	_Alignas(struct sys_dirent64) char buffer[4096];
	int result = 0;
	long length = 0;

	while (result == 0 && (length = sys_getdents64(directory, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < length && result == 0;) {
			const struct sys_dirent64 *entry = (const void *)(buffer + at);
			const char *name = entry->name;
			char moved[24];

			at += entry->length;
			if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
				continue;
			result = sys_unlinkat(directory, name, 0);
			if (result == -EISDIR)
				result = sys_unlinkat(directory, name, AT_REMOVEDIR);
			if (result != -ENOTEMPTY && result != -EEXIST)
				continue;
			(void)snprintf(moved, sizeof(moved), ".removed-%u", (*count)++);
			result = sys_renameat2(directory, name, top, moved, RENAME_NOREPLACE);
			if (result == -EEXIST) /* left by a removal that was killed */
				result = 0;
		}
	}
	return result < 0 ? result : (int)length;
}

/* Takes the children of `top` one after the other, until a whole pass finds nothing. */
static int empty_children(int top, unsigned *count)
{
	_Alignas(struct sys_dirent64) char buffer[4096];
	FD int list = sys_openat(top, ".", DIRECTORY, 0);
	int result = list < 0 ? list : 0;
	long length = 0;

	while (result == 0 && (length = sys_getdents64(list, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < length && result == 0;) {
			const struct sys_dirent64 *entry = (const void *)(buffer + at);
			FD int child = -1;

			at += entry->length;
			if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
				continue;
			result = sys_unlinkat(top, entry->name, 0);
			if (result != -EISDIR)
				continue;
			child = sys_openat(top, entry->name, DIRECTORY, 0);
			result = child < 0 ? child : empty_once(top, child, count);
			if (result == 0)
				result = sys_unlinkat(top, entry->name, AT_REMOVEDIR);
			if (result == -ENOTEMPTY || result == -ENOENT)
				result = 0; /* the next pass sees it */
		}
	}
	return result < 0 ? result : (int)length;
}

int store_remove_tree(int parent, const char *name)
{
	unsigned count = 0, passes = 0;
	int result = sys_unlinkat(parent, name, 0);
	FD int top = -1;

	if (result != -EISDIR)
		return result == -ENOENT ? 0 : result;
	top = sys_openat(parent, name, DIRECTORY, 0);
	if (top < 0)
		return top;
	do {
		result = empty_children(top, &count);
		if (result == 0)
			result = sys_unlinkat(parent, name, AT_REMOVEDIR);
	} while (result == -ENOTEMPTY && passes++ < 1000000);
	return result;
}

/* --- opening -------------------------------------------------------------------------------------------------------- */

int store_default_root(char path[STORE_PATH_MAX], struct error *error)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int length;

	if (geteuid() == 0)
		length = snprintf(path, STORE_PATH_MAX, "/var/lib/sv");
	else if (data != NULL && data[0] == '/')
		length = snprintf(path, STORE_PATH_MAX, "%s/sv", data);
	else if (home != NULL && home[0] == '/')
		length = snprintf(path, STORE_PATH_MAX, "%s/.local/share/sv", home);
	else
		return error_hint(error,
				  error_set(error, 0, "no place for the store: HOME is not set"),
				  "name one with --root DIR");
	return length < STORE_PATH_MAX ? 0
				       : error_set(error, -ENAMETOOLONG, "cannot use the store");
}

static int refuse(const struct store *store, int number, struct error *error)
{
	int result = error_set(error, number, "cannot use the store '%s'", store->path);

	if (number == -EPERM)
		return error_hint(
			error, result,
			"it must be a folder of this user's own that nobody else can write to");
	if (number == -EROFS || number == -EACCES)
		return error_hint(error, result, "name another one with --root DIR");
	return result;
}

/* Makes the root's folder and what leads to it. */
static int make_root(const char *path)
{
	char part[STORE_PATH_MAX];
	int result;

	(void)snprintf(part, sizeof(part), "%s", path);
	for (char *at = strchr(part + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)sys_mkdirat(AT_FDCWD, part, 0755); /* the last one tells */
		*at = '/';
	}
	result = sys_mkdirat(AT_FDCWD, part, 0700);
	return result == -EEXIST ? 0 : result;
}

static int open_folder(struct store *store, enum store_folder folder, bool make)
{
	int *fd = &store->folders[folder];

	*fd = sys_openat(store->root, folder_names[folder], DIRECTORY, 0);
	if (*fd == -ENOENT && make) {
		int result = sys_mkdirat(store->root, folder_names[folder], 0700);

		if (result < 0 && result != -EEXIST)
			return result;
		*fd = sys_openat(store->root, folder_names[folder], DIRECTORY, 0);
	}
	return *fd == -ENOENT && !make ? 0 : *fd;
}

static int open_all(struct store *store, bool make)
{
	struct stat status;
	int result = sys_openat(AT_FDCWD, store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (result == -ENOENT && make) {
		result = make_root(store->path);
		if (result == 0)
			result = sys_openat(AT_FDCWD, store->path,
					    O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	}
	if (result < 0)
		return result == -ENOENT && !make ? 0 : result;
	store->root = result;
	result = sys_fstat(store->root, &status);
	if (result < 0)
		return result;
	if (status.st_uid != geteuid() || (status.st_mode & 022) != 0)
		return -EPERM;
	store->lock = sys_openat(store->root, "lock",
				 make ? O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
				      : O_RDONLY | O_NOFOLLOW | O_CLOEXEC,
				 0600);
	if (store->lock < 0 && (make || store->lock != -ENOENT))
		return store->lock;
	for (enum store_folder i = 0; i < STORE_FOLDER_COUNT && result >= 0; i++)
		result = open_folder(store, i, make);
	return result;
}

/* --- work in progress ----------------------------------------------------------------------------------------------- */

/* Removes what has no living maker. */
static int collect_work(void *context, const char *name)
{
	const struct store *store = context;
	FD int fd = sys_openat(store->folders[STORE_TMP], name, DIRECTORY, 0);

	if (fd >= 0 && sys_flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	(void)store_remove_tree(store->folders[STORE_TMP], name);
	return 0;
}

static int is_any(void *context, const char *name)
{
	(void)context;
	(void)name;
	return 1;
}

int store_open(struct store *store, const char *root, bool make, struct error *error)
{
	int result;

	memset(store, 0, sizeof(*store));
	store->root = store->lock = -1;
	for (size_t i = 0; i < STORE_FOLDER_COUNT; i++)
		store->folders[i] = -1;
	if (root == NULL && store_default_root(store->path, error) < 0)
		return -1;
	if (root != NULL &&
	    snprintf(store->path, sizeof(store->path), "%s", root) >= STORE_PATH_MAX)
		return error_set(error, -ENAMETOOLONG, "cannot use the store '%.80s...'", root);
	result = open_all(store, make);
	if (result < 0) {
		store_close(store);
		return refuse(store, result, error);
	}
	/* under the lock: a directory is made and locked in two steps */
	if (make && store_each(store->folders[STORE_TMP], is_any, NULL) > 0 &&
	    store_lock(store, LOCK_EX, error) == 0) {
		(void)store_each(store->folders[STORE_TMP], collect_work, store);
		store_unlock(store);
	}
	return error_is_set(error) ? -1 : 0;
}

void store_close(struct store *store)
{
	/* 0 is never one of ours: sv sees to it that 0, 1 and 2 are open */
	for (size_t i = 0; i < STORE_FOLDER_COUNT; i++)
		if (store->folders[i] > 0)
			fd_close(&store->folders[i]);
	if (store->lock > 0)
		fd_close(&store->lock);
	if (store->root > 0)
		fd_close(&store->root);
}

int store_lock(struct store *store, int operation, struct error *error)
{
	int result = store->lock < 0 ? 0 : -EINTR;

	while (result == -EINTR)
		result = sys_flock(store->lock, operation);
	return result < 0 ? error_set(error, result, "cannot lock the store '%s'", store->path) : 0;
}

void store_unlock(struct store *store)
{
	if (store->lock >= 0)
		(void)sys_flock(store->lock, LOCK_UN);
}

bool store_is_users(void)
{
	FD int fd = sys_openat(AT_FDCWD, "/proc/self/uid_map", O_RDONLY | O_CLOEXEC, 0);
	char text[64] = "";

	/* the machine's own namespace maps all there are, 0 to 0 */
	return fd < 0 || sys_read(fd, text, sizeof(text) - 1) <= 0 ||
	       strstr(text, " 4294967295") == NULL;
}

int store_work_begin(struct store *store, struct store_work *work, struct error *error)
{
	int tmp = store->folders[STORE_TMP], result;
	unsigned char bytes[6];

	work->fd = -1;
	if (sys_getrandom(bytes, sizeof(bytes)) != sizeof(bytes))
		return error_set(error, 0, "cannot make up a name: no random bytes");
	(void)snprintf(work->name, sizeof(work->name), "%02x%02x%02x%02x%02x%02x", bytes[0],
		       bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
	if (store_lock(store, LOCK_SH, error) < 0)
		return -1;
	result = sys_mkdirat(tmp, work->name, 0700);
	if (result == 0)
		result = work->fd = sys_openat(tmp, work->name, DIRECTORY, 0);
	if (result >= 0)
		result = sys_flock(work->fd, LOCK_EX | LOCK_NB);
	store_unlock(store);
	if (result >= 0)
		return 0;
	store_work_end(store, work);
	return refuse(store, result, error);
}

void store_work_end(struct store *store, struct store_work *work)
{
	if (work->fd < 0)
		return;
	(void)store_remove_tree(store->folders[STORE_TMP], work->name);
	fd_close(&work->fd);
}

/* --- files ---------------------------------------------------------------------------------------------------------- */

int store_put(const struct store_work *work, int folder, const char *name, const char *text,
	      size_t size)
{
	FD int fd = sys_openat(work->fd, "new",
			       O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result = fd < 0 ? fd : file_write(fd, text, size);

	if (result == 0)
		result = sys_fsync(fd);
	if (result == 0)
		result = sys_renameat2(work->fd, "new", folder, name, 0);
	return result == 0 ? sys_fsync(folder) : result;
}
