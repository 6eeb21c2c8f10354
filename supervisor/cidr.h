/* SPDX-License-Identifier: MIT */
/*
 * Internet addresses and the subnets they lie in, IPv4 and IPv6 alike: parsed from words, printed, compared. Bytes are in
 * network order. Nothing here looks at the machine.
 */
#ifndef SV_CIDR_H
#define SV_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CIDR_TEXT_MAX 64 /* an IPv6 address, a slash, three digits, NUL */

struct cidr {
	int family;        /* AF_INET, AF_INET6; 0 = none */
	unsigned prefix;   /* bits of the subnet: at most 32 or 128 */
	uint8_t bytes[16]; /* the whole address, not only the subnet; the first 4 of IPv4 */
};

/* Bytes of an address: 4 or 16. */
size_t cidr_size(const struct cidr *cidr);

/*
 * "10.10.10.1" or "fd00::1": the whole of (text, length), in the one form that has no zeros in front. The prefix becomes the
 * full 32 or 128. -EINVAL where it is neither; the result is untouched on failure.
 */
int cidr_parse_address(const char *text, size_t length, struct cidr *address);

/* "10.10.10.1/24": -EINVAL where it is not of that form, -ERANGE where the number is too large. */
int cidr_parse(const char *text, size_t length, struct cidr *cidr);

/* "10.10.10.1/24", or without what is behind the address. Returns text. */
const char *cidr_print(const struct cidr *cidr, char text[CIDR_TEXT_MAX]);
const char *cidr_print_address(const struct cidr *cidr, char text[CIDR_TEXT_MAX]);

bool cidr_same_address(const struct cidr *one, const struct cidr *other);

/* The address lies in the subnet. */
bool cidr_contains(const struct cidr *subnet, const struct cidr *address);

/* The two subnets have an address in common. */
bool cidr_overlaps(const struct cidr *one, const struct cidr *other);

/* How many addresses a host can have in it: without the first, and without IPv4's last (broadcast). Capped at UINT32_MAX. */
uint32_t cidr_hosts(const struct cidr *subnet);

/* The number'th of those (from 1 on), with the subnet's prefix. number is at most cidr_hosts(). */
struct cidr cidr_host(const struct cidr *subnet, uint32_t number);

/* What may be given to a host: in the subnet, and neither its first nor IPv4's last address. */
bool cidr_is_host(const struct cidr *subnet, const struct cidr *address);

#endif
