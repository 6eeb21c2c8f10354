/* SPDX-License-Identifier: MIT */
/* See recipe.h. */
#include "recipe.h"

#include "json.h"
#include "nearest.h"
#include "part.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

/* What is being read. */
struct reader {
	struct recipe *recipe;
	const char *name;
	size_t line; /* where the step begins */
	struct error *error;
};

static int refuse(const struct reader *reader, const char *problem, const char *hint)
{
	return error_hint(reader->error,
			  error_set(reader->error, 0, "%.100s:%zu: %s", reader->name, reader->line,
				    problem),
			  "%s", hint);
}

static int no_memory(const struct reader *reader)
{
	return error_set(reader->error, -ENOMEM, "%.100s:%zu: cannot keep the line", reader->name,
			 reader->line);
}

static int add_word(const struct reader *reader, struct recipe_step *step, const char *text,
		    size_t length)
{
	const char **row = ARENA_APPEND(&reader->recipe->memory, &step->words);

	if (row != NULL)
		*row = arena_copy(&reader->recipe->memory, text, length);
	return row == NULL || *row == NULL ? no_memory(reader) : 0;
}

/* --- what follows a keyword --------------------------------------------------------------------------------------------- */

/* One word, where quotes and backslashes hide spaces, copied without them. Returns its end, or NULL for a quote that isn't closed. */
static const char *read_word(const char *at, char *word)
{
	char quote = '\0';
	size_t used = 0;

	for (; *at != '\0' && (quote != '\0' || (*at != ' ' && *at != '\t')); at++) {
		if (*at == '\\' && quote != '\'' && at[1] != '\0')
			word[used++] = *++at;
		else if (quote == '\0' && (*at == '"' || *at == '\''))
			quote = *at;
		else if (quote != '\0' && *at == quote)
			quote = '\0';
		else
			word[used++] = *at;
	}
	word[used] = '\0';
	return quote == '\0' ? at : NULL;
}

static int take_words(const struct reader *reader, struct recipe_step *step)
{
	char *word = arena_take(&reader->recipe->memory, strlen(step->text) + 1);
	const char *at = step->text;

	if (word == NULL)
		return no_memory(reader);
	for (at += strspn(at, " \t"); *at != '\0'; at += strspn(at, " \t")) {
		at = read_word(at, word);
		if (at == NULL)
			return refuse(reader, "a quote isn't closed",
				      "a backslash before it makes it a character");
		if (add_word(reader, step, word, strlen(word)) < 0)
			return -1;
	}
	return 0;
}

/* ["program", "argument"]: 1; 0 where it is none of those. */
static int take_list(const struct reader *reader, struct recipe_step *step)
{
	const struct json *root;
	size_t line;

	if (step->text[0] != '[' ||
	    json_parse(&reader->recipe->memory, step->text, strlen(step->text), &root, &line) < 0)
		return 0;
	for (const struct json *item = json_first(root); item != NULL; item = item->next) {
		const char *text = json_string(item);

		if (text == NULL)
			return refuse(reader, "a list has something else than strings",
				      "[\"program\", \"argument\"]");
		if (add_word(reader, step, text, strlen(text)) < 0)
			return -1;
	}
	return 1;
}

/* A list is a command as it is; all else is the shell's. */
static int take_command(const struct reader *reader, struct recipe_step *step)
{
	int result = take_list(reader, step);

	if (result != 0)
		return result < 0 ? result : 0;
	if (add_word(reader, step, "/bin/sh", 7) < 0 || add_word(reader, step, "-c", 2) < 0)
		return -1;
	return add_word(reader, step, step->text, strlen(step->text));
}

/* NAME=VALUE ..., or NAME VALUE. */
static int take_variables(const struct reader *reader, struct recipe_step *step)
{
	size_t name = strcspn(step->text, " \t=");
	char *text;

	if (step->text[name] != ' ' && step->text[name] != '\t') {
		if (take_words(reader, step) < 0)
			return -1;
	} else {
		if (add_word(reader, step, step->text, strlen(step->text)) < 0)
			return -1;
		text = (char *)step->words.rows[0];
		text[name] = '=';
		memmove(text + name + 1, step->text + name + strspn(step->text + name, " \t"),
			strlen(step->text + name + strspn(step->text + name, " \t")) + 1);
	}
	for (size_t i = 0; i < step->words.count; i++)
		if (strchr(step->words.rows[i], '=') == NULL || step->words.rows[i][0] == '=')
			return refuse(reader, "a variable has no name or no value",
				      "ENV NAME=VALUE");
	return 0;
}

static int take_one(const struct reader *reader, struct recipe_step *step)
{
	if (take_words(reader, step) < 0)
		return -1;
	return step->words.count == 1 ? 0 : refuse(reader, "more than one word", "quote it");
}

static int take_copy(const struct reader *reader, struct recipe_step *step)
{
	if (take_words(reader, step) < 0)
		return -1;
	for (size_t i = 0; i < step->words.count; i++)
		if (strncmp(step->words.rows[i], "--", 2) == 0)
			return refuse(reader, "COPY has no options here", "COPY SOURCE... TARGET");
	return step->words.count >= 2
		       ? 0
		       : refuse(reader, "COPY lacks a source or a target", "COPY SOURCE... TARGET");
}

static const struct {
	const char *word;
	int (*take)(const struct reader *reader, struct recipe_step *step);
} keywords[] = {
	[RECIPE_FROM] = { "FROM", take_one },
	[RECIPE_COPY] = { "COPY", take_copy },
	[RECIPE_RUN] = { "RUN", take_command },
	[RECIPE_ENV] = { "ENV", take_variables },
	[RECIPE_CMD] = { "CMD", take_command },
	[RECIPE_ENTRYPOINT] = { "ENTRYPOINT", take_command },
	[RECIPE_USER] = { "USER", take_one },
	[RECIPE_WORKDIR] = { "WORKDIR", take_one },
};
_Static_assert(sizeof(keywords) / sizeof(keywords[0]) == RECIPE_KIND_COUNT, "each has a row");

const char *recipe_keyword(enum recipe_kind kind)
{
	return keywords[kind].word;
}

/* --- lines -------------------------------------------------------------------------------------------------------------- */

static int refuse_keyword(const struct reader *reader, const char *word, size_t length)
{
	return error_hint(reader->error,
			  error_set(reader->error, 0, "%.100s:%zu: unknown keyword '%.*s'",
				    reader->name, reader->line, length > 40 ? 40 : (int)length,
				    word),
			  "FROM, COPY, RUN, ENV, CMD, ENTRYPOINT, USER, WORKDIR");
}

static int take_step(const struct reader *reader, const char *text)
{
	size_t length = strcspn(text, " \t");
	struct recipe *recipe = reader->recipe;
	struct recipe_step *step;
	enum recipe_kind kind = 0;

	while (kind < RECIPE_KIND_COUNT && (strlen(keywords[kind].word) != length ||
					    strncasecmp(keywords[kind].word, text, length) != 0))
		kind++;
	if (kind == RECIPE_KIND_COUNT)
		return refuse_keyword(reader, text, length);
	if ((recipe->steps.count == 0) != (kind == RECIPE_FROM))
		return refuse(reader,
			      kind == RECIPE_FROM ? "a second FROM" : "FROM must come first",
			      "FROM IMAGE");
	step = ARENA_APPEND(&recipe->memory, &recipe->steps);
	if (step == NULL)
		return no_memory(reader);
	step->kind = kind;
	step->line = reader->line;
	step->text = text + length + strspn(text + length, " \t");
	if (step->text[0] == '\0')
		return refuse(reader, "nothing follows the keyword", keywords[kind].word);
	return keywords[kind].take(reader, step);
}

/* Takes the backslash at the end of a line away: true when the next one continues it. */
static bool is_continued(char *text, size_t *length)
{
	while (*length > 0 && strchr(" \t\r", text[*length - 1]) != NULL)
		(*length)--;
	text[*length] = '\0';
	if (*length == 0 || text[*length - 1] != '\\')
		return false;
	(*length)--;
	return true;
}

static bool is_comment(struct part line)
{
	size_t blank = 0;

	while (blank < line.length && strchr(" \t\r", line.text[blank]) != NULL)
		blank++;
	return blank == line.length || line.text[blank] == '#';
}

int recipe_parse(struct recipe *recipe, const char *name, const char *text, size_t size,
		 struct error *error)
{
	struct reader reader = { .recipe = recipe, .name = name, .error = error };
	struct part rest = { text, size }, line;
	size_t number = 0, used = 0;
	char *step = arena_take(&recipe->memory, size + 1);

	if (step == NULL || memchr(text, '\0', size) != NULL)
		return error_set(error, step == NULL ? -ENOMEM : 0,
				 "%.100s: cannot read it as text", name);
	while (part_next(&rest, '\n', &line)) {
		size_t length;

		number++;
		if (is_comment(line))
			continue; /* also between lines that belong together */
		if (used == 0)
			reader.line = number;
		memcpy(step + used, line.text, line.length);
		length = used + line.length;
		if (is_continued(step, &length)) {
			used = length;
			continue;
		}
		step[length] = '\0';
		if (take_step(&reader, step + strspn(step, " \t")) < 0)
			return -EINVAL;
		/* the steps point into it */
		step += length + 1;
		used = 0;
	}
	if (used > 0 || recipe->steps.count == 0)
		return error_hint(
			error,
			error_set(error, 0, "%.100s: %s", name,
				  used > 0 ? "the last line is continued, and there is none"
					   : "nothing is in it"),
			"FROM IMAGE");
	return 0;
}

void recipe_free(struct recipe *recipe)
{
	arena_free(&recipe->memory);
}
