/* SPDX-License-Identifier: MIT */
/* supervisor/arena.c, part.h, nearest.c and file.c: the small helpers of the parsers. */
#include "supervisor/arena.h"

#include "supervisor/file.h"
#include "supervisor/nearest.h"
#include "supervisor/part.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct list {
	uint32_t *rows;
	size_t count;
};

static void takes_zeroed_aligned_memory(void)
{
	struct arena arena = { .blocks = NULL };
	bool zero = true, aligned = true;

	for (size_t size = 0; size < 6000; size += 61) {
		char *bytes = arena_take(&arena, size);

		aligned = aligned && bytes != NULL && (uintptr_t)bytes % _Alignof(max_align_t) == 0;
		for (size_t i = 0; bytes != NULL && i < size; i++)
			zero = zero && bytes[i] == 0;
		if (bytes != NULL)
			memset(bytes, 0xff, size);
	}
	ok(zero, "memory_comes_zeroed");
	ok(aligned, "and_aligned");
	ok(arena_take(&arena, SIZE_MAX) == NULL && arena_take(&arena, SIZE_MAX - 64) == NULL,
	   "sizes_that_overflow_are_refused");
	ok(arena_copy(&arena, "x", SIZE_MAX) == NULL, "so_is_a_copy_of_one");
	is_str(arena_copy(&arena, "abcdef", 3), "abc", "a_copy_ends_with_a_NUL");
	arena_free(&arena);
	ok(arena.blocks == NULL, "free_leaves_an_empty_arena");
}

static void lists_grow(void)
{
	struct arena arena = { .blocks = NULL };
	struct list list = { NULL, 0 };
	bool good = true;

	for (uint32_t i = 0; i < 10000; i++) {
		uint32_t *row = ARENA_APPEND(&arena, &list);

		good = good && row == &list.rows[i] && *row == 0;
		*row = i;
	}
	for (uint32_t i = 0; i < 10000; i++)
		good = good && list.rows[i] == i;
	ok(good && list.count == 10000, "a_list_grows_and_keeps_its_rows");
	arena_free(&arena);
}

static void parts_are_cut(void)
{
	struct part rest = part_of("a::b"), part;

	ok(part_next(&rest, ':', &part) && part_is(part, "a"), "first_part");
	ok(part_next(&rest, ':', &part) && part_is(part, ""), "empty_part");
	ok(part_next(&rest, ':', &part) && part_is(part, "b"), "last_part");
	ok(!part_next(&rest, ':', &part), "then_none");
	rest = part_of(":");
	ok(part_next(&rest, ':', &part) && part_next(&rest, ':', &part) && part_is(part, ""),
	   "a_separator_at_the_end_has_an_empty_part_behind");
}

static void nearest_words(void)
{
	is_int(nearest_distance("memroy", 6, "memory"), 1, "two_letters_swapped");
	is_int(nearest_distance("raed", 4, "read"), 1, "swapped_in_a_short_word");
	is_int(nearest_distance("rn", 2, "nr"), 1, "all_of_it_swapped");
	is_int(nearest_distance("mermoey", 7, "memory"), 2, "two_slips_in_a_long_word");
	is_int(nearest_distance("volmu", 5, "volume"), NEAREST_NONE, "two_slips_in_a_short_word");
	is_int(nearest_distance("init", 4, "net"), NEAREST_NONE, "another_short_word");
	is_int(nearest_distance("dns", 3, "env"), NEAREST_NONE, "another_word_of_three_letters");
	is_int(nearest_distance("mem", 3, "memory"), 1, "a_beginning");
	is_int(nearest_distance("memory", 6, "memory"), 0, "the_same");
	is_int(nearest_distance("", 0, "memory"), NEAREST_NONE, "nothing");
	is_int(nearest_distance("xyzzy", 5, "memory"), NEAREST_NONE, "something_else");
	is_int(nearest_distance("ab", 2, "cd"), NEAREST_NONE, "all_of_it_wrong");
	is_int(nearest_distance("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 40, "memory"),
	       NEAREST_NONE, "too_long");
}

static void reads_files(void)
{
	struct arena arena = { .blocks = NULL };
	int pipes[2] = { -1, -1 }, zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char *text = NULL;

	ok(zero >= 0 && pipe(pipes) == 0 && file_write(pipes[1], "hello", 5) == 0, "writes_all");
	(void)close(pipes[1]);
	is_int(file_read(&arena, pipes[0], 5, &text), 5, "reads_a_pipe_to_its_end");
	is_str(text, "hello", "with_a_NUL_behind");
	is_int(file_read(&arena, zero, 100000, &text), -EFBIG, "refuses_what_has_no_end");
	is_int(file_read(&arena, -1, 100, &text), -EBADF, "passes_errors_on");
	is_int(file_write(-1, "x", 1), -EBADF, "writing_too");
	is_str(text, "hello", "a_failure_leaves_the_text_alone");
	(void)close(pipes[0]);
	(void)close(zero);
	arena_free(&arena);
}

int main(void)
{
	takes_zeroed_aligned_memory();
	lists_grow();
	parts_are_cut();
	nearest_words();
	reads_files();
	return tap_done();
}
