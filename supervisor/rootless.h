/* SPDX-License-Identifier: MIT */
/*
 * `sv run` by an ordinary user: sv enters a user namespace of its own first and is root in there; from then on everything
 * goes as it does for root, with what such a root can't have left out. user_namespaces(7)
 */
#ifndef SV_ROOTLESS_H
#define SV_ROOTLESS_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rootless {
	bool is_active;
	bool has_groups; /* setgroups(2) is allowed: newgidmap has mapped a range */
	uint32_t size;   /* ids inside: 0 to size - 1 */
};

/*
 * Unshares a user and a mount namespace and becomes their root: with the ranges of /etc/subuid and /etc/subgid where
 * newuidmap and newgidmap are installed and give the user any, else with the user's own id alone. 0, or a negative number
 * with the error set, which names the setting where the machine forbids it.
 */
int rootless_enter(struct rootless *rootless, struct error *error);

/* How many ids rootless_enter() would map for the caller: 1 where there is no range to be had. */
uint32_t rootless_ids(void);

/* newuidmap and newgidmap are installed. */
bool rootless_has_mappers(void);

/*
 * An ordinary user's containers are recorded in the user's own folder of things that go with the session. One that is
 * missing or somebody else's, as after su(1), is no use: then in /tmp. Read it before rootless_enter().
 */
void rootless_state_directory(char *path, size_t size);

/*
 * Root of a user namespace already, as in a container: only a mount namespace is unshared. Does nothing for the machine's own
 * root. 0, or a negative number with the error set.
 */
int rootless_stay(struct rootless *rootless, struct error *error);

/*
 * Where an ordinary user's groups go: "sv" below the cgroup v2 group that sv runs in, which somebody may have delegated to
 * the user. Read it before rootless_enter(). False where there is no v2 or the path does not fit.
 */
bool rootless_cgroup_parent(char *path, size_t size);

#endif
