/* SPDX-License-Identifier: MIT */
/*
 * From the host's tree to the container's. sv has made the root tree a detached mount; here it takes the place of
 * "/" in init's own mount namespace, and the old tree goes.
 *
 * pivot_root(2) with "." twice (see its manual page) stacks the old root on top of the new one: no directory for it is
 * needed. Until it is detached it stays visible enough for the kernel to allow a new /proc and /sys in a user
 * namespace (mount_too_revealing() in fs/namespace.c), which is why leaving is a step of its own.
 *
 * On an initramfs pivot_root can't work: that root has no parent to be put below. There the new tree covers the old,
 * chroot moves into it, and leaving unmounts what the host had mounted below.
 */
#include "init.h"

#include "lib/fd.h"
#include "mountinfo.h"

static int fail(enum plan_step step, int number)
{
	return report_failure(PLAN_SOCKET_FD, step, number, "/");
}

/*
 * sv may have been started in a chroot. pivot_root would then swap a mount in the middle of the namespace's tree, and a second
 * chroot inside would lead out of it: so the root becomes the namespace's own first, which joining it anew brings about
 * (setns(2), with a pidfd since Linux 5.8).
 */
static int leave_chroot(void)
{
	FD int self = sys_pidfd_open(getpid(), 0);

	return self < 0 ? self : sys_setns(self, CLONE_NEWNS);
}

/*
 * The host's tree, until it goes, is on its own. With a user namespace it is so already: none can be made in a chroot
 * (current_chrooted() in kernel/user_namespace.c), and what its mount namespace copies tells the host nothing
 * (mount_namespaces(7), restrictions: shared mounts became slaves).
 */
static int part_from_host(const struct plan *plan)
{
	int result = 0;

	if (plan->flags & PLAN_USER_NAMESPACE)
		return 0;
	result = leave_chroot();
	if (result < 0)
		return fail(PLAN_STEP_ROOT, result);
	/* Nothing that is mounted from here on may reach the host, nor the reverse. */
	result = sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	return result < 0 ? fail(PLAN_STEP_PROPAGATION, result) : 0;
}

int root_enter(const struct plan *plan, int *initramfs)
{
	FD int old = -1;
	int result;

	if (part_from_host(plan) < 0)
		return -1;
	result = sys_move_mount(plan->root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	if (result < 0)
		return fail(PLAN_STEP_ROOT, result);
	result = sys_fchdir(plan->root_fd);
	if (result < 0)
		return fail(PLAN_STEP_ROOT, result);
	result = sys_pivot_root(".", ".");
	if (result == -EINVAL) {
		old = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
		result = old < 0 ? old : sys_chroot(".");
	}
	if (result < 0)
		return fail(PLAN_STEP_ROOT, result);
	*initramfs = fd_take(&old);
	return 0;
}

/* "/" is the initramfs itself, and our own tree on top of it. What is gone with its parent gives EINVAL. */
static int detach(const char *point)
{
	return point[1] != '\0' && sys_umount2(point, MNT_DETACH | UMOUNT_NOFOLLOW) < 0;
}

/* The old tree's paths are seen by a process whose root it is: go back for a moment, with a /proc that shows it. */
static int leave_initramfs(const struct plan *plan, int old)
{
	FD int mountinfo = -1;
	int result = sys_fchdir(old);

	if (result == 0)
		result = sys_chroot(".");
	if (result < 0)
		return result;
	mountinfo = mounts_open_proc(plan, "self/mountinfo", O_RDONLY);
	if (mountinfo < 0)
		return mountinfo;
	result = mountinfo_each(mountinfo, detach);
	if (result >= 0)
		result = sys_fchdir(plan->root_fd);
	if (result == 0)
		result = sys_chroot(".");
	return result;
}

int root_leave(const struct plan *plan, int *initramfs)
{
	int result;

	if (*initramfs >= 0) {
		result = leave_initramfs(plan, *initramfs);
		fd_close(initramfs);
	} else {
		/* The working directory is the new root, and the topmost mount on it is the old one. */
		result = sys_umount2(".", MNT_DETACH | UMOUNT_NOFOLLOW);
	}
	return result < 0 ? fail(PLAN_STEP_OLD_ROOT, result) : 0;
}
