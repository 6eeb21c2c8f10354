/* SPDX-License-Identifier: MIT */
/* See print_text.h. */
#include "print_text.h"

#include "../init/lib/text.h"

void print_text(FILE *file, const char *text)
{
	for (char before = ' '; *text != '\0'; text++) {
		before = text_is_control(before, *text) ? '?' : *text;
		(void)fputc(before, file);
	}
}
