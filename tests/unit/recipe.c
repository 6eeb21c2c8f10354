/* SPDX-License-Identifier: MIT */
/* supervisor/recipe.c: lines, words, and what is wrong with them. */
#include "supervisor/recipe.h"

#include "tap.h"

static struct recipe recipe;
static struct error error;

static int parse(const char *text)
{
	int result;

	recipe_free(&recipe);
	recipe = (struct recipe){ .memory = { .blocks = NULL } };
	error = (struct error){ 0 };
	result = recipe_parse(&recipe, "Recipe", text, strlen(text), &error);
	if (result < 0)
		printf("# %s; %s\n", error.text, error.hint);
	return result;
}

/* Step `number` has these words, joined by '|', and begins at that line. */
static bool step_is(size_t number, enum recipe_kind kind, size_t line, const char *words)
{
	const struct recipe_step *step = &recipe.steps.rows[number];
	char joined[512] = "";
	size_t used = 0;

	if (number >= recipe.steps.count || step->kind != kind || step->line != line)
		return false;
	for (size_t i = 0; i < step->words.count && used < sizeof(joined); i++)
		used += (size_t)snprintf(joined + used, sizeof(joined) - used, "%s%s",
					 i > 0 ? "|" : "", step->words.rows[i]);
	printf("# %s\n", joined);
	return strcmp(joined, words) == 0;
}

static void reads_words(void)
{
	ok(parse("FROM box\nCOPY a 'b c' \"d\\\"e\" f\\ g /to/\n") == 0, "reads words");
	ok(step_is(0, RECIPE_FROM, 1, "box"), "the first is FROM");
	ok(step_is(1, RECIPE_COPY, 2, "a|b c|d\"e|f g|/to/"), "quotes and backslashes hide spaces");
	ok(parse("from  box\nUsEr\t1000\n") == 0 && step_is(1, RECIPE_USER, 2, "1000"),
	   "keywords in any case, and blanks of any kind");
}

static void reads_commands(void)
{
	ok(parse("FROM box\nRUN echo \"$A\" > 'x'\nCMD [\"a\", \"b c\"]\nENTRYPOINT [not, json]\n") ==
		   0,
	   "reads commands");
	ok(step_is(1, RECIPE_RUN, 2, "/bin/sh|-c|echo \"$A\" > 'x'"),
	   "a line is the shell's, as it is");
	ok(step_is(2, RECIPE_CMD, 3, "a|b c"), "a list is a command");
	ok(step_is(3, RECIPE_ENTRYPOINT, 4, "/bin/sh|-c|[not, json]"),
	   "what is no list is the shell's");
}

static void reads_variables(void)
{
	ok(parse("FROM box\nENV A=1 B='2 3' C=\nENV D four  five\n") == 0, "reads variables");
	ok(step_is(1, RECIPE_ENV, 2, "A=1|B=2 3|C="), "several in a line");
	ok(step_is(2, RECIPE_ENV, 3, "D=four  five"), "or one with the rest of it");
}

static void joins_lines(void)
{
	ok(parse("\n# x\nFROM box\r\nRUN a \\\n\\\n  # between\n\n b\\\n c\nUSER 1") == 0,
	   "joins lines");
	ok(step_is(0, RECIPE_FROM, 3, "box"), "carriage returns are dropped");
	ok(step_is(1, RECIPE_RUN, 4, "/bin/sh|-c|a  b c"), "comments between don't matter");
	ok(step_is(2, RECIPE_USER, 10, "1"), "and lines are counted");
}

static void refuses(const char *text, const char *message)
{
	ok(parse(text) < 0 && strstr(error.text, message) != NULL, "refuses: %s", message);
}

int main(void)
{
	reads_words();
	reads_commands();
	reads_variables();
	joins_lines();
	refuses("", "Recipe: nothing is in it");
	refuses("# only a comment\n", "Recipe: nothing is in it");
	refuses("RUN x\n", "Recipe:1: FROM must come first");
	refuses("FROM a\n\nFROM b\n", "Recipe:3: a second FROM");
	refuses("FROM a b\n", "Recipe:1: more than one word");
	refuses("FROM a\nEXPOSE 80\n", "Recipe:2: unknown keyword 'EXPOSE'");
	refuses("FROM a\nRUN\n", "Recipe:2: nothing follows");
	refuses("FROM a\nCOPY x\n", "Recipe:2: COPY lacks");
	refuses("FROM a\nCOPY --chown=1 x y\n", "Recipe:2: COPY has no options");
	refuses("FROM a\nENV x\n", "Recipe:2: a variable has no name or no value");
	refuses("FROM a\nENV =x\n", "Recipe:2: a variable has no name or no value");
	refuses("FROM a\nUSER 'x\n", "Recipe:2: a quote isn't closed");
	refuses("FROM a\nCMD [\"a\", 1]\n", "Recipe:2: a list has something else");
	refuses("FROM a\nRUN x \\\n", "the last line is continued");
	refuses("FROM a\\", "the last line is continued");
	recipe_free(&recipe);
	return tap_done();
}
