/* SPDX-License-Identifier: MIT */
/* See build_copy.h. A folder goes as a tar archive from the writer to the unpacker, neither of which leaves its directory. */
#include "build_copy.h"

#include "../init/lib/fd.h"
#include "file.h"
#include "store.h"
#include "tar.h"
#include "unpack.h"

#include <stdio.h>
#include <string.h>

#define FROM_CONTEXT (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
#define INTO_ROOT    (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

/* Opens a directory below root, and makes what is missing of it. The descriptor or -errno. */
static int open_target(int root, const char *path)
{
	char part[PATH_MAX];
	FD int parent = sys_openat2(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, INTO_ROOT);
	size_t name = 0;

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; parent >= 0 && i <= strlen(path); i++) {
		char byte = part[i];
		int opened;

		if (byte != '/' && byte != '\0')
			continue;
		part[i] = '\0';
		opened = sys_openat2(root, part, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, INTO_ROOT);
		if (opened == -ENOENT) {
			int result = sys_mkdirat(parent, part + name + 1, 0755);

			opened = result < 0
					 ? result
					 : sys_openat2(root, part, O_PATH | O_DIRECTORY | O_CLOEXEC,
						       0, INTO_ROOT);
		}
		fd_close(&parent);
		parent = opened;
		part[i] = byte;
		name = i;
	}
	return fd_take(&parent);
}

/* --- one file ----------------------------------------------------------------------------------------------------------- */

static int copy_bytes(int from, int to)
{
	char buffer[16384];
	ssize_t got;
	int result = 0;

	while (result == 0 && (got = sys_read(from, buffer, sizeof(buffer))) != 0)
		result = got < 0 ? (int)got : file_write(to, buffer, (size_t)got);
	return result;
}

/* What has the name goes, so that neither a link nor a program that runs is written to. */
static int copy_file(int from, const struct stat *status, int folder, const char *name)
{
	/* as in unpack.c: root's now, and so it doesn't run as its owner */
	uint32_t lost = (status->st_uid != 0 ? S_ISUID : 0U) | (status->st_gid != 0 ? S_ISGID : 0U);
	int result = sys_unlinkat(folder, name, 0);
	FD int to = -1;

	if (result < 0 && result != -ENOENT)
		return result;
	to = sys_openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	result = to < 0 ? to : copy_bytes(from, to);
	return result == 0 ? sys_fchmod(to, status->st_mode & 07777 & ~lost) : result;
}

/* --- a folder ----------------------------------------------------------------------------------------------------------- */

static int feed(void *context, const char *bytes, size_t size, struct error *error)
{
	return tar_feed(context, bytes, size, error);
}

static int copy_folder(int from, int to, struct error *error)
{
	static struct tar_reader reader;
	static struct unpack unpack;
	const struct tar_tree tree = { .roots = &from, .count = 1 };
	const struct tar_output output = { .context = &reader, .write = feed };
	struct tar_sink sink = unpack_sink;
	int result;

	unpack.root = to;
	unpack.devices = false;
	unpack.user_xattrs = store_is_users();
	unpack.id_limit = 1; /* all is root's */
	unpack_begin(&unpack);
	sink.context = &unpack;
	tar_begin(&reader, &sink);
	result = tar_write(&tree, &output, error);
	if (result == 0)
		result = tar_end(&reader, false, error);
	if (result == 0)
		result = unpack_end(&unpack, error);
	tar_free(&reader);
	unpack_free(&unpack);
	return result;
}

/* --- COPY --------------------------------------------------------------------------------------------------------------- */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static bool is_folder(int root, const char *path)
{
	FD int fd = sys_openat2(root, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, INTO_ROOT);

	return fd >= 0;
}

/* The file goes into the target, where that is a folder, or becomes it. */
static int copy_into(int from, const char *source, const struct stat *status, int root,
		     const char *target, bool into)
{
	char folder[PATH_MAX];
	const char *name = into ? last_part(source) : last_part(target);
	FD int to = -1;

	(void)snprintf(folder, sizeof(folder), "%.*s",
		       into ? (int)strlen(target) : (int)(name - target), target);
	to = open_target(root, folder);
	return to < 0 ? to : copy_file(from, status, to, name);
}

static int copy_one(int context, const char *source, int root, const char *target, bool into,
		    struct error *error)
{
	const char *below = source + strspn(source, "/");
	FD int from = sys_openat2(context, below[0] != '\0' ? below : ".",
				  O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, FROM_CONTEXT);
	struct stat status = { .st_mode = 0 };
	int result = from < 0 ? from : sys_fstat(from, &status);

	if (result == -EXDEV)
		return error_set(error, 0, "COPY: '%s' leads out of the recipe's folder", source);
	if (result < 0)
		return error_set(error, result, "COPY: cannot open '%s' in the recipe's folder",
				 source);
	if (S_ISDIR(status.st_mode)) {
		FD int to = open_target(root, target);

		result = to < 0 ? to : copy_folder(from, to, error);
	} else if (S_ISREG(status.st_mode)) {
		result = copy_into(from, source, &status, root, target, into);
	} else {
		return error_set(error, 0, "COPY: '%s' is neither a file nor a folder", source);
	}
	return result < 0
		       ? error_set(error, result, "COPY: cannot copy '%s' to '%s'", source, target)
		       : 0;
}

int build_copy(int context, int root, const struct recipe_step *step, const char *workdir,
	       struct error *error)
{
	size_t sources = step->words.count - 1;
	const char *last = step->words.rows[sources];
	char target[PATH_MAX];
	size_t length =
		(size_t)snprintf(target, sizeof(target), "%s%s%s", last[0] == '/' ? "" : workdir,
				 last[0] == '/' ? "" : "/", last);
	bool into = sources > 1;
	int result = 0;

	if (length >= sizeof(target))
		return error_set(error, -ENAMETOOLONG, "COPY: cannot copy to '%.80s...'", last);
	for (; length > 1 && target[length - 1] == '/'; length--) {
		target[length - 1] = '\0';
		into = true;
	}
	into = into || is_folder(root, target);
	for (size_t i = 0; result == 0 && i < sources; i++)
		result = copy_one(context, step->words.rows[i], root, target, into, error);
	return result;
}
