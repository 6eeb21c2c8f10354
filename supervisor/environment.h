/* SPDX-License-Identifier: MIT */
/*
 * The variables that were asked for: -e and --env-file, as Docker reads them. Linear in their
 * number, since a generated file may have millions of lines before the kernel says E2BIG.
 */
#ifndef SV_ENVIRONMENT_H
#define SV_ENVIRONMENT_H

#include "error.h"
#include "spec.h"

/*
 * "K=V", or "K" for the caller's value of K (dropped where the caller has none). Keeps the pointer.
 * Returns 0, -EINVAL where there is no name before '=', -ENOMEM.
 */
int environment_add(struct spec *spec, const char *word);

/*
 * The file's lines: empty ones and those beginning with '#' are skipped, space before a name is
 * dropped, everything behind '=' is the value as it stands. `where` opens a message. Returns 0 or a
 * negative number with error set.
 */
int environment_read(struct spec *spec, const char *where, const char *path, struct error *error);

/* Keeps the last of each name, in the order of those last ones. Returns 0 or -ENOMEM. */
int environment_unique(struct spec *spec);

#endif
