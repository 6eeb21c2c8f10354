/* SPDX-License-Identifier: MIT */
/* See config.h. */
#include "config.h"

#include "../init/lib/fd.h"
#include "file.h"
#include "options.h"

#include <stdio.h>
#include <string.h>

#define WHERE_SIZE 256
#define SHOWN      80

struct line {
	const char *key, *value; /* value NULL where there is no '=' */
	size_t key_length, value_length;
	char where[WHERE_SIZE]; /* "FILE:LINE" */
};

/* The file being read. */
struct config {
	struct spec *spec;
	struct error *error;
	struct spec_strings command;
	enum option_phase phase;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **text, size_t *length)
{
	while (*length > 0 && is_space(**text)) {
		(*text)++;
		(*length)--;
	}
	while (*length > 0 && is_space((*text)[*length - 1]))
		(*length)--;
}

static bool key_is(const struct line *line, const char *key)
{
	return line->key_length == strlen(key) && memcmp(line->key, key, line->key_length) == 0;
}

/* "FILE:LINE: KEY", what every message about a line opens with. */
static void name_line(const struct line *line, char where[WHERE_SIZE])
{
	(void)snprintf(where, WHERE_SIZE, "%.150s: %.*s", line->where,
		       line->key_length > SHOWN ? SHOWN : (int)line->key_length, line->key);
}

static int refuse_key(const struct config *config, const struct line *line)
{
	const char *hint = options_elsewhere(line->key, line->key_length);
	const char *nearest = options_nearest(line->key, line->key_length);
	int result = error_set(config->error, 0, "%s: unknown key '%.*s'", line->where,
			       line->key_length > SHOWN ? SHOWN : (int)line->key_length, line->key);

	if (hint != NULL && line->key_length > 1)
		return error_hint(config->error, result, "%s", hint);
	if (nearest != NULL)
		return error_hint(config->error, result, "did you mean '%s'?", nearest);
	return error_hint(config->error, result,
			  "keys are the long options of 'sv run --help', rootfs and command");
}

static int take_operand(struct config *config, const struct line *line, const char *value)
{
	const char **row;
	char where[WHERE_SIZE];

	name_line(line, where);
	if (value[0] == '\0')
		return error_set(config->error, 0, "%s: the value is empty", where);
	if (key_is(line, "rootfs")) {
		config->spec->rootfs = value;
		return 0;
	}
	row = ARENA_APPEND(&config->spec->arena, &config->command);
	if (row == NULL)
		return error_set(config->error, -ENOMEM, "%s: cannot keep the value", where);
	*row = value;
	return 0;
}

static int take_option(struct config *config, const struct line *line, const struct option_row *row,
		       const char *value)
{
	char where[WHERE_SIZE];

	name_line(line, where);
	/* --file would nest, --help would print */
	if (row->phase == OPTION_PHASE_FIRST)
		return error_set(config->error, 0, "%s: can only stand on the command line", where);
	return options_apply(row, config->spec, where, value, config->error);
}

/*
 * One line that is neither empty nor a comment. What belongs to another phase is only checked for
 * its key.
 */
static int take_line(struct config *config, const struct line *line)
{
	bool operand = key_is(line, "rootfs") || key_is(line, "command");
	const struct option_row *row = operand ? NULL : options_find(line->key, line->key_length);
	const char *value;

	if (row == NULL && !operand)
		return refuse_key(config, line);
	if (line->value == NULL)
		return error_hint(config->error,
				  error_set(config->error, 0, "%s: '%.*s' has no value",
					    line->where, (int)line->key_length, line->key),
				  row != NULL && row->kind == OPTION_FLAG ? "KEY = true"
									  : "KEY = VALUE");
	if (row != NULL && row->phase != config->phase && row->phase != OPTION_PHASE_FIRST)
		return 0;
	if (operand && config->phase != OPTION_PHASE_REST)
		return 0;
	/* where the text goes when this is over, the spec must not point */
	value = arena_copy(&config->spec->arena, line->value, line->value_length);
	if (value == NULL)
		return error_set(config->error, -ENOMEM, "%s: cannot keep the value", line->where);
	return operand ? take_operand(config, line, value) : take_option(config, line, row, value);
}

/* Splits a line; false when there is nothing on it. */
static bool split_line(struct line *line, const char *text, size_t length)
{
	const char *equals;

	trim(&text, &length);
	if (length == 0 || text[0] == '#')
		return false;
	equals = memchr(text, '=', length);
	line->key = text;
	line->key_length = equals != NULL ? (size_t)(equals - text) : length;
	line->value = equals != NULL ? equals + 1 : NULL;
	line->value_length = equals != NULL ? length - line->key_length - 1 : 0;
	trim(&line->key, &line->key_length);
	if (equals != NULL)
		trim(&line->value, &line->value_length);
	return true;
}

static int parse_phase(struct config *config, const char *path, const char *text, size_t size)
{
	const char *end = text + size;
	struct line line;

	for (size_t number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline != NULL ? newline : end) - text);
		int result = 0;

		(void)snprintf(line.where, sizeof(line.where), "%.100s:%zu", path, number);
		if (memchr(text, '\0', length) != NULL)
			return error_set(config->error, 0, "%s: there is a NUL byte on the line",
					 line.where);
		if (split_line(&line, text, length))
			result = take_line(config, &line);
		if (result < 0)
			return result;
		text += length + (newline != NULL);
	}
	return 0;
}

int config_parse(struct spec *spec, const char *path, const char *text, size_t size,
		 struct error *error)
{
	struct config config = { .spec = spec, .error = error };
	int result = 0;

	for (config.phase = OPTION_PHASE_FIRST + 1;
	     result == 0 && config.phase < OPTION_PHASE_COUNT; config.phase++)
		result = parse_phase(&config, path, text, size);
	if (result < 0 || config.command.count == 0)
		return result;
	/* the row that ends argv is NULL already: rows come zeroed */
	if (ARENA_APPEND(&spec->arena, &config.command) == NULL)
		return error_set(error, -ENOMEM, "%s: cannot keep the command", path);
	spec->command = config.command.rows;
	return 0;
}

int config_read(struct spec *spec, const char *path, struct error *error)
{
	FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
	struct arena arena = { .blocks = NULL };
	char *text = NULL;
	ssize_t size = fd < 0 ? fd : file_read(&arena, fd, FILE_SIZE_MAX, &text);
	int result;

	if (size < 0)
		result = error_set(error, (int)size, "cannot read the configuration file '%.*s'",
				   SHOWN, path);
	else
		result = config_parse(spec, path, text, (size_t)size, error);
	arena_free(&arena);
	return result;
}
