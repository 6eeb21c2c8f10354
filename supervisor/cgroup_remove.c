/* SPDX-License-Identifier: MIT */
/*
 * The end of a group: whatever runs in it is killed, the groups inside it go, then it, then the
 * parents that sv had to make. All waiting is bounded: nothing here can hang sv, whatever state the
 * tasks are in.
 */
#include "cgroup_internal.h"

#include "../init/lib/fd.h"
#include "../init/lib/number.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE_MS 5000
#define KILL_BATCH  64

/* Waits a moment, longer each time. False when the deadline is over. */
static bool wait_a_moment(int64_t deadline, int *step)
{
	if (sys_now_ms() >= deadline)
		return false;
	(void)sys_poll(NULL, 0, *step);
	*step = *step < 5 ? *step + 1 : 5;
	return true;
}

/* --- killing ---------------------------------------------------------------------------------- */

/* Reads the pids of a group, KILL_BATCH at most. Those outside of sv's PID namespace read as 0 and
 * are left out. */
static size_t read_pids(int fd, pid_t pids[KILL_BATCH])
{
	char text[KILL_BATCH * 12], *next = text;
	size_t count = 0;

	if (cgroup_read(fd, "cgroup.procs", text, sizeof(text)) <= 0)
		return 0;
	while (*next != '\0' && count < KILL_BATCH) {
		size_t length = strcspn(next, "\n");
		uint64_t pid = 0;

		if (number_parse_u64(next, length, INT_MAX, &pid) == 0 && pid > 0)
			pids[count++] = (pid_t)pid;
		next += length + (next[length] == '\n' ? 1 : 0);
	}
	return count;
}

static bool pids_have(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/*
 * Where there is no cgroup.kill (v1, or Linux before 5.14). A pid may be somebody else's by the
 * time that it is used: so first a pidfd is taken, then the list is read again, and only who is
 * still in it is killed.
 */
static void kill_each(int fd)
{
	pid_t pids[KILL_BATCH], again[KILL_BATCH];
	int pidfds[KILL_BATCH];
	size_t count = read_pids(fd, pids), count_again;

	for (size_t i = 0; i < count; i++)
		pidfds[i] = sys_pidfd_open(pids[i], 0);
	count_again = read_pids(fd, again);
	for (size_t i = 0; i < count; i++) {
		if (pidfds[i] >= 0 && pids_have(again, count_again, pids[i]))
			(void)sys_pidfd_send_signal(pidfds[i], SIGKILL, NULL, 0);
		fd_close(&pidfds[i]);
	}
}

/*
 * v1: no process may fork away while the list is read, so forks are stopped where one of the
 * controllers can; and a frozen task dies only when it is thawed. Files that this hierarchy doesn't
 * have are no error.
 */
static void kill_group(int fd)
{
	if (cgroup_write(fd, "cgroup.kill", "1") == 0)
		return;
	(void)cgroup_write(fd, "pids.max", "0");
	(void)cgroup_write(fd, "freezer.state", "FROZEN");
	kill_each(fd);
	(void)cgroup_write(fd, "freezer.state", "THAWED");
}

/* --- the tree --------------------------------------------------------------------------------- */

/* Finds a directory in fd, which is then at an unknown offset. */
static bool first_directory(int fd, char name[NAME_MAX + 1])
{
	_Alignas(struct sys_dirent64) char buffer[4096];
	long length;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return false;
	while ((length = sys_getdents64(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < length;) {
			const struct sys_dirent64 *entry = (const void *)(buffer + at);

			if (entry->type == DT_DIR && strcmp(entry->name, ".") != 0 &&
			    strcmp(entry->name, "..") != 0) {
				(void)snprintf(name, NAME_MAX + 1, "%s", entry->name);
				return true;
			}
			at += entry->length;
		}
	}
	return false;
}

/*
 * Removes one group inside `top` that has none inside itself: downwards by the first directory each
 * time, so the depth is no matter. 1 when one went, 0 when there is none, -errno.
 */
static int remove_leaf(int top)
{
	char name[NAME_MAX + 1], next[NAME_MAX + 1];
	FD int parent = -1;
	FD int fd = -1;
	int rc;

	if (!first_directory(top, name))
		return 0;
	parent = cgroup_open_directory(top, ".");
	fd = parent < 0 ? parent : cgroup_open_directory(parent, name);
	while (fd >= 0 && first_directory(fd, next)) {
		fd_close(&parent);
		parent = fd_take(&fd);
		memcpy(name, next, sizeof(name));
		fd = cgroup_open_directory(parent, name);
	}
	if (fd < 0)
		return fd == -ENOENT ? 1 : fd;
	if (cgroup_populated(fd, false))
		kill_group(fd);
	rc = sys_unlinkat(parent, name, AT_REMOVEDIR);
	return rc == 0 || rc == -ENOENT ? 1 : rc;
}

/* Kills all in the group and removes the groups inside. 0, or -errno when the time is over. */
static int empty_group(int fd)
{
	int64_t deadline = sys_now_ms() + PATIENCE_MS;
	int step = 1, rc;

	do {
		if (cgroup_populated(fd, true))
			kill_group(fd);
		do
			rc = remove_leaf(fd);
		while (rc > 0);
		if (rc == 0 && !cgroup_populated(fd, true))
			return 0;
		if (rc < 0 && rc != -EBUSY)
			return rc;
	} while (wait_a_moment(deadline, &step));
	return rc < 0 ? rc : -EBUSY;
}

int cgroup_remove_tree(int parent, const char *name)
{
	int64_t deadline = sys_now_ms() + PATIENCE_MS;
	int step = 1;
	/* the usual case first: everyone has left, nothing is inside */
	int rc = sys_unlinkat(parent, name, AT_REMOVEDIR);

	while (rc == -EBUSY) {
		FD int fd = cgroup_open_directory(parent, name);

		rc = fd < 0 ? fd : empty_group(fd);
		if (rc == 0)
			rc = sys_unlinkat(parent, name, AT_REMOVEDIR);
		if (rc == -EBUSY && !wait_a_moment(deadline, &step))
			return rc;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* --- paths ------------------------------------------------------------------------------------ */

bool cgroup_path_valid(const char *path, const char *name)
{
	const char *part = path;
	size_t length = 0;

	if (path[0] != '/' || strlen(path) >= CGROUP_PATH_MAX)
		return false;
	for (const char *c = path; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	while (*part == '/') {
		part++;
		length = strcspn(part, "/");
		if (length == 0 || length > NAME_MAX || (length == 1 && part[0] == '.') ||
		    (length == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part += length;
	}
	return name == NULL || (strlen(name) == length && memcmp(part - length, name, length) == 0);
}

/* Opens all of the path but its last component, which *last points to. *depth: how far below the
 * mount that is. */
static int open_parent(const struct cgroup_hierarchy *hierarchy, char *path, char **last,
		       unsigned *depth)
{
	FD int fd = cgroup_open_mount(hierarchy);
	char *part = path + 1, *slash;

	for (*depth = 0; fd >= 0 && (slash = strchr(part, '/')) != NULL; (*depth)++) {
		int next;

		*slash = '\0';
		next = cgroup_open_directory(fd, part);
		*slash = '/';
		fd_close(&fd);
		fd = next;
		part = slash + 1;
	}
	*last = part;
	return fd_take(&fd);
}

/* Removes the parents that sv made, upwards, until one is in use. `path` ends where `fd` is,
 * `depth` below the mount. */
static void remove_parents(int fd, char *path, unsigned depth)
{
	FD int child = fd;

	while (depth > 0) {
		FD int parent = cgroup_open_directory(child, "..");
		char *slash = strrchr(path, '/');

		/* the default parent is ours by its name: a kill may have come before the mark */
		if (parent < 0 || slash == NULL ||
		    (!cgroup_marked(child) && strcmp(path, CGROUP_DEFAULT_PARENT) != 0) ||
		    sys_unlinkat(parent, slash + 1, AT_REMOVEDIR) < 0)
			return;
		*slash = '\0';
		fd_close(&child);
		child = fd_take(&parent);
		depth--;
	}
}

enum whose {
	OURS,
	NOT_OURS,
	BY_MARK
};

/* Without a mark nothing of sv's ever ran in it: sv was killed between making and marking it, or it
 * is somebody else's. Empty it may go, and the kernel checks that. */
static int remove_by_mark(int parent, const char *name)
{
	FD int fd = cgroup_open_directory(parent, name);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return cgroup_marked(fd) ? cgroup_remove_tree(parent, name)
				 : sys_unlinkat(parent, name, AT_REMOVEDIR);
}

/* Removes the group at `path`, unless it is not ours, and the parents. */
static int remove_path(const struct cgroup_hierarchy *hierarchy, const char *path, enum whose whose)
{
	char copy[CGROUP_PATH_MAX], *last = NULL;
	unsigned depth = 0;
	FD int parent = -1;
	int rc = 0;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	parent = open_parent(hierarchy, copy, &last, &depth);
	if (parent < 0)
		return parent == -ENOENT ? 0 : parent;
	if (whose == OURS)
		rc = cgroup_remove_tree(parent, last);
	else if (whose == BY_MARK)
		rc = remove_by_mark(parent, last);
	last[-1] = '\0';
	remove_parents(fd_take(&parent), copy, depth);
	return rc;
}

static int kill_rows(const struct cgroup *group, bool v2)
{
	int result = 0;

	for (unsigned i = 0; i < group->count; i++) {
		const struct cgroup_row *row = &group->rows[i];
		int rc = row->fd >= 0 && row->hierarchy->v2 == v2 ? empty_group(row->fd) : 0;

		result = result == 0 ? rc : result;
	}
	return result;
}

int cgroup_kill(const struct cgroup *group)
{
	/* v2 first: one write there kills all at once, and the v1 groups are empty then */
	int rc = kill_rows(group, true), rc_v1 = kill_rows(group, false);

	return rc < 0 ? rc : rc_v1;
}

int cgroup_remove(struct cgroup *group)
{
	int result = 0;

	for (unsigned i = 0; i < group->count; i++) {
		struct cgroup_row *row = &group->rows[i];
		/* where this failed to make the group, the parents may stand already */
		enum whose whose = row->fd >= 0 ? OURS : NOT_OURS;
		int rc;

		/* closed first: when descriptors have run out, these are what removing takes */
		fd_close(&row->tasks);
		fd_close(&row->fd);
		rc = remove_path(row->hierarchy, group->path, whose);
		result = result == 0 && whose == OURS ? rc : result;
	}
	group->count = 0;
	group->v2 = -1;
	return result;
}

int cgroup_remove_recorded(const struct cgroup_host *host, const char *path)
{
	int result = 0;

	if (!cgroup_path_valid(path, NULL))
		return -EINVAL;
	for (unsigned i = 0; i < host->count; i++) {
		int rc = remove_path(&host->rows[i], path, BY_MARK);

		/* hierarchies that sv has no group in may be read-only, or mounted over by now: no
		 * matter */
		result = result == 0 && rc != -EROFS && rc != -EXDEV ? rc : result;
	}
	return result;
}
