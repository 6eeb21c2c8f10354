/* SPDX-License-Identifier: MIT */
/* See cidr.h. inet_pton(3) takes no zeros in front, no hexadecimal and no missing parts: what it takes is the one form. */
#include "cidr.h"

#include "../init/lib/number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

size_t cidr_size(const struct cidr *cidr)
{
	return cidr->family == AF_INET ? 4 : 16;
}

static unsigned bits_of(const struct cidr *cidr)
{
	return cidr->family == AF_INET ? 32 : 128;
}

int cidr_parse_address(const char *text, size_t length, struct cidr *address)
{
	char copy[CIDR_TEXT_MAX];
	struct cidr found = { .family = memchr(text, ':', length) == NULL ? AF_INET : AF_INET6 };

	if (length >= sizeof(copy) || memchr(text, '\0', length) != NULL)
		return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (inet_pton(found.family, copy, found.bytes) != 1)
		return -EINVAL;
	found.prefix = bits_of(&found);
	*address = found;
	return 0;
}

int cidr_parse(const char *text, size_t length, struct cidr *cidr)
{
	const char *slash = memchr(text, '/', length);
	struct cidr found = { 0 };
	size_t before = slash == NULL ? 0 : (size_t)(slash - text);
	uint64_t prefix = 0;
	int result;

	if (slash == NULL || cidr_parse_address(text, before, &found) < 0)
		return -EINVAL;
	result = number_parse_u64(slash + 1, length - before - 1, bits_of(&found), &prefix);
	if (result < 0)
		return result;
	found.prefix = (unsigned)prefix;
	*cidr = found;
	return 0;
}

const char *cidr_print_address(const struct cidr *cidr, char text[CIDR_TEXT_MAX])
{
	if (cidr->family == 0 || inet_ntop(cidr->family, cidr->bytes, text, CIDR_TEXT_MAX) == NULL)
		(void)snprintf(text, CIDR_TEXT_MAX, "-");
	return text;
}

const char *cidr_print(const struct cidr *cidr, char text[CIDR_TEXT_MAX])
{
	size_t length;

	(void)cidr_print_address(cidr, text);
	length = strlen(text);
	if (cidr->family != 0)
		(void)snprintf(text + length, CIDR_TEXT_MAX - length, "/%u", cidr->prefix);
	return text;
}

bool cidr_same_address(const struct cidr *one, const struct cidr *other)
{
	return one->family == other->family &&
	       memcmp(one->bytes, other->bytes, cidr_size(one)) == 0;
}

/* The first `bits` bits are the same. */
static bool is_same_prefix(const struct cidr *one, const struct cidr *other, unsigned bits)
{
	size_t whole = bits / 8;
	uint8_t mask = (uint8_t)(0xff00U >> (bits % 8));

	return one->family == other->family && memcmp(one->bytes, other->bytes, whole) == 0 &&
	       (bits % 8 == 0 || ((one->bytes[whole] ^ other->bytes[whole]) & mask) == 0);
}

bool cidr_contains(const struct cidr *subnet, const struct cidr *address)
{
	return is_same_prefix(subnet, address, subnet->prefix);
}

bool cidr_overlaps(const struct cidr *one, const struct cidr *other)
{
	return is_same_prefix(one, other,
			      one->prefix < other->prefix ? one->prefix : other->prefix);
}

uint32_t cidr_hosts(const struct cidr *subnet)
{
	unsigned host_bits = bits_of(subnet) - subnet->prefix;
	uint64_t left_out = subnet->family == AF_INET ? 2 : 1;
	uint64_t all = host_bits >= 32 ? UINT64_C(1) << 32 : UINT64_C(1) << host_bits;

	return all <= left_out ? 0 : (uint32_t)(all - left_out);
}

struct cidr cidr_host(const struct cidr *subnet, uint32_t number)
{
	struct cidr host = *subnet;
	size_t size = cidr_size(subnet);

	for (size_t i = 0; i < size; i++) {
		unsigned first = (unsigned)i * 8; /* bits before this byte */
		unsigned kept = subnet->prefix <= first       ? 0
				: subnet->prefix - first >= 8 ? 8
							      : subnet->prefix - first;

		host.bytes[i] &= (uint8_t)(0xff00U >> kept);
	}
	for (size_t i = 0; i < sizeof(number); i++)
		host.bytes[size - 1 - i] |= (uint8_t)(number >> (8 * i));
	return host;
}

bool cidr_is_host(const struct cidr *subnet, const struct cidr *address)
{
	struct cidr first = cidr_host(subnet, 0), last = *address;

	if (!cidr_contains(subnet, address) || cidr_hosts(subnet) == 0)
		return false;
	if (subnet->family == AF_INET)
		last = cidr_host(subnet, cidr_hosts(subnet) + 1);
	return !cidr_same_address(&first, address) &&
	       (subnet->family != AF_INET || !cidr_same_address(&last, address));
}
