/* SPDX-License-Identifier: MIT */
/*
 * The configuration file of `sv run -f FILE`: the options by their long names.
 *
 *     # one "key = value" a line; '#' opens a comment only at a line's beginning
 *     rootfs = images/web
 *     command = /bin/httpd      (one word each, repeated)
 *     command = -f
 *     memory = 64m
 *     read-only = true
 *     env = LANG=C
 *
 * Space around key and value is dropped; nothing is quoted or expanded. Relative paths are relative
 * to sv's working directory, as on the command line, not to the file.
 */
#ifndef SV_CONFIG_H
#define SV_CONFIG_H

#include "error.h"
#include "spec.h"

#include <stddef.h>

/* Reads the file into spec. Returns 0 or a negative number with error set. */
int config_read(struct spec *spec, const char *path, struct error *error);

/*
 * The same for text in memory; path is only for messages, "PATH:LINE: KEY: ...". Keeps no pointers
 * into text.
 */
int config_parse(struct spec *spec, const char *path, const char *text, size_t size,
		 struct error *error);

#endif
