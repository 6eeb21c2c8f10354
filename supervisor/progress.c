/* SPDX-License-Identifier: MIT */
/* See progress.h. */
#include "progress.h"

#include "../init/lib/sys.h"
#include "file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STEP_MS 100
#define WIDTH   30

void progress_begin(struct progress *progress, const char *what)
{
	*progress = (struct progress){ .is_shown = isatty(STDERR_FILENO) == 1, .what = what };
}

const char *progress_size(char text[PROGRESS_SIZE], uint64_t bytes)
{
	static const char units[][3] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t tenths = bytes / 100;
	size_t unit = 0;

	if (bytes < 1000) {
		(void)snprintf(text, PROGRESS_SIZE, "%u B", (unsigned)bytes);
		return text;
	}
	for (; tenths >= 10000; tenths /= 1000)
		unit++;
	(void)snprintf(text, PROGRESS_SIZE, "%u.%u %s", (unsigned)(tenths / 10),
		       (unsigned)(tenths % 10), units[unit]);
	return text;
}

void progress_step(void *context, uint64_t done, uint64_t total)
{
	struct progress *progress = context;
	char line[160], size[PROGRESS_SIZE], bar[WIDTH + 1];
	size_t filled = total > 0 && done < total ? (size_t)(done * WIDTH / total) : WIDTH;
	int64_t now;
	int length;

	if (!progress->is_shown)
		return;
	now = sys_now_ms();
	if (now < progress->next_ms)
		return;
	progress->next_ms = now + STEP_MS;
	memset(bar, ' ', WIDTH);
	memset(bar, '=', filled);
	bar[WIDTH] = '\0';
	if (total > 0)
		length = snprintf(line, sizeof(line), "\r%.40s [%s] %3u %%\033[K", progress->what,
				  bar, (unsigned)(done < total ? done * 100 / total : 100));
	else
		length = snprintf(line, sizeof(line), "\r%.40s %s\033[K", progress->what,
				  progress_size(size, done));
	(void)file_write(STDERR_FILENO, line, (size_t)length);
}

void progress_end(struct progress *progress)
{
	if (progress->is_shown && progress->next_ms != 0)
		(void)file_write(STDERR_FILENO, "\r\033[K", 4);
	progress->is_shown = false;
}
