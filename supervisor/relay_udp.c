/* SPDX-License-Identifier: MIT */
/*
 * Datagrams: a session for each client of each port, which is a socket of its own, connected to the container, so that
 * answers find their way. There is no end to be seen: a session goes when it was silent for a minute, or when there are too
 * many and it was silent longest.
 */
#include "relay_internal.h"

#include "../init/lib/fd.h"

#include <stdlib.h>
#include <string.h>

#define SESSIONS_MAX 512U
#define SILENT_MS    60000
#define TURNS        64 /* datagrams of one socket, before the others have their turn */

/* The address that the client sent to (IP_PKTINFO, IPV6_RECVPKTINFO): the answer has to come from there. */
struct control {
	_Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct relay_session {
	struct relay_watch watch; /* connected to the container */
	struct relay_session *next;
	const struct relay_socket *from;
	struct sockaddr_storage client;
	socklen_t client_length;
	struct control control;
	size_t control_length;
	int64_t used_at;
};

static void close_session(struct relay *relay, struct relay_session *session)
{
	struct relay_session **link = &relay->sessions;

	while (*link != NULL && *link != session)
		link = &(*link)->next;
	*link = session->next;
	relay->session_count--;
	relay_ask(relay, &session->watch, 0);
	fd_close(&session->watch.fd);
	free(session);
}

/* Called between rounds of events only: an event may be for one that is closed here. */
void relay_udp_sweep(struct relay *relay)
{
	int64_t now, oldest = INT64_MAX;

	if (relay->sweep_at == INT64_MAX)
		return;
	now = sys_now_ms();
	if (now < relay->sweep_at && relay->session_count <= SESSIONS_MAX)
		return;
	for (struct relay_session *session = relay->sessions, *next; session != NULL;
	     session = next) {
		next = session->next;
		if (session->used_at + SILENT_MS <= now)
			close_session(relay, session);
		else if (session->used_at < oldest)
			oldest = session->used_at;
	}
	while (relay->session_count > SESSIONS_MAX && relay->sessions != NULL) {
		struct relay_session *silent = relay->sessions;

		for (struct relay_session *at = silent; at != NULL; at = at->next)
			silent = at->used_at < silent->used_at ? at : silent;
		close_session(relay, silent);
	}
	relay->sweep_at = oldest == INT64_MAX ? INT64_MAX : oldest + SILENT_MS;
}

/* The container has answered. */
static void answer(struct relay *relay, struct relay_watch *watch, uint32_t events)
{
	struct relay_session *session = (struct relay_session *)watch;

	(void)events;
	for (int i = 0; i < TURNS; i++) {
		ssize_t count = sys_read(watch->fd, relay->datagram, sizeof(relay->datagram));
		struct iovec data = { relay->datagram, count < 0 ? 0 : (size_t)count };
		struct msghdr message = { .msg_name = &session->client,
					  .msg_namelen = session->client_length,
					  .msg_iov = &data,
					  .msg_iovlen = 1,
					  .msg_control = &session->control,
					  .msg_controllen = (socklen_t)session->control_length };

		if (count == -EAGAIN)
			return;
		if (count < 0)
			continue; /* ECONNREFUSED: nobody listens inside; reading it has cleared it */
		session->used_at = sys_now_ms();
		(void)sys_sendmsg(session->from->watch.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

static struct relay_session *find_session(const struct relay *relay,
					  const struct relay_socket *from,
					  const struct msghdr *message)
{
	struct relay_session *session = relay->sessions;

	while (session != NULL &&
	       (session->from != from || session->client_length != message->msg_namelen ||
		memcmp(&session->client, message->msg_name, message->msg_namelen) != 0))
		session = session->next;
	return session;
}

static struct relay_session *open_session(struct relay *relay, const struct relay_socket *from,
					  const struct msghdr *message)
{
	struct relay_session *session;
	struct sockaddr_storage address;
	socklen_t length =
		relay_address(relay, from->listener->family, from->listener->port, &address);
	FD int fd = -1;

	/* The sweep that comes with the end of this round makes room. */
	if (relay->session_count > SESSIONS_MAX + TURNS)
		return NULL;
	fd = sys_socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || sys_connect(fd, &address, length) < 0)
		return NULL;
	session = calloc(1, sizeof(*session));
	if (session == NULL)
		return NULL;
	session->watch = (struct relay_watch){ answer, fd_take(&fd), 0 };
	session->from = from;
	session->client_length = message->msg_namelen;
	memcpy(&session->client, message->msg_name, message->msg_namelen);
	session->next = relay->sessions;
	relay->sessions = session;
	relay->session_count++;
	relay_ask(relay, &session->watch, EPOLLIN);
	return session;
}

/* A datagram that can't be passed on is dropped, as any router would. */
void relay_udp_receive(struct relay *relay, struct relay_watch *watch, uint32_t events)
{
	const struct relay_socket *from = (const struct relay_socket *)watch;

	(void)events;
	for (int i = 0; i < TURNS; i++) {
		struct sockaddr_storage client;
		struct control control;
		struct iovec data = { relay->datagram, sizeof(relay->datagram) };
		struct msghdr message = { .msg_name = &client,
					  .msg_namelen = sizeof(client),
					  .msg_iov = &data,
					  .msg_iovlen = 1,
					  .msg_control = &control,
					  .msg_controllen = sizeof(control) };
		ssize_t count = sys_recvmsg(watch->fd, &message, MSG_DONTWAIT);
		struct relay_session *session;

		if (count < 0)
			return;
		session = find_session(relay, from, &message);
		if (session == NULL)
			session = open_session(relay, from, &message);
		if (session == NULL)
			continue;
		session->used_at = sys_now_ms();
		if (relay->sweep_at > session->used_at + SILENT_MS)
			relay->sweep_at = session->used_at + SILENT_MS;
		memcpy(&session->control, &control, message.msg_controllen);
		session->control_length = message.msg_controllen;
		(void)sys_write(session->watch.fd, relay->datagram, (size_t)count);
	}
}
