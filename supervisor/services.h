/* SPDX-License-Identifier: MIT */
/*
 * What hangs in a container's network: packet rules, published ports, the files of names, and --net user's program. The
 * order is run.c's, beside network.h's: choose, files, clone, attach, release, ..., stop. With --net none nothing here does
 * a thing.
 */
#ifndef SV_SERVICES_H
#define SV_SERVICES_H

#include "error.h"
#include "etc_files.h"
#include "netlink.h"
#include "network.h"
#include "ports.h"
#include "usernet.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct services {
	struct network *network;
	const struct spec *spec;
	const char *container;
	struct etc_files files;
	struct ports ports;
	struct netlink rules; /* whom the container's packet rules belong to */
	struct usernet usernet;
	bool is_listed; /* among the bridge's names */
};

void services_init(struct services *services);

/*
 * After network_choose(): holds the ports and lists the name. 0, or a negative number with the error set; services_stop() in
 * any case.
 */
int services_choose(struct services *services, struct network *network, const struct spec *spec,
		    const char *container, struct error *error);

/*
 * Makes the files that go over those of the root tree `root`, for the ids given; once more where the ids have changed. 0, or
 * a negative number with the error set.
 */
int services_make_files(struct services *services, int root, uint32_t uid, uint32_t gid,
			struct error *error);

/*
 * After network_attach(): rules, relay, program. `has_userns`: the process `pid` has a user namespace of its own;
 * `is_privileged`: sv is the machine's root. 0, or a negative number with the error set.
 */
int services_attach(struct services *services, pid_t pid, bool has_userns, bool is_privileged,
		    struct error *error);

/* Once the command runs: says what on this machine keeps the bridge's packets from passing. */
void services_warn(const struct services *services);

/* Before network_detach(). Once is enough, twice no harm. */
void services_stop(struct services *services);

#endif
