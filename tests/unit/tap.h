/* SPDX-License-Identifier: MIT */
/*
 * Tests that speak TAP (testanything.org). The names say behaviour:
 * "refuses_a_size_with_a_strange_unit". End main with `return tap_done();`, which prints the plan:
 * a test that dies on the way has none, and prove counts that as failed.
 */
#ifndef SV_TAP_H
#define SV_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned tap_count, tap_failed;

static inline bool __attribute__((format(printf, 4, 5)))
tap_ok(bool good, const char *file, int line, const char *name, ...)
{
	va_list arguments;

	tap_count++;
	printf("%sok %u - ", good ? "" : "not ", tap_count);
	va_start(arguments, name);
	(void)vprintf(name, arguments);
	va_end(arguments);
	printf("\n");
	if (!good) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
	/* what was found is on record even if the next test crashes */
	(void)fflush(stdout);
	return good;
}

static inline bool tap_is_int(int64_t got, int64_t wanted, const char *file, int line,
			      const char *name)
{
	bool good = tap_ok(got == wanted, file, line, "%s", name);

	if (!good)
		printf("# got %lld, wanted %lld\n", (long long)got, (long long)wanted);
	return good;
}

static inline bool tap_is_str(const char *got, const char *wanted, const char *file, int line,
			      const char *name)
{
	bool same = got == NULL || wanted == NULL ? got == wanted : strcmp(got, wanted) == 0;
	bool good = tap_ok(same, file, line, "%s", name);

	if (!good)
		printf("# got '%s', wanted '%s'\n", got != NULL ? got : "(null)",
		       wanted != NULL ? wanted : "(null)");
	return good;
}

/* good, then a name as for printf */
#define ok(good, ...) tap_ok((good), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, wanted, name) \
 tap_is_int((int64_t)(got), (int64_t)(wanted), __FILE__, __LINE__, name)
#define is_str(got, wanted, name) tap_is_str((got), (wanted), __FILE__, __LINE__, name)

static inline int tap_done(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed > 0 || fflush(stdout) != 0;
}

#endif
