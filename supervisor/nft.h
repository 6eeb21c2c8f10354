/* SPDX-License-Identifier: MIT */
/*
 * Packet rules of the machine that a container's network needs, over nf_tables' netlink (linux/netfilter/nf_tables.h). Three
 * kinds of tables, all sv's own; nobody else's is ever written to:
 *
 *     inet sv_BRIDGE   what all of a bridge's containers have in common: masquerading, and what may be forwarded. Its rules
 *                      follow from the bridge alone, so each start puts it there anew in one transaction, whatever was
 *                      there, and it heals where somebody has flushed all rules. It goes with the bridge.
 *     inet sv_         what those links may not pass on whose forwarding sv has switched on: for all bridges, as long as it is.
 *     inet OUTER       one container's published ports, and its --isolate (in a table `bridge OUTER` as well); OUTER is its
 *                      veth's name. The table belongs to a netlink socket of its sv (NFT_TABLE_F_OWNER, Linux 5.12): the
 *                      kernel removes it when sv ends, however it ends, and nobody else can change it meanwhile.
 */
#ifndef SV_NFT_H
#define SV_NFT_H

#include "error.h"
#include "netlink.h"
#include "network.h"
#include "spec.h"

#include <stdbool.h>
#include <stddef.h>

/* What a kernel that has nf_tables as modules needs. */
#define NFT_MODULES "nf_tables nft_chain_nat nft_nat nft_masq nft_ct nft_fib_inet nft_meta_bridge"

/* Makes tables as a container needs them, an isolated one or not, in a network namespace that is nobody's. 0 or -errno. */
int nft_try(bool isolate);

/*
 * Puts the bridge's table there, or replaces it, and that of the uplinks. The folder of all networks is locked. 0, or a
 * negative number with the error set.
 */
int nft_set_bridge(const struct network *network, struct error *error);

/* Removes the table of a bridge that goes, where there is one; that of the uplinks for "". 0 or -errno. */
int nft_drop_bridge(const char *bridge);

/*
 * Makes the container's own tables, where it publishes ports or is isolated, and leaves the socket that they live with in
 * *owner (fd -1: there are none). 0, or a negative number with the error set.
 */
int nft_hold(struct netlink *owner, const struct network *network, struct error *error);

/* Removes them. Closing the socket would do that too, but waits for the packets that are under way. */
void nft_release(struct netlink *owner, const struct network *network);

/* --- other people's rules --------------------------------------------------------------------------------------------- */

#define NFT_NAME_MAX 64

/* A chain that drops what is forwarded unless one of its rules accepts it. */
struct nft_blocker {
	uint8_t family; /* NFPROTO_* */
	char table[NFT_NAME_MAX], chain[NFT_NAME_MAX];
	bool is_legacy; /* of iptables before nf_tables */
};

#define NFT_BLOCKERS_MAX 8

/*
 * Lists such chains, those left out whose table names `bridge` in a rule: somebody has thought of it. NULL: all. Returns
 * how many, or -errno.
 */
int nft_find_blockers(const char *bridge, struct nft_blocker blockers[NFT_BLOCKERS_MAX]);

/* The command that lets the bridge's packets through such a chain. Returns text. */
const char *nft_way_out(const struct nft_blocker *blocker, const char *bridge, char *text,
			size_t size);

/* What a dump of chains says of one: true when it is a blocker. Pure, and fuzzed. */
bool nft_read_chain(const struct netlink_reply *reply, struct nft_blocker *blocker);

#endif
