/* SPDX-License-Identifier: MIT */
/*
 * supervisor/environment.c: -e and --env-file as Docker has them, and as fast with many lines as
 * with few.
 */
#include "supervisor/environment.h"

#include "supervisor/options.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct spec spec;
static struct error error;
static char path[32];

static void begin(void)
{
	options_free(&spec);
	options_init(&spec);
	error = (struct error){ 0 };
}

static int read_bytes(const char *text, size_t size)
{
	int fd, result;

	begin();
	(void)strcpy(path, "/tmp/sv-unit-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		return -EIO;
	(void)close(fd);
	result = environment_read(&spec, "--env-file", path, &error);
	(void)unlink(path);
	return result;
}

static int read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void has(size_t row, const char *wanted)
{
	is_str(row < spec.env.count ? spec.env.rows[row] : NULL, wanted, wanted);
}

static void reads_lines(void)
{
	(void)setenv("SV_TEST_SET", "from the caller", 1);
	(void)unsetenv("SV_TEST_UNSET");
	is_int(read_text("\xef\xbb\xbf"
			 "A=1\n# comment\n\n  B= two words \n\t#x\nC=\n"
			 "D=\"q\" # x\r\nSV_TEST_SET\nSV_TEST_UNSET\nE=a=b"),
	       0, "reads_a_file");
	has(0, "A=1");
	has(1, "B= two words ");
	has(2, "C=");
	has(3, "D=\"q\" # x");
	has(4, "SV_TEST_SET=from the caller");
	has(5, "E=a=b");
	is_int(spec.env.count, 6, "a_name_that_the_caller_has_not_is_dropped");
	is_int(read_text(""), 0, "an_empty_file_is_fine");
}

static void refuses(const char *text, size_t size, const char *message)
{
	int result = read_bytes(text, size);

	ok(result < 0 && strstr(error.text, message) != NULL && strstr(error.text, path) != NULL,
	   "refuses: %s", message);
	printf("# %s\n", error.text);
}

static void names_file_and_line(void)
{
	refuses("A=1\n=x\n", 7, ":2: the line '=x' has no name");
	refuses("A=1\n\nA B=x\n", 11, ":3: the line 'A B=x' has a space in its name");
	refuses("A=1\0B\n", 6, ":1: the line 'A=1' has a NUL byte");
	begin();
	ok(environment_read(&spec, "--env-file", "/nonexistent", &error) == -ENOENT,
	   "a_missing_file_is_an_error");
	ok(environment_add(&spec, "=x") == -EINVAL && environment_add(&spec, "") == -EINVAL,
	   "a_variable_without_a_name_is_refused");
}

static void last_of_a_name_counts(void)
{
	begin();
	(void)environment_add(&spec, "A=1");
	(void)environment_add(&spec, "AB=1");
	(void)environment_add(&spec, "A=2");
	(void)environment_add(&spec, "C=1");
	(void)environment_add(&spec, "AB=2");
	(void)environment_unique(&spec);
	is_int(spec.env.count, 3, "each_name_stays_once");
	has(0, "A=2");
	has(1, "C=1");
	has(2, "AB=2");
}

/* Three million lines. Anything quadratic would take days; a loaded machine gets a minute. */
static void large_files_are_linear(void)
{
	const size_t lines = 3000000;
	char *text = malloc(lines * 11 + 1);
	size_t used = 0;
	time_t start = time(NULL);
	int result;

	if (text == NULL) {
		ok(true, "large_files_are_linear # SKIP no memory");
		return;
	}
	for (size_t i = 0; i < lines; i++)
		used += (size_t)sprintf(text + used, "V%07zu=x\n", i);
	result = read_bytes(text, used);
	free(text);
	ok(result == 0 && environment_unique(&spec) == 0 && spec.env.count == lines &&
		   time(NULL) - start < 60,
	   "large_files_are_linear");
}

int main(void)
{
	reads_lines();
	names_file_and_line();
	last_of_a_name_counts();
	large_files_are_linear();
	options_free(&spec);
	return tap_done();
}
