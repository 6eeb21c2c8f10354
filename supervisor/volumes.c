/* SPDX-License-Identifier: MIT */
/* See volumes.h. A volume's root belongs to root: of the container, since it is idmapped like any other volume. */
#include "volumes.h"

#include "../init/lib/fd.h"

#include <stdio.h>
#include <string.h>

/* Makes the directory and what leads to it. */
static int make_directories(const char *path)
{
	char part[4096];
	int result = 0;

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i == 1 || part[i - 1] != '\0'; i++) {
		char byte = part[i];

		if (byte != '/' && byte != '\0')
			continue;
		part[i] = '\0';
		result = sys_mkdirat(AT_FDCWD, part, 0755);
		part[i] = byte;
	}
	return result == -EEXIST ? 0 : result;
}

static int create_source(const struct spec_volume *volume, struct error *error)
{
	struct stat status;
	int result = sys_fstatat(AT_FDCWD, volume->source, &status, 0);

	if (result == -ENOENT)
		result = make_directories(volume->source);
	return result < 0 ? error_set(error, result, "cannot create volume source '%s'",
				      volume->source)
			  : 0;
}

/* A new one, where nothing here has the name: who means the directory here would lose what is written. */
static int make_volume(int folder, const char *name, struct error *error)
{
	struct stat status;
	int result;

	if (sys_fstatat(AT_FDCWD, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return error_hint(
			error,
			error_set(error, 0, "--volume: there is no volume '%s', but a file here",
				  name),
			"./%s is the file; a volume of that name is made where there is none",
			name);
	result = sys_mkdirat(folder, name, 0755);
	return result < 0 && result != -EEXIST
		       ? error_set(error, result, "cannot make volume '%s'", name)
		       : 0;
}

static int open_volume(const struct store *store, const char *name, bool make, struct error *error)
{
	int folder = store->folders[STORE_VOLUMES];
	int fd = folder < 0 ? -ENOENT
			    : sys_openat(folder, name,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd == -ENOENT && make) {
		if (make_volume(folder, name, error) < 0)
			return -1;
		fd = sys_openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	}
	return fd < 0 ? error_set(error, fd, "cannot open volume '%s'", name) : fd;
}

static int find_volume(struct rootfs *rootfs, struct spec *spec, struct spec_volume *volume,
		       int *lock, struct error *error)
{
	struct store *store = &rootfs->store;
	char *path = arena_take(&spec->arena, STORE_PATH_MAX + SPEC_NAME_MAX + 16);

	if (path == NULL)
		return error_set(error, -ENOMEM, "cannot open volume '%s'", volume->source);
	if (rootfs_open_store(rootfs, spec, error) < 0 || store_lock(store, LOCK_SH, error) < 0)
		return -1;
	*lock = open_volume(store, volume->source, !spec->dry_run, error);
	if (*lock >= 0)
		(void)sys_flock(*lock, LOCK_SH | LOCK_NB);
	store_unlock(store);
	if (*lock < 0)
		return *lock;
	(void)snprintf(path, STORE_PATH_MAX + SPEC_NAME_MAX + 16, "%s/volumes/%s", store->path,
		       volume->source);
	volume->source = path;
	return 0;
}

int volumes_find(struct rootfs *rootfs, struct spec *spec, struct plan_volume *rows,
		 struct error *error)
{
	for (size_t i = 0; i < spec->volumes.count; i++) {
		struct spec_volume *volume = &spec->volumes.rows[i];
		int result = 0;

		if (volume->is_named)
			result = find_volume(rootfs, spec, volume, &rows[i].lock, error);
		else if (volume->create && !spec->dry_run)
			result = create_source(volume, error);
		if (result < 0)
			return result;
	}
	return 0;
}

void volumes_free(const struct spec *spec, struct plan_volume *rows)
{
	for (size_t i = 0; rows != NULL && i < spec->volumes.count; i++)
		if (rows[i].lock > 0)
			fd_close(&rows[i].lock);
}
