/* SPDX-License-Identifier: MIT */
/*
 * default_filter: writes the seccomp filter of the default policy, with the default capabilities, to stdout. Run when sv is
 * built, so that a container that asks for nothing else doesn't wait for its being compiled.
 */
#include "../capabilities.h"
#include "../error.h"
#include "../file.h"
#include "../seccomp_internal.h"

int main(void)
{
	struct arena arena = { .blocks = NULL };
	struct seccomp_policy policy = { .arena = &arena,
					 .capabilities = capabilities_combine(0, 0) };
	struct seccomp_program program = { NULL, 0 };
	struct error error = { 0 };
	int result = seccomp_policy_parse_default(&policy, &error);

	if (result == 0)
		result = seccomp_compile(&policy, &program, &error);
	if (result < 0)
		return error_print(&error);
	result = file_write(1, (const char *)program.rows, program.count * sizeof(*program.rows));
	arena_free(&arena);
	return result < 0;
}
