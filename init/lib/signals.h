/* SPDX-License-Identifier: MIT */
/*
 * Signals by name and number, 1..64. The numbers come from the headers of the machine that is
 * compiled for. RTMIN is 34, as glibc's programs see it (32 and 33 are the C libraries' own),
 * whatever libc this is built with.
 */
#ifndef SV_LIB_SIGNALS_H
#define SV_LIB_SIGNALS_H

#include <stddef.h>

#define SIGNALS_MAX       64
#define SIGNALS_RTMIN     34
#define SIGNALS_NAME_SIZE 16 /* bytes that hold any name and its end */

/*
 * "TERM", "SIGTERM", "term", "15", "RTMIN", "RTMIN+3", "RTMAX-1" to 1..64; -EINVAL for anything
 * else.
 */
int signals_parse(const char *text, size_t length);

/*
 * "SIGTERM", "SIGRTMIN+3", "SIGRTMAX"; the bare number where a signal has no name (32, 33, out of
 * 1..64). Returns name.
 */
const char *signals_name(int signal, char name[SIGNALS_NAME_SIZE]);

#endif
