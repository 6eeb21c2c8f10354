/* SPDX-License-Identifier: MIT */
/*
 * Ranges and maps. A range is locked by locking as many bytes of one file, at the ids' own offsets (users' and groups'
 * apart): whatever two ranges are, they collide exactly when their ids do. The lock belongs to the open file, which init
 * has open too: it lasts until the last process of both is gone, and the kernel gives it back however they end.
 */
#include "userns.h"

#include "../init/lib/fd.h"
#include "arena.h"
#include "file.h"
#include "state.h"
#include "subids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_FILE   STATE_DIRECTORY "/.ids"
#define ID_FILE_MAX (1U << 20)
#define OWNER       "sv" /* in /etc/subuid and /etc/subgid */

/*
 * Where ids come from when nobody gave "sv" any: above everything that accounts (/etc/login.defs), containers of
 * systemd (524288 to 1879048191) and its foreign ids (2147352576 to 2147418111) are given: systemd's UIDS-GIDS
 * document. 4,094 ranges, then 4,096 more from 2^31 on, which only programs that take ids for signed dislike.
 */
static const struct {
	uint32_t start, count;
} defaults[] = {
	{ 0x70000000, 4094 },
	{ 0x80000000, 4096 },
};

struct lines {
	struct arena arena;
	struct subids uid, gid;
};

/* A file that isn't there gives nobody anything. */
static int read_lines(struct lines *lines, struct subids *list, const char *path,
		      struct error *error)
{
	static const struct stat unknown; /* not asked for: most are short */
	FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	unsigned bad = 0;
	char *text = NULL;
	ssize_t size;
	int result;

	if (fd == -ENOENT)
		return 0;
	size = fd < 0 ? fd : file_read_status(&lines->arena, fd, &unknown, ID_FILE_MAX, &text);
	if (size < 0)
		return error_set(error, (int)size, "cannot read '%s'", path);
	result = subids_parse(list, &lines->arena, (struct part){ text, (size_t)size }, &bad);
	if (result == -EINVAL)
		return error_hint(error,
				  error_set(error, 0, "%s:%u: not of the form NAME:START:COUNT",
					    path, bad),
				  "mend the line, or choose a range with --userns START:SIZE");
	return result < 0 ? error_set(error, result, "cannot read '%s'", path) : 0;
}

static uint32_t default_range(uint32_t slot)
{
	return slot < defaults[0].count
		       ? defaults[0].start + slot * USERNS_SIZE
		       : defaults[1].start + (slot - defaults[0].count) * USERNS_SIZE;
}

/* --- locks ------------------------------------------------------------------------------------------------------------ */

/* A user's id is the byte of that number, a group's that many bytes behind the last user's. */
#define GROUPS ((off_t)1 << 32)

static int lock_bytes(int fd, int type, off_t start, off_t size)
{
	struct flock range = {
		.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = size
	};

	return sys_fcntl(fd, F_OFD_SETLK, (uintptr_t)&range);
}

/* -EAGAIN: another container has some of them. */
static int lock_range(int fd, uint32_t uid, uint32_t gid, uint32_t size)
{
	int result = lock_bytes(fd, F_WRLCK, uid, size);

	if (result < 0)
		return result;
	result = lock_bytes(fd, F_WRLCK, GROUPS + gid, size);
	if (result < 0)
		(void)lock_bytes(fd, F_UNLCK, uid, size);
	return result;
}

/*
 * Whoever removes the file has locked all of it, as nobody else does: one who then finds it locked must not take that for every
 * id being taken.
 */
static bool is_being_removed(int fd)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return sys_fcntl(fd, F_OFD_GETLK, (uintptr_t)&all) == 0 && all.l_type != F_UNLCK &&
	       all.l_start == 0 && all.l_len == 0;
}

/* Nobody has removed it between its being opened and locked; from then on nobody will. */
static bool is_named(int fd)
{
	struct stat status;

	return sys_fstat(fd, &status) == 0 && status.st_nlink > 0;
}

/* The directory is there: state_take() has made it, and holds a file in it. */
static int open_locks(struct error *error)
{
	int fd = sys_openat(AT_FDCWD, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? error_set(error, fd, "cannot open '" LOCK_FILE "'") : fd;
}

/*
 * Whoever can lock every byte is the last: the file goes. Where that fails one's own bytes are let go and it is tried once more,
 * or two that end at the same moment would each leave it to the other; between the two another may have removed it.
 */
void userns_free(struct userns *userns)
{
	bool is_last = userns->lock >= 0 && userns->size > 0 &&
		       lock_bytes(userns->lock, F_WRLCK, 0, 0) == 0;

	if (userns->lock >= 0 && !is_last)
		is_last = lock_bytes(userns->lock, F_UNLCK, 0, 0) == 0 &&
			  lock_bytes(userns->lock, F_WRLCK, 0, 0) == 0 && is_named(userns->lock);
	if (is_last)
		(void)sys_unlinkat(AT_FDCWD, LOCK_FILE, 0);
	fd_close(&userns->lock);
}

void userns_collect(void)
{
	struct userns none = { .lock = sys_openat(AT_FDCWD, LOCK_FILE,
						  O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0) };

	userns_free(&none);
}

/* --- choosing --------------------------------------------------------------------------------------------------------- */

static uint32_t hash(const char *name)
{
	uint32_t value = 2166136261U; /* FNV-1a */

	for (; *name != '\0'; name++)
		value = (value ^ (unsigned char)*name) * 16777619U;
	return value;
}

/* Takes the first free range from the place on where the name's hash points. */
static int take_any(struct userns *userns, const struct lines *lines, uint32_t slots, bool own,
		    uint32_t first)
{
	for (uint32_t i = 0; i < slots; i++) {
		uint32_t slot = (uint32_t)(((uint64_t)first + i) % slots);
		uint32_t uid = own ? subids_range(&lines->uid, OWNER, USERNS_SIZE, slot)
				   : default_range(slot);
		uint32_t gid = own ? subids_range(&lines->gid, OWNER, USERNS_SIZE, slot) : uid;

		if (!own && (subids_touch(&lines->uid, uid, USERNS_SIZE) ||
			     subids_touch(&lines->gid, gid, USERNS_SIZE)))
			continue;
		if (lock_range(userns->lock, uid, gid, USERNS_SIZE) < 0) {
			if (is_being_removed(userns->lock))
				return -EBUSY;
			continue;
		}
		userns->uid = uid;
		userns->gid = gid;
		userns->size = USERNS_SIZE;
		return 0;
	}
	return -EAGAIN;
}

static int take_asked(struct userns *userns, const struct spec *spec, struct error *error)
{
	userns->uid = userns->gid = spec->userns_start;
	userns->size = spec->userns_size;
	if (lock_range(userns->lock, userns->uid, userns->gid, userns->size) < 0)
		return is_being_removed(userns->lock)
			       ? -EBUSY
			       : error_set(
					 error, 0,
					 "--userns: ids of %u:%u belong to another container that runs",
					 userns->uid, userns->size);
	return 0;
}

static int take_range(struct userns *userns, const struct spec *spec, const char *name,
		      struct lines *lines, struct error *error)
{
	uint32_t uids, gids;
	int result;
	bool own;

	if (spec->userns_size != 0)
		return take_asked(userns, spec, error);
	if (read_lines(lines, &lines->uid, "/etc/subuid", error) < 0 ||
	    read_lines(lines, &lines->gid, "/etc/subgid", error) < 0)
		return -EINVAL;
	uids = subids_count_ranges(&lines->uid, OWNER, USERNS_SIZE);
	gids = subids_count_ranges(&lines->gid, OWNER, USERNS_SIZE);
	own = uids > 0 || gids > 0;
	if (own && (uids == 0 || gids == 0))
		return error_set(error, 0, "%s gives the user 'sv' %u ids, %s does not",
				 uids > 0 ? "/etc/subuid" : "/etc/subgid", USERNS_SIZE,
				 uids > 0 ? "/etc/subgid" : "/etc/subuid");
	result = take_any(userns, lines,
			  own ? (uids < gids ? uids : gids) : defaults[0].count + defaults[1].count,
			  own, own ? 0 : hash(name) % defaults[0].count);
	if (result == -EAGAIN)
		return error_hint(error,
				  error_set(error, 0, "no range of %u ids is free", USERNS_SIZE),
				  "give the user 'sv' more in /etc/subuid and /etc/subgid");
	return result;
}

static void free_lines(struct lines *lines)
{
	arena_free(&lines->arena);
}

int userns_choose(struct userns *userns, const struct spec *spec, const char *name,
		  struct error *error)
{
	/* Again where the last user of the file is removing it, or has, between open and lock: a matter of microseconds. */
	for (int tries = 0; tries < 1000; tries++) {
		__attribute__((
			cleanup(free_lines))) struct lines lines = { .arena = { .blocks = NULL } };
		_Alignas(16) char memory[8192] = { 0 };
		int result;

		arena_lend(&lines.arena, memory, sizeof(memory));
		if (tries > 0)
			(void)sys_poll(NULL, 0, 1);
		userns->lock = open_locks(error);
		if (userns->lock < 0)
			return userns->lock;
		result = take_range(userns, spec, name, &lines, error);
		if (error_is_set(error) || (result == 0 && is_named(userns->lock)))
			return result;
		fd_close(&userns->lock);
	}
	return error_set(error, -EBUSY, "cannot lock a range of ids in '" LOCK_FILE "'");
}

/* --- maps ------------------------------------------------------------------------------------------------------------- */

static int write_map(pid_t pid, const char *name, uint32_t start, uint32_t size,
		     struct error *error)
{
	char path[64], text[64];
	FD int fd = -1;
	ssize_t result;
	int length = snprintf(text, sizeof(text), "0 %u %u\n", start, size);

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
	result = fd < 0 ? fd : sys_write(fd, text, (size_t)length);
	return result < 0 ? error_set(error, (int)result, "cannot map ids %u:%u (%s)", start, size,
				      name)
			  : 0;
}

int userns_write_maps(const struct userns *userns, pid_t pid, struct error *error)
{
	if (write_map(pid, "uid_map", userns->uid, userns->size, error) < 0)
		return -1;
	return write_map(pid, "gid_map", userns->gid, userns->size, error);
}

int userns_open(pid_t pid, struct error *error)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	return fd < 0 ? error_set(error, fd, "cannot open the user namespace") : fd;
}

static int idmap(int namespace, int mount, unsigned flags, uint64_t also)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP | also,
					 .userns_fd = (unsigned)namespace };

	return sys_mount_setattr(mount, "", AT_EMPTY_PATH | flags, &attributes);
}

int userns_idmap(int namespace, int mount, uint64_t attributes)
{
	return idmap(namespace, mount, AT_RECURSIVE, attributes);
}

/* --- which one refuses -------------------------------------------------------------------------------------------------- */

/* True when this mount alone, without what is below it, can't be mapped. */
static bool refuses(int namespace, const char *point)
{
	FD int tree = sys_open_tree(AT_FDCWD, point, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return tree >= 0 && idmap(namespace, tree, 0, 0) < 0;
}

/* The fifth word of a line of mountinfo, with its escapes undone: proc_pid_mountinfo(5). */
static bool read_point(const char *line, char point[4096])
{
	size_t length = 0;

	for (int word = 0; word < 4; word++) {
		line = strchr(line, ' ');
		if (line == NULL)
			return false;
		line++;
	}
	for (; *line != ' ' && *line != '\0' && length < 4095; line++) {
		if (line[0] == '\\' && line[1] != '\0' && line[2] != '\0' && line[3] != '\0') {
			point[length++] = (char)((line[1] - '0') << 6 | (line[2] - '0') << 3 |
						 (line[3] - '0'));
			line += 3;
		} else {
			point[length++] = *line;
		}
	}
	point[length] = '\0';
	return true;
}

/* The first mount below `source` that can't be mapped, into point. */
static bool find_refusing(int namespace, const char *source, char point[4096])
{
	FD int fd = sys_openat(AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC, 0);
	struct arena arena = { .blocks = NULL };
	size_t length = strlen(source);
	bool found = false;
	char *text = NULL;

	if (fd >= 0 && file_read(&arena, fd, FILE_SIZE_MAX, &text) >= 0)
		for (char *line = strtok(text, "\n"); !found && line != NULL;
		     line = strtok(NULL, "\n"))
			found = read_point(line, point) && strncmp(point, source, length) == 0 &&
				point[length] == '/' && refuses(namespace, point);
	arena_free(&arena);
	return found;
}

int userns_fail_volume(int namespace, const struct spec_volume *volume, int number,
		       struct error *error)
{
	char real[4096], point[4096];
	bool found = realpath(volume->source, real) != NULL && !refuses(namespace, real) &&
		     find_refusing(namespace, real, point);
	int result = error_set(error, number, "cannot map the ids of volume '%s'%s%s%s",
			       volume->source, found ? " (of what is mounted on '" : "",
			       found ? point : "", found ? "' in it)" : "");

	return error_hint(
		error, result,
		"add ':noidmap' to see it with the host's ids, or run with --userns host");
}
