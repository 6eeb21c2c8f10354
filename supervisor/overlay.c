/* SPDX-License-Identifier: MIT */
/*
 * From Linux 6.15 on overlayfs takes detached mounts as layers, by descriptor: that is one way, and costs
 * half of what the other does (0.36 ms of a start instead of 0.74, measured on a tmpfs). overlayfs refuses them from 5.14 to 6.14, takes descriptors only since 6.13, fsconfig(2) takes strings of 255 bytes, and
 * commas, colons and backslashes mean something in mount(2)'s options. So the other way, for older kernels: in a mount
 * namespace that lives for no longer than that, a child that shares sv's memory and descriptors attaches clones of the layers
 * under short names on a tmpfs, mounts the overlay there with relative names, and detaches it again. One mount carries all the
 * layers of the store, and a layer is a symbolic link on the tmpfs: 40 of them cost 40 links.
 *
 * In neither way any of a user's paths is in a string.
 */
#include "overlay.h"

#include "../init/lib/fd.h"

#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#define STACK_SIZE   ((size_t)32 << 10)
#define OPTIONS_SIZE 4096 /* mount(2) takes one page */

/* What the child works with and leaves; it has no other memory than sv's. */
struct work {
	const struct overlay *overlay;
	int lower, folder; /* detached mounts */
	int context;       /* of the overlay to be */
	int result;        /* the overlay, detached; or -errno */
	const char *step;  /* what failed */
	char options[OPTIONS_SIZE];
};

/* --- in the child ------------------------------------------------------------------------------------------------------ */

/* sv may have been started in a chroot, whose "/" need not be a mount: joining one's own namespace anew leads to its root. */
static int make_private(void)
{
	int result = sys_mount(NULL, "/", NULL, MS_PRIVATE, NULL);
	FD int self = -1;

	if (result != -EINVAL)
		return result;
	self = sys_pidfd_open(getpid(), 0);
	result = self < 0 ? self : sys_setns(self, CLONE_NEWNS);
	return result < 0 ? result : sys_mount(NULL, "/", NULL, MS_PRIVATE, NULL);
}

/* An empty folder to work in. It covers "/", which "/.." crosses into. */
static int make_room(void)
{
	int result = make_private();

	if (result == 0)
		result = sys_mount("tmpfs", "/", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
				   "mode=700,size=1m");
	return result < 0 ? result : sys_chdir("/..");
}

static int attach(int mount, const char *name)
{
	int result = sys_mkdirat(AT_FDCWD, name, 0700);

	return result < 0 ? result
			  : sys_move_mount(mount, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH);
}

/* "0" -> "l/HEX/fs" and so on. */
static int link_layers(const struct overlay *overlay)
{
	char name[24], target[512];
	int result = 0;

	for (size_t i = 0; result == 0 && overlay->layers != NULL && i < overlay->count; i++) {
		(void)snprintf(name, sizeof(name), "%zu", i);
		(void)snprintf(target, sizeof(target), "l/%s", overlay->layers[i]);
		result = sys_symlinkat(target, AT_FDCWD, name);
	}
	return result;
}

/* What a change of the ids takes with it: a process that isn't its old self is no longer told of its parent's death, nor dumped. */
struct self {
	int bits, dumpable, death_signal;
};

/*
 * What overlay makes for itself (its folder in work/, whiteouts) it makes as whoever mounts it: that must be somebody who has an id on
 * an idmapped mount. Only the ids that files go by change, and the capabilities stay: capabilities(7), setfsuid(2).
 */
static int become_owner(const struct overlay *overlay, struct self *self)
{
	int result = sys_prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);

	self->bits = result;
	self->dumpable = sys_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	(void)sys_prctl(PR_GET_PDEATHSIG, (uintptr_t)&self->death_signal, 0, 0, 0);
	if (result >= 0)
		result = sys_prctl(PR_SET_SECUREBITS,
				   (unsigned long)self->bits | SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
	if (result < 0)
		return result;
	(void)sys_setfsgid(overlay->gid);
	(void)sys_setfsuid(overlay->uid);
	return 0;
}

static void become_oneself(const struct self *self)
{
	(void)sys_setfsuid(0);
	(void)sys_setfsgid(0);
	(void)sys_prctl(PR_SET_SECUREBITS, (unsigned long)self->bits, 0, 0, 0);
	(void)sys_prctl(PR_SET_DUMPABLE, self->dumpable == 1, 0, 0, 0);
	(void)sys_prctl(PR_SET_PDEATHSIG, (unsigned long)self->death_signal, 0, 0, 0);
}

/* Calls `mount` as the container's root, where that is not the machine's. */
static int as_owner(struct work *work, int (*mount)(struct work *work))
{
	struct self self = { .death_signal = 0 };
	bool is_other = work->overlay->userns >= 0;
	int result = is_other ? become_owner(work->overlay, &self) : 0;

	if (result < 0)
		return result;
	result = mount(work);
	if (is_other)
		become_oneself(&self);
	return result;
}

/* Where the upper layer's file system won't do, overlay says so in the kernel's log and is read-only. */
static int check_writable(int overlay)
{
	struct statfs filesystem;
	int result = sys_fstatfs(overlay, &filesystem);

	return result == 0 && filesystem.f_flags & ST_RDONLY ? -EROFS : result;
}

static int mount_by_name(struct work *work)
{
	return sys_mount("overlay", "l", "overlay", work->overlay->allow_devices ? 0 : MS_NODEV,
			 work->options);
}

static int mount_overlay(struct work *work)
{
	int result = as_owner(work, mount_by_name);
	FD int mount = -1;

	if (result == 0)
		result = mount = sys_open_tree(AT_FDCWD, "l", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (result >= 0 && work->overlay->folder >= 0)
		result = check_writable(mount);
	return result < 0 ? result : fd_take(&mount);
}

static int run_child(void *argument)
{
	struct work *work = argument;

	work->step = "cannot make a mount namespace to put together";
	work->result = make_room();
	work->step = work->result < 0 ? work->step : "cannot attach the layers of";
	if (work->result == 0)
		work->result = attach(work->lower, "l");
	if (work->result == 0 && work->folder >= 0)
		work->result = attach(work->folder, "c");
	if (work->result == 0)
		work->result = link_layers(work->overlay);
	work->step = work->result < 0 ? work->step : "cannot mount an overlay over";
	if (work->result == 0)
		work->result = mount_overlay(work);
	_exit(0);
}

/* --- in sv ------------------------------------------------------------------------------------------------------------- */

static int fail_idmap(const struct overlay *overlay, int number, struct error *error)
{
	return error_hint(
		error, error_set(error, number, "cannot map the ids of %s", overlay->what),
		"its file system, or that of the store, does not support idmapped mounts: --userns host runs without");
}

/* A detached mount of its own of the directory, private, seen through the map. Without what is mounted below it. */
static int detach(const struct overlay *overlay, int directory, bool is_mount, struct error *error)
{
	struct mount_attr attributes = {
		.attr_set = overlay->userns >= 0 ? MOUNT_ATTR_IDMAP : 0,
		.propagation = MS_PRIVATE,
		.userns_fd = overlay->userns >= 0 ? (unsigned)overlay->userns : 0,
	};
	FD int mount = is_mount
			       ? sys_fcntl(directory, F_DUPFD_CLOEXEC, 0)
			       : sys_open_tree(directory, "",
					       AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int result;

	if (mount < 0)
		return error_set(error, mount, "cannot detach %s", overlay->what);
	result = sys_mount_setattr(mount, "", AT_EMPTY_PATH, &attributes);
	if (result == 0)
		return fd_take(&mount);
	return overlay->userns >= 0
		       ? fail_idmap(overlay, result, error)
		       : error_set(error, result, "cannot make %s private", overlay->what);
}

/*
 * Each word is said, whatever the kernel's defaults are: a layer shall be complete in itself (no redirects, no metadata
 * alone), and is never followed where somebody put such marks into it.
 */
static const char *const settings[][2] = { { "redirect_dir", "nofollow" },
					   { "metacopy", "off" },
					   { "index", "off" },
					   { "uuid", "off" } };
#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

static int write_options(struct work *work)
{
	const struct overlay *overlay = work->overlay;
	size_t count = overlay->layers == NULL ? 1 : overlay->count, used = 0;

	for (size_t i = 0; i < SETTING_COUNT; i++)
		used += (size_t)snprintf(work->options + used, OPTIONS_SIZE - used, "%s=%s,",
					 settings[i][0], settings[i][1]);
	used += (size_t)snprintf(work->options + used, OPTIONS_SIZE - used,
				 "%s%s%slowerdir=", overlay->user_attributes ? "userxattr," : "",
				 overlay->is_volatile ? "volatile," : "",
				 overlay->folder >= 0 ? "upperdir=c/upper,workdir=c/work," : "");
	for (size_t i = count; i-- > 0;) { /* the uppermost comes first */
		char name[24];
		size_t length = overlay->layers == NULL
					? (size_t)snprintf(name, sizeof(name), "l")
					: (size_t)snprintf(name, sizeof(name), "%zu%s", i,
							   i > 0 ? ":" : "");

		if (used + length >= OPTIONS_SIZE)
			return -E2BIG;
		memcpy(work->options + used, name, length + 1);
		used += length;
	}
	return 0;
}

/* --- by descriptors ---------------------------------------------------------------------------------------------------- */

static int give_layer(int context, const char *key, int mount, const char *path)
{
	FD int layer = path == NULL ? sys_fcntl(mount, F_DUPFD_CLOEXEC, 0)
				    : sys_openat(mount, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

	return layer < 0 ? layer : sys_fsconfig(context, FSCONFIG_SET_FD, key, NULL, layer);
}

static int give_layers(const struct work *work, int context)
{
	const struct overlay *overlay = work->overlay;
	size_t count = overlay->layers == NULL ? 1 : overlay->count;
	int result = 0;

	for (size_t i = count; result == 0 && i-- > 0;)
		result = give_layer(context, "lowerdir+", work->lower,
				    overlay->layers == NULL ? NULL : overlay->layers[i]);
	if (result == 0 && work->folder >= 0)
		result = give_layer(context, "upperdir", work->folder, "upper");
	if (result == 0 && work->folder >= 0)
		result = give_layer(context, "workdir", work->folder, "work");
	return result;
}

static int give_settings(const struct overlay *overlay, int context)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < SETTING_COUNT; i++)
		result = sys_fsconfig(context, FSCONFIG_SET_STRING, settings[i][0], settings[i][1],
				      0);
	if (result == 0 && overlay->user_attributes)
		result = sys_fsconfig(context, FSCONFIG_SET_FLAG, "userxattr", NULL, 0);
	if (result == 0 && overlay->is_volatile)
		result = sys_fsconfig(context, FSCONFIG_SET_FLAG, "volatile", NULL, 0);
	return result;
}

static int create(struct work *work)
{
	return sys_fsconfig(work->context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

/* The overlay, detached, or -errno: whatever is wrong, the other way is tried then, and its error is the one that is told. */
static int make_by_descriptors(struct work *work)
{
	const struct overlay *overlay = work->overlay;
	FD int context = sys_fsopen("overlay", FSOPEN_CLOEXEC);
	FD int mount = -1;
	int result = context < 0 ? context : give_layers(work, context);

	if (result == 0)
		result = give_settings(overlay, context);
	work->context = context;
	if (result == 0)
		result = as_owner(work, create);
	if (result == 0)
		result = mount = sys_fsmount(context, FSMOUNT_CLOEXEC,
					     overlay->allow_devices ? 0 : MOUNT_ATTR_NODEV);
	if (result >= 0 && overlay->folder >= 0)
		result = check_writable(mount);
	return result < 0 ? result : fd_take(&mount);
}

/* --- by a helper ------------------------------------------------------------------------------------------------------- */

static int fail_mount(const struct work *work, struct error *error)
{
	const struct overlay *overlay = work->overlay;
	int result = error_set(error, work->result, "%s %s", work->step, overlay->what);

	if (work->result == -ENODEV)
		return error_hint(error, result, "this kernel has no overlay: modprobe overlay");
	if (work->result == -EINVAL && overlay->userns >= 0)
		return error_hint(
			error, result,
			"in a user namespace this needs Linux 5.19, and file systems that overlay takes: --userns host runs without");
	if (work->result == -EINVAL || work->result == -ELOOP || work->result == -EPERM ||
	    work->result == -EROFS)
		return error_hint(
			error, result,
			"overlay refuses some file systems, as layers (vfat, an overlay of an overlay) or to be written to (NFS, FUSE): put the store elsewhere with --root");
	return result;
}

/* The stack is freed by overlay_reap()'s time: the child has left it when clone(2) returns. */
static int run_helper(struct work *work, pid_t *helper, struct error *error)
{
	char *stack = malloc(STACK_SIZE);
	int pid;

	if (stack == NULL)
		return error_set(error, -ENOMEM, "cannot make an overlay");
	pid = clone(run_child, stack + STACK_SIZE,
		    CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_NEWNS, work);
	free(stack);
	if (pid < 0)
		return error_hint(
			error,
			error_set(error, (int)sys_result(pid), "cannot create a mount namespace"),
			"sv needs CAP_SYS_ADMIN, and a limit in /proc/sys/user/max_mnt_namespaces may be reached");
	*helper = pid;
	return work->result < 0 ? fail_mount(work, error) : 0;
}

int overlay_make(const struct overlay *overlay, pid_t *helper, struct error *error)
{
	static struct work work; /* large, and used by one at a time */
	FD int lower = -1;
	FD int folder = -1;

	*helper = 0;
	lower = detach(overlay, overlay->lower, overlay->is_mount, error);
	if (lower < 0)
		return lower;
	if (overlay->folder >= 0) {
		folder = detach(overlay, overlay->folder, false, error);
		if (folder < 0)
			return folder;
	}
	work = (struct work){ .overlay = overlay, .lower = lower, .folder = folder };
	if (write_options(&work) < 0)
		return error_set(error, 0, "%s has too many layers: %zu", overlay->what,
				 overlay->count);
	work.result = make_by_descriptors(&work);
	if (work.result >= 0)
		return work.result;
	return run_helper(&work, helper, error) < 0 ? -1 : work.result;
}

void overlay_reap(pid_t *helper)
{
	siginfo_t info;

	if (*helper > 0)
		(void)sys_waitid(P_PID, *helper, &info, WEXITED | __WALL);
	*helper = 0;
}
