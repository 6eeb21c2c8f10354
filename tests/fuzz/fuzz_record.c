/* SPDX-License-Identifier: MIT */
/* What comes on init's socket, as one packet: it is refused, or a record that can be explained; no descriptor is lost. */
#include "supervisor/record.h"

#include "init/lib/fd.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
	if (memchr(text, '\0', size) == NULL || text[0] == '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan_record record;
	struct error error = { 0 };
	int pair[2], fd = -1, result;

	if (sys_socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, pair) < 0)
		abort();
	(void)sys_write(pair[1], data, size > 4096 ? 4096 : size);
	(void)sys_close(pair[1]);
	result = record_receive(pair[0], &record, &fd);
	if (fd != -1 ||
	    (result == 1) != (size >= sizeof(record) && record.kind < PLAN_RECORD_COUNT &&
			      record.step < PLAN_STEP_COUNT))
		abort();
	if (result == 1) {
		check_text(record.object[0] != '\0' ? record.object : "x", sizeof(record.object));
		record_explain(&record, &error);
		check_text(error.text, sizeof(error.text));
		if (error.status < 125 || error.status > 127)
			abort();
	}
	(void)sys_close(pair[0]);
	return 0;
}
