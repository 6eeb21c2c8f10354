/* SPDX-License-Identifier: MIT */
/*
 * What stands inside: mounts, device nodes, links, sysctls, each a table of the plan. Every path is resolved by
 * openat2(2) below the root's descriptor, so no symbolic link in somebody's root tree leads out of it; a mount is then
 * made on "." of the directory that was opened, and never on a path that is looked up a second time.
 */
#include "init.h"

#include "lib/fd.h"
#include "lib/text.h"

#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>

#define INSIDE (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

/* MS_RDONLY, MS_NOSUID, MS_NODEV and MS_NOEXEC are the same bits as MOUNT_ATTR_*: linux/mount.h. */
#define ATTRIBUTES (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
_Static_assert(ATTRIBUTES == 0xf && (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC) == 0xf,
	       "the same bits");

/* The deepest tree of missing directories that is made: a path of one-letter names. */
#define COMPONENTS_MAX (PATH_MAX / 2)

static int fail(enum plan_step step, int number, const char *object)
{
	return report_failure(PLAN_SOCKET_FD, step, number, object);
}

static int open_inside(const struct plan *plan, const char *path, uint64_t flags, uint64_t resolve)
{
	return sys_openat2(plan->root_fd, path, flags | O_PATH | O_CLOEXEC, 0, INSIDE | resolve);
}

int mounts_open_path(const struct plan *plan, const char *path)
{
	return open_inside(plan, path, 0, 0);
}

/* Another run in the same tree may make it at the same moment: that is as good. */
static int make_one(int directory, const char *name, bool is_file)
{
	int result = is_file ? sys_mknodat(directory, name, S_IFREG | 0644, 0)
			     : sys_mkdirat(directory, name, 0755);

	return result == -EEXIST ? 0 : result;
}

/*
 * Makes the missing part of path: for each length of it, opens what is there or makes it in what was opened before.
 * A link that leads nowhere can't be made a directory, and stops it with ENOENT.
 */
static int make_target(const struct plan *plan, const char *path, bool is_file)
{
	char prefix[PATH_MAX];
	size_t length = strlen(path), name = 0;
	FD int parent = open_inside(plan, ".", O_DIRECTORY, 0);

	if (length >= sizeof(prefix))
		return -ENAMETOOLONG;
	memcpy(prefix, path, length + 1);
	for (size_t i = 1; parent >= 0 && i <= length; i++) {
		bool last = i == length;
		int opened;

		if (!last && path[i] != '/')
			continue;
		prefix[i] = '\0';
		opened = open_inside(plan, prefix, last && is_file ? 0 : O_DIRECTORY, 0);
		if (opened == -ENOENT) {
			int result = make_one(parent, prefix + name, last && is_file);

			if (result < 0)
				return result;
			opened = open_inside(plan, prefix, last && is_file ? 0 : O_DIRECTORY, 0);
		}
		fd_close(&parent);
		parent = opened;
		prefix[i] = '/';
		name = i + 1;
	}
	return parent < 0 ? parent : 0;
}

/* Opens a mount point, making it where it is missing. The descriptor, or -1 (reported). */
static int open_target(const struct plan *plan, const struct plan_mount *mount)
{
	const char *path = plan_text(plan, mount->target);
	bool is_file = mount->expect == PLAN_TARGET_FILE;
	uint64_t flags = is_file ? 0 : O_DIRECTORY,
		 strict = mount->strict ? RESOLVE_NO_SYMLINKS : 0;
	int fd = open_inside(plan, path, flags, strict);
	struct stat status;

	if (fd == -ENOENT) {
		int result = make_target(plan, path, is_file);

		if (result < 0)
			return fail(PLAN_STEP_TARGET_MAKE, result, path);
		fd = open_inside(plan, path, flags, strict);
	}
	if (fd < 0)
		return fail(fd == -ELOOP && strict ? PLAN_STEP_TARGET_KIND : PLAN_STEP_TARGET_OPEN,
			    fd, path);
	/* move_mount(2) would only say EINVAL. */
	if (is_file && sys_fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		(void)sys_close(fd);
		return fail(PLAN_STEP_TARGET_OPEN, -EISDIR, path);
	}
	return fd;
}

/* Leaves the target as the working directory: mount(2) takes no descriptor. */
static int mount_filesystem(const struct plan *plan, const struct plan_mount *row, int target)
{
	const char *type = plan_text(plan, row->type), *options = plan_text(plan, row->options);
	int result = sys_fchdir(target);

	if (result == 0)
		result = sys_mount(type, ".", type, (unsigned long)row->flags,
				   options[0] == '\0' ? NULL : options);
	return result;
}

/*
 * A new filesystem as a mount that stands nowhere yet. What it is called by (tune2fs, findmnt) is its type, as with mount(2), and
 * read-only is the filesystem itself: whoever may mount it once more inside gets no other.
 */
static int make_filesystem(const struct plan *plan, const struct plan_mount *row)
{
	const char *type = plan_text(plan, row->type);
	/* Left to let_go() in main.c. */
	int context = sys_fsopen(type, FSOPEN_CLOEXEC), result = context;

	if (result >= 0)
		result = sys_fsconfig(context, FSCONFIG_SET_STRING, "source", type, 0);
	if (result == 0 && row->flags & MS_RDONLY)
		result = sys_fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0);
	if (result == 0)
		result = sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (result == 0)
		result = sys_fsmount(context, FSMOUNT_CLOEXEC, (unsigned)row->flags & ATTRIBUTES);
	return result;
}

/*
 * Attaches a mount. One that no link may lead to, and that stands in the root directory itself, is put there by name: the kernel
 * follows no link at the end of that path, and there is no more of it than the end. Only where it can't the target is
 * looked at, and made, and what is wrong with it said.
 */
static int attach(const struct plan *plan, const struct plan_mount *row, int mount)
{
	const char *path = plan_text(plan, row->target);
	int result =
		!row->strict || strchr(path, '/') != NULL
			? -ENOENT
			: sys_move_mount(mount, "", plan->root_fd, path, MOVE_MOUNT_F_EMPTY_PATH);
	FD int target = result < 0 ? open_target(plan, row) : -1;

	if (result == 0)
		return 0;
	if (target < 0)
		return -1;
	result = sys_move_mount(mount, "", target, "",
				MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	return result < 0 ? fail(PLAN_STEP_MOUNT, result, path) : 0;
}

/* "proc" and "sys": kept open, for they are what is hidden and written to later, whoever renames what in the root tree. */
static int *kernels_of(struct kernels *kernels, const char *target)
{
	if (strcmp(target, "proc") == 0)
		return &kernels->proc;
	return strcmp(target, "sys") == 0 ? &kernels->sys : NULL;
}

static int make_kernels(const struct plan *plan, const struct plan_mount *row, int *kept)
{
	*kept = row->kind == PLAN_MOUNT_DETACHED ? row->fd : make_filesystem(plan, row);
	if (*kept < 0)
		return fail(PLAN_STEP_MOUNT, *kept, plan_text(plan, row->target));
	return attach(plan, row, *kept);
}

/*
 * In a directory of a mount that only sv and init know: nobody can have put anything else in that place. *at is the descriptor
 * of the working directory, where it is such a one.
 */
static int mount_in_base(const struct plan *plan, const struct plan_mount *row, int *at)
{
	const char *type = plan_text(plan, row->type), *options = plan_text(plan, row->options),
		   *target = plan_text(plan, row->target), *slash = strrchr(target, '/');
	int result = *at == row->base_fd ? 0 : sys_fchdir(row->base_fd);

	*at = row->base_fd;
	if (result == 0)
		result = sys_mount(type, slash == NULL ? target : slash + 1, type,
				   (unsigned long)row->flags, options[0] == '\0' ? NULL : options);
	return result < 0 ? fail(PLAN_STEP_MOUNT, result, target) : 0;
}

static int make_mount(const struct plan *plan, const struct plan_mount *row, int *at)
{
	FD int target = -1;
	int result;

	if (row->kind == PLAN_MOUNT_DETACHED)
		return attach(plan, row, row->fd);
	if (row->base_fd >= 0)
		return mount_in_base(plan, row, at);
	*at = -1;
	target = open_target(plan, row);
	if (target < 0)
		return -1;
	result = mount_filesystem(plan, row, target);
	return result < 0 ? fail(PLAN_STEP_MOUNT, result, plan_text(plan, row->target)) : 0;
}

int mounts_make(const struct plan *plan, enum plan_phase phase, struct kernels *kernels)
{
	const struct plan_mount *row = plan_rows(plan, plan->mounts);
	bool has_moved = false;
	int at = -1;

	for (uint32_t i = 0; i < plan->mounts.count; i++, row++) {
		int *kept = kernels_of(kernels, plan_text(plan, row->target));

		if (row->phase != phase)
			continue;
		if (kept != NULL && row->strict ? make_kernels(plan, row, kept) < 0
						: make_mount(plan, row, &at) < 0)
			return -1;
		has_moved = has_moved || row->kind == PLAN_MOUNT_FILESYSTEM;
		/* The strict ones are few, may be the base of others, and go with all the rest: let_go() in main.c. */
		if (row->kind == PLAN_MOUNT_DETACHED && !row->strict)
			(void)sys_close(row->fd);
	}
	if (has_moved)
		(void)sys_fchdir(plan->root_fd);
	return 0;
}

int mounts_make_workdir(const struct plan *plan)
{
	const char *path = plan_text(plan, plan->workdir);
	int result = plan->flags & PLAN_MAKE_WORKDIR && path[1] != '\0'
			     ? make_target(plan, path + 1, false)
			     : 0;

	return result < 0 ? fail(PLAN_STEP_TARGET_MAKE, result, path + 1) : 0;
}

/*
 * Opens the directory that path's last component is to stand in, made where it is missing, and points *name to that
 * component. Rows are sorted by directory, mostly "dev": `previous` and `fd` remember the last one, since a lookup for
 * each of a dozen nodes would be a dozen system calls for nothing.
 */
struct place {
	const char *directory;
	size_t length;
	int fd;
};

static int place_open(const struct plan *plan, struct place *place, const char *path,
		      const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash == NULL ? 0 : (size_t)(slash - path);
	char directory[PATH_MAX] = ".";
	int result;

	*name = slash == NULL ? path : slash + 1;
	if (place->fd >= 0 && place->length == length &&
	    memcmp(place->directory, path, length) == 0)
		return place->fd;
	fd_close(&place->fd);
	if (length > 0) {
		memcpy(directory, path, length);
		directory[length] = '\0';
		result = make_target(plan, directory, false);
		if (result < 0)
			return result;
	}
	*place = (struct place){ path, length, open_inside(plan, directory, O_DIRECTORY, 0) };
	return place->fd;
}

static void place_close(struct place *place)
{
	fd_close(&place->fd);
}

int mounts_make_nodes(const struct plan *plan)
{
	__attribute__((cleanup(place_close))) struct place place = { .fd = -1 };
	const struct plan_node *row = plan_rows(plan, plan->nodes);

	for (uint32_t i = 0; i < plan->nodes.count; i++, row++) {
		const char *name, *path = plan_text(plan, row->path);
		unsigned device = (row->minor & 0xff) | row->major << 8 |
				  (row->minor & ~0xffU) << 12; /* kernel's new_encode_dev() */
		int result = place_open(plan, &place, path, &name);

		if (result >= 0)
			result = sys_mknodat(place.fd, name, row->mode, device);
		if (result < 0)
			return fail(PLAN_STEP_NODE, result, path);
	}
	return 0;
}

int mounts_make_links(const struct plan *plan)
{
	__attribute__((cleanup(place_close))) struct place place = { .fd = -1 };
	const struct plan_link *row = plan_rows(plan, plan->links);

	for (uint32_t i = 0; i < plan->links.count; i++, row++) {
		const char *name, *path = plan_text(plan, row->path);
		int result = place_open(plan, &place, path, &name);

		if (result >= 0)
			result = sys_symlinkat(plan_text(plan, row->text), place.fd, name);
		if (result < 0)
			return fail(PLAN_STEP_LINK, result, path);
	}
	return 0;
}

/*
 * Opens "proc" or "sys" and checks that it is what was mounted there. The name alone says nothing: somebody who can write to the
 * root tree on the host may give another folder that name at any moment, mount point or not (rename(2)). It must be the
 * kernel's own, of which init's mount namespace has no other; from there on everything goes by the descriptor.
 */
static int open_kernels(const struct plan *plan, const char *name, unsigned long magic)
{
	FD int root = open_inside(plan, name, O_DIRECTORY, RESOLVE_NO_SYMLINKS);
	struct statfs filesystem;
	int result = root < 0 ? root : sys_fstatfs(root, &filesystem);

	if (result < 0)
		return result;
	return (unsigned long)filesystem.f_type == magic ? fd_take(&root) : -EXDEV;
}

/* --- masks ------------------------------------------------------------------------------------------------------------ */

/*
 * What hides others is an empty file and an empty directory of a read-only filesystem that init makes for it: whoever made the root
 * tree or a volume chose what stands at /dev/null. It lies in /proc, over a folder that afterwards covers it in turn, since to
 * unmount it would wait for an RCU grace period. Everything goes by /proc's own mount, which is the working
 * directory meanwhile, and from there by names that the kernel gave: what the root tree holds can't be met.
 */
#define EMPTY_FILE      PLAN_MASK_WORKSHOP "/file"
#define EMPTY_DIRECTORY PLAN_MASK_WORKSHOP "/directory"

static int set_read_only(const char *path, unsigned recursive)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };

	return sys_mount_setattr(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | recursive, &attributes);
}

/* The descriptor is what will be put back. */
static int workshop_open(const struct kernels *kernels)
{
	int original = -1, result = sys_fchdir(kernels->proc);

	if (result == 0)
		result = original = sys_open_tree(AT_FDCWD, PLAN_MASK_WORKSHOP,
						  AT_RECURSIVE | AT_SYMLINK_NOFOLLOW |
							  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (result >= 0)
		result =
			sys_mount("tmpfs", PLAN_MASK_WORKSHOP, "tmpfs",
				  MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=3,mode=755");
	if (result == 0)
		result = sys_mknodat(AT_FDCWD, EMPTY_FILE, S_IFREG | 0444, 0);
	if (result == 0)
		result = sys_mkdirat(AT_FDCWD, EMPTY_DIRECTORY, 0755);
	if (result == 0)
		result = set_read_only(PLAN_MASK_WORKSHOP, 0);
	return result < 0 ? result : original; /* left to let_go() in main.c */
}

static int workshop_close(const struct plan *plan, int original)
{
	int result =
		sys_move_mount(original, "", AT_FDCWD, PLAN_MASK_WORKSHOP, MOVE_MOUNT_F_EMPTY_PATH);

	return result < 0 ? result : sys_fchdir(plan->root_fd);
}

/* A row says which of the two its path is; where this kernel has it otherwise, the other one is meant. */
static int hide(const char *path, bool is_directory)
{
	int result =
		sys_mount(is_directory ? EMPTY_DIRECTORY : EMPTY_FILE, path, NULL, MS_BIND, NULL);

	if (result == -ENOTDIR)
		result = sys_mount(is_directory ? EMPTY_FILE : EMPTY_DIRECTORY, path, NULL, MS_BIND,
				   NULL);
	return result;
}

static int close_path(const char *path)
{
	int result = sys_mount(path, path, NULL, MS_BIND | MS_REC, NULL);

	return result < 0 ? result : set_read_only(path, AT_RECURSIVE);
}

#define LINKS "self/fd/"

/* "proc/keys" as "keys", "sys/firmware" as "self/fd/9/firmware". plan_check() has seen that it is one of the two. */
static const char *from_proc(const struct kernels *kernels, const char *path, char *buffer)
{
	size_t length = sizeof(LINKS) - 1;

	if (path[0] == 'p')
		return path + sizeof("proc/") - 1;
	memcpy(buffer, LINKS, length);
	length += text_number(buffer + length, kernels->sys);
	path += sizeof("sys") - 1;
	memcpy(buffer + length, path, strlen(path) + 1);
	return buffer;
}

static int mask_one(const struct plan_mask *row, const char *path)
{
	int result = row->kind == PLAN_MASK_READ_ONLY
			     ? close_path(path)
			     : hide(path, row->kind == PLAN_MASK_HIDE_DIRECTORY);

	return result == -ENOENT ? 0 : result; /* this kernel doesn't have it */
}

int mounts_mask(const struct plan *plan, const struct kernels *kernels)
{
	const struct plan_mask *row = plan_rows(plan, plan->masks);
	int original, result;

	if (plan->masks.count == 0)
		return 0;
	original = kernels->proc < 0 || kernels->sys < 0 ? -EXDEV : workshop_open(kernels);
	if (original < 0)
		return fail(PLAN_STEP_MASK, original, "proc/" PLAN_MASK_WORKSHOP);
	for (uint32_t i = 0; i < plan->masks.count; i++, row++) {
		char buffer[PATH_MAX + sizeof(LINKS) + TEXT_NUMBER_MAX];

		result = mask_one(row, from_proc(kernels, plan_text(plan, row->path), buffer));
		if (result < 0)
			return fail(PLAN_STEP_MASK, result, plan_text(plan, row->path));
	}
	result = workshop_close(plan, original);
	return result < 0 ? fail(PLAN_STEP_MASK, result, "proc/" PLAN_MASK_WORKSHOP) : 0;
}

int mounts_open_proc(const struct plan *plan, const char *path, int flags)
{
	FD int proc = open_kernels(plan, "proc", PROC_SUPER_MAGIC);

	if (proc < 0)
		return proc;
	return sys_openat2(proc, path, (uint64_t)(flags | O_CLOEXEC), 0,
			   RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
}

/* One write, as the kernel's handlers of /proc/sys want it. */
static int write_sysctl(const struct plan *plan, const char *key, const char *value)
{
	char path[PATH_MAX + sizeof("sys/")] = "sys/";
	FD int fd = -1;
	ssize_t result;

	memcpy(path + 4, key, strlen(key) + 1);
	fd = mounts_open_proc(plan, path, O_WRONLY);
	if (fd < 0)
		return fd;
	result = sys_write(fd, value, strlen(value));
	return result < 0 ? (int)result : 0;
}

int mounts_write_sysctls(const struct plan *plan)
{
	const struct plan_sysctl *row = plan_rows(plan, plan->sysctls);

	for (uint32_t i = 0; i < plan->sysctls.count; i++, row++) {
		int result =
			write_sysctl(plan, plan_text(plan, row->key), plan_text(plan, row->value));

		if (result < 0)
			return fail(PLAN_STEP_SYSCTL, result, plan_text(plan, row->key));
	}
	return 0;
}
