/* SPDX-License-Identifier: MIT */
/*
 * `sv diff`: what a kept container has written, a line each: A is new, C was there and is another now (or something in it is), D is
 * gone. As overlay has it, a file counts as changed once it was opened for writing.
 */
#include "verbs.h"

#include "../init/lib/fd.h"
#include "container.h"
#include "file.h"
#include "print_text.h"
#include "store_verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define INSIDE (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

struct change {
	const char *path; /* without a slash before it */
	char kind;
};

struct diff {
	int upper, below;
	struct arena memory;
	SPEC_LIST(struct change) changes;
	SPEC_LIST(const char *) folders; /* of upper, still to be looked at */
};

/* The path's status in a tree, links not followed: 0 or -errno. */
static int look(int tree, const char *path, struct stat *status)
{
	FD int fd = sys_openat2(tree, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, INSIDE);

	return fd < 0 ? fd : sys_fstat(fd, status);
}

static int add(struct diff *diff, char kind, const char *path)
{
	struct change *row = ARENA_APPEND(&diff->memory, &diff->changes);

	if (row == NULL)
		return -ENOMEM;
	*row = (struct change){ path, kind };
	return 0;
}

static const char *join(struct diff *diff, const char *folder, const char *name)
{
	size_t length = strlen(folder) + strlen(name) + 2;
	char *path = arena_take(&diff->memory, length);

	if (path != NULL)
		(void)snprintf(path, length, "%s%s%s", folder, folder[0] != '\0' ? "/" : "", name);
	return path;
}

/* Calls `each` for the names of a folder. */
static int each_name(struct diff *diff, int fd, const char *folder,
		     int (*each)(struct diff *diff, const char *path))
{
	_Alignas(struct sys_dirent64) char buffer[4096] = "";
	int result = 0;
	long length = 0;

	while (result == 0 && (length = sys_getdents64(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < length && result == 0;) {
			const struct sys_dirent64 *entry = (const void *)(buffer + at);
			const char *path;

			at += entry->length;
			if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
				continue;
			path = join(diff, folder, entry->name);
			result = path == NULL ? -ENOMEM : each(diff, path);
		}
	}
	return result == 0 && length < 0 ? (int)length : result;
}

/* One name of upper. */
static int take_name(struct diff *diff, const char *path)
{
	struct stat here = { .st_mode = 0 }, there;
	int result = look(diff->upper, path, &here);
	const char **row;

	if (result < 0)
		return result;
	if (S_ISCHR(here.st_mode) && here.st_rdev == makedev(0, 0))
		return add(diff, 'D', path);
	result = add(diff, look(diff->below, path, &there) == 0 ? 'C' : 'A', path);
	if (result < 0 || !S_ISDIR(here.st_mode))
		return result;
	row = ARENA_APPEND(&diff->memory, &diff->folders);
	if (row == NULL)
		return -ENOMEM;
	*row = path;
	return 0;
}

/* A name of a folder below that an opaque one covers. */
static int take_hidden(struct diff *diff, const char *path)
{
	struct stat status;

	return look(diff->upper, path, &status) == -ENOENT ? add(diff, 'D', path) : 0;
}

static bool is_opaque(int folder)
{
	char value[2];

	return sys_fgetxattr(folder, "trusted.overlay.opaque", value, sizeof(value)) > 0 ||
	       sys_fgetxattr(folder, "user.overlay.opaque", value, sizeof(value)) > 0;
}

static int take_folder(struct diff *diff, const char *path)
{
	const uint64_t flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	const char *name = path[0] != '\0' ? path : ".";
	FD int folder = sys_openat2(diff->upper, name, flags, 0, INSIDE);
	FD int covered = -1;
	int result = folder < 0 ? folder : each_name(diff, folder, path, take_name);

	if (result < 0 || !is_opaque(folder))
		return result;
	covered = sys_openat2(diff->below, name, flags, 0, INSIDE);
	return covered < 0 ? 0 : each_name(diff, covered, path, take_hidden);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct change *)a)->path, ((const struct change *)b)->path);
}

static int print(const struct diff *diff, struct error *error)
{
	FILE *page;
	char *text = NULL;
	size_t size = 0;
	int result;

	page = open_memstream(&text, &size);
	for (size_t i = 0; page != NULL && i < diff->changes.count; i++) {
		(void)fprintf(page, "%c /", diff->changes.rows[i].kind);
		print_text(page, diff->changes.rows[i].path);
		(void)fputc('\n', page);
	}
	result = page == NULL || (ferror(page) | fclose(page)) != 0 ? -ENOMEM
								    : file_write(1, text, size);
	free(text);
	return result < 0 ? error_set(error, result, "cannot write to standard output") : 0;
}

static int compare_trees(struct diff *diff, const char *name, struct error *error)
{
	int result = take_folder(diff, "");

	while (result == 0 && diff->folders.count > 0)
		result = take_folder(diff, diff->folders.rows[--diff->folders.count]);
	if (result < 0)
		return error_set(error, result, "cannot compare container '%s' with its image",
				 name);
	if (diff->changes.count > 0)
		qsort(diff->changes.rows, diff->changes.count, sizeof(*diff->changes.rows),
		      compare);
	return print(diff, error);
}

static int diff_container(struct store *store, const char *name, struct error *error)
{
	struct container container = { .fd = -1 };
	struct diff diff = { .upper = -1, .below = -1 };
	int result = container_take(&container, store, name, error);

	if (result == 0) {
		diff.upper = container_open_upper(&container);
		diff.below = container_open_below(&container, error);
		result = diff.below < 0 ? -1 : compare_trees(&diff, name, error);
	}
	fd_close(&diff.upper);
	fd_close(&diff.below);
	arena_free(&diff.memory);
	(void)container_end(&container, false);
	return result;
}

int verb_diff(int argc, char *const argv[])
{
	static struct error error;
	struct store_verb verb = {
		.name = "diff", .usage = "sv diff [--root DIR] NAME", .least = 1, .most = 1
	};

	if (store_verb_begin(&verb, argc, argv, &error) == 0)
		(void)diff_container(&verb.store, verb.words[0], &error);
	store_verb_end(&verb);
	return error_is_set(&error) ? error_print(&error) : 0;
}
