/* SPDX-License-Identifier: MIT */
/* See store_verb.h. */
#include "store_verb.h"

#include "../init/lib/sys.h"
#include "rootless.h"

#include <stdio.h>
#include <string.h>

static int refuse(const struct store_verb *verb, const char *problem, const char *word,
		  struct error *error)
{
	return error_hint(error, error_set(error, 0, "%s: %s%.80s", verb->name, problem, word),
			  "%s", verb->usage);
}

/* [--root DIR] [--] WORD...: the options come first. */
static int take_words(struct store_verb *verb, int argc, char *const argv[], const char **root,
		      struct error *error)
{
	int next = 1;

	*root = NULL;
	for (; next < argc && argv[next][0] == '-' && argv[next][1] != '\0'; next++) {
		if (strcmp(argv[next], "--") == 0) {
			next++;
			break;
		}
		if (strncmp(argv[next], "--root=", 7) == 0)
			*root = argv[next] + 7;
		else if (strcmp(argv[next], "--root") == 0 && next + 1 < argc)
			*root = argv[++next];
		else if (verb->flag != NULL && strcmp(argv[next], verb->flag) == 0)
			verb->has_flag = true;
		else
			return refuse(verb, "unknown option or one without its value: ", argv[next],
				      error);
	}
	verb->words = argv + next;
	verb->count = argc - next;
	if (verb->count < verb->least)
		return refuse(verb, "a word is missing", "", error);
	if (verb->most >= 0 && verb->count > verb->most)
		return refuse(verb, "unexpected argument ", verb->words[verb->most], error);
	return 0;
}

int store_verb_begin(struct store_verb *verb, int argc, char *const argv[], struct error *error)
{
	struct rootless rootless = { .is_active = false };
	char path[STORE_PATH_MAX];
	const char *root;

	(void)sys_umask(0022);
	if (take_words(verb, argc, argv, &root, error) < 0)
		return -1;
	if (geteuid() != 0) {
		if (root == NULL && store_default_root(path, error) < 0)
			return -1;
		root = root == NULL ? path : root;
		if (rootless_enter(&rootless, error) < 0)
			return -1;
	}
	return store_open(&verb->store, root, verb->makes, error);
}

void store_verb_end(struct store_verb *verb)
{
	store_close(&verb->store);
}
