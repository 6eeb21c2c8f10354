/* SPDX-License-Identifier: MIT */
/*
 * Personalities and options: two tables. A personality is what one of the inits that people use today does when it is
 * called; its row says how the command is started, and its options are the rows of the second table that carry its bit.
 * The variables INIT_* work under every name, since an engine's --init can pass no flags.
 */
#include "settings.h"

#include "init.h"
#include "lib/number.h"
#include "lib/signals.h"

#include <string.h>

#define AS(personality) (1U << (personality))
#define AS_INIT         AS(PERSONALITY_INIT)
#define AS_TINI         AS(PERSONALITY_TINI)
#define AS_DUMB         AS(PERSONALITY_DUMB_INIT)
#define AS_CATATONIT    AS(PERSONALITY_CATATONIT)
#define AS_ANY          (AS_INIT | AS_TINI | AS_DUMB | AS_CATATONIT)

#define HOURS_MAX (1000LL * 3600 * 24 * 365)

/* By the last part of argv[0]. "init" is also what any other name gets. */
static const struct {
	const char *called;
	const char *name, *version, *usage;
	enum personality personality;
	bool to_group, new_session, is_subreaper;
} personalities[] = {
	{ "init", "init", "init " SV_VERSION, "init [OPTION...] [--] COMMAND [ARG...]",
	  PERSONALITY_INIT, false, false, true },
	{ "tini", "tini", "tini version 0.19.0 (sv init " SV_VERSION ")",
	  "tini [OPTION...] COMMAND -- [ARG...]", PERSONALITY_TINI, false, false, false },
	{ "tini-static", "tini", "tini version 0.19.0 (sv init " SV_VERSION ")",
	  "tini-static [OPTION...] COMMAND -- [ARG...]", PERSONALITY_TINI, false, false, false },
	{ "docker-init", "tini", "tini version 0.19.0 (sv init " SV_VERSION ")",
	  "docker-init [OPTION...] COMMAND -- [ARG...]", PERSONALITY_TINI, false, false, false },
	{ "dumb-init", "dumb-init", "dumb-init v1.2.5 (sv init " SV_VERSION ")",
	  "dumb-init [OPTION...] COMMAND [[--] ARG...]", PERSONALITY_DUMB_INIT, true, true, false },
	{ "catatonit", "catatonit", "tini version 0.1.7_catatonit (sv init " SV_VERSION ")",
	  "catatonit [OPTION...] [--] COMMAND [ARG...]", PERSONALITY_CATATONIT, false, false,
	  true },
	{ "podman-init", "catatonit", "tini version 0.1.7_catatonit (sv init " SV_VERSION ")",
	  "podman-init [OPTION...] [--] COMMAND [ARG...]", PERSONALITY_CATATONIT, false, false,
	  true },
};

/* Takes a value (an option's, a variable's; NULL for a flag without one). 0, or -1: not of the form. */
typedef int setter(struct settings *settings, const char *value, size_t length);

struct option_row {
	unsigned as;      /* which personalities know it */
	const char *name; /* long name, or NULL */
	char letter;      /* or 0 */
	setter *set;
	const char *metavar; /* NULL: a flag */
	const char *help;
};

struct variable_row {
	unsigned as;
	const char *name;
	setter *set;
	bool is_by_presence; /* counts although it is empty */
};

/* --- setters -------------------------------------------------------------------------------------------------------- */

/* 1 or 0; -1 for nonsense. A flag given as an option has no value. */
static int truth(const char *value, size_t length)
{
	static const char *const words[] = { "0", "1", "no", "yes", "false", "true", "off", "on" };

	if (value == NULL)
		return 1;
	for (int i = 0; i < 8; i++)
		if (strlen(words[i]) == length && memcmp(words[i], value, length) == 0)
			return i & 1;
	return -1;
}

/* A flag's setter: true without a value, a truth word with one. */
#define FLAG_SETTER(setter, field)                                              \
 static int setter(struct settings *settings, const char *value, size_t length) \
 {                                                                              \
  int on = truth(value, length);                                                \
                                                                                \
  settings->field = on == 1;                                                    \
  return on < 0 ? -1 : 0;                                                       \
 }

FLAG_SETTER(set_group, to_group)
FLAG_SETTER(set_subreaper, is_subreaper)
FLAG_SETTER(set_wait_all, wait_all)
FLAG_SETTER(set_kill_orphans, kill_orphans)
FLAG_SETTER(set_pause, is_pause)
FLAG_SETTER(set_warn, warn_reaped)

/* The variables of tini count when they are there, whatever they hold. */
static int set_subreaper_by_presence(struct settings *settings, const char *value, size_t length)
{
	(void)value, (void)length;
	settings->is_subreaper = true;
	return 0;
}

static int set_group_by_presence(struct settings *settings, const char *value, size_t length)
{
	(void)value, (void)length;
	settings->to_group = true;
	return 0;
}

static int set_single_child(struct settings *settings, const char *value, size_t length)
{
	int on = truth(value, length);

	settings->to_group = settings->new_session = settings->ask_rest = on == 0;
	return on < 0 ? -1 : 0;
}

/* DUMB_INIT_SETSID=0 is what -c is. */
static int set_session(struct settings *settings, const char *value, size_t length)
{
	int on = truth(value, length);

	settings->to_group = settings->new_session = settings->ask_rest = on == 1;
	return on < 0 ? -1 : 0;
}

/* A level, or a truth word: DUMB_INIT_DEBUG=1 is one of either. */
static int set_verbose(struct settings *settings, const char *value, size_t length)
{
	uint64_t level;
	int on = truth(value, length);

	if (value == NULL) {
		settings->verbosity++;
		return 0;
	}
	if (on < 0 && number_parse_u64(value, length, 3, &level) < 0)
		return -1;
	settings->verbosity = on < 0 ? (int)level : on;
	return 0;
}

/* tini says warnings at 1, which is where it starts; what we say begins one higher. */
static int set_tini_verbosity(struct settings *settings, const char *value, size_t length)
{
	if (set_verbose(settings, value, length) < 0)
		return -1;
	settings->verbosity -= settings->verbosity > 0;
	return 0;
}

static int set_parent_death(struct settings *settings, const char *value, size_t length)
{
	settings->parent_death = signals_parse(value, length);
	return settings->parent_death < 0 ? -1 : 0;
}

static int set_time(int64_t *field, const char *value, size_t length)
{
	uint64_t milliseconds;

	if (number_parse_duration(value, length, HOURS_MAX, &milliseconds) < 0)
		return -1;
	*field = (int64_t)milliseconds;
	return 0;
}

static int set_grace(struct settings *settings, const char *value, size_t length)
{
	return set_time(&settings->grace, value, length);
}

static int set_delay(struct settings *settings, const char *value, size_t length)
{
	return set_time(&settings->delay, value, length);
}

/* Calls one(settings, left, right) for each FROM:TO of a list with commas between. */
static int each_pair(struct settings *settings, const char *value, size_t length,
		     int (*one)(struct settings *settings, const char *from, size_t from_length,
				const char *to, size_t to_length))
{
	for (;;) {
		const char *comma = memchr(value, ',', length);
		size_t item = comma != NULL ? (size_t)(comma - value) : length;
		const char *colon = memchr(value, ':', item);

		if (colon == NULL || one(settings, value, (size_t)(colon - value), colon + 1,
					 item - (size_t)(colon - value) - 1) < 0)
			return -1;
		if (comma == NULL)
			return 0;
		value += item + 1;
		length -= item + 1;
	}
}

static int rewrite_one(struct settings *settings, const char *from, size_t from_length,
		       const char *to, size_t to_length)
{
	int signal = signals_parse(from, from_length), replacement;

	if ((to_length == 1 && to[0] == '0') || (to_length == 4 && memcmp(to, "none", 4) == 0))
		replacement = 0;
	else
		replacement = signals_parse(to, to_length);
	if (signal < 0 || replacement < 0)
		return -1;
	settings->rewrite[signal] = (uint8_t)replacement;
	return 0;
}

static int set_rewrite(struct settings *settings, const char *value, size_t length)
{
	return each_pair(settings, value, length, rewrite_one);
}

static int map_one(struct settings *settings, const char *from, size_t from_length, const char *to,
		   size_t to_length)
{
	uint64_t status, replacement;

	if (number_parse_u64(from, from_length, 255, &status) < 0 ||
	    number_parse_u64(to, to_length, 255, &replacement) < 0)
		return -1;
	settings->exit_map[status] = (uint8_t)replacement;
	return 0;
}

static int set_exit_map(struct settings *settings, const char *value, size_t length)
{
	return each_pair(settings, value, length, map_one);
}

static int set_exit_zero(struct settings *settings, const char *value, size_t length)
{
	uint64_t status;

	if (number_parse_u64(value, length, 255, &status) < 0)
		return -1;
	settings->exit_map[status] = 0;
	return 0;
}

/* --- the options ---------------------------------------------------------------------------------------------------- */

/* These end the run: settings_read() answers them itself. */
static setter answer_help, answer_version, answer_license;

static const struct option_row options[] = {
	{ AS_INIT, "rewrite", 'r', set_rewrite, "FROM:TO",
	  "forward signal FROM as TO; none: not at all" },
	{ AS_INIT, "exit-map", 'e', set_exit_map, "FROM:TO",
	  "end with TO where the command ended with FROM" },
	{ AS_INIT, "grace", 0, set_grace, "SECONDS",
	  "stop what is left: TERM, so long, then KILL" },
	{ AS_INIT, "delay", 0, set_delay, "SECONDS", "wait so long before TERM is passed on" },
	{ AS_INIT, "wait-all", 'w', set_wait_all, NULL, "end only when nothing is left" },
	{ AS_INIT, "kill-orphans", 'k', set_kill_orphans, NULL,
	  "kill what the command left behind" },
	{ AS_INIT, "group", 'g', set_group, NULL, "forward to the command's process group" },
	{ AS_INIT, "subreaper", 's', set_subreaper, NULL,
	  "adopt orphans though not PID 1 (the default)" },
	{ AS_INIT, "parent-death", 'p', set_parent_death, "SIGNAL",
	  "get SIGNAL when the parent dies" },
	{ AS_INIT, "verbose", 'v', set_verbose, NULL, "say what is forwarded and reaped" },
	{ AS_INIT, "help", 'h', answer_help, NULL, "this text" },
	{ AS_INIT, "version", 'V', answer_version, NULL, "name and version" },

	{ AS_TINI, NULL, 's', set_subreaper, NULL, "adopt orphans though not PID 1" },
	{ AS_TINI, NULL, 'p', set_parent_death, "SIGNAL", "get SIGNAL when the parent dies" },
	{ AS_TINI, NULL, 'v', set_verbose, NULL, "say what is forwarded and reaped" },
	{ AS_TINI, NULL, 'w', set_warn, NULL, "say so when an orphan is reaped" },
	{ AS_TINI, NULL, 'g', set_group, NULL, "forward to the command's process group" },
	{ AS_TINI, NULL, 'e', set_exit_zero, "STATUS",
	  "end with 0 where the command ended with STATUS" },
	{ AS_TINI, NULL, 'l', answer_license, NULL, "the license" },
	{ AS_TINI, NULL, 'h', answer_help, NULL, "this text" },
	{ AS_TINI, "version", 0, answer_version, NULL, "name and version" },

	{ AS_DUMB, "single-child", 'c', set_single_child, NULL,
	  "forward to the command alone; no session" },
	{ AS_DUMB, "rewrite", 'r', set_rewrite, "FROM:TO",
	  "forward signal FROM as TO; 0: not at all" },
	{ AS_DUMB, "verbose", 'v', set_verbose, NULL, "say what is forwarded and reaped" },
	{ AS_DUMB, "help", 'h', answer_help, NULL, "this text" },
	{ AS_DUMB, "version", 'V', answer_version, NULL, "name and version" },

	{ AS_CATATONIT, NULL, 'g', set_group, NULL, "forward to the command's process group" },
	{ AS_CATATONIT, NULL, 'P', set_pause, NULL, "no command: wait for TERM or INT" },
	{ AS_CATATONIT, "license", 'L', answer_license, NULL, "the license" },
	{ AS_CATATONIT, "help", 'h', answer_help, NULL, "this text" },
	{ AS_CATATONIT, "version", 'V', answer_version, NULL, "name and version" },
};

/* INIT_* work under every name: an engine's --init can pass no options. */
static const struct variable_row variables[] = {
	{ AS_TINI, "TINI_SUBREAPER", set_subreaper_by_presence, true },
	{ AS_TINI, "TINI_VERBOSITY", set_tini_verbosity, false },
	{ AS_TINI, "TINI_KILL_PROCESS_GROUP", set_group_by_presence, true },
	{ AS_DUMB, "DUMB_INIT_DEBUG", set_verbose, false },
	{ AS_DUMB, "DUMB_INIT_SETSID", set_session, false },
	{ AS_ANY, "INIT_REWRITE", set_rewrite, false },
	{ AS_ANY, "INIT_EXIT_MAP", set_exit_map, false },
	{ AS_ANY, "INIT_GRACE", set_grace, false },
	{ AS_ANY, "INIT_DELAY", set_delay, false },
	{ AS_ANY, "INIT_WAIT_ALL", set_wait_all, false },
	{ AS_ANY, "INIT_KILL_ORPHANS", set_kill_orphans, false },
	{ AS_ANY, "INIT_GROUP", set_group, false },
	{ AS_ANY, "INIT_SUBREAPER", set_subreaper, false },
	{ AS_ANY, "INIT_PARENT_DEATH", set_parent_death, false },
	{ AS_ANY, "INIT_VERBOSE", set_verbose, false },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- answers ---------------------------------------------------------------------------------------------------------- */

/* The row of personalities[] that a name stands for: the last part of argv[0], or its first row. */
static size_t find_personality(const char *called)
{
	const char *slash = called == NULL ? NULL : strrchr(called, '/');
	const char *name = slash != NULL ? slash + 1 : called;

	for (size_t i = 0; name != NULL && i < COUNT(personalities); i++)
		if (strcmp(personalities[i].called, name) == 0)
			return i;
	return 0;
}

static void say_option(const struct option_row *row)
{
	char letter[] = { '-', row->letter, '\0' };
	const char *const words[] = {
		row->letter != 0 ? "  " : "      ",
		row->letter != 0 ? letter : "",
		row->name == NULL ? "" : (row->letter != 0 ? ", --" : "--"),
		row->name == NULL ? "" : row->name,
		row->metavar != NULL ? " " : "",
		row->metavar != NULL ? row->metavar : "",
	};
	char text[128] = "";
	size_t length = 0;

	for (size_t i = 0; i < COUNT(words); i++)
		for (const char *from = words[i]; *from != '\0' && length < 27; from++)
			text[length++] = *from;
	while (length < 28)
		text[length++] = ' ';
	text[length] = '\0';
	report_text(1, text, row->help, "\n", NULL);
}

static int answer_help(struct settings *settings, const char *value, size_t length)
{
	(void)value, (void)length;
	for (size_t i = 0; i < COUNT(personalities); i++)
		if (strcmp(personalities[i].called, settings->name) == 0)
			report_text(1, "usage: ", personalities[i].usage, "\n", NULL);
	for (size_t i = 0; i < COUNT(options); i++)
		if (options[i].as & AS(settings->personality))
			say_option(&options[i]);
	return 1;
}

static int answer_version(struct settings *settings, const char *value, size_t length)
{
	(void)value, (void)length;
	report_text(1, personalities[find_personality(settings->name)].version, "\n", NULL);
	return 1;
}

static int answer_license(struct settings *settings, const char *value, size_t length)
{
	(void)settings, (void)value, (void)length;
	report_text(1, "MIT License; see the file LICENSE of the project sv\n", NULL);
	return 1;
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

static int refuse(const struct settings *settings, const char *what, const char *word,
		  const char *more)
{
	report_text(2, settings->name, ": ", what, " '", word, "'", more, "\n", NULL);
	return SETTINGS_REFUSED;
}

/* 0, SETTINGS_ANSWERED or SETTINGS_REFUSED. */
static int apply(struct settings *settings, const struct option_row *row, const char *word,
		 const char *value)
{
	int result = row->set(settings, value, value == NULL ? 0 : strlen(value));

	if (result < 0) {
		report_text(2, settings->name, ": bad value '", value, "' of '", word,
			    "': not of the form ", row->metavar, "\n", NULL);
		return SETTINGS_REFUSED;
	}
	return result > 0 ? SETTINGS_ANSWERED : 0;
}

static const struct option_row *find_long(const struct settings *settings, const char *name,
					  size_t length)
{
	for (size_t i = 0; i < COUNT(options); i++)
		if (options[i].as & AS(settings->personality) && options[i].name != NULL &&
		    strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0)
			return &options[i];
	return NULL;
}

static const struct option_row *find_letter(const struct settings *settings, char letter)
{
	for (size_t i = 0; i < COUNT(options); i++)
		if (options[i].as & AS(settings->personality) && options[i].letter == letter)
			return &options[i];
	return NULL;
}

/* --name, --name VALUE, --name=VALUE. *at moves past what was used. */
static int read_long(struct settings *settings, int argc, char *const argv[], int *at)
{
	const char *word = argv[(*at)++], *name = word + 2, *value = strchr(name, '=');
	size_t length = value != NULL ? (size_t)(value - name) : strlen(name);
	const struct option_row *row = find_long(settings, name, length);

	if (row == NULL)
		return refuse(settings, "unknown option", word, "; see --help");
	if (row->metavar == NULL)
		return value != NULL ? refuse(settings, "no value goes with", word, "")
				     : apply(settings, row, word, NULL);
	if (value == NULL && *at == argc)
		return refuse(settings, "a value is missing after", word, "");
	return apply(settings, row, word, value != NULL ? value + 1 : argv[(*at)++]);
}

/* -s, -sv, -p SIGNAL, -pSIGNAL, -vp SIGNAL */
static int read_short(struct settings *settings, int argc, char *const argv[], int *at)
{
	const char *word = argv[(*at)++];

	for (const char *letter = word + 1; *letter != '\0'; letter++) {
		const struct option_row *row = find_letter(settings, *letter);
		const char *value = NULL;
		int result;

		if (row == NULL)
			return refuse(settings, "unknown option", word, "; see -h");
		if (row->metavar != NULL) {
			if (letter[1] == '\0' && *at == argc)
				return refuse(settings, "a value is missing after", word, "");
			value = letter[1] != '\0' ? letter + 1 : argv[(*at)++];
		}
		result = apply(settings, row, word, value);
		if (result != 0 || value != NULL)
			return result;
	}
	return 0;
}

static int read_variables(struct settings *settings, char *const environment[])
{
	for (size_t i = 0; i < COUNT(variables); i++) {
		size_t length = strlen(variables[i].name);

		if (!(variables[i].as & AS(settings->personality)))
			continue;
		for (char *const *word = environment; *word != NULL; word++) {
			const char *value = *word + length + 1;

			if (strncmp(*word, variables[i].name, length) != 0 ||
			    (*word)[length] != '=')
				continue;
			/* Many a compose file unsets a variable so. */
			if (value[0] == '\0' && !variables[i].is_by_presence)
				continue;
			if (variables[i].set(settings, value, strlen(value)) < 0)
				return refuse(settings, "bad value in the environment:", *word, "");
		}
	}
	return 0;
}

void settings_default(struct settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	settings->name = personalities[0].name;
	settings->grace = -1;
	for (int i = 0; i < SETTINGS_SIGNALS; i++)
		settings->rewrite[i] = (uint8_t)i;
	for (int i = 0; i < 256; i++)
		settings->exit_map[i] = (uint8_t)i;
}

int settings_read(struct settings *settings, int argc, char *const argv[],
		  char *const environment[])
{
	size_t personality = find_personality(argc > 0 ? argv[0] : NULL);
	int at = 1, result;

	settings_default(settings);
	settings->personality = personalities[personality].personality;
	settings->name = personalities[personality].called;
	settings->to_group = personalities[personality].to_group;
	settings->new_session = personalities[personality].new_session;
	settings->ask_rest = personalities[personality].new_session;
	settings->is_subreaper = personalities[personality].is_subreaper;
	result = read_variables(settings, environment);
	while (result == 0 && at < argc && argv[at][0] == '-' && argv[at][1] != '\0') {
		if (strcmp(argv[at], "--") == 0) {
			at++;
			break;
		}
		result = argv[at][1] == '-' ? read_long(settings, argc, argv, &at)
					    : read_short(settings, argc, argv, &at);
	}
	return result != 0 ? result : (at < argc ? at : argc);
}
