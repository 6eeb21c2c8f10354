/* SPDX-License-Identifier: MIT */
/* Names, locks and records, in a directory of this test's own. Nothing here reaches a cgroup. */
#define STATE_DIRECTORY "/tmp/sv-unit-state"
#include "supervisor/state.c"

#include "tap.h"

#include <stdlib.h>
#include <sys/wait.h>

static bool is_there(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static void put(const char *path, const char *text)
{
	FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		printf("# cannot write %s\n", path);
}

static int take_name(struct state *state, const char *name, struct error *error)
{
	*error = (struct error){ 0 };
	return state_take(state, name, error);
}

static int child_status(pid_t pid)
{
	int status = -1;

	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void takes_and_drops(void)
{
	struct state state = { .fd = -1 }, second = { .fd = -1 };
	struct error error = { 0 };
	struct stat status = { 0 };
	char text[64] = "";

	is_int(take_name(&state, "x", &error), 0, "takes a name");
	ok(stat(STATE_DIRECTORY, &status) == 0 && (status.st_mode & 07777) == 0700,
	   "the directory is private");
	ok(take_name(&second, "x", &error) < 0 && error.number == 0, "a name is taken once");
	is_str(error.text, "name 'x' is in use", "and says so");
	is_int(take_name(&second, "y", &error), 0, "another name is free");
	is_int(state_record(&state, "/sv/x", &error), 0, "records");
	is_int(pread(state.fd, text, sizeof(text) - 1, 0), 13, "one line");
	is_str(text, "cgroup /sv/x\n", "with the path");
	is_int(state_collect(&(struct state){ .fd = -1 }, &(bool){ false }), 0,
	       "the living are not collected");
	state_drop(&state);
	ok(!is_there(STATE_DIRECTORY "/x") && is_there(STATE_DIRECTORY "/y"), "drops the one");
	state_drop(&second);
	ok(!is_there(STATE_DIRECTORY), "the last takes the directory with it");
	state_drop(&second);
	is_int(state_collect(&(struct state){ .fd = -1 }, &(bool){ false }), 0,
	       "nothing to collect where there is no directory");
}

/* A supervisor that ends without a word: killed, as far as anyone can tell. */
static void die_with(const char *name, const char *record)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct state state = { .fd = -1 };
		struct error error = { 0 };
		int rc = state_take(&state, name, &error);

		if (rc == 0)
			rc = (int)sys_write(state.fd, record, strlen(record));
		_exit(rc < 0);
	}
	is_int(child_status(pid), 0, "a supervisor dies");
}

static void follows_the_dead(void)
{
	struct state state = { .fd = -1 };
	struct error error = { 0 };
	struct stat status = { .st_size = -1 };

	die_with("x", "cgroup /sv-unit-none/x\n");
	ok(is_there(STATE_DIRECTORY "/x"), "and leaves a record");
	is_int(take_name(&state, "x", &error), 0, "its name is free");
	is_int(fstat(state.fd, &status) == 0 ? status.st_size : -1, 0, "and its record empty");
	die_with("y", "cgroup /sv-unit-none/y\n");
	die_with("z", "");
	is_int(state_collect(&(struct state){ .fd = -1 }, &(bool){ false }), 2,
	       "the dead are collected");
	ok(is_there(STATE_DIRECTORY "/x") && !is_there(STATE_DIRECTORY "/y"), "and only they");
	state_keep(&state);
	ok(is_there(STATE_DIRECTORY "/x"), "a record can be kept");
	is_int(state_collect(&(struct state){ .fd = -1 }, &(bool){ false }), 1,
	       "for the next to try");
	ok(!is_there(STATE_DIRECTORY), "nothing is left");
}

static void reads_records(void)
{
	static const struct {
		const char *text, *path;
	} rows[] = {
		{ "cgroup /sv/x\n", "/sv/x" },
		{ "future key\ncgroup /a/b/x\n", "/a/b/x" },
		{ "cgroup /x", "/x" },
		{ "", NULL },
		{ "cgroup", NULL },
		{ "cgroup \n", NULL },
		{ "cgroup /sv/y\n", NULL },
		{ "cgroup sv/x\n", NULL },
		{ "cgroup /../../etc/x\n", NULL },
		{ "cgroup /sv//x\n", NULL },
		{ "cgroup /sv/x/\n", NULL },
		{ "cgroup /sv/\x01/x\n", NULL },
		{ "\xff\xfe cgroup /sv/x", NULL },
	};
	char path[CGROUP_PATH_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool good = record_cgroup(rows[i].text, "x", path);

		ok(good == (rows[i].path != NULL) && (!good || strcmp(path, rows[i].path) == 0),
		   "record %zu", i);
	}
}

static void refuses_what_is_not_its_own(void)
{
	struct state state = { .fd = -1 };
	struct error error = { 0 };

	(void)mkdir(STATE_DIRECTORY, 0700);
	(void)chmod(STATE_DIRECTORY, 0777);
	ok(take_name(&state, "x", &error) < 0 && error.number == EPERM,
	   "a directory that others can write to");
	(void)chmod(STATE_DIRECTORY, 0700);
	(void)symlink("/tmp/sv-unit-elsewhere", STATE_DIRECTORY "/x");
	ok(take_name(&state, "x", &error) < 0 && error.number == ELOOP,
	   "a symbolic link in place of the file");
	ok(!is_there("/tmp/sv-unit-elsewhere"), "and doesn't follow it");
	is_int(state_collect(&(struct state){ .fd = -1 }, &(bool){ false }), 0, "nor collects it");
	(void)unlink(STATE_DIRECTORY "/x");
	put(STATE_DIRECTORY "/x", "cgroup /../x\n\0garbage");
	is_int(take_name(&state, "x", &error), 0, "garbage in a record is only overwritten");
	state_drop(&state);
	ok(!is_there(STATE_DIRECTORY), "nothing is left");
}

/* Somebody holds the lock to clean up: it is waited for. */
static void waits_for_the_collector(void)
{
	struct state state = { .fd = -1 };
	struct error error = { 0 };
	int ready[2];
	char byte;
	pid_t pid;

	die_with("x", "");
	ok(pipe(ready) == 0, "a pipe");
	pid = fork();
	if (pid == 0) {
		int fd = open(STATE_DIRECTORY "/x", O_RDWR | O_CLOEXEC);

		if (flock(fd, LOCK_EX) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		(void)poll(NULL, 0, 50);
		_exit(unlink(STATE_DIRECTORY "/x") != 0);
	}
	ok(read(ready[0], &byte, 1) == 1, "a collector is at work");
	is_int(take_name(&state, "x", &error), 0, "waits for it");
	is_int(child_status(pid), 0, "the collector is done");
	ok(is_there(STATE_DIRECTORY "/x"), "the file is a new one");
	state_drop(&state);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

/* 0, or 1 when two had the name at once, or 2 for an error that is none of "in use". */
static int contend(const char *name, const char *mark, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct state state = { .fd = -1 };
		struct error error = { 0 };

		if (take_name(&state, name, &error) < 0) {
			if (mark == NULL || strstr(error.text, "in use") == NULL)
				return 2;
			continue;
		}
		if (mark != NULL && (mkdir(mark, 0700) < 0 || rmdir(mark) < 0))
			return 1;
		if (i % 5 == 0)
			(void)state_collect(&(struct state){ .fd = -1 }, &(bool){ false });
		state_drop(&state);
	}
	return 0;
}

static void survives_a_crowd(void)
{
	pid_t pids[8];
	int failed = 0;

	for (int same = 0; same < 2; same++) {
		failed = 0;
		for (int i = 0; i < 8; i++) {
			char name[16];

			(void)snprintf(name, sizeof(name), "n%d", same ? 0 : i);
			pids[i] = fork();
			if (pids[i] == 0)
				_exit(contend(name, same ? "/tmp/sv-unit-held" : NULL, 500));
		}
		for (int i = 0; i < 8; i++) {
			int status = child_status(pids[i]);

			failed += status != 0;
			if (status != 0)
				printf("# status %x\n", (unsigned)status);
		}
		is_int(failed, 0,
		       same ? "eight want one name: one at a time has it" : "eight names at once");
	}
	ok(!is_there(STATE_DIRECTORY), "nothing is left");
}

#define LIVING 200 /* more than what is read of the directory at once */

/* Whatever the names: a dead one among many is found by one of the starts that follow. */
static void finds_the_dead_in_a_crowd(void)
{
	static struct state living[LIVING];
	struct error error = { 0 };
	int taken = 0, starts = 0;
	char name[32];

	for (int i = 0; i < LIVING; i++) {
		(void)snprintf(name, sizeof(name), "crowd-%d-a", i);
		living[i].fd = -1;
		taken += take_name(&living[i], name, &error) == 0;
	}
	is_int(taken, LIVING, "many live");
	put(STATE_DIRECTORY "/z-dead-a", "");
	put(STATE_DIRECTORY "/0-dead-a", "");
	while (starts < 400 &&
	       (is_there(STATE_DIRECTORY "/z-dead-a") || is_there(STATE_DIRECTORY "/0-dead-a"))) {
		pid_t pid = fork();

		if (pid == 0) {
			struct state state = { .fd = -1 };

			if (take_name(&state, "start-a", &error) == 0)
				(void)state_collect(&state, &(bool){ false });
			state_drop(&state);
			_exit(0);
		}
		(void)child_status(pid);
		starts++;
	}
	ok(starts < 400, "a dead one among many is found");
	for (int i = 0; i < LIVING; i++)
		state_drop(&living[i]);
	ok(!is_there(STATE_DIRECTORY), "and nothing is left of them");
}

int main(void)
{
	if (system("rm -rf " STATE_DIRECTORY) != 0)
		return 1;
	takes_and_drops();
	follows_the_dead();
	reads_records();
	refuses_what_is_not_its_own();
	waits_for_the_collector();
	survives_a_crowd();
	finds_the_dead_in_a_crowd();
	return tap_done();
}
