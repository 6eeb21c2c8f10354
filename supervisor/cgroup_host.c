/* SPDX-License-Identifier: MIT */
/*
 * Which cgroup hierarchies the host has, and where: from /proc/self/mountinfo
 * (proc_pid_mountinfo(5)), unless /sys/fs/cgroup alone answers the question. Read line by line in
 * one pass, and only as far as needed: a host with many containers has thousands of mounts, and its
 * cgroups are among the first.
 */
#include "cgroup_internal.h"

#include "../init/lib/fd.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>

#define READ_SIZE 16384

struct text {
	const char *start;
	size_t length;
};

struct controller_name {
	const char *v1, *v2;
};

static const struct controller_name controller_names[] = {
	[CGROUP_CPU] = { "cpu", "cpu" },          [CGROUP_CPUSET] = { "cpuset", "cpuset" },
	[CGROUP_MEMORY] = { "memory", "memory" }, [CGROUP_PIDS] = { "pids", "pids" },
	[CGROUP_IO] = { "blkio", "io" },          [CGROUP_DEVICES] = { "devices", NULL },
	[CGROUP_FREEZER] = { "freezer", NULL },
};
_Static_assert(sizeof(controller_names) / sizeof(controller_names[0]) == CGROUP_CONTROLLER_COUNT,
	       "a name for each controller");

/* What every v2 hierarchy has without cgroup.controllers saying so. */
#define V2_BUILT_IN (1U << CGROUP_DEVICES | 1U << CGROUP_FREEZER)

/* Controllers that sv doesn't use, but a co-mounted hierarchy has to be mounted by:
 * "net_cls,net_prio,cpu". */
static const char *const other_controllers[] = {
	"cpuacct", "hugetlb", "misc", "net_cls", "net_prio", "perf_event", "rdma",
};

const char *cgroup_controller_name(enum cgroup_controller controller, bool v2)
{
	const struct controller_name *name = &controller_names[controller];

	return v2 && name->v2 != NULL ? name->v2 : name->v1;
}

static bool text_is(struct text text, const char *word)
{
	return word != NULL && strlen(word) == text.length &&
	       memcmp(text.start, word, text.length) == 0;
}

/* Takes the next word off *line: up to one of the separators. False at the end. */
static bool text_next(struct text *line, const char *separators, struct text *word)
{
	size_t length = 0;

	while (line->length > 0 && strchr(separators, line->start[0]) != NULL &&
	       line->start[0] != '\0') {
		line->start++;
		line->length--;
	}
	while (length < line->length &&
	       (line->start[length] == '\0' || strchr(separators, line->start[length]) == NULL))
		length++;
	*word = (struct text){ line->start, length };
	line->start += length;
	line->length -= length;
	return length > 0;
}

/* Copies a path, turning the kernel's \040 and kin back. False when it doesn't fit. */
static bool text_unescape(struct text text, char *path, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < text.length; i++) {
		const char *c = text.start + i;
		bool octal = *c == '\\' && text.length - i > 3 && c[1] >= '0' && c[1] <= '3' &&
			     c[2] >= '0' && c[2] <= '7' && c[3] >= '0' && c[3] <= '7';

		if (used + 1 >= size)
			return false;
		path[used++] =
			octal ? (char)((c[1] - '0') << 6 | (c[2] - '0') << 3 | (c[3] - '0')) : *c;
		i += octal ? 3 : 0;
	}
	path[used] = '\0';
	return used > 0 && path[0] == '/' && strlen(path) == used;
}

static unsigned controller_bit(struct text word, bool v2)
{
	for (unsigned i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		if (text_is(word, v2 ? controller_names[i].v2 : controller_names[i].v1))
			return 1U << i;
	return 0;
}

unsigned cgroup_controllers_parse(const char *text, size_t length, bool v2)
{
	struct text rest = { text, length }, word;
	unsigned controllers = 0;

	while (text_next(&rest, " ,\n", &word))
		controllers |= controller_bit(word, v2);
	return controllers;
}

static bool is_other_controller(struct text word)
{
	for (size_t i = 0; i < sizeof(other_controllers) / sizeof(other_controllers[0]); i++)
		if (text_is(word, other_controllers[i]))
			return true;
	return false;
}

/* v1: which controllers the superblock's options name, and those names alone: "rw,cpu,cpuacct"
 * gives "cpu,cpuacct". */
static void parse_v1_options(struct cgroup_hierarchy *row, struct text options)
{
	struct text word;
	size_t used = 0;

	while (text_next(&options, ",", &word)) {
		unsigned bit = controller_bit(word, false);
		size_t comma = used > 0 ? 1 : 0;

		row->controllers |= bit;
		if ((bit == 0 && !is_other_controller(word)) ||
		    used + comma + word.length >= sizeof(row->names))
			continue;
		if (comma > 0)
			row->names[used++] = ',';
		memcpy(row->names + used, word.start, word.length);
		used += word.length;
	}
	row->names[used] = '\0';
}

/*
 * A hierarchy may be mounted many times: bound elsewhere, read-only, or only a part of it (a
 * container's). The mount that can be written to wins, then the one that shows the whole; of equals
 * the first.
 */
static void host_add(struct cgroup_host *host, const struct cgroup_hierarchy *row)
{
	for (unsigned i = 0; i < host->count; i++) {
		struct cgroup_hierarchy *other = &host->rows[i];

		if (other->v2 != row->v2 || strcmp(other->names, row->names) != 0)
			continue;
		if (row->rank > other->rank)
			*other = *row;
		return;
	}
	if (host->count < CGROUP_HIERARCHY_MAX)
		host->rows[host->count++] = *row;
}

/* 36 35 98:0 ROOT MOUNT rw,noatime shared:1 ... - TYPE SOURCE OPTIONS */
void cgroup_host_line(struct cgroup_host *host, const char *line, size_t length)
{
	struct text rest = { line, length }, words[6], word, type, options;
	struct cgroup_hierarchy row = { 0 };

	for (unsigned i = 0; i < 6; i++)
		if (!text_next(&rest, " ", &words[i]))
			return;
	while (text_next(&rest, " ", &word) && !text_is(word, "-"))
		continue;
	if (!text_next(&rest, " ", &type) || !text_next(&rest, " ", &word) ||
	    !text_next(&rest, " ", &options))
		return;
	row.v2 = text_is(type, "cgroup2");
	if ((!row.v2 && !text_is(type, "cgroup")) ||
	    !text_unescape(words[4], row.mount, sizeof(row.mount)))
		return;
	(void)text_next(&words[5], ",", &word);
	row.rank = (text_is(word, "ro") ? 0U : 2U) + (text_is(words[3], "/") ? 1U : 0U);
	if (row.v2)
		row.controllers = V2_BUILT_IN;
	else
		parse_v1_options(&row, options);
	/* a v1 hierarchy without any of our controllers (systemd's own) is none that sv has a use
	 * for */
	if (row.controllers != 0)
		host_add(host, &row);
}

size_t cgroup_host_lines(struct cgroup_host *host, const char *text, size_t length)
{
	size_t taken = 0;

	while (taken < length) {
		const char *end = memchr(text + taken, '\n', length - taken);

		if (end == NULL)
			break;
		cgroup_host_line(host, text + taken, (size_t)(end - text) - taken);
		taken = (size_t)(end - text) + 1;
	}
	return taken;
}

/* Enough found to stop reading? A better mount of the same may still come, unless it is as good as
 * they get. */
static bool host_has(const struct cgroup_host *host, unsigned needs)
{
	unsigned found = 0;

	for (unsigned i = 0; i < host->count; i++) {
		const struct cgroup_hierarchy *row = &host->rows[i];

		/* v1's freezer is second choice, and so is v2's way with devices: look on for the
		 * first */
		if (row->rank == 3)
			found |= row->controllers &
				 ~(row->v2 ? 1U << CGROUP_DEVICES : 1U << CGROUP_FREEZER);
	}
	return (needs & ~found) == 0;
}

static int host_read_mounts(struct cgroup_host *host, unsigned needs, struct error *error)
{
	FD int fd = sys_openat(AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC, 0);
	char text[READ_SIZE];
	size_t length = 0;
	ssize_t part = fd;

	while (part >= 0 && (needs == CGROUP_EVERYTHING || !host_has(host, needs))) {
		size_t taken;

		part = sys_read(fd, text + length, sizeof(text) - length);
		if (part <= 0)
			break;
		length += (size_t)part;
		taken = cgroup_host_lines(host, text, length);
		length -= taken;
		memmove(text, text + taken, length);
		/* a line of 16 KB (an overlay with many layers) is no cgroup's: its tail is one
		 * that doesn't parse */
		if (length == sizeof(text))
			length = 0;
	}
	return part < 0 ? error_set(error, (int)part, "cannot read '/proc/self/mountinfo'") : 0;
}

/* A mount that can't be looked into (something is mounted over it) offers nothing, and isn't missed
 * until it is asked. */
static void host_read_v2(struct cgroup_hierarchy *row)
{
	FD int fd = cgroup_open_mount(row);
	char text[512];
	ssize_t length = fd < 0 ? fd : cgroup_read(fd, "cgroup.controllers", text, sizeof(text));

	row->controllers =
		length < 0 ? 0 : V2_BUILT_IN | cgroup_controllers_parse(text, (size_t)length, true);
}

/* Pure v2: the usual place has it. */
static bool host_is_v2(struct cgroup_host *host)
{
	struct cgroup_hierarchy *row = &host->rows[0];

	struct statfs status;

	*row = (struct cgroup_hierarchy){ .v2 = true, .rank = 3, .mount = "/sys/fs/cgroup" };
	if (sys_statfs(row->mount, &status) == 0 &&
	    (unsigned long)status.f_type == CGROUP2_SUPER_MAGIC)
		host_read_v2(row);
	host->count = row->controllers != 0 ? 1 : 0;
	return host->count != 0;
}

int cgroup_host_read(struct cgroup_host *host, unsigned needs, struct error *error)
{
	int rc;

	host->count = 0;
	if (host_is_v2(host) ? (needs & ~host->rows[0].controllers) == 0 : needs == 0)
		return 0;
	rc = host_read_mounts(host, needs, error);
	for (unsigned i = 0; i < host->count; i++)
		if (host->rows[i].v2)
			host_read_v2(&host->rows[i]);
	return rc;
}
