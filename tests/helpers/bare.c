/* SPDX-License-Identifier: MIT */
/* bare COMMAND [ARG...]: the least that an init does: fork, execute, wait for that one child, end with its status. */
#include "helper.h"

#include <sys/wait.h>

int main(int argc, char **argv)
{
	siginfo_t info = { 0 };
	long pid = sys_fork();

	if (pid == 0) {
		(void)sys_execve(argc > 1 ? argv[1] : "", argv + 1, environ);
		_exit(127);
	}
	check("fork", pid);
	check("waitid", sys_waitid(P_PID, (pid_t)pid, &info, WEXITED));
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
