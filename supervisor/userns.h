/* SPDX-License-Identifier: MIT */
/*
 * The container's user namespace: a range of ids that no other container and no account has, mapped from 0 on, and the
 * root tree and volumes seen through the same map, so that files on disk keep their owners. user_namespaces(7)
 */
#ifndef SV_USERNS_H
#define SV_USERNS_H

#include "error.h"
#include "plan_build.h"
#include "spec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define USERNS_SIZE 65536U

struct userns {
	bool is_wanted;
	uint32_t uid, gid, size; /* ids on the host that 0 inside stands for, and how many follow */
	int lock; /* holds the range for as long as anybody has it open: sv, and init */
};

/*
 * Chooses the range: what --userns asks for; else one of those that /etc/subuid and /etc/subgid give the user "sv"; else one
 * of the default ranges that no line of the two files touches. Locks it against every other container. `name` decides where
 * the search begins. 0, or a negative number with the error set.
 */
int userns_choose(struct userns *userns, const struct spec *spec, const char *name,
		  struct error *error);

/* Maps the range into the namespace of a process that waits for it. 0, or a negative number with the error set. */
int userns_write_maps(const struct userns *userns, pid_t pid, struct error *error);

/* The process' user namespace. A descriptor that the caller owns, or a negative number with the error set. */
int userns_open(pid_t pid, struct error *error);

/* Shows a detached mount, and all below it, through the namespace's map, with MOUNT_ATTR_* that are set as well. 0 or
 * -errno. mount_setattr(2), Linux 5.12 */
int userns_idmap(int namespace, int mount, uint64_t attributes);

/* The error for a volume that can't be mapped: names the submount that refuses, where it can be found. */
int userns_fail_volume(int namespace, const struct spec_volume *volume, int number,
		       struct error *error);

/* Removes what a dead sv left: the file of locks, when nobody has any. */
void userns_collect(void);

/* Gives the range back. */
void userns_free(struct userns *userns);

#endif
