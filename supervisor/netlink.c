/* SPDX-License-Identifier: MIT */
/*
 * See netlink.h. Lengths in messages are in the machine's byte order, all is aligned to four bytes, and the padding behind
 * the last attribute may be missing: linux/netlink.h.
 */
#include "netlink.h"

#include "../init/lib/fd.h"

#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RECEIVE_MAX 32768 /* the kernel fills as much in a dump, never more: netlink_recvmsg() */
#define DUMP_TRIES  8

#define ALIGNED(size) (((size_t)(size) + NLMSG_ALIGNTO - 1) & ~((size_t)NLMSG_ALIGNTO - 1))
#define HEAD_SIZE     sizeof(struct nlmsghdr)
#define ATTR_SIZE     sizeof(struct nlattr)

_Static_assert(sizeof(struct nlmsghdr) == 16 && sizeof(struct nlattr) == 4, "netlink(7)");

/* --- the socket ------------------------------------------------------------------------------------------------------ */

static int open_socket(int family)
{
	static const int on = 1;
	FD int fd = (int)sys_result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family));

	if (fd < 0)
		return fd;
	/* The kernel's words for a failure, and only the head of what failed. Without them all works as well. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return fd_take(&fd);
}

/* A socket belongs to the namespace that it was made in. sv has one thread, which goes there and back. */
static int open_elsewhere(int family, int namespace)
{
	FD int own = sys_openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC, 0);
	FD int fd = -1;
	int result = own < 0 ? own : sys_setns(namespace, CLONE_NEWNET);

	if (result < 0)
		return result;
	fd = open_socket(family);
	result = sys_setns(own, CLONE_NEWNET);
	return result < 0 ? result : fd_take(&fd);
}

int netlink_open(struct netlink *netlink, int family, int namespace, struct error *error)
{
	*netlink = (struct netlink){ .fd = -1 };
	netlink->fd = namespace < 0 ? open_socket(family) : open_elsewhere(family, namespace);
	return netlink->fd < 0 ? error_set(error, netlink->fd, "cannot open a netlink socket") : 0;
}

void netlink_close(struct netlink *netlink)
{
	fd_close(&netlink->fd);
}

/* --- requests -------------------------------------------------------------------------------------------------------- */

void netlink_reset(struct netlink_batch *batch)
{
	batch->used = batch->message = 0;
	batch->is_over = false;
}

/* Room for so many bytes and the padding behind them, zeroed; NULL, once and for all, where there is none. */
static unsigned char *take(struct netlink_batch *batch, size_t size)
{
	unsigned char *place = batch->bytes + batch->used;

	if (batch->is_over || size > sizeof(batch->bytes) ||
	    ALIGNED(size) > sizeof(batch->bytes) - batch->used) {
		batch->is_over = true;
		return NULL;
	}
	memset(place, 0, ALIGNED(size));
	batch->used += ALIGNED(size);
	return place;
}

/* The length of the message being built is right at any time: nobody has to end one. */
static void count_message(struct netlink_batch *batch)
{
	uint32_t length = (uint32_t)(batch->used - batch->message);

	memcpy(batch->bytes + batch->message, &length, sizeof(length));
}

void netlink_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *head,
		   size_t size)
{
	struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_flags = flags | NLM_F_REQUEST };
	size_t start = batch->used;
	unsigned char *place = take(batch, HEAD_SIZE);

	if (place == NULL)
		return;
	memcpy(place, &header, sizeof(header));
	batch->message = start;
	count_message(batch);
	netlink_put_raw(batch, head, size);
}

void netlink_put_raw(struct netlink_batch *batch, const void *data, size_t size)
{
	unsigned char *place = take(batch, size);

	if (place == NULL)
		return;
	memcpy(place, data, size);
	count_message(batch);
}

void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size)
{
	struct nlattr attribute = { .nla_type = type, .nla_len = (uint16_t)(ATTR_SIZE + size) };
	unsigned char *place;

	if (size > UINT16_MAX - ATTR_SIZE)
		batch->is_over = true;
	place = take(batch, ATTR_SIZE + size);
	if (place == NULL)
		return;
	memcpy(place, &attribute, sizeof(attribute));
	if (size > 0)
		memcpy(place + ATTR_SIZE, data, size);
	count_message(batch);
}

void netlink_put_u8(struct netlink_batch *batch, uint16_t type, uint8_t value)
{
	netlink_put(batch, type, &value, sizeof(value));
}

void netlink_put_u16(struct netlink_batch *batch, uint16_t type, uint16_t value)
{
	netlink_put(batch, type, &value, sizeof(value));
}

void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	netlink_put(batch, type, &value, sizeof(value));
}

/* Most significant byte first, in `size` bytes. */
static void put_big_endian(struct netlink_batch *batch, uint16_t type, uint64_t value, size_t size)
{
	unsigned char bytes[sizeof(value)];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(value >> (8 * (size - 1 - i)));
	netlink_put(batch, type, bytes, size);
}

void netlink_put_be16(struct netlink_batch *batch, uint16_t type, uint16_t value)
{
	put_big_endian(batch, type, value, sizeof(value));
}

void netlink_put_be32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	put_big_endian(batch, type, value, sizeof(value));
}

void netlink_put_be64(struct netlink_batch *batch, uint16_t type, uint64_t value)
{
	put_big_endian(batch, type, value, sizeof(value));
}

void netlink_put_string(struct netlink_batch *batch, uint16_t type, const char *text)
{
	netlink_put(batch, type, text, strlen(text) + 1);
}

size_t netlink_nest(struct netlink_batch *batch, uint16_t type)
{
	size_t nest = batch->used;

	netlink_put(batch, type | NLA_F_NESTED, NULL, 0);
	return nest;
}

void netlink_nest_end(struct netlink_batch *batch, size_t nest)
{
	size_t length = batch->used - nest;
	uint16_t stored = (uint16_t)length;

	if (length > UINT16_MAX)
		batch->is_over = true;
	if (!batch->is_over)
		memcpy(batch->bytes + nest, &stored, sizeof(stored)); /* nla_len is first */
}

/* --- taking answers apart -------------------------------------------------------------------------------------------- */

/* Takes so many bytes and their padding off the front. */
static void skip(struct netlink_part *rest, size_t size)
{
	size_t whole = ALIGNED(size) < rest->length ? ALIGNED(size) : rest->length;

	rest->bytes += whole;
	rest->length -= whole;
}

bool netlink_next_message(struct netlink_part *rest, struct netlink_reply *reply)
{
	struct nlmsghdr header;

	if (rest->length < HEAD_SIZE)
		return false;
	memcpy(&header, rest->bytes, sizeof(header));
	if (header.nlmsg_len < HEAD_SIZE || header.nlmsg_len > rest->length)
		return false;
	*reply = (struct netlink_reply){
		.type = header.nlmsg_type,
		.flags = header.nlmsg_flags,
		.sequence = header.nlmsg_seq,
		.body = { rest->bytes + HEAD_SIZE, header.nlmsg_len - HEAD_SIZE },
	};
	skip(rest, header.nlmsg_len);
	return true;
}

bool netlink_head(const struct netlink_reply *reply, void *head, size_t size,
		  struct netlink_part *attributes)
{
	if (reply->body.length < size)
		return false;
	memcpy(head, reply->body.bytes, size);
	*attributes = reply->body;
	skip(attributes, size);
	return true;
}

bool netlink_next_attribute(struct netlink_part *rest, struct netlink_attribute *attribute)
{
	struct nlattr header;

	if (rest->length < ATTR_SIZE)
		return false;
	memcpy(&header, rest->bytes, sizeof(header));
	if (header.nla_len < ATTR_SIZE || header.nla_len > rest->length)
		return false;
	attribute->type = header.nla_type & (uint16_t)NLA_TYPE_MASK;
	attribute->value =
		(struct netlink_part){ rest->bytes + ATTR_SIZE, header.nla_len - ATTR_SIZE };
	skip(rest, header.nla_len);
	return true;
}

bool netlink_find(struct netlink_part attributes, uint16_t type, struct netlink_part *value)
{
	struct netlink_attribute attribute;
	bool found = false;

	while (netlink_next_attribute(&attributes, &attribute)) {
		if (attribute.type != type)
			continue;
		*value = attribute.value;
		found = true;
	}
	return found;
}

/* As many bytes, as they lie there. */
static bool find_bytes(struct netlink_part attributes, uint16_t type, void *value, size_t size)
{
	struct netlink_part part;

	if (!netlink_find(attributes, type, &part) || part.length != size)
		return false;
	memcpy(value, part.bytes, size);
	return true;
}

bool netlink_find_u8(struct netlink_part attributes, uint16_t type, uint8_t *value)
{
	return find_bytes(attributes, type, value, sizeof(*value));
}

bool netlink_find_u32(struct netlink_part attributes, uint16_t type, uint32_t *value)
{
	return find_bytes(attributes, type, value, sizeof(*value));
}

static bool find_big_endian(struct netlink_part attributes, uint16_t type, size_t size,
			    uint64_t *value)
{
	unsigned char bytes[sizeof(*value)];

	if (!find_bytes(attributes, type, bytes, size))
		return false;
	*value = 0;
	for (size_t i = 0; i < size; i++)
		*value = *value << 8 | bytes[i];
	return true;
}

bool netlink_find_be32(struct netlink_part attributes, uint16_t type, uint32_t *value)
{
	uint64_t wide;

	if (!find_big_endian(attributes, type, sizeof(*value), &wide))
		return false;
	*value = (uint32_t)wide;
	return true;
}

bool netlink_find_be64(struct netlink_part attributes, uint16_t type, uint64_t *value)
{
	return find_big_endian(attributes, type, sizeof(*value), value);
}

bool netlink_find_string(struct netlink_part attributes, uint16_t type, char *text, size_t size)
{
	struct netlink_part part;
	size_t length;

	if (!netlink_find(attributes, type, &part))
		return false;
	length = strnlen((const char *)part.bytes, part.length);
	if (length >= size || length + 1 < part.length)
		return false;
	memcpy(text, part.bytes, length);
	text[length] = '\0';
	return true;
}

int netlink_outcome(const struct netlink_reply *reply, char reason[NETLINK_REASON_MAX])
{
	struct netlink_part attributes;
	struct nlmsgerr outcome;

	reason[0] = '\0';
	if (reply->type != NLMSG_ERROR ||
	    !netlink_head(reply, &outcome, sizeof(outcome), &attributes) || outcome.error > 0 ||
	    outcome.error < -4095)
		return -EPROTO;
	/* Behind the head lies the rest of what failed, unless it was left out. */
	if ((reply->flags & NLM_F_CAPPED) == 0 && outcome.msg.nlmsg_len >= HEAD_SIZE)
		skip(&attributes, outcome.msg.nlmsg_len - HEAD_SIZE);
	if ((reply->flags & NLM_F_ACK_TLVS) != 0)
		(void)netlink_find_string(attributes, NLMSGERR_ATTR_MSG, reason,
					  NETLINK_REASON_MAX);
	return outcome.error;
}

/* --- sending --------------------------------------------------------------------------------------------------------- */

/* Gives each message its number; how many of them are answered in any case. */
static unsigned number_messages(struct netlink *netlink, struct netlink_batch *batch)
{
	struct netlink_part rest = { batch->bytes, batch->used };
	struct netlink_reply message;
	unsigned answered = 0;

	while (netlink_next_message(&rest, &message)) {
		size_t start = (size_t)(message.body.bytes - batch->bytes) - HEAD_SIZE;

		netlink->sequence++;
		memcpy(batch->bytes + start + offsetof(struct nlmsghdr, nlmsg_seq),
		       &netlink->sequence, sizeof(netlink->sequence));
		answered += (message.flags & (NLM_F_ACK | NLM_F_DUMP)) != 0;
	}
	return answered;
}

static int transmit(const struct netlink *netlink, struct netlink_batch *batch)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct iovec bytes = { batch->bytes, batch->used };
	struct msghdr message = { .msg_name = &kernel,
				  .msg_namelen = sizeof(kernel),
				  .msg_iov = &bytes,
				  .msg_iovlen = 1 };
	ssize_t sent = sys_sendmsg(netlink->fd, &message, 0);

	return sent < 0 ? (int)sent : (size_t)sent == batch->used ? 0 : -EPROTO;
}

/* One datagram of the kernel's. Nobody else's counts: anyone may write to this socket. */
static ssize_t receive(const struct netlink *netlink, unsigned char *buffer, size_t size)
{
	struct sockaddr_nl sender = { .nl_family = AF_NETLINK };
	struct iovec bytes = { buffer, size };
	struct msghdr message = { .msg_name = &sender,
				  .msg_namelen = sizeof(sender),
				  .msg_iov = &bytes,
				  .msg_iovlen = 1 };
	ssize_t got = sys_recvmsg(netlink->fd, &message, MSG_DONTWAIT);

	if (got == -EAGAIN)
		return -EPROTO; /* an answer is missing: see the head of netlink.h */
	if (got < 0)
		return got;
	if ((message.msg_flags & MSG_TRUNC) != 0)
		return -EPROTO;
	return sender.nl_pid == 0 ? got : 0;
}

struct exchange {
	uint32_t first, last; /* the batch's numbers */
	unsigned missing;     /* answers still to come */
	int failure;          /* the first */
	bool was_disturbed;   /* a dump changed while it was made */
	netlink_callback *callback;
	void *data;
};

static void fail(struct netlink *netlink, struct exchange *exchange, uint32_t sequence, int number,
		 const char *reason)
{
	exchange->missing = 0;
	exchange->failure = number;
	netlink->failed = sequence - exchange->first;
	(void)snprintf(netlink->reason, sizeof(netlink->reason), "%s", reason);
}

static void take_reply(struct netlink *netlink, struct exchange *exchange,
		       const struct netlink_reply *reply)
{
	char reason[NETLINK_REASON_MAX] = "";
	int result = 0;

	/* Left from an exchange that was given up. */
	if (reply->sequence - exchange->first > exchange->last - exchange->first)
		return;
	if ((reply->flags & NLM_F_DUMP_INTR) != 0)
		exchange->was_disturbed = true;
	if (reply->type == NLMSG_ERROR)
		result = netlink_outcome(reply, reason);
	else if (reply->type >= NLMSG_MIN_TYPE && exchange->callback != NULL)
		result = exchange->callback(reply, exchange->data);
	if (result < 0)
		fail(netlink, exchange, reply->sequence, result, reason);
	else if (reply->type == NLMSG_ERROR || reply->type == NLMSG_DONE)
		exchange->missing -= exchange->missing > 0;
}

/* Takes a datagram apart. What is left over is none of netlink's messages. */
static void take_datagram(struct netlink *netlink, struct exchange *exchange,
			  struct netlink_part rest)
{
	struct netlink_reply reply;

	while (exchange->failure == 0 && netlink_next_message(&rest, &reply))
		take_reply(netlink, exchange, &reply);
	if (exchange->failure == 0 && rest.length > 0)
		fail(netlink, exchange, exchange->first, -EPROTO, "");
}

static int exchange_once(struct netlink *netlink, struct netlink_batch *batch,
			 struct exchange *exchange)
{
	_Alignas(8) unsigned char buffer[RECEIVE_MAX];
	ssize_t got;
	int result;

	exchange->first = netlink->sequence + 1;
	exchange->missing = number_messages(netlink, batch);
	exchange->last = netlink->sequence;
	exchange->was_disturbed = false;
	exchange->failure = 0;
	result = transmit(netlink, batch);
	while (result == 0 && exchange->missing > 0) {
		got = receive(netlink, buffer, sizeof(buffer));
		if (got < 0)
			result = (int)got;
		else
			take_datagram(netlink, exchange,
				      (struct netlink_part){ buffer, (size_t)got });
	}
	return result < 0 ? result : exchange->failure;
}

int netlink_send(struct netlink *netlink, struct netlink_batch *batch, netlink_callback *callback,
		 void *data)
{
	struct exchange exchange = { .callback = callback, .data = data };
	int result = -EAGAIN;

	netlink->reason[0] = '\0';
	netlink->failed = 0;
	if (batch->is_over)
		return -EMSGSIZE;
	for (int tries = 0; result == -EAGAIN && tries < DUMP_TRIES; tries++) {
		result = exchange_once(netlink, batch, &exchange);
		if (result == 0 && exchange.was_disturbed)
			result = -EAGAIN;
	}
	return result;
}

int netlink_fail(const struct netlink *netlink, int number, struct error *error, const char *format,
		 ...)
{
	char text[256];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (netlink->reason[0] == '\0')
		return error_set(error, number, "%s", text);
	return error_set(error, number, "%s (the kernel says: %s)", text, netlink->reason);
}
