/* SPDX-License-Identifier: MIT */
/*
 * orphans COUNT [SIGNALS]: makes COUNT orphans, each of which ends at once with a status of its own, for its parent, an init, to reap. With
 * SIGNALS it goes on until it got that many signals from outside as well, but no longer than ten times COUNT: they must
 * arrive in the storm. Prints "ready", and then
 *
 *     orphans N, signals N, wrong N, most zombies N, zombies left N
 *
 * where wrong counts values that were not the next one, the zombies are that init's, and those left are counted when they
 * are all reaped or 10 seconds later.
 */
#include "helper.h"

#include <dirent.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define SAMPLE   500 /* orphans from one look at the zombies to the next */
#define AT_ONCE  25  /* orphans of one parent */
#define LEFT_MS  10000
#define STAT_MAX 512

/* 1 when the process is a zombie and its parent is ours. */
static int is_zombie(const char *pid)
{
	char path[64], text[STAT_MAX], wanted[32];
	const char *rest;
	FILE *file;
	size_t got;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	got = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[got] = '\0';
	rest = strrchr(text, ')');
	(void)snprintf(wanted, sizeof(wanted), ") Z %d ", (int)getppid());
	return rest != NULL && strncmp(rest, wanted, strlen(wanted)) == 0;
}

static int count_zombies(void)
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;
	int count = 0;

	if (directory == NULL)
		give_up("/proc", -ENOENT);
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			count += is_zombie(entry->d_name);
	(void)closedir(directory);
	return count;
}

/* One short-lived parent leaves AT_ONCE children, which have just ended or are about to. */
static void make_orphans(int first)
{
	int status;
	pid_t parent = fork();

	if (parent == 0) {
		for (int i = 0; i < AT_ONCE; i++) {
			pid_t pid = fork();

			if (pid == 0)
				_exit((first + i) & 0xff);
			if (pid < 0)
				_exit(1);
		}
		_exit(0);
	}
	check("fork", parent);
	check("wait", waitpid(parent, &status, 0));
	if (status != 0)
		give_up("fork of an orphan", -EAGAIN);
}

static void take_signals(int fd, int *signals, int *wrong)
{
	struct signalfd_siginfo info = { 0 };

	while (sys_read(fd, &info, sizeof(info)) > 0) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		*wrong += info.ssi_code == SI_QUEUE &&
			  VALUE_COUNT(info.ssi_int) != (unsigned)*signals;
		*signals += 1;
	}
}

int main(int argc, char **argv)
{
	static const sys_sigset all = SYS_SIGSET_ALL;
	int count = argc > 1 ? (int)number_or_die(argv[1], 1, 1000000) : 1;
	int wanted = argc > 2 ? (int)number_or_die(argv[2], 0, 1000000) : 0;
	int made = 0, signals = 0, wrong = 0, most = 0, left, fd;
	int64_t end;
	char line[160];

	check("sigprocmask", sys_rt_sigprocmask(SIG_SETMASK, &all, NULL));
	fd = (int)check("signalfd", sys_signalfd4(-1, &all, O_NONBLOCK | O_CLOEXEC));
	say("ready\n");
	for (; made < count || (signals < wanted && made < 10 * count); made += AT_ONCE) {
		make_orphans(made);
		take_signals(fd, &signals, &wrong);
		if (made % SAMPLE == 0) {
			int zombies = count_zombies();

			most = zombies > most ? zombies : most;
		}
	}
	end = sys_now_ms() + LEFT_MS;
	while ((left = count_zombies()) > 0 && sys_now_ms() < end)
		(void)sys_poll(NULL, 0, 1);
	(void)snprintf(line, sizeof(line),
		       "orphans %d, signals %d, wrong %d, most zombies %d, zombies left %d\n", made,
		       signals, wrong, most, left);
	say(line);
	return 0;
}
