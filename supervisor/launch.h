/* SPDX-License-Identifier: MIT */
/*
 * From nothing to a running init. The child is made as early as can be, and makes the namespaces (the network's alone takes the
 * kernel longer than all that sv does) while sv prepares what it is to get: its maps, its mounts, its plan. All of that is
 * handed over in one message, with which the child executes the embedded init from a sealed memfd, so that nothing inside
 * can ever write the program on the host's disk.
 */
#ifndef SV_LAUNCH_H
#define SV_LAUNCH_H

#include "cgroup.h"
#include "error.h"
#include "plan_build.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct launch {
	uint64_t namespaces;
	const struct cgroup *cgroup; /* stays as it is until the child has executed init */
	bool has_userns;             /* it becomes root of it once it has been handed its maps */
	bool tells;                  /* it sends PLAN_RECORD_PARTED */
	int socket;                  /* init's end */
};

/*
 * Puts the embedded init into a sealed memfd. The descriptor, or a negative number with the error set (with the setting
 * to change where the machine forbids it).
 */
int launch_open_init(struct error *error);

/*
 * Starts the child: one at a time, since it may share sv's memory. All signals must be blocked. Returns the pid and leaves its
 * pidfd in *pidfd; negative with error set.
 */
pid_t launch_start(const struct launch *launch, int *pidfd, struct error *error);

/* What the child is handed over, in this order; the rest is what the plan names. */
enum launch_descriptor {
	LAUNCH_PLAN,
	LAUNCH_INIT,
	LAUNCH_OTHERS,
};

/* The number that row `index` of what is handed over has in init. */
int launch_number(size_t index);

/* Lets the child execute init with copies of these descriptors. 0 or -errno (-EPIPE: it has failed and says why itself). */
int launch_hand_over(int socket, const int *rows, size_t count);

#endif
