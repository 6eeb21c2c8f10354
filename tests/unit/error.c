/* SPDX-License-Identifier: MIT */
/* supervisor/error.c: what reaches stderr. */
#include "supervisor/error.h"

#include "tap.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Runs error_print() with stderr on a socket that keeps writes apart: the status, or -1 for more
 * than one write.
 */
static int print_into(const struct error *error, char *text, size_t size)
{
	int pair[2], saved = dup(STDERR_FILENO), status;
	ssize_t count;

	if (saved < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return -1;
	(void)dup2(pair[1], STDERR_FILENO);
	status = error_print(error);
	(void)dup2(saved, STDERR_FILENO);
	(void)close(pair[1]);
	count = read(pair[0], text, size - 1);
	text[count > 0 ? count : 0] = '\0';
	/* a second write would be a second packet */
	if (read(pair[0], text + strlen(text), 1) != 0)
		status = -1;
	(void)close(pair[0]);
	(void)close(saved);
	return status;
}

static void prints_text_errno_and_hint(void)
{
	struct error error = { 0 };
	char text[4096];

	is_int(error_set(&error, -ENOENT, "cannot open rootfs '%s'", "x"), -ENOENT,
	       "returns_the_number");
	is_int(error_hint(&error, -7, "make %s", "one"), -7, "hint_returns_the_result_it_is_given");
	is_int(print_into(&error, text, sizeof(text)), 125,
	       "status_is_125_unless_told_in_one_write");
	is_str(text,
	       "sv: cannot open rootfs 'x': No such file or directory (ENOENT); hint: make one\n",
	       "prints_text_errno_and_hint_on_one_line");
}

static void first_failure_wins(void)
{
	struct error error = { 0 };

	is_int(error_set(&error, 0, "first"), -EINVAL, "no_number_returns_EINVAL");
	is_int(error.number, 0, "and_shows_none");
	is_int(error_set(&error, EIO, "second"), -EIO, "a_positive_number_comes_back_negative");
	is_str(error.text, "first", "the_first_failure_wins");
	(void)error_hint(&error, 0, "a");
	(void)error_hint(&error, 0, "b");
	is_str(error.hint, "a", "so_does_the_first_hint");
}

static void neutralises_control_bytes(void)
{
	struct error error = { .status = 127 };
	char text[4096];

	(void)error_set(&error, 0, "no '\033[2J\n\t\x7f'");
	is_int(print_into(&error, text, sizeof(text)), 127, "a_status_of_its_own_is_used");
	is_str(text,
	       "sv: no '?[2J??"
	       "?'\n",
	       "control_bytes_become_question_marks");
	error = (struct error){ 0 };
	(void)error_set(&error, 0,
			"no '\xc2\x9b"
			"2J \x9b"
			"2J \x80\x9f'");
	(void)print_into(&error, text, sizeof(text));
	is_str(text, "sv: no '\xc2?2J ?2J ?\?'\n", "so_do_those_of_c1_in_utf_8_and_alone");
	error = (struct error){ 0 };
	(void)error_set(&error, 0, "no '\xc3\x80\xc3\x9f \xe2\x80\x93 \xf0\x9f\x98\x80 \xc2\xa0'");
	(void)print_into(&error, text, sizeof(text));
	is_str(text, "sv: no '\xc3\x80\xc3\x9f \xe2\x80\x93 \xf0\x9f\x98\x80 \xc2\xa0'\n",
	       "and_no_other_character_that_ends_in_such_a_byte");
}

static void long_texts_are_cut(void)
{
	struct error error = { 0 };
	char text[4096], longest[2000];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	(void)error_set(&error, -EPERM, "%s", longest);
	(void)error_hint(&error, 0, "%s", longest);
	(void)print_into(&error, text, sizeof(text));
	ok(strlen(text) < 2048 && text[strlen(text) - 1] == '\n',
	   "long_texts_are_cut_and_end_the_line");
	ok(strstr(text, "(EPERM); hint: xxx") != NULL, "and_still_show_errno_and_hint");
	error = (struct error){ 0 };
	(void)error_set(&error, 0, "%s", "");
	ok(error_is_set(&error), "an_empty_text_is_still_an_error");
}

int main(void)
{
	bool good = true;

	prints_text_errno_and_hint();
	first_failure_wins();
	neutralises_control_bytes();
	long_texts_are_cut();
	is_str(error_name(EPERM), "EPERM", "names_EPERM");
	is_str(error_name(EAGAIN), "EAGAIN", "names_EAGAIN");
	ok(error_name(0) == NULL && error_name(100000) == NULL && error_name(-1) == NULL,
	   "unknown_numbers_have_no_name");
	/* 41 and 58 were never given out on Linux */
	for (int number = 1; number <= ELOOP; number++)
		good = good && (number == 41 || number == 58 || error_name(number) != NULL);
	ok(good, "every_classic_errno_has_a_name");
	return tap_done();
}
