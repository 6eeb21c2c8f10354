/* SPDX-License-Identifier: MIT */
/*
 * `sv run --dry-run`: the plan in words. It is read back from the block itself, so that what is shown is what init would
 * get; only the control group's files, which are sv's own work, come from cgroup.c.
 */
#include "plan_build.h"

#include "../init/lib/signals.h"
#include "../init/lib/text.h"
#include "arena.h"
#include "capabilities.h"
#include "file.h"
#include "userns.h"
#include "values.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
	char *text;
	size_t size, capacity;
	bool out_of_memory;
};

__attribute__((format(printf, 2, 3))) static void add(struct page *page, const char *format, ...)
{
	char line[8192];
	int length;
	va_list arguments;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(line))
		length = sizeof(line) - 1;
	if (page->size + (size_t)length > page->capacity) {
		size_t capacity = (page->size + (size_t)length) * 2;
		char *grown = realloc(page->text, capacity);

		if (grown == NULL) {
			page->out_of_memory = true;
			return;
		}
		page->text = grown;
		page->capacity = capacity;
	}
	for (int i = 0; i < length; i++) { /* a name must not drive the reader's terminal */
		if (line[i] != '\n' && text_is_control(i > 0 ? line[i - 1] : ' ', line[i]))
			line[i] = '?';
		page->text[page->size++] = line[i];
	}
}

static const struct {
	uint64_t flag;
	const char *name;
} namespaces[] = {
	{ CLONE_NEWNS, "mount" },      { CLONE_NEWPID, "pid" }, { CLONE_NEWUTS, "uts" },
	{ CLONE_NEWIPC, "ipc" },       { CLONE_NEWNET, "net" }, { CLONE_NEWUSER, "user" },
	{ CLONE_NEWCGROUP, "cgroup" },
};

static const struct {
	uint64_t flag;
	const char *name;
} mount_flags[] = {
	{ MS_RDONLY, "ro" },       { MS_NOSUID, "nosuid" },           { MS_NODEV, "nodev" },
	{ MS_NOEXEC, "noexec" },   { MS_STRICTATIME, "strictatime" }, { MS_RELATIME, "relatime" },
	{ MS_REMOUNT, "remount" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The ids inside, and what they are outside. */
static void add_ids(struct page *page, const struct plan_inputs *inputs)
{
	uint32_t start = inputs->spec->userns_start, size = inputs->spec->userns_size;

	if (inputs->user_ids == 1)
		add(page, "ids         0 inside is this user, and there is no other\n");
	else if (inputs->user_ids > 1)
		add(page,
		    "ids         0 inside is this user, 1-%u are of /etc/subuid and /etc/subgid\n",
		    inputs->user_ids - 1);
	else if (!inputs->has_userns)
		add(page, "ids         the host's\n");
	else if (size == 0)
		add(page, "ids         0-%u inside are a range chosen at the start\n",
		    USERNS_SIZE - 1);
	else
		add(page, "ids         0-%u inside are %u-%u\n", size - 1, start,
		    start + (size - 1));
}

/* What tree_open_root() makes of the tree. */
static const char *root_flags(const struct plan *plan, const struct spec *spec)
{
	bool is_read_only = (plan->flags & PLAN_ROOT_READ_ONLY) != 0;

	if (spec->privileged)
		return is_read_only ? " (read-only)" : "";
	return is_read_only ? " (read-only, nodev)" : " (nodev)";
}

static void add_network(struct page *page, const struct plan *plan, const struct spec *spec)
{
	static const char *const words[] = {
		[SPEC_NET_BRIDGE] = "on bridge",
		[SPEC_NET_MACVLAN] = "on the wire of link",
		[SPEC_NET_CONTAINER] = "that of container",
		[SPEC_NET_PATH] = "that of",
	};
	const char *name = spec->net_name != NULL ? spec->net_name : "sv0";

	if (plan->flags & PLAN_LOOPBACK)
		add(page, "network     loopback, up\n");
	if (spec->net < sizeof(words) / sizeof(words[0]) && words[spec->net] != NULL)
		add(page, "network     %s '%s'\n", words[spec->net], name);
}

static void add_head(struct page *page, const struct plan *plan, const struct plan_inputs *inputs)
{
	uint64_t flags = plan_namespaces(inputs) |
			 (plan->flags & PLAN_CGROUP_NAMESPACE ? CLONE_NEWCGROUP : 0);

	add(page, "container   %s\nrootfs      %s%s\n", inputs->name, inputs->spec->rootfs,
	    root_flags(plan, inputs->spec));
	add(page, "namespaces ");
	for (size_t i = 0; i < COUNT(namespaces); i++)
		if (flags & namespaces[i].flag)
			add(page, " %s", namespaces[i].name);
	add(page, "%s\n", plan->flags & PLAN_TIME_NAMESPACE ? " time" : "");
	add_ids(page, inputs);
	if (plan->flags & PLAN_TIME_NAMESPACE)
		add(page, "clocks      monotonic %+lld s, boottime %+lld s\n",
		    (long long)plan->monotonic_offset, (long long)plan->boottime_offset);
	if (plan->hostname != 0)
		add(page, "hostname    %s\n", plan_text(plan, plan->hostname));
	if (plan->domainname != 0)
		add(page, "domainname  %s\n", plan_text(plan, plan->domainname));
	add_network(page, plan, inputs->spec);
}

/* A mount point that init would make in ROOTFS: the only thing that a run leaves behind. */
static bool is_missing(const struct plan_inputs *inputs, const char *target)
{
	int fd = sys_openat2(inputs->root_fd, target, O_PATH | O_CLOEXEC, 0,
			     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	if (fd >= 0)
		(void)sys_close(fd);
	return fd == -ENOENT;
}

/* What stands on a mount made by the plan is no part of ROOTFS. */
static bool is_in_rootfs(const struct plan *plan, const struct plan_mount *row)
{
	const struct plan_mount *other = plan_rows(plan, plan->mounts);
	const char *target = plan_text(plan, row->target);

	for (; other < row; other++) {
		const char *above = plan_text(plan, other->target);
		size_t length = strlen(above);

		if (strncmp(target, above, length) == 0 &&
		    (target[length] == '/' || target[length] == '\0'))
			return false;
	}
	return true;
}

static const struct spec_volume *volume_of(const struct plan_mount *row,
					   const struct plan_inputs *inputs)
{
	for (size_t i = 0; i < inputs->spec->volumes.count; i++)
		if (row->kind == PLAN_MOUNT_DETACHED && inputs->volumes[i].fd == row->fd)
			return &inputs->spec->volumes.rows[i];
	return NULL;
}

/* A volume's flags are set by sv on the tree that it detaches: the plan's row has none. */
static void add_source(struct page *page, const struct plan *plan, const struct plan_mount *row,
		       const struct spec_volume *volume)
{
	if (volume != NULL)
		add(page, "%s%s%s%s%s%s", volume->source,
		    volume->read_only       ? " ro"
		    : volume->read_only_top ? " ro-nonrecursive"
					    : "",
		    volume->allow_suid ? "" : " nosuid", volume->allow_devices ? "" : " nodev",
		    volume->no_exec ? " noexec" : "",
		    volume->propagation == SPEC_RSLAVE ? " rslave" : "");
	else
		add(page, "%s", plan_text(plan, row->type));
}

static void add_mounts(struct page *page, const struct plan *plan, const struct plan_inputs *inputs)
{
	const struct plan_mount *row = plan_rows(plan, plan->mounts);

	for (uint32_t i = 0; i < plan->mounts.count; i++, row++) {
		const char *target = plan_text(plan, row->target),
			   *options = plan_text(plan, row->options);

		add(page, "mount       /%s  ", target);
		add_source(page, plan, row, volume_of(row, inputs));
		for (size_t flag = 0; flag < COUNT(mount_flags); flag++)
			if (row->flags & mount_flags[flag].flag)
				add(page, " %s", mount_flags[flag].name);
		add(page, "%s%s%s\n", options[0] != '\0' ? " " : "", options,
		    !inputs->makes_workdir && is_in_rootfs(plan, row) && is_missing(inputs, target)
			    ? "  (mount point to be created, stays)"
			    : "");
	}
}

static void add_files(struct page *page, const struct plan *plan)
{
	const struct plan_node *node = plan_rows(plan, plan->nodes);
	const struct plan_link *link = plan_rows(plan, plan->links);
	const struct plan_sysctl *sysctl = plan_rows(plan, plan->sysctls);

	for (uint32_t i = 0; i < plan->nodes.count; i++, node++)
		add(page, "device      /%s  %c %u:%u %04o\n", plan_text(plan, node->path),
		    S_ISBLK(node->mode) ? 'b' : 'c', node->major, node->minor, node->mode & 07777);
	for (uint32_t i = 0; i < plan->links.count; i++, link++)
		add(page, "link        /%s -> %s\n", plan_text(plan, link->path),
		    plan_text(plan, link->text));
	for (uint32_t i = 0; i < plan->sysctls.count; i++, sysctl++)
		add(page, "sysctl      %s = %s\n", plan_text(plan, sysctl->key),
		    plan_text(plan, sysctl->value));
}

static void add_rights(struct page *page, const struct plan *plan, const struct spec *spec)
{
	const struct plan_mask *mask = plan_rows(plan, plan->masks);

	for (uint32_t i = 0; i < plan->masks.count; i++, mask++)
		add(page, "%s   /%s\n",
		    mask->kind == PLAN_MASK_READ_ONLY ? "read-only" : "hidden   ",
		    plan_text(plan, mask->path));
	for (size_t i = 0; i < spec->landlock.count; i++)
		add(page, "landlock    %s %s\n", spec->landlock.rows[i].writes ? "rw" : "ro",
		    spec->landlock.rows[i].path);
	add(page, "capability ");
	for (unsigned number = 0; capabilities_name(number) != NULL; number++)
		if (plan->capabilities >> number & 1)
			add(page, " %s", capabilities_name(number));
	add(page, "%s\n", plan->capabilities == 0 ? " none" : "");
}

static void add_limit_value(struct page *page, uint64_t value)
{
	if (value == UINT64_MAX)
		add(page, "unlimited");
	else
		add(page, "%llu", (unsigned long long)value);
}

static void add_limit(struct page *page, const struct plan_limit *limit)
{
	const char *name = values_ulimit_name((int)limit->resource);

	add(page, "ulimit      %s = ", name != NULL ? name : "?");
	add_limit_value(page, limit->soft);
	add(page, ":");
	add_limit_value(page, limit->hard);
	add(page, "\n");
}

static void add_command(struct page *page, const struct plan *plan,
			const struct plan_inputs *inputs)
{
	const plan_string *argument = plan_rows(plan, plan->arguments),
			  *variable = plan_rows(plan, plan->environment);
	const struct plan_limit *limit = plan_rows(plan, plan->limits);
	const uint32_t *group = plan_rows(plan, plan->groups);

	add(page, "user        %u:%u", plan->uid, plan->gid);
	for (uint32_t i = 0; i < plan->groups.count; i++)
		add(page, "%s%u", i == 0 ? " groups " : ",", group[i]);
	add(page, "\nworkdir     %s\numask       %04o\n", plan_text(plan, plan->workdir),
	    plan->umask);
	for (uint32_t i = 0; i < plan->limits.count; i++)
		add_limit(page, &limit[i]);
	if (plan->filter.count > 0)
		add(page, "seccomp     %s, %u instructions\n",
		    inputs->spec->seccomp != NULL ? inputs->spec->seccomp : "default",
		    plan->filter.count);
	if (plan->flags & PLAN_NO_NEW_PRIVS)
		add(page, "privileges  none gained by execve (no_new_privs)\n");
	if (plan->flags & PLAN_OOM_SCORE)
		add(page, "oom score   %d\n", plan->oom_score_adj);
	if (inputs->has_terminal)
		add(page, "terminal    new pty for%s%s%s\n", plan->ttys & 1 ? " stdin" : "",
		    plan->ttys & 2 ? " stdout" : "", plan->ttys & 4 ? " stderr" : "");
	for (uint32_t i = 0; i < plan->environment.count; i++)
		add(page, "env         %s\n", plan_text(plan, variable[i]));
	add(page, "command    ");
	for (uint32_t i = 0; i < plan->arguments.count; i++)
		add(page, " %s", plan_text(plan, argument[i]));
	add(page, "\n");
}

static void add_cgroup_line(void *page, const char *file, const char *value)
{
	add(page, "cgroup      %s = %s\n", file, value);
}

int plan_print(const struct plan *plan, const struct plan_inputs *inputs, struct error *error)
{
	struct page page = { .text = NULL };
	int result;

	add_head(&page, plan, inputs);
	result = cgroup_describe(inputs->cgroup, inputs->spec, add_cgroup_line, &page, error);
	add_mounts(&page, plan, inputs);
	add_files(&page, plan);
	add_rights(&page, plan, inputs->spec);
	for (size_t i = 0; i < inputs->spec->sysctls.count; i++)
		if (strncmp(inputs->spec->sysctls.rows[i].key, "net/", 4) != 0)
			add(&page, "sysctl      %s = %s\n", inputs->spec->sysctls.rows[i].key,
			    inputs->spec->sysctls.rows[i].value);
	add_command(&page, plan, inputs);
	if (result == 0 && page.out_of_memory)
		result = error_set(error, -ENOMEM, "cannot print the plan");
	if (result == 0) {
		result = file_write(1, page.text, page.size);
		if (result < 0)
			result = error_set(error, result, "cannot write to standard output");
	}
	free(page.text);
	return result;
}
