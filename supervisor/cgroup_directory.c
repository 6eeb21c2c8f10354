/* SPDX-License-Identifier: MIT */
/*
 * One group's directory, always by descriptor: its files, its mark, its processes. Results are 0 or
 * more, or -errno.
 */
#include "cgroup_internal.h"

#include "../init/lib/fd.h"

#include <linux/magic.h>
#include <string.h>

/*
 * Directories that sv made carry this attribute, so that no other's is ever killed or removed: a
 * parent that the administrator made with limits of its own stays, one that sv had to make for
 * --cgroup-parent goes with the last container. Only the directory's owner can set it. cgroup file
 * systems have "user." attributes since Linux 5.7.
 */
static const char mark_name[] = "user.sv";

int cgroup_open_mount(const struct cgroup_hierarchy *hierarchy)
{
	FD int fd = sys_openat(AT_FDCWD, hierarchy->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	struct statfs status;
	int rc;

	if (fd < 0)
		return fd;
	rc = sys_fstatfs(fd, &status);
	if (rc < 0)
		return rc;
	/* what mountinfo tells may be mounted over by now */
	if ((unsigned long)status.f_type !=
	    (hierarchy->v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC))
		return -EXDEV;
	return fd_take(&fd);
}

int cgroup_open_directory(int parent, const char *name)
{
	return sys_openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

ssize_t cgroup_read(int fd, const char *file, char *text, size_t size)
{
	FD int from = sys_openat(fd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	size_t length = 0;
	ssize_t part = 1;

	if (from < 0)
		return from;
	while (part > 0 && length < size - 1) {
		part = sys_read(from, text + length, size - 1 - length);
		if (part > 0)
			length += (size_t)part;
	}
	if (part < 0)
		return part;
	if (length > 0 && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	return (ssize_t)length;
}

int cgroup_write(int fd, const char *file, const char *text)
{
	FD int to = sys_openat(fd, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	size_t length = strlen(text);
	ssize_t written;

	if (to < 0)
		return to;
	written = sys_write(to, text, length);
	/* the kernel takes the value whole or not at all */
	return written < 0 ? (int)written : (size_t)written == length ? 0 : -EIO;
}

int cgroup_mark(int fd)
{
	int rc = sys_fsetxattr(fd, mark_name, "1", 1, 0);

	return rc == -EOPNOTSUPP ? 0 : rc;
}

bool cgroup_marked(int fd)
{
	char value[8];
	ssize_t rc = sys_fgetxattr(fd, mark_name, value, sizeof(value));

	return rc >= 0 || rc == -EOPNOTSUPP;
}

bool cgroup_populated(int fd, bool inside)
{
	char text[128];
	ssize_t length;

	if (inside) {
		length = cgroup_read(fd, "cgroup.events", text, sizeof(text));
		if (length >= 0)
			return strstr(text, "populated 1") != NULL;
	}
	length = cgroup_read(fd, "cgroup.procs", text, sizeof(text));
	/* a threaded group has no list of processes, but has them all the same, or will; and where it
	 * can't be told, it may have some */
	return length > 0 || (length < 0 && length != -ENOENT && length != -ENODEV);
}
