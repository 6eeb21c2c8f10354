/* SPDX-License-Identifier: MIT */
/*
 * Connections: two sockets, and a buffer for each direction. What one end says goes to the other in order, the end of it
 * too (a half-close), and a failure of one resets the other.
 */
#include "relay_internal.h"

#include "../init/lib/fd.h"

#include <netinet/tcp.h>
#include <stdlib.h>

#define BUFFER (16U << 10)
#define TURNS  16 /* buffers that one connection may move before the others have their turn */

struct end {
	struct relay_watch watch;
	struct relay_connection *of;
	size_t first, last; /* of data: read from this end, not yet written to the other */
	bool is_ended;      /* nothing more comes from here */
	bool is_shut;       /* nothing more goes there */
	char data[BUFFER];
};

struct relay_connection {
	struct end client, server;
	struct relay_connection *next; /* of those that have ended */
	uint16_t port;
	sa_family_t families[2]; /* to be tried; AF_UNSPEC: no more */
};

static void tcp_ready(struct relay *relay, struct relay_watch *watch, uint32_t events);

/* Below the limit again: those who wait are let in. */
static void accept_again(const struct relay *relay)
{
	for (size_t i = 0; i < relay->socket_count; i++)
		if (relay->sockets[i].listener->is_stream)
			relay_ask(relay, &relay->sockets[i].watch, EPOLLIN);
}

static void close_connection(struct relay *relay, struct relay_connection *connection)
{
	relay_ask(relay, &connection->client.watch, 0);
	relay_ask(relay, &connection->server.watch, 0);
	fd_close(&connection->client.watch.fd);
	fd_close(&connection->server.watch.fd);
	connection->next = relay->ended;
	relay->ended = connection;
	relay->connections--;
	if (relay->is_full)
		accept_again(relay);
	relay->is_full = false;
}

void relay_tcp_free_ended(struct relay *relay)
{
	while (relay->ended != NULL) {
		struct relay_connection *next = relay->ended->next;

		free(relay->ended);
		relay->ended = next;
	}
}

/* Both ends see that it didn't end well: close(2) without lingering sends a reset. */
static void reset_connection(struct relay *relay, struct relay_connection *connection)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	const int ends[] = { connection->client.watch.fd, connection->server.watch.fd };

	for (size_t i = 0; i < 2; i++)
		if (ends[i] >= 0)
			(void)sys_setsockopt(ends[i], SOL_SOCKET, SO_LINGER, &at_once,
					     sizeof(at_once));
	close_connection(relay, connection);
}

/* One buffer: 1 when something moved, 0 when nothing could, -errno. */
static int move_some(struct end *from, struct end *to)
{
	ssize_t count;

	if (from->first == from->last && !from->is_ended) {
		count = sys_read(from->watch.fd, from->data, sizeof(from->data));
		if (count < 0)
			return count == -EAGAIN ? 0 : (int)count;
		from->first = 0;
		from->last = (size_t)count;
		from->is_ended = count == 0;
	}
	if (from->first == from->last) {
		if (from->is_ended && !to->is_shut) {
			to->is_shut = true;
			(void)sys_shutdown(to->watch.fd, SHUT_WR);
		}
		return 0;
	}
	count = sys_write(to->watch.fd, from->data + from->first, from->last - from->first);
	if (count < 0)
		return count == -EAGAIN ? 0 : (int)count;
	from->first += (size_t)count;
	return 1;
}

static int move_all(struct end *from, struct end *to)
{
	int result = 1;

	for (int i = 0; result > 0 && i < TURNS; i++)
		result = move_some(from, to);
	return result < 0 ? result : 0;
}

static uint32_t wish(const struct end *end, const struct end *other)
{
	return (end->first == end->last && !end->is_ended ? EPOLLIN : 0) |
	       (other->first != other->last ? EPOLLOUT : 0);
}

static void pump(struct relay *relay, struct relay_connection *connection)
{
	struct end *client = &connection->client, *server = &connection->server;

	if (move_all(client, server) < 0 || move_all(server, client) < 0) {
		reset_connection(relay, connection);
		return;
	}
	if (client->is_shut && server->is_shut) {
		close_connection(relay, connection);
		return;
	}
	relay_ask(relay, &client->watch, wish(client, server));
	relay_ask(relay, &server->watch, wish(server, client));
}

/* Begins to connect; the answer makes the socket writable. */
static int try_connect(struct relay *relay, struct relay_connection *connection)
{
	struct sockaddr_storage address;
	socklen_t length =
		relay_address(relay, connection->families[0], connection->port, &address);
	struct relay_watch *watch = &connection->server.watch;
	const int on = 1;
	int result;

	relay_ask(relay, watch, 0);
	fd_close(&watch->fd);
	watch->fd = sys_socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (watch->fd < 0)
		return watch->fd;
	(void)sys_setsockopt(watch->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)sys_setsockopt(watch->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	result = sys_connect(watch->fd, &address, length);
	if (result < 0 && result != -EINPROGRESS)
		return result;
	relay_ask(relay, watch, EPOLLOUT);
	return 0;
}

/* The client's own family first; a program that listens in the other one only is reached by that. */
static void connect_next(struct relay *relay, struct relay_connection *connection)
{
	int result = -ECONNREFUSED;

	while (result < 0 && connection->families[0] != AF_UNSPEC) {
		result = try_connect(relay, connection);
		connection->families[0] = connection->families[1];
		connection->families[1] = AF_UNSPEC;
	}
	if (result < 0)
		reset_connection(relay, connection);
}

static void connect_ready(struct relay *relay, struct relay_watch *watch, uint32_t events)
{
	struct relay_connection *connection = ((struct end *)watch)->of;
	int number = 0;

	(void)events;
	if (sys_getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &number, sizeof(number)) < 0 ||
	    number != 0) {
		connect_next(relay, connection);
		return;
	}
	watch->ready = tcp_ready;
	pump(relay, connection);
}

static void tcp_ready(struct relay *relay, struct relay_watch *watch, uint32_t events)
{
	(void)events;
	pump(relay, ((struct end *)watch)->of);
}

static void start_connection(struct relay *relay, const struct relay_listener *listener, int fd)
{
	struct relay_connection *connection = calloc(1, sizeof(*connection));
	bool is_v6 = listener->family == AF_INET6;
	const int on = 1;

	if (connection == NULL) {
		(void)sys_close(fd);
		return;
	}
	relay->connections++;
	connection->port = listener->port;
	connection->families[0] = is_v6 ? AF_INET6 : AF_INET;
	if (relay->target.has_v4 && relay->target.has_v6)
		connection->families[1] = is_v6 ? AF_INET : AF_INET6;
	connection->client = (struct end){ .watch = { tcp_ready, fd, 0 }, .of = connection };
	connection->server = (struct end){ .watch = { connect_ready, -1, 0 }, .of = connection };
	(void)sys_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)sys_setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	connect_next(relay, connection);
}

void relay_tcp_accept(struct relay *relay, struct relay_watch *watch, uint32_t events)
{
	const struct relay_socket *socket = (struct relay_socket *)watch;

	(void)events;
	for (int i = 0; i < TURNS; i++) {
		int fd = relay->connections < relay->connections_max
				 ? sys_accept4(watch->fd, SOCK_NONBLOCK | SOCK_CLOEXEC)
				 : -EMFILE;

		/* No room: asked again when a connection ends, or this would go round without a pause. */
		if (relay->connections > 0 &&
		    (fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM)) {
			relay->is_full = true;
			relay_ask(relay, watch, 0);
		}
		if (fd < 0)
			return;
		start_connection(relay, socket->listener, fd);
	}
}
