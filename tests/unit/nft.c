/* SPDX-License-Identifier: MIT */
/* supervisor/nft.c and nft_blockers.c: what the kernel says of chains, and, as root, what it makes of sv's rules. */
#include "supervisor/nft.h"

#include "init/lib/sys.h"

#include "tap.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

static struct netlink_batch batch;

/* A dump's message about a chain, as the kernel writes it. policy < 0: it says none. */
static struct netlink_reply chain(uint8_t family, const char *table, uint32_t hook, int policy)
{
	const struct nfgenmsg head = { .nfgen_family = family };
	struct netlink_part rest;
	struct netlink_reply reply = { 0 };
	size_t nest;

	netlink_reset(&batch);
	netlink_begin(&batch, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN, 0, &head, sizeof(head));
	netlink_put_string(&batch, NFTA_CHAIN_TABLE, table);
	netlink_put_string(&batch, NFTA_CHAIN_NAME, "FORWARD");
	nest = netlink_nest(&batch, NFTA_CHAIN_HOOK);
	netlink_put_be32(&batch, NFTA_HOOK_HOOKNUM, hook);
	netlink_nest_end(&batch, nest);
	if (policy >= 0)
		netlink_put_be32(&batch, NFTA_CHAIN_POLICY, (uint32_t)policy);
	rest = (struct netlink_part){ batch.bytes, batch.used };
	(void)netlink_next_message(&rest, &reply);
	return reply;
}

static bool blocks(struct netlink_reply reply)
{
	struct nft_blocker blocker;

	return nft_read_chain(&reply, &blocker);
}

static void test_chains(void)
{
	struct netlink_reply reply = chain(NFPROTO_IPV4, "filter", NF_INET_FORWARD, NF_DROP);
	struct nft_blocker blocker;

	ok(nft_read_chain(&reply, &blocker) && strcmp(blocker.table, "filter") == 0 &&
		   strcmp(blocker.chain, "FORWARD") == 0 && blocker.family == NFPROTO_IPV4,
	   "a_chain_that_drops_what_is_forwarded");
	ok(!blocks(chain(NFPROTO_IPV4, "filter", NF_INET_FORWARD, NF_ACCEPT)),
	   "not_one_that_accepts");
	ok(!blocks(chain(NFPROTO_IPV4, "filter", NF_INET_FORWARD, -1)), "nor_one_without_a_policy");
	ok(!blocks(chain(NFPROTO_IPV4, "filter", NF_INET_LOCAL_IN, NF_DROP)),
	   "nor_at_another_hook");
	ok(!blocks(chain(NFPROTO_BRIDGE, "filter", NF_INET_FORWARD, NF_DROP)), "nor_of_a_bridge");
	ok(!blocks(chain(NFPROTO_ARP, "filter", NF_INET_FORWARD, NF_DROP)), "nor_of_arp");
	ok(blocks(chain(NFPROTO_INET, "firewalld", NF_INET_FORWARD, NF_ACCEPT)),
	   "firewalld_whose_last_rule_rejects");
	reply = chain(NFPROTO_IPV4, "filter", NF_INET_FORWARD, NF_DROP);
	reply.type++;
	ok(!blocks(reply), "nor_what_is_no_chain");
	reply = chain(NFPROTO_IPV4, "filter", NF_INET_FORWARD, NF_DROP);
	for (size_t length = 0; length < reply.body.length; length++) {
		struct netlink_reply part = reply;

		part.body.length = length;
		(void)blocks(part); /* the sanitizers look at this one */
	}
	ok(true, "a_message_may_end_anywhere");
}

static void test_way_out(void)
{
	struct nft_blocker blocker = { NFPROTO_IPV6, "filter", "FORWARD", false };
	char text[512];

	is_str(nft_way_out(&blocker, "sv0", text, sizeof(text)),
	       "ip6tables -I FORWARD -i sv0 -j ACCEPT; ip6tables -I FORWARD -o sv0 -j ACCEPT",
	       "of_ip6tables");
	blocker = (struct nft_blocker){ NFPROTO_INET, "fw", "pass", false };
	is_str(nft_way_out(&blocker, "sv0", text, sizeof(text)),
	       "nft insert rule inet fw pass iifname sv0 accept; nft insert rule inet fw pass oifname sv0 accept",
	       "of_nftables");
}

/* The kernel takes every rule, and they are gone with the socket. */
static void test_kernel(void)
{
	if (sys_unshare(CLONE_NEWNET) < 0) {
		ok(true, "the_kernel_takes_the_rules # SKIP not root");
		return;
	}
	if (nft_drop_bridge("sv0") == -EPROTONOSUPPORT) {
		ok(true,
		   "the_kernel_takes_the_rules # SKIP no netfilter sockets here (user-mode emulation)");
		return;
	}
	is_int(nft_try(false), 0, "the_kernel_takes_the_rules");
	is_int(nft_try(true), 0, "and_takes_them_again");
	is_int(nft_drop_bridge("sv0"), 0, "the_bridges_table_can_be_removed");
	is_int(nft_drop_bridge("sv0"), 0, "and_is_no_error_where_there_is_none");
	is_int(nft_find_blockers(NULL, (struct nft_blocker[NFT_BLOCKERS_MAX]){ { 0 } }), 0,
	       "and_nothing_blocks");
}

int main(void)
{
	test_chains();
	test_way_out();
	test_kernel();
	return tap_done();
}
