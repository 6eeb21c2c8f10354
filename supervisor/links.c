/* SPDX-License-Identifier: MIT */
/* See links.h. The attributes' meanings: linux/if_link.h, if_addr.h, rtnetlink.h, if_bridge.h; rtnetlink(7). */
#include "links.h"

#include "../init/lib/fd.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>

#define CREATE        (NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL)
#define INNER         "eth0"
#define OPERSTATE_UP  6     /* IF_OPER_UP of linux/if.h, which can't stand beside net/if.h */
#define WAIT_MS       30000 /* of a machine that is very busy */
#define LINK_LOCAL(b) ((b)[0] == 0xfe && ((b)[1] & 0xc0) == 0x80)

/* --- questions ------------------------------------------------------------------------------------------------------- */

static int read_link(const struct netlink_reply *reply, void *data)
{
	struct link_info *link = data;
	struct netlink_part attributes, info;
	struct ifinfomsg head;
	uint8_t state = 0;

	if (reply->type != RTM_NEWLINK || !netlink_head(reply, &head, sizeof(head), &attributes))
		return -EPROTO;
	link->index = (uint32_t)head.ifi_index;
	link->flags = head.ifi_flags;
	(void)netlink_find_u32(attributes, IFLA_MTU, &link->mtu);
	(void)netlink_find_string(attributes, IFLA_IFNAME, link->name, sizeof(link->name));
	(void)netlink_find_string(attributes, IFLA_IFALIAS, link->alias, sizeof(link->alias));
	if (netlink_find(attributes, IFLA_LINKINFO, &info))
		(void)netlink_find_string(info, IFLA_INFO_KIND, link->kind, sizeof(link->kind));
	link->is_up = netlink_find_u8(attributes, IFLA_OPERSTATE, &state) && state == OPERSTATE_UP;
	return 0;
}

int links_find(struct netlink *netlink, const char *name, uint32_t index, struct link_info *link)
{
	struct ifinfomsg head = { .ifi_index = name == NULL ? (int)index : 0 };
	struct netlink_batch batch;

	*link = (struct link_info){ 0 };
	netlink_reset(&batch);
	netlink_begin(&batch, RTM_GETLINK, NLM_F_ACK, &head, sizeof(head));
	if (name != NULL)
		netlink_put_string(&batch, IFLA_IFNAME, name);
	return netlink_send(netlink, &batch, read_link, link);
}

/* A dump of everything of a kind and family, since kernels filter little. */
static int dump(struct netlink *netlink, uint16_t type, int family, netlink_callback *callback,
		void *data)
{
	/* The heads of links, addresses and routes all begin with the family. */
	union {
		struct rtgenmsg family;
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct rtmsg route;
	} head = { .family = { .rtgen_family = (unsigned char)family } };
	size_t size = type == RTM_GETLINK   ? sizeof(head.link)
		      : type == RTM_GETADDR ? sizeof(head.address)
					    : sizeof(head.route);
	struct netlink_batch batch;

	netlink_reset(&batch);
	netlink_begin(&batch, type, NLM_F_DUMP, &head, size);
	return netlink_send(netlink, &batch, callback, data);
}

struct port_count {
	uint32_t bridge;
	uint32_t last; /* a dump goes by index: one that comes twice is counted once */
	int count;
};

static int count_port(const struct netlink_reply *reply, void *data)
{
	struct port_count *ports = data;
	struct netlink_part attributes;
	struct ifinfomsg head;
	uint32_t master = 0;

	if (!netlink_head(reply, &head, sizeof(head), &attributes))
		return -EPROTO;
	if ((uint32_t)head.ifi_index <= ports->last)
		ports->count = 0; /* it begins again */
	ports->last = (uint32_t)head.ifi_index;
	if (netlink_find_u32(attributes, IFLA_MASTER, &master) && master == ports->bridge)
		ports->count++;
	return 0;
}

int links_count_ports(struct netlink *netlink, uint32_t bridge)
{
	struct port_count ports = { .bridge = bridge };
	int result = dump(netlink, RTM_GETLINK, AF_UNSPEC, count_port, &ports);

	return result < 0 ? result : ports.count;
}

/* The address in an attribute, where it has the family's size. */
static bool read_address(struct netlink_part attributes, uint16_t type, int family, unsigned prefix,
			 struct cidr *address)
{
	struct cidr found = { .family = family, .prefix = prefix };
	struct netlink_part value;

	if (!netlink_find(attributes, type, &value) || value.length != cidr_size(&found) ||
	    prefix > value.length * 8)
		return false;
	memcpy(found.bytes, value.bytes, value.length);
	*address = found;
	return true;
}

/* Of an RTM_NEWADDR. IFA_LOCAL is the link's own; with IPv6, and no peer, there is only IFA_ADDRESS. */
static bool read_ifaddr(const struct netlink_reply *reply, struct ifaddrmsg *head,
			struct cidr *address)
{
	struct netlink_part attributes;

	return reply->type == RTM_NEWADDR &&
	       netlink_head(reply, head, sizeof(*head), &attributes) &&
	       (head->ifa_family == AF_INET || head->ifa_family == AF_INET6) &&
	       (read_address(attributes, IFA_LOCAL, head->ifa_family, head->ifa_prefixlen,
			     address) ||
		read_address(attributes, IFA_ADDRESS, head->ifa_family, head->ifa_prefixlen,
			     address));
}

struct address_search {
	uint32_t index;
	const struct cidr *beside; /* NULL = any */
	struct cidr *found;
};

static int match_address(const struct netlink_reply *reply, void *data)
{
	const struct address_search *search = data;
	struct ifaddrmsg head;
	struct cidr address;

	if (search->found->family == 0 && read_ifaddr(reply, &head, &address) &&
	    head.ifa_index == search->index &&
	    (address.family == AF_INET || !LINK_LOCAL(address.bytes)) &&
	    (search->beside == NULL || cidr_contains(&address, search->beside)))
		*search->found = address;
	return 0;
}

int links_address(struct netlink *netlink, uint32_t index, int family, struct cidr *address)
{
	struct address_search search = { .index = index, .found = address };

	*address = (struct cidr){ 0 };
	return dump(netlink, RTM_GETADDR, family, match_address, &search);
}

int links_address_beside(struct netlink *netlink, uint32_t index, const struct cidr *wanted,
			 struct cidr *address)
{
	struct address_search search = { .index = index, .beside = wanted, .found = address };

	*address = (struct cidr){ 0 };
	return dump(netlink, RTM_GETADDR, wanted->family, match_address, &search);
}

struct overlap_search {
	const struct cidr *subnet;
	uint32_t except;
	uint32_t *index;
	struct cidr *what;
};

static void match_overlap(const struct overlap_search *search, uint32_t index,
			  const struct cidr *other)
{
	if (*search->index != 0 || index == 0 || index == search->except ||
	    !cidr_overlaps(search->subnet, other))
		return;
	*search->index = index;
	*search->what = *other;
}

static int match_overlapping_address(const struct netlink_reply *reply, void *data)
{
	struct ifaddrmsg head;
	struct cidr address;

	if (read_ifaddr(reply, &head, &address))
		match_overlap(data, head.ifa_index, &address);
	return 0;
}

/* A route of the main table that packets of others may take. */
static bool read_route(const struct netlink_reply *reply, struct rtmsg *head,
		       struct netlink_part *attributes)
{
	return reply->type == RTM_NEWROUTE &&
	       netlink_head(reply, head, sizeof(*head), attributes) &&
	       (head->rtm_family == AF_INET || head->rtm_family == AF_INET6) &&
	       head->rtm_type == RTN_UNICAST && head->rtm_table == RT_TABLE_MAIN &&
	       (head->rtm_flags & RTM_F_CLONED) == 0;
}

static int match_overlapping_route(const struct netlink_reply *reply, void *data)
{
	struct netlink_part attributes;
	struct cidr destination;
	uint32_t index = 0;
	struct rtmsg head;

	if (read_route(reply, &head, &attributes) && head.rtm_dst_len > 0 &&
	    read_address(attributes, RTA_DST, head.rtm_family, head.rtm_dst_len, &destination) &&
	    (head.rtm_family == AF_INET || !LINK_LOCAL(destination.bytes)) &&
	    netlink_find_u32(attributes, RTA_OIF, &index))
		match_overlap(data, index, &destination);
	return 0;
}

int links_overlap(struct netlink *netlink, const struct cidr *subnet, uint32_t except,
		  uint32_t *index, struct cidr *what)
{
	struct overlap_search search = { subnet, except, index, what };
	int result;

	*index = 0;
	result = dump(netlink, RTM_GETADDR, subnet->family, match_overlapping_address, &search);
	if (result == 0 && *index == 0)
		result = dump(netlink, RTM_GETROUTE, subnet->family, match_overlapping_route,
			      &search);
	return result;
}

struct route_search {
	struct default_route *found;
	uint32_t metric;
};

/* The first of several next hops. */
static bool read_nexthop(struct netlink_part attributes, int family, uint32_t *index,
			 struct cidr *gateway)
{
	struct netlink_part value;
	struct rtnexthop hop;

	if (!netlink_find(attributes, RTA_MULTIPATH, &value) || value.length < sizeof(hop))
		return false;
	memcpy(&hop, value.bytes, sizeof(hop));
	if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > value.length)
		return false;
	*index = (uint32_t)hop.rtnh_ifindex;
	attributes = (struct netlink_part){ value.bytes + sizeof(hop), hop.rtnh_len - sizeof(hop) };
	(void)read_address(attributes, RTA_GATEWAY, family, 0, gateway);
	return true;
}

static int match_default(const struct netlink_reply *reply, void *data)
{
	struct route_search *search = data;
	struct netlink_part attributes;
	struct cidr gateway = { 0 };
	uint32_t index = 0, metric = 0;
	struct rtmsg head;

	if (!read_route(reply, &head, &attributes) || head.rtm_dst_len != 0)
		return 0;
	(void)netlink_find_u32(attributes, RTA_PRIORITY, &metric);
	(void)read_address(attributes, RTA_GATEWAY, head.rtm_family, 0, &gateway);
	if (!netlink_find_u32(attributes, RTA_OIF, &index) &&
	    !read_nexthop(attributes, head.rtm_family, &index, &gateway))
		return 0;
	if (search->found->index == 0 || metric < search->metric) {
		*search->found = (struct default_route){ index, gateway };
		search->metric = metric;
	}
	return 0;
}

int links_default_route(struct netlink *netlink, int family, struct default_route *route)
{
	struct route_search search = { .found = route };

	*route = (struct default_route){ 0 };
	return dump(netlink, RTM_GETROUTE, family, match_default, &search);
}

/* --- requests -------------------------------------------------------------------------------------------------------- */

static void put_head(struct netlink_batch *batch, uint16_t type, uint16_t flags, uint32_t index,
		     unsigned up)
{
	struct ifinfomsg head = { .ifi_index = (int)index, .ifi_flags = up, .ifi_change = up };

	netlink_begin(batch, type, flags, &head, sizeof(head));
}

/*
 * The kernel takes an alias only for a link that is there. Both requests go in one system call, which no signal cuts short:
 * a link of sv's never stands without its mark.
 */
static void put_alias(struct netlink_batch *batch, const char *name, const char *alias)
{
	put_head(batch, RTM_SETLINK, NLM_F_ACK, 0, 0);
	netlink_put_string(batch, IFLA_IFNAME, name);
	netlink_put(batch, IFLA_IFALIAS, alias, strlen(alias));
}

int links_make_bridge(struct netlink *netlink, const char *name, const char *alias, uint32_t mtu,
		      const uint8_t mac[6], struct error *error)
{
	struct netlink_batch batch;
	size_t info;
	int result;

	netlink_reset(&batch);
	put_head(&batch, RTM_NEWLINK, CREATE, 0, IFF_UP);
	netlink_put_string(&batch, IFLA_IFNAME, name);
	netlink_put_u32(&batch, IFLA_MTU, mtu);
	netlink_put(&batch, IFLA_ADDRESS, mac, 6);
	netlink_put_u32(&batch, IFLA_GROUP, LINKS_BRIDGE_GROUP);
	info = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_string(&batch, IFLA_INFO_KIND, "bridge");
	netlink_nest_end(&batch, info);
	put_alias(&batch, name, alias);
	/* again, or it would change with the ports: only what an existing bridge is given stays */
	netlink_put_u32(&batch, IFLA_MTU, mtu);
	result = netlink_send(netlink, &batch, NULL, NULL);
	return result < 0 ? netlink_fail(netlink, result, error, "cannot make bridge '%s'", name)
			  : 0;
}

static void put_address(struct netlink_batch *batch, uint32_t index, const struct cidr *address)
{
	struct ifaddrmsg head = {
		.ifa_family = (uint8_t)address->family,
		.ifa_prefixlen = (uint8_t)address->prefix,
		/* sv gives no address twice: nobody has to wait a second for the kernel to find that out */
		.ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0,
		.ifa_index = index,
	};
	struct cidr broadcast;

	netlink_begin(batch, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &head,
		      sizeof(head));
	netlink_put(batch, IFA_LOCAL, address->bytes, cidr_size(address));
	netlink_put(batch, IFA_ADDRESS, address->bytes, cidr_size(address));
	if (address->family != AF_INET)
		return;
	broadcast = cidr_host(address, cidr_hosts(address) + 1);
	netlink_put(batch, IFA_BROADCAST, broadcast.bytes, 4);
}

int links_add_address(struct netlink *netlink, uint32_t index, const struct cidr *address)
{
	struct netlink_batch batch;

	netlink_reset(&batch);
	put_address(&batch, index, address);
	return netlink_send(netlink, &batch, NULL, NULL);
}

/* What both kinds have: name, addresses, size, place. */
static void put_inner(struct netlink_batch *batch, const struct container_link *link)
{
	netlink_put_string(batch, IFLA_IFNAME, INNER);
	netlink_put_u32(batch, IFLA_NET_NS_FD, (uint32_t)link->namespace);
	if (link->mtu != 0)
		netlink_put_u32(batch, IFLA_MTU, link->mtu);
	if (link->mac != NULL)
		netlink_put(batch, IFLA_ADDRESS, link->mac, 6);
}

int links_make_veth(struct netlink *netlink, const struct container_link *link)
{
	struct ifinfomsg peer_head = { 0 };
	struct netlink_batch batch;
	size_t info, data, peer;

	netlink_reset(&batch);
	put_head(&batch, RTM_NEWLINK, CREATE, 0, IFF_UP);
	netlink_put_string(&batch, IFLA_IFNAME, link->outer);
	netlink_put_u32(&batch, IFLA_MASTER, link->parent);
	if (link->mtu != 0)
		netlink_put_u32(&batch, IFLA_MTU, link->mtu);
	info = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_string(&batch, IFLA_INFO_KIND, "veth");
	data = netlink_nest(&batch, IFLA_INFO_DATA);
	peer = netlink_nest(&batch, VETH_INFO_PEER);
	netlink_put_raw(&batch, &peer_head, sizeof(peer_head));
	put_inner(&batch, link);
	netlink_nest_end(&batch, peer);
	netlink_nest_end(&batch, data);
	netlink_nest_end(&batch, info);
	put_alias(&batch, link->outer, link->alias);
	return netlink_send(netlink, &batch, NULL, NULL);
}

/* struct ifinfomsg of the family AF_BRIDGE: rtnetlink(7) has it, linux/if_link.h the attributes of a port. */
int links_set_hairpin(struct netlink *netlink, const char *name)
{
	struct ifinfomsg head = { .ifi_family = AF_BRIDGE };
	struct netlink_batch batch;
	struct link_info link;
	int result = links_find(netlink, name, 0, &link);
	size_t port;

	if (result < 0)
		return result;
	head.ifi_index = (int)link.index;
	netlink_reset(&batch);
	netlink_begin(&batch, RTM_SETLINK, NLM_F_ACK, &head, sizeof(head));
	port = netlink_nest(&batch, IFLA_PROTINFO);
	netlink_put_u8(&batch, IFLA_BRPORT_MODE, 1);
	netlink_nest_end(&batch, port);
	return netlink_send(netlink, &batch, NULL, NULL);
}

int links_make_macvlan(struct netlink *netlink, const struct container_link *link)
{
	struct netlink_batch batch;
	size_t info, data;

	netlink_reset(&batch);
	put_head(&batch, RTM_NEWLINK, CREATE, 0, 0);
	netlink_put_u32(&batch, IFLA_LINK, link->parent);
	put_inner(&batch, link);
	info = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_string(&batch, IFLA_INFO_KIND, "macvlan");
	data = netlink_nest(&batch, IFLA_INFO_DATA);
	netlink_put_u32(&batch, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	netlink_nest_end(&batch, data);
	netlink_nest_end(&batch, info);
	return netlink_send(netlink, &batch, NULL, NULL);
}

static void put_default_route(struct netlink_batch *batch, uint32_t index,
			      const struct cidr *gateway)
{
	struct rtmsg head = {
		.rtm_family = (uint8_t)gateway->family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};

	netlink_begin(batch, RTM_NEWROUTE, CREATE, &head, sizeof(head));
	netlink_put(batch, RTA_GATEWAY, gateway->bytes, cidr_size(gateway));
	netlink_put_u32(batch, RTA_OIF, index);
}

int links_set_inner(struct netlink *netlink, const struct inner_link *link)
{
	struct netlink_batch batch;
	struct link_info info;
	int result = links_find(netlink, INNER, 0, &info);

	if (result < 0)
		return result;
	netlink_reset(&batch);
	put_head(&batch, RTM_SETLINK, NLM_F_ACK, info.index, IFF_UP);
	if (link->address.family != 0)
		put_address(&batch, info.index, &link->address);
	if (link->address6.family != 0)
		put_address(&batch, info.index, &link->address6);
	if (link->gateway.family != 0)
		put_default_route(&batch, info.index, &link->gateway);
	if (link->gateway6.family != 0)
		put_default_route(&batch, info.index, &link->gateway6);
	return netlink_send(netlink, &batch, NULL, NULL);
}

/*
 * The kernel opens the queue of the end that came up first a moment after the other's, in a worker: a packet sent before that
 * is lost, and the first of a connection is sent again a second later.
 */
int links_wait(struct netlink *netlink, uint32_t index)
{
	int64_t end = sys_now_ms() + WAIT_MS;
	struct link_info link;
	int result = links_find(netlink, NULL, index, &link);

	while (result == 0 && !link.is_up) {
		if (sys_now_ms() >= end)
			return -ETIMEDOUT;
		(void)sys_poll(NULL, 0, 1);
		result = links_find(netlink, NULL, index, &link);
	}
	return result;
}

int links_delete(struct netlink *netlink, uint32_t index)
{
	struct netlink_batch batch;

	netlink_reset(&batch);
	put_head(&batch, RTM_DELLINK, NLM_F_ACK, index, 0);
	return netlink_send(netlink, &batch, NULL, NULL);
}

/* A macvlan link is of another: loopback is always there, and refused only after the kind was found. */
int links_try(const char *kind)
{
	bool is_macvlan = strcmp(kind, "macvlan") == 0;
	struct netlink_batch batch;
	struct netlink netlink;
	struct error ignored = { 0 };
	size_t info;
	int result = netlink_open(&netlink, NETLINK_ROUTE, -1, &ignored);

	if (result < 0)
		return result;
	netlink_reset(&batch);
	put_head(&batch, RTM_NEWLINK, CREATE, 0, 0);
	if (is_macvlan)
		netlink_put_u32(&batch, IFLA_LINK, 1);
	info = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_string(&batch, IFLA_INFO_KIND, kind);
	netlink_nest_end(&batch, info);
	result = netlink_send(&netlink, &batch, NULL, NULL);
	netlink_close(&netlink);
	return is_macvlan && result == -EINVAL ? 0 : result;
}
