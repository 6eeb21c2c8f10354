/* SPDX-License-Identifier: MIT */
/* Capabilities by name: capabilities(7). A set is a mask, bit N for capability N of linux/capability.h. */
#ifndef SV_CAPABILITIES_H
#define SV_CAPABILITIES_H

#include <stddef.h>
#include <stdint.h>

/* What a container gets unless told otherwise: the eleven that Podman's containers have. */
extern const uint64_t capabilities_default;

#define CAPABILITIES_ALL (~(uint64_t)0)

/* The mask of "NET_ADMIN", "CAP_NET_ADMIN", "net_admin" or "ALL"; 0 for a name that is none. */
uint64_t capabilities_parse(const char *text, size_t length);

/* The name that a mistyped one is nearest to, without "CAP_"; NULL when none is near. */
const char *capabilities_nearest(const char *text, size_t length);

/* The name of capability N, without "CAP_", or NULL. */
const char *capabilities_name(unsigned number);

/* What --cap-add and --cap-drop come to, by Docker's rules: ALL first, then the single names, and an added one wins. */
uint64_t capabilities_combine(uint64_t added, uint64_t dropped);

/* What this process may give (its permitted set); 0 or -errno. */
int capabilities_own(uint64_t *set);

#endif
