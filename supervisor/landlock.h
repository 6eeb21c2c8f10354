/* SPDX-License-Identifier: MIT */
/* --landlock: what this kernel's Landlock can be asked for, and the ruleset that init fills. */
#ifndef SV_LANDLOCK_H
#define SV_LANDLOCK_H

#include "error.h"
#include "spec.h"

/* The version of this kernel's Landlock, from 1 on; -ENOSYS or -EOPNOTSUPP where it has none, or doesn't use it. */
int landlock_version(void);

#define LANDLOCK_TRUNCATE_VERSION 3 /* from here on, truncate(2) is a write */

/*
 * Makes the empty ruleset (a descriptor that the caller owns) and sets *handled to the accesses that it denies where no
 * rule allows them: all that this kernel knows of ours. Or a negative number with the error set.
 */
int landlock_make(uint32_t *handled, struct error *error);

/* The accesses that a row gives on a directory and what is below, and on a file. */
uint32_t landlock_access(const struct spec_landlock *row, uint32_t handled);
uint32_t landlock_file_access(const struct spec_landlock *row, uint32_t handled);

#endif
