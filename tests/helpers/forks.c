/* SPDX-License-Identifier: MIT */
/*
 * forks COUNT: COUNT children that only wait, as far as the kernel allows; prints "forked N, refused M", then waits for a
 * signal. A fork bomb that is bounded.
 */
#include "helper.h"

int main(int argc, char **argv)
{
	int64_t count = argc > 1 ? number_or_die(argv[1], 1, 100000) : 1;
	int forked = 0, refused = 0;
	char line[80];

	for (int64_t i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			(void)pause();
			_exit(0);
		}
		*(pid > 0 ? &forked : &refused) += 1;
	}
	(void)snprintf(line, sizeof(line), "forked %d, refused %d\n", forked, refused);
	say(line);
	(void)pause();
	return 0;
}
