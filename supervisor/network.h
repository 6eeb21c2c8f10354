/* SPDX-License-Identifier: MIT */
/*
 * A container's network: what `--net` asks for, made before init is released and removed when the container ends. The
 * order is run.c's: choose, clone, attach, release, ..., detach, collect. With --net none or host none of these does a
 * thing.
 *
 * What a bridge has of containers stands in /run/sv/.net/INODE.BRIDGE (INODE: the network namespace's), a file for each
 * address that is given out, locked (flock) by the sv that has it. The kernel lets go of the lock however that sv ends: a
 * file without a lock is a dead container's, and whoever finds it under the folder's lock removes what it records.
 */
#ifndef SV_NETWORK_H
#define SV_NETWORK_H

#include "cidr.h"
#include "error.h"
#include "netlink.h"
#include "spec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NETWORK_LINK_MAX   16 /* IFNAMSIZ, with the NUL */
#define NETWORK_BRIDGE     "sv0"
#define NETWORK_SUBNET     "10.10.10.1/24"
#define NETWORK_RECORD_MAX 2048

struct network {
	enum spec_net_mode mode;
	const struct spec *spec;
	const char *container;       /* its name */
	const char *state_directory; /* NULL = /run/sv */

	/* choose: the names of links are of sv's own network namespace */
	char bridge[NETWORK_LINK_MAX]; /* or the link that a macvlan is of */
	char outer[NETWORK_LINK_MAX];  /* the veth's end in sv's namespace; inside it is eth0 */
	char uplink[NETWORK_LINK_MAX],
		uplink6[NETWORK_LINK_MAX]; /* of the default routes; "" = none */
	uint32_t bridge_index, uplink_index;
	struct cidr gateway,
		gateway6; /* the bridge's own addresses, with the prefix; family 0 = none */
	struct cidr address, address6; /* the container's, the same */
	struct cidr router, router6;   /* its default routes; family 0 = none */
	uint32_t mtu;
	uint8_t mac[6];
	bool is_own;       /* the bridge is of sv's making */
	int folder;        /* of all networks, locked while something is changed; else -1 */
	int leases;        /* the folder of this network's addresses */
	int lease, lease6; /* the files of this container's, locked */
	char record[NETWORK_RECORD_MAX]; /* what is in the file of the first of them */
	int joined, own; /* --net container: and ns: that namespace; while sv is in it, its own */
	struct netlink route; /* in sv's own namespace */

	/* attach */
	int namespace; /* the container's network namespace, while attach is at it; else -1 */
};

void network_init(struct network *network);

/* --net needs the machine's root: a bridge, a macvlan link, somebody else's namespace. */
bool network_needs_root(const struct spec *spec);

/* There is something to do between clone and release. */
bool network_is_late(const struct network *network);

/*
 * Before the clone: checks what --net needs, makes or finds the bridge, leases the addresses, switches forwarding on, and
 * records it all. 0, or a negative number with the error set; network_detach() in any case.
 */
int network_choose(struct network *network, const struct spec *spec, const char *container,
		   const char *state_directory, struct error *error);

/*
 * --net container: and ns: take sv into the network namespace, so that what it clones is born there, and back. Does nothing
 * with other modes. sv must not go on where the way back fails.
 */
int network_enter(struct network *network, struct error *error);
int network_leave(struct network *network, struct error *error);

/*
 * After the clone, before init is released: links, addresses and routes in the network namespace of the process `pid`, which
 * is a child of sv's that waits. 0, or a negative number with the error set.
 */
int network_attach(struct network *network, pid_t pid, struct error *error);

/* Removes everything that choose and attach made, and the bridge with its last container. Once is enough, twice no harm. */
int network_detach(struct network *network, struct error *error);

/*
 * Removes what dead supervisors left on this namespace's bridges. Off the hot path. state_collect() tells whether there is
 * anything to look at; NULL = /run/sv.
 */
void network_collect(const char *state_directory);

/* --- for what hangs in it: rules, ports, files ----------------------------------------------------------------------- */

/*
 * Adds a line to the container's record, before choose writes it: "KEY VALUE". 0, or a negative number with the error set.
 * Whoever removes what a dead container left is given these.
 */
int network_record(struct network *network, struct error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A container that has an address on the bridge, as its record says. */
struct network_lease {
	char container[SPEC_NAME_MAX + 1];
	char outer[NETWORK_LINK_MAX];
	struct cidr address, address6; /* without the prefix; family 0 = none */
	bool is_live;       /* false: its sv is dead, and nobody has removed what it left */
	const char *record; /* all lines */
};

/*
 * Calls back for each container of the network but the one itself, dead ones too; a number other than 0 ends it and is the
 * result. The folder is locked by the caller's being in choose, detach or collect.
 */
typedef int network_lease_callback(const struct network_lease *lease, void *data);
int network_each(const struct network *network, network_lease_callback *callback, void *data);

/* Takes and gives back the lock of all networks' folder, for changes at other times. 0, or negative with the error set. */
int network_lock(struct network *network, struct error *error);
void network_unlock(struct network *network);

#endif
