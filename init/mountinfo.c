/* SPDX-License-Identifier: MIT */
/* Reads mountinfo a line at a time from a fixed buffer: a line is at most three paths long. */
#include "mountinfo.h"

#include "lib/sys.h"

#include <limits.h>

/* Undoes the escapes (\\040 for a space and kin) in place. */
static void unescape(char *text)
{
	char *out = text;

	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] != '\0' &&
		    text[3] != '\0') {
			*out++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
					(text[3] - '0'));
			text += 3;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
}

/* The fifth word. */
static const char *mount_point(char *line)
{
	char *end;

	for (int word = 0; word < 4; word++) {
		while (*line != ' ' && *line != '\0')
			line++;
		line += *line == ' ';
	}
	for (end = line; *end != ' ' && *end != '\0';)
		end++;
	*end = '\0';
	unescape(line);
	return line;
}

int mountinfo_each(int mountinfo, int (*one)(const char *point))
{
	static char text[4 * PATH_MAX];
	size_t have = 0;
	int count = 0;

	if (lseek(mountinfo, 0, SEEK_SET) < 0)
		return -EINVAL;
	for (;;) {
		ssize_t got = sys_read(mountinfo, text + have, sizeof(text) - 1 - have);
		size_t start = 0;

		if (got <= 0)
			return got < 0 ? (int)got : count;
		have += (size_t)got;
		for (size_t i = 0; i < have; i++) {
			if (text[i] != '\n')
				continue;
			text[i] = '\0';
			count += one(mount_point(text + start)) != 0;
			start = i + 1;
		}
		if (start == 0 && have == sizeof(text) - 1)
			return -ENAMETOOLONG;
		have -= start;
		for (size_t i = 0; i < have; i++)
			text[i] = text[start + i];
	}
}
