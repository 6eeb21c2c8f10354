/* SPDX-License-Identifier: MIT */
/*
 * waits COMMAND [ARG...]: runs the command, adopts its orphans, and waits for one child after the other until the command has
 * ended; ends with its status. It passes no signal on: the least that an init can do, to compare one with.
 */
#include "helper.h"

#include <sys/prctl.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
	int status = 0;
	pid_t command, ended;

	if (argc < 2)
		return 98;
	check("subreaper", sys_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	command = fork();
	check("fork", command);
	if (command == 0) {
		(void)execvp(argv[1], argv + 1);
		_exit(97);
	}
	do {
		ended = waitpid(-1, &status, __WALL);
		check("wait", ended);
	} while (ended != command);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
