/* SPDX-License-Identifier: MIT */
/* See stdio_owner.h. */
#include "stdio_owner.h"

#include "../init/lib/fd.h"
#include "../init/lib/text.h"

#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/vfs.h>

/* A named pipe or socket lives on after the container, in somebody's folder: its filesystem tells it from an anonymous one. */
static bool is_anonymous(int fd)
{
	struct statfs filesystem;

	if (sys_fstatfs(fd, &filesystem) < 0)
		return false;
	return filesystem.f_type == PIPEFS_MAGIC || filesystem.f_type == SOCKFS_MAGIC;
}

int stdio_give(unsigned which, uint32_t uid, uint32_t gid, struct error *error)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat status;
		int result;

		if (!(which & 1U << fd) || sys_fstat(fd, &status) < 0 ||
		    (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) || !is_anonymous(fd))
			continue;
		result = sys_fchown(fd, uid, gid);
		/* EPERM: an ordinary user was given somebody else's, and the command can use it as it is, only not open it. */
		if (result < 0 && result != -EPERM)
			return error_set(error, result,
					 "cannot give descriptor %d to the command's user", fd);
	}
	return 0;
}

int oom_score_set(pid_t pid, int score, struct error *error)
{
	char path[64], number[TEXT_NUMBER_MAX];
	FD int fd = -1;
	ssize_t result;

	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
	result = fd < 0 ? fd : sys_write(fd, number, text_number(number, score));
	if (result < 0)
		return error_hint(error,
				  error_set(error, (int)result, "cannot set --oom-score-adj"),
				  "lowering it needs CAP_SYS_RESOURCE");
	return 0;
}
