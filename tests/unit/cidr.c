/* SPDX-License-Identifier: MIT */
/* supervisor/cidr.c: forms, what lies in a subnet, and the hosts that it has room for. */
#include "supervisor/cidr.h"

#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>

static struct cidr cidr_of(const char *text)
{
	struct cidr cidr = { 0 };

	(void)cidr_parse(text, strlen(text), &cidr);
	return cidr;
}

static struct cidr address_of(const char *text)
{
	struct cidr cidr = { 0 };

	(void)cidr_parse_address(text, strlen(text), &cidr);
	return cidr;
}

static void round_trip(const char *text, const char *wanted)
{
	struct cidr cidr = cidr_of(text);
	char printed[CIDR_TEXT_MAX];

	is_str(cidr_print(&cidr, printed), wanted, text);
}

static void refuses(const char *text, int result)
{
	struct cidr cidr = { .family = 77 };

	ok(cidr_parse(text, strlen(text), &cidr) == result && cidr.family == 77, "refuses '%s'",
	   text);
}

static void host(const char *subnet, uint32_t number, const char *wanted)
{
	struct cidr in = cidr_of(subnet);
	struct cidr found = cidr_host(&in, number);
	char printed[CIDR_TEXT_MAX];

	is_str(cidr_print(&found, printed), wanted, subnet);
}

static void hosts(const char *subnet, uint32_t wanted)
{
	struct cidr in = cidr_of(subnet);

	is_int(cidr_hosts(&in), wanted, subnet);
}

static void overlap(const char *one, const char *other, bool wanted)
{
	struct cidr a = cidr_of(one), b = cidr_of(other);

	ok(cidr_overlaps(&a, &b) == wanted && cidr_overlaps(&b, &a) == wanted, "%s and %s %s", one,
	   other, wanted ? "overlap" : "do_not_overlap");
}

static void is_host(const char *subnet, const char *address, bool wanted)
{
	struct cidr in = cidr_of(subnet), of = address_of(address);

	ok(cidr_is_host(&in, &of) == wanted, "%s %s a host of %s", address,
	   wanted ? "is" : "is_not", subnet);
}

static void test_forms(void)
{
	round_trip("10.10.10.1/24", "10.10.10.1/24");
	round_trip("0.0.0.0/0", "0.0.0.0/0");
	round_trip("255.255.255.255/32", "255.255.255.255/32");
	round_trip("fd00::1/64", "fd00::1/64");
	round_trip("FD00:0:0::0001/128", "fd00::1/128");
	refuses("", -EINVAL);
	refuses("/24", -EINVAL);
	refuses("10.10.10.1", -EINVAL);
	refuses("10.10.10.1/", -EINVAL);
	refuses("10.10.10.1/33", -ERANGE);
	refuses("10.10.10.1/-1", -EINVAL);
	refuses("10.10.10.1/24 ", -EINVAL);
	refuses("10.10.10.1/24/24", -EINVAL);
	refuses("10.10.10/24", -EINVAL);
	refuses("10.10.10.256/24", -EINVAL);
	refuses("010.10.10.1/24", -EINVAL);
	refuses("0x0a.10.10.1/24", -EINVAL);
	refuses("10.10.10.1.1/24", -EINVAL);
	refuses(" 10.10.10.1/24", -EINVAL);
	refuses("fd00::1/129", -ERANGE);
	refuses("fd00:::1/64", -EINVAL);
	refuses("fd00::1%eth0/64", -EINVAL);
	refuses("1111111111111111111111111111111111111111111111111111111111111111111:/1", -EINVAL);
	ok(cidr_parse("10.10.10.1\0/24", 14, &(struct cidr){ 0 }) == -EINVAL,
	   "refuses_a_nul_in_the_middle");
	ok(address_of("10.1.2.3").prefix == 32 && address_of("::1").prefix == 128,
	   "an_address_is_its_own_subnet");
}

static void test_subnets(void)
{
	overlap("10.10.10.0/24", "10.10.10.128/25", true);
	overlap("10.10.10.0/24", "10.10.11.0/24", false);
	overlap("10.10.10.1/23", "10.10.11.1/24", true);
	overlap("0.0.0.0/0", "192.168.1.0/24", true);
	overlap("fd00::/64", "fd00:0:0:1::/64", false);
	overlap("fd00::/63", "fd00:0:0:1::/64", true);
	overlap("10.0.0.0/8", "fd00::/8", false);
	is_host("10.10.10.1/24", "10.10.10.2", true);
	is_host("10.10.10.1/24", "10.10.10.254", true);
	is_host("10.10.10.1/24", "10.10.10.0", false);
	is_host("10.10.10.1/24", "10.10.10.255", false);
	is_host("10.10.10.1/24", "10.10.11.2", false);
	is_host("10.10.10.1/31", "10.10.10.1", false);
	is_host("fd00::1/64", "fd00::ffff", true);
	is_host("fd00::1/64", "fd00::", false);
	is_host("fd00::1/64", "10.10.10.2", false);
	hosts("10.10.10.1/24", 254);
	hosts("10.10.10.1/30", 2);
	hosts("10.10.10.1/31", 0);
	hosts("10.10.10.1/32", 0);
	hosts("0.0.0.0/0", 4294967294);
	hosts("fd00::1/64", 4294967295);
	hosts("fd00::1/126", 3);
	hosts("fd00::1/128", 0);
	host("10.10.10.1/24", 1, "10.10.10.1/24");
	host("10.10.10.77/24", 254, "10.10.10.254/24");
	host("10.10.10.77/22", 1022, "10.10.11.254/22");
	host("172.16.5.1/20", 0, "172.16.0.0/20");
	host("fd00::5:1/112", 65535, "fd00::5:ffff/112");
	host("fd00::1/64", 4294967295, "fd00::ffff:ffff/64");
}

int main(void)
{
	test_forms();
	test_subnets();
	return tap_done();
}
