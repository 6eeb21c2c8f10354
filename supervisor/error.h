/* SPDX-License-Identifier: MIT */
/*
 * What went wrong, kept until the verb prints it. Libraries fill a struct error and return a negative number;
 * only a verb or main prints, once: one line, one write(2) to stderr.
 *
 *     sv: cannot open rootfs 'x': No such file or directory (ENOENT); hint: make one with 'make rootfs'
 */
#ifndef SV_ERROR_H
#define SV_ERROR_H

#include <stddef.h>

/* The statuses of `sv` itself (docs: sv(1), EXIT STATUS); the rest are the command's own. */
enum exit_status {
	EXIT_OF_SV = 125,          /* sv or init failed, or was asked for something wrong */
	EXIT_NOT_EXECUTABLE = 126, /* the command was found and can't be executed */
	EXIT_NOT_FOUND = 127,      /* the command was not found */
	EXIT_SIGNAL = 128,         /* + N: signal N ended the command */
};

struct error {
	int number;     /* a positive errno shown behind the text, or 0 when the text says it all */
	int status;     /* sv's exit status for it: 0 means EXIT_OF_SV */
	char text[768]; /* "cannot open rootfs 'x'": lower case, object in quotes, no full stop */
	char hint[512]; /* the way out, or empty */
};

/*
 * Records a failure and returns a negative number to pass on: `number` itself when negative (-errno), -EINVAL when
 * it is 0 (a failure that no errno describes). The first failure wins: an error already set is left alone, so a
 * cleanup that fails too never hides its cause. Control bytes in the text are neutralised when it is printed.
 */
int error_set(struct error *error, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds the hint, where there is none yet. Returns `result` unchanged, so that it can end a return statement. */
int error_hint(struct error *error, int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* True when a failure was recorded. */
static inline int error_is_set(const struct error *error)
{
	return error->text[0] != '\0';
}

/* The constant's name for a positive errno ("EPERM"), or NULL for a number that has none. Static storage. */
const char *error_name(int number);

/* The number of such a name, or 0 when it is none of them. */
int error_number(const char *name, size_t length);

/*
 * Prints "sv: TEXT[: strerror (NAME)][; hint: HINT]\n" with one write to stderr and returns the exit status to use.
 * Bytes that a terminal would obey (text_is_control()) become '?'. A stderr that can't be written to is ignored: there is nobody to tell.
 */
int error_print(const struct error *error);

/* Prints "sv: " and one formatted line the same way (a warning or a report that is no failure). */
void error_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
