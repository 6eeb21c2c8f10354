/* SPDX-License-Identifier: MIT */
/* See relay.h: the process, its rights and its loop. relay_tcp.c and relay_udp.c do what is to be done. */
#include "relay_internal.h"

#include "../init/lib/fd.h"
#include "rights.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define CONNECTIONS_MAX 4096U /* 32 KB each */
#define EVENTS          64

void relay_ask(const struct relay *relay, struct relay_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	if (events == watch->events)
		return;
	/* A descriptor without a wish is taken out: its hang-up would be told again and again. */
	(void)sys_epoll_ctl(relay->epoll,
			    events == 0          ? EPOLL_CTL_DEL
			    : watch->events == 0 ? EPOLL_CTL_ADD
						 : EPOLL_CTL_MOD,
			    watch->fd, &event);
	watch->events = events;
}

socklen_t relay_address(const struct relay *relay, sa_family_t family, uint16_t port,
			struct sockaddr_storage *address)
{
	const struct relay_target *target = &relay->target;

	memset(address, 0, sizeof(*address));
	if ((family == AF_INET6 && target->has_v6) || !target->has_v4) {
		struct sockaddr_in6 *to = (void *)address;

		to->sin6_family = AF_INET6;
		to->sin6_port = htons(port);
		to->sin6_addr = target->v6;
		return sizeof(*to);
	}
	struct sockaddr_in *to = (void *)address;

	to->sin_family = AF_INET;
	to->sin_port = htons(port);
	to->sin_addr = target->v4;
	return sizeof(*to);
}

/* As many as there are descriptors for, two each. The limit is the relay's own: nothing inherits it. */
static unsigned raise_limit(size_t taken)
{
	uint64_t limit[2] = { 0, 0 }, rest;

	if (sys_prlimit(0, RLIMIT_NOFILE, NULL, limit) < 0)
		return 1;
	limit[0] = limit[1];
	(void)sys_prlimit(0, RLIMIT_NOFILE, limit, NULL);
	rest = limit[0] / 4; /* the other half is for datagrams */
	rest = rest > taken + 16 ? rest - taken - 16 : 1;
	return rest > CONNECTIONS_MAX ? CONNECTIONS_MAX : (unsigned)rest;
}

/* Of all that sv has open the sockets stay, at the lowest numbers. Not even the standard ones are needed. */
static void keep_sockets(struct relay *relay, const struct relay_listener *listeners, size_t count)
{
	unsigned next = 0;

	for (size_t i = 0; i < count; i++) {
		struct relay_socket *socket = &relay->sockets[i];

		socket->listener = &listeners[i];
		/* Listeners are in the order that they were opened in: no number is needed that is still to be moved. */
		socket->watch.fd = sys_dup3(listeners[i].fd, (int)next++, O_CLOEXEC);
		if (socket->watch.fd < 0)
			_exit(1);
	}
	(void)sys_close_range(next, UINT_MAX, 0);
}

static int next_timeout(const struct relay *relay)
{
	int64_t left;

	if (relay->sweep_at == INT64_MAX)
		return -1;
	left = relay->sweep_at - sys_now_ms();
	return left < 0 ? 0 : (int)left;
}

static _Noreturn void serve(struct relay *relay)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		int count = sys_epoll_pwait(relay->epoll, events, EVENTS, next_timeout(relay));

		if (count < 0 && count != -EINTR)
			_exit(1);
		for (int i = 0; i < count; i++) {
			struct relay_watch *watch = events[i].data.ptr;

			if (watch->events != 0) /* it may have been closed by an event before it */
				watch->ready(relay, watch, events[i].events);
		}
		relay_tcp_free_ended(relay);
		relay_udp_sweep(relay);
	}
}

static _Noreturn void run(const struct relay_listener *listeners, size_t count,
			  const struct relay_target *target, int namespace, pid_t parent)
{
	struct relay *relay = calloc(1, sizeof(*relay));

	if (relay == NULL || (namespace >= 0 && sys_setns(namespace, CLONE_NEWNET) < 0))
		_exit(1);
	relay->sockets = calloc(count, sizeof(*relay->sockets));
	if (relay->sockets == NULL)
		_exit(1);
	relay->target = *target;
	relay->socket_count = count;
	relay->sweep_at = INT64_MAX;
	keep_sockets(relay, listeners, count);
	/* it needs no right and no file */
	rights_drop();
	relay->connections_max = raise_limit(count);
	/* The change of user has taken it away; a parent that has ended before it was set is found by its number. */
	(void)sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	relay->epoll = sys_epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < count; i++) {
		relay->sockets[i].watch.ready =
			listeners[i].is_stream ? relay_tcp_accept : relay_udp_receive;
		relay_ask(relay, &relay->sockets[i].watch, EPOLLIN);
	}
	serve(relay);
}

pid_t relay_start(const struct relay_listener *listeners, size_t count,
		  const struct relay_target *target, int namespace)
{
	pid_t parent = getpid();
	long pid = sys_fork();

	if (pid == 0)
		run(listeners, count, target, namespace, parent);
	return (pid_t)pid;
}

void relay_stop(pid_t pid)
{
	siginfo_t info;

	/* A child's number is its own until it is reaped. */
	if (pid > 0 && sys_kill(pid, SIGKILL) == 0)
		(void)sys_waitid(P_PID, (int)pid, &info, WEXITED);
}
