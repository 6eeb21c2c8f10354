/* SPDX-License-Identifier: MIT */
/* The values of the network's options: see values.h. What they look like is checked here, what is there by network.c. */
#include "values.h"

#include "../init/lib/number.h"
#include "part.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#define HINT_MODES \
 "none (the default), bridge, bridge:NAME, host, user, container:NAME, ns:PATH, macvlan:LINK"
#define HINT_LINK "1 to 15 bytes without spaces, '/', ':' and '%', as in eth0"

/* What a link may be called: dev_valid_name() of the kernel's, without what it would make a number of. */
static bool is_link_name(const char *text)
{
	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0 || strlen(text) >= IFNAMSIZ)
		return false;
	for (const char *at = text; *at != '\0'; at++)
		if (*at <= ' ' || *at > '~' || strchr("/:%", *at) != NULL)
			return false;
	return text[0] != '\0';
}

static int set_name(const struct value *value, enum spec_net_mode mode, const char *name)
{
	bool is_link = mode == SPEC_NET_BRIDGE || mode == SPEC_NET_MACVLAN;

	if (name[0] == '\0')
		return values_refuse(value, "lacks what is behind the colon", HINT_MODES);
	if (is_link && !is_link_name(name))
		return values_refuse(value, "names no link", HINT_LINK);
	/* it is the name of a file in sv's folder */
	if (mode == SPEC_NET_CONTAINER &&
	    values_set_name(&(struct value){ .where = value->where,
					     .text = name,
					     .field = &(const char *){ NULL },
					     .error = value->error }) < 0)
		return -EINVAL;
	value->spec->net_name = name;
	return 0;
}

/* The words of --net. A colon and a name behind it: must be, may be. */
static const struct {
	const char *word;
	enum spec_net_mode mode;
	bool must_name, may_name;
} modes[] = {
	{ "none", SPEC_NET_NONE, false, false },         { "private", SPEC_NET_NONE, false, false },
	{ "bridge", SPEC_NET_BRIDGE, false, true },      { "host", SPEC_NET_HOST, false, false },
	{ "container", SPEC_NET_CONTAINER, true, true }, { "ns", SPEC_NET_PATH, true, true },
	{ "macvlan", SPEC_NET_MACVLAN, true, true },     { "user", SPEC_NET_USER, false, false },
};

int values_set_net(const struct value *value)
{
	struct part rest = part_of(value->text), word = { NULL, 0 };
	struct spec *spec = value->spec;

	(void)part_next(&rest, ':', &word);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		bool has_name = rest.text != NULL;

		if (!part_is(word, modes[i].word))
			continue;
		if (has_name ? !modes[i].may_name : modes[i].must_name)
			break;
		spec->net = modes[i].mode;
		spec->net_name = NULL;
		/* no namespace is made: it is somebody else's */
		spec->host_namespace[SPEC_NET] = spec->net == SPEC_NET_HOST ||
						 spec->net == SPEC_NET_CONTAINER ||
						 spec->net == SPEC_NET_PATH;
		return has_name ? set_name(value, spec->net, rest.text) : 0;
	}
	return values_refuse(value, "is none of the choices", HINT_MODES);
}

int values_set_link(const struct value *value)
{
	if (!is_link_name(value->text))
		return values_refuse(value, "is no link's name", HINT_LINK);
	*(const char **)value->field = value->text;
	return 0;
}

/* An address that a host may have: not "any", not loopback, not a group's, and not one that every link has. */
static bool is_usable(const struct cidr *cidr)
{
	static const uint8_t zeros[16];
	const uint8_t *bytes = cidr->bytes;

	if (cidr->family == AF_INET)
		return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224;
	return memcmp(bytes, zeros, 15) != 0 && bytes[0] != 0xff &&
	       !(bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);
}

int values_set_subnet(const struct value *value)
{
	bool is_4 = value->min == 4;
	const char *example = is_4 ? "the bridge's own address and the subnet, as in 10.10.10.1/24"
				   : "the bridge's own address and the subnet, as in fd00:10::1/64";
	unsigned longest = is_4 ? 30 : 126;
	struct cidr cidr;

	if (cidr_parse(value->text, strlen(value->text), &cidr) < 0 ||
	    cidr.family != (is_4 ? AF_INET : AF_INET6))
		return values_refuse(value,
				     is_4 ? "is no IPv4 address with a prefix"
					  : "is no IPv6 address with a prefix",
				     example);
	if (cidr.prefix < 8 || cidr.prefix > longest)
		return values_refuse(value, "is no subnet with room for containers",
				     is_4 ? "a prefix of 8 to 30" : "a prefix of 8 to 126");
	if (!is_usable(&cidr) || !cidr_is_host(&cidr, &cidr))
		return values_refuse(value, "has no address that a host can have", example);
	*(struct cidr *)value->field = cidr;
	return 0;
}

int values_set_address(const struct value *value)
{
	bool is_4 = value->min == 4;
	struct cidr address;

	if (cidr_parse_address(value->text, strlen(value->text), &address) < 0 ||
	    address.family != (is_4 ? AF_INET : AF_INET6))
		return values_refuse(value, is_4 ? "is no IPv4 address" : "is no IPv6 address",
				     is_4 ? "as in 10.10.10.7" : "as in fd00:10::7");
	if (!is_usable(&address))
		return values_refuse(value, "is no address that a host can have",
				     is_4 ? "as in 10.10.10.7" : "as in fd00:10::7");
	*(struct cidr *)value->field = address;
	return 0;
}

int values_set_mac(const struct value *value)
{
	struct part rest = part_of(value->text), byte;
	uint8_t mac[6];
	size_t count = 0;
	bool is_zero = true;

	while (part_next(&rest, ':', &byte)) {
		uint64_t number;

		if (count == sizeof(mac) || byte.length != 2 ||
		    number_parse_hex(byte.text, byte.length, UINT8_MAX, &number) < 0)
			return values_refuse(value, "is no hardware address",
					     "six bytes, as in 02:73:00:00:00:07");
		mac[count++] = (uint8_t)number;
		is_zero &= number == 0;
	}
	if (count != sizeof(mac))
		return values_refuse(value, "is no hardware address",
				     "six bytes, as in 02:73:00:00:00:07");
	if ((mac[0] & 1) != 0 || is_zero)
		return values_refuse(value, "is the address of no single link",
				     "the first byte is even, as in 02:73:00:00:00:07");
	memcpy(value->spec->mac, mac, sizeof(mac));
	value->spec->has_mac = true;
	return 0;
}

/* --- what belongs together ------------------------------------------------------------------------------------------- */

static int need_mode(const char *option, const char *modes_text, struct error *error)
{
	return error_hint(error,
			  error_set(error, 0, "--%s is of no use without such a network", option),
			  "it goes with %s", modes_text);
}

int values_check_network(struct spec *spec, struct error *error)
{
	bool is_macvlan = spec->net == SPEC_NET_MACVLAN;

	if (spec->bridge != NULL) {
		if (spec->net == SPEC_NET_NONE)
			spec->net = SPEC_NET_BRIDGE;
		if (spec->net != SPEC_NET_BRIDGE)
			return need_mode("bridge", "--net bridge", error);
		if (spec->net_name != NULL && strcmp(spec->net_name, spec->bridge) != 0)
			return error_set(error, 0,
					 "--bridge '%s' and --net bridge:%s are two bridges",
					 spec->bridge, spec->net_name);
		spec->net_name = spec->bridge;
	}
	if (spec->net == SPEC_NET_BRIDGE)
		return 0;
	if (spec->bridge_addr.family != 0 || spec->bridge_addr6.family != 0)
		return need_mode(spec->bridge_addr.family != 0 ? "bridge-addr" : "bridge-addr6",
				 "--net bridge", error);
	if (spec->ip.family != 0 && !is_macvlan)
		return need_mode("ip", "--net bridge and --net macvlan:LINK", error);
	if (spec->ip6.family != 0)
		return need_mode("ip6", "--net bridge", error);
	return spec->has_mac && !is_macvlan
		       ? need_mode("mac-address", "--net bridge and --net macvlan:LINK", error)
		       : 0;
}
