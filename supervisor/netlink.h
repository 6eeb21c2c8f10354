/* SPDX-License-Identifier: MIT */
/*
 * Netlink, whatever the family (netlink(7), rtnetlink(7), linux/netfilter/nf_tables.h): requests are built in a buffer of
 * fixed size, sent at once, and every answer is taken apart with each length checked. Nothing here knows what a message
 * means. The kernel works requests off while they are sent, so an answer is there when sending returns: nothing waits.
 */
#ifndef SV_NETLINK_H
#define SV_NETLINK_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_BATCH_MAX  16384
#define NETLINK_REASON_MAX 128

struct netlink {
	int fd; /* -1 = not open */
	uint32_t sequence;
	unsigned failed; /* after a failure: which of the batch's messages, from 0 on */
	char reason
		[NETLINK_REASON_MAX]; /* the kernel's own words for it (extended ACK), or empty */
};

/* Bytes of somebody else's memory. */
struct netlink_part {
	const unsigned char *bytes;
	size_t length;
};

/* --- the socket ------------------------------------------------------------------------------------------------------ */

/*
 * Opens a socket of the family (NETLINK_ROUTE, NETLINK_NETFILTER) in sv's own network namespace, or in the one that the
 * descriptor `namespace` stands for; -1 = sv's own. sv is back in its own when this returns. 0, or a negative number with
 * the error set.
 */
int netlink_open(struct netlink *netlink, int family, int namespace, struct error *error);

void netlink_close(struct netlink *netlink);

/* --- requests -------------------------------------------------------------------------------------------------------- */

/* One or more messages, sent in one go. {0} is an empty one. What doesn't fit is remembered, and sending refuses it. */
struct netlink_batch {
	_Alignas(8) unsigned char bytes[NETLINK_BATCH_MAX];
	size_t used;
	size_t message; /* where the one being built begins */
	bool is_over;
};

void netlink_reset(struct netlink_batch *batch);

/*
 * Begins the next message: NLM_F_REQUEST is added to the flags. One with NLM_F_ACK or NLM_F_DUMP is answered, and
 * netlink_send() waits for that; of others only a failure is. `head` is the family's fixed header (struct ifinfomsg ...).
 */
void netlink_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *head,
		   size_t size);

/* Attributes of the message being built; the NUL goes with a string. _be: in network byte order, which nf_tables wants. */
void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size);
void netlink_put_u8(struct netlink_batch *batch, uint16_t type, uint8_t value);
void netlink_put_u16(struct netlink_batch *batch, uint16_t type, uint16_t value);
void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void netlink_put_be16(struct netlink_batch *batch, uint16_t type, uint16_t value);
void netlink_put_be32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void netlink_put_be64(struct netlink_batch *batch, uint16_t type, uint64_t value);
void netlink_put_string(struct netlink_batch *batch, uint16_t type, const char *text);

/* What is put between the two lies in an attribute of that type. nest() gives what nest_end() needs. */
size_t netlink_nest(struct netlink_batch *batch, uint16_t type);
void netlink_nest_end(struct netlink_batch *batch, size_t nest);

/* Bare bytes in a nest, padded: the fixed header that some attributes begin with (VETH_INFO_PEER). */
void netlink_put_raw(struct netlink_batch *batch, const void *data, size_t size);

/* --- answers --------------------------------------------------------------------------------------------------------- */

/* One message of the kernel's. */
struct netlink_reply {
	uint16_t type, flags;
	uint32_t sequence;
	struct netlink_part body; /* behind the struct nlmsghdr */
};

struct netlink_attribute {
	uint16_t type; /* without the flags in its upper two bits */
	struct netlink_part value;
};

/* Gets each message that is neither an ACK nor the end of a dump. A negative number ends it all and is the result. */
typedef int netlink_callback(const struct netlink_reply *reply, void *data);

/*
 * Sends the batch and takes all answers. 0, or the first failure: -errno of the kernel's, with netlink->reason and
 * netlink->failed telling more; -EMSGSIZE where the batch was too small for what was put; -EPROTO where the kernel's answer
 * can't be made sense of. A dump that changed meanwhile is asked for again, so a callback must stand being given things
 * twice. `callback` may be NULL.
 */
int netlink_send(struct netlink *netlink, struct netlink_batch *batch, netlink_callback *callback,
		 void *data);

/* Records a failure as error_set() does, with the kernel's words behind the text. Returns number. */
int netlink_fail(const struct netlink *netlink, int number, struct error *error, const char *format,
		 ...) __attribute__((format(printf, 4, 5)));

/* --- taking answers apart: pure, and fuzzed -------------------------------------------------------------------------- */

/* Cuts the first message off the front of rest. False at the end, or where what is left is no message. */
bool netlink_next_message(struct netlink_part *rest, struct netlink_reply *reply);

/* Copies the fixed header of `size` bytes out of a message's body; *attributes is what lies behind. False if it is short. */
bool netlink_head(const struct netlink_reply *reply, void *head, size_t size,
		  struct netlink_part *attributes);

/* Cuts the first attribute off the front of rest. False at the end, or where what is left is no attribute. */
bool netlink_next_attribute(struct netlink_part *rest, struct netlink_attribute *attribute);

/* The last attribute of that type; false where there is none. */
bool netlink_find(struct netlink_part attributes, uint16_t type, struct netlink_part *value);

/* The attribute's value, where it is there and has the right size; else false, and *value is left alone. */
bool netlink_find_u8(struct netlink_part attributes, uint16_t type, uint8_t *value);
bool netlink_find_u32(struct netlink_part attributes, uint16_t type, uint32_t *value);
bool netlink_find_be32(struct netlink_part attributes, uint16_t type, uint32_t *value);
bool netlink_find_be64(struct netlink_part attributes, uint16_t type, uint64_t *value);

/* A string, with or without a NUL behind it. False where it isn't there, doesn't fit, or has a NUL in the middle. */
bool netlink_find_string(struct netlink_part attributes, uint16_t type, char *text, size_t size);

/*
 * What an NLMSG_ERROR says: 0 or -errno, and the kernel's words where it has any (NLM_F_ACK_TLVS, Linux 4.12). -EPROTO where
 * it is none.
 */
int netlink_outcome(const struct netlink_reply *reply, char reason[NETLINK_REASON_MAX]);

#endif
