/* SPDX-License-Identifier: MIT */
/* sv: a table of verbs. Each verb has a file of its own; what is here is only about sv itself. */
#include "../init/lib/sys.h"
#include "error.h"
#include "file.h"
#include "nearest.h"
#include "options.h"
#include "verbs.h"
#include "version.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int verb_help(int argc, char *const argv[]);
static int verb_version(int argc, char *const argv[]);

struct verb {
	const char *name;
	const char *summary;
	int (*run)(int argc, char *const argv[]);
	const char *usage;         /* what `sv VERB --help` prints ... */
	int (*print_help)(int fd); /* ... or what prints it: 0 or -errno */
};

static const struct verb verbs[] = {
	{ "run", "run a command in a container", verb_run, NULL, options_print_help },
	{ "image", "import, list, inspect, export and remove images", verb_image, NULL,
	  image_print_help },
	{ "gc", "remove what nothing in the store refers to", verb_gc,
	  "Usage: sv gc [--root DIR]\n\n"
	  "Removes layers that no image and no container uses, and what a killed sv left.\n",
	  NULL },
	{ "commit", "make an image of a kept container", verb_commit,
	  "Usage: sv commit [--root DIR] NAME IMAGE\n\n"
	  "Makes the image IMAGE of the kept container NAME: its image, with what it has written as one more layer.\n",
	  NULL },
	{ "diff", "list what a kept container has changed", verb_diff,
	  "Usage: sv diff [--root DIR] NAME\n\n"
	  "Lists what the kept container NAME has written over its image: A added, C changed, D deleted.\n",
	  NULL },
	{ "rm", "remove kept containers", verb_rm,
	  "Usage: sv rm [--root DIR] NAME...\n\n"
	  "Removes kept containers ('sv run --keep') and all that they have written.\n",
	  NULL },
	{ "volume", "list or remove named volumes", verb_volume,
	  "Usage: sv volume ls [--root DIR]\n"
	  "       sv volume rm [--root DIR] NAME...\n\n"
	  "Lists or removes the volumes that 'sv run --volume NAME:DST' has made.\n",
	  NULL },
	{ "net", "list the networks of containers, or remove one that was left", verb_net,
	  "Usage: sv net VERB [NAME...]\n\nVerbs:\n"
	  "  ls                    list networks, and the containers that have an address there\n"
	  "  rm NAME...            remove one without containers: usually the last of them does\n",
	  NULL },
	{ "doctor", "say what this machine can do, and what each missing thing costs", verb_doctor,
	  "Usage: sv doctor\n\n"
	  "Says what this machine can do: kernel, namespaces, control groups, overlay, seccomp.\n"
	  "Exit status: 0, or 1 when 'sv run' can't work here.\n",
	  NULL },
	{ "help", "explain sv or one of its verbs", verb_help, "Usage: sv help [VERB]\n", NULL },
	{ "version", "print the version", verb_version, "Usage: sv version\n", NULL },
};
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static const char *nearest_verb(const char *name)
{
	const char *nearest = NULL;
	unsigned best = NEAREST_NONE;

	for (size_t i = 0; i < VERB_COUNT; i++) {
		unsigned distance = nearest_distance(name, strlen(name), verbs[i].name);

		if (distance < best) {
			best = distance;
			nearest = verbs[i].name;
		}
	}
	return nearest;
}

#define LIVES "a container lives as long as its sv: signal that, or see 'sv help'"

/* What Docker's users type and sv has not. */
static const struct {
	const char *word;
	const char *hint;
} elsewhere[] = {
	{ "ps", LIVES },
	{ "exec", LIVES },
	{ "stop", LIVES },
	{ "logs", LIVES },
	{ "kill", LIVES },
	{ "-v", "did you mean '--version'?" },
	{ "-V", "did you mean '--version'?" },
};

static const char *find_elsewhere(const char *word)
{
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (strcmp(elsewhere[i].word, word) == 0)
			return elsewhere[i].hint;
	return NULL;
}

/* Ends a verb that only prints: output that went nowhere is a failure. */
static int end_output(int result)
{
	struct error error = { 0 };

	if (result == 0)
		return 0;
	(void)error_set(&error, result, "cannot write to standard output");
	return error_print(&error);
}

/* Completions read the verbs off the lines that begin with two spaces: no other line does. */
static int print_usage(int fd)
{
	char text[2048];
	size_t used =
		(size_t)snprintf(text, sizeof(text),
				 "Usage: sv VERB [OPTION...] [ARGUMENT...]\n\n"
				 "Runs commands in containers, without a daemon.\n\nVerbs:\n");

	for (size_t i = 0; i < VERB_COUNT; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "  %-10s %s\n",
					 verbs[i].name, verbs[i].summary);
	used += (size_t)snprintf(text + used, sizeof(text) - used,
				 "\n'sv VERB --help' tells more about one, as in: sv run --help\n"
				 "'sv --version' prints the version.\n");
	return file_write(fd, text, used);
}

static int print_verb_help(const struct verb *verb)
{
	if (verb->print_help != NULL)
		return end_output(verb->print_help(STDOUT_FILENO));
	return end_output(file_write(STDOUT_FILENO, verb->usage, strlen(verb->usage)));
}

static int refuse_verb(const char *name)
{
	const char *hint = find_elsewhere(name);
	const char *nearest = nearest_verb(name);
	struct error error = { 0 };

	(void)error_set(&error, 0,
			name[0] == '-' ? "unknown option '%.80s'" : "unknown verb '%.80s'", name);
	if (hint != NULL)
		(void)error_hint(&error, 0, "%s", hint);
	else if (nearest != NULL)
		(void)error_hint(&error, 0, "did you mean '%s'? 'sv help' lists them all", nearest);
	else
		(void)error_hint(&error, 0, "'sv help' lists the verbs");
	return error_print(&error);
}

static int refuse_argument(const char *verb, const char *argument)
{
	struct error error = { 0 };

	(void)error_set(&error, 0, "unexpected argument '%.80s' after '%s'", argument, verb);
	return error_print(&error);
}

static int verb_help(int argc, char *const argv[])
{
	const struct verb *verb;

	if (argc > 2)
		return refuse_argument("help VERB", argv[2]);
	if (argc < 2)
		return end_output(print_usage(STDOUT_FILENO));
	verb = find_verb(argv[1]);
	return verb != NULL ? print_verb_help(verb) : refuse_verb(argv[1]);
}

static int verb_version(int argc, char *const argv[])
{
	static const char text[] = "sv " SV_VERSION "\n";

	if (argc > 1)
		return refuse_argument("version", argv[1]);
	return end_output(file_write(STDOUT_FILENO, text, sizeof(text) - 1));
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char *argv[])
{
	const struct verb *verb;

	if (argc < 2) {
		(void)print_usage(STDERR_FILENO);
		return EXIT_OF_SV;
	}
	if (is_help(argv[1]))
		return verb_help(argc - 1, argv + 1);
	if (strcmp(argv[1], "--version") == 0)
		return verb_version(argc - 1, argv + 1);
	verb = find_verb(argv[1]);
	if (verb == NULL)
		return refuse_verb(argv[1]);
	if (argc > 2 && is_help(argv[2]))
		return print_verb_help(verb);
	/* Ignored by who started sv, the kernel would reap children before sv has their status. run has its own way, since the
	 * command gets what was ignored. */
	if (verb->run != verb_run)
		(void)sys_rt_sigaction(SIGCHLD, &(struct sys_sigaction){ .handler = SYS_SIG_DFL },
				       NULL);
	return verb->run(argc - 1, argv + 1);
}
