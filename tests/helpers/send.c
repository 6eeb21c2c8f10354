/* SPDX-License-Identifier: MIT */
/*
 * send PID WORD...: a signal for each word. "15" by kill(2), "34=7" by sigqueue(3) with the value 7.
 *
 * send -n COUNT -s SENDER PID SIGNAL: COUNT signals with the values that catch -s checks, as fast as they are taken. Prints
 * how many it sent.
 */
#include "helper.h"

#include <sched.h>

static int queue(pid_t pid, int signal, int value)
{
	siginfo_t info;
	int result;

	memset(&info, 0, sizeof(info));
	info.si_signo = signal;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = value;
	while ((result = sys_rt_sigqueueinfo(pid, signal, &info)) == -EAGAIN)
		(void)sched_yield();
	return result;
}

static void send_word(pid_t pid, char *word)
{
	char *value = strchr(word, '=');
	int signal;

	if (value != NULL)
		*value++ = '\0';
	signal = (int)number_or_die(word, 1, 64);
	check("send",
	      value == NULL ? sys_kill(pid, signal)
			    : queue(pid, signal, (int)number_or_die(value, INT32_MIN, INT32_MAX)));
}

int main(int argc, char **argv)
{
	int64_t count = 0, sender = 0;
	pid_t pid;
	int option, sent = 0;

	while ((option = getopt(argc, argv, "n:s:")) != -1)
		*(option == 'n' ? &count : &sender) = number_or_die(optarg, 0, 0xffffff);
	if (argc - optind < 2)
		return 98;
	pid = (pid_t)number_or_die(argv[optind], 1, INT32_MAX);
	for (int i = optind + 1; count == 0 && i < argc; i++)
		send_word(pid, argv[i]);
	for (; sent < count; sent++)
		check("send", queue(pid, (int)number_or_die(argv[optind + 1], 1, 64),
				    VALUE_OF(sender & 0xff, sent)));
	if (count > 0)
		(void)printf("sent %d\n", sent);
	return 0;
}
