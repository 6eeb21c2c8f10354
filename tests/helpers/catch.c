/* SPDX-License-Identifier: MIT */
/*
 * catch COUNT: prints "ready", takes COUNT signals, whichever they are, prints a line for each ("SIGNAL CODE VALUE", code is
 * user, queue or the number), and ends with 0. CHLD is one of them.
 *
 * catch -s END: takes signals until END comes, says nothing of each, and sums up: "received N, values V, wrong W". A
 * value is wrong when it isn't the next one of its sender (VALUE_OF).
 */
#include "helper.h"

#include <sys/signalfd.h>

#define SENDERS 256

static unsigned next[SENDERS];

static void print(const struct signalfd_siginfo *info)
{
	char line[80], code[16];

	(void)snprintf(code, sizeof(code), "%d", info->ssi_code);
	(void)snprintf(line, sizeof(line), "%u %s %d\n", info->ssi_signo,
		       info->ssi_code == SI_USER    ? "user"
		       : info->ssi_code == SI_QUEUE ? "queue"
						    : code,
		       info->ssi_code == SI_QUEUE ? info->ssi_int : 0);
	say(line);
}

static int print_each(int fd, int64_t count)
{
	struct signalfd_siginfo info;

	for (int64_t i = 0; i < count; i++) {
		check("read", sys_read(fd, &info, sizeof(info)));
		print(&info);
	}
	return 0;
}

static int sum_up(int fd, unsigned end)
{
	struct signalfd_siginfo info = { 0 };
	unsigned received = 0, values = 0, wrong = 0;
	char line[80];

	for (;;) {
		check("read", sys_read(fd, &info, sizeof(info)));
		if (info.ssi_signo == end)
			break;
		received++;
		if (info.ssi_code != SI_QUEUE)
			continue;
		values++;
		wrong += next[VALUE_SENDER(info.ssi_int)] != VALUE_COUNT(info.ssi_int);
		next[VALUE_SENDER(info.ssi_int)] = VALUE_COUNT(info.ssi_int) + 1;
	}
	(void)snprintf(line, sizeof(line), "received %u, values %u, wrong %u\n", received, values,
		       wrong);
	say(line);
	return 0;
}

int main(int argc, char **argv)
{
	static const sys_sigset all = SYS_SIGSET_ALL;
	bool summary = argc > 2 && strcmp(argv[1], "-s") == 0;
	int64_t number = argc > 1 ? number_or_die(argv[argc - 1], 1, 1000000) : 1;
	int fd;

	check("sigprocmask", sys_rt_sigprocmask(SIG_SETMASK, &all, NULL));
	fd = (int)check("signalfd", sys_signalfd4(-1, &all, 0));
	say("ready\n");
	return summary ? sum_up(fd, (unsigned)number) : print_each(fd, number);
}
