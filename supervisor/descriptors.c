/* SPDX-License-Identifier: MIT */
/* The descriptors that sv was started with. */
#include "descriptors.h"

#include "../init/lib/number.h"
#include "../init/lib/sys.h"
#include "../init/plan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define MEMORY_DEVICES 1 /* their major number: Documentation/admin-guide/devices.txt */

/* Standard input opened for writing and the others for reading: each use gives EBADF, as when it was closed. */
void descriptors_fill(struct descriptors_standard *standard)
{
	*standard = (struct descriptors_standard){ 0, 0 };
	for (int fd = 0; fd < 3; fd++) {
		struct stat status;

		if (sys_fstat(fd, &status) == -EBADF)
			(void)sys_openat(AT_FDCWD, "/dev/null", fd == 0 ? O_WRONLY : O_RDONLY, 0);
		else if (S_ISCHR(status.st_mode) && major(status.st_rdev) != MEMORY_DEVICES)
			standard->may_be_ttys |= 1U << fd;
		else if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))
			standard->may_be_pipes |= 1U << fd;
	}
}

/* How many descriptors systemd, or one like it, has handed to this very process. */
static size_t count_listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t value;

	if (pid == NULL || fds == NULL)
		return 0;
	if (number_parse_u64(pid, strlen(pid), INT32_MAX, &value) < 0 || (pid_t)value != getpid())
		return 0;
	if (number_parse_u64(fds, strlen(fds), DESCRIPTORS_PRESERVED_MAX, &value) < 0)
		return 0;
	return (size_t)value;
}

/* F_DUPFD takes the lowest free number, so the rows rise and what lies between them can be closed in ranges. */
static void close_others(const struct descriptors *preserved)
{
	unsigned from = 3;

	for (size_t i = 0; i < preserved->count; i++) {
		if ((unsigned)preserved->rows[i] > from)
			(void)sys_close_range(from, (unsigned)preserved->rows[i] - 1, 0);
		from = (unsigned)preserved->rows[i] + 1;
	}
	(void)sys_close_range(from, ~0U, 0);
}

int descriptors_take(struct descriptors *preserved, size_t count, struct error *error)
{
	size_t listen = count_listen_fds();
	size_t wanted = listen > count ? listen : count;
	/* Above where they come from, where they go to, and what init has at fixed numbers. */
	unsigned long lowest = wanted + 3 > PLAN_FIRST_FREE ? wanted + 3 : PLAN_FIRST_FREE;

	preserved->count = 0;
	preserved->has_listen_fds = listen > 0;
	if (wanted > DESCRIPTORS_PRESERVED_MAX)
		return error_set(error, 0, "cannot preserve %zu descriptors: at most %d", wanted,
				 DESCRIPTORS_PRESERVED_MAX);
	for (size_t i = 0; i < wanted; i++) {
		int fd = sys_fcntl((int)(3 + i), F_DUPFD_CLOEXEC, lowest);

		if (fd == -EBADF)
			return error_set(error, 0, "cannot preserve descriptor %zu: it isn't open",
					 3 + i);
		if (fd < 0)
			return error_set(error, fd, "cannot preserve descriptor %zu", 3 + i);
		preserved->rows[preserved->count++] = fd;
	}
	close_others(preserved);
	return 0;
}
