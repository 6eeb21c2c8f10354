/* SPDX-License-Identifier: MIT */
/* supervisor/resolver.c: what of a machine's resolv.conf a container gets. */
#include "supervisor/resolver.h"

#include "tap.h"

#include <sys/socket.h>

static const struct resolver_reach container = { .loopback = false, .v6 = true };

static void becomes(const char *text, struct resolver_reach reach, const char *wanted,
		    const char *name)
{
	struct resolver resolver;
	char written[4096];

	resolver_read(&resolver, text, strlen(text), reach);
	(void)resolver_write(&resolver, written, sizeof(written));
	is_str(written, wanted, name);
}

static void test_reading(void)
{
	const struct resolver_reach machine = { .loopback = true, .v6 = true };
	const struct resolver_reach only_v4 = { .loopback = false, .v6 = false };

	becomes("# comment\nnameserver 9.9.9.9\n; other\nsearch a.test b.test\noptions edns0 rotate\n",
		container, "nameserver 9.9.9.9\nsearch a.test b.test\noptions edns0 rotate\n",
		"keeps_servers_search_and_options");
	becomes("nameserver 127.0.0.53\nnameserver ::1\nnameserver 192.0.2.1\n", container,
		"nameserver 192.0.2.1\n", "leaves_out_what_is_on_loopback");
	becomes("nameserver 127.0.0.53\n", machine, "nameserver 127.0.0.53\n",
		"but_not_where_loopback_is_reached");
	becomes("nameserver 2001:db8::1\nnameserver 192.0.2.1\n", only_v4, "nameserver 192.0.2.1\n",
		"leaves_out_ipv6_where_there_is_none");
	becomes("nameserver fe80::1%eth0\nnameserver\nnameserver x\nnonsense\n", container, "",
		"leaves_out_what_makes_no_sense");
	becomes("domain old.test\nsearch \t new.test  two.test \r\n", container,
		"search new.test two.test\n", "the_last_search_wins");
	becomes("\tnameserver\t192.0.2.1 trailing", container, "nameserver 192.0.2.1\n",
		"takes_tabs_and_a_missing_newline");
}

static void test_had_loopback(void)
{
	static const char text[] = "nameserver 127.0.0.1\n";
	struct resolver resolver;

	resolver_read(&resolver, text, sizeof(text) - 1, container);
	ok(resolver.had_loopback && resolver.count == 0,
	   "remembers_that_there_was_one_on_loopback");
}

static void test_bounds(void)
{
	char text[8192] = "search ", written[4096];
	struct resolver resolver;
	size_t used = strlen(text);

	while (used < sizeof(text) - 16)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "w%zu.test ", used);
	resolver_read(&resolver, text, used, container);
	ok(strlen(resolver.search) < sizeof(resolver.search) &&
		   strlen(resolver.search) > sizeof(resolver.search) - 32,
	   "keeps_as_many_words_as_fit");
	used = 0;
	for (unsigned i = 1; i < 20; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "nameserver 192.0.2.%u\n", i);
	resolver_read(&resolver, text, used, container);
	is_int(resolver.count, RESOLVER_MAX, "keeps_no_more_servers_than_there_is_room");
	(void)resolver_write(&resolver, written, sizeof(written));
	ok(strstr(written, "192.0.2.8\n") != NULL && strstr(written, "192.0.2.9\n") == NULL,
	   "the_first_ones");
}

static void test_override(void)
{
	struct cidr servers[] = { { .family = AF_INET, .prefix = 32, .bytes = { 1, 1, 1, 1 } } };
	const char *none[] = { "." }, *some[] = { "x.test", "y.test" };
	struct spec spec = { .dns = { servers, 1 }, .dns_search = { none, 1 } };
	static const char text[] = "nameserver 127.0.0.1\nsearch old.test\n";
	struct resolver resolver;
	char written[4096];

	resolver_read(&resolver, text, sizeof(text) - 1, container);
	resolver_override(&resolver, &spec);
	(void)resolver_write(&resolver, written, sizeof(written));
	is_str(written, "nameserver 1.1.1.1\n", "options_take_the_place_of_what_was_read");
	spec.dns_search.rows = some;
	spec.dns_search.count = 2;
	resolver_override(&resolver, &spec);
	is_str(resolver.search, "x.test y.test", "several_domains");
}

int main(void)
{
	test_reading();
	test_had_loopback();
	test_bounds();
	test_override();
	return tap_done();
}
