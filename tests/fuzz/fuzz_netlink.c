/* SPDX-License-Identifier: MIT */
/* Netlink answers: whatever comes, each message and attribute lies within what was received, and each walk ends. */
#include "supervisor/netlink.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct netlink_part whole, struct netlink_part part)
{
	if (part.bytes < whole.bytes || part.length > whole.length ||
	    (size_t)(part.bytes - whole.bytes) > whole.length - part.length)
		abort();
}

static void walk_attributes(struct netlink_part attributes)
{
	struct netlink_part rest = attributes, value;
	struct netlink_attribute attribute;
	uint8_t byte = 0;
	uint32_t word = 0;
	uint64_t wide = 0;
	char text[16];

	while (netlink_next_attribute(&rest, &attribute)) {
		check_within(attributes, attribute.value);
		check_within(attributes, rest);
		if (!netlink_find(attributes, attribute.type, &value))
			abort();
		(void)netlink_find_u8(attributes, attribute.type, &byte);
		(void)netlink_find_u32(attributes, attribute.type, &word);
		(void)netlink_find_be32(attributes, attribute.type, &word);
		(void)netlink_find_be64(attributes, attribute.type, &wide);
		if (netlink_find_string(attributes, attribute.type, text, sizeof(text)) &&
		    memchr(text, '\0', sizeof(text)) == NULL)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* exactly as long as the input, so that the sanitizer sees a byte too many */
	unsigned char *copy = malloc(size > 0 ? size : 1);
	struct netlink_part whole = { copy, size }, rest = whole, attributes;
	char reason[NETLINK_REASON_MAX];
	struct netlink_reply reply;
	unsigned char head[16];
	int result;

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	while (netlink_next_message(&rest, &reply)) {
		check_within(whole, reply.body);
		check_within(whole, rest);
		result = netlink_outcome(&reply, reason);
		if (result > 0 || memchr(reason, '\0', sizeof(reason)) == NULL)
			abort();
		if (netlink_head(&reply, head, sizeof(head), &attributes))
			walk_attributes(attributes);
		walk_attributes(reply.body);
	}
	free(copy);
	return 0;
}
