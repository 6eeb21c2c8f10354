/* SPDX-License-Identifier: MIT */
/* See json.h. */
#include "json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct parser {
	struct arena *arena;
	const char *at, *end;
	struct json *open[JSON_DEPTH_MAX]; /* arrays and objects not yet closed */
	struct json *last[JSON_DEPTH_MAX]; /* what was added to each last */
	size_t depth, values;
	struct json *root;
};

static void skip_space(struct parser *parser)
{
	while (parser->at < parser->end && strchr(" \t\r\n", *parser->at) != NULL &&
	       *parser->at != '\0')
		parser->at++;
}

static bool take(struct parser *parser, char c)
{
	skip_space(parser);
	if (parser->at >= parser->end || *parser->at != c)
		return false;
	parser->at++;
	return true;
}

/* --- strings -------------------------------------------------------------------------------------------------------- */

static int hex4(struct parser *parser, uint32_t *code)
{
	*code = 0;
	if (parser->end - parser->at < 4)
		return -EINVAL;
	for (int i = 0; i < 4; i++) {
		char c = *parser->at++;
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0)
			return -EINVAL;
		*code = *code << 4 | (uint32_t)digit;
	}
	return 0;
}

/* What follows "\u": one character, in UTF-8 and never longer than it was. */
static int read_unicode(struct parser *parser, char **out)
{
	uint32_t code, low;

	if (hex4(parser, &code) < 0 || code == 0 || (code >= 0xdc00 && code < 0xe000))
		return -EINVAL;
	if (code >= 0xd800 && code < 0xdc00) {
		if (parser->end - parser->at < 2 || parser->at[0] != '\\' || parser->at[1] != 'u')
			return -EINVAL;
		parser->at += 2;
		if (hex4(parser, &low) < 0 || low < 0xdc00 || low >= 0xe000)
			return -EINVAL;
		code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
	}
	if (code >= 0x10000) {
		*(*out)++ = (char)(0xf0 | code >> 18);
		*(*out)++ = (char)(0x80 | (code >> 12 & 0x3f));
	} else if (code >= 0x800) {
		*(*out)++ = (char)(0xe0 | code >> 12);
	}
	if (code >= 0x800)
		*(*out)++ = (char)(0x80 | (code >> 6 & 0x3f));
	else if (code >= 0x80)
		*(*out)++ = (char)(0xc0 | code >> 6);
	*(*out)++ = (char)(code >= 0x80 ? 0x80 | (code & 0x3f) : code);
	return 0;
}

static int read_escape(struct parser *parser, char **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (parser->at >= parser->end)
		return -EINVAL;
	if (*parser->at == 'u') {
		parser->at++;
		return read_unicode(parser, out);
	}
	found = *parser->at != '\0' ? strchr(from, *parser->at) : NULL;
	if (found == NULL)
		return -EINVAL;
	parser->at++;
	*(*out)++ = to[found - from];
	return 0;
}

/* Behind the opening quote. */
static int read_string(struct parser *parser, const char **text)
{
	const char *stop = parser->at;
	char *buffer, *out;

	/* the closing quote bounds what the string needs */
	while (stop < parser->end && *stop != '"')
		stop += *stop == '\\' && parser->end - stop > 1 ? 2 : 1;
	if (stop >= parser->end)
		return -EINVAL;
	out = buffer = arena_take(parser->arena, (size_t)(stop - parser->at) + 1);
	if (buffer == NULL)
		return -ENOMEM;
	while (parser->at < stop) {
		unsigned char c = (unsigned char)*parser->at++;

		if (c < ' ')
			return -EINVAL;
		if (c != '\\')
			*out++ = (char)c;
		else if (read_escape(parser, &out) < 0)
			return -EINVAL;
	}
	parser->at = stop + 1;
	*text = buffer;
	return 0;
}

/* --- other values --------------------------------------------------------------------------------------------------- */

static bool skip_digits(const char **at, const char *end)
{
	const char *start = *at;

	while (*at < end && **at >= '0' && **at <= '9')
		++*at;
	return *at > start;
}

static int read_number(struct parser *parser, struct json *value)
{
	const char *at = parser->at, *digits;

	if (at < parser->end && *at == '-')
		at++;
	digits = at;
	if (!skip_digits(&at, parser->end) || (digits[0] == '0' && at - digits > 1))
		return -EINVAL;
	if (at < parser->end && *at == '.' && (at++, !skip_digits(&at, parser->end)))
		return -EINVAL;
	if (at < parser->end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < parser->end && (*at == '+' || *at == '-'))
			at++;
		if (!skip_digits(&at, parser->end))
			return -EINVAL;
	}
	value->type = JSON_NUMBER;
	value->text = arena_copy(parser->arena, parser->at, (size_t)(at - parser->at));
	parser->at = at;
	return value->text != NULL ? 0 : -ENOMEM;
}

static int read_word(struct parser *parser, struct json *value)
{
	static const struct {
		const char *word;
		size_t length;
		enum json_type type;
	} words[] = { { "null", 4, JSON_NULL },
		      { "true", 4, JSON_TRUE },
		      { "false", 5, JSON_FALSE } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((size_t)(parser->end - parser->at) < words[i].length ||
		    memcmp(parser->at, words[i].word, words[i].length) != 0)
			continue;
		value->type = words[i].type;
		parser->at += words[i].length;
		return 0;
	}
	return read_number(parser, value);
}

/* --- the tree ------------------------------------------------------------------------------------------------------- */

static void attach(struct parser *parser, struct json *value)
{
	struct json *parent = parser->depth > 0 ? parser->open[parser->depth - 1] : NULL;

	if (parent == NULL) {
		parser->root = value;
		return;
	}
	parent->count++;
	if (parser->last[parser->depth - 1] == NULL)
		parent->child = value;
	else
		parser->last[parser->depth - 1]->next = value;
	parser->last[parser->depth - 1] = value;
}

/* One value; an array or object is only opened. */
static int read_value(struct parser *parser)
{
	struct json *value = arena_take(parser->arena, sizeof(*value));
	int result = 0;

	if (value == NULL)
		return -ENOMEM;
	if (++parser->values > JSON_VALUES_MAX)
		return -E2BIG;
	if (parser->depth > 0 && parser->open[parser->depth - 1]->type == JSON_OBJECT) {
		if (!take(parser, '"'))
			return -EINVAL;
		result = read_string(parser, &value->name);
		if (result == 0 && !take(parser, ':'))
			result = -EINVAL;
	}
	if (result < 0)
		return result;
	attach(parser, value);
	if (take(parser, '"')) {
		value->type = JSON_STRING;
		return read_string(parser, &value->text);
	}
	if (take(parser, '['))
		value->type = JSON_ARRAY;
	else if (take(parser, '{'))
		value->type = JSON_OBJECT;
	else
		return read_word(parser, value);
	if (parser->depth == JSON_DEPTH_MAX)
		return -E2BIG;
	parser->last[parser->depth] = NULL;
	parser->open[parser->depth++] = value;
	return 0;
}

/* What may follow a value: closing what is open, or a comma. */
static int read_rest(struct parser *parser)
{
	while (parser->depth > 0) {
		const struct json *open = parser->open[parser->depth - 1];

		if (!take(parser, open->type == JSON_OBJECT ? '}' : ']'))
			return open->count == 0 || take(parser, ',') ? 0 : -EINVAL;
		parser->depth--;
	}
	return 0;
}

int json_parse(struct arena *arena, const char *text, size_t length, const struct json **root,
	       size_t *line)
{
	struct parser parser = { .arena = arena, .at = text, .end = text + length };
	int result;

	do {
		result = read_value(&parser);
		if (result == 0)
			result = read_rest(&parser);
	} while (result == 0 && parser.depth > 0);
	skip_space(&parser);
	if (result == 0 && parser.at != parser.end)
		result = -EINVAL;
	*line = 1;
	for (const char *at = text; at < parser.at; at++)
		*line += *at == '\n';
	*root = parser.root;
	return result;
}

const struct json *json_get(const struct json *object, const char *name)
{
	const struct json *found = NULL;

	if (object == NULL || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *at = object->child; at != NULL; at = at->next)
		if (strcmp(at->name, name) == 0)
			found = at;
	return found;
}

const char *json_string(const struct json *value)
{
	return value != NULL && value->type == JSON_STRING ? value->text : NULL;
}

const struct json *json_first(const struct json *array)
{
	return array != NULL && array->type == JSON_ARRAY ? array->child : NULL;
}
