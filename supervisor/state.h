/* SPDX-License-Identifier: MIT */
/*
 * Which containers there are: one file each in /run/sv, named as the container, locked (flock) by
 * its live supervisor for as long as it lives. The kernel lets go of the lock however sv ends, so a
 * file that can be locked belongs to a dead one: what it records is removed, then the file.
 *
 * A live supervisor holds the lock shared; who removes what a dead one left holds it exclusively,
 * for a moment. So a third can tell the two apart: it waits for the second, and gives up at the
 * first.
 */
#ifndef SV_STATE_H
#define SV_STATE_H

#include "cgroup.h"
#include "error.h"

#include <stdbool.h>

#ifndef STATE_DIRECTORY /* tests have their own */
# define STATE_DIRECTORY "/run/sv"
#endif

struct state {
	int fd;        /* the locked file; -1 = none, and then the next two say nothing */
	int folder;    /* open */
	bool is_first; /* the folder is of this run's making: nothing was in it */
	const char *
		directory; /* where the files are; NULL = STATE_DIRECTORY. Set before state_take() */
	char name[SPEC_NAME_MAX + 1];
};

/*
 * Takes the name: makes the directory and the file, locks it, and checks that the file still is the
 * one of that name (another sv may have removed it between open and lock; then tries again). A name
 * held by a live container is an error with number 0: "name 'x' is in use". A dead one's leftovers
 * are removed first. The name is a valid one (of letters, digits, '_', '.', '-', not beginning with
 * '.' or '-').
 */
int state_take(struct state *state, const char *name, struct error *error);

/* Records what would have to be removed should sv die: plain "key value" lines (cgroup PATH ...),
 * written in one go. Call it before cgroup_make(). */
int state_record(struct state *state, const char *cgroup_path, struct error *error);

/* The same for the container's folder in a store: it has the container's name there (container.h). */
int state_record_store(struct state *state, const char *store, struct error *error);

/* Removes the file, lets go of the lock, and removes /run/sv when it was the last. Only when
 * nothing is left to remove: after a failed cgroup_remove() use state_keep(). */
void state_drop(struct state *state);

/* Lets go of the lock and leaves the record, for the next sv to try again. */
void state_keep(struct state *state);

/* Removes what dead supervisors left: for each file in /run/sv that can be locked. Called off the
 * hot path (once the command runs). Beside more than 64 live ones one start in eight looks at all
 * of them, and the others at the first. Returns how many were removed, or -errno. A host without
 * /run/sv has none. *has_networks: a folder of networks was seen, which is network.h's. */
int state_collect(const struct state *state, bool *has_networks);

#define STATE_NETWORKS ".net" /* what that folder is called */

#endif
