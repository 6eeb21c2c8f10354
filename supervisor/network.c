/* SPDX-License-Identifier: MIT */
/* See network.h: the order of things, for each of --net's modes. Links and routes are links.c's, files network_leases.c's. */
#include "network_internal.h"

#include "../init/lib/fd.h"
#include "nft.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#define MTU_DEFAULT 1500

void network_init(struct network *network)
{
	*network = (struct network){
		.folder = -1,
		.leases = -1,
		.lease = -1,
		.lease6 = -1,
		.joined = -1,
		.own = -1,
		.route = { .fd = -1 },
		.namespace = -1,
	};
}

static bool is_joined(enum spec_net_mode mode)
{
	return mode == SPEC_NET_CONTAINER || mode == SPEC_NET_PATH;
}

bool network_needs_root(const struct spec *spec)
{
	return spec->net == SPEC_NET_BRIDGE || spec->net == SPEC_NET_MACVLAN ||
	       is_joined(spec->net);
}

bool network_is_late(const struct network *network)
{
	return network->mode == SPEC_NET_BRIDGE || network->mode == SPEC_NET_MACVLAN;
}

/* --- messages -------------------------------------------------------------------------------------------------------- */

/* What making a link of that kind fails for, where it is known. Returns result. */
static int hint_link(const char *kind, int result, struct error *error)
{
	switch (result) {
	case -EOPNOTSUPP:
		return error_hint(error, result, "this kernel has no %s links: 'modprobe %s'", kind,
				  kind);
	case -EPERM:
		return error_hint(error, result, "links need CAP_NET_ADMIN");
	case -EXFULL:
		return error_hint(error, result,
				  "a bridge has %d ports at most: choose another with --net "
				  "bridge:NAME --bridge-addr CIDR",
				  LINKS_PORTS_MAX);
	default:
		return result;
	}
}

/* --- the bridge ------------------------------------------------------------------------------------------------------ */

/* The container's address makes its hardware address: who has it next is the same to everybody's neighbour tables. */
static void derive_mac(const struct cidr *address, uint8_t mac[6])
{
	mac[0] = 0x02; /* locally administered */
	mac[1] = 0x73;
	memcpy(mac + 2, address->bytes, 4);
}

/* "sv" and 52 bits of the name's hash: a link's name has room for no more. FNV-1a. */
static void name_outer(const char *container, char outer[NETWORK_LINK_MAX])
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *container != '\0'; container++)
		hash = (hash ^ (unsigned char)*container) * UINT64_C(1099511628211);
	(void)snprintf(outer, NETWORK_LINK_MAX, "sv%013llx", (unsigned long long)(hash >> 12));
}

static int refuse_overlap(struct network *network, const struct cidr *subnet, struct error *error)
{
	char text[CIDR_TEXT_MAX], other[CIDR_TEXT_MAX];
	const char *option = subnet->family == AF_INET ? "--bridge-addr" : "--bridge-addr6";
	struct link_info link;
	struct cidr what;
	uint32_t index;
	int result = links_overlap(&network->route, subnet, network->bridge_index, &index, &what);

	if (result < 0)
		return netlink_fail(&network->route, result, error, "cannot list the addresses");
	if (index == 0)
		return 0;
	(void)links_find(&network->route, NULL, index, &link);
	return error_hint(error,
			  error_set(error, 0, "%s: '%s' overlaps %s, which link '%s' leads to",
				    option, cidr_print(subnet, text), cidr_print(&what, other),
				    link.name),
			  "choose another subnet with %s", option);
}

/*
 * The bridge's own address of one family. An own bridge is given what was asked for where it has none yet; any other has to
 * have it. family 0 in *gateway: none.
 */
static int settle_address(struct network *network, int family, const struct cidr *wanted,
			  struct cidr *gateway, struct error *error)
{
	char text[CIDR_TEXT_MAX], other[CIDR_TEXT_MAX];
	int result = links_address(&network->route, network->bridge_index, family, gateway);

	if (result < 0)
		return netlink_fail(&network->route, result, error,
				    "cannot read the addresses of '%s'", network->bridge);
	if (wanted->family == 0)
		return 0;
	if (gateway->family != 0) {
		if (cidr_same_address(gateway, wanted) && gateway->prefix == wanted->prefix)
			return 0;
		return error_hint(
			error,
			error_set(error, 0, "bridge '%s' has address %s already, not %s",
				  network->bridge, cidr_print(gateway, text),
				  cidr_print(wanted, other)),
			"leave the option out, or make another bridge: --net bridge:NAME");
	}
	if (!network->is_own)
		return error_hint(error,
				  error_set(error, 0, "bridge '%s' has no address %s",
					    network->bridge, cidr_print(wanted, text)),
				  "it is not of sv's making, so sv gives it none");
	if (refuse_overlap(network, wanted, error) < 0)
		return -1;
	result = links_add_address(&network->route, network->bridge_index, wanted);
	if (result < 0)
		return netlink_fail(&network->route, result, error,
				    "cannot give bridge '%s' address %s", network->bridge,
				    cidr_print(wanted, text));
	*gateway = *wanted;
	return 0;
}

/* The link that a default route leads to, and what it has. */
static int find_uplink(struct network *network, int family, struct default_route *route,
		       struct link_info *link, struct error *error)
{
	int result = links_default_route(&network->route, family, route);

	*link = (struct link_info){ 0 };
	if (result == 0 && route->index != 0)
		result = links_find(&network->route, NULL, route->index, link);
	return result < 0 ? netlink_fail(&network->route, result, error,
					 "cannot find the default route")
			  : 0;
}

static int make_bridge(struct network *network, const struct cidr *address, uint32_t mtu,
		       struct error *error)
{
	uint8_t mac[6];
	int result;

	if (refuse_overlap(network, address, error) < 0)
		return -1;
	derive_mac(address, mac);
	result = links_make_bridge(&network->route, network->bridge, NETWORK_MARK, mtu, mac, error);
	return result < 0 ? hint_link("bridge", result, error)
			  : forward_ignore_routers(network->bridge, error);
}

static int refuse_unknown(const struct network *network, struct error *error)
{
	return error_hint(
		error, error_set(error, 0, "there is no bridge '%s'", network->bridge),
		"with --bridge-addr CIDR one of that name is made; --net bridge makes its "
		"own");
}

/* Finds the bridge, or makes it; with its addresses. */
static int find_bridge(struct network *network, const struct link_info *uplink, struct error *error)
{
	const struct spec *spec = network->spec;
	struct cidr wanted = spec->bridge_addr;
	bool is_default = strcmp(network->bridge, NETWORK_BRIDGE) == 0;
	struct link_info link;
	int result = links_find(&network->route, network->bridge, 0, &link);

	if (wanted.family == 0 && is_default)
		(void)cidr_parse(NETWORK_SUBNET, sizeof(NETWORK_SUBNET) - 1, &wanted);
	if (result == -ENODEV && wanted.family == 0)
		return refuse_unknown(network, error);
	if (result == -ENODEV) {
		if (make_bridge(network, &wanted, uplink->mtu != 0 ? uplink->mtu : MTU_DEFAULT,
				error) < 0)
			return -1;
		result = links_find(&network->route, network->bridge, 0, &link);
	}
	if (result < 0)
		return netlink_fail(&network->route, result, error, "cannot find bridge '%s'",
				    network->bridge);
	if (strcmp(link.kind, "bridge") != 0)
		return error_set(error, 0, "link '%s' is no bridge", network->bridge);
	network->bridge_index = link.index;
	network->mtu = link.mtu;
	network->is_own = strcmp(link.alias, NETWORK_MARK) == 0;
	/* what an own bridge has already was asked for by an earlier container */
	if (spec->bridge_addr.family == 0 && !network->is_own)
		wanted.family = 0;
	if (spec->bridge_addr.family == 0 && network->is_own &&
	    links_address(&network->route, link.index, AF_INET, &network->gateway) == 0 &&
	    network->gateway.family != 0)
		wanted.family = 0;
	return settle_address(network, AF_INET, &wanted, &network->gateway, error) < 0 ||
			       settle_address(network, AF_INET6, &spec->bridge_addr6,
					      &network->gateway6, error) < 0
		       ? -1
		       : 0;
}

/*
 * Who the container's default route leads to: the bridge, that is this machine, which passes on what is for the uplink. A
 * bridge that this machine's own way out goes through has a router already.
 */
static int settle_routes(struct network *network, const struct default_route *route,
			 const struct link_info *uplink, struct error *error)
{
	struct default_route route6;
	struct link_info uplink6;

	network->router = network->gateway;
	if (route->index == network->bridge_index) {
		network->router = route->gateway;
	} else {
		network->uplink_index = route->index;
		memcpy(network->uplink, uplink->name, sizeof(network->uplink));
	}
	network->router6 = network->gateway6;
	if (network->gateway6.family == 0)
		return 0;
	if (find_uplink(network, AF_INET6, &route6, &uplink6, error) < 0)
		return -1;
	if (route6.index == network->bridge_index)
		network->router6 = route6.gateway;
	else
		memcpy(network->uplink6, uplink6.name, sizeof(network->uplink6));
	return 0;
}

/* The number of an address among the hosts of its subnet. */
static uint32_t number_of(const struct cidr *subnet, const struct cidr *address)
{
	const uint8_t *bytes = address->bytes;
	uint32_t all = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
		       (uint32_t)bytes[2] << 8 | bytes[3];

	return subnet->prefix == 0 ? all : all & (UINT32_MAX >> subnet->prefix);
}

static int take_addresses(struct network *network, struct error *error)
{
	const struct spec *spec = network->spec;
	struct lease_request request = {
		.subnet = &network->gateway,
		.wanted = &spec->ip,
		.gateway = &network->router,
		.from = 1,
		/* Others give out addresses of their bridge as well, and begin below. */
		.down = !network->is_own,
	};

	network->lease = leases_take(network, &request, &network->address, error);
	if (network->lease < 0)
		return -1;
	if (network->gateway6.family == 0)
		return 0;
	request = (struct lease_request){
		.subnet = &network->gateway6,
		.wanted = &spec->ip6,
		.gateway = &network->router6,
		.from = number_of(&network->gateway, &network->address),
	};
	network->lease6 = leases_take(network, &request, &network->address6, error);
	return network->lease6 < 0 ? -1 : 0;
}

static int check_addresses(const struct network *network, const struct default_route *route,
			   struct error *error)
{
	if (network->gateway.family == 0)
		return error_hint(error,
				  error_set(error, 0, "bridge '%s' has no IPv4 address",
					    network->bridge),
				  "a container's is of the same subnet: give it one first");
	if (cidr_hosts(&network->gateway) < 2)
		return error_set(error, 0, "the subnet of bridge '%s' has no room for containers",
				 network->bridge);
	if (network->spec->ip6.family != 0 && network->gateway6.family == 0)
		return error_hint(error,
				  error_set(error, 0, "--ip6: bridge '%s' has no IPv6 address",
					    network->bridge),
				  "give it one with --bridge-addr6 CIDR");
	if (route->index == network->bridge_index && network->spec->ip.family == 0)
		return error_hint(
			error,
			error_set(error, 0,
				  "bridge '%s' leads to this machine's own network, where "
				  "sv can't know which addresses are free",
				  network->bridge),
			"choose the container's with --ip ADDR");
	return 0;
}

static int record_addresses(struct network *network, struct error *error)
{
	char text[CIDR_TEXT_MAX];

	if (network_record(network, error, "container %s", network->container) < 0 ||
	    (network->outer[0] != '\0' &&
	     network_record(network, error, "link %s", network->outer) < 0) ||
	    network_record(network, error, "address %s",
			   cidr_print_address(&network->address, text)) < 0)
		return -1;
	return network->address6.family == 0
		       ? 0
		       : network_record(network, error, "address6 %s",
					cidr_print_address(&network->address6, text));
}

/* The rules stand before anything is forwarded. A bridge of somebody else's has his rules, and his routing. */
static int open_bridge(struct network *network, struct error *error)
{
	if (!network->is_own)
		return 0;
	return nft_set_bridge(network, error) < 0 ? -1 : forward_on(network, error);
}

static int choose_bridge(struct network *network, struct error *error)
{
	const struct spec *spec = network->spec;
	struct default_route route;
	struct link_info uplink;

	(void)snprintf(network->bridge, sizeof(network->bridge), "%s",
		       spec->net_name != NULL ? spec->net_name : NETWORK_BRIDGE);
	if (netlink_open(&network->route, NETLINK_ROUTE, -1, error) < 0 ||
	    network_lock(network, error) < 0 || leases_open(network, error) < 0)
		return -1;
	if (find_uplink(network, AF_INET, &route, &uplink, error) < 0 ||
	    find_bridge(network, &uplink, error) < 0 ||
	    settle_routes(network, &route, &uplink, error) < 0 ||
	    check_addresses(network, &route, error) < 0 || take_addresses(network, error) < 0)
		return -1;
	name_outer(network->container, network->outer);
	derive_mac(&network->address, network->mac);
	if (spec->has_mac)
		memcpy(network->mac, spec->mac, sizeof(network->mac));
	if (open_bridge(network, error) < 0 || record_addresses(network, error) < 0 ||
	    leases_write(network, error) < 0)
		return -1;
	network_unlock(network);
	return 0;
}

/* --- macvlan --------------------------------------------------------------------------------------------------------- */

/* An address is of a subnet that the link has itself; the default route goes where the machine's own goes, if by this link. */
static int choose_macvlan_address(struct network *network, struct error *error)
{
	const struct spec *spec = network->spec;
	char text[CIDR_TEXT_MAX];
	struct default_route route;
	struct lease_request request = { .subnet = &network->gateway,
					 .wanted = &spec->ip,
					 .gateway = &network->router,
					 .from = 1 };

	if (links_address_beside(&network->route, network->bridge_index, &spec->ip,
				 &network->gateway) < 0 ||
	    network->gateway.family == 0)
		return error_set(error, 0, "--ip: '%s' is in no subnet of link '%s'",
				 cidr_print_address(&spec->ip, text), network->bridge);
	if (links_default_route(&network->route, AF_INET, &route) == 0 &&
	    route.index == network->bridge_index)
		network->router = route.gateway;
	if (network_lock(network, error) < 0 || leases_open(network, error) < 0)
		return -1;
	network->lease = leases_take(network, &request, &network->address, error);
	if (network->lease < 0 || record_addresses(network, error) < 0 ||
	    leases_write(network, error) < 0)
		return -1;
	network_unlock(network);
	return 0;
}

static int choose_macvlan(struct network *network, struct error *error)
{
	const struct spec *spec = network->spec;
	struct link_info link;
	int result;

	(void)snprintf(network->bridge, sizeof(network->bridge), "%s", spec->net_name);
	if (netlink_open(&network->route, NETLINK_ROUTE, -1, error) < 0)
		return -1;
	result = links_find(&network->route, network->bridge, 0, &link);
	if (result == -ENODEV)
		return error_set(error, 0, "--net: there is no link '%s'", network->bridge);
	if (result < 0)
		return netlink_fail(&network->route, result, error, "cannot find link '%s'",
				    network->bridge);
	network->bridge_index = link.index;
	if (spec->has_mac)
		memcpy(network->mac, spec->mac, sizeof(network->mac));
	return spec->ip.family == 0 ? 0 : choose_macvlan_address(network, error);
}

/* --- before and after the clone -------------------------------------------------------------------------------------- */

int network_choose(struct network *network, const struct spec *spec, const char *container,
		   const char *state_directory, struct error *error)
{
	network->mode = spec->net;
	network->spec = spec;
	network->container = container;
	network->state_directory = state_directory;
	if (is_joined(spec->net)) {
		network->joined = join_open(spec, state_directory, error);
		return network->joined < 0 ? -1 : 0;
	}
	if (spec->net == SPEC_NET_BRIDGE)
		return choose_bridge(network, error);
	return spec->net == SPEC_NET_MACVLAN ? choose_macvlan(network, error) : 0;
}

/* A link of that name is one of an earlier container of the same name, whose end the kernel isn't done with. */
static int replace_veth(struct network *network, const struct container_link *request)
{
	struct link_info link;
	int result = links_find(&network->route, network->outer, 0, &link);

	if (result == 0 && strcmp(link.alias, network->container) != 0)
		return -EEXIST;
	if (result == 0)
		(void)links_delete(&network->route, link.index);
	return links_make_veth(&network->route, request);
}

static int make_link(struct network *network, struct error *error)
{
	static const uint8_t none[6];
	bool is_veth = network->mode == SPEC_NET_BRIDGE;
	struct container_link request = {
		.outer = network->outer,
		.alias = network->container,
		.parent = network->bridge_index,
		.mtu = is_veth ? network->mtu : 0,
		.mac = memcmp(network->mac, none, sizeof(none)) == 0 ? NULL : network->mac,
		.namespace = network->namespace,
	};
	int result = is_veth ? links_make_veth(&network->route, &request)
			     : links_make_macvlan(&network->route, &request);

	if (result == -EEXIST && is_veth)
		result = replace_veth(network, &request);
	if (result == 0)
		return 0;
	(void)netlink_fail(&network->route, result, error, "cannot make a link on '%s'",
			   network->bridge);
	return hint_link(is_veth ? "veth" : "macvlan", result, error);
}

/* /proc/sys/net is of whoever looks. On a bridge to this machine's own network the routers are the real ones. */
static int ignore_routers(struct network *network, struct error *error)
{
	int result, back;

	if (network->mode != SPEC_NET_BRIDGE ||
	    !cidr_same_address(&network->router, &network->gateway))
		return 0;
	network->joined = network->namespace;
	result = network_enter(network, error);
	if (result == 0)
		result = forward_ignore_routers("eth0", error);
	back = network_leave(network, error);
	network->joined = -1;
	return result < 0 ? result : back;
}

static int set_inner(struct network *network, struct error *error)
{
	struct inner_link link = { .address = network->address,
				   .address6 = network->address6,
				   .gateway = network->router,
				   .gateway6 = network->router6 };
	struct netlink inner;
	int result;

	if (netlink_open(&inner, NETLINK_ROUTE, network->namespace, error) < 0)
		return -1;
	result = links_set_inner(&inner, &link);
	if (result < 0)
		(void)netlink_fail(&inner, result, error,
				   "cannot give the container's link its addresses");
	netlink_close(&inner);
	return result;
}

/* Until the veth's end and the bridge pass packets on: see links_wait(). */
static int wait_outer(struct network *network, struct error *error)
{
	struct link_info link;
	int result = links_find(&network->route, network->outer, 0, &link);

	if (result == 0)
		result = links_wait(&network->route, link.index);
	if (result == 0 && network->is_own)
		result = links_wait(&network->route, network->bridge_index);
	return result < 0 ? netlink_fail(&network->route, result, error,
					 "link '%s' does not come up", network->outer)
			  : 0;
}

int network_attach(struct network *network, pid_t pid, struct error *error)
{
	char path[64];
	int result;

	if (!network_is_late(network))
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	network->namespace = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (network->namespace == -ENOENT || network->namespace == -ESRCH)
		return 0; /* init has failed and is gone: its record says why */
	if (network->namespace < 0)
		return error_set(error, network->namespace,
				 "cannot open the container's network namespace");
	result = make_link(network, error);
	if (result == 0)
		result = ignore_routers(network, error);
	if (result == 0)
		result = set_inner(network, error);
	fd_close(&network->namespace);
	if (result == 0 && network->mode == SPEC_NET_BRIDGE)
		result = wait_outer(network, error);
	return result;
}

/* --- the end --------------------------------------------------------------------------------------------------------- */

static int any_bridge(const char *bridge, void *data)
{
	(void)bridge;
	(void)data;
	return 1;
}

/* After the last container: the bridge, where it is sv's, and with the last network of the namespace the forwarding. */
static void clear_network(struct network *network)
{
	struct link_info link;

	if (links_find(&network->route, network->bridge, 0, &link) == 0 &&
	    strcmp(link.kind, "bridge") == 0 && strcmp(link.alias, NETWORK_MARK) == 0)
		(void)links_delete(&network->route, link.index);
	if (leases_each_bridge(network, any_bridge, NULL) == 0)
		forward_restore(network);
	(void)nft_drop_bridge(network->bridge);
}

bool network_remove(struct network *network)
{
	bool is_empty = leases_prune(network, true);

	if (is_empty)
		clear_network(network);
	return is_empty;
}

static void remove_outer(struct network *network)
{
	struct link_info link;

	if (network->outer[0] != '\0' &&
	    links_find(&network->route, network->outer, 0, &link) == 0 &&
	    strcmp(link.alias, network->container) == 0)
		(void)links_delete(&network->route, link.index);
	network->outer[0] = '\0';
}

int network_detach(struct network *network, struct error *error)
{
	int result = 0;

	fd_close(&network->namespace);
	fd_close(&network->joined);
	if (network->leases >= 0) {
		result = network_lock(network, error);
		if (result == 0) {
			remove_outer(network);
			leases_give_back(network);
			if (leases_prune(network, false))
				clear_network(network);
		}
	}
	fd_close(&network->lease);
	fd_close(&network->lease6);
	fd_close(&network->leases);
	network_unlock(network);
	netlink_close(&network->route);
	return result < 0 ? -1 : 0;
}

/* --- what others left ------------------------------------------------------------------------------------------------ */

static int collect_bridge(const char *bridge, void *data)
{
	struct network *network = data;
	struct error ignored = { 0 };

	(void)snprintf(network->bridge, sizeof(network->bridge), "%s", bridge);
	if (leases_open(network, &ignored) == 0)
		(void)network_remove(network);
	fd_close(&network->leases);
	return 0;
}

void network_collect(const char *state_directory)
{
	struct network network;
	struct error ignored = { 0 };

	network_init(&network);
	network.state_directory = state_directory;
	if (network_lock_existing(&network) < 0)
		return; /* there is none, or somebody is at it, who finds the same */
	if (netlink_open(&network.route, NETLINK_ROUTE, -1, &ignored) == 0)
		(void)leases_each_bridge(&network, collect_bridge, &network);
	/* also where it is all that is left */
	if (leases_each_bridge(&network, any_bridge, NULL) == 0)
		forward_restore(&network);
	network_unlock(&network);
	netlink_close(&network.route);
}
