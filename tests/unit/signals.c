/* SPDX-License-Identifier: MIT */
/* init/lib/signals.c: every signal's name leads back to its number. */
#include "init/lib/signals.h"

#include "tap.h"

#include <errno.h>
#include <signal.h>

static void parses(const char *text, int wanted)
{
	int got = signals_parse(text, strlen(text));

	ok(got == wanted, "'%s' is %d", text, wanted);
	if (got != wanted)
		printf("# got %d\n", got);
}

static void names(int signal, const char *wanted)
{
	char name[SIGNALS_NAME_SIZE];

	is_str(signals_name(signal, name), wanted, wanted);
}

static void names_lead_back(void)
{
	bool good = true;

	for (int signal = 1; signal <= SIGNALS_MAX; signal++) {
		char name[SIGNALS_NAME_SIZE];

		(void)signals_name(signal, name);
		good = good && signals_parse(name, strlen(name)) == signal;
		/* 32 and 33 belong to the C libraries and have none */
		good = good && (strncmp(name, "SIG", 3) == 0) == (signal != 32 && signal != 33);
	}
	ok(good, "every_name_leads_back_to_its_number");
}

int main(void)
{
	parses("TERM", SIGTERM);
	parses("SIGTERM", SIGTERM);
	parses("term", SIGTERM);
	parses("sigterm", SIGTERM);
	parses("15", 15);
	parses("1", 1);
	parses("64", 64);
	parses("IOT", SIGABRT);
	parses("POLL", SIGIO);
	parses("CLD", SIGCHLD);
	parses("RTMIN", 34);
	parses("SIGRTMIN+3", 37);
	parses("rtmin+30", 64);
	parses("RTMAX", 64);
	parses("RTMAX-1", 63);
	parses("RTMAX-30", 34);
	parses("RTMIN+31", -EINVAL);
	parses("RTMAX-31", -EINVAL);
	parses("RTMIN-1", -EINVAL);
	parses("RTMAX+1", -EINVAL);
	parses("RTMIN+", -EINVAL);
	parses("0", -EINVAL);
	parses("65", -EINVAL);
	parses("-1", -EINVAL);
	parses("", -EINVAL);
	parses("SIG", -EINVAL);
	parses("SIGSIGTERM", -EINVAL);
	parses("TERMX", -EINVAL);
	parses("TER", -EINVAL);
	parses("TERM ", -EINVAL);
	is_int(signals_parse("TERMINAL", 4), SIGTERM, "stops_at_the_length_that_it_is_given");
	names(SIGTERM, "SIGTERM");
	names(SIGABRT, "SIGABRT");
	names(SIGIO, "SIGIO");
	names(34, "SIGRTMIN");
	names(37, "SIGRTMIN+3");
	names(64, "SIGRTMAX");
	names(32, "32");
	names(0, "0");
	names(65, "65");
	names(INT32_MIN, "-2147483648");
	names_lead_back();
	return tap_done();
}
