/* SPDX-License-Identifier: MIT */
/* What the files of a network say: records of containers, and of switches that are to be put back. */
#include "supervisor/network_internal.h"

#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>

static void test_records(void)
{
	struct network_lease lease;
	char text[CIDR_TEXT_MAX];

	ok(lease_parse(
		   "container web\nlink sv0123\naddress 10.10.10.2\naddress6 fd00::2\nport 80\n",
		   &lease),
	   "a_record_is_read");
	is_str(lease.container, "web", "whose_it_is");
	is_str(lease.outer, "sv0123", "its_link");
	is_str(cidr_print_address(&lease.address, text), "10.10.10.2", "its_address");
	is_str(cidr_print_address(&lease.address6, text), "fd00::2", "and_the_other");
	ok(strstr(lease.record, "port 80") != NULL, "what_others_wrote_is_there");
	ok(lease_parse("container web", &lease) && lease.address.family == 0,
	   "a_container_may_have_no_address");
	ok(!lease_parse("", &lease), "an_empty_file_is_nobodys");
	ok(!lease_parse("link sv0\naddress 10.10.10.2\n", &lease), "nor_is_one_without_a_name");
	ok(!lease_parse("container web\naddress fd00::2\n", &lease), "an_address_is_of_its_family");
	ok(lease_parse("container web\nlink a-name-of-sixteen\naddress x\n", &lease) &&
		   lease.outer[0] == '\0' && lease.address.family == 0,
	   "what_cant_be_is_passed_over");
	ok(!lease_parse("container "
			"a234567890123456789012345678901234567890123456789012345678901234x\n",
			&lease),
	   "a_name_too_long_is_none");
}

static void test_record_overflow(void)
{
	static struct network network = { .container = "web" };
	struct error error = { 0 };
	int result = 0;

	is_int(network_record(&network, &error, "container %s", "web"), 0, "a_line_is_added");
	is_str(network.record, "container web\n", "with_its_end");
	for (int i = 0; result == 0 && i < 1000; i++)
		result = network_record(&network, &error, "port 10.10.10.2 8080:80/tcp");
	is_int(result, -ENOSPC, "a_record_has_an_end");
	ok(error_is_set(&error) && network.record[strlen(network.record) - 1] == '\n',
	   "and_holds_whole_lines");
}

static bool parses(const char *line, struct forward_line *row)
{
	return forward_parse(line, strlen(line), row);
}

static void test_switches(void)
{
	struct forward_line row = { 0 };

	ok(parses("ipv4/conf/eth0/forwarding 0 1 0", &row) && row.before == 0 && row.after == 1 &&
		   row.all == 0,
	   "a_switch_is_read");
	is_str(row.key, "ipv4/conf/eth0/forwarding", "with_its_key");
	ok(!parses("", &row), "an_empty_line_is_none");
	ok(!parses("ipv4/conf/eth0/forwarding 0 1", &row), "nor_is_half_of_one");
	ok(!parses("ipv4/conf/eth0/forwarding 0 1 0 0", &row), "nor_one_with_more");
	ok(!parses("../kernel/core_pattern 0 1 0", &row), "it_leads_nowhere_else");
	ok(!parses("ipv4/conf/eth0/forwarding -1 1 0", &row), "numbers_are_small");
}

int main(void)
{
	test_records();
	test_record_overflow();
	test_switches();
	return tap_done();
}
