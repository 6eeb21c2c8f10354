/* SPDX-License-Identifier: MIT */
/*
 * Detached mounts of what the host gives. Each clone is made private first: a clone of a shared mount stays in its peer
 * group, and hosts share everything (mount_namespaces(7)); "rslave" asks to hear of the host's later mounts.
 */
#include "tree.h"

#include "../init/lib/fd.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#define TREE_FLAGS (OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE)

/* Set with MOUNT_ATTR_*: recursively, so that no mount below is laxer. */
static int set_attributes(int tree, unsigned recursive, uint64_t set, uint64_t clear,
			  uint64_t propagation)
{
	struct mount_attr attributes = { .attr_set = set,
					 .attr_clr = clear,
					 .propagation = propagation };

	return sys_mount_setattr(tree, "", AT_EMPTY_PATH | recursive, &attributes);
}

static bool is_empty(int root)
{
	FD int directory = sys_openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	char entries[1024];
	long got = directory < 0 ? -1 : sys_getdents64(directory, entries, sizeof(entries));

	return got >= 0 && got <= 2 * 24; /* "." and "..": 24 bytes each */
}

static bool is_missing(int root, const char *path)
{
	FD int fd = sys_openat2(root, path, O_PATH | O_CLOEXEC, 0,
				RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	return fd == -ENOENT;
}

/*
 * Asked only where /proc is missing, which an empty folder, somebody's home and a strange root have in common: before anything is
 * made in it.
 */
static int check_content(int root, const char *path, const char *command, struct error *error)
{
	static const char hint[] = "fill it, or make one with 'make rootfs'";
	struct stat status;
	int result = sys_fstatat(root, "proc", &status, AT_SYMLINK_NOFOLLOW);

	if (result != -ENOENT)
		return 0;
	if (is_empty(root))
		result = error_set(error, 0, "rootfs '%s' is empty: there is no command in it",
				   path);
	else if (command != NULL && is_missing(root, command))
		result = error_set(error, 0, "rootfs '%s' has neither '%s' nor '/proc'", path,
				   command);
	else
		return 0;
	error->status = EXIT_NOT_FOUND;
	return error_hint(error, result, "%s", hint);
}

int tree_fail_root(const char *path, int number, struct error *error)
{
	int result = error_set(error, number, "cannot open rootfs '%s'", path);

	if (number == -ENOENT)
		return error_hint(
			error, result,
			"what has a slash is a directory or a file, never the name of an image; 'make rootfs' makes a directory");
	if (number == -EPERM) /* open_tree(2) */
		return error_hint(
			error, result,
			"sv needs CAP_SYS_ADMIN: a container or a sandbox may have taken it from root");
	return result;
}

static bool is_read_only(int root)
{
	struct statfs filesystem;

	return sys_fstatfs(root, &filesystem) < 0 || filesystem.f_flags & ST_RDONLY;
}

int tree_open_root(int root, const char *path, const char *command, bool detach, bool read_only,
		   bool allow_devices, struct error *error)
{
	uint64_t attributes =
		(read_only ? MOUNT_ATTR_RDONLY : 0) | (allow_devices ? 0 : MOUNT_ATTR_NODEV);
	FD int tree = -1;
	int result = check_content(root, path, command, error);

	if (result < 0)
		return result;
	if (!detach)
		return sys_fcntl(root, F_DUPFD_CLOEXEC, 0);
	tree = sys_open_tree(root, "", AT_EMPTY_PATH | TREE_FLAGS);
	if (tree < 0)
		return tree_fail_root(path, tree, error);
	/* A node in an archive that root has unpacked is a device of the host, whose owner the container's root may be. */
	result = set_attributes(tree, AT_RECURSIVE, attributes, 0, MS_PRIVATE);
	/* The topmost mount stays writable until init has made the mount points; then it sets it itself. */
	if (result == 0 && read_only && !is_read_only(root))
		result = set_attributes(tree, 0, 0, MOUNT_ATTR_RDONLY, 0);
	if (result < 0)
		return error_set(error, result, "cannot make the mounts of rootfs '%s' private",
				 path);
	return fd_take(&tree);
}

/* A named one is open already, as `lock`: its path may lead elsewhere by now. */
static int detach_volume(const struct spec_volume *volume, int lock, struct error *error)
{
	uint64_t attributes = (volume->read_only ? MOUNT_ATTR_RDONLY : 0) |
			      (volume->allow_suid ? 0 : MOUNT_ATTR_NOSUID) |
			      (volume->allow_devices ? 0 : MOUNT_ATTR_NODEV) |
			      (volume->no_exec ? MOUNT_ATTR_NOEXEC : 0);
	FD int tree = lock > 0 ? sys_open_tree(lock, "", AT_EMPTY_PATH | TREE_FLAGS)
			       : sys_open_tree(AT_FDCWD, volume->source, TREE_FLAGS);
	int result;

	if (tree < 0)
		return error_set(error, tree, "cannot open volume source '%s'", volume->source);
	result = set_attributes(tree, AT_RECURSIVE, attributes, 0,
				volume->propagation == SPEC_RSLAVE ? MS_SLAVE : MS_PRIVATE);
	if (result == 0 && volume->read_only_top)
		result = set_attributes(tree, 0, MOUNT_ATTR_RDONLY, 0, 0);
	if (result < 0)
		return error_set(error, result, "cannot set the flags of volume '%s'",
				 volume->source);
	return fd_take(&tree);
}

int tree_open_volumes(const struct spec *spec, bool detach, struct plan_volume *rows,
		      struct error *error)
{
	for (size_t i = 0; i < spec->volumes.count; i++) {
		const struct spec_volume *volume = &spec->volumes.rows[i];
		struct stat status;
		int result;

		if (detach)
			rows[i].fd = detach_volume(volume, rows[i].lock, error);
		else if (rows[i].lock > 0)
			rows[i].fd = sys_openat(rows[i].lock, ".", O_PATH | O_CLOEXEC, 0);
		else
			rows[i].fd = sys_openat(AT_FDCWD, volume->source, O_PATH | O_CLOEXEC, 0);
		if (rows[i].fd < 0)
			return error_set(error, rows[i].fd, "cannot open volume source '%s'",
					 volume->source);
		result = sys_fstat(rows[i].fd, &status);
		if (result < 0)
			return error_set(error, result, "cannot look at volume source '%s'",
					 volume->source);
		rows[i].is_file = !S_ISDIR(status.st_mode);
	}
	return 0;
}

bool tree_is_mounted(const char *path)
{
	struct stat here, above;
	char parent[256];

	(void)snprintf(parent, sizeof(parent), "%s/..", path);
	return sys_fstatat(AT_FDCWD, path, &here, 0) == 0 &&
	       sys_fstatat(AT_FDCWD, parent, &above, 0) == 0 && here.st_dev != above.st_dev;
}

int tree_open_host(const char *path, struct error *error)
{
	/*
	 * Without what is mounted below, such as the host's control groups, whose place the container's own take. In a
	 * user's namespace the kernel won't part them (EINVAL).
	 */
	FD int tree = sys_open_tree(AT_FDCWD, path, TREE_FLAGS & ~(unsigned)AT_RECURSIVE);
	int result = tree;

	if (tree == -EINVAL)
		result = tree = sys_open_tree(AT_FDCWD, path, TREE_FLAGS);
	if (result >= 0)
		result = set_attributes(tree, AT_RECURSIVE,
					MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						MOUNT_ATTR_NOEXEC,
					0, MS_PRIVATE);
	if (result < 0)
		return error_set(error, result, "cannot share the host's '%s'", path);
	return fd_take(&tree);
}

int tree_make_sys(struct error *error)
{
	FD int context = sys_fsopen("sysfs", FSOPEN_CLOEXEC);
	int result =
		context < 0 ? context : sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);

	if (result == 0)
		result = sys_fsmount(context, FSMOUNT_CLOEXEC,
				     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					     MOUNT_ATTR_NOEXEC);
	return result < 0 ? error_set(error, result, "cannot make the container's /sys") : result;
}

int tree_open_device(const char *path, struct error *error)
{
	FD int tree = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int result = tree < 0 ? tree
			      : set_attributes(tree, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0,
					       MS_PRIVATE);

	return result < 0 ? error_set(error, result, "cannot share device '%s'", path)
			  : fd_take(&tree);
}

int tree_make_dev(uint32_t uid, uint32_t gid, struct error *error)
{
	FD int context = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
	char owner[16], group[16];
	const char *const settings[][2] = { { "source", "tmpfs" },
					    { "mode", "755" },
					    { "size", "65536k" },
					    { "uid", owner },
					    { "gid", group } };
	size_t count = sizeof(settings) / sizeof(settings[0]) - (uid == 0 && gid == 0 ? 2 : 0);
	int result = context < 0 ? context : 0;

	(void)snprintf(owner, sizeof(owner), "%u", uid);
	(void)snprintf(group, sizeof(group), "%u", gid);
	for (size_t i = 0; result == 0 && i < count; i++)
		result = sys_fsconfig(context, FSCONFIG_SET_STRING, settings[i][0], settings[i][1],
				      0);
	if (result == 0)
		result = sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (result == 0)
		result = sys_fsmount(context, FSMOUNT_CLOEXEC,
				     MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);
	return result < 0 ? error_set(error, result, "cannot make the container's /dev") : result;
}

int tree_stat_devices(const struct spec *spec, struct plan_device *rows, struct error *error)
{
	for (size_t i = 0; i < spec->devices.count; i++) {
		const char *source = spec->devices.rows[i].source;
		struct stat status;
		int result = sys_fstatat(AT_FDCWD, source, &status, 0);

		if (result < 0)
			return error_set(error, result, "cannot look at device '%s'", source);
		if (!S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode))
			return error_hint(error, error_set(error, 0, "'%s' is no device", source),
					  "for a file or directory use --volume");
		rows[i] = (struct plan_device){ (uint32_t)(status.st_mode & (S_IFMT | 0777)),
						major(status.st_rdev), minor(status.st_rdev) };
	}
	return 0;
}
