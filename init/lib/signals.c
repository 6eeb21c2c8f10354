/* SPDX-License-Identifier: MIT */
/* See signals.h. */
#include "signals.h"

#include "number.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define RTMAX SIGNALS_MAX

/* Where a number has two names the first row is the one to print. */
static const struct {
	char name[8];
	int number;
} rows[] = {
	{ "HUP", SIGHUP },
	{ "INT", SIGINT },
	{ "QUIT", SIGQUIT },
	{ "ILL", SIGILL },
	{ "TRAP", SIGTRAP },
	{ "ABRT", SIGABRT },
	{ "BUS", SIGBUS },
	{ "FPE", SIGFPE },
	{ "KILL", SIGKILL },
	{ "USR1", SIGUSR1 },
	{ "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },
	{ "PIPE", SIGPIPE },
	{ "ALRM", SIGALRM },
	{ "TERM", SIGTERM },
	{ "STKFLT", SIGSTKFLT },
	{ "CHLD", SIGCHLD },
	{ "CONT", SIGCONT },
	{ "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },
	{ "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU },
	{ "URG", SIGURG },
	{ "XCPU", SIGXCPU },
	{ "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM },
	{ "PROF", SIGPROF },
	{ "WINCH", SIGWINCH },
	{ "IO", SIGIO },
	{ "PWR", SIGPWR },
	{ "SYS", SIGSYS },
	/* other names of the same */
	{ "IOT", SIGIOT },
	{ "POLL", SIGPOLL },
	{ "CLD", SIGCHLD },
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROW_COUNT == 31 + 3, "every classic signal, and three second names");

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Whether the text begins with the word, in either case; then it is cut off the text. */
static bool take_word(const char **text, size_t *length, const char *word)
{
	size_t size = strlen(word);

	if (*length < size)
		return false;
	for (size_t i = 0; i < size; i++)
		if (upper((*text)[i]) != word[i])
			return false;
	*text += size;
	*length -= size;
	return true;
}

/* What stands behind RTMIN or RTMAX: nothing, or the sign and a number. */
static int parse_realtime(const char *text, size_t length, char sign, int base)
{
	uint64_t offset = 0;

	if (length > 0 && (text[0] != sign || number_parse_u64(text + 1, length - 1,
							       RTMAX - SIGNALS_RTMIN, &offset) < 0))
		return -EINVAL;
	return sign == '+' ? base + (int)offset : base - (int)offset;
}

int signals_parse(const char *text, size_t length)
{
	uint64_t number;

	if (number_parse_u64(text, length, SIGNALS_MAX, &number) == 0)
		return number > 0 ? (int)number : -EINVAL;
	(void)take_word(&text, &length, "SIG");
	if (take_word(&text, &length, "RTMIN"))
		return parse_realtime(text, length, '+', SIGNALS_RTMIN);
	if (take_word(&text, &length, "RTMAX"))
		return parse_realtime(text, length, '-', RTMAX);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const char *rest = text;
		size_t left = length;

		if (take_word(&rest, &left, rows[i].name) && left == 0)
			return rows[i].number;
	}
	return -EINVAL;
}

/* The decimal digits of a number, at `at`. */
static void put_number(char *at, int number)
{
	char digits[12];
	unsigned left = number < 0 ? 0U - (unsigned)number : (unsigned)number;
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (number < 0)
		*at++ = '-';
	while (count > 0)
		*at++ = digits[--count];
	*at = '\0';
}

/* Appends a word that is known to fit. */
static char *put_word(char *at, const char *word)
{
	while (*word != '\0')
		*at++ = *word++;
	*at = '\0';
	return at;
}

const char *signals_name(int signal, char name[SIGNALS_NAME_SIZE])
{
	_Static_assert(sizeof("SIGRTMIN+30") <= SIGNALS_NAME_SIZE, "the longest name fits");
	_Static_assert(sizeof("-2147483648") <= SIGNALS_NAME_SIZE, "and the longest number");

	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (rows[i].number == signal) {
			(void)put_word(put_word(name, "SIG"), rows[i].name);
			return name;
		}
	}
	if (signal == SIGNALS_RTMIN)
		(void)put_word(name, "SIGRTMIN");
	else if (signal == RTMAX)
		(void)put_word(name, "SIGRTMAX");
	else if (signal > SIGNALS_RTMIN && signal < RTMAX)
		put_number(put_word(name, "SIGRTMIN+"), signal - SIGNALS_RTMIN);
	else
		put_number(name, signal);
	return name;
}
