/* SPDX-License-Identifier: MIT */
/*
 * --net container:NAME and ns:PATH: network namespaces that are there already. A container is found by its lock: who holds
 * the one of its record is its sv (/proc/locks), whose child in another network namespace is its init. So nothing has to be
 * written down for it while a container starts.
 */
#include "network_internal.h"

#include "../init/lib/fd.h"
#include "../init/lib/number.h"
#include "arena.h"
#include "file.h"
#include "part.h"
#include "state.h"

#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>

static int read_whole(struct arena *arena, int directory, const char *path, char **text)
{
	FD int fd = sys_openat(directory, path, O_RDONLY | O_CLOEXEC, 0);

	return fd < 0 ? fd : (int)file_read(arena, fd, FILE_SIZE_MAX, text);
}

/* The next word of a line whose words have one or more spaces between them. */
static bool next_word(struct part *rest, struct part *word)
{
	while (part_next(rest, ' ', word))
		if (word->length > 0)
			return true;
	return false;
}

/* "00:1a:5678", the numbers of device and inode, the former in hexadecimal, is that file. */
static bool is_file(struct part place, const struct stat *file)
{
	struct part major_number, minor_number;
	uint64_t first, second, inode;

	return part_next(&place, ':', &major_number) && part_next(&place, ':', &minor_number) &&
	       place.text != NULL &&
	       number_parse_hex(major_number.text, major_number.length, UINT32_MAX, &first) == 0 &&
	       number_parse_hex(minor_number.text, minor_number.length, UINT32_MAX, &second) == 0 &&
	       number_parse_u64(place.text, place.length, UINT64_MAX, &inode) == 0 &&
	       first == major(file->st_dev) && second == minor(file->st_dev) &&
	       inode == file->st_ino;
}

/* "1: FLOCK  ADVISORY  READ 1234 00:1a:5678 0 EOF": the process of a lock on that file, else 0. proc_locks(5) */
static pid_t lock_holder(const char *text, const struct stat *file)
{
	struct part rest = part_of(text), line, word[6];

	while (part_next(&rest, '\n', &line)) {
		size_t count = 0;
		uint64_t pid;

		while (count < 6 && next_word(&line, &word[count]))
			count++;
		if (count == 6 && part_is(word[1], "FLOCK") && is_file(word[5], file) &&
		    number_parse_u64(word[4].text, word[4].length, INT32_MAX, &pid) == 0)
			return (pid_t)pid;
	}
	return 0;
}

/* The sv of a container that runs; 0 where there is none. */
static pid_t find_supervisor(const char *name, const char *directory, struct error *error)
{
	struct arena arena = { .blocks = NULL };
	char path[300], *text = NULL;
	struct stat status;
	FD int fd = -1;
	pid_t pid = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", directory != NULL ? directory : STATE_DIRECTORY,
		       name);
	fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd >= 0 && sys_fstat(fd, &status) == 0 && sys_flock(fd, LOCK_EX | LOCK_NB) < 0 &&
	    read_whole(&arena, AT_FDCWD, "/proc/locks", &text) >= 0)
		pid = lock_holder(text, &status);
	arena_free(&arena);
	if (pid == 0)
		return error_set(error, 0, "--net: no container '%s' runs", name);
	return pid;
}

static bool is_own_namespace(int process)
{
	struct stat theirs, own;

	return sys_fstatat(process, "ns/net", &theirs, 0) < 0 ||
	       sys_fstatat(AT_FDCWD, "/proc/self/ns/net", &own, 0) < 0 ||
	       (theirs.st_ino == own.st_ino && theirs.st_dev == own.st_dev);
}

static int open_process(pid_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

/* Field 4 of /proc/PID/stat, behind a name that may hold anything but ends with the last parenthesis. 0 = none. */
static pid_t parent_of(int process)
{
	FD int fd = sys_openat(process, "stat", O_RDONLY | O_CLOEXEC, 0);
	char text[512];
	ssize_t length = fd < 0 ? fd : sys_read(fd, text, sizeof(text) - 1);
	struct part rest, word = { NULL, 0 };
	const char *end;
	uint64_t parent;

	text[length < 0 ? 0 : length] = '\0';
	end = strrchr(text, ')');
	if (end == NULL)
		return 0;
	rest = part_of(end);
	for (int i = 0; i < 3; i++)
		if (!next_word(&rest, &word))
			return 0;
	return number_parse_u64(word.text, word.length, INT32_MAX, &parent) < 0 ? 0 : (pid_t)parent;
}

/*
 * The network namespace of one of sv's children, where it is another than ours. The folder of /proc that stays open is of
 * that very process: once its parent is seen to be sv, and the namespace is open, there is no mistaking it for a later one.
 */
static int open_of_child(pid_t supervisor, pid_t child)
{
	FD int process = open_process(child);
	FD int namespace = -1;

	if (process < 0 || is_own_namespace(process))
		return -ENOENT;
	namespace = sys_openat(process, "ns/net", O_RDONLY | O_CLOEXEC, 0);
	if (namespace < 0 || parent_of(process) != supervisor)
		return -ENOENT;
	return fd_take(&namespace);
}

static int open_of_container(const char *name, const char *directory, struct error *error)
{
	struct part rest, word;
	struct arena arena = { .blocks = NULL };
	char path[64], *text = NULL;
	int result = -ENOENT;
	pid_t supervisor = find_supervisor(name, directory, error);

	if (supervisor <= 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)supervisor,
		       (int)supervisor);
	if (read_whole(&arena, AT_FDCWD, path, &text) >= 0) {
		rest = part_of(text);
		while (result < 0 && part_next(&rest, ' ', &word)) {
			uint64_t child;

			if (number_parse_u64(word.text, word.length, INT32_MAX, &child) == 0)
				result = open_of_child(supervisor, (pid_t)child);
		}
	}
	arena_free(&arena);
	if (result >= 0)
		return result;
	return error_hint(error,
			  error_set(error, 0,
				    "--net: container '%s' has no network namespace of its own",
				    name),
			  "with --net host itself, it shares this machine's: use --net host");
}

static int open_path(const char *path, struct error *error)
{
	FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return error_set(error, fd, "--net: cannot open network namespace '%s'", path);
	if (sys_ioctl(fd, NS_GET_NSTYPE, 0) != CLONE_NEWNET)
		return error_hint(error,
				  error_set(error, 0, "--net: '%s' is no network namespace", path),
				  "'ip netns add NAME' makes /run/netns/NAME; a process has "
				  "/proc/PID/ns/net");
	return fd_take(&fd);
}

int join_open(const struct spec *spec, const char *state_directory, struct error *error)
{
	return spec->net == SPEC_NET_PATH
		       ? open_path(spec->net_name, error)
		       : open_of_container(spec->net_name, state_directory, error);
}

/* --- there and back -------------------------------------------------------------------------------------------------- */

int network_enter(struct network *network, struct error *error)
{
	int result;

	if (network->joined < 0)
		return 0;
	network->own = sys_openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC, 0);
	result = network->own < 0 ? network->own : sys_setns(network->joined, CLONE_NEWNET);
	return result < 0 ? error_set(error, result, "--net: cannot enter the network namespace")
			  : 0;
}

int network_leave(struct network *network, struct error *error)
{
	int result = network->own < 0 ? 0 : sys_setns(network->own, CLONE_NEWNET);

	fd_close(&network->own);
	return result < 0 ? error_set(error, result,
				      "cannot go back to this machine's network namespace")
			  : 0;
}
