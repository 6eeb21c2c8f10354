/* SPDX-License-Identifier: MIT */
/*
 * What comes from the host's filesystems: the root tree and the volumes, each opened once and detached as a mount of
 * its own (open_tree(2)), private, with the flags it will have inside. Nobody can see or change it before init
 * attaches it, and a clone that is never attached goes with its descriptor.
 */
#ifndef SV_TREE_H
#define SV_TREE_H

#include "error.h"
#include "plan_build.h"
#include "spec.h"

/* Opens ROOTFS, the directory `root`, as a detached recursive clone (`detach`), or only as a directory (--dry-run, which
 * changes nothing). An empty one is an error with the status of a command that isn't there, and so is one without /proc and
 * `command`, an absolute path or NULL. The descriptor, or negative with error set. */
int tree_open_root(int root, const char *path, const char *command, bool detach, bool read_only,
		   bool allow_devices, struct error *error);

/* Says why ROOTFS can't be opened. A negative number. */
int tree_fail_root(const char *path, int number, struct error *error);

/* The same for each volume of the spec; rows has room for them. Those opened are to be closed by the caller. */
int tree_open_volumes(const struct spec *spec, bool detach, struct plan_volume *rows,
		      struct error *error);

/* Looks the devices of --device up. They must be device nodes. */
int tree_stat_devices(const struct spec *spec, struct plan_device *rows, struct error *error);

/* True when something is mounted at the path. */
bool tree_is_mounted(const char *path);

/* A read-only, private clone of one of the host's own mounts (/proc, /sys, /dev/mqueue), for a container that shares what it
 * shows and may not mount it itself. The descriptor, or a negative number with the error set. */
int tree_open_host(const char *path, struct error *error);

/* A read-only /sys of the network namespace that sv is in at the moment, detached. The same. */
int tree_make_sys(struct error *error);

/* A clone of one device node of the host, to be bound over an empty file. The descriptor, or negative with error set. */
int tree_open_device(const char *path, struct error *error);

/* The container's /dev in a user namespace: a detached, empty tmpfs, owned by the ids given. The descriptor, or a negative
 * number with the error set. */
int tree_make_dev(uint32_t uid, uint32_t gid, struct error *error);

#endif
