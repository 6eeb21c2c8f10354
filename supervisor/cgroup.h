/* SPDX-License-Identifier: MIT */
/*
 * The container's control group, whatever the host mounts: cgroup v2, v1, or both (hybrid), decided
 * controller by controller. Kernel: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
 *
 * A group is NAME below the parent ("sv" below the hierarchy's root, or --cgroup-parent), one in
 * each v1 hierarchy that a limit needs, and one in v2. What is made here is unmade by
 * cgroup_remove(); what a killed sv left behind is unmade by cgroup_remove_recorded() from the
 * record that state.c kept.
 *
 * Order: cgroup_host_read, cgroup_decide (--dry-run: cgroup_describe, and no more), cgroup_make,
 * then the container's process gets in: v2 by clone3 with cgroup_clone_fd(), v1 by
 * cgroup_enter_self() in the child. At the end cgroup_oom_kills, cgroup_kill, cgroup_remove.
 */
#ifndef SV_CGROUP_H
#define SV_CGROUP_H

#include "error.h"
#include "spec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CGROUP_HIERARCHY_MAX  16
#define CGROUP_PATH_MAX       1024
#define CGROUP_DEFAULT_PARENT "/sv"
#define CGROUP_DEFAULT_PIDS   2048 /* v2 only: there a pids limit costs nothing */

/* Controllers that sv uses. The names are the kernel's (v1 name / v2 name where they differ). */
enum cgroup_controller {
	CGROUP_CPU,
	CGROUP_CPUSET,
	CGROUP_MEMORY,
	CGROUP_PIDS,
	CGROUP_IO,      /* v1: blkio */
	CGROUP_DEVICES, /* v1; v2 has BPF programs instead, so every v2 hierarchy offers it */
	CGROUP_FREEZER, /* v1; part of every v2 group. Stands for "all in it can be killed at once" */
	CGROUP_CONTROLLER_COUNT,
};

#define CGROUP_EVERYTHING ((1U << CGROUP_CONTROLLER_COUNT) - 1)

/* One mounted hierarchy of the host. */
struct cgroup_hierarchy {
	bool v2;
	unsigned rank;        /* how good the mount is: see cgroup_host.c */
	unsigned controllers; /* bit per enum cgroup_controller that it offers */
	char mount[256];      /* where the host has it mounted: /sys/fs/cgroup/memory */
	char names[64];       /* v1: what to mount it by inside: "cpu,cpuacct"; v2: "" */
};

/* What the host has. */
struct cgroup_host {
	struct cgroup_hierarchy rows[CGROUP_HIERARCHY_MAX];
	unsigned count;
};

/* A container's directory in one hierarchy. */
struct cgroup_row {
	const struct cgroup_hierarchy *hierarchy;
	unsigned controllers; /* those of the hierarchy that are used for this container */
	int fd;    /* of the directory (not O_PATH: its mark is read and set), -1 = not made */
	int tasks; /* v1: "tasks", open for writing: see cgroup_enter_self(); else -1 */
};

/* The group of one container. After an error of decide or make it holds nothing. */
struct cgroup {
	struct cgroup_row rows[CGROUP_HIERARCHY_MAX];
	unsigned count;
	char path[CGROUP_PATH_MAX]; /* of the group below each mount: "/sv/NAME" */
	int v2;                     /* index in rows of the v2 group, or -1 */
	int devices; /* 0, or -errno: why the list of devices that is the default can't be had */
};

/* The controllers that a spec needs, a bit each: for its limits, CGROUP_FREEZER for --pid host,
 * CGROUP_DEVICES for the list of devices, all for --cgroup-parent. */
unsigned cgroup_needs(const struct spec *spec);

/*
 * Fills *host with at least the hierarchies that `needs` speaks of (CGROUP_EVERYTHING: with all).
 * What isn't needed is not looked for: no need and a host whose /sys/fs/cgroup isn't cgroup v2
 * costs two system calls; pure v2 never reads mountinfo. A machine without any cgroup mount gives
 * count 0 and is no error.
 */
int cgroup_host_read(struct cgroup_host *host, unsigned needs, struct error *error);

/* The hierarchy that a controller is used in, or NULL. */
const struct cgroup_hierarchy *cgroup_find(const struct cgroup_host *host,
					   enum cgroup_controller controller);

/*
 * Decides which hierarchies the spec needs and what the group's path is, without touching anything
 * (--dry-run ends here). On a host with a v2 hierarchy that has the pids controller a v2 group is
 * always made (CGROUP_DEFAULT_PIDS unless told otherwise); else only what a limit, a device rule,
 * --cgroup-parent or --pid host asks for. A limit whose controller no hierarchy has is an error
 * that names both; the list of devices that is the default is none (see struct cgroup). `host` is
 * pointed to, and must live as long.
 */
int cgroup_decide(struct cgroup *group, const struct cgroup_host *host, const struct spec *spec,
		  const char *name, struct error *error);

/*
 * One line a file that would be written, for --dry-run: calls line(context,
 * "/sys/fs/cgroup/pids/sv/x/pids.max", "50") in order. The same table drives cgroup_make().
 */
int cgroup_describe(const struct cgroup *group, const struct spec *spec,
		    void (*line)(void *context, const char *file, const char *value), void *context,
		    struct error *error);

/*
 * Makes the directories (and missing parents), enables controllers on the way (v2), writes every
 * limit. On failure nothing stays. A directory of this name that is there already is a dead run's
 * (state.c holds the name's lock by now): it is removed first when it has no processes, and an
 * error when it has. A group that is only made by default is left out where it can't be made: the
 * whole may be empty (count 0) then.
 */
int cgroup_make(struct cgroup *group, const struct spec *spec, struct error *error);

/*
 * Moves the calling process, which must have one thread, into the v1 groups. 0 or -errno. For the
 * container's child between clone3 and exec: nothing but write(2) on descriptors that it inherited,
 * whatever its namespaces are.
 *
 * This is the cheap way in: moving somebody else waits for the kernel's task lock to see an RCU
 * grace period (8 to 20 ms, once for all groups); a thread that moves itself through "tasks" needs
 * no such lock since Linux 5.5. Measured on 6.18, three hierarchies: 0.03 ms.
 */
int cgroup_enter_self(const struct cgroup *group);

/* Moves a process (and all its threads) into the v1 groups, and into the v2 group when `and_v2`.
 * The dear way. */
int cgroup_enter(const struct cgroup *group, pid_t pid, bool and_v2, struct error *error);

/* The v2 group's descriptor for clone3(CLONE_INTO_CGROUP), or -1. Owned by the group. */
int cgroup_clone_fd(const struct cgroup *group);

/* Opens a file of the group, close-on-exec, in the hierarchy that knows best who is in it: v2 where
 * there is one. A descriptor that the caller owns, or -errno (-ENOENT where there is no group). */
int cgroup_open(const struct cgroup *group, const char *file, int flags);

/* How many processes of the group the kernel has killed for want of memory so far; 0 where it can't
 * be told. */
uint64_t cgroup_oom_kills(const struct cgroup *group);

/* Kills whatever still runs in the group and removes the groups inside it. Waits for it to be
 * empty, with a deadline of some seconds. 0 or -errno. Frozen v1 groups are thawed: a frozen task
 * doesn't die. It is the group's end: whoever is cloned into it after a cgroup.kill is killed too
 * (Linux 6.14 on), and pids.max is 0 in v1. */
int cgroup_kill(const struct cgroup *group);

/* Removes the group's directories (killing what is left in them), then the parents that sv made
 * where they are empty now. Waits while the last task leaves, with a deadline. Closes the
 * descriptors. 0 or the first -errno. */
int cgroup_remove(struct cgroup *group);

/* The same for a container whose supervisor died: kills and removes `path` in every hierarchy.
 * -EINVAL for a path that is not cgroup_path_valid(). */
int cgroup_remove_recorded(const struct cgroup_host *host, const char *path);

/* True for a group's path that stays below a mount: absolute; no empty, "." or ".." component; no
 * control byte; shorter than CGROUP_PATH_MAX; and the last component is `name` where that is not
 * NULL. */
bool cgroup_path_valid(const char *path, const char *name);

/* Docker's cpu shares (2..262144) as cgroup v2's cpu.weight (1..10000), by the formula that runc
 * 1.3.2 and crun 1.23 use since 2025: quadratic in log2, so that 1024 gives 100. 0 gives 0. */
uint64_t cgroup_shares_to_weight(uint64_t shares);

/* The controller's name in v1 or v2. */
const char *cgroup_controller_name(enum cgroup_controller controller, bool v2);

#endif
