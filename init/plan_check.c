/* SPDX-License-Identifier: MIT */
/*
 * Is this block a plan? Owns the one check that stands between the bytes on PLAN_FD and everything that init does with
 * them. Nothing is used before it was checked, nothing outside of the block is read, and no number in it is trusted:
 * the fuzz target and the byte-flipping test hold it to that.
 */
#include "plan.h"

#include <limits.h>
#include <sys/stat.h>

#define DESCRIPTOR_MAX 1048576 /* the kernel's own default ceiling (fs.nr_open) */
#define ROWS_MAX       (1U << 24)

#define REFUSE(text) \
 do {                \
  *reason = (text);  \
  return -EINVAL;    \
 } while (0)

#define EINVAL 22 /* asm-generic/errno-base.h; <errno.h> would bring the variable errno in */

/* The row size and alignment of each table: what a table's offset and count are held against. */
static const struct {
	size_t where; /* offset of the struct plan_table in struct plan */
	uint32_t row;
	uint32_t alignment;
} tables[] = {
	{ offsetof(struct plan, strings), 1, 1 },
	{ offsetof(struct plan, mounts), sizeof(struct plan_mount), _Alignof(struct plan_mount) },
	{ offsetof(struct plan, nodes), sizeof(struct plan_node), _Alignof(struct plan_node) },
	{ offsetof(struct plan, links), sizeof(struct plan_link), _Alignof(struct plan_link) },
	{ offsetof(struct plan, masks), sizeof(struct plan_mask), _Alignof(struct plan_mask) },
	{ offsetof(struct plan, sysctls), sizeof(struct plan_sysctl),
	  _Alignof(struct plan_sysctl) },
	{ offsetof(struct plan, limits), sizeof(struct plan_limit), _Alignof(struct plan_limit) },
	{ offsetof(struct plan, filter), sizeof(struct plan_instruction),
	  _Alignof(struct plan_instruction) },
	{ offsetof(struct plan, landlock), sizeof(struct plan_landlock),
	  _Alignof(struct plan_landlock) },
	{ offsetof(struct plan, groups), sizeof(uint32_t), _Alignof(uint32_t) },
	{ offsetof(struct plan, preserved), sizeof(int32_t), _Alignof(int32_t) },
	{ offsetof(struct plan, arguments), sizeof(plan_string), _Alignof(plan_string) },
	{ offsetof(struct plan, environment), sizeof(plan_string), _Alignof(plan_string) },
};
_Static_assert(sizeof(tables) / sizeof(tables[0]) ==
		       (offsetof(struct plan, root_fd) - offsetof(struct plan, strings)) /
			       sizeof(struct plan_table),
	       "every table of the plan is checked");

static int check_tables(const struct plan *plan, const char **reason)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const struct plan_table *table =
			(const void *)((const char *)plan + tables[i].where);

		if (table->offset < sizeof(*plan) || table->offset > plan->size)
			REFUSE("a table starts outside of the plan");
		if (table->offset % tables[i].alignment != 0)
			REFUSE("a table is not aligned");
		if (table->count > (plan->size - table->offset) / tables[i].row)
			REFUSE("a table ends outside of the plan");
		if (i > 0 && table->count > ROWS_MAX)
			REFUSE("a table has too many rows");
	}
	return 0;
}

static int check_string_area(const struct plan *plan, const char **reason)
{
	const char *text = (const char *)plan + plan->strings.offset;

	if (plan->strings.count == 0 || text[0] != '\0' || text[plan->strings.count - 1] != '\0')
		REFUSE("the strings have no end");
	return 0;
}

/* The area ends with a NUL, so every string that starts in it ends in it. */
static int string_ok(const struct plan *plan, plan_string string)
{
	return string < plan->strings.count;
}

static int string_set(const struct plan *plan, plan_string string)
{
	return string_ok(plan, string) && plan_text(plan, string)[0] != '\0';
}

/* A path below the root: relative, and no component is "..", "." or empty. */
static int path_ok(const struct plan *plan, plan_string string)
{
	const char *text;
	size_t dots = 0, length = 0;

	if (!string_set(plan, string))
		return 0;
	text = plan_text(plan, string);
	for (size_t total = 0;; text++, total++) {
		if (*text == '/' || *text == '\0') {
			if (length == 0 || (length == dots && dots <= 2) || total >= PATH_MAX)
				return 0;
			if (*text == '\0')
				return 1;
			length = dots = 0;
			continue;
		}
		length++;
		dots += *text == '.';
	}
}

static int fd_ok(int32_t fd)
{
	return fd >= PLAN_FIRST_FREE && fd < DESCRIPTOR_MAX;
}

static int check_mounts(const struct plan *plan, const char **reason)
{
	const struct plan_mount *row = plan_rows(plan, plan->mounts);
	uint32_t phase = 0;

	for (uint32_t i = 0; i < plan->mounts.count; i++, row++) {
		if (row->kind >= PLAN_MOUNT_KIND_COUNT || row->expect >= PLAN_TARGET_COUNT ||
		    row->strict > 1)
			REFUSE("a mount is of no known kind");
		if (row->phase >= PLAN_PHASE_COUNT || row->phase < phase)
			REFUSE("the mounts are out of order");
		phase = row->phase;
		if (!path_ok(plan, row->target) || !string_ok(plan, row->type) ||
		    !string_ok(plan, row->options))
			REFUSE("a mount has no valid path");
		if (row->kind == PLAN_MOUNT_DETACHED ? !fd_ok(row->fd) : row->fd != -1)
			REFUSE("a mount has no valid descriptor");
		if (row->kind == PLAN_MOUNT_FILESYSTEM && !string_set(plan, row->type))
			REFUSE("a mount has no type");
		if (row->kind == PLAN_MOUNT_FILESYSTEM && row->flags & ~(uint64_t)UINT32_MAX)
			REFUSE("a mount has unknown flags");
		if (row->base_fd != -1 && (!fd_ok(row->base_fd) ||
					   row->kind != PLAN_MOUNT_FILESYSTEM || row->strict != 1))
			REFUSE("a mount has no valid base");
		if (row->reserved != 0)
			REFUSE("a mount has unknown flags");
	}
	return 0;
}

static int check_nodes_and_links(const struct plan *plan, const char **reason)
{
	const struct plan_node *node = plan_rows(plan, plan->nodes);
	const struct plan_link *link = plan_rows(plan, plan->links);

	for (uint32_t i = 0; i < plan->nodes.count; i++, node++) {
		if (!path_ok(plan, node->path))
			REFUSE("a device node has no valid path");
		if ((node->mode & S_IFMT) != S_IFCHR && (node->mode & S_IFMT) != S_IFBLK)
			REFUSE("a device node is no device");
		if (node->mode & ~(uint32_t)(S_IFMT | 0777) || node->major >= 1U << 12 ||
		    node->minor >= 1U << 20)
			REFUSE("a device node has no valid number or mode");
	}
	for (uint32_t i = 0; i < plan->links.count; i++, link++)
		if (!path_ok(plan, link->path) || !string_set(plan, link->text))
			REFUSE("a link has no valid path");
	return 0;
}

/* True for a path that begins with the words, and goes on after them or (`exactly`) ends there. */
static int begins(const char *path, const char *words, int exactly)
{
	while (*words != '\0' && *path == *words) {
		path++;
		words++;
	}
	return *words == '\0' && (*path == '/' || (exactly && *path == '\0'));
}

static int check_masks(const struct plan *plan, const char **reason)
{
	const struct plan_mask *row = plan_rows(plan, plan->masks);

	for (uint32_t i = 0; i < plan->masks.count; i++, row++) {
		if (!path_ok(plan, row->path) || row->kind >= PLAN_MASK_KIND_COUNT)
			REFUSE("a mask has no valid path");
		if (!begins(plan_text(plan, row->path), "proc", 0) &&
		    !begins(plan_text(plan, row->path), "sys", 0))
			REFUSE("a mask is not in /proc or /sys");
		if (begins(plan_text(plan, row->path), "proc/" PLAN_MASK_WORKSHOP, 1))
			REFUSE("a mask is where masks are made");
	}
	return 0;
}

static int check_sysctls(const struct plan *plan, const char **reason)
{
	const struct plan_sysctl *row = plan_rows(plan, plan->sysctls);

	for (uint32_t i = 0; i < plan->sysctls.count; i++, row++)
		if (!path_ok(plan, row->key) || !string_ok(plan, row->value))
			REFUSE("a sysctl has no valid key");
	return 0;
}

static int check_landlock(const struct plan *plan, const char **reason)
{
	const struct plan_landlock *row = plan_rows(plan, plan->landlock);

	for (uint32_t i = 0; i < plan->landlock.count; i++, row++)
		if (!string_set(plan, row->path))
			REFUSE("Landlock has no valid path");
	return 0;
}

static int check_command(const struct plan *plan, const char **reason)
{
	const plan_string *argument = plan_rows(plan, plan->arguments);
	const plan_string *variable = plan_rows(plan, plan->environment);

	if (plan->arguments.count == 0)
		REFUSE("there is no command");
	for (uint32_t i = 0; i < plan->arguments.count; i++)
		if (!string_ok(plan, argument[i]))
			REFUSE("an argument is no string");
	for (uint32_t i = 0; i < plan->environment.count; i++)
		if (!string_set(plan, variable[i]))
			REFUSE("a variable is no string");
	return 0;
}

static int check_descriptors(const struct plan *plan, const char **reason)
{
	const int32_t *preserved = plan_rows(plan, plan->preserved);

	if (!fd_ok(plan->root_fd))
		REFUSE("there is no root");
	if (plan->held_fd != -1 && !fd_ok(plan->held_fd))
		REFUSE("the lock has no valid descriptor");
	if (plan->procs_fd != -1 && !fd_ok(plan->procs_fd))
		REFUSE("the group has no valid descriptor");
	if (plan->landlock_fd != -1 && !fd_ok(plan->landlock_fd))
		REFUSE("Landlock has no valid descriptor");
	/* They are moved down to 3, 4 ... one by one: none may stand where one before it goes. */
	for (uint32_t i = 0; i < plan->preserved.count; i++)
		if (!fd_ok(preserved[i]) || (uint32_t)preserved[i] <= 3 + i ||
		    (i > 0 && preserved[i] <= preserved[i - 1]))
			REFUSE("a preserved descriptor stands in the way");
	return 0;
}

/* The root, or a path below it with the slash before it. What is behind the slash is a string of its own. */
static int workdir_ok(const struct plan *plan)
{
	if (!string_ok(plan, plan->workdir) || plan_text(plan, plan->workdir)[0] != '/')
		return 0;
	return !string_set(plan, plan->workdir + 1) || path_ok(plan, plan->workdir + 1);
}

static int check_limits_and_scalars(const struct plan *plan, const char **reason)
{
	const struct plan_limit *limit = plan_rows(plan, plan->limits);

	for (uint32_t i = 0; i < plan->limits.count; i++, limit++)
		if (limit->reserved != 0 || limit->resource > 15 || limit->soft > limit->hard)
			REFUSE("a resource limit is out of range");
	if (plan->filter.count > PLAN_FILTER_MAX)
		REFUSE("the filter is too long");
	if (!string_ok(plan, plan->hostname) || !string_ok(plan, plan->domainname))
		REFUSE("a name is no string");
	if (!workdir_ok(plan))
		REFUSE("the working directory is no valid path");
	if (plan->flags & ~(uint32_t)PLAN_FLAGS_ALL || plan->ttys > 7 || plan->umask > 0777)
		REFUSE("unknown flags");
	if (plan->ttys && !(plan->flags & PLAN_TERMINAL))
		REFUSE("a descriptor is to be a terminal that there isn't");
	if (plan->ambient & ~plan->capabilities)
		REFUSE("a capability is outside of the bounding set");
	if (plan->uid == UINT32_MAX || plan->gid == UINT32_MAX)
		REFUSE("the user is out of range");
	if (plan->oom_score_adj < -1000 || plan->oom_score_adj > 1000 || plan->terminal.valid > 1)
		REFUSE("a number is out of range");
	return 0;
}

int plan_check(const void *block, size_t size, const char **reason)
{
	static const char magic[8] = PLAN_MAGIC;
	static int (*const checks[])(const struct plan *, const char **) = {
		check_tables,      check_string_area,
		check_mounts,      check_nodes_and_links,
		check_masks,       check_sysctls,
		check_landlock,    check_command,
		check_descriptors, check_limits_and_scalars,
	};
	const struct plan *plan = block;

	if (size < sizeof(*plan) || size > PLAN_SIZE_MAX)
		REFUSE("it is no plan: wrong size");
	for (size_t i = 0; i < sizeof(magic); i++)
		if (plan->magic[i] != magic[i])
			REFUSE("it is no plan: wrong first bytes");
	if (plan->version != PLAN_VERSION)
		REFUSE("it was made by another version of sv");
	if (plan->size != size)
		REFUSE("it was cut short");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i](plan, reason) != 0)
			return -EINVAL;
	return 0;
}
