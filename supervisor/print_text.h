/* SPDX-License-Identifier: MIT */
/* Text of somebody else's in what sv prints: names of files, what an image says of itself. */
#ifndef SV_PRINT_TEXT_H
#define SV_PRINT_TEXT_H

#include <stdio.h>

/* Prints it in one line, a '?' for each byte that a terminal would obey (text_is_control()), the line feed too. */
void print_text(FILE *file, const char *text);

#endif
