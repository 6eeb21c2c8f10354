/* SPDX-License-Identifier: MIT */
/* What is JSON, what isn't, and what a tree looks like. */
#include "supervisor/json.h"

#include "tap.h"

#include <errno.h>
#include <stdlib.h>

static int parse(struct arena *arena, const char *text, const struct json **root)
{
	size_t length = strlen(text), line;
	/* of exactly the size, for a sanitizer to see what is read behind it */
	char *copy = malloc(length + (length == 0));
	int result;

	memcpy(copy, text, length);
	result = json_parse(arena, copy, length, root, &line);
	free(copy);
	return result;
}

static void takes_json(void)
{
	static const char *const rows[] = {
		"null",
		" true ",
		"false",
		"0",
		"-0",
		"12.5e+3",
		"1E9",
		"\"\"",
		"[]",
		"{}",
		"[[],{}]",
		"[1 , 2,\n3\t]",
		"{\"a\":1,\"b\":[{}]}",
		"\"\\u00e9\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena arena = { .blocks = NULL };
		const struct json *root = NULL;

		is_int(parse(&arena, rows[i], &root), 0, "is JSON");
		ok(root != NULL, "and has a root");
		arena_free(&arena);
	}
}

static void refuses_what_is_not(void)
{
	static const char *const rows[] = {
		"",
		" ",
		"nul",
		"nulll",
		"True",
		"01",
		"-",
		"1.",
		".5",
		"1e",
		"+1",
		"0x1",
		"NaN",
		"'a'",
		"\"",
		"\"a",
		"\"\\",
		"\"\\\"",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\u0000\"",
		"\"\\ud800\"",
		"\"\\udc00\"",
		"\"\\ud800\\u0041\"",
		"\"\n\"",
		"\"\\ud800\\\"",
		"[",
		"]",
		"[1",
		"[1,]",
		"[,1]",
		"[1 2]",
		"[1}",
		"{",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{a:1}",
		"{1:1}",
		"{\"a\" 1}",
		"{\"a\":1]",
		"1 2",
		"[]]",
		"{}{}",
		"[1]x",
		"/* */1",
		"\xef\xbb\xbf[]",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena arena = { .blocks = NULL };
		const struct json *root;

		ok(parse(&arena, rows[i], &root) == -EINVAL, "refused, row %zu", i);
		arena_free(&arena);
	}
}

static void knows_its_tree(void)
{
	struct arena arena = { .blocks = NULL };
	const struct json *root, *list;

	is_int(parse(&arena,
		     "{\"a\": 1, \"list\": [\"x\", null, {\"deep\": \"y\"}], \"a\": \"two\","
		     "\"u\": \"\\u00e9\\u20ac\\ud83d\\ude00\"}",
		     &root),
	       0, "a tree");
	is_str(json_string(json_get(root, "a")), "two", "the last of two members counts");
	is_int(root->count, 4, "all are there");
	is_str(json_string(json_get(root, "u")), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "UTF-8");
	list = json_first(json_get(root, "list"));
	is_str(json_string(list), "x", "the first of a list");
	ok(list->next->type == JSON_NULL && json_string(list->next) == NULL, "then the next");
	is_str(json_string(json_get(list->next->next, "deep")), "y", "and what is in it");
	ok(json_get(root, "none") == NULL && json_get(NULL, "a") == NULL &&
		   json_get(list, "a") == NULL && json_first(root) == NULL,
	   "what isn't there is nothing");
	arena_free(&arena);
}

static void is_bounded(void)
{
	static char text[200001];
	struct arena arena = { .blocks = NULL };
	const struct json *root;
	size_t line = 0;

	memset(text, '[', 200000);
	is_int(json_parse(&arena, text, 200000, &root, &line), -E2BIG, "too deep");
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	is_int(json_parse(&arena, text, (size_t)JSON_DEPTH_MAX * 2, &root, &line), 0,
	       "as deep as may be");
	is_int(json_parse(&arena, "[1,\n2,\n x]", 10, &root, &line), -EINVAL, "wrong in line 3");
	is_int(line, 3, "which is told");
	text[0] = '[';
	for (size_t i = 1; i < 199999; i += 2)
		memcpy(text + i, "1,", 2);
	text[199998] = ']';
	is_int(json_parse(&arena, text, 199999, &root, &line), 0, "as many values as may be");
	memcpy(text + 199998, ",1]", 3);
	is_int(json_parse(&arena, text, 200001, &root, &line), -E2BIG, "too many values");
	arena_free(&arena);
}

int main(void)
{
	takes_json();
	refuses_what_is_not();
	knows_its_tree();
	is_bounded();
	return tap_done();
}
