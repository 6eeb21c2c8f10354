/* SPDX-License-Identifier: MIT */
/*
 * A container's /etc/resolv.conf (resolv.conf(5)): the machine's own, without the resolvers that a container can't reach,
 * or what --dns and --dns-search say. Pure, and fuzzed.
 */
#ifndef SV_RESOLVER_H
#define SV_RESOLVER_H

#include "arena.h"
#include "spec.h"

#include <stdbool.h>
#include <stddef.h>

#define RESOLVER_MAX 8 /* of which the C libraries ask the first three */

struct resolver {
	struct cidr servers[RESOLVER_MAX];
	size_t count;
	bool had_loopback; /* one that was left out */
	char search[1024]; /* the words behind `search`, or empty */
	char options[512];
};

/* What a container may use of resolvers: those of loopback are the machine's, and without an address of its own none of IPv6's. */
struct resolver_reach {
	bool loopback, v6;
};

/* Reads a resolv.conf: adds to nothing, *resolver is set anew. Lines that make no sense are left out, as libc does. */
void resolver_read(struct resolver *resolver, const char *text, size_t length,
		   struct resolver_reach reach);

/* Puts what --dns and --dns-search ask for in the place of what was read. */
void resolver_override(struct resolver *resolver, const struct spec *spec);

/* The file's text. Returns its length. */
size_t resolver_write(const struct resolver *resolver, char *text, size_t size);

#endif
