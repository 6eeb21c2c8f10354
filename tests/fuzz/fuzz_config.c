/* SPDX-License-Identifier: MIT */
/*
 * The configuration file: any bytes. A failure names the file, and the spec keeps nothing of the
 * text.
 */
#include "supervisor/config.h"
#include "supervisor/options.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every byte that the spec points to, for the sanitizer to see. */
static size_t touch(const struct spec *spec)
{
	size_t sum = spec->rootfs != NULL ? strlen(spec->rootfs) : 0;

	for (size_t i = 0; i < spec->env.count; i++)
		sum += strlen(spec->env.rows[i]);
	for (size_t i = 0; spec->command != NULL && spec->command[i] != NULL; i++)
		sum += strlen(spec->command[i]);
	for (size_t i = 0; i < spec->volumes.count; i++)
		sum += strlen(spec->volumes.rows[i].source) + strlen(spec->volumes.rows[i].target);
	for (size_t i = 0; i < spec->sysctls.count; i++)
		sum += strlen(spec->sysctls.rows[i].key) + strlen(spec->sysctls.rows[i].value);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error = { 0 };
	struct spec spec = { .rootfs = NULL };
	char *text;
	int result;

	/* env-file opens what it is told, and that may wait or never end */
	if (memmem(data, size, "env-file", 8) != NULL)
		return 0;
	text = malloc(size + (size == 0));
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	options_init(&spec);
	result = config_parse(&spec, "fuzz.conf", text, size, &error);
	free(text);
	if ((result < 0) != error_is_set(&error) || touch(&spec) == SIZE_MAX)
		abort();
	if (result < 0 && strncmp(error.text, "fuzz.conf:", 10) != 0)
		abort();
	options_free(&spec);
	return 0;
}
