/* SPDX-License-Identifier: MIT */
/*
 * The command line: words that end at NUL bytes. A failure says why, a success has a root; nothing
 * leaks.
 */
#include "supervisor/options.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * --file and --env-file open what they are told; these folders have files that wait or never end.
 */
static bool may_hang(const uint8_t *data, size_t size)
{
	static const char *const folders[] = { "/dev", "/proc", "/sys", "/run" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (memmem(data, size, folders[i], strlen(folders[i])) != NULL)
			return true;
	return false;
}

static void parse(int argc, char *const argv[])
{
	struct error error = { 0 };
	struct spec spec = { .rootfs = NULL };
	int result = options_parse(&spec, argc, argv, &error);

	if ((result < 0) != error_is_set(&error))
		abort();
	if (result == 0 && !spec.help && (spec.rootfs == NULL || spec.rootfs[0] == '\0'))
		abort();
	options_free(&spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char run[] = "run", *argv[WORDS_MAX + 2] = { run }, *text;
	int argc = 1;

	if (may_hang(data, size))
		return 0;
	text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *word = text; word < text + size && argc <= WORDS_MAX; word += strlen(word) + 1)
		argv[argc++] = word;
	parse(argc, argv);
	free(text);
	return 0;
}
