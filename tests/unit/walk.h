/* SPDX-License-Identifier: MIT */
/*
 * Walks a plan that has passed plan_check() as init would: every row of every table, every string to its end. What init
 * relies on is checked again here, in other words than plan_check.c's.
 */
#ifndef SV_TESTS_WALK_H
#define SV_TESTS_WALK_H

#include "init/plan.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

struct walk {
	const struct plan *plan;
	size_t size;
	bool good;
	uint64_t sum; /* of all that was read: nothing of it may be optimised away */
};

static inline void walk_expect(struct walk *walk, bool good)
{
	walk->good = walk->good && good;
}

/* The rows, or NULL where they don't lie within the block. */
static inline const void *walk_rows(struct walk *walk, struct plan_table table, size_t row)
{
	const char *rows = plan_rows(walk->plan, table);
	const unsigned char *bytes = (const unsigned char *)rows;
	size_t length = (size_t)table.count * row;

	if (table.offset > walk->size || length > walk->size - table.offset) {
		walk->good = false;
		return NULL;
	}
	for (size_t i = 0; i < length; i++)
		walk->sum += bytes[i];
	return rows;
}

/* The string, or "" where it doesn't end within the block. */
static inline const char *walk_text(struct walk *walk, plan_string string)
{
	size_t at = (size_t)walk->plan->strings.offset + string;
	const char *text = plan_text(walk->plan, string);

	if (at >= walk->size || memchr(text, '\0', walk->size - at) == NULL) {
		walk->good = false;
		return "";
	}
	walk->sum += strlen(text);
	return text;
}

/* Relative, not empty, fits in a buffer of PATH_MAX, and leads nowhere up. */
static inline void walk_path(struct walk *walk, plan_string string)
{
	char path[PATH_MAX], *rest = path, *part;
	const char *text = walk_text(walk, string);

	walk_expect(walk, text[0] != '\0' && text[0] != '/' && strlen(text) < sizeof(path));
	if (!walk->good)
		return;
	memcpy(path, text, strlen(text) + 1);
	while ((part = strsep(&rest, "/")) != NULL)
		walk_expect(walk,
			    part[0] != '\0' && strcmp(part, ".") != 0 && strcmp(part, "..") != 0);
}

static inline void walk_fd(struct walk *walk, int fd)
{
	walk_expect(walk, fd > PLAN_SOCKET_FD);
}

static inline void walk_mounts(struct walk *walk)
{
	const struct plan_mount *row = walk_rows(walk, walk->plan->mounts, sizeof(*row));

	for (uint32_t i = 0; walk->good && i < walk->plan->mounts.count; i++, row++) {
		walk_path(walk, row->target);
		(void)walk_text(walk, row->options);
		if (row->kind == PLAN_MOUNT_DETACHED)
			walk_fd(walk, row->fd);
		else
			walk_expect(walk, row->kind == PLAN_MOUNT_FILESYSTEM && row->fd == -1 &&
						  walk_text(walk, row->type)[0] != '\0');
		walk_expect(walk,
			    row->phase <= PLAN_PHASE_RELEASED && row->expect <= PLAN_TARGET_FILE);
		walk_expect(walk, i == 0 || row[-1].phase <= row->phase);
	}
}

static inline void walk_files(struct walk *walk)
{
	const struct plan_node *node = walk_rows(walk, walk->plan->nodes, sizeof(*node));
	const struct plan_link *link = walk_rows(walk, walk->plan->links, sizeof(*link));
	const struct plan_sysctl *sysctl = walk_rows(walk, walk->plan->sysctls, sizeof(*sysctl));

	for (uint32_t i = 0; walk->good && i < walk->plan->nodes.count; i++) {
		walk_path(walk, node[i].path);
		walk_expect(walk, (node[i].mode >> 12 == 2 || node[i].mode >> 12 == 6) &&
					  (node[i].mode & 07000) == 0);
	}
	for (uint32_t i = 0; walk->good && i < walk->plan->links.count; i++) {
		walk_path(walk, link[i].path);
		walk_expect(walk, walk_text(walk, link[i].text)[0] != '\0');
	}
	for (uint32_t i = 0; walk->good && i < walk->plan->sysctls.count; i++) {
		walk_path(walk, sysctl[i].key);
		(void)walk_text(walk, sysctl[i].value);
	}
}

static inline void walk_command(struct walk *walk)
{
	const struct plan *plan = walk->plan;
	const plan_string *argument = walk_rows(walk, plan->arguments, sizeof(*argument));
	const plan_string *variable = walk_rows(walk, plan->environment, sizeof(*variable));
	const int32_t *preserved = walk_rows(walk, plan->preserved, sizeof(*preserved));
	const struct plan_limit *limit = walk_rows(walk, plan->limits, sizeof(*limit));

	const struct plan_landlock *landlock = walk_rows(walk, plan->landlock, sizeof(*landlock));

	(void)walk_rows(walk, plan->groups, sizeof(uint32_t));
	(void)walk_rows(walk, plan->filter, sizeof(struct plan_instruction));
	walk_expect(walk, plan->filter.count <= PLAN_FILTER_MAX);
	for (uint32_t i = 0; walk->good && i < plan->landlock.count; i++)
		walk_expect(walk, walk_text(walk, landlock[i].path)[0] != '\0');
	walk_expect(walk, plan->arguments.count > 0);
	for (uint32_t i = 0; walk->good && i < plan->arguments.count; i++)
		(void)walk_text(walk, argument[i]);
	for (uint32_t i = 0; walk->good && i < plan->environment.count; i++)
		(void)walk_text(walk, variable[i]);
	/* dup3() to 3, 4 ... in turn replaces none that is still to come */
	for (uint32_t i = 0; walk->good && i < plan->preserved.count; i++)
		walk_expect(walk, preserved[i] >= 3 + (int64_t)plan->preserved.count &&
					  preserved[i] > PLAN_SOCKET_FD);
	for (uint32_t i = 0; walk->good && i < plan->limits.count; i++)
		walk_expect(walk, limit[i].resource < 16 && limit[i].soft <= limit[i].hard);
}

/* True when all that init would use lies within the block and is what init takes for granted. */
static inline bool walk_plan(const struct plan *plan, size_t size)
{
	struct walk walk = { .plan = plan, .size = size, .good = true };

	walk_mounts(&walk);
	walk_files(&walk);
	walk_command(&walk);
	(void)walk_text(&walk, plan->hostname);
	(void)walk_text(&walk, plan->domainname);
	walk_expect(&walk, walk_text(&walk, plan->workdir)[0] == '/');
	walk_fd(&walk, plan->root_fd);
	walk_expect(&walk, plan->landlock_fd == -1 || plan->landlock_fd > PLAN_SOCKET_FD);
	walk_expect(&walk, plan->procs_fd == -1 || plan->procs_fd > PLAN_SOCKET_FD);
	walk_expect(&walk, plan->ttys == 0 || plan->flags & PLAN_TERMINAL);
	return walk.good && walk.sum > 0;
}

#endif
