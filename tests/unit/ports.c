/* SPDX-License-Identifier: MIT */
/* supervisor/values_ports.c and ports.c: what --publish and its kin mean, and that a port is held. */
#include "supervisor/ports.h"

#include "init/lib/fd.h"
#include "supervisor/options.h"

#include "tap.h"

#include <netinet/in.h>
#include <stdlib.h>

static struct spec spec;
static struct error error;

/* One option, on a bridge. */
static int parse(const char *option, const char *text)
{
	char words[6][64] = { "run", "--net", "bridge", "", "", "rootfs" };
	char *argv[7] = { NULL };
	int result;

	(void)snprintf(words[3], sizeof(words[3]), "%s", option);
	(void)snprintf(words[4], sizeof(words[4]), "%s", text);
	for (size_t i = 0; i < 6; i++)
		argv[i] = words[i];
	options_free(&spec);
	error = (struct error){ 0 };
	result = options_parse(&spec, 6, argv, &error);
	return result;
}

static void publishes(const char *text, const char *address, unsigned host, unsigned inside,
		      unsigned count, unsigned protocol)
{
	char printed[CIDR_TEXT_MAX];
	const struct spec_port *port;
	bool good = parse("-p", text) == 0 && spec.ports.count == 1;

	port = good ? &spec.ports.rows[0] : NULL;
	ok(good && strcmp(cidr_print_address(&port->address, printed), address) == 0 &&
		   port->host == host && port->inside == inside && port->count == count &&
		   port->protocol == protocol,
	   "publishes %s", text);
}

static void refuses(const char *option, const char *text, const char *words)
{
	ok(parse(option, text) < 0 && strstr(error.text, words) != NULL, "refuses %s %s", option,
	   text);
}

static void test_publish(void)
{
	publishes("8080:80", "-", 8080, 80, 1, IPPROTO_TCP);
	publishes("1:65535/udp", "-", 1, 65535, 1, IPPROTO_UDP);
	publishes("127.0.0.1:80:81/tcp", "127.0.0.1", 80, 81, 1, IPPROTO_TCP);
	publishes("[2001:db8::1]:80:81", "2001:db8::1", 80, 81, 1, IPPROTO_TCP);
	publishes("0.0.0.0:80:80", "-", 80, 80, 1, IPPROTO_TCP);
	publishes("[::]:80:80", "-", 80, 80, 1, IPPROTO_TCP);
	publishes("8000-8010:9000-9010/udp", "-", 8000, 9000, 11, IPPROTO_UDP);
	publishes("1-256:1-256", "-", 1, 1, 256, IPPROTO_TCP);
	refuses("-p", "1-257:1-257", "more than can be published");
	refuses("-p", "1-65535:1-65535", "more than can be published");
	refuses("-p", "0:1", "out of range");
	refuses("-p", "1:0", "out of range");
	refuses("-p", "65536:1", "out of range");
	refuses("-p", "1:99999999999999999999", "out of range");
	refuses("-p", "5-4:5-4", "out of range");
	refuses("-p", "1-2:1", "different lengths");
	refuses("-p", "", "no pair");
	refuses("-p", ":", "no pair");
	refuses("-p", "::", "an address that is none");
	refuses("-p", "80", "no pair");
	refuses("-p", "80/udp", "no pair");
	refuses("-p", "1:2/", "unknown protocol");
	refuses("-p", "1:2/icmp", "unknown protocol");
	refuses("-p", "-1:2", "no pair");
	refuses("-p", "+1:2", "no pair");
	refuses("-p", "1:2:3:4", "an address that is none");
	refuses("-p", "[::1:80:80", "an address that is none");
	refuses("-p", "[]:80:80", "an address that is none");
	refuses("-p", "[127.0.0.1]:80:80", "an address that is none");
}

static void test_names(void)
{
	ok(parse("--add-host", "db:10.0.0.1") == 0 && spec.hosts.count == 1 &&
		   strcmp(spec.hosts.rows[0].name, "db") == 0,
	   "a_name_and_an_address");
	ok(parse("--add-host", "db:2001:db8::1") == 0 &&
		   spec.hosts.rows[0].address.family == AF_INET6,
	   "an_address_of_ipv6_needs_no_brackets");
	ok(parse("--add-host", "db:[2001:db8::1]") == 0, "and_may_have_them");
	ok(parse("--add-host", "gw:host-gateway") == 0 && spec.hosts.rows[0].address.family == 0,
	   "the_bridge_by_its_word");
	refuses("--add-host", "db", "no name and address");
	refuses("--add-host", "d b:1.1.1.1", "no name and address");
	refuses("--add-host", "db:1.1.1.1.1", "no name and address");
	refuses("--add-host", "db:[", "no name and address");
	refuses("--dns", "1.1.1", "no address");
	refuses("--dns-search", "a b", "no domain");
	refuses("--dns-search", "a\nnameserver", "no domain");
}

/* On loopback, with a number that the kernel says is free. */
static uint16_t free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	FD int fd = sys_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || sys_bind(fd, &address, sizeof(address)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return 0;
	return ntohs(address.sin_port);
}

static void test_holding(void)
{
	struct spec_port row = {
		.address = { .family = AF_INET, .prefix = 32, .bytes = { 127, 0, 0, 1 } },
		.protocol = IPPROTO_TCP,
		.host = free_port(),
		.inside = 80,
		.count = 1
	};
	struct spec two = { .ports = { &row, 1 } };
	struct error failure = { 0 };
	struct ports first, second;

	is_int(ports_hold(&first, &two, &failure), 0, "a_free_port_is_held");
	ok(ports_hold(&second, &two, &failure) < 0 && failure.number == EADDRINUSE &&
		   strstr(failure.text, "cannot publish port") != NULL,
	   "and_then_nobody_else_can_hold_it");
	ports_free(&second);
	ports_free(&first);
	failure = (struct error){ 0 };
	is_int(ports_hold(&second, &two, &failure), 0, "until_it_is_let_go");
	ports_free(&second);
}

int main(void)
{
	test_publish();
	test_names();
	test_holding();
	options_free(&spec);
	return tap_done();
}
