/* SPDX-License-Identifier: MIT */
/* Between the files of the network: network.c (the order), network_leases.c, network_forward.c, network_join.c. */
#ifndef SV_NETWORK_INTERNAL_H
#define SV_NETWORK_INTERNAL_H

#include "links.h"
#include "network.h"

#define NETWORK_MARK "sv" /* the alias of bridges that are of sv's making */

/* As network_lock(), but only where there is such a folder. The first only where nobody is at it. 0 or -errno. */
int network_lock_existing(struct network *network);
int network_wait_existing(struct network *network);

/*
 * Removes what dead containers left on network->bridge, whose folder is open and locked, and with the last of them the
 * network itself. False where living ones are on it.
 */
bool network_remove(struct network *network);

/* --- network_leases.c: what is given out -------------------------------------------------------------------------------- */

/* Opens (and makes) the folder of the bridge's leases. The folder of all is locked. 0, or negative with the error set. */
int leases_open(struct network *network, struct error *error);

/*
 * Takes an address: the one asked for, or the first that is free from the given one on (from = the number in the subnet),
 * downwards where `down` says so. What a dead container left of it is removed. The descriptor of the locked file, or a
 * negative number with the error set.
 */
struct lease_request {
	const struct cidr *subnet;  /* the bridge's address, which is nobody else's */
	const struct cidr *wanted;  /* family 0 = any */
	const struct cidr *gateway; /* also taken; family 0 = none */
	uint32_t from;
	bool down;
};
int leases_take(struct network *network, const struct lease_request *request, struct cidr *address,
		struct error *error);

/* Writes network->record into the lease's file. */
int leases_write(struct network *network, struct error *error);

/* Gives the container's own back. */
void leases_give_back(struct network *network);

/*
 * Removes what dead containers left: all of it, or until a live one is found. True when none is left, neither dead nor alive:
 * then the folder is gone as well.
 */
bool leases_prune(struct network *network, bool all);

/* Calls back with the name of each bridge that this network namespace has a folder of. The folder of all is locked. */
typedef int leases_bridge_callback(const char *bridge, void *data);
int leases_each_bridge(const struct network *network, leases_bridge_callback *callback, void *data);

/* A container's address out of its record: "KEY VALUE" lines. False where it is none. */
bool lease_parse(const char *record, struct network_lease *lease);

/* --- network_forward.c: who passes packets on ------------------------------------------------------------------------------ */

/* Lets the bridge and the uplinks pass packets on. What can't be is said. 0, or negative with the error set. */
int forward_on(struct network *network, struct error *error);

/*
 * No router is believed that advertises itself on that link, of the namespace that sv is in: a container with CAP_NET_RAW could
 * be one, and have everybody's IPv6 sent through it. 0, or negative with the error set.
 */
int forward_ignore_routers(const char *link, struct error *error);

/* Calls back for each link whose forwarding sv has switched on, bridges too. The folder of all is locked. */
typedef int forward_callback(int family, const char *link, void *data);
int forward_each(const struct network *network, forward_callback *callback, void *data);

/* Puts back what is as it was left, then drops the rules that it needed. Only where no network is left. */
void forward_restore(struct network *network);

/* One line of what is to be put back: "KEY OLD NEW ALL". False where it is none. */
struct forward_line {
	char key[96];
	int before, after, all;
};
bool forward_parse(const char *line, size_t length, struct forward_line *row);

/* --- network_join.c: other containers' network namespaces -------------------------------------------------------------------- */

/* Opens the network namespace that --net container:NAME or ns:PATH names. The descriptor, or negative with the error set. */
int join_open(const struct spec *spec, const char *state_directory, struct error *error);

#endif
