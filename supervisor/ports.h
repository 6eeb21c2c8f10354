/* SPDX-License-Identifier: MIT */
/*
 * Published ports as the machine sees them: each is held by a socket of sv's from before the container starts until it has
 * ended, so a port in use is an error that no race can hide, and nobody else gets it meanwhile. What arrives at these sockets is
 * relayed (relay.h).
 */
#ifndef SV_PORTS_H
#define SV_PORTS_H

#include "error.h"
#include "relay.h"
#include "spec.h"

#include <stddef.h>

struct ports {
	struct relay_listener *rows; /* malloc'ed */
	size_t count;
	pid_t relay; /* 0 = none */
};

/* Binds all of the spec's ports. 0, or a negative number with the error set; ports_free() in any case. */
int ports_hold(struct ports *ports, const struct spec *spec, struct error *error);

/* Starts the relay; `namespace` as in relay.h. 0, or a negative number with the error set. */
int ports_relay(struct ports *ports, const struct relay_target *target, int namespace,
		struct error *error);

/* Ends the relay and lets the ports go. */
void ports_free(struct ports *ports);

#endif
