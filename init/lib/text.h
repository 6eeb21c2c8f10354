/* SPDX-License-Identifier: MIT */
/* Numbers into text, for files of the kernel (no NUL behind: the caller knows the length), and what text may not hold. */
#ifndef SV_LIB_TEXT_H
#define SV_LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_NUMBER_MAX 20 /* bytes of the longest: -9223372036854775808 */

/* Decimal, no leading zero (the kernel reads "0500" as octal in many files). Returns the length. */
static inline size_t text_number(char text[TEXT_NUMBER_MAX], int64_t value)
{
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char digits[TEXT_NUMBER_MAX];
	size_t count = 0, length = 0;

	do
		digits[count++] = (char)('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (value < 0)
		text[length++] = '-';
	while (count > 0)
		text[length++] = digits[--count];
	return length;
}

/*
 * True for a byte that a terminal would obey instead of showing it: C0, DEL and C1 of ECMA-48. C1 is 0x80 to 0x9f; in UTF-8,
 * where other characters end in such bytes, it is those behind 0xc2, or behind none that needs them. `before`: the byte
 * that is shown before this one.
 */
static inline bool text_is_control(char before, char byte)
{
	unsigned char first = (unsigned char)before, second = (unsigned char)byte;

	return second < 0x20 || second == 0x7f ||
	       (second >= 0x80 && second < 0xa0 && (first < 0x80 || first == 0xc2));
}

#endif
