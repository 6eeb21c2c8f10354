/* SPDX-License-Identifier: MIT */
/*
 * --net user: a network that needs no right on the machine, by an installed program that passes a container's packets on as
 * its own connections: pasta(1), or slirp4netns(1) where there is no pasta. A keeper, a process of sv's that sleeps, ends
 * the program when sv is gone, whatever ended that.
 */
#ifndef SV_USERNET_H
#define SV_USERNET_H

#include "cidr.h"
#include "error.h"
#include "spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum usernet_kind {
	USERNET_NONE,
	USERNET_PASTA,
	USERNET_SLIRP,
};

struct usernet {
	enum usernet_kind kind;
	char program[256];
	struct cidr forwarder; /* answers for the machine's resolvers, inside */
	struct cidr
		address; /* the container's, where it is always the same; family 0 = like the machine's */
	pid_t keeper;
	int hold; /* the keeper's life hangs on it; -1 = not started */
};

void usernet_init(struct usernet *usernet);

/* Looks for a program. 0, or a negative number with the error set. */
int usernet_choose(struct usernet *usernet, struct error *error);

/* What the program must know. */
struct usernet_request {
	const struct spec *spec;
	int net, user;      /* the namespaces of the container; user -1: it has none of its own */
	bool is_privileged; /* sv is the machine's root */
};

/* Starts it and waits until the container's network stands. 0, or a negative number with the error set. */
int usernet_start(struct usernet *usernet, const struct usernet_request *request,
		  struct error *error);

/* Ends it; once is enough, twice no harm. */
void usernet_stop(struct usernet *usernet);

/* True when the program has taken the ports: then sv must not hold them. */
static inline bool usernet_has_ports(const struct usernet *usernet)
{
	return usernet->kind == USERNET_PASTA;
}

/* The program's arguments, for its tests: NULL behind the last. The strings live in the arena. NULL: no memory. */
char **usernet_arguments(const struct usernet *usernet, const struct usernet_request *request,
			 struct arena *arena);

#endif
