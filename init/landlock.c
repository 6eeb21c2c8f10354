/* SPDX-License-Identifier: MIT */
/*
 * Landlock: the kernel's own allow-list of files for a process and all that come from it, whoever they are:
 * Documentation/userspace-api/landlock.rst. sv has made the ruleset and knows what this kernel handles; here it is
 * filled, since the paths are the container's, and put on.
 */
#include "init.h"

#include "lib/fd.h"

#include <linux/landlock.h>

/* A rule may name no access that makes no sense for what it is about: a file has no entries. */
static int allow(const struct plan *plan, const struct plan_landlock *row)
{
	FD int fd = mounts_open_path(plan, plan_text(plan, row->path));
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };
	struct stat status;
	int result = fd < 0 ? fd : sys_fstat(fd, &status);

	if (result < 0)
		return result;
	rule.allowed_access = S_ISDIR(status.st_mode) ? row->access : row->file_access;
	return sys_landlock_add_rule(plan->landlock_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

int landlock_restrict(const struct plan *plan, const char **object)
{
	const struct plan_landlock *row = plan_rows(plan, plan->landlock);

	if (plan->landlock_fd < 0)
		return 0;
	for (uint32_t i = 0; i < plan->landlock.count; i++, row++) {
		int result = allow(plan, row);

		if (result < 0) {
			*object = plan_text(plan, row->path);
			return result;
		}
	}
	return sys_landlock_restrict_self(plan->landlock_fd, 0);
}
