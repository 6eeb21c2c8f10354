/* SPDX-License-Identifier: MIT */
/*
 * The writer of tar.h. A tree is walked from the descriptors of its roots, with what is still to be written in a list, so neither
 * depth nor a link leads anywhere. Layers are merged as overlayfs merges them: of a name only the topmost counts, a
 * directory goes on below for as long as it is one there and not opaque, and a device 0:0 is a name that was deleted.
 */
#include "../init/lib/fd.h"
#include "tar.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define BUFFER_SIZE ((size_t)64 << 10)
#define NAMES_MAX   65536 /* bytes of the names of a file's attributes: the kernel's own limit */

/* A path that is still to be written. It is in layer `top`, and what is below it ends with layer `bottom`. */
struct item {
	struct item *next;
	size_t top, bottom;
	char path[];
};

/* Where a file of several names was written first. */
struct known {
	struct known *next;
	dev_t device;
	ino_t inode;
	char path[];
};
#define KNOWN_ROWS 4096

struct writer {
	const struct tar_tree *tree;
	const struct tar_output *output;
	struct item *todo;
	dev_t device; /* of the topmost root: what is mounted in it is left out */
	struct known **known;
	struct arena memory, names; /* of all; of one directory's listing */
	char *records;              /* the pax header being made */
	size_t record_size, record_used;
	char *buffer;
};

static int fail(const struct item *item, int number, struct error *error)
{
	return error_set(error, number, "cannot read '%.200s'",
			 item->path[0] != '\0' ? item->path : "/");
}

/* --- headers -------------------------------------------------------------------------------------------------------- */

/* "LENGTH KEY=VALUE\n": LENGTH counts its own digits. */
static int add_record(struct writer *writer, const char *key, const void *value, size_t size)
{
	size_t rest = strlen(key) + size + 3, length = rest + 1;
	char digits[24];

	while ((size_t)snprintf(digits, sizeof(digits), "%zu", length) + rest != length)
		length = (size_t)snprintf(digits, sizeof(digits), "%zu", length) + rest;
	if (writer->record_used + length + 1 > writer->record_size) {
		size_t larger = (writer->record_used + length + 1) * 2;
		char *records = realloc(writer->records, larger);

		if (records == NULL)
			return -ENOMEM;
		writer->records = records;
		writer->record_size = larger;
	}
	writer->record_used += (size_t)snprintf(writer->records + writer->record_used, length,
						"%zu %s=", length, key);
	memcpy(writer->records + writer->record_used, value, size);
	writer->record_used += size;
	writer->records[writer->record_used++] = '\n';
	return 0;
}

static int add_number(struct writer *writer, const char *key, uint64_t number)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);

	return add_record(writer, key, text, (size_t)length);
}

/* Octal where it fits, else a record says it and the header 0. */
static int put_number(struct writer *writer, char *field, size_t size, const char *key,
		      uint64_t number)
{
	bool fits = number >> 3 * (size - 1) == 0;

	(void)snprintf(field, size, "%0*llo", (int)size - 1, fits ? (unsigned long long)number : 0);
	return fits || key == NULL ? 0 : add_number(writer, key, number);
}

/* The end is cut off: a record says it whole. */
static int put_text(struct writer *writer, char *field, const char *key, const char *text)
{
	size_t length = strlen(text);

	memcpy(field, text, length < 100 ? length : 100);
	return length <= 100 ? 0 : add_record(writer, key, text, length);
}

static int put_time(struct writer *writer, char *field, const struct stat *status)
{
	int64_t seconds = status->st_mtim.tv_sec;
	long nanoseconds = status->st_mtim.tv_nsec;
	bool negative = seconds < 0;
	char text[48];
	int length;

	if (!negative && seconds >> 33 == 0 && nanoseconds == 0)
		return put_number(writer, field, 12, NULL, (uint64_t)seconds);
	/* -0.25 s is kept as -1 s and 0.75 s */
	if (negative && nanoseconds > 0) {
		seconds++;
		nanoseconds = 1000000000 - nanoseconds;
	}
	length = snprintf(text, sizeof(text), "%s%lld.%09ld", negative ? "-" : "",
			  (long long)(negative ? -seconds : seconds), nanoseconds);
	(void)put_number(writer, field, 12, NULL,
			 negative || seconds >> 33 != 0 ? 0 : (uint64_t)seconds);
	return add_record(writer, "mtime", text, (size_t)length);
}

static int write_bytes(struct writer *writer, const void *bytes, size_t size, struct error *error)
{
	return writer->output->write(writer->output->context, bytes, size, error);
}

static int write_padding(struct writer *writer, uint64_t size, struct error *error)
{
	static const char zero[TAR_BLOCK];

	return write_bytes(writer, zero, (size_t)(-size % TAR_BLOCK), error);
}

static void end_header(char block[TAR_BLOCK], char type)
{
	unsigned sum = 0;

	block[156] = type;
	memcpy(block + 257, "ustar\00000", 8);
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)block[i];
	(void)snprintf(block + 148, 7, "%06o", sum);
}

/* The records, if there are any, then the header. */
static int write_header(struct writer *writer, char block[TAR_BLOCK], char type,
			struct error *error)
{
	size_t size = writer->record_used;
	char extended[TAR_BLOCK] = "pax-header";

	writer->record_used = 0;
	end_header(block, type);
	if (size > 0) {
		(void)snprintf(extended + 100, 8, "%07o", 0644);
		(void)put_number(writer, extended + 108, 8, NULL, 0);
		(void)put_number(writer, extended + 116, 8, NULL, 0);
		(void)put_number(writer, extended + 124, 12, NULL, size);
		(void)put_number(writer, extended + 136, 12, NULL, 0);
		end_header(extended, 'x');
		if (write_bytes(writer, extended, TAR_BLOCK, error) < 0 ||
		    write_bytes(writer, writer->records, size, error) < 0 ||
		    write_padding(writer, size, error) < 0)
			return -1;
	}
	return write_bytes(writer, block, TAR_BLOCK, error);
}

/* Name, owner, mode and times: what all kinds have. 0 or -errno. */
static int begin_header(struct writer *writer, char block[TAR_BLOCK], const char *name,
			const struct stat *status, uint64_t size)
{
	int result = put_text(writer, block, "path", name);

	(void)put_number(writer, block + 100, 8, NULL, status->st_mode & 07777);
	if (result == 0)
		result = put_number(writer, block + 108, 8, "uid", status->st_uid);
	if (result == 0)
		result = put_number(writer, block + 116, 8, "gid", status->st_gid);
	if (result == 0)
		result = put_number(writer, block + 124, 12, "size", size);
	return result == 0 ? put_time(writer, block + 136, status) : result;
}

/* --- attributes ----------------------------------------------------------------------------------------------------- */

static bool is_overlay_mark(const char *name)
{
	return strncmp(name, "trusted.overlay.", 16) == 0 ||
	       strncmp(name, "user.overlay.", 13) == 0;
}

/* With either mark a directory's or a file's content is not where its name is. */
static bool leads_elsewhere(const char *name)
{
	name = strrchr(name, '.');
	return strcmp(name, ".redirect") == 0 || strcmp(name, ".metacopy") == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted: file systems list them in orders of their own. */
static int add_xattrs(struct writer *writer, int fd)
{
	char *list = writer->buffer, *value = writer->buffer + NAMES_MAX;
	ssize_t length = sys_flistxattr(fd, list, NAMES_MAX);
	const char *names[NAMES_MAX / 64];
	size_t count = 0;
	int result = 0;

	if (length == -EOPNOTSUPP)
		return 0;
	for (ssize_t at = 0; at < length && count < sizeof(names) / sizeof(names[0]);
	     at += (ssize_t)strlen(list + at) + 1)
		names[count++] = list + at;
	qsort(names, count, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < count && result == 0; i++) {
		char key[300];
		ssize_t size;

		if (is_overlay_mark(names[i])) {
			result = leads_elsewhere(names[i]) ? -EXDEV : 0;
			continue;
		}
		size = sys_fgetxattr(fd, names[i], value, TAR_XATTR_MAX);
		(void)snprintf(key, sizeof(key), "SCHILY.xattr.%s", names[i]);
		result = size < 0 ? (int)size : add_record(writer, key, value, (size_t)size);
	}
	return length < 0 ? (int)length : result;
}

/* --- files ---------------------------------------------------------------------------------------------------------- */

struct extents {
	struct tar_extent *rows;
	size_t count;
};

/* A file that ends with a hole: for GNU tar the map says how long it is, by a piece of nothing. */
static int64_t mark_end(struct writer *writer, int64_t size, struct extents *extents, int64_t sum)
{
	struct tar_extent *row = ARENA_APPEND(&writer->names, extents);

	if (row == NULL)
		return -ENOMEM;
	*row = (struct tar_extent){ (uint64_t)size, 0 };
	return sum;
}

/* Where a file has data, as its file system tells. Bytes of data, or -errno. */
static int64_t find_data(struct writer *writer, int fd, int64_t size, struct extents *extents)
{
	int64_t at = 0, sum = 0;

	while (at < size) {
		int64_t data = sys_lseek(fd, at, SEEK_DATA), hole;
		struct tar_extent *row;

		if (data == -ENXIO || data >= size)
			break;
		hole = data < 0 ? data : sys_lseek(fd, data, SEEK_HOLE);
		row = ARENA_APPEND(&writer->names, extents);
		if (hole < 0 || row == NULL)
			return hole < 0 ? hole : -ENOMEM;
		at = hole > size ? size : hole;
		*row = (struct tar_extent){ (uint64_t)data, (uint64_t)(at - data) };
		sum += at - data;
	}
	return at < size ? mark_end(writer, size, extents, sum) : sum;
}

static int write_range(struct writer *writer, const struct item *item, int fd,
		       struct tar_extent range, struct error *error)
{
	int64_t result = sys_lseek(fd, (int64_t)range.offset, SEEK_SET);

	while (result >= 0 && range.size > 0) {
		result = sys_read(fd, writer->buffer,
				  range.size < BUFFER_SIZE ? (size_t)range.size : BUFFER_SIZE);
		if (result == 0)
			return error_set(error, 0, "'%.200s' became shorter while it was read",
					 item->path);
		if (result > 0 && write_bytes(writer, writer->buffer, (size_t)result, error) < 0)
			return -1;
		range.size -= result > 0 ? (uint64_t)result : 0;
		if (result == -EINTR)
			result = 0;
	}
	return result < 0 ? fail(item, (int)result, error) : 0;
}

/* The map as sparse 1.0 has it: count, then offset and size of each, a number a line, filled up to blocks. */
static char *make_map(struct writer *writer, const struct extents *extents, size_t *size)
{
	size_t room = 24 + extents->count * 42 + TAR_BLOCK, used;
	char *text = arena_take(&writer->names, room);

	if (text == NULL)
		return NULL;
	used = (size_t)snprintf(text, room, "%zu\n", extents->count);
	for (size_t i = 0; i < extents->count; i++)
		used += (size_t)snprintf(text + used, room - used, "%llu\n%llu\n",
					 (unsigned long long)extents->rows[i].offset,
					 (unsigned long long)extents->rows[i].size);
	*size = (used + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	return text;
}

static int add_sparse_records(struct writer *writer, const struct item *item, int64_t size)
{
	int result = add_number(writer, "GNU.sparse.major", 1);

	if (result == 0)
		result = add_number(writer, "GNU.sparse.minor", 0);
	if (result == 0)
		result = add_record(writer, "GNU.sparse.name", item->path, strlen(item->path));
	return result == 0 ? add_number(writer, "GNU.sparse.realsize", (uint64_t)size) : result;
}

static int write_file(struct writer *writer, const struct item *item, int fd,
		      const struct stat *status, struct error *error)
{
	struct extents extents = { NULL, 0 };
	char block[TAR_BLOCK] = "";
	int64_t stored = status->st_size;
	size_t map_size = 0;
	char *map = NULL;
	int result = 0;

	if (status->st_blocks < status->st_size / 512)
		stored = find_data(writer, fd, status->st_size, &extents);
	if (stored >= 0 && stored < status->st_size) {
		map = make_map(writer, &extents, &map_size);
		result = map == NULL ? -ENOMEM : add_sparse_records(writer, item, status->st_size);
	}
	if (stored < 0)
		result = (int)stored;
	if (result == 0)
		result = begin_header(writer, block, item->path, status,
				      (uint64_t)stored + map_size);
	if (result < 0)
		return fail(item, result, error);
	if (write_header(writer, block, '0', error) < 0 ||
	    (map_size > 0 && write_bytes(writer, map, map_size, error) < 0))
		return -1;
	if (map == NULL)
		return write_range(writer, item, fd, (struct tar_extent){ 0, (uint64_t)stored },
				   error) < 0
			       ? -1
			       : write_padding(writer, (uint64_t)stored, error);
	for (size_t i = 0; i < extents.count && result == 0; i++)
		result = write_range(writer, item, fd, extents.rows[i], error);
	return result < 0 ? -1 : write_padding(writer, (uint64_t)stored, error);
}

/* --- what has no content -------------------------------------------------------------------------------------------- */

/* The name that this file was written by before, or NULL: then it is remembered. */
static const char *known_name(struct writer *writer, const struct item *item,
			      const struct stat *status)
{
	struct known **row = &writer->known[status->st_ino % KNOWN_ROWS];
	struct known *known;
	size_t length = strlen(item->path);

	for (known = *row; known != NULL; known = known->next)
		if (known->inode == status->st_ino && known->device == status->st_dev)
			return known->path;
	known = arena_take(&writer->memory, sizeof(*known) + length + 1);
	if (known == NULL)
		return NULL; /* then it is written twice */
	known->device = status->st_dev;
	known->inode = status->st_ino;
	memcpy(known->path, item->path, length + 1);
	known->next = *row;
	*row = known;
	return NULL;
}

static int write_plain(struct writer *writer, const struct item *item, const struct stat *status,
		       char type, const char *link, struct error *error)
{
	char block[TAR_BLOCK] = "";
	int result = begin_header(writer, block, item->path, status, 0);

	if (result == 0 && link != NULL)
		result = put_text(writer, block + 157, "linkpath", link);
	if (type == '3' || type == '4') {
		(void)put_number(writer, block + 329, 8, NULL, major(status->st_rdev));
		(void)put_number(writer, block + 337, 8, NULL, minor(status->st_rdev));
	}
	if (result < 0)
		return fail(item, result, error);
	return write_header(writer, block, type, error);
}

/* An empty file that says what is deleted. */
static int write_mark(struct writer *writer, const char *folder, int length, const char *name,
		      struct error *error)
{
	static const struct stat nobody = { .st_mode = S_IFREG };
	char path[PATH_MAX + 8], block[TAR_BLOCK] = "";

	(void)snprintf(path, sizeof(path), "%.*s.wh.%s", length, folder, name);
	if (begin_header(writer, block, path, &nobody, 0) < 0)
		return error_set(error, -ENOMEM, "cannot write an archive");
	return write_header(writer, block, '0', error);
}

static int write_deleted(struct writer *writer, const struct item *item, struct error *error)
{
	const char *slash = strrchr(item->path, '/');
	int length = slash != NULL ? (int)(slash + 1 - item->path) : 0;

	return writer->tree->as_layer
		       ? write_mark(writer, item->path, length, item->path + length, error)
		       : 0;
}

/* --- directories ---------------------------------------------------------------------------------------------------- */

static int open_in(const struct writer *writer, size_t layer, const char *path, uint64_t flags)
{
	return sys_openat2(writer->tree->roots[layer], path[0] != '\0' ? path : ".",
			   flags | O_NOFOLLOW | O_CLOEXEC, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

static bool is_opaque(int fd)
{
	char value = '\0';

	return (sys_fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y') ||
	       (sys_fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1 && value == 'y');
}

struct name {
	const char *text;
	size_t layer;
};

struct name_list {
	struct name *rows;
	size_t count;
};

static int list_names(struct writer *writer, int fd, size_t layer, struct name_list *names)
{
	_Alignas(struct sys_dirent64) char buffer[8192];
	long length;

	while ((length = sys_getdents64(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < length;) {
			const struct sys_dirent64 *entry = (const void *)(buffer + at);
			struct name *row;

			at += entry->length;
			if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
				continue;
			row = ARENA_APPEND(&writer->names, names);
			if (row == NULL)
				return -ENOMEM;
			row->layer = layer;
			row->text = arena_copy(&writer->names, entry->name, strlen(entry->name));
			if (row->text == NULL)
				return -ENOMEM;
		}
	}
	return (int)length;
}

/* Last name first, and of one name the lowest layer first: that is how they are put on the list. */
static int compare_rows(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int order = strcmp(y->text, x->text);

	return order != 0 ? order : x->layer < y->layer ? 1 : -1;
}

static int push(struct writer *writer, const struct item *folder, const struct name *name,
		size_t bottom)
{
	size_t length = strlen(folder->path), size = length + strlen(name->text) + 2;
	struct item *item = size > PATH_MAX ? NULL : malloc(sizeof(*item) + size);

	if (item == NULL)
		return size > PATH_MAX ? -ENAMETOOLONG : -ENOMEM;
	(void)snprintf(item->path, size, "%s%s%s", folder->path, length > 0 ? "/" : "", name->text);
	item->top = name->layer;
	item->bottom = bottom;
	item->next = writer->todo;
	writer->todo = item;
	return 0;
}

/* Puts what is in the directory on the list. */
static int push_children(struct writer *writer, const struct item *folder)
{
	struct name_list names = { NULL, 0 };
	size_t bottom = folder->top;
	int result = 0;

	for (size_t layer = folder->top; layer <= folder->bottom && result == 0; layer++) {
		FD int fd = open_in(writer, layer, folder->path, O_RDONLY | O_DIRECTORY);

		if (fd == -ENOENT)
			continue;
		if (layer > folder->top && (fd == -ENOTDIR || fd == -ELOOP))
			break; /* covered here, so what is further below is no part of it */
		bottom = layer;
		result = fd < 0 ? fd : list_names(writer, fd, layer, &names);
		if (fd >= 0 && is_opaque(fd))
			break;
	}
	if (result == 0 && names.count > 0)
		qsort(names.rows, names.count, sizeof(names.rows[0]), compare_rows);
	for (size_t i = 0; i < names.count && result == 0; i++)
		if (i + 1 == names.count || strcmp(names.rows[i].text, names.rows[i + 1].text) != 0)
			result = push(writer, folder, &names.rows[i], bottom);
	return result;
}

static int write_directory(struct writer *writer, const struct item *item,
			   const struct stat *status, struct error *error)
{
	FD int fd = open_in(writer, item->top, item->path, O_RDONLY | O_DIRECTORY);
	char block[TAR_BLOCK] = "", name[PATH_MAX + 2];
	int length = snprintf(name, sizeof(name), "%s/", item->path[0] != '\0' ? item->path : ".");
	int result = fd < 0 ? fd : add_xattrs(writer, fd);

	if (result == 0)
		result = begin_header(writer, block, name, status, 0);
	if (result < 0)
		return fail(item, result, error);
	if (write_header(writer, block, '5', error) < 0)
		return -1;
	if (writer->tree->as_layer && is_opaque(fd) &&
	    write_mark(writer, item->path[0] != '\0' ? name : "",
		       item->path[0] != '\0' ? length : 0, ".wh..opq", error) < 0)
		return -1;
	if (status->st_dev != writer->device)
		return 0;
	result = push_children(writer, item);
	return result < 0 ? fail(item, result, error) : 0;
}

/* --- the walk ------------------------------------------------------------------------------------------------------- */

static int write_symlink(struct writer *writer, const struct item *item, int fd,
			 const struct stat *status, struct error *error)
{
	char target[PATH_MAX];
	ssize_t length = sys_readlinkat(fd, "", target, sizeof(target) - 1);

	if (length < 0)
		return fail(item, (int)length, error);
	target[length] = '\0';
	return write_plain(writer, item, status, '2', target, error);
}

static int write_regular(struct writer *writer, const struct item *item, const struct stat *status,
			 struct error *error)
{
	FD int fd = open_in(writer, item->top, item->path, O_RDONLY | O_NONBLOCK);
	int result = fd < 0 ? fd : add_xattrs(writer, fd);

	if (result < 0)
		return fail(item, result, error);
	return write_file(writer, item, fd, status, error);
}

static int write_item(struct writer *writer, const struct item *item, struct error *error)
{
	FD int fd = open_in(writer, item->top, item->path, O_PATH);
	const char *link = NULL;
	struct stat status;
	int result = fd < 0 ? fd : sys_fstat(fd, &status);

	if (result < 0)
		return fail(item, result, error);
	if (S_ISDIR(status.st_mode))
		return write_directory(writer, item, &status, error);
	if (S_ISSOCK(status.st_mode))
		return 0;
	if (S_ISCHR(status.st_mode) && status.st_rdev == 0)
		return write_deleted(writer, item, error);
	if (status.st_nlink > 1)
		link = known_name(writer, item, &status);
	if (link != NULL)
		return write_plain(writer, item, &status, '1', link, error);
	if (S_ISREG(status.st_mode))
		return write_regular(writer, item, &status, error);
	if (S_ISLNK(status.st_mode))
		return write_symlink(writer, item, fd, &status, error);
	return write_plain(writer, item, &status,
			   S_ISCHR(status.st_mode)   ? '3'
			   : S_ISBLK(status.st_mode) ? '4'
						     : '6',
			   NULL, error);
}

/* Takes one off the list after the other, until the list is empty. */
static int walk(struct writer *writer, struct error *error)
{
	static const char end[2 * TAR_BLOCK];
	int result = 0;

	while (writer->todo != NULL) {
		struct item *item = writer->todo;

		writer->todo = item->next;
		if (result == 0)
			result = write_item(writer, item, error);
		/* what it pushed is its own memory */
		arena_free(&writer->names);
		free(item);
	}
	return result < 0 ? -1 : write_bytes(writer, end, sizeof(end), error);
}

int tar_write(const struct tar_tree *tree, const struct tar_output *output, struct error *error)
{
	struct writer writer = { .tree = tree, .output = output };
	struct stat status;
	int result = sys_fstat(tree->roots[0], &status);

	writer.device = status.st_dev;
	writer.buffer = malloc(NAMES_MAX + TAR_XATTR_MAX);
	writer.known = calloc(KNOWN_ROWS, sizeof(struct known *));
	writer.todo = calloc(1, sizeof(struct item) + 1);
	if (result == 0 && (writer.buffer == NULL || writer.known == NULL || writer.todo == NULL))
		result = -ENOMEM;
	if (result < 0) {
		free(writer.todo);
		(void)error_set(error, result, "cannot write an archive");
	} else {
		writer.todo->bottom = tree->count - 1;
		result = walk(&writer, error);
	}
	free(writer.buffer);
	free(writer.known);
	free(writer.records);
	arena_free(&writer.memory);
	return result;
}
