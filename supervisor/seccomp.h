/* SPDX-License-Identifier: MIT */
/*
 * The seccomp filter of a container: from what --seccomp names to a program of the kernel's classic
 * BPF (Documentation/userspace-api/seccomp_filter.rst). A policy is a text (docs/SECCOMP.md); the
 * default one is seccomp_default.policy. Nothing is installed here: init does that.
 */
#ifndef SV_SECCOMP_H
#define SV_SECCOMP_H

#include "arena.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sock_filter;

struct seccomp_program {
	struct sock_filter *rows;
	size_t count; /* 0: no filter */
};

struct seccomp_request {
	const char *policy;    /* "default" (so does NULL), "none", or the path of a file */
	uint64_t capabilities; /* the container's bounding set: bit N is CAP_* number N */
	bool no_new_privs;     /* false: init's child has more to do once the filter stands */
};

/*
 * Makes the program, in the arena's memory. 0, or a negative number with the error set: a file that
 * can't be read, a text that is no policy (FILE:LINE is named), a policy that would keep the
 * command from starting, a program that the kernel wouldn't take.
 */
int seccomp_build(struct seccomp_program *program, struct arena *arena,
		  const struct seccomp_request *request, struct error *error);

#endif
