/* SPDX-License-Identifier: MIT */
/* What the relay's three files share. */
#ifndef SV_RELAY_INTERNAL_H
#define SV_RELAY_INTERNAL_H

#include "../init/lib/sys.h"
#include "relay.h"

#include <sys/epoll.h>

struct relay;

/* A descriptor in the relay's epoll set; the first member of what it belongs to. */
struct relay_watch {
	void (*ready)(struct relay *relay, struct relay_watch *watch, uint32_t events);
	int fd;
	uint32_t events; /* asked for; 0: not in the set */
};

struct relay_socket {
	struct relay_watch watch;
	const struct relay_listener *listener;
};

struct relay_connection;
struct relay_session;

struct relay {
	int epoll;
	struct relay_target target;
	struct relay_socket *sockets; /* one for each listener */
	size_t socket_count;
	unsigned connections, connections_max;
	bool is_full; /* who wants to connect waits until a connection ends */
	struct relay_connection
		*ended; /* freed once the events at hand are done: some may be theirs */
	struct relay_session *sessions;
	unsigned session_count;
	int64_t sweep_at; /* when the next session may be too old; INT64_MAX = there is none */
	char datagram[65536];
};

/* Puts the descriptor into the set, changes what is asked for, or takes it out. */
void relay_ask(const struct relay *relay, struct relay_watch *watch, uint32_t events);

/* The container's address in one of the two families; the length. Falls back to the other where it has none. */
socklen_t relay_address(const struct relay *relay, sa_family_t family, uint16_t port,
			struct sockaddr_storage *address);

/* A listening socket has a connection; stops asking at the limit, goes on below it. */
void relay_tcp_accept(struct relay *relay, struct relay_watch *watch, uint32_t events);
void relay_tcp_free_ended(struct relay *relay);

/* A datagram socket has something; and what is done about sessions that are too old. */
void relay_udp_receive(struct relay *relay, struct relay_watch *watch, uint32_t events);
void relay_udp_sweep(struct relay *relay);

#endif
