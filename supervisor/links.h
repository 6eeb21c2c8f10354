/* SPDX-License-Identifier: MIT */
/*
 * Network links, their addresses and routes, by rtnetlink(7): what a container's network is made of. Each function is one
 * question to the kernel, or one request that is carried out as a whole. Links are of the namespace that the socket is of.
 */
#ifndef SV_LINKS_H
#define SV_LINKS_H

#include "cidr.h"
#include "error.h"
#include "netlink.h"

#include <stdbool.h>
#include <stdint.h>

/* The link group of the bridges that sv makes: how a packet rule tells them from other links (nft.h). */
#define LINKS_BRIDGE_GROUP 0x7376U

#define LINKS_NAME_MAX  16   /* IFNAMSIZ, with the NUL */
#define LINKS_ALIAS_MAX 256  /* IFALIASZ */
#define LINKS_PORTS_MAX 1023 /* of a bridge: BR_MAX_PORTS less the one that is nobody's */

struct link_info {
	uint32_t index, mtu, flags; /* flags: IFF_* */
	bool is_up;                 /* packets go through: operational state, RFC 2863 */
	char name[LINKS_NAME_MAX];
	char alias[LINKS_ALIAS_MAX];
	char kind[LINKS_NAME_MAX]; /* "bridge", "veth"; empty for hardware */
};

/* By its name, or by its index where name is NULL. -ENODEV where there is none, without an error set. */
int links_find(struct netlink *netlink, const char *name, uint32_t index, struct link_info *link);

/* How many links are ports of that bridge. Or -errno. */
int links_count_ports(struct netlink *netlink, uint32_t bridge);

/* The link's first address of the family that is no link-local one; family 0 in *address where it has none. 0 or -errno. */
int links_address(struct netlink *netlink, uint32_t index, int family, struct cidr *address);

/* The address of a link that lies in the same subnet as `wanted`. The same. */
int links_address_beside(struct netlink *netlink, uint32_t index, const struct cidr *wanted,
			 struct cidr *address);

/*
 * The first link but `except` that an address or route of this machine's overlaps the subnet on; 0 in *index where there is
 * none. The default route overlaps all and is not counted.
 */
int links_overlap(struct netlink *netlink, const struct cidr *subnet, uint32_t except,
		  uint32_t *index, struct cidr *what);

/* The default route: its link, 0 where there is none, and its gateway (family 0: none). Of several the preferred. */
struct default_route {
	uint32_t index;
	struct cidr gateway;
};
int links_default_route(struct netlink *netlink, int family, struct default_route *route);

/* A bridge, up, with a hardware address of its own: else it would change with its ports, and with it what others know. */
int links_make_bridge(struct netlink *netlink, const char *name, const char *alias, uint32_t mtu,
		      const uint8_t mac[6], struct error *error);

/* Gives a link an address. One that it has already is no failure. */
int links_add_address(struct netlink *netlink, uint32_t index, const struct cidr *address);

/* What a container gets. */
struct container_link {
	const char *outer;  /* veth: the name of the end outside ... */
	const char *alias;  /* ... and what it is of */
	uint32_t parent;    /* the bridge; macvlan: the link that it is on */
	uint32_t mtu;       /* 0 = the kernel's choice */
	const uint8_t *mac; /* NULL = the kernel's choice */
	int namespace;      /* where it is to be, as "eth0" */
};
/* A pair of links: one end is a port of the bridge, up; the other is eth0 in the namespace, down. 0 or -errno. */
int links_make_veth(struct netlink *netlink, const struct container_link *link);
/* A link of its own on another's wire. */
int links_make_macvlan(struct netlink *netlink, const struct container_link *link);

/*
 * Lets a bridge send a packet back to the port that it came from: that is where a container's own published port leads, when
 * br_netfilter has translated the packet on the bridge. 0 or -errno.
 */
int links_set_hairpin(struct netlink *netlink, const char *name);

/* In the container's namespace: eth0 up, with its addresses and the default routes. family 0 = none. */
struct inner_link {
	struct cidr address, address6, gateway, gateway6;
};
int links_set_inner(struct netlink *netlink, const struct inner_link *link);

/* Waits until packets go through. -ETIMEDOUT after half a minute. */
int links_wait(struct netlink *netlink, uint32_t index);

/* Whether the kernel makes links of that kind in the namespace of the caller, who has it thrown away: 0 or -errno. */
int links_try(const char *kind);

/* -ENODEV where it is gone already. */
int links_delete(struct netlink *netlink, uint32_t index);

#endif
