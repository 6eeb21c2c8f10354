/* SPDX-License-Identifier: MIT */
/*
 * The options of `sv run`: one table, from which the command line's parser, the help and the
 * configuration file are driven. What a value looks like is values.c's matter. Nothing here looks
 * at the machine, but for the files named by --file and --env-file and the caller's environment.
 */
#ifndef SV_OPTIONS_H
#define SV_OPTIONS_H

#include "error.h"
#include "spec.h"
#include "values.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,  /* --read-only, --read-only=false */
	OPTION_VALUE, /* the last one wins */
	OPTION_LIST,  /* repeated ones add up */
};

/*
 * A source (the configuration file, the command line) is read once a phase, and only the rows of
 * that phase are taken. So --file comes before all else, and -e beats --env-file wherever they
 * stand, as in Docker.
 */
enum option_phase {
	OPTION_PHASE_FIRST,
	OPTION_PHASE_ENV_FILE,
	OPTION_PHASE_REST,
	OPTION_PHASE_COUNT
};

enum option_group {
	OPTION_GROUP_CONTAINER,
	OPTION_GROUP_IDENTITY,
	OPTION_GROUP_FILES,
	OPTION_GROUP_LIMITS,
	OPTION_GROUP_NETWORK,
	OPTION_GROUP_RUNNING,
	OPTION_GROUP_ISOLATION,
	OPTION_GROUP_PRIVILEGES,
	OPTION_GROUP_COUNT,
};

struct option_row {
	const char *name;  /* long name, without dashes: also the configuration file's key */
	const char *alias; /* another long name, or NULL */
	const char *metavar;
	const char *help; /* one line, at most 64 columns */
	int (*set)(const struct value *value);
	size_t field;     /* offsetof in struct spec of what `set` writes */
	int64_t min, max; /* what a number may be, in the field's unit */
	char letter;      /* short name, or 0 */
	enum option_kind kind;
	enum option_phase phase;
	enum option_group group;
};

extern const struct option_row option_rows[];
extern const size_t option_count;

/* The row of a long name or alias, given without dashes; NULL when there is none. */
const struct option_row *options_find(const char *name, size_t length);

/*
 * The hint for an option of Docker's that sv has not, given without dashes (a single character: the
 * short one); NULL for all else.
 */
const char *options_elsewhere(const char *name, size_t length);

/* The long name that a mistyped one is nearest to; NULL when none is near. */
const char *options_nearest(const char *name, size_t length);

/*
 * Gives a row its value. `where` opens a message ("--memory", "web.conf:3: memory"); text is NULL
 * for a flag without one. The spec keeps pointers into text.
 */
int options_apply(const struct option_row *row, struct spec *spec, const char *where,
		  const char *text, struct error *error);

/* Everything unset, with the defaults of spec.h. */
void options_init(struct spec *spec);

/*
 * Fills spec from the words after the verb: argv[0] is the verb. The configuration file is read
 * first, the command line wins over it, lists add up, then what belongs together is checked.
 * spec->env holds no name twice and spec->command is NULL or ends with a NULL. With --help nothing
 * but spec->help is filled. Returns 0 or a negative number with error set. The spec points into
 * argv; options_free() gives back the rest, also after a failure.
 */
int options_parse(struct spec *spec, int argc, char *const argv[], struct error *error);
void options_free(struct spec *spec);

/* Writes `sv run --help`. Returns 0 or -errno. */
int options_print_help(int fd);

#endif
