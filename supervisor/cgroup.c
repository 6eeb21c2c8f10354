/* SPDX-License-Identifier: MIT */
/*
 * See cgroup.h. This file decides which groups there are, makes them and puts processes in; it
 * knows no file and no limit by name (cgroup_limits.c does). Another sv may make or remove the
 * shared parent at any moment.
 */
#include "cgroup.h"

#include "cgroup_internal.h"

#include "../init/lib/fd.h"
#include "../init/lib/number.h"

#include <stdio.h>
#include <string.h>

/* How often the shared parent may vanish under us before we give up: another sv that goes removes
 * it. */
#define MAKE_PATIENCE 1000

/* --- deciding --------------------------------------------------------------------------------- */

static unsigned limits_asked(const struct spec *spec)
{
	unsigned asked = 0;

	for (size_t i = 0; i < CGROUP_LIMIT_COUNT; i++)
		if (cgroup_limit_asked(&cgroup_limits[i], spec))
			asked |= 1U << cgroup_limits[i].controller;
	return asked;
}

/* Those that the container isn't started without. */
static unsigned insisted_on(const struct spec *spec)
{
	if (spec->cgroup_parent != NULL)
		return CGROUP_EVERYTHING;
	return limits_asked(spec) | (spec->host_namespace[SPEC_PID] ? 1U << CGROUP_FREEZER : 0);
}

unsigned cgroup_needs(const struct spec *spec)
{
	return insisted_on(spec) | (cgroup_devices_walled(spec) ? 1U << CGROUP_DEVICES : 0);
}

static int decide_error(const struct cgroup_host *host, enum cgroup_controller controller,
			const struct spec *spec, struct error *error)
{
	const struct cgroup_limit *limit = cgroup_limits;
	int rc;

	while (limit->controller != controller || !cgroup_limit_asked(limit, spec))
		limit++;
	rc = error_set(error, 0, "no cgroup hierarchy here has the controller '%s' (%s)",
		       cgroup_controller_name(controller, true), limit->option);
	if (host->count == 0)
		return error_hint(error, rc,
				  "none is mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	if (controller == CGROUP_MEMORY)
		return error_hint(error, rc, "boot with 'cgroup_enable=memory'");
	return error_hint(error, rc, "'sv doctor' shows what this machine has");
}

/* A controller is bound to one hierarchy. Two are found in v1 and v2 alike: v1's devices need no
 * program, v2's groups are killed at once. */
const struct cgroup_hierarchy *cgroup_find(const struct cgroup_host *host,
					   enum cgroup_controller controller)
{
	const struct cgroup_hierarchy *found = NULL;

	for (unsigned i = 0; i < host->count; i++) {
		const struct cgroup_hierarchy *row = &host->rows[i];

		if ((row->controllers >> controller & 1) != 0 &&
		    (found == NULL || row->v2 == (controller == CGROUP_FREEZER)))
			found = row;
	}
	return found;
}

/* Co-mounted controllers are one hierarchy: one row. */
static void add_controller(struct cgroup *group, const struct cgroup_hierarchy *hierarchy,
			   enum cgroup_controller controller)
{
	unsigned i = 0;

	while (i < group->count && group->rows[i].hierarchy != hierarchy)
		i++;
	if (i == group->count) {
		group->rows[i] =
			(struct cgroup_row){ .hierarchy = hierarchy, .fd = -1, .tasks = -1 };
		group->count++;
		if (hierarchy->v2)
			group->v2 = (int)i;
	}
	group->rows[i].controllers |= 1U << controller;
}

static int decide_path(struct cgroup *group, const struct spec *spec, const char *name,
		       struct error *error)
{
	const char *parent = spec->cgroup_parent != NULL    ? spec->cgroup_parent
			     : spec->cgroup_default != NULL ? spec->cgroup_default
							    : CGROUP_DEFAULT_PARENT;
	size_t length = strlen(parent);

	while (length > 0 && parent[length - 1] == '/')
		length--;
	if (length + strlen(name) + 3 <= sizeof(group->path)) {
		(void)snprintf(group->path, sizeof(group->path), "%s%.*s/%s",
			       length > 0 && parent[0] != '/' ? "/" : "", (int)length, parent,
			       name);
		if (cgroup_path_valid(group->path, name))
			return 0;
	}
	return error_set(error, 0, "cannot use '%.256s' as --cgroup-parent", parent);
}

/* Which controllers are used though no limit asks for them. */
static unsigned extras(const struct cgroup_host *host, const struct spec *spec)
{
	const struct cgroup_hierarchy *pids = cgroup_find(host, CGROUP_PIDS);

	return cgroup_needs(spec) | (pids != NULL && pids->v2 ? 1U << CGROUP_PIDS : 0);
}

int cgroup_decide(struct cgroup *group, const struct cgroup_host *host, const struct spec *spec,
		  const char *name, struct error *error)
{
	unsigned asked = limits_asked(spec), wanted = extras(host, spec);
	int rc;

	group->count = 0;
	group->v2 = -1;
	group->devices = 0;
	rc = cgroup_limits_check(spec, error);
	if (rc == 0)
		rc = decide_path(group, spec, name, error);
	for (enum cgroup_controller i = 0; rc == 0 && i < CGROUP_CONTROLLER_COUNT; i++) {
		const struct cgroup_hierarchy *hierarchy = cgroup_find(host, i);

		if (hierarchy != NULL && (wanted >> i & 1) != 0)
			add_controller(group, hierarchy, i);
		else if (i == CGROUP_FREEZER && spec->host_namespace[SPEC_PID])
			rc = error_hint(
				error,
				error_set(
					error, 0,
					"--pid host needs a cgroup to hold the container's processes, and none is mounted"),
				"mount -t cgroup2 cgroup2 /sys/fs/cgroup");
		else if ((asked >> i & 1) != 0)
			rc = decide_error(host, i, spec, error);
		else if (i == CGROUP_DEVICES && cgroup_devices_walled(spec))
			group->devices = -ENODEV;
	}
	if (rc < 0)
		group->count = 0;
	return rc;
}

/* --- limits ----------------------------------------------------------------------------------- */

typedef int limit_visitor(void *context, const struct cgroup_row *row,
			  const struct cgroup_limit *limit, const char *value, struct error *error);

static struct cgroup_row *row_with(struct cgroup *group, enum cgroup_controller controller)
{
	for (unsigned i = 0; i < group->count; i++)
		if ((group->rows[i].controllers >> controller & 1) != 0)
			return &group->rows[i];
	return NULL;
}

static const struct cgroup_file *limit_file(const struct cgroup_limit *limit,
					    const struct cgroup_row *row, bool other)
{
	if (other)
		return row->hierarchy->v2 ? &limit->v2_other : &limit->v1_other;
	return row->hierarchy->v2 ? &limit->v2 : &limit->v1;
}

/* Calls visit with each value that is to be written, in the table's order. */
static int each_limit(struct cgroup *group, const struct spec *spec, limit_visitor *visit,
		      void *context, struct error *error)
{
	int rc = 0;

	for (size_t i = 0; i < CGROUP_LIMIT_COUNT && rc >= 0; i++) {
		const struct cgroup_limit *limit = &cgroup_limits[i];
		const struct cgroup_row *row = row_with(group, limit->controller);
		const struct cgroup_file *file = row != NULL ? limit_file(limit, row, false) : NULL;
		char value[CGROUP_VALUE_MAX] = "";

		if (file == NULL || file->name == NULL)
			continue;
		for (size_t index = 0; (rc = file->format(limit, spec, index, value, error)) > 0;
		     index++) {
			rc = value[0] != '\0' ? visit(context, row, limit, value, error) : 0;
			if (rc < 0)
				break;
		}
	}
	return rc;
}

/* "/sys/fs/cgroup/pids" + "/sv/x" + "/" + "pids.max" */
static void file_name(const struct cgroup_hierarchy *hierarchy, const char *path, const char *file,
		      char *name, size_t size)
{
	(void)snprintf(name, size, "%s%s%s%s", hierarchy->mount, path, file[0] != '\0' ? "/" : "",
		       file);
}

struct describe {
	const struct cgroup *group;
	void (*line)(void *context, const char *file, const char *value);
	void *context;
};

static int describe_limit(void *context, const struct cgroup_row *row,
			  const struct cgroup_limit *limit, const char *value, struct error *error)
{
	const struct describe *describe = context;
	char name[CGROUP_PATH_MAX + 512];

	(void)error;
	file_name(row->hierarchy, describe->group->path, limit_file(limit, row, false)->name, name,
		  sizeof(name));
	describe->line(describe->context, name, value);
	return 0;
}

/* v2's device rules are no file's: shown as what is denied and allowed to the group. */
static int describe_devices(const struct describe *describe, const struct cgroup_row *row,
			    const struct spec *spec, struct error *error)
{
	char name[CGROUP_PATH_MAX + 512], text[64], value[80];

	file_name(row->hierarchy, describe->group->path, "", name, sizeof(name));
	if (cgroup_devices_walled(spec))
		describe->line(describe->context, name, "deny a");
	for (size_t i = 0; i < cgroup_device_count(spec); i++) {
		struct cgroup_device_rule rule;
		int rc = cgroup_device_rule(spec, i, &rule, error);

		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		cgroup_device_text(&rule, text);
		(void)snprintf(value, sizeof(value), "%s %s", rule.allow ? "allow" : "deny", text);
		describe->line(describe->context, name, value);
	}
	return 0;
}

static struct cgroup_row *devices_program_row(struct cgroup *group, const struct spec *spec)
{
	struct cgroup_row *row = row_with(group, CGROUP_DEVICES);

	bool has_rules =
		cgroup_devices_walled(spec) || (limits_asked(spec) >> CGROUP_DEVICES & 1) != 0;

	return row != NULL && row->hierarchy->v2 && has_rules ? row : NULL;
}

int cgroup_describe(const struct cgroup *group, const struct spec *spec,
		    void (*line)(void *context, const char *file, const char *value), void *context,
		    struct error *error)
{
	struct cgroup copy = *group;
	struct describe describe = { &copy, line, context };
	const struct cgroup_row *row = devices_program_row(&copy, spec);
	int rc = each_limit(&copy, spec, describe_limit, &describe, error);

	return rc == 0 && row != NULL ? describe_devices(&describe, row, spec, error) : rc;
}

/* Writes to the file, or to the other that kernels have instead; to both where both are there. */
static int write_value(const struct cgroup_row *row, const struct cgroup_limit *limit,
		       const struct spec *spec, const char *value, struct error *error)
{
	const struct cgroup_file *other = limit_file(limit, row, true);
	char other_value[CGROUP_VALUE_MAX];
	int rc = cgroup_write(row->fd, limit_file(limit, row, false)->name, value), rc_other;

	if (other->name == NULL || (rc < 0 && rc != -ENOENT))
		return rc;
	rc_other = other->format(limit, spec, 0, other_value, error);
	if (rc_other > 0)
		rc_other = cgroup_write(row->fd, other->name, other_value);
	return rc_other == -ENOENT ? rc : rc_other;
}

struct make {
	struct cgroup *group;
	const struct spec *spec;
};

static int make_limit(void *context, const struct cgroup_row *row, const struct cgroup_limit *limit,
		      const char *value, struct error *error)
{
	const struct make *make = context;
	char name[CGROUP_PATH_MAX + 512];
	int rc = write_value(row, limit, make->spec, value, error);

	/* The first word of the default list: nothing has changed yet, and no more is written. */
	if (rc < 0 && limit->controller == CGROUP_DEVICES && strcmp(value, "a") == 0 &&
	    !cgroup_limit_asked(limit, make->spec)) {
		make->group->devices = rc;
		row_with(make->group, CGROUP_DEVICES)->controllers &= ~(1U << CGROUP_DEVICES);
		return 0;
	}
	/* no file, no limit: fine where nobody asked for one (the default of swap, of pids), or it
	 * was asked to be none */
	if (rc == -ENOENT && (!cgroup_limit_asked(limit, make->spec) || strcmp(value, "max") == 0 ||
			      strcmp(value, "-1") == 0))
		return 0;
	/* nor is the default of pids that can't be written a reason not to run */
	if (rc < 0 && limit->controller == CGROUP_PIDS && !cgroup_limit_asked(limit, make->spec))
		return 0;
	if (rc < 0) {
		file_name(row->hierarchy, make->group->path, limit_file(limit, row, false)->name,
			  name, sizeof(name));
		rc = error_set(error, rc, "cannot write '%s' to '%s' (%s)", value, name,
			       limit->option);
		return limit->hint != NULL ? error_hint(error, rc, "%s", limit->hint) : rc;
	}
	if (row->hierarchy->v2 && limit->effective != NULL)
		return cgroup_v2_verify(row->fd, limit, value, error);
	return 0;
}

/* --- making ----------------------------------------------------------------------------------- */

/* A directory that is there already was left by a run that is dead, or isn't sv's. */
static int make_way(int parent, const char *name)
{
	FD int fd = cgroup_open_directory(parent, name);

	if (fd < 0)
		return fd;
	if (cgroup_populated(fd, true))
		return -EBUSY;
	return cgroup_marked(fd) ? cgroup_remove_tree(parent, name)
				 : sys_unlinkat(parent, name, AT_REMOVEDIR);
}

/* Makes one directory of the path and opens it. -ENOENT and -ENODEV: the parent was removed by
 * another sv. */
static int make_directory(int parent, const char *name, bool last)
{
	int rc = sys_mkdirat(parent, name, 0755);
	FD int fd = -1;

	if (rc == -EEXIST && last) {
		rc = make_way(parent, name);
		if (rc == 0 || rc == -ENOENT)
			rc = sys_mkdirat(parent, name, 0755);
	}
	if (rc < 0 && rc != -EEXIST)
		return rc;
	if (last && rc == -EEXIST)
		return -EBUSY;
	fd = cgroup_open_directory(parent, name);
	if (rc == -EEXIST)
		return fd_take(&fd);
	rc = fd < 0 ? fd : cgroup_mark(fd);
	if (rc == 0)
		return fd_take(&fd);
	(void)sys_unlinkat(parent, name, AT_REMOVEDIR);
	return rc;
}

static int make_error(const struct cgroup_row *row, const char *path, int rc, struct error *error)
{
	rc = error_set(error, rc, "cannot make cgroup '%s%s'", row->hierarchy->mount, path);
	if (rc == -EBUSY)
		return error_hint(error, rc,
				  "a group of this name holds processes, or others' groups");
	if (rc == -EROFS)
		return error_hint(error, rc,
				  "cgroups are mounted read-only here, as in most containers");
	if (rc == -EACCES || rc == -EPERM)
		return error_hint(
			error, rc,
			"run as root, or in a cgroup v2 of your own: systemd-run --user --scope -p Delegate=yes sv run ...");
	return rc;
}

/*
 * Walks down the path once, making what is missing. `where` grows with it for messages:
 * "/sys/fs/cgroup" + "/sv" ...
 */
static int make_path(struct cgroup_row *row, const char *path, unsigned asked, struct error *error)
{
	char where[CGROUP_PATH_MAX + sizeof(row->hierarchy->mount)];
	const char *part = path + 1;
	size_t used = (size_t)snprintf(where, sizeof(where), "%s", row->hierarchy->mount);
	FD int fd = cgroup_open_mount(row->hierarchy);
	bool last = false;

	while (fd >= 0 && !last) {
		size_t length = strcspn(part, "/");
		int parent = fd, rc = 0;

		last = part[length] == '\0';
		if (row->hierarchy->v2)
			rc = cgroup_v2_enable(row, asked, parent, where, error);
		if (rc < 0)
			return rc;
		used += (size_t)snprintf(where + used, sizeof(where) - used, "/%.*s", (int)length,
					 part);
		fd = make_directory(parent, where + used - length, last);
		if (fd >= 0 && (row->hierarchy->controllers >> CGROUP_CPUSET & 1) != 0 &&
		    !row->hierarchy->v2)
			rc = cgroup_v1_inherit_cpuset(parent, fd);
		(void)sys_close(parent);
		if (last)
			row->fd = fd >= 0 ? fd_take(&fd) : -1;
		if (rc < 0)
			return rc;
		part += length + 1;
	}
	return last && row->fd >= 0 ? 0 : fd;
}

/* Makes the group in one hierarchy. What was made stays for cgroup_remove(), whatever fails. */
static int make_row(struct cgroup_row *row, const char *path, unsigned asked, struct error *error)
{
	char where[CGROUP_PATH_MAX + sizeof(row->hierarchy->mount)];
	int rc = -ENOENT;

	for (int i = 0; i < MAKE_PATIENCE && row->fd < 0 && (rc == -ENOENT || rc == -ENODEV); i++) {
		*error = (struct error){ 0 };
		rc = make_path(row, path, asked, error);
	}
	if (rc < 0)
		return make_error(row, path, rc, error);
	if (row->hierarchy->v2) {
		file_name(row->hierarchy, path, "", where, sizeof(where));
		return cgroup_v2_check_type(row->fd, where, error);
	}
	row->tasks = sys_openat(row->fd, "tasks", O_WRONLY | O_CLOEXEC, 0);
	return row->tasks < 0 ? make_error(row, path, row->tasks, error) : 0;
}

/*
 * What is a default and was not asked for (the pids limit of every v2 container, the list of devices)
 * is no reason not to run, as inside a container where cgroups are read-only. Without the list the
 * caller has something to say.
 */
static int leave_out_row(struct cgroup *group, unsigned index, int rc, struct error *error)
{
	struct cgroup_row *row = &group->rows[index];
	struct cgroup left = { .rows = { *row }, .count = 1, .v2 = -1 };

	if ((row->controllers >> CGROUP_DEVICES & 1) != 0)
		group->devices = rc;
	memcpy(left.path, group->path, sizeof(left.path));
	(void)cgroup_remove(&left);
	group->count--;
	memmove(row, row + 1, (group->count - index) * sizeof(*row));
	if (group->v2 >= (int)index)
		group->v2 = group->v2 == (int)index ? -1 : group->v2 - 1;
	*error = (struct error){ 0 };
	return 0;
}

static int make_rows(struct cgroup *group, const struct spec *spec, struct error *error)
{
	unsigned asked = limits_asked(spec),
		 used = asked | 1U << CGROUP_PIDS | 1U << CGROUP_DEVICES;
	int rc = 0;

	for (unsigned i = 0; i < group->count && rc == 0;) {
		struct cgroup_row *row = &group->rows[i];

		/* --cgroup-parent makes a group in each hierarchy; v2 passes on no more controllers
		 * for it than are used */
		if (row->hierarchy->v2)
			row->controllers &= used;
		rc = make_row(row, group->path, asked, error);
		if (rc < 0 && (row->controllers & insisted_on(spec)) == 0)
			rc = leave_out_row(group, i, rc, error);
		else
			i++;
	}
	return rc;
}

int cgroup_make(struct cgroup *group, const struct spec *spec, struct error *error)
{
	struct make make = { group, spec };
	const struct cgroup_row *row;
	int rc = make_rows(group, spec, error);

	if (rc == 0)
		rc = each_limit(group, spec, make_limit, &make, error);
	row = devices_program_row(group, spec);
	if (rc == 0 && row != NULL) {
		rc = cgroup_devices_attach(row->fd, spec, error);
		if (rc < 0 && (limits_asked(spec) >> CGROUP_DEVICES & 1) == 0) {
			group->devices = rc;
			*error = (struct error){ 0 };
			rc = 0;
		}
	}
	if (rc < 0)
		(void)cgroup_remove(group);
	return rc;
}

/* --- entering --------------------------------------------------------------------------------- */

int cgroup_enter_self(const struct cgroup *group)
{
	for (unsigned i = 0; i < group->count; i++) {
		ssize_t written =
			group->rows[i].tasks >= 0 ? sys_write(group->rows[i].tasks, "0", 1) : 1;

		if (written < 0)
			return (int)written;
	}
	return 0;
}

int cgroup_enter(const struct cgroup *group, pid_t pid, bool and_v2, struct error *error)
{
	char text[32], name[CGROUP_PATH_MAX + 512];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	for (unsigned i = 0; i < group->count; i++) {
		const struct cgroup_row *row = &group->rows[i];
		int rc = row->hierarchy->v2 && !and_v2
				 ? 0
				 : cgroup_write(row->fd, "cgroup.procs", text);

		if (rc < 0) {
			file_name(row->hierarchy, group->path, "cgroup.procs", name, sizeof(name));
			return error_set(error, rc, "cannot write '%s' to '%s'", text, name);
		}
	}
	return 0;
}

/* --- asking ----------------------------------------------------------------------------------- */

int cgroup_clone_fd(const struct cgroup *group)
{
	return group->v2 >= 0 ? group->rows[group->v2].fd : -1;
}

int cgroup_open(const struct cgroup *group, const char *file, int flags)
{
	if (group->count == 0)
		return -ENOENT;
	return sys_openat(group->rows[group->v2 >= 0 ? group->v2 : 0].fd, file, flags | O_CLOEXEC,
			  0);
}

/* v1's file counts since Linux 4.13 and only for the group itself, v2's with those inside it. */
uint64_t cgroup_oom_kills(const struct cgroup *group)
{
	uint64_t kills = 0;

	for (unsigned i = 0; i < group->count; i++) {
		const struct cgroup_row *row = &group->rows[i];
		char text[1024];
		const char *key;

		if ((row->controllers >> CGROUP_MEMORY & 1) == 0 ||
		    cgroup_read(row->fd,
				row->hierarchy->v2 ? "memory.events" : "memory.oom_control", text,
				sizeof(text)) < 0)
			continue;
		key = strstr(text, "\noom_kill ");
		if (key != NULL)
			(void)number_parse_u64(key + 10, strcspn(key + 10, "\n"), UINT64_MAX,
					       &kills);
	}
	return kills;
}
