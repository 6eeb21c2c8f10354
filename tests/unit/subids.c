/* SPDX-License-Identifier: MIT */
/* supervisor/subids.c: the lines of /etc/subuid and /etc/subgid, and the ranges that they give. */
#include "supervisor/subids.h"

#include "tap.h"

#include <errno.h>

static struct arena arena;
static struct subids list;
static unsigned bad;

static int parse_bytes(const char *text, size_t length)
{
	list = (struct subids){ NULL, 0 };
	bad = 0;
	return subids_parse(&list, &arena, (struct part){ text, length }, &bad);
}

static int parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void takes_lines(void)
{
	is_int(parse("# a comment\n\nann:100000:65536\n1000:200000:1\nsv:4294967294:1"), 0,
	       "takes comments, empty lines, names, ids, and a last line without its end");
	is_int(list.count, 3, "each line is a row");
	ok(part_is(list.rows[0].owner, "ann") && list.rows[0].start == 100000 &&
		   list.rows[0].count == 65536,
	   "with its owner, start and count");
	ok(part_is(list.rows[1].owner, "1000"), "an id is an owner");
	ok(list.rows[2].start == UINT32_MAX - 1 && list.rows[2].count == 1,
	   "the last id that there is can be given");
	is_int(parse(""), 0, "an empty file is one");
	is_int(list.count, 0, "and gives nothing");
	is_int(parse("ann:5:0\n:7:1\n"), 0, "no ids, and an empty name, are of the form");
	is_int(list.count, 2, "and no end of a file is a line");
}

static void refuses_what_is_none(void)
{
	static const char *const lines[] = {
		"ann",
		"ann:1",
		"ann:1:",
		"ann::1",
		"ann:1:1:1",
		"ann:1:1:",
		"ann:x:1",
		"ann:1:x",
		"ann:-1:1",
		"ann:1:-1",
		"ann:+1:1",
		"ann: 1:1",
		"ann:1 :1",
		"ann:1:1 ",
		"ann:1:1\r",
		"ann:0x1:1",
		"ann:4294967295:1",
		"ann:4294967296:1",
		"ann:1:4294967296",
		"ann:1:4294967295",
		"ann:4294901760:65536",
		"ann:18446744073709551617:1",
		" ",
	};
	struct subid row = { .start = 7 };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ok(!subids_parse_line(part_of(lines[i]), &row) && row.start == 7, "refuses '%s'",
		   lines[i]);
	}
	is_int(parse("ann:1:1\n#\n\nwrong\nann:2:2\n"), -EINVAL, "refuses a file with such a line");
	is_int(bad, 4, "and tells its number");
	is_int(parse_bytes("ann:1:1\0ann:2:2\n", 16), -EINVAL, "refuses a NUL byte in a line");
	is_int(parse_bytes("ann:1:12345", 9), 0, "reads no byte behind the text");
	is_int(list.rows[0].count, 123, "nor takes one for a digit");
}

static void finds_ranges(void)
{
	(void)parse("sv:100000:9\nann:200:30\nsv:300000:25\nsv:500:10\nsvx:1:100\nsv:0:100\n");
	is_int(subids_count_ranges(&list, "sv", 10), 3,
	       "counts whole ranges of one owner, and none that begins with root's own id");
	is_int(subids_range(&list, "sv", 10, 0), 300000, "the first range");
	is_int(subids_range(&list, "sv", 10, 1), 300010, "the next one of the same line");
	is_int(subids_range(&list, "sv", 10, 2), 500, "the first of the next line");
	is_int(subids_range(&list, "sv", 10, 3), 0, "and then there is none");
	is_int(subids_count_ranges(&list, "bob", 10), 0, "nobody's lines give nothing");
	(void)parse("sv:1:4294967294\nsv:1:4294967294\n");
	is_int(subids_count_ranges(&list, "sv", 1), UINT32_MAX,
	       "lines may give more than there is");
}

static void touches_ranges(void)
{
	(void)parse("ann:100:10\nbob:4294967290:5\nnone:50:0\n");
	ok(!subids_touch(&list, 90, 10), "a range that ends before a line's is clear of it");
	ok(subids_touch(&list, 90, 11), "one that reaches its first id is not");
	ok(subids_touch(&list, 109, 5), "nor is one that begins with its last");
	ok(!subids_touch(&list, 110, 5), "one behind it is");
	ok(subids_touch(&list, 0, UINT32_MAX), "the range of all ids touches it");
	ok(subids_touch(&list, 4294967294U, 1), "at the end of all ids too");
	ok(!subids_touch(&list, 45, 10), "a line without ids touches nothing");
	ok(!subids_touch(&(struct subids){ NULL, 0 }, 0, UINT32_MAX), "nor does no line");
}

int main(void)
{
	takes_lines();
	refuses_what_is_none();
	finds_ranges();
	touches_ranges();
	arena_free(&arena);
	return tap_done();
}
