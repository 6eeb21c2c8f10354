/* SPDX-License-Identifier: MIT */
/*
 * Any block of bytes is refused by plan_check() with a reason, or is a plan: then all that init would use lies in it. The
 * input is tried as the block itself; as one with magic, version and size put right; and as changes to a good plan,
 * six bytes each.
 */
#include "tests/unit/walk.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_block(const void *block, size_t size)
{
	const char *reason = NULL;
	int result = plan_check(block, size, &reason);

	if (result < 0 ? reason == NULL || reason[0] == '\0' : !walk_plan(block, size))
		abort();
}

static const char strings[] = "\0dev\0tmpfs\0dev/x\0/text\0A=1\0proc/x";

/* One row of each kind, two of mounts. */
struct rows {
	struct plan head;
	struct plan_mount mounts[2];
	struct plan_limit limit;
	struct plan_node node;
	struct plan_link link;
	struct plan_sysctl sysctl;
	struct plan_instruction filter;
	struct plan_mask mask;
	struct plan_landlock landlock;
	uint32_t group;
	int32_t preserved;
	plan_string argument, variable;
	char strings[sizeof(strings)];
};

#define TABLE(member, number)           \
 {                                      \
  offsetof(struct rows, member), number \
 }

static const struct rows good = {
	.head = {
		.magic = PLAN_MAGIC,
		.version = PLAN_VERSION,
		.size = sizeof(struct rows),
		.strings = TABLE(strings, sizeof(strings)),
		.mounts = TABLE(mounts, 2),
		.nodes = TABLE(node, 1),
		.links = TABLE(link, 1),
		.sysctls = TABLE(sysctl, 1),
		.masks = TABLE(mask, 1),
		.landlock = TABLE(landlock, 1),
		.limits = TABLE(limit, 1),
		.filter = TABLE(filter, 1),
		.groups = TABLE(group, 1),
		.preserved = TABLE(preserved, 1),
		.arguments = TABLE(argument, 1),
		.environment = TABLE(variable, 1),
		.root_fd = 6,
		.procs_fd = -1,
		.held_fd = -1,
		.landlock_fd = 8,
		.workdir = 17,
	},
	.mounts = {
		{ .fd = -1, .base_fd = -1, .target = 1, .type = 5 },
		{ .kind = PLAN_MOUNT_DETACHED, .phase = PLAN_PHASE_USER, .fd = 7, .base_fd = -1, .target = 11 },
	},
	.limit = { .resource = 7, .soft = 1, .hard = 2 },
	.node = { .path = 11, .mode = 0020666, .major = 1, .minor = 3 },
	.link = { 11, 17 },
	.sysctl = { 11, 17 },
	.mask = { .path = 27 },
	.landlock = { 11, 1, 1 },
	.group = 5,
	.preserved = 9,
	.argument = 17,
	.variable = 23,
};

/* Six bytes: where (two), and what to write there (four; one of them where the place is odd). */
static void try_changes(const uint8_t *data, size_t size)
{
	struct rows *rows = malloc(sizeof(*rows));
	const char *reason;

	if (rows == NULL)
		abort();
	*rows = good;
	memcpy(rows->strings, strings, sizeof(strings));
	if (plan_check(rows, sizeof(*rows), &reason) < 0)
		abort();
	for (; size >= 6; data += 6, size -= 6) {
		size_t at = (data[0] | (size_t)data[1] << 8) % (sizeof(*rows) - 4);

		memcpy((char *)rows + at, data + 2, at % 2 ? 1 : 4);
	}
	try_block(rows, sizeof(*rows));
	free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* of exactly that size: a read behind it is seen */
	struct plan *block = calloc(1, size > 0 ? size : 1);

	if (block == NULL)
		abort();
	memcpy(block, data, size);
	try_block(block, size);
	if (size >= sizeof(*block)) {
		memcpy(block->magic, PLAN_MAGIC, sizeof(block->magic));
		block->version = PLAN_VERSION;
		block->size = (uint32_t)size;
		try_block(block, size);
	}
	free(block);
	try_changes(data, size);
	return 0;
}
