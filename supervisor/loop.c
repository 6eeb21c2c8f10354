/* SPDX-License-Identifier: MIT */
/* See loop.h. The host's kernel parses what is in the file: docs/SECURITY.md. */
#include "loop.h"

#include "../init/lib/fd.h"

#include <linux/loop.h>
#include <stdio.h>
#include <string.h>

#define TRIES 100 /* a free device may be somebody else's by the time it is opened */

/* Magic numbers as they lie in the file: Documentation/filesystems/{squashfs,erofs}.rst, fs/erofs/erofs_fs.h */
static const struct {
	const char *type;
	off_t offset;
	unsigned char magic[4];
} kinds[] = {
	[LOOP_SQUASHFS] = { "squashfs", 0, { 'h', 's', 'q', 's' } },
	[LOOP_EROFS] = { "erofs", 1024, { 0xe2, 0xe1, 0xf5, 0xe0 } },
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == LOOP_KIND_COUNT, "each has a row");

enum loop_kind loop_look(int file)
{
	unsigned char magic[4];

	for (enum loop_kind kind = LOOP_NONE + 1; kind < LOOP_KIND_COUNT; kind++)
		if (sys_pread(file, magic, sizeof(magic), kinds[kind].offset) == sizeof(magic) &&
		    memcmp(magic, kinds[kind].magic, sizeof(magic)) == 0)
			return kind;
	return LOOP_NONE;
}

/* A device for the file, as `path` too. The descriptor or -errno; it must be open until the mount stands. */
static int take_device(int file, char path[32])
{
	struct loop_config config = { .fd = (unsigned)file,
				      .info = { .lo_flags =
							LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR } };
	FD int control = sys_openat(AT_FDCWD, "/dev/loop-control", O_RDWR | O_CLOEXEC, 0);
	int result = control < 0 ? control : -EBUSY;

	for (int tries = 0; result == -EBUSY && tries < TRIES; tries++) {
		FD int device = -1;
		int number = sys_ioctl(control, LOOP_CTL_GET_FREE, 0);

		if (number < 0)
			return number;
		(void)snprintf(path, 32, "/dev/loop%d", number);
		device = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
		result =
			device < 0 ? device : sys_ioctl(device, LOOP_CONFIGURE, (uintptr_t)&config);
		if (result == 0)
			return fd_take(&device);
	}
	return result;
}

static int mount_device(const char *type, const char *path)
{
	FD int context = sys_fsopen(type, FSOPEN_CLOEXEC);
	int result = context < 0 ? context
				 : sys_fsconfig(context, FSCONFIG_SET_STRING, "source", path, 0);

	if (result == 0)
		result = sys_fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0);
	if (result == 0)
		result = sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	return result < 0 ? result
			  : sys_fsmount(context, FSMOUNT_CLOEXEC,
					MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
}

int loop_mount(int file, enum loop_kind kind, const char *path, struct error *error)
{
	char device_path[32];
	FD int device = take_device(file, device_path);
	int mount;

	if (device == -EPERM || device == -EACCES || device == -ENOENT)
		return error_hint(
			error, error_set(error, device, "cannot take a loop device for '%s'", path),
			"mounting a %s file needs root, and /dev/loop-control (modprobe loop)",
			kinds[kind].type);
	if (device < 0)
		return error_set(error, device, "cannot take a loop device for '%s'", path);
	mount = mount_device(kinds[kind].type, device_path);
	if (mount == -ENODEV)
		return error_hint(error, error_set(error, mount, "cannot mount '%s'", path),
				  "this kernel has no %s: modprobe %s", kinds[kind].type,
				  kinds[kind].type);
	if (mount == -EPERM)
		return error_hint(error, error_set(error, mount, "cannot mount '%s'", path),
				  "mounting a %s file needs root", kinds[kind].type);
	return mount < 0 ? error_hint(error, error_set(error, mount, "cannot mount '%s'", path),
				      "the file may be damaged: dmesg may tell")
			 : mount;
}
