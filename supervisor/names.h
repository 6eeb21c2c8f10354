/* SPDX-License-Identifier: MIT */
/*
 * Who is on a bridge: one file of addresses and names beside the leases, in the form of hosts(5). Each start and each end
 * writes it anew under the network's lock; each sv on the bridge is told by inotify(7) and puts it into its own container's
 * /etc/hosts. So no sv ever writes to another's container, and one change costs each of them one read.
 */
#ifndef SV_NAMES_H
#define SV_NAMES_H

#include "error.h"
#include "network.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define NETWORK_NAMES ".names" /* beside the leases */

/*
 * Writes who lives now: the others, and the container itself unless it is leaving. 0, or a negative number with the error
 * set. The network must have its addresses; its folder must not be locked.
 */
int names_write(struct network *network, bool is_leaving, struct error *error);

/* Opens the file, for names_read() and names_watch(). The descriptor, or -errno. */
int names_open(const struct network *network);

/* An inotify descriptor that is readable after each change; -errno. */
int names_watch(int names);

/* Takes what is to be read from it. */
void names_drain(int watch);

/* Reads the file into text without the container's own lines. The length, 0 where it can't be read. */
size_t names_read(int names, const char *container, char *text, size_t size);

#endif
