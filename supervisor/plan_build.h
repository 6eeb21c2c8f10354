/* SPDX-License-Identifier: MIT */
/*
 * From what was asked for to what will be done: one struct spec, and what the host side has opened and looked up for it,
 * become the flat plan that init carries out (init/plan.h). Nothing is probed here and nothing is left open.
 */
#ifndef SV_PLAN_BUILD_H
#define SV_PLAN_BUILD_H

#include "../init/lib/sys.h"
#include "../init/plan.h"
#include "arena.h"
#include "cgroup.h"
#include "error.h"
#include "rootless.h"
#include "seccomp.h"
#include "spec.h"
#include "users.h"

#include <stdbool.h>

/* One volume, as it stands detached and ready. */
struct plan_volume {
	int fd;
	bool is_file; /* the mount point must then be a file too */
	int lock;     /* a named volume's folder, locked as long as it is used; 0 or -1 */
};

/* One --device, as the host has it. */
struct plan_device {
	uint32_t mode; /* type and permission bits */
	uint32_t major, minor;
};

/* Detached mounts that take the place of rows of the base table, where init couldn't make them itself; 0 or -1 = not. */
#define PLAN_LEFT_OUT (-2) /* the host has none to share: no row at all */

struct plan_replaced {
	int dev, proc, sys, mqueue;
};

/* A file of sv's making that goes over one of the root tree's, as /etc/hosts; see etc_files.h. */
#define PLAN_FILES_MAX 3
#define PLAN_FILE_PATH 512

struct plan_file {
	int fd;                      /* a detached mount; -1 = none */
	char target[PLAN_FILE_PATH]; /* relative to the root; empty = there is none */
};

/* What plan_build() goes by. Descriptors are only named here; they stay the caller's. */
/*
 * The descriptors that init gets. The plan names them by the numbers that they will have in init, which follow from their
 * order; whatever else is given to plan_build() as a descriptor has to be among these.
 */
struct plan_passed {
	int *rows; /* sv's own numbers; the first LAUNCH_OTHERS are not for the plan */
	size_t count;
};

struct plan_inputs {
	const struct plan_passed *passed; /* NULL: descriptors keep their numbers (--dry-run) */
	const struct spec *spec;
	const char *name;
	const struct identity *identity;
	const struct cgroup *cgroup;
	int root_fd;
	bool makes_workdir;                /* where it is missing */
	const struct plan_volume *volumes; /* as many as spec->volumes */
	const struct plan_device *devices; /* as many as spec->devices */
	int procs_fd;                      /* see struct plan; -1 = none */
	int held_fd;                       /* the same */
	bool has_userns;
	uint32_t id_count;         /* the namespace has the ids from 0 on; 0 = not known, or all */
	uint32_t user_ids;         /* --dry-run by an ordinary user: as many ids inside; else 0 */
	int landlock_fd;           /* see struct plan; -1 = none */
	uint32_t landlock_handled; /* the accesses that its rows may name */
	struct plan_replaced replaced;
	const struct plan_file *files;   /* PLAN_FILES_MAX of them; NULL = none */
	const struct rootless *rootless; /* NULL: sv is the machine's root */
	const int *host_devices;         /* rootless: detached, as many as plan_device_count() */
	unsigned throttled_cpus;         /* CPUs whose thermal_throttle folder is to be hidden */
	const int *preserved;
	size_t preserved_count;
	bool has_listen_fds; /* the preserved ones are socket-activation ones */
	bool has_terminal;
	unsigned ttys;
	struct plan_terminal terminal;
	sys_sigset blocked;
	bool child_ignored;
	bool has_late; /* sv will have something to do in the new namespaces before init may go on */
	struct seccomp_program filter; /* rows only named */
};

/*
 * Makes the block (from the arena, *size bytes) and passes it through plan_check(), so that what init would refuse never
 * leaves. 0, or a negative number with the error set.
 */
int plan_build(const struct plan_inputs *inputs, struct arena *arena, struct plan **plan,
	       size_t *size, struct error *error);

/* The device nodes of the container's /dev: those that all have, then those of --device. By number: where the host has it. */
size_t plan_device_count(const struct spec *spec);
const char *plan_device_source(const struct spec *spec, size_t number);

/*
 * Makes the plan's own rows of nodes and links on the tmpfs at `dev`, and the directories of what will be mounted there, and takes
 * the rows out of the plan: in a user namespace nodes can't be made. All belong to the ids given. 0, or a negative number
 * with the error set.
 */
int plan_make_dev(struct plan *plan, int dev, uint32_t uid, uint32_t gid, struct error *error);

/* True when a volume or tmpfs of the user's takes the place of `target` ("/etc/hosts"), or of a folder above it. */
bool plan_is_taken(const struct spec *spec, const char *target);

/* The namespaces that clone3 makes for this plan: CLONE_NEW* flags. */
uint64_t plan_namespaces(const struct plan_inputs *inputs);

/* Puts the block into a sealed memfd. The descriptor, or a negative number with the error set. */
int plan_seal(const struct plan *plan, size_t size, struct error *error);

/* `sv run --dry-run`: the plan in words, to stdout. 0, or a negative number with the error set. */
int plan_print(const struct plan *plan, const struct plan_inputs *inputs, struct error *error);

#endif
