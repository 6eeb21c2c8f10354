/* SPDX-License-Identifier: MIT */
/* supervisor/config.c: lines, keys and what is wrong with them. */
#include "supervisor/config.h"

#include "supervisor/options.h"
#include "tap.h"

static struct spec spec;
static struct error error;

static int parse_bytes(const char *text, size_t size)
{
	options_free(&spec);
	options_init(&spec);
	error = (struct error){ 0 };
	return config_parse(&spec, "web.conf", text, size, &error);
}

static int parse(const char *text)
{
	int result = parse_bytes(text, strlen(text));

	if (result < 0)
		printf("# %s; %s\n", error.text, error.hint);
	return result;
}

static void refuses(const char *text, const char *message, const char *hint)
{
	int result = parse(text);

	ok(result < 0 && strncmp(error.text, message, strlen(message)) == 0 &&
		   strstr(error.hint, hint) != NULL,
	   "refuses: %s", message);
}

static void reads_keys(void)
{
	ok(parse("# a comment\n\n  memory = 64m  \r\n\tcpu=0.5\nread-only = true\nverbose = false\n"
		 "env = A=1 # 2\nenv=B=\nrootfs = a b\n"
		 "command = /bin/sh\ncommand = -c\ncommand = echo x\n"
		 "net = host") == 0,
	   "reads_a_file_with_everything");
	is_int(spec.memory, 64 << 20, "space_around_is_dropped");
	is_int(spec.cpus, 500000, "an_alias_is_a_key");
	ok(spec.read_only && !spec.verbose, "flags_take_true_and_false");
	ok(spec.env.count == 2 && strcmp(spec.env.rows[0], "A=1 # 2") == 0 &&
		   strcmp(spec.env.rows[1], "B=") == 0,
	   "repeated_keys_add_up_and_values_are_literal");
	is_str(spec.rootfs, "a b", "rootfs");
	ok(spec.command != NULL && strcmp(spec.command[0], "/bin/sh") == 0 &&
		   strcmp(spec.command[2], "echo x") == 0 && spec.command[3] == NULL,
	   "command_is_one_word_a_line");
	ok(spec.host_namespace[SPEC_NET], "the_last_line_needs_no_newline");
	ok(parse("") == 0 && parse("\n\n#\n") == 0 && spec.command == NULL,
	   "an_empty_file_is_fine");
	ok(parse("memory=1k\nmemory=2k\n") == 0 && spec.memory == 2048,
	   "the_last_of_a_scalar_counts");
}

static void refuses_lines(void)
{
	refuses("\nmemroy = 1\n", "web.conf:2: unknown key 'memroy'", "did you mean 'memory'?");
	refuses("m = 1", "web.conf:1: unknown key 'm'", "");
	refuses("--memory = 1", "web.conf:1: unknown key '--memory'", "");
	refuses("zzzzzzzz = 1", "web.conf:1: unknown key 'zzzzzzzz'", "rootfs and command");
	refuses("= 1", "web.conf:1: unknown key ''", "");
	refuses("memory", "web.conf:1: 'memory' has no value", "KEY = VALUE");
	refuses("read-only", "web.conf:1: 'read-only' has no value", "KEY = true");
	refuses("read-only =", "web.conf:1: read-only: ''", "");
	refuses("read-only = yes", "web.conf:1: read-only: 'yes'", "");
	refuses("memory = 64q", "web.conf:1: memory: '64q' is not a size", "64m");
	refuses("memory =", "web.conf:1: memory: '' is not a size", "64m");
	refuses("rootfs =", "web.conf:1: rootfs: the value is empty", "");
	refuses("command =", "web.conf:1: command: the value is empty", "");
	refuses("file = other.conf", "web.conf:1: file: can only stand on the command line", "");
	refuses("help = true", "web.conf:1: help: can only stand on the command line", "");
	refuses("env-file = /nonexistent", "web.conf:1: env-file: cannot read '/nonexistent'", "");
	ok(parse_bytes("a\0b = 1\n", 8) < 0 &&
		   strstr(error.text, "web.conf:1: there is a NUL") != NULL,
	   "refuses_a_NUL_byte");
	ok(parse_bytes("memory = 1k\0\n", 13) < 0, "also_at_the_end_of_a_value");
}

static void reads_from_files(void)
{
	options_free(&spec);
	options_init(&spec);
	error = (struct error){ 0 };
	ok(config_read(&spec, "/nonexistent", &error) < 0 &&
		   strstr(error.text, "'/nonexistent'") != NULL,
	   "a_missing_file_is_named");
	error = (struct error){ 0 };
	ok(config_read(&spec, "/", &error) < 0 && error.number != 0, "a_directory_is_an_error");
	error = (struct error){ 0 };
	ok(config_read(&spec, "/dev/null", &error) == 0, "an_empty_one_is_not");
}

int main(void)
{
	reads_keys();
	refuses_lines();
	reads_from_files();
	options_free(&spec);
	return tap_done();
}
