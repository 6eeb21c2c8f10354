/* SPDX-License-Identifier: MIT */
/* A dump of other people's chains: whatever comes, names end, and only chains at the forward hook are taken. */
#include "supervisor/nft.h"

#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* exactly as long as the input, so that the sanitizer sees a byte too many */
	unsigned char *copy = malloc(size > 0 ? size : 1);
	struct netlink_part rest = { copy, size };
	struct netlink_reply reply;
	struct nft_blocker blocker;
	char text[512];

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	while (netlink_next_message(&rest, &reply)) {
		if (!nft_read_chain(&reply, &blocker))
			continue;
		if (memchr(blocker.table, '\0', NFT_NAME_MAX) == NULL ||
		    memchr(blocker.chain, '\0', NFT_NAME_MAX) == NULL ||
		    (blocker.family != NFPROTO_INET && blocker.family != NFPROTO_IPV4 &&
		     blocker.family != NFPROTO_IPV6))
			abort();
		if (strlen(nft_way_out(&blocker, "sv0", text, sizeof(text))) >= sizeof(text))
			abort();
	}
	free(copy);
	return 0;
}
