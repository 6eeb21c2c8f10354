/* SPDX-License-Identifier: MIT */
/*
 * What the tests' small programs share. They are static, so that one shown in any rootfs runs there.
 */
#ifndef SV_TESTS_HELPER_H
#define SV_TESTS_HELPER_H

#include "init/lib/number.h"
#include "init/lib/sys.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value of a storm: who sent it, and as which of his. */
#define VALUE_SENDER(value)      ((unsigned)(value) >> 24)
#define VALUE_COUNT(value)       ((unsigned)(value)&0xffffff)
#define VALUE_OF(sender, number) ((int)((unsigned)(sender) << 24 | (unsigned)(number)))

static inline _Noreturn void give_up(const char *what, long result)
{
	(void)fprintf(stderr, "%s: %s\n", what, strerror((int)-result));
	exit(99);
}

static inline long check(const char *what, long result)
{
	if (result < 0)
		give_up(what, result);
	return result;
}

static inline int64_t number_or_die(const char *text, int64_t min, int64_t max)
{
	int64_t number = 0;

	check(text, number_parse_i64(text, strlen(text), min, max, &number));
	return number;
}

/* A line that is out at once, and whole. */
static inline void say(const char *line)
{
	(void)sys_write(1, line, strlen(line));
}

#endif
