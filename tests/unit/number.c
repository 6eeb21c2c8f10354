/* SPDX-License-Identifier: MIT */
/* init/lib/number.c: forms, ranges, and the last value before each overflow. */
#include "init/lib/number.h"

#include "tap.h"

#include <errno.h>

#define UNTOUCHED 4711

static void u64(const char *text, uint64_t max, int result, uint64_t wanted)
{
	uint64_t number = UNTOUCHED;
	int got = number_parse_u64(text, strlen(text), max, &number);

	ok(got == result && number == (result == 0 ? wanted : UNTOUCHED), "u64 '%s'", text);
}

static void i64(const char *text, int64_t min, int64_t max, int result, int64_t wanted)
{
	int64_t number = UNTOUCHED;
	int got = number_parse_i64(text, strlen(text), min, max, &number);

	ok(got == result && number == (result == 0 ? wanted : UNTOUCHED), "i64 '%s'", text);
}

static void octal(const char *text, int result, uint64_t wanted)
{
	uint64_t number = UNTOUCHED;
	int got = number_parse_octal(text, strlen(text), 07777, &number);

	ok(got == result && number == (result == 0 ? wanted : UNTOUCHED), "octal '%s'", text);
}

static void size(const char *text, int result, uint64_t wanted)
{
	uint64_t number = UNTOUCHED;
	int got = number_parse_size(text, strlen(text), INT64_MAX, &number);

	ok(got == result && number == (result == 0 ? wanted : UNTOUCHED), "size '%s'", text);
}

static void micro(const char *text, int result, uint64_t wanted)
{
	uint64_t number = UNTOUCHED;
	int got = number_parse_micro(text, strlen(text), UINT64_MAX, &number);

	ok(got == result && number == (result == 0 ? wanted : UNTOUCHED), "micro '%s'", text);
}

static void duration(const char *text, int result, uint64_t wanted)
{
	uint64_t number = UNTOUCHED;
	int got = number_parse_duration(text, strlen(text), INT64_MAX, &number);

	ok(got == result && number == (result == 0 ? wanted : UNTOUCHED), "duration '%s'", text);
}

static void reads_whole_numbers(void)
{
	u64("0", 10, 0, 0);
	u64("007", 10, 0, 7);
	u64("10", 10, 0, 10);
	u64("11", 10, -ERANGE, 0);
	u64("18446744073709551615", UINT64_MAX, 0, UINT64_MAX);
	u64("18446744073709551616", UINT64_MAX, -ERANGE, 0);
	u64("99999999999999999999", UINT64_MAX, -ERANGE, 0);
	u64("", 10, -EINVAL, 0);
	u64("-1", 10, -EINVAL, 0);
	u64("+1", 10, -EINVAL, 0);
	u64(" 1", 10, -EINVAL, 0);
	u64("1 ", 10, -EINVAL, 0);
	u64("0x1", 10, -EINVAL, 0);
	u64("1e1", 10, -EINVAL, 0);
	u64("99999999999999999999x", UINT64_MAX, -EINVAL, 0);
	i64("-1", -1, 5, 0, -1);
	i64("-2", -1, 5, -ERANGE, 0);
	i64("5", -1, 5, 0, 5);
	i64("6", -1, 5, -ERANGE, 0);
	i64("-0", -1, 5, 0, 0);
	i64("-", -1, 5, -EINVAL, 0);
	i64("--1", -1, 5, -EINVAL, 0);
	i64("", -1, 5, -EINVAL, 0);
	i64("9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX);
	i64("9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0);
	i64("-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN);
	i64("-9223372036854775809", INT64_MIN, INT64_MAX, -ERANGE, 0);
	octal("022", 0, 022);
	octal("7777", 0, 07777);
	octal("10000", -ERANGE, 0);
	octal("8", -EINVAL, 0);
	octal("", -EINVAL, 0);
}

static void reads_sizes(void)
{
	size("0", 0, 0);
	size("67108864", 0, 67108864);
	size("64b", 0, 64);
	size("64k", 0, 64 << 10);
	size("64m", 0, 64 << 20);
	size("64M", 0, 64 << 20);
	size("64mb", 0, 64 << 20);
	size("64MiB", 0, 64 << 20);
	size("2g", 0, 2LL << 30);
	size("2t", 0, 2LL << 40);
	size("1.5g", 0, 3LL << 29);
	size(".5k", 0, 512);
	size("0.0009765k", 0, 0);
	size("8388607t", 0, 8388607LL << 40);
	size("8388608t", -ERANGE, 0);
	size("9223372036854775807", 0, INT64_MAX);
	size("9223372036854775808", -ERANGE, 0);
	size("99999999999999999999", -ERANGE, 0);
	size("99999999999999999999k", -ERANGE, 0);
	size("64q", -EINVAL, 0);
	size("64mm", -EINVAL, 0);
	size("64mib2", -EINVAL, 0);
	size("64 m", -EINVAL, 0);
	size("m", -EINVAL, 0);
	size("-1", -EINVAL, 0);
	size("1.", -EINVAL, 0);
	size("1.m", -EINVAL, 0);
	size(".", -EINVAL, 0);
	size("", -EINVAL, 0);
	size("1.5", -EINVAL, 0);
	size("1.5b", -EINVAL, 0);
	size("1.5.5k", -EINVAL, 0);
}

static void reads_fractions(void)
{
	micro("0.5", 0, 500000);
	micro(".5", 0, 500000);
	micro("2", 0, 2000000);
	micro("0.000001", 0, 1);
	micro("0.3333333333333333333333333", 0, 333333);
	micro("18446744073709.551615", 0, UINT64_MAX);
	micro("18446744073709.551616", -ERANGE, 0);
	micro("abc", -EINVAL, 0);
	micro("1,5", -EINVAL, 0);
	micro("1e3", -EINVAL, 0);
	micro("nan", -EINVAL, 0);
	micro("1.", -EINVAL, 0);
	micro("-1", -EINVAL, 0);
	duration("10", 0, 10000);
	duration("1.5", 0, 1500);
	duration("250ms", 0, 250);
	duration("30s", 0, 30000);
	duration("5m", 0, 300000);
	duration("2h", 0, 7200000);
	duration("0", 0, 0);
	duration("9223372036854776", -ERANGE, 0);
	duration("1d", -EINVAL, 0);
	duration("1sm", -EINVAL, 0);
	duration("", -EINVAL, 0);
}

int main(void)
{
	uint64_t number = UNTOUCHED;

	reads_whole_numbers();
	reads_sizes();
	reads_fractions();
	ok(number_parse_u64("123", 2, 100, &number) == 0 && number == 12,
	   "stops at the length that it is given");
	ok(number_parse_size("64mX", 3, INT64_MAX, &number) == 0 && number == 64 << 20,
	   "so does a size");
	return tap_done();
}
