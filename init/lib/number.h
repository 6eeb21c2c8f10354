/* SPDX-License-Identifier: MIT */
/*
 * The one strict reader of numbers: the whole of (text, length) is the number, or nothing is. No
 * sign unless said, no space, no base prefix, no locale, no floating point. Results are untouched
 * on failure.
 *
 * All return 0; -EINVAL where the text is not of the form; -ERANGE where it is, but the value is
 * outside the limits.
 */
#ifndef SV_LIB_NUMBER_H
#define SV_LIB_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Decimal digits, 0..max. */
int number_parse_u64(const char *text, size_t length, uint64_t max, uint64_t *number);

/* Decimal digits with an optional '-' before, min..max. */
int number_parse_i64(const char *text, size_t length, int64_t min, int64_t max, int64_t *number);

/* Octal digits (file modes, umask), 0..max. */
int number_parse_octal(const char *text, size_t length, uint64_t max, uint64_t *number);

/* Hexadecimal digits in either case, without "0x" before them, 0..max. */
int number_parse_hex(const char *text, size_t length, uint64_t max, uint64_t *number);

/*
 * Bytes: 67108864, 64m, 64mb, 64MiB, 1.5g. Units b, k, m, g, t in either case, optionally with "b"
 * or "ib" behind; all are powers of 1024, as in Docker. Decimals where there is a unit above b, of
 * which six count; part bytes are dropped.
 */
int number_parse_size(const char *text, size_t length, uint64_t max, uint64_t *bytes);

/*
 * A decimal fraction in millionths: "0.5" = 500000, ".5" too. Decimals after the sixth are dropped.
 */
int number_parse_micro(const char *text, size_t length, uint64_t max, uint64_t *micro);

/*
 * A duration in milliseconds: "10" (seconds), "1.5", "250ms", "30s", "5m", "2h". Less than 1 ms is
 * dropped.
 */
int number_parse_duration(const char *text, size_t length, uint64_t max, uint64_t *milliseconds);

#endif
