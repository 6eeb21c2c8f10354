/* SPDX-License-Identifier: MIT */
/*
 * Who is on a bridge: one file of addresses and names beside the leases, in the form of hosts(5). Each start and each end
 * writes it anew under the network's lock and then rings a bell, a FIFO that each sv on the bridge listens to and nobody reads
 * empty for the others: each puts the names into its own container's /etc/hosts. So no sv ever writes to another's
 * container, and one change costs each of them one read. (Of inotify(7) a user has 128 instances, for all that he runs.)
 */
#ifndef SV_NAMES_H
#define SV_NAMES_H

#include "error.h"
#include "network.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define NETWORK_NAMES ".names" /* beside the leases */
#define NETWORK_BELL  ".bell"

/*
 * Writes who lives now: the others, and the container itself unless it is leaving. 0, or a negative number with the error
 * set. The network must have its addresses; its folder must not be locked.
 */
int names_write(struct network *network, bool is_leaving, struct error *error);

/* Opens the file, for names_read(). The descriptor, or -errno. */
int names_open(const struct network *network);

/*
 * A descriptor that is readable after each change, until names_drain(), and at first; -errno. It is so while *bell is open,
 * which is closed by the caller.
 */
int names_watch(const struct network *network, int *bell);

/* The change has been heard of. */
void names_drain(int watch);

/* Reads the file into text without the container's own lines. The length, 0 where it can't be read. */
size_t names_read(int names, const char *container, char *text, size_t size);

#endif
