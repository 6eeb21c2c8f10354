/* SPDX-License-Identifier: MIT */
/*
 * /etc/hosts, /etc/hostname and /etc/resolv.conf of a container that has a network. They lie in a small tmpfs of their own,
 * which nothing but their mounts holds: nothing of them is ever on a disk, and they go with the container. Their owner is
 * the container's root, who may write to them. Where a volume or tmpfs covers one it is left out.
 */
#ifndef SV_ETC_FILES_H
#define SV_ETC_FILES_H

#include "error.h"
#include "network.h"
#include "plan_build.h"
#include "spec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ETC_HOSTS_MAX (64U << 10) /* 1,023 containers' names */

struct etc_files {
	struct plan_file rows[PLAN_FILES_MAX]; /* for the plan; fd: a detached mount each */
	pid_t child;                           /* that made them, to be reaped; 0 = none */
	int hosts;          /* the file, for names that come later; -1 = there is none */
	int addresses;      /* the network's file of names (names.h); -1 = none */
	int changes, bell;  /* what tells of its changes, and is told by; -1 = none */
	char *text;         /* what sv last wrote to it; malloc'ed */
	size_t length, own; /* of that; how much of it stays whatever names come */
};

/* What decides about their content. */
struct etc_request {
	const struct spec *spec;
	const struct network *network;
	const char *container, *hostname;
	const struct cidr *
		forwarder; /* of --net user's program: answers for the machine's resolvers; family 0 = none */
};

void etc_files_init(struct etc_files *files);

/*
 * Decides which there are, and where in the root tree `root` each one's mount point is: behind the link that /etc/resolv.conf
 * often is. Changes nothing. 0, or a negative number with the error set.
 */
int etc_files_choose(struct etc_files *files, const struct spec *spec, int root,
		     struct error *error);

/* Makes them, for the ids given. 0, or a negative number with the error set. */
int etc_files_make(struct etc_files *files, const struct etc_request *request, uint32_t uid,
		   uint32_t gid, struct error *error);

/* The network's names have changed: puts them into hosts, unless somebody inside has changed the file himself. */
void etc_files_update(struct etc_files *files, const char *container);

/* Closes the detached mounts. */
void etc_files_close_mounts(struct etc_files *files);

/* Closes and frees everything. */
void etc_files_free(struct etc_files *files);

#endif
