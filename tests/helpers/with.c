/* SPDX-License-Identifier: MIT */
/*
 * with [-b SIGNAL]... [-i SIGNAL]... [-c FD]... [-C] [-u UID] [-t] COMMAND [ARG...]: executes a command with these signals
 * blocked and these ignored, and no others whatever the shell did; with descriptors closed (-C: all from 3 on); as another
 * user; in a session of its own (-t).
 */
#include "helper.h"

int main(int argc, char **argv)
{
	const struct sys_sigaction ignore = { .handler = SYS_SIG_IGN };
	const struct sys_sigaction fallback = { .handler = SYS_SIG_DFL };
	sys_sigset blocked = 0;
	int option;

	for (int signal = 1; signal <= 64; signal++)
		(void)sys_rt_sigaction(signal, &fallback, NULL); /* KILL and STOP have no other */
	while ((option = getopt(argc, argv, "+b:i:c:Cu:t")) != -1) {
		if (option == 'b')
			blocked |= sys_sigbit((int)number_or_die(optarg, 1, 64));
		else if (option == 'i')
			check("ignore",
			      sys_rt_sigaction((int)number_or_die(optarg, 1, 64), &ignore, NULL));
		else if (option == 'c')
			(void)sys_close((int)number_or_die(optarg, 0, 1000000));
		else if (option == 'u')
			check("user", sys_setresuid((uid_t)number_or_die(optarg, 0, UINT32_MAX),
						    (uid_t)number_or_die(optarg, 0, UINT32_MAX),
						    (uid_t)number_or_die(optarg, 0, UINT32_MAX)));
		else if (option == 'C')
			check("close", sys_close_range(3, ~0U, 0));
		else if (option == 't')
			(void)sys_setsid();
		else
			return 98;
	}
	if (optind >= argc)
		return 98;
	check("block", sys_rt_sigprocmask(SIG_SETMASK, &blocked, NULL));
	(void)execvp(argv[optind], argv + optind);
	return 97;
}
