/* SPDX-License-Identifier: MIT */
/* init/settings.c: names, options and variables become settings; what is refused. Messages go to /dev/null. */
#include "init/settings.h"

#include "init/lib/sys.h"
#include "tap.h"

#include <signal.h>

#define WORDS(...)       ((const char *[]){ __VA_ARGS__, NULL })
#define read_with(words) read_in(words, (const char *[]){ NULL })

static struct settings settings;

static int read_in(const char **words, const char **environment)
{
	int null = sys_openat(AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC, 0);
	int out = dup(1), error = dup(2), count = 0, result;

	while (words[count] != NULL)
		count++;
	(void)fflush(stdout);
	(void)dup2(null, 1);
	(void)dup2(null, 2);
	result = settings_read(&settings, count, (char *const *)words, (char *const *)environment);
	(void)dup2(out, 1);
	(void)dup2(error, 2);
	(void)close(out);
	(void)close(error);
	(void)close(null);
	return result;
}

static void names_choose_personalities(void)
{
	static const struct {
		const char *called;
		enum personality personality;
		bool to_group, new_session, is_subreaper;
	} rows[] = {
		{ "init", PERSONALITY_INIT, false, false, true },
		{ "/sbin/init", PERSONALITY_INIT, false, false, true },
		{ "/x/anything", PERSONALITY_INIT, false, false, true },
		{ "", PERSONALITY_INIT, false, false, true },
		{ "tini/", PERSONALITY_INIT, false, false, true },
		{ "tini", PERSONALITY_TINI, false, false, false },
		{ "/sbin/docker-init", PERSONALITY_TINI, false, false, false },
		{ "tini-static", PERSONALITY_TINI, false, false, false },
		{ "./dumb-init", PERSONALITY_DUMB_INIT, true, true, false },
		{ "catatonit", PERSONALITY_CATATONIT, false, false, true },
		{ "/run/podman-init", PERSONALITY_CATATONIT, false, false, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		is_int(read_with(WORDS(rows[i].called, "true")), 1, rows[i].called);
		ok(settings.personality == rows[i].personality &&
			   settings.to_group == rows[i].to_group &&
			   settings.new_session == rows[i].new_session &&
			   settings.is_subreaper == rows[i].is_subreaper,
		   "'%s' has its personality", rows[i].called);
	}
	is_int(read_in((const char *[]){ NULL }, (const char *[]){ NULL }), 0,
	       "without any word there is no command");
}

static void options_end(void)
{
	is_int(read_with(WORDS("init")), 1, "no command: the index is the number of words");
	is_int(read_with(WORDS("init", "--", "-v")), 2, "-- ends the options");
	is_int(read_with(WORDS("init", "-v", "true", "-v", "--")), 2,
	       "so does the first word that is none");
	is_int(settings.verbosity, 1, "and what follows is the command's");
	is_int(read_with(WORDS("init", "-")), 1, "a lone - is a command");
	is_int(read_with(WORDS("init", "-g", "--", "--")), 3, "a second -- is the command");
	is_int(read_with(WORDS("init", "-vgv", "true")), 2, "letters go together");
	ok(settings.verbosity == 2 && settings.to_group, "and each counts");
}

static void options_set(void)
{
	is_int(read_with(WORDS("init", "-r", "TERM:QUIT", "--rewrite=hup:none,SIGUSR1:RTMAX", "-p9",
			       "--exit-map", "143:0,3:4", "--grace", "1.5", "--delay=250ms",
			       "--wait-all", "--kill-orphans", "x")),
	       12, "values stand behind, joined, or in the next word");
	ok(settings.rewrite[SIGTERM] == SIGQUIT && settings.rewrite[SIGHUP] == 0 &&
		   settings.rewrite[SIGUSR1] == 64 && settings.rewrite[SIGUSR2] == SIGUSR2,
	   "signals are rewritten, and no other ones");
	ok(settings.exit_map[143] == 0 && settings.exit_map[3] == 4 && settings.exit_map[5] == 5,
	   "so are statuses");
	ok(settings.parent_death == 9 && settings.grace == 1500 && settings.delay == 250 &&
		   settings.wait_all && settings.kill_orphans,
	   "times are in milliseconds");
	is_int(read_with(WORDS("tini", "-e", "143", "-e7", "-s", "-vvv", "x")), 6, "tini's own");
	ok(settings.exit_map[143] == 0 && settings.exit_map[7] == 0 && settings.is_subreaper &&
		   settings.verbosity > 0,
	   "do what they do there");
	is_int(read_with(WORDS("dumb-init", "-c", "x")), 2, "dumb-init's too");
	ok(!settings.to_group && !settings.new_session, "-c: no session, and the command alone");
	(void)read_with(WORDS("init", "x"));
	ok(settings.grace < 0 && settings.delay == 0 && !settings.wait_all &&
		   settings.rewrite[SIGTERM] == SIGTERM,
	   "nothing stays from the call before");
}

static void variables_set(void)
{
	is_int(read_in(WORDS("dumb-init", "x"),
		       WORDS("INIT_GRACE=2", "INIT_REWRITE=TERM:INT", "INIT_EXIT_MAP=1:0",
			     "DUMB_INIT_SETSID=0", "TINI_SUBREAPER=1", "INIT_GRACEFUL=x")),
	       1, "variables are options, under every name");
	ok(settings.grace == 2000 && settings.rewrite[SIGTERM] == SIGINT &&
		   settings.exit_map[1] == 0 && !settings.new_session,
	   "with the same values");
	ok(!settings.is_subreaper, "but another name's are nothing");
	(void)read_in(WORDS("init", "--grace", "1", "x"), WORDS("INIT_GRACE=2"));
	is_int(settings.grace, 1000, "an option comes behind the variable");
	(void)read_in(WORDS("init", "x"),
		      WORDS("INIT_DELAY=3s", "INIT_WAIT_ALL=on", "INIT_VERBOSE=2",
			    "INIT_KILL_ORPHANS=yes", "INIT_GROUP=true", "INIT_SUBREAPER=off",
			    "INIT_PARENT_DEATH=KILL"));
	ok(settings.delay == 3000 && settings.wait_all && settings.verbosity == 2 &&
		   settings.kill_orphans && settings.to_group && !settings.is_subreaper &&
		   settings.parent_death == SIGKILL,
	   "there is one for each option");
	(void)read_in(WORDS("tini", "x"), WORDS("TINI_VERBOSITY=3"));
	is_int(settings.verbosity, 2, "tini starts at 1, where nothing is said");
	(void)read_in(WORDS("tini", "x"), WORDS("TINI_VERBOSITY=1"));
	is_int(settings.verbosity, 0, "which it may be told");
	(void)read_in(WORDS("dumb-init", "x"), WORDS("DUMB_INIT_DEBUG=1"));
	is_int(settings.verbosity, 1, "dumb-init's is a flag");
	(void)read_in(WORDS("dumb-init", "x"), WORDS("DUMB_INIT_DEBUG=0"));
	is_int(settings.verbosity, 0, "or none");
	(void)read_in(WORDS("tini", "x"), WORDS("TINI_SUBREAPER="));
	ok(settings.is_subreaper, "some count by being there");
	is_int(read_in(WORDS("init", "x"), WORDS("INIT_GRACE=")), 1, "others are none when empty");
	is_int(settings.grace, -1, "and change nothing");
}

static void nonsense_is_refused(void)
{
	static const char *const words[] = {
		"--no-such",
		"-Z",
		"-gZ",
		"---",
		"--=x",
		"--help=x",
		"--grace",
		"--grace=",
		"--grace=x",
		"--grace=-1",
		"--delay=1y",
		"--rewrite=TERM",
		"--rewrite=0:1",
		"--rewrite=65:1",
		"--rewrite=1:65",
		"--rewrite=TERM:INT,",
		"--rewrite=,",
		"--exit-map=256:0",
		"--exit-map=1:256",
		"--exit-map=1",
		"-p",
		"-p65",
		"-p0x9",
		"--parent-death=NOSUCH",
		"--wait-all=yes",
	};
	static const char *const variables[] = {
		"INIT_GRACE=soon",      "INIT_DELAY=-1",       "INIT_REWRITE=x",
		"INIT_EXIT_MAP=300:1",  "INIT_WAIT_ALL=maybe", "INIT_VERBOSE=9",
		"INIT_PARENT_DEATH=0x",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		is_int(read_with(WORDS("init", words[i])), SETTINGS_REFUSED, words[i]);
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		is_int(read_in(WORDS("tini", "x"), WORDS(variables[i])), SETTINGS_REFUSED,
		       variables[i]);
}

static void questions_are_answered(void)
{
	is_int(read_with(WORDS("init", "--help", "--no-such")), SETTINGS_ANSWERED,
	       "--help, at once");
	is_int(read_with(WORDS("tini", "--version")), SETTINGS_ANSWERED, "tini --version");
	is_int(read_with(WORDS("podman-init", "-V")), SETTINGS_ANSWERED, "podman-init -V");
	is_int(read_with(WORDS("tini", "-l")), SETTINGS_ANSWERED, "tini -l");
}

int main(void)
{
	names_choose_personalities();
	options_end();
	options_set();
	variables_set();
	nonsense_is_refused();
	questions_are_answered();
	return tap_done();
}
