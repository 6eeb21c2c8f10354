/* SPDX-License-Identifier: MIT */
/*
 * See nft.h. A rule is a row of steps, each a match or what is to be done; the machine of nf_tables has no more to it: a step
 * loads something into register 1 and compares it, and the rule ends where one doesn't hold.
 */
#include "nft.h"

#include "../init/lib/fd.h"
#include "network_internal.h"

#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#define STEPS_MAX 6
#define ALMOST    2048 /* bytes of a batch that are left for its last rule and its end */

/* Bits as conntrack's expression sees them: NF_CT_STATE_BIT() of linux/netfilter/nf_conntrack_common.h. */
#define STATE_KNOWN ((1U << (IP_CT_ESTABLISHED + 1)) | (1U << (IP_CT_RELATED + 1)))

enum step_kind {
	STEP_NONE,
	STEP_IN,        /* the packet comes by that link */
	STEP_OUT,       /* it goes by it */
	STEP_OUT_NOT,   /* by any other */
	STEP_NO_BRIDGE, /* it goes by no bridge of sv's making */
	STEP_IN_NO_BRIDGE,
	STEP_FAMILY, /* IPv4 or IPv6: AF_INET, AF_INET6 */
	STEP_FROM,   /* its source is there */
	STEP_TO,     /* its destination */
	STEP_TO_NOT,
	STEP_KNOWN,     /* it answers one that passed, or belongs to it */
	STEP_PUBLISHED, /* its destination was translated */
	STEP_LOCAL,     /* the destination is an address of this machine's */
	STEP_PORT,      /* it is for the published port at hand */
	STEP_ACCEPT,
	STEP_DROP,
	STEP_JUMP, /* to the chain of ports */
	STEP_MASQUERADE,
	STEP_DNAT, /* to the container's port */
};

/* What a step is about, of the network at hand. A rule that names something that it has not is left out. */
enum subject {
	SUBJECT_NONE,
	BRIDGE, /* links */
	UPLINK,
	UPLINK6,
	OUTER,
	GUARDED, /* the uplink at hand */
	BRIDGE4, /* subnets */
	BRIDGE6,
	LOOPBACK4,
	LOOPBACK6,
	SELF4, /* the container's own addresses */
	SELF6,
};

struct step {
	uint8_t kind;    /* enum step_kind */
	uint8_t subject; /* enum subject; STEP_FAMILY: the family */
};

struct rule {
	const char *chain;
	struct step steps[STEPS_MAX];
};

struct chain {
	const char *name, *type; /* type NULL: only jumped to */
	uint32_t hook;
	int32_t priority; /* linux/netfilter_ipv4.h: NF_IP_PRI_* */
};

#define IN(link)  \
 {                \
  STEP_IN, (link) \
 }
#define OUT(link)  \
 {                 \
  STEP_OUT, (link) \
 }
#define OUT_NOT(link)  \
 {                     \
  STEP_OUT_NOT, (link) \
 }
#define NO_BRIDGE              \
 {                             \
  STEP_NO_BRIDGE, SUBJECT_NONE \
 }
#define IN_NO_BRIDGE              \
 {                                \
  STEP_IN_NO_BRIDGE, SUBJECT_NONE \
 }
#define FAMILY(number)  \
 {                      \
  STEP_FAMILY, (number) \
 }
#define FROM(subnet)  \
 {                    \
  STEP_FROM, (subnet) \
 }
#define TO(subnet)  \
 {                  \
  STEP_TO, (subnet) \
 }
#define TO_NOT(subnet)  \
 {                      \
  STEP_TO_NOT, (subnet) \
 }
#define KNOWN              \
 {                         \
  STEP_KNOWN, SUBJECT_NONE \
 }
#define PUBLISHED              \
 {                             \
  STEP_PUBLISHED, SUBJECT_NONE \
 }
#define LOCAL              \
 {                         \
  STEP_LOCAL, SUBJECT_NONE \
 }
#define PORT              \
 {                        \
  STEP_PORT, SUBJECT_NONE \
 }
#define ACCEPT              \
 {                          \
  STEP_ACCEPT, SUBJECT_NONE \
 }
#define DROP              \
 {                        \
  STEP_DROP, SUBJECT_NONE \
 }
#define JUMP              \
 {                        \
  STEP_JUMP, SUBJECT_NONE \
 }
#define MASQUERADE              \
 {                              \
  STEP_MASQUERADE, SUBJECT_NONE \
 }
#define DNAT(address)  \
 {                     \
  STEP_DNAT, (address) \
 }

#define PORTS  "ports" /* the chain of STEP_JUMP */
#define SHUT   "shut"  /* what of the bridge the relay may not have, of an isolated container */
#define GUARDS "sv_"   /* the uplinks' table: no bridge is called "" */

/* A transaction that is being put together, and what its rules are about. */
struct change {
	struct netlink *netlink;
	struct netlink_batch batch;
	uint8_t family;
	const char *table;
	const struct network *network;
	const char *guarded;          /* the link, of GUARDED */
	const struct spec_port *port; /* STEP_PORT, STEP_DNAT: all of it where the numbers stay */
	uint16_t index;               /* else one of its numbers */
};

/* --- expressions ------------------------------------------------------------------------------------------------------ */

struct expression {
	size_t element, data;
};

static struct expression begin(struct netlink_batch *batch, const char *name)
{
	struct expression expression = { .element = netlink_nest(batch, NFTA_LIST_ELEM) };

	netlink_put_string(batch, NFTA_EXPR_NAME, name);
	expression.data = netlink_nest(batch, NFTA_EXPR_DATA);
	return expression;
}

static void end(struct netlink_batch *batch, struct expression expression)
{
	netlink_nest_end(batch, expression.data);
	netlink_nest_end(batch, expression.element);
}

static void put_value(struct netlink_batch *batch, uint16_t type, const void *bytes, size_t size)
{
	size_t nest = netlink_nest(batch, type);

	netlink_put(batch, NFTA_DATA_VALUE, bytes, size);
	netlink_nest_end(batch, nest);
}

static void compare(struct netlink_batch *batch, enum nft_cmp_ops operation, const void *bytes,
		    size_t size)
{
	struct expression expression = begin(batch, "cmp");

	netlink_put_be32(batch, NFTA_CMP_SREG, NFT_REG_1);
	netlink_put_be32(batch, NFTA_CMP_OP, operation);
	put_value(batch, NFTA_CMP_DATA, bytes, size);
	end(batch, expression);
}

static void mask(struct netlink_batch *batch, const void *bytes, size_t size)
{
	static const unsigned char zeros[16];
	struct expression expression = begin(batch, "bitwise");

	netlink_put_be32(batch, NFTA_BITWISE_SREG, NFT_REG_1);
	netlink_put_be32(batch, NFTA_BITWISE_DREG, NFT_REG_1);
	netlink_put_be32(batch, NFTA_BITWISE_LEN, (uint32_t)size);
	put_value(batch, NFTA_BITWISE_MASK, bytes, size);
	put_value(batch, NFTA_BITWISE_XOR, zeros, size);
	end(batch, expression);
}

static void load_meta(struct netlink_batch *batch, uint32_t key)
{
	struct expression expression = begin(batch, "meta");

	netlink_put_be32(batch, NFTA_META_DREG, NFT_REG_1);
	netlink_put_be32(batch, NFTA_META_KEY, key);
	end(batch, expression);
}

static void load_payload(struct netlink_batch *batch, uint32_t base, uint32_t offset, size_t size)
{
	struct expression expression = begin(batch, "payload");

	netlink_put_be32(batch, NFTA_PAYLOAD_DREG, NFT_REG_1);
	netlink_put_be32(batch, NFTA_PAYLOAD_BASE, base);
	netlink_put_be32(batch, NFTA_PAYLOAD_OFFSET, offset);
	netlink_put_be32(batch, NFTA_PAYLOAD_LEN, (uint32_t)size);
	end(batch, expression);
}

static void set_register(struct netlink_batch *batch, uint32_t number, const void *bytes,
			 size_t size)
{
	struct expression expression = begin(batch, "immediate");

	netlink_put_be32(batch, NFTA_IMMEDIATE_DREG, number);
	put_value(batch, NFTA_IMMEDIATE_DATA, bytes, size);
	end(batch, expression);
}

/* --- steps ------------------------------------------------------------------------------------------------------------ */

static const struct cidr loopback4 = { .family = AF_INET, .prefix = 8, .bytes = { 127 } };
static const struct cidr loopback6 = { .family = AF_INET6, .prefix = 128, .bytes = { [15] = 1 } };

/* NULL for what is no link. */
static const char *link_of(const struct change *change, enum subject subject)
{
	const struct network *network = change->network;

	return subject == BRIDGE    ? network->bridge
	       : subject == UPLINK  ? network->uplink
	       : subject == UPLINK6 ? network->uplink6
	       : subject == OUTER   ? network->outer
	       : subject == GUARDED ? change->guarded
				    : NULL;
}

/* Family 0 for what is no address. */
static struct cidr cidr_of(const struct network *network, enum subject subject)
{
	struct cidr cidr = subject == BRIDGE4     ? network->gateway
			   : subject == BRIDGE6   ? network->gateway6
			   : subject == LOOPBACK4 ? loopback4
			   : subject == LOOPBACK6 ? loopback6
			   : subject == SELF4     ? network->address
			   : subject == SELF6     ? network->address6
						  : (struct cidr){ 0 };

	if (subject == SELF4 || subject == SELF6)
		cidr.prefix = (unsigned)cidr_size(&cidr) * 8;
	return cidr;
}

static bool is_there(const struct change *change, const struct step *step)
{
	const char *link = link_of(change, step->subject);

	if (step->kind == STEP_FAMILY || step->subject == SUBJECT_NONE)
		return true;
	return link != NULL ? link[0] != '\0' : cidr_of(change->network, step->subject).family != 0;
}

/* NFPROTO_IPV4 and NFPROTO_IPV6 are AF_INET and AF_INET6. */
static void put_family(struct netlink_batch *batch, int family)
{
	const uint8_t value = (uint8_t)family;

	load_meta(batch, NFT_META_NFPROTO);
	compare(batch, NFT_CMP_EQ, &value, sizeof(value));
}

/* Offsets: struct iphdr, struct ipv6hdr. */
static void put_address(struct netlink_batch *batch, enum step_kind kind, const struct cidr *cidr)
{
	size_t size = cidr_size(cidr);
	bool is_v4 = cidr->family == AF_INET, is_source = kind == STEP_FROM;
	unsigned char bits[16] = { 0 }, subnet[16];

	for (size_t i = 0; i < size; i++) {
		unsigned before = (unsigned)i * 8;
		unsigned set = cidr->prefix <= before ? 0 : cidr->prefix - before;

		bits[i] = set >= 8 ? 0xff : (unsigned char)(0xff00U >> set);
		subnet[i] = cidr->bytes[i] & bits[i];
	}
	put_family(batch, cidr->family);
	load_payload(batch, NFT_PAYLOAD_NETWORK_HEADER,
		     is_v4 ? (is_source ? 12 : 16) : (is_source ? 8 : 24), size);
	if (cidr->prefix < size * 8)
		mask(batch, bits, size);
	compare(batch, kind == STEP_TO_NOT ? NFT_CMP_NEQ : NFT_CMP_EQ, subnet, size);
}

static void put_link(struct netlink_batch *batch, enum step_kind kind, const char *link)
{
	char name[NETWORK_LINK_MAX] = "";

	(void)snprintf(name, sizeof(name), "%s", link);
	load_meta(batch, kind == STEP_IN ? NFT_META_IIFNAME : NFT_META_OIFNAME);
	compare(batch, kind == STEP_OUT_NOT ? NFT_CMP_NEQ : NFT_CMP_EQ, name, sizeof(name));
}

static void put_no_bridge(struct netlink_batch *batch, uint32_t key)
{
	const uint32_t group = LINKS_BRIDGE_GROUP;

	load_meta(batch, key);
	compare(batch, NFT_CMP_NEQ, &group, sizeof(group));
}

/* A range that keeps its numbers is one rule: without a port, translation leaves it alone. */
static bool keeps_numbers(const struct spec_port *port)
{
	return port->host == port->inside;
}

/* TCP and UDP have the destination's port at the same place. */
static void put_port_match(const struct change *change, struct netlink_batch *batch)
{
	const struct spec_port *port = change->port;
	bool is_range = keeps_numbers(port) && port->count > 1;
	uint16_t first = htobe16((uint16_t)(port->host + change->index));
	uint16_t last = htobe16((uint16_t)(port->host + port->count - 1));

	if (port->address.family != 0)
		put_address(batch, STEP_TO, &port->address);
	load_meta(batch, NFT_META_L4PROTO);
	compare(batch, NFT_CMP_EQ, &port->protocol, sizeof(port->protocol));
	load_payload(batch, NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof(first));
	compare(batch, is_range ? NFT_CMP_GTE : NFT_CMP_EQ, &first, sizeof(first));
	if (is_range)
		compare(batch, NFT_CMP_LTE, &last, sizeof(last));
}

static void put_tracked(struct netlink_batch *batch, uint32_t key, uint32_t bits)
{
	const uint32_t zero = 0;
	struct expression expression = begin(batch, "ct");

	netlink_put_be32(batch, NFTA_CT_DREG, NFT_REG_1);
	netlink_put_be32(batch, NFTA_CT_KEY, key);
	end(batch, expression);
	mask(batch, &bits, sizeof(bits));
	compare(batch, NFT_CMP_NEQ, &zero, sizeof(zero));
}

static void put_local(struct netlink_batch *batch)
{
	const uint32_t local = 2; /* RTN_LOCAL */
	struct expression expression = begin(batch, "fib");

	netlink_put_be32(batch, NFTA_FIB_DREG, NFT_REG_1);
	netlink_put_be32(batch, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	netlink_put_be32(batch, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	end(batch, expression);
	compare(batch, NFT_CMP_EQ, &local, sizeof(local));
}

/* `chain` NULL: the verdict is no jump. */
static void put_verdict(struct netlink_batch *batch, uint32_t code, const char *chain)
{
	struct expression expression = begin(batch, "immediate");
	size_t data, verdict;

	netlink_put_be32(batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = netlink_nest(batch, NFTA_IMMEDIATE_DATA);
	verdict = netlink_nest(batch, NFTA_DATA_VERDICT);
	netlink_put_be32(batch, NFTA_VERDICT_CODE, code);
	if (chain != NULL)
		netlink_put_string(batch, NFTA_VERDICT_CHAIN, chain);
	netlink_nest_end(batch, verdict);
	netlink_nest_end(batch, data);
	end(batch, expression);
}

static void put_dnat(const struct change *change, struct netlink_batch *batch,
		     const struct cidr *to)
{
	const struct spec_port *port = change->port;
	const uint16_t inside = htobe16((uint16_t)(port->inside + change->index));
	struct expression expression;

	set_register(batch, NFT_REG_1, to->bytes, cidr_size(to));
	if (!keeps_numbers(port))
		set_register(batch, NFT_REG_2, &inside, sizeof(inside));
	expression = begin(batch, "nat");
	netlink_put_be32(batch, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	netlink_put_be32(batch, NFTA_NAT_FAMILY, (uint32_t)to->family);
	netlink_put_be32(batch, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
	if (!keeps_numbers(port))
		netlink_put_be32(batch, NFTA_NAT_REG_PROTO_MIN, NFT_REG_2);
	end(batch, expression);
}

static void put_step(struct change *change, const struct step *step)
{
	struct netlink_batch *batch = &change->batch;
	const char *link = link_of(change, step->subject);
	struct cidr cidr = cidr_of(change->network, step->subject);

	switch ((enum step_kind)step->kind) {
	case STEP_IN:
	case STEP_OUT:
	case STEP_OUT_NOT:
		put_link(batch, step->kind, link);
		break;
	case STEP_NO_BRIDGE:
		put_no_bridge(batch, NFT_META_OIFGROUP);
		break;
	case STEP_IN_NO_BRIDGE:
		put_no_bridge(batch, NFT_META_IIFGROUP);
		break;
	case STEP_FAMILY:
		put_family(batch, step->subject);
		break;
	case STEP_FROM:
	case STEP_TO:
	case STEP_TO_NOT:
		put_address(batch, step->kind, &cidr);
		break;
	case STEP_KNOWN:
		put_tracked(batch, NFT_CT_STATE, STATE_KNOWN);
		break;
	case STEP_PUBLISHED:
		put_tracked(batch, NFT_CT_STATUS, IPS_DST_NAT);
		break;
	case STEP_LOCAL:
		put_local(batch);
		break;
	case STEP_PORT:
		put_port_match(change, batch);
		break;
	case STEP_ACCEPT:
		put_verdict(batch, NF_ACCEPT, NULL);
		break;
	case STEP_DROP:
		put_verdict(batch, NF_DROP, NULL);
		break;
	case STEP_JUMP:
		put_verdict(batch, (uint32_t)NFT_JUMP, PORTS);
		break;
	case STEP_MASQUERADE:
		end(batch, begin(batch, "masq"));
		break;
	case STEP_DNAT:
		put_dnat(change, batch, &cidr);
		break;
	case STEP_NONE:
	default:
		break;
	}
}

/* --- tables, chains, rules --------------------------------------------------------------------------------------------- */

/* What is inside of a batch is answered one by one, and begins or ends it is not: the last one's answer is enough. */
static void begin_message(struct change *change, unsigned type, uint16_t flags)
{
	const struct nfgenmsg head = { .nfgen_family = change->family, .version = NFNETLINK_V0 };

	netlink_begin(&change->batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
		      flags | NLM_F_ACK, &head, sizeof(head));
}

static void begin_or_end(struct change *change, uint16_t type)
{
	const struct nfgenmsg head = { .nfgen_family = AF_UNSPEC,
				       .version = NFNETLINK_V0,
				       .res_id = htobe16(NFNL_SUBSYS_NFTABLES) };

	netlink_begin(&change->batch, type, 0, &head, sizeof(head));
}

static void begin_change(struct change *change, struct netlink *netlink,
			 const struct network *network, uint8_t family, const char *table)
{
	change->netlink = netlink;
	change->network = network;
	change->family = family;
	change->table = table;
	netlink_reset(&change->batch);
	begin_or_end(change, NFNL_MSG_BATCH_BEGIN);
}

static int end_change(struct change *change)
{
	begin_or_end(change, NFNL_MSG_BATCH_END);
	return netlink_send(change->netlink, &change->batch, NULL, NULL);
}

/* Where a batch is full another goes on: nobody can connect before the last, since init isn't released. */
static int make_room(struct change *change)
{
	int result;

	if (change->batch.used <= sizeof(change->batch.bytes) - ALMOST)
		return 0;
	result = end_change(change);
	begin_change(change, change->netlink, change->network, change->family, change->table);
	return result;
}

/* `comment` NULL: none. Its form is that of nft(8)'s own comments, a type, a length and a string. */
static void put_table(struct change *change, uint32_t flags, const char *comment)
{
	unsigned char data[2 + SPEC_NAME_MAX + 1] = { 0 };
	size_t length = comment == NULL ? 0 : strlen(comment) + 1;

	begin_message(change, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	netlink_put_string(&change->batch, NFTA_TABLE_NAME, change->table);
	netlink_put_be32(&change->batch, NFTA_TABLE_FLAGS, flags);
	if (length == 0 || length > sizeof(data) - 2)
		return;
	data[1] = (unsigned char)length;
	memcpy(data + 2, comment, length);
	netlink_put(&change->batch, NFTA_TABLE_USERDATA, data, 2 + length);
}

static void put_table_removal(struct change *change)
{
	begin_message(change, NFT_MSG_DELTABLE, 0);
	netlink_put_string(&change->batch, NFTA_TABLE_NAME, change->table);
}

static void put_chain(struct change *change, const struct chain *chain)
{
	struct netlink_batch *batch = &change->batch;
	size_t hook;

	begin_message(change, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	netlink_put_string(batch, NFTA_CHAIN_TABLE, change->table);
	netlink_put_string(batch, NFTA_CHAIN_NAME, chain->name);
	if (chain->type == NULL)
		return;
	netlink_put_string(batch, NFTA_CHAIN_TYPE, chain->type);
	hook = netlink_nest(batch, NFTA_CHAIN_HOOK);
	netlink_put_be32(batch, NFTA_HOOK_HOOKNUM, chain->hook);
	netlink_put_be32(batch, NFTA_HOOK_PRIORITY, (uint32_t)chain->priority);
	netlink_nest_end(batch, hook);
}

static void put_rule(struct change *change, const struct rule *rule)
{
	struct netlink_batch *batch = &change->batch;
	size_t expressions;

	for (size_t i = 0; i < STEPS_MAX; i++)
		if (!is_there(change, &rule->steps[i]))
			return;
	begin_message(change, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	netlink_put_string(batch, NFTA_RULE_TABLE, change->table);
	netlink_put_string(batch, NFTA_RULE_CHAIN, rule->chain);
	expressions = netlink_nest(batch, NFTA_RULE_EXPRESSIONS);
	for (size_t i = 0; i < STEPS_MAX; i++)
		put_step(change, &rule->steps[i]);
	netlink_nest_end(batch, expressions);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void put_all(struct change *change, const struct chain *chains, size_t chain_count,
		    const struct rule *rules, size_t rule_count)
{
	for (size_t i = 0; i < chain_count; i++)
		put_chain(change, &chains[i]);
	for (size_t i = 0; i < rule_count; i++)
		put_rule(change, &rules[i]);
}

static int fail(const struct netlink *netlink, int number, const char *what, struct error *error)
{
	int result =
		netlink_fail(netlink, number, error, "cannot make the packet rules of %s", what);

	if (number == -EPERM)
		return error_hint(error, result, "sv needs CAP_NET_ADMIN");
	return error_hint(error, result, "the kernel needs nf_tables: modprobe -a " NFT_MODULES);
}

/* --- a bridge's table --------------------------------------------------------------------------------------------------- */

#define TABLE_NAME_SIZE (3 + NETWORK_LINK_MAX)

static void name_table(char name[TABLE_NAME_SIZE], const char *bridge)
{
	(void)snprintf(name, TABLE_NAME_SIZE, "sv_%s", bridge);
}

static bool is_on(const char *path)
{
	FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	char value = '0';

	return fd >= 0 && sys_read(fd, &value, 1) == 1 && value != '0';
}

/* From bridge to bridge: another's hairpin, and bridged packets where br_netfilter shows them to routing's rules. */
static const struct rule bridge_rules[] = {
	{ "masquerade", { FROM(BRIDGE4), OUT_NOT(BRIDGE), MASQUERADE } },
	{ "masquerade", { FROM(BRIDGE6), OUT_NOT(BRIDGE), MASQUERADE } },
	{ "forwarded", { IN(BRIDGE), OUT(BRIDGE), ACCEPT } },
	{ "forwarded", { FAMILY(AF_INET), IN(BRIDGE), OUT(UPLINK), ACCEPT } },
	{ "forwarded", { FAMILY(AF_INET6), IN(BRIDGE), OUT(UPLINK6), ACCEPT } },
	{ "forwarded", { IN(BRIDGE), KNOWN, ACCEPT } },
	{ "forwarded", { IN(BRIDGE), DROP } },
	{ "forwarded", { OUT(BRIDGE), KNOWN, ACCEPT } },
	{ "forwarded", { OUT(BRIDGE), PUBLISHED, ACCEPT } },
	{ "forwarded", { OUT(BRIDGE), DROP } },
};

static void put_bridge(struct change *change)
{
	static const struct chain chains[] = {
		{ "masquerade", "nat", NF_INET_POST_ROUTING, 100 },
		{ "forwarded", "filter", NF_INET_FORWARD, 0 },
	};

	put_all(change, chains, COUNT(chains), bridge_rules, COUNT(bridge_rules));
}

/* In one transaction: there from now on, gone with all that is in it, there again. */
static void replace_table(struct change *change, const char *table)
{
	change->table = table;
	put_table(change, 0, NULL);
	put_table_removal(change);
	put_table(change, 0, NULL);
}

/*
 * What comes from an uplink for anybody but a container was not forwarded before sv switched forwarding on for it, and it
 * stays on until the last network goes, whatever the default route is by then. Bridges are told by their group.
 */
static int put_guard(int family, const char *link, void *data)
{
	static const struct chain chain = { "forwarded", "filter", NF_INET_FORWARD, 0 };
	static const struct rule rules[] = {
		{ "forwarded", { FAMILY(AF_INET), IN(GUARDED), IN_NO_BRIDGE, NO_BRIDGE, DROP } },
		{ "forwarded", { FAMILY(AF_INET6), IN(GUARDED), IN_NO_BRIDGE, NO_BRIDGE, DROP } },
	};
	struct change *change = data;

	/* Who has switched routing on for the whole machine has use for more than containers. */
	if (is_on(family == AF_INET ? "/proc/sys/net/ipv4/ip_forward"
				    : "/proc/sys/net/ipv6/conf/all/forwarding"))
		return 0;
	if (change->guarded == NULL) {
		replace_table(change, GUARDS);
		put_chain(change, &chain);
	}
	change->guarded = link;
	put_rule(change, &rules[family == AF_INET6]);
	return make_room(change);
}

int nft_set_bridge(const struct network *network, struct error *error)
{
	struct netlink netlink;
	struct change change;
	char table[TABLE_NAME_SIZE];
	int result;

	if (netlink_open(&netlink, NETLINK_NETFILTER, -1, error) < 0)
		return fail(&netlink, -1, "", error);
	name_table(table, network->bridge);
	begin_change(&change, &netlink, network, NFPROTO_INET, table);
	change.guarded = NULL;
	replace_table(&change, table);
	put_bridge(&change);
	result = forward_each(network, put_guard, &change);
	if (result == 0)
		result = end_change(&change);
	if (result < 0)
		(void)fail(&netlink, result, network->bridge, error);
	netlink_close(&netlink);
	return result;
}

int nft_drop_bridge(const char *bridge)
{
	struct error ignored = { 0 };
	struct netlink netlink;
	struct change change;
	char table[TABLE_NAME_SIZE];
	int result = netlink_open(&netlink, NETLINK_NETFILTER, -1, &ignored);

	if (result < 0)
		return result;
	name_table(table, bridge);
	begin_change(&change, &netlink, NULL, NFPROTO_INET, table);
	put_table_removal(&change);
	result = end_change(&change);
	netlink_close(&netlink);
	return result == -ENOENT ? 0 : result;
}

/* --- a container's table ------------------------------------------------------------------------------------------------ */

/*
 * Connections to this machine's addresses that come where packets are forwarded from: the uplinks and the bridge. What comes
 * elsewhere, and to loopback, reaches the relay. The hairpin is for those who come from the bridge itself: the container
 * would answer them directly, with an address that they didn't ask.
 */
static const struct chain port_chains[] = {
	{ PORTS, NULL, 0, 0 },
	{ "arriving", "nat", NF_INET_PRE_ROUTING, -100 },
	{ "leaving", "nat", NF_INET_LOCAL_OUT, -100 },
	{ "hairpin", "nat", NF_INET_POST_ROUTING, 100 },
};

static const struct rule port_rules[] = {
	{ "leaving", { TO_NOT(LOOPBACK4), LOCAL, JUMP } },
	{ "leaving", { TO_NOT(LOOPBACK6), LOCAL, JUMP } },
	{ "hairpin", { FROM(BRIDGE4), TO(SELF4), PUBLISHED, MASQUERADE } },
	{ "hairpin", { FROM(BRIDGE6), TO(SELF6), PUBLISHED, MASQUERADE } },
};

/* Where the bridge doesn't forward (network_forward.c, or another's bridge) what arrives is better off with the relay. */
static const struct rule port_rules4[] = {
	{ "arriving", { FAMILY(AF_INET), IN(BRIDGE), LOCAL, JUMP } },
	{ "arriving", { FAMILY(AF_INET), IN(UPLINK), LOCAL, JUMP } },
};
static const struct rule port_rules6[] = {
	{ "arriving", { FAMILY(AF_INET6), IN(BRIDGE), LOCAL, JUMP } },
	{ "arriving", { FAMILY(AF_INET6), IN(UPLINK6), LOCAL, JUMP } },
};

static bool is_forwarded(const struct network *network, int version, const char *name)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv%d/conf/%s/%s", version,
		       network->bridge, name);
	return is_on(path);
}

static bool is_for(const struct spec_port *port, int family)
{
	if (port->address.family == 0)
		return true;
	return port->address.family == family && !cidr_contains(&loopback4, &port->address) &&
	       !cidr_contains(&loopback6, &port->address);
}

static int put_port(struct change *change, const struct spec_port *port)
{
	static const struct rule to4 = { PORTS, { PORT, DNAT(SELF4) } };
	static const struct rule to6 = { PORTS, { PORT, DNAT(SELF6) } };
	static const struct rule shut = { SHUT, { IN(BRIDGE), PORT, DROP } };
	uint16_t count = keeps_numbers(port) ? 1 : port->count;
	int result = 0;

	change->port = port;
	for (change->index = 0; result == 0 && change->index < count; change->index++) {
		if (is_for(port, AF_INET))
			put_rule(change, &to4);
		if (is_for(port, AF_INET6))
			put_rule(change, &to6);
		if (change->network->spec->isolate)
			put_rule(change, &shut);
		result = make_room(change);
	}
	return result;
}

static int put_ports(struct change *change)
{
	const struct spec *spec = change->network->spec;
	int result = 0;

	put_all(change, port_chains, COUNT(port_chains), port_rules, COUNT(port_rules));
	if (is_forwarded(change->network, 4, "forwarding"))
		put_all(change, NULL, 0, port_rules4, COUNT(port_rules4));
	if (is_on("/proc/sys/net/ipv6/conf/all/forwarding") ||
	    is_forwarded(change->network, 6, "force_forwarding"))
		put_all(change, NULL, 0, port_rules6, COUNT(port_rules6));
	for (size_t i = 0; result == 0 && i < spec->ports.count; i++)
		result = put_port(change, &spec->ports.rows[i]);
	return result;
}

/*
 * Routed from the bridge to the bridge, around what the bridge's own rules see. Published ports too: where br_netfilter is
 * at work, their packets are bridged, and which way they go must make no difference. What
 * isn't translated, as what is for a link-local address, would be passed on by the relay as the machine's own: it is shut out.
 */
static void put_isolation(struct change *change)
{
	static const struct chain chains[] = {
		{ "isolated", "filter", NF_INET_FORWARD, 0 },
		{ SHUT, "filter", NF_INET_LOCAL_IN, 0 },
	};
	static const struct rule rules[] = {
		{ "isolated", { IN(BRIDGE), OUT(BRIDGE), TO(SELF4), DROP } },
		{ "isolated", { IN(BRIDGE), OUT(BRIDGE), FROM(SELF4), DROP } },
		{ "isolated", { IN(BRIDGE), OUT(BRIDGE), TO(SELF6), DROP } },
		{ "isolated", { IN(BRIDGE), OUT(BRIDGE), FROM(SELF6), DROP } },
	};

	put_all(change, chains, COUNT(chains), rules, COUNT(rules));
}

/* Between the bridge's ports, whatever the protocol. What the machine itself sends or gets isn't bridged, and passes. */
static int isolate_port(struct netlink *owner, const struct network *network)
{
	static const struct chain chain = { "isolated", "filter", NF_INET_FORWARD, -200 };
	static const struct rule rules[] = {
		{ "isolated", { IN(OUTER), DROP } },
		{ "isolated", { OUT(OUTER), DROP } },
	};
	struct change change;

	begin_change(&change, owner, network, NFPROTO_BRIDGE, network->outer);
	put_table(&change, NFT_TABLE_F_OWNER, network->container);
	put_all(&change, &chain, 1, rules, COUNT(rules));
	return end_change(&change);
}

static int make_tables(struct netlink *owner, const struct network *network)
{
	struct change change;
	int result = 0;

	begin_change(&change, owner, network, NFPROTO_INET, network->outer);
	put_table(&change, NFT_TABLE_F_OWNER, network->container);
	if (network->spec->isolate)
		put_isolation(&change);
	if (network->spec->ports.count > 0)
		result = put_ports(&change);
	if (result == 0)
		result = end_change(&change);
	if (result == 0 && network->spec->isolate)
		result = isolate_port(owner, network);
	return result;
}

int nft_hold(struct netlink *owner, const struct network *network, struct error *error)
{
	int result;

	owner->fd = -1;
	if (network->spec->ports.count == 0 && !network->spec->isolate)
		return 0;
	if (netlink_open(owner, NETLINK_NETFILTER, -1, error) < 0)
		return fail(owner, -1, "", error);
	result = make_tables(owner, network);
	return result < 0 ? fail(owner, result, network->container, error) : 0;
}

void nft_release(struct netlink *owner, const struct network *network)
{
	static const uint8_t families[] = { NFPROTO_INET, NFPROTO_BRIDGE };
	struct change change;

	if (owner->fd < 0)
		return;
	for (size_t i = 0; i < COUNT(families); i++) {
		begin_change(&change, owner, network, families[i], network->outer);
		put_table_removal(&change);
		(void)end_change(&change); /* what resists goes with the socket */
	}
	netlink_close(owner);
}

int nft_try(bool isolate)
{
	struct spec_port port = { .protocol = IPPROTO_TCP, .host = 80, .inside = 80, .count = 1 };
	const struct spec spec = { .isolate = isolate, .ports = { &port, 1 } };
	const struct network network = {
		.spec = &spec,
		.container = "doctor",
		.bridge = "sv0",
		.outer = "sv1",
		.uplink = "eth0",
		.folder = -1,
		.gateway = { .family = AF_INET, .prefix = 24, .bytes = { 10, 10, 10, 1 } },
		.address = { .family = AF_INET, .prefix = 24, .bytes = { 10, 10, 10, 2 } },
	};
	struct error ignored = { 0 };
	struct netlink owner = { .fd = -1 };
	int result = nft_set_bridge(&network, &ignored);

	if (result == 0)
		result = nft_hold(&owner, &network, &ignored);
	netlink_close(&owner);
	return result;
}
