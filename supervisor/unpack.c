/* SPDX-License-Identifier: MIT */
/* See unpack.h. */
#include "unpack.h"

#include "../init/lib/fd.h"
#include "store.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define ENTRIES_MAX    10000000
#define LATE_SIZE_MAX  ((size_t)256 << 20)
#define NAME_BYTES_MAX 255
#define TRIES          1000 /* openat2 wants another try when something was renamed meanwhile, anywhere */

/* Times that are set at the end. */
struct unpack_late {
	struct unpack_late *next;
	struct timespec mtime;
	char path[];
};

void unpack_begin(struct unpack *unpack)
{
	unpack->parent = unpack->file = -1;
	unpack->parent_path[0] = unpack->path[0] = '\0';
	unpack->entry = NULL;
	unpack->late = NULL;
	unpack->late_size = 0;
	unpack->memory = (struct arena){ .blocks = NULL };
	unpack->entries = unpack->left_out_devices = 0;
	unpack->changed_owners = unpack->lost_attributes = 0;
}

void unpack_free(struct unpack *unpack)
{
	fd_close(&unpack->parent);
	fd_close(&unpack->file);
	arena_free(&unpack->memory);
}

static int fail(const struct unpack *unpack, int number, struct error *error)
{
	int result = error_set(error, number, "cannot unpack '%.200s'", unpack->entry->name);

	if (number == -ENOSPC || number == -EDQUOT)
		return error_hint(error, result,
				  "make room, or name another store with --root DIR");
	return result;
}

/* --- names ---------------------------------------------------------------------------------------------------------- */

/* "./a//b/" becomes "a/b", "/" becomes "". */
static int normalise(char out[PATH_MAX], const char *name, struct error *error)
{
	size_t used = 0;

	for (const char *at = name; *at != '\0';) {
		size_t length = strcspn(at, "/");

		if (length == 2 && at[0] == '.' && at[1] == '.')
			return error_set(error, 0,
					 "the archive has a name that leads out of it: '%.200s'",
					 name);
		if (length > NAME_BYTES_MAX)
			return error_set(error, 0,
					 "the archive has a name of %zu bytes: '%.60s...'", length,
					 at);
		if (length > 0 && !(length == 1 && at[0] == '.')) {
			if (used > 0)
				out[used++] = '/';
			/* the reader bounds a whole name, by less than PATH_MAX */
			memcpy(out + used, at, length);
			used += length;
		}
		at += length;
		while (*at == '/')
			at++;
	}
	out[used] = '\0';
	return 0;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static int open_inside(int root, const char *path, uint64_t flags)
{
	int fd = -EAGAIN;

	for (unsigned i = 0; fd == -EAGAIN && i < TRIES; i++)
		fd = sys_openat2(root, path[0] != '\0' ? path : ".", flags | O_CLOEXEC, 0,
				 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
	return fd;
}

/* Opens a directory, and makes it and what leads to it where it isn't there: as root's, like tar(1). */
static int open_made(int root, const char *path)
{
	FD int fd = open_inside(root, path, O_PATH | O_DIRECTORY);
	char part[PATH_MAX];

	if (fd != -ENOENT)
		return fd_take(&fd);
	(void)snprintf(part, sizeof(part), "%s", path);
	fd = open_inside(root, "", O_PATH | O_DIRECTORY);
	for (char *at = part, *slash = at; fd >= 0 && slash != NULL; at = slash + 1) {
		int next, result = 0;

		slash = strchr(at, '/');
		if (slash != NULL)
			*slash = '\0';
		next = open_inside(root, part, O_PATH | O_DIRECTORY);
		if (next == -ENOENT) {
			result = sys_mkdirat(fd, at, 0755);
			/* a link that leads nowhere */
			result = result == -EEXIST ? -ENOENT : result;
			next = result < 0
				       ? result
				       : sys_openat(fd, at,
						    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
						    0);
		}
		fd_close(&fd);
		fd = next;
		if (slash != NULL)
			*slash = '/';
	}
	return fd_take(&fd);
}

/* The directory that the entry goes to stays open for the next one, which most often goes there too. */
static int open_parent(struct unpack *unpack, struct error *error)
{
	size_t length = (size_t)(last_part(unpack->path) - unpack->path);
	char path[PATH_MAX];

	if (length > 0)
		length--;
	if (unpack->parent >= 0 && strlen(unpack->parent_path) == length &&
	    memcmp(unpack->parent_path, unpack->path, length) == 0)
		return 0;
	memcpy(path, unpack->path, length);
	path[length] = '\0';
	fd_close(&unpack->parent);
	unpack->parent = open_made(unpack->root, path);
	if (unpack->parent < 0)
		return fail(unpack, unpack->parent, error);
	memcpy(unpack->parent_path, path, length + 1);
	return 0;
}

/* --- attributes ----------------------------------------------------------------------------------------------------- */

/* Marks of overlayfs would let an archive name files of other layers; labels are the machine's own matter. */
static bool may_set(const char *name)
{
	return strncmp(name, "trusted.", 8) != 0 && strncmp(name, "user.overlay.", 13) != 0 &&
	       (strncmp(name, "security.", 9) != 0 || strcmp(name + 9, "capability") == 0);
}

static int set_xattrs(struct unpack *unpack, int fd)
{
	const struct tar_xattrs *list = &unpack->entry->xattrs;

	for (size_t i = 0; i < list->count; i++) {
		int result;

		if (!may_set(list->rows[i].name))
			continue;
		result = sys_fsetxattr(fd, list->rows[i].name, list->rows[i].value,
				       list->rows[i].size, 0);
		/* a file system, or a user, that can't have it */
		if (result == -EOPNOTSUPP || result == -EPERM || result == -EINVAL)
			unpack->lost_attributes++;
		else if (result < 0)
			return result;
	}
	return 0;
}

/*
 * Of `name` in the directory, or of the descriptor where it is "". An id that there is none of here becomes root; *mode is the
 * entry's, but a program that was to run as another doesn't run as root for being copied.
 */
static int set_owner(struct unpack *unpack, int fd, const char *name, uint32_t *mode)
{
	const struct tar_entry *entry = unpack->entry;
	int result = -EINVAL;

	*mode = entry->mode;
	/* the highest id means "as it was" */
	if (entry->uid < unpack->id_limit && entry->gid < unpack->id_limit)
		result = sys_fchownat(fd, name, (uid_t)entry->uid, (gid_t)entry->gid,
				      AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
	if (result != -EINVAL)
		return result;
	unpack->changed_owners++;
	/* an image's own are its own matter, and a user of one id gains nothing by them */
	if (entry->kind == TAR_FILE && unpack->id_limit < UINT32_MAX)
		*mode &= ~((entry->uid != 0 ? S_ISUID : 0U) | (entry->gid != 0 ? S_ISGID : 0U));
	return sys_fchownat(fd, name, 0, 0, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
}

/* Of what is open: owner first, since changing it takes set-user-ID bits and capabilities away. */
static int set_attributes(struct unpack *unpack, int fd)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, unpack->entry->mtime };
	uint32_t mode;
	int result = set_owner(unpack, fd, "", &mode);

	if (result == 0)
		result = set_xattrs(unpack, fd);
	if (result == 0)
		result = sys_fchmod(fd, mode);
	return result == 0 ? sys_utimensat(fd, NULL, times, 0) : result;
}

/* Of what can't be opened: a link, a pipe, a device. */
static int set_attributes_at(struct unpack *unpack, const char *name)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, unpack->entry->mtime };
	uint32_t mode;
	int result = set_owner(unpack, unpack->parent, name, &mode);

	if (result == 0 && unpack->entry->kind != TAR_SYMLINK)
		result = sys_fchmodat(unpack->parent, name, mode);
	return result == 0 ? sys_utimensat(unpack->parent, name, times, AT_SYMLINK_NOFOLLOW)
			   : result;
}

/* --- the kinds of entries ------------------------------------------------------------------------------------------- */

static int remember_time(struct unpack *unpack)
{
	size_t length = strlen(unpack->path), size = sizeof(struct unpack_late) + length + 1;
	struct unpack_late *late;

	unpack->late_size += size;
	late = unpack->late_size > LATE_SIZE_MAX ? NULL : arena_take(&unpack->memory, size);
	if (late == NULL)
		return -ENOMEM;
	late->mtime = unpack->entry->mtime;
	memcpy(late->path, unpack->path, length + 1);
	late->next = unpack->late;
	unpack->late = late;
	return 0;
}

/* One that is there already is kept, with what is in it. */
static int make_directory(struct unpack *unpack, const char *name)
{
	FD int fd = -1;
	int result = name[0] == '\0' ? 0 : sys_mkdirat(unpack->parent, name, 0700);

	if (name[0] == '\0')
		fd = sys_openat(unpack->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	else
		fd = sys_openat(unpack->parent, name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (result == -EEXIST && (fd == -ENOTDIR || fd == -ELOOP)) {
		result = store_remove_tree(unpack->parent, name);
		if (result == 0)
			result = sys_mkdirat(unpack->parent, name, 0700);
		fd = sys_openat(unpack->parent, name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	}
	if (result < 0 && result != -EEXIST)
		return result;
	result = fd < 0 ? fd : set_attributes(unpack, fd);
	return result == 0 ? remember_time(unpack) : result;
}

static int make_link(struct unpack *unpack, const char *name, struct error *error)
{
	char path[PATH_MAX], folder[PATH_MAX];
	const char *target;
	FD int from = -1;
	int result;

	if (normalise(path, unpack->entry->link, error) < 0)
		return -1;
	target = last_part(path);
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(target - path), path);
	from = open_inside(unpack->root, folder, O_PATH | O_DIRECTORY);
	result = from < 0 ? from : sys_linkat(from, target, unpack->parent, name, 0);
	if (result == -ENOENT)
		return error_set(
			error, 0,
			"'%.200s' is a hard link to '%.200s', which the archive doesn't have before it",
			unpack->entry->name, unpack->entry->link);
	return result;
}

static int make_other(struct unpack *unpack, const char *name, struct error *error)
{
	const struct tar_entry *entry = unpack->entry;
	mode_t type = entry->kind == TAR_CHARACTER      ? S_IFCHR
		      : entry->kind == TAR_BLOCK_DEVICE ? S_IFBLK
							: S_IFIFO;

	if (entry->kind == TAR_SYMLINK)
		return sys_symlinkat(entry->link, unpack->parent, name);
	if (entry->kind == TAR_HARDLINK)
		return make_link(unpack, name, error);
	if (entry->kind != TAR_FILE)
		return sys_mknodat(unpack->parent, name, type | 0600,
				   (unsigned)makedev(entry->major, entry->minor));
	unpack->file = sys_openat(unpack->parent, name,
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return unpack->file < 0 ? unpack->file : 0;
}

static bool is_device(const struct tar_entry *entry)
{
	return entry->kind == TAR_CHARACTER || entry->kind == TAR_BLOCK_DEVICE;
}

static int make(struct unpack *unpack, const char *name, struct error *error)
{
	enum tar_kind kind = unpack->entry->kind;
	int result = make_other(unpack, name, error);

	if (result == -EEXIST) {
		result = store_remove_tree(unpack->parent, name);
		if (result == 0)
			result = make_other(unpack, name, error);
	}
	if (result == 0 && kind != TAR_FILE && kind != TAR_HARDLINK)
		result = set_attributes_at(unpack, name);
	return result;
}

/* --- deletions ------------------------------------------------------------------------------------------------------ */

static int mark_opaque(struct unpack *unpack)
{
	FD int fd = sys_openat(unpack->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	return fd < 0 ? fd
		      : sys_fsetxattr(fd,
				      unpack->user_xattrs ? "user.overlay.opaque"
							  : "trusted.overlay.opaque",
				      "y", 1, 0);
}

/* `name` is behind ".wh.". Other names that begin with it twice are bookkeeping of aufs. */
static int delete_name(struct unpack *unpack, const char *name)
{
	int result;

	if (strcmp(name, ".wh..opq") == 0)
		return mark_opaque(unpack);
	if (strncmp(name, ".wh.", 4) == 0)
		return 0;
	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	result = sys_mknodat(unpack->parent, name, S_IFCHR, 0);
	/* the layer makes it anew: what was below is covered all the same */
	return result == -EEXIST ? 0 : result;
}

/* --- the sink ------------------------------------------------------------------------------------------------------- */

static int unpack_entry(void *context, const struct tar_entry *entry, struct error *error)
{
	struct unpack *unpack = context;
	const char *name;
	int result;

	unpack->entry = entry;
	unpack->written = 0;
	if (++unpack->entries > ENTRIES_MAX)
		return error_set(error, 0, "the archive has more than %d entries", ENTRIES_MAX);
	if (normalise(unpack->path, entry->name, error) < 0)
		return -1;
	if (is_device(entry) && !unpack->devices) {
		unpack->left_out_devices++;
		return 0;
	}
	name = last_part(unpack->path);
	if (name[0] == '\0' && entry->kind != TAR_DIRECTORY)
		return error_set(error, 0, "the archive has a name that is none: '%.200s'",
				 entry->name);
	if (name[0] != '\0' && open_parent(unpack, error) < 0)
		return -1;
	if (strncmp(name, ".wh.", 4) == 0)
		result = delete_name(unpack, name + 4);
	else if (entry->kind == TAR_DIRECTORY)
		result = make_directory(unpack, name);
	else
		result = make(unpack, name, error);
	if (result == -EPERM && is_device(entry))
		(void)error_hint(error, 0, "only root can make devices: leave --devices out");
	return result < 0 ? fail(unpack, result, error) : 0;
}

static int unpack_data(void *context, uint64_t offset, const char *bytes, size_t size,
		       struct error *error)
{
	struct unpack *unpack = context;

	while (unpack->file >= 0 && size > 0) {
		ssize_t done = sys_pwrite(unpack->file, bytes, size, (int64_t)offset);

		if (done == -EINTR)
			continue;
		if (done <= 0)
			return fail(unpack, done < 0 ? (int)done : -ENOSPC, error);
		bytes += done;
		size -= (size_t)done;
		offset += (uint64_t)done;
	}
	unpack->written = offset;
	return 0;
}

static int unpack_entry_end(void *context, struct error *error)
{
	struct unpack *unpack = context;
	int result = 0;

	if (unpack->file < 0)
		return 0;
	if (unpack->written < unpack->entry->size)
		result = sys_ftruncate(unpack->file, (off_t)unpack->entry->size);
	if (result == 0)
		result = set_attributes(unpack, unpack->file);
	fd_close(&unpack->file);
	return result < 0 ? fail(unpack, result, error) : 0;
}

const struct tar_sink unpack_sink = {
	.entry = unpack_entry,
	.data = unpack_data,
	.end = unpack_entry_end,
};

int unpack_end(struct unpack *unpack, struct error *error)
{
	for (const struct unpack_late *late = unpack->late; late != NULL; late = late->next) {
		struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, late->mtime };
		FD int fd =
			open_inside(unpack->root, late->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		int result = fd < 0 ? fd : sys_utimensat(fd, NULL, times, 0);

		/* a later entry may have put something else there */
		if (result < 0 && result != -ENOENT && result != -ENOTDIR && result != -ELOOP)
			return error_set(error, result, "cannot set the time of '%.200s'",
					 late->path);
	}
	return 0;
}
