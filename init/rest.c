/* SPDX-License-Identifier: MIT */
/* Lists of processes, as the kernel writes them: decimal numbers with space between. */
#include "rest.h"

#include "lib/fd.h"

#define NO_GROUP (-2) /* getpgid() says -1 of a process that is gone */

/* Sends the signal to each pid of the list but 1, init's own, and whoever is in `group`. True when one of them took it. */
static bool signal_listed(int list, int signal, pid_t group)
{
	char text[4096];
	bool found = false;
	pid_t pid = 0;
	ssize_t got;

	while ((got = sys_read(list, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < got; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			if (pid > 1 && pid != getpid() && getpgid(pid) != group &&
			    sys_kill(pid, signal) == 0)
				found = true;
			pid = 0;
		}
	return found;
}

void rest_signal(pid_t command, bool is_over, int signal)
{
	FD int children = -1;
	pid_t group = NO_GROUP;

	if (getpid() == 1) {
		(void)sys_kill(-1, signal);
		return;
	}
	/* While its group lives, nobody gets its pid; who has it by now is a stranger, and so is a group of that number. */
	if (command > 0 && !(is_over && getpgid(command) >= 0)) {
		group = command;
		(void)sys_kill(-group, signal);
	}
	children = sys_openat(AT_FDCWD, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC, 0);
	if (children >= 0)
		(void)signal_listed(children, signal, group);
}

bool rest_kill_listed(int procs)
{
	return lseek(procs, 0, SEEK_SET) == 0 && signal_listed(procs, SIGKILL, NO_GROUP);
}
