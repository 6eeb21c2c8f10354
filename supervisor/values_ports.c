/* SPDX-License-Identifier: MIT */
/* The options about what a container's network is used for: published ports, names and resolvers. See values.h. */
#include "values.h"

#include "../init/lib/number.h"
#include "part.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define HINT_PUBLISH \
 "[ADDRESS:]PORT:PORT[/udp], the machine's port first: 8080:80, 127.0.0.1:53:53/udp, [::1]:80:80"
#define HINT_PORT "ports are 1 to 65535"

static const char *protocol_name(uint8_t protocol)
{
	return protocol == IPPROTO_UDP ? "udp" : "tcp";
}

/* --- published ports ------------------------------------------------------------------------------------------------ */

/* "80" or "8000-8010" */
struct range {
	uint64_t first, last;
};

static int parse_range(struct part part, struct range *range)
{
	struct part first = { NULL, 0 };
	int result;

	(void)part_next(&part, '-', &first);
	result = number_parse_u64(first.text, first.length, UINT16_MAX, &range->first);
	range->last = range->first;
	if (result == 0 && part.text != NULL)
		result = number_parse_u64(part.text, part.length, UINT16_MAX, &range->last);
	if (result < 0)
		return result;
	return range->first == 0 || range->last < range->first ? -ERANGE : 0;
}

/* Cuts what is behind the last separator off the end of rest; false where there is none. */
static bool part_last(struct part *rest, char separator, struct part *part)
{
	const char *at = memrchr(rest->text, separator, rest->length);

	if (at == NULL)
		return false;
	part->text = at + 1;
	part->length = rest->length - (size_t)(at + 1 - rest->text);
	rest->length = (size_t)(at - rest->text);
	return true;
}

static int parse_protocol(struct part part, uint8_t *protocol)
{
	if (part_is(part, "tcp"))
		*protocol = IPPROTO_TCP;
	else if (part_is(part, "udp"))
		*protocol = IPPROTO_UDP;
	else
		return -EINVAL;
	return 0;
}

/* An address of IPv6 stands in brackets. Every address of a family is as good as none, and means both. */
static int parse_address(struct part part, struct cidr *address)
{
	static const uint8_t any[16];
	bool has_brackets =
		part.length > 2 && part.text[0] == '[' && part.text[part.length - 1] == ']';
	int result;

	if (has_brackets)
		part = (struct part){ part.text + 1, part.length - 2 };
	result = cidr_parse_address(part.text, part.length, address);
	if (result == 0 && has_brackets != (address->family == AF_INET6))
		return -EINVAL;
	if (result == 0 && memcmp(address->bytes, any, cidr_size(address)) == 0)
		address->family = 0;
	return result;
}

static uint32_t count_ports(const struct spec *spec)
{
	uint32_t count = 0;

	for (size_t i = 0; i < spec->ports.count; i++)
		count += spec->ports.rows[i].count;
	return count;
}

int values_set_publish(const struct value *value)
{
	struct part rest = part_of(value->text), inside = { NULL, 0 }, host, word;
	struct spec_port port = { .protocol = IPPROTO_TCP }, *row;
	struct range from, to;
	int result;

	if (part_last(&rest, '/', &word) && parse_protocol(word, &port.protocol) < 0)
		return values_refuse(value, "has an unknown protocol", "tcp or udp");
	if (!part_last(&rest, ':', &inside))
		return values_refuse(value, "is no pair of ports", HINT_PUBLISH);
	host = rest;
	if (part_last(&rest, ':', &host) && parse_address(rest, &port.address) < 0)
		return values_refuse(value, "has an address that is none", HINT_PUBLISH);
	result = parse_range(host, &from);
	if (result == 0)
		result = parse_range(inside, &to);
	if (result < 0)
		return values_refuse(value,
				     result == -ERANGE ? "has a port out of range"
						       : "is no pair of ports",
				     result == -ERANGE ? HINT_PORT : HINT_PUBLISH);
	if (from.last - from.first != to.last - to.first)
		return values_refuse(value, "has ranges of different lengths",
				     "as many ports as are published: 8000-8010:9000-9010");
	port.host = (uint16_t)from.first;
	port.inside = (uint16_t)to.first;
	port.count = (uint16_t)(from.last - from.first + 1);
	if (from.last - from.first >= SPEC_PORTS_MAX ||
	    count_ports(value->spec) + port.count > SPEC_PORTS_MAX)
		return values_refuse(value, "is more than can be published", "256 ports in all");
	row = ARENA_APPEND(&value->spec->arena, &value->spec->ports);
	if (row == NULL)
		return values_no_memory(value);
	*row = port;
	return 0;
}

static bool do_collide(const struct spec_port *one, const struct spec_port *other)
{
	return one->protocol == other->protocol && one->host < other->host + other->count &&
	       other->host < one->host + one->count &&
	       (one->address.family == 0 || other->address.family == 0 ||
		cidr_same_address(&one->address, &other->address));
}

static int check_duplicates(const struct spec *spec, struct error *error)
{
	for (size_t i = 0; i < spec->ports.count; i++) {
		const struct spec_port *port = &spec->ports.rows[i];

		for (size_t j = 0; j < i; j++)
			if (do_collide(port, &spec->ports.rows[j]))
				return error_set(error, 0, "--publish: port %u/%s is there twice",
						 port->host > spec->ports.rows[j].host
							 ? port->host
							 : spec->ports.rows[j].host,
						 protocol_name(port->protocol));
	}
	return 0;
}

/* --- names and resolvers -------------------------------------------------------------------------------------------- */

int values_set_dns(const struct value *value)
{
	struct cidr address, *row;

	if (cidr_parse_address(value->text, strlen(value->text), &address) < 0)
		return values_refuse(value, "is no address", "one address: 9.9.9.9, 2620:fe::fe");
	row = ARENA_APPEND(&value->spec->arena, &value->spec->dns);
	if (row == NULL)
		return values_no_memory(value);
	*row = address;
	return 0;
}

/* Names are only held to what would end a line or a word of the files that they go into. */
static bool is_name(const char *text)
{
	size_t length = strlen(text);

	for (const char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f || *at == '#')
			return false;
	return length > 0 && length <= 253; /* RFC 1035 */
}

int values_set_dns_search(const struct value *value)
{
	if (!is_name(value->text))
		return values_refuse(value, "is no domain", "one name: example.org; '.' for none");
	return values_set_strings(value);
}

/* "NAME:ADDRESS", with or without brackets around one of IPv6; "host-gateway" is Docker's word for the bridge's own. */
int values_set_add_host(const struct value *value)
{
	struct part rest = part_of(value->text), name = { NULL, 0 };
	struct spec_host host = { .name = NULL }, *row;

	(void)part_next(&rest, ':', &name);
	if (rest.text != NULL && rest.length > 2 && rest.text[0] == '[' &&
	    rest.text[rest.length - 1] == ']')
		rest = (struct part){ rest.text + 1, rest.length - 2 };
	host.name = arena_copy(&value->spec->arena, name.text, name.length);
	if (host.name == NULL)
		return values_no_memory(value);
	if (!is_name(host.name) || rest.text == NULL ||
	    (!part_is(rest, "host-gateway") &&
	     cidr_parse_address(rest.text, rest.length, &host.address) < 0))
		return values_refuse(value, "is no name and address",
				     "NAME:ADDRESS, as in db:10.0.0.5; host-gateway is the bridge");
	row = ARENA_APPEND(&value->spec->arena, &value->spec->hosts);
	if (row == NULL)
		return values_no_memory(value);
	*row = host;
	return 0;
}

/* --- all together ------------------------------------------------------------------------------------------------------ */

static int refuse_without(const char *option, const char *why, const char *hint,
			  struct error *error)
{
	return error_hint(error, error_set(error, 0, "%s: %s", option, why), "%s", hint);
}

static bool has_gateway_host(const struct spec *spec)
{
	for (size_t i = 0; i < spec->hosts.count; i++)
		if (spec->hosts.rows[i].address.family == 0)
			return true;
	return false;
}

int values_check_ports(const struct spec *spec, struct error *error)
{
	bool has_files = spec->dns.count > 0 || spec->dns_search.count > 0 || spec->hosts.count > 0;

	if (spec->ports.count > 0 && spec->net == SPEC_NET_HOST)
		return refuse_without("--publish", "with --net host every port is the machine's",
				      "leave it out", error);
	if (spec->ports.count > 0 && spec->net != SPEC_NET_BRIDGE && spec->net != SPEC_NET_USER)
		return refuse_without("--publish", "this network has no ports to be published",
				      "--net bridge, or --net user", error);
	if (spec->isolate && spec->net != SPEC_NET_BRIDGE)
		return refuse_without("--isolate", "there is no bridge to be isolated on",
				      "--net bridge", error);
	if (has_files && spec->net == SPEC_NET_NONE)
		return refuse_without(spec->hosts.count > 0 ? "--add-host" : "--dns",
				      "there is no network to use it", "--net bridge", error);
	if (has_gateway_host(spec) && spec->net != SPEC_NET_BRIDGE)
		return refuse_without("--add-host", "'host-gateway' is the bridge's address",
				      "--net bridge", error);
	return check_duplicates(spec, error);
}
