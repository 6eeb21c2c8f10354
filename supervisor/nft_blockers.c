/* SPDX-License-Identifier: MIT */
/*
 * Other people's rules, which sv reads and never writes: a packet has to pass every chain at the forward hook, so one whose
 * policy is to drop (Docker's, ufw's, `iptables -P FORWARD DROP`) keeps a bridge's containers from the outside, whatever
 * sv's own chain says.
 */
#include "nft.h"

#include "../init/lib/fd.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE(type) ((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (type)))

struct search {
	struct nft_blocker *blockers;
	size_t count;
	struct netlink_part wanted; /* the bytes of a link's name, with the NUL */
	bool is_found;
};

/* firewalld's chain has no such policy: it ends with a rule that rejects what no zone accepts. */
static bool is_refusing(uint32_t policy, const char *table)
{
	return policy == NF_DROP || strcmp(table, "firewalld") == 0;
}

bool nft_read_chain(const struct netlink_reply *reply, struct nft_blocker *blocker)
{
	struct netlink_part attributes, hook;
	struct nfgenmsg head;
	uint32_t number = 0, policy = NF_ACCEPT;

	*blocker = (struct nft_blocker){ 0 };
	if (reply->type != MESSAGE(NFT_MSG_NEWCHAIN) ||
	    !netlink_head(reply, &head, sizeof(head), &attributes) ||
	    !netlink_find(attributes, NFTA_CHAIN_HOOK, &hook) ||
	    !netlink_find_be32(hook, NFTA_HOOK_HOOKNUM, &number) || number != NF_INET_FORWARD ||
	    !netlink_find_string(attributes, NFTA_CHAIN_TABLE, blocker->table, NFT_NAME_MAX) ||
	    !netlink_find_string(attributes, NFTA_CHAIN_NAME, blocker->chain, NFT_NAME_MAX))
		return false;
	(void)netlink_find_be32(attributes, NFTA_CHAIN_POLICY, &policy);
	blocker->family = head.nfgen_family;
	/* A bridge's own hook sees no packet that is routed. */
	return (head.nfgen_family == NFPROTO_INET || head.nfgen_family == NFPROTO_IPV4 ||
		head.nfgen_family == NFPROTO_IPV6) &&
	       is_refusing(policy, blocker->table);
}

/* A dump that was disturbed is given again from its beginning. */
static bool is_known(const struct search *search, const struct nft_blocker *blocker)
{
	for (size_t i = 0; i < search->count; i++)
		if (memcmp(&search->blockers[i], blocker, sizeof(*blocker)) == 0)
			return true;
	return false;
}

static int take_chain(const struct netlink_reply *reply, void *data)
{
	struct search *search = data;
	struct nft_blocker blocker;

	if (nft_read_chain(reply, &blocker) && search->count < NFT_BLOCKERS_MAX &&
	    !is_known(search, &blocker))
		search->blockers[search->count++] = blocker;
	return 0;
}

static int take_rule(const struct netlink_reply *reply, void *data)
{
	struct search *search = data;

	search->is_found = search->is_found || memmem(reply->body.bytes, reply->body.length,
						      search->wanted.bytes, search->wanted.length);
	return 0;
}

/* A rule that compares with the link's name has it in its bytes, whoever wrote it. */
static bool is_named(struct netlink *netlink, const struct nft_blocker *blocker, const char *bridge)
{
	const struct nfgenmsg head = { .nfgen_family = blocker->family, .version = NFNETLINK_V0 };
	struct search search = {
		.wanted = { (const unsigned char *)bridge, strlen(bridge) + 1 },
	};
	struct netlink_batch batch;

	netlink_reset(&batch);
	netlink_begin(&batch, MESSAGE(NFT_MSG_GETRULE), NLM_F_DUMP, &head, sizeof(head));
	netlink_put_string(&batch, NFTA_RULE_TABLE, blocker->table);
	return netlink_send(netlink, &batch, take_rule, &search) == 0 && search.is_found;
}

/* --- iptables before nf_tables ------------------------------------------------------------------------------------------ */

/* linux/netfilter_ipv4/ip_tables.h, which no other libc's headers can stand beside. */
#define LEGACY_GET_INFO    64 /* IPT_SO_GET_INFO */
#define LEGACY_GET_ENTRIES 65 /* IPT_SO_GET_ENTRIES */
#define LEGACY_TARGET      88 /* where struct ipt_entry has target_offset */
#define LEGACY_VERDICT     32 /* from there to xt_standard_target's verdict */
#define LEGACY_MAX         (4U << 20)

struct legacy_info {
	char name[32];
	uint32_t hooks, entry[5], underflow[5], count, size;
};

struct legacy_entries {
	char name[32];
	uint32_t size;
	_Alignas(8) unsigned char bytes[];
};

_Static_assert(sizeof(struct legacy_info) == 84, "struct ipt_getinfo");
_Static_assert(offsetof(struct legacy_entries, bytes) == 40, "struct ipt_get_entries");

/* A chain's policy is the verdict of its last entry: -NF_DROP - 1 for drop. */
static bool legacy_drops(const struct legacy_info *info, const unsigned char *bytes)
{
	uint32_t at = info->underflow[NF_INET_FORWARD];
	uint16_t target;
	int32_t verdict;

	if (at > info->size || info->size - at < LEGACY_TARGET + sizeof(target))
		return false;
	memcpy(&target, bytes + at + LEGACY_TARGET, sizeof(target));
	if (info->size - at < (uint32_t)target + LEGACY_VERDICT + sizeof(verdict))
		return false;
	memcpy(&verdict, bytes + at + target + LEGACY_VERDICT, sizeof(verdict));
	return verdict == -NF_DROP - 1;
}

/* The table is only asked for where it is loaded: asking would load it. */
static bool has_legacy_filter(void)
{
	FD int fd = sys_openat(AT_FDCWD, "/proc/net/ip_tables_names", O_RDONLY | O_CLOEXEC, 0);
	char text[256] = "\n";
	ssize_t got = fd < 0 ? fd : sys_read(fd, text + 1, sizeof(text) - 2);

	return got > 0 && strstr(text, "\nfilter\n") != NULL;
}

static void find_legacy(const char *bridge, struct search *search)
{
	FD int fd = -1;
	struct legacy_info info = { .name = "filter" };
	struct legacy_entries *entries;

	if (search->count >= NFT_BLOCKERS_MAX || !has_legacy_filter())
		return;
	fd = sys_socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0 || sys_getsockopt(fd, IPPROTO_IP, LEGACY_GET_INFO, &info, sizeof(info)) < 0 ||
	    info.size > LEGACY_MAX)
		return;
	entries = calloc(1, sizeof(*entries) + info.size);
	if (entries == NULL)
		return;
	memcpy(entries->name, info.name, sizeof(entries->name));
	entries->size = info.size;
	if (sys_getsockopt(fd, IPPROTO_IP, LEGACY_GET_ENTRIES, entries,
			   (unsigned)sizeof(*entries) + info.size) == 0 &&
	    legacy_drops(&info, entries->bytes) &&
	    (bridge == NULL ||
	     memmem(entries->bytes, info.size, bridge, strlen(bridge) + 1) == NULL))
		search->blockers[search->count++] =
			(struct nft_blocker){ NFPROTO_IPV4, "filter", "FORWARD",
					      .is_legacy = true };
	free(entries);
}

/* --- all of them -------------------------------------------------------------------------------------------------------- */

int nft_find_blockers(const char *bridge, struct nft_blocker blockers[NFT_BLOCKERS_MAX])
{
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 };
	struct search search = { .blockers = blockers };
	struct error ignored = { 0 };
	struct netlink netlink;
	struct netlink_batch batch;
	size_t kept = 0;
	int result = netlink_open(&netlink, NETLINK_NETFILTER, -1, &ignored);

	if (result < 0)
		return result;
	netlink_reset(&batch);
	netlink_begin(&batch, MESSAGE(NFT_MSG_GETCHAIN), NLM_F_DUMP, &head, sizeof(head));
	result = netlink_send(&netlink, &batch, take_chain, &search);
	for (size_t i = 0; result == 0 && i < search.count; i++)
		if (bridge == NULL || !is_named(&netlink, &blockers[i], bridge))
			blockers[kept++] = blockers[i];
	netlink_close(&netlink);
	if (result < 0)
		return result;
	search.count = kept;
	find_legacy(bridge, &search);
	return (int)search.count;
}

static const char *family_name(uint8_t family)
{
	return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "inet";
}

const char *nft_way_out(const struct nft_blocker *blocker, const char *bridge, char *text,
			size_t size)
{
	const char *family = family_name(blocker->family), *table = blocker->table,
		   *chain = blocker->chain;
	const char *iptables = blocker->family == NFPROTO_IPV6 ? "ip6tables"
			       : blocker->is_legacy            ? "iptables-legacy"
							       : "iptables";

	if (strcmp(table, "firewalld") == 0)
		(void)snprintf(text, size, "firewall-cmd --zone=trusted --add-interface=%s",
			       bridge);
	else if (strcmp(table, "filter") == 0 && strcmp(chain, "FORWARD") == 0)
		(void)snprintf(text, size,
			       "%s -I FORWARD -i %s -j ACCEPT; %s -I FORWARD -o %s -j ACCEPT",
			       iptables, bridge, iptables, bridge);
	else
		(void)snprintf(text, size,
			       "nft insert rule %s %s %s iifname %s accept; "
			       "nft insert rule %s %s %s oifname %s accept",
			       family, table, chain, bridge, family, table, chain, bridge);
	return text;
}
