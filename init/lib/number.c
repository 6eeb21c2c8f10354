/* SPDX-License-Identifier: MIT */
/*
 * See number.h. Everything comes down to one loop over digits that checks each step for overflow.
 */
#include "number.h"

#include <errno.h>
#include <stdbool.h>

#define MICRO        1000000U
#define MICRO_DIGITS 6

/* A number with its fraction, as far as it goes, and how many bytes of the text it took. */
struct decimal {
	uint64_t whole;
	uint64_t micro; /* millionths, below MICRO */
	bool fraction;  /* there was a '.' */
	bool overflow;  /* whole doesn't fit */
	size_t used;
};

struct unit {
	char name[4];
	uint64_t factor;
};

static bool is_digit(char c, unsigned base)
{
	return c >= '0' && (unsigned)(c - '0') < base;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/*
 * Reads the digits at the front. The text is read to their end even when they don't fit, so as to
 * tell form from range.
 */
static size_t read_digits(const char *text, size_t length, unsigned base, uint64_t *number,
			  bool *overflow)
{
	size_t used;

	*number = 0;
	*overflow = false;
	for (used = 0; used < length && is_digit(text[used], base); used++) {
		*overflow |= __builtin_mul_overflow(*number, base, number);
		*overflow |= __builtin_add_overflow(*number, (unsigned)(text[used] - '0'), number);
	}
	return used;
}

static int read_whole(const char *text, size_t length, unsigned base, uint64_t max,
		      uint64_t *number)
{
	uint64_t value;
	bool overflow;

	if (length == 0 || read_digits(text, length, base, &value, &overflow) != length)
		return -EINVAL;
	if (overflow || value > max)
		return -ERANGE;
	*number = value;
	return 0;
}

int number_parse_u64(const char *text, size_t length, uint64_t max, uint64_t *number)
{
	return read_whole(text, length, 10, max, number);
}

int number_parse_octal(const char *text, size_t length, uint64_t max, uint64_t *number)
{
	return read_whole(text, length, 8, max, number);
}

int number_parse_hex(const char *text, size_t length, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;
	bool overflow = false;

	if (length == 0)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		char c = lower(text[i]);
		bool is_letter = c >= 'a' && c <= 'f';

		if (!is_letter && !is_digit(c, 10))
			return -EINVAL;
		overflow |= value > UINT64_MAX >> 4;
		value = value << 4 | (unsigned)(is_letter ? c - 'a' + 10 : c - '0');
	}
	if (overflow || value > max)
		return -ERANGE;
	*number = value;
	return 0;
}

int number_parse_i64(const char *text, size_t length, int64_t min, int64_t max, int64_t *number)
{
	bool negative = length > 0 && text[0] == '-';
	uint64_t magnitude;
	int64_t value;
	int result = read_whole(text + negative, length - negative, 10,
				(uint64_t)INT64_MAX + negative, &magnitude);

	if (result < 0)
		return result;
	/* in two steps, since the magnitude of INT64_MIN is no int64_t */
	value = negative && magnitude > 0 ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
	if (value < min || value > max)
		return -ERANGE;
	*number = value;
	return 0;
}

/*
 * The decimals behind a '.', as millionths; what is below a millionth is dropped. Returns how many
 * bytes they took.
 */
static size_t read_micro(const char *text, size_t length, uint64_t *micro)
{
	size_t digits;

	*micro = 0;
	for (digits = 0; digits < length && is_digit(text[digits], 10); digits++)
		if (digits < MICRO_DIGITS)
			*micro = *micro * 10 + (unsigned)(text[digits] - '0');
	for (size_t missing = digits; missing < MICRO_DIGITS; missing++)
		*micro *= 10;
	return digits;
}

/* "1", "1.5" and ".5" at the front of the text; -EINVAL for anything else. */
static int read_decimal(const char *text, size_t length, struct decimal *decimal)
{
	size_t used = read_digits(text, length, 10, &decimal->whole, &decimal->overflow);
	size_t digits;

	decimal->micro = 0;
	decimal->fraction = used < length && text[used] == '.';
	decimal->used = used;
	if (!decimal->fraction)
		return used > 0 ? 0 : -EINVAL;
	used++;
	digits = read_micro(text + used, length - used, &decimal->micro);
	decimal->used = used + digits;
	return digits > 0 ? 0 : -EINVAL;
}

/* The factor of the unit that the text's end names; 0 when none does. */
static uint64_t find_unit(const struct unit *units, size_t count, const char *text, size_t length)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		while (at < length && at < sizeof(units[i].name) &&
		       lower(text[at]) == units[i].name[at])
			at++;
		if (at == length && (at == sizeof(units[i].name) || units[i].name[at] == '\0'))
			return units[i].factor;
	}
	return 0;
}

/* decimal * factor, the rest below 1 dropped. */
static int scale(const struct decimal *decimal, uint64_t factor, uint64_t max, uint64_t *number)
{
	uint64_t value, part;

	if (decimal->overflow || __builtin_mul_overflow(decimal->whole, factor, &value) ||
	    __builtin_mul_overflow(decimal->micro, factor, &part) ||
	    __builtin_add_overflow(value, part / MICRO, &value) || value > max)
		return -ERANGE;
	*number = value;
	return 0;
}

int number_parse_size(const char *text, size_t length, uint64_t max, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "b", 1 },
		{ "k", 1ULL << 10 },
		{ "kb", 1ULL << 10 },
		{ "kib", 1ULL << 10 },
		{ "m", 1ULL << 20 },
		{ "mb", 1ULL << 20 },
		{ "mib", 1ULL << 20 },
		{ "g", 1ULL << 30 },
		{ "gb", 1ULL << 30 },
		{ "gib", 1ULL << 30 },
		{ "t", 1ULL << 40 },
		{ "tb", 1ULL << 40 },
		{ "tib", 1ULL << 40 },
	};
	struct decimal decimal;
	uint64_t factor;

	if (read_decimal(text, length, &decimal) < 0)
		return -EINVAL;
	factor = find_unit(units, sizeof(units) / sizeof(units[0]), text + decimal.used,
			   length - decimal.used);
	/* half a byte is a slip: a unit was forgotten */
	if (factor == 0 || (factor == 1 && decimal.fraction))
		return -EINVAL;
	return scale(&decimal, factor, max, bytes);
}

int number_parse_micro(const char *text, size_t length, uint64_t max, uint64_t *micro)
{
	struct decimal decimal;

	if (read_decimal(text, length, &decimal) < 0 || decimal.used != length)
		return -EINVAL;
	return scale(&decimal, MICRO, max, micro);
}

int number_parse_duration(const char *text, size_t length, uint64_t max, uint64_t *milliseconds)
{
	static const struct unit units[] = {
		{ "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 3600 * 1000 }
	};
	struct decimal decimal;
	uint64_t factor;

	if (read_decimal(text, length, &decimal) < 0)
		return -EINVAL;
	factor = find_unit(units, sizeof(units) / sizeof(units[0]), text + decimal.used,
			   length - decimal.used);
	if (factor == 0)
		return -EINVAL;
	return scale(&decimal, factor, max, milliseconds);
}
