/* SPDX-License-Identifier: MIT */
/* A machine's resolv.conf: whatever is in it, the container's file has whole lines of the three kinds, and nothing of loopback. */
#include "supervisor/resolver.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *line)
{
	if (strncmp(line, "nameserver ", 11) != 0 && strncmp(line, "search ", 7) != 0 &&
	    strncmp(line, "options ", 8) != 0)
		abort();
	if (strncmp(line, "nameserver 127.", 15) == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct resolver_reach reach = { .loopback = false, .v6 = true };
	struct resolver resolver;
	char text[4096];
	size_t length;

	resolver_read(&resolver, (const char *)data, size, reach);
	length = resolver_write(&resolver, text, sizeof(text));
	if (length >= sizeof(text) || strlen(text) != length)
		abort();
	for (char *line = text, *end; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		if (end == NULL)
			abort();
		*end = '\0';
		check_line(line);
	}
	return 0;
}
