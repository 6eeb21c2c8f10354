/* SPDX-License-Identifier: MIT */
/* supervisor/netlink.c: what is built is what the kernel's headers say, and nothing that comes back is read past its end. */
#include "supervisor/netlink.h"

#include "init/lib/fd.h"

#include "tap.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

static struct netlink_batch batch;

static void test_building(void)
{
	struct ifinfomsg head = { .ifi_index = 7 };
	struct netlink_part rest, attributes, value;
	struct netlink_reply reply;
	struct ifinfomsg again;
	char text[8];
	size_t nest;

	netlink_reset(&batch);
	netlink_begin(&batch, RTM_NEWLINK, NLM_F_ACK, &head, sizeof(head));
	netlink_put_string(&batch, IFLA_IFNAME, "eth0");
	nest = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_string(&batch, IFLA_INFO_KIND, "veth");
	netlink_nest_end(&batch, nest);
	netlink_begin(&batch, RTM_DELLINK, 0, &head, sizeof(head));
	netlink_put_be32(&batch, 9, 0x01020304);

	rest = (struct netlink_part){ batch.bytes, batch.used };
	ok(netlink_next_message(&rest, &reply) && reply.type == RTM_NEWLINK &&
		   reply.flags == (NLM_F_REQUEST | NLM_F_ACK),
	   "a_request_says_that_it_is_one");
	ok(netlink_head(&reply, &again, sizeof(again), &attributes) && again.ifi_index == 7,
	   "the_head_comes_first");
	ok(netlink_find_string(attributes, IFLA_IFNAME, text, sizeof(text)) &&
		   strcmp(text, "eth0") == 0,
	   "a_string_is_found");
	ok(!netlink_find_string(attributes, IFLA_IFNAME, text, 4), "but_not_where_it_doesnt_fit");
	ok(netlink_find(attributes, IFLA_LINKINFO, &value) &&
		   netlink_find_string(value, IFLA_INFO_KIND, text, sizeof(text)) &&
		   strcmp(text, "veth") == 0,
	   "nests_hold_attributes");
	ok(!netlink_find(attributes, IFLA_MTU, &value), "what_isnt_there_isnt_found");
	ok(netlink_next_message(&rest, &reply) && reply.type == RTM_DELLINK &&
		   netlink_head(&reply, &again, sizeof(again), &attributes),
	   "the_second_message_follows");
	ok(attributes.length == 8 && memcmp(attributes.bytes + 4, "\1\2\3\4", 4) == 0,
	   "network_order_is_most_significant_first");
	ok(!netlink_next_message(&rest, &reply) && rest.length == 0, "and_no_third");
}

static void test_overflow(void)
{
	struct netlink netlink = { .fd = -1 };
	struct ifinfomsg head = { 0 };
	static const char kilobyte[1024];

	netlink_reset(&batch);
	netlink_begin(&batch, RTM_NEWLINK, NLM_F_ACK, &head, sizeof(head));
	for (int i = 0; i < 64; i++)
		netlink_put(&batch, 1, kilobyte, sizeof(kilobyte));
	ok(batch.is_over && batch.used <= sizeof(batch.bytes), "a_full_batch_takes_no_more");
	is_int(netlink_send(&netlink, &batch, NULL, NULL), -EMSGSIZE, "and_is_not_sent");
	netlink_reset(&batch);
	netlink_begin(&batch, RTM_NEWLINK, NLM_F_ACK, &head, sizeof(head));
	netlink_put(&batch, 1, kilobyte, 65536);
	ok(batch.is_over, "an_attribute_is_shorter_than_64_kilobytes");
}

/* Lengths that lie. */
static void test_refusing(void)
{
	struct nlmsghdr header = { .nlmsg_len = 20, .nlmsg_type = NLMSG_ERROR };
	struct nlattr attribute = { .nla_len = 3 };
	struct netlink_attribute found;
	struct netlink_reply reply = { .type = NLMSG_ERROR };
	struct netlink_part rest = { (const void *)&header, sizeof(header) };
	struct nlmsgerr outcome = { .error = 5 };
	char reason[NETLINK_REASON_MAX];

	ok(!netlink_next_message(&rest, &reply), "a_message_longer_than_what_came_is_none");
	header.nlmsg_len = 15;
	ok(!netlink_next_message(&rest, &reply), "nor_is_one_shorter_than_its_head");
	rest = (struct netlink_part){ (const void *)&attribute, sizeof(attribute) };
	ok(!netlink_next_attribute(&rest, &found), "an_attribute_has_a_head");
	attribute.nla_len = 5;
	ok(!netlink_next_attribute(&rest, &found), "and_ends_where_the_message_does");
	reply = (struct netlink_reply){ .type = NLMSG_ERROR,
					.body = { (const void *)&outcome, 3 } };
	is_int(netlink_outcome(&reply, reason), -EPROTO, "an_answer_too_short_is_an_error");
	reply.body.length = sizeof(outcome);
	is_int(netlink_outcome(&reply, reason), -EPROTO, "and_so_is_a_positive_errno");
}

static int count_links(const struct netlink_reply *reply, void *data)
{
	struct netlink_part attributes;
	struct ifinfomsg head;

	if (reply->type == RTM_NEWLINK && netlink_head(reply, &head, sizeof(head), &attributes))
		++*(int *)data;
	return 0;
}

static int give_up(const struct netlink_reply *reply, void *data)
{
	(void)reply;
	(void)data;
	return -ENOMEM;
}

/* The kernel itself. */
static void test_asking(void)
{
	struct ifinfomsg head = { .ifi_index = 1 }, none = { .ifi_index = 0x7ffffff0 };
	struct netlink netlink;
	struct error error = { 0 };
	int count = 0;

	ok(netlink_open(&netlink, NETLINK_ROUTE, -1, &error) == 0, "a_socket_opens");
	netlink_reset(&batch);
	netlink_begin(&batch, RTM_GETLINK, NLM_F_DUMP, &(struct ifinfomsg){ 0 }, sizeof(head));
	is_int(netlink_send(&netlink, &batch, count_links, &count), 0, "a_dump_ends");
	ok(count >= 1, "and_has_loopback_at_least");
	is_int(netlink_send(&netlink, &batch, give_up, NULL), -ENOMEM, "a_callback_can_end_it");

	count = 0;
	netlink_reset(&batch);
	netlink_begin(&batch, RTM_GETLINK, NLM_F_ACK, &head, sizeof(head));
	netlink_begin(&batch, RTM_GETLINK, NLM_F_ACK, &none, sizeof(none));
	netlink_begin(&batch, RTM_GETLINK, NLM_F_ACK, &head, sizeof(head));
	is_int(netlink_send(&netlink, &batch, count_links, &count), -ENODEV,
	       "the_first_failure_is_the_result");
	is_int(netlink.failed, 1, "which_names_its_message");
	is_int(count, 1, "what_came_before_it_was_seen");

	count = 0;
	netlink_reset(&batch);
	netlink_begin(&batch, RTM_GETLINK, NLM_F_ACK, &head, sizeof(head));
	is_int(netlink_send(&netlink, &batch, count_links, &count), 0,
	       "answers_of_what_failed_before_disturb_nothing");
	is_int(count, 1, "and_are_not_counted");
	netlink_close(&netlink);
}

static void test_reasons(void)
{
	struct netlink netlink = { .reason = "no such thing" };
	struct error error = { 0 };

	is_int(netlink_fail(&netlink, -EINVAL, &error, "cannot make '%s'", "x"), -EINVAL,
	       "a_failure_keeps_its_number");
	is_str(error.text, "cannot make 'x' (the kernel says: no such thing)",
	       "the_kernels_words_are_passed_on");
}

int main(void)
{
	test_building();
	test_overflow();
	test_refusing();
	test_asking();
	test_reasons();
	return tap_done();
}
