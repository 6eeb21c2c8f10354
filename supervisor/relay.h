/* SPDX-License-Identifier: MIT */
/*
 * Published ports of the machine's own addresses: connections and datagrams that reach sv's sockets are passed on to the
 * container, by a process of its own that has no rights, so that neither a flood of them nor an error in here touches the
 * terminal's relay or the container's supervision. What comes over the network goes by the kernel's NAT and never
 * gets here (nft.h).
 */
#ifndef SV_RELAY_H
#define SV_RELAY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where the container is. One of the two at least. */
struct relay_target {
	bool has_v4, has_v6;
	struct in_addr v4;
	struct in6_addr v6;
};

/* A socket that the outside connects or sends to. */
struct relay_listener {
	int fd; /* non-blocking; a stream's listens; a datagram's tells its packets' addresses */
	bool is_stream; /* TCP, else UDP */
	uint16_t port;  /* the container's */
	sa_family_t family;
};

/*
 * Forks the relay; it ends with sv, however that ends. `namespace`: a network namespace that it connects from, or -1.
 * All signals must be blocked. The pid, or -errno.
 */
pid_t relay_start(const struct relay_listener *listeners, size_t count,
		  const struct relay_target *target, int namespace);

/* Ends and reaps it; 0 or a negative pid is none. */
void relay_stop(pid_t pid);

#endif
