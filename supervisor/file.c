/* SPDX-License-Identifier: MIT */
/* See file.h. */
#include "file.h"

#include "../init/lib/sys.h"

#include <stdint.h>

#define FIRST_SIZE ((size_t)2 << 10) /* for what has no size of its own: a pipe, /proc */

/*
 * Reads into text[0..size) until it is full or the file ends. Returns how much there was, or
 * -errno.
 */
static ssize_t read_full(int fd, char *text, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t count = sys_read(fd, text + got, size - got);

		if (count == 0)
			break;
		if (count < 0 && count != -EINTR)
			return count;
		if (count > 0)
			got += (size_t)count;
	}
	return (ssize_t)got;
}

/* How large a file says that it is; 0 where it doesn't: a pipe, /proc. */
static size_t known_size(const struct stat *status, size_t max)
{
	if (!S_ISREG(status->st_mode) || status->st_size <= 0)
		return 0;
	return (uint64_t)status->st_size > max ? max + 1 : (size_t)status->st_size;
}

ssize_t file_read_status(struct arena *arena, int fd, const struct stat *status, size_t max,
			 char **text)
{
	size_t known = known_size(status, max), size = known != 0 ? known : FIRST_SIZE, got = 0;
	char *buffer = NULL;

	for (;;) {
		char *larger = arena_take(arena, size + 1);
		ssize_t count;

		if (larger == NULL)
			return -ENOMEM;
		if (got > 0)
			__builtin_memcpy(larger, buffer, got);
		buffer = larger;
		count = read_full(fd, buffer + got, size - got);
		if (count < 0)
			return count;
		got += (size_t)count;
		if (got > max)
			return -EFBIG;
		if (got < size || got == known)
			break;
		size *= 2;
	}
	buffer[got] = '\0';
	*text = buffer;
	return (ssize_t)got;
}

ssize_t file_read(struct arena *arena, int fd, size_t max, char **text)
{
	struct stat status;
	int result = sys_fstat(fd, &status);

	return result < 0 ? result : file_read_status(arena, fd, &status, max, text);
}

int file_write(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t count = sys_write(fd, text, size);

		if (count < 0 && count != -EINTR)
			return (int)count;
		if (count > 0) {
			text += count;
			size -= (size_t)count;
		}
	}
	return 0;
}
