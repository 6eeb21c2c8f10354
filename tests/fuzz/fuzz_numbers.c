/* SPDX-License-Identifier: MIT */
/*
 * Numbers, sizes, durations and signal names: nothing outside the limits, and what is printed reads
 * back the same.
 */
#include "init/lib/number.h"
#include "init/lib/signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good)
{
	if (!good)
		abort();
}

static void whole_numbers(const char *text, size_t size)
{
	uint64_t number = 0, again = 0;
	int64_t with_sign = 0;
	char printed[32];

	if (number_parse_u64(text, size, UINT64_MAX, &number) == 0) {
		(void)snprintf(printed, sizeof(printed), "%llu", (unsigned long long)number);
		check(number_parse_u64(printed, strlen(printed), UINT64_MAX, &again) == 0 &&
		      again == number);
		/* a number without a unit is as many bytes */
		check(number > INT64_MAX ||
		      (number_parse_size(text, size, INT64_MAX, &again) == 0 && again == number));
	}
	if (number_parse_i64(text, size, INT64_MIN, INT64_MAX, &with_sign) == 0)
		check(with_sign < 0 ||
		      (number_parse_u64(text[0] == '-' ? "0" : text, text[0] == '-' ? 1 : size,
					UINT64_MAX, &number) == 0 &&
		       number == (uint64_t)with_sign));
	if (number_parse_i64(text, size, -1000, 1000, &with_sign) == 0)
		check(with_sign >= -1000 && with_sign <= 1000);
	check(number_parse_octal(text, size, 0777, &number) < 0 || number <= 0777);
}

static void fractions(const char *text, size_t size)
{
	uint64_t number;

	check(number_parse_size(text, size, 1 << 30, &number) < 0 || number <= 1 << 30);
	check(number_parse_micro(text, size, 1000000, &number) < 0 || number <= 1000000);
	check(number_parse_duration(text, size, 100000, &number) < 0 || number <= 100000);
}

static void signal_names(const char *text, size_t size)
{
	int signal = signals_parse(text, size);
	char name[SIGNALS_NAME_SIZE];

	check(signal < 0 || (signal >= 1 && signal <= SIGNALS_MAX));
	if (signal < 0)
		return;
	(void)signals_name(signal, name);
	check(signals_parse(name, strlen(name)) == signal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* exactly as long as the input, so that the sanitizer sees a byte too many */
	char *text = calloc(1, size + (size == 0));

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	whole_numbers(text, size);
	fractions(text, size);
	signal_names(text, size);
	free(text);
	return 0;
}
