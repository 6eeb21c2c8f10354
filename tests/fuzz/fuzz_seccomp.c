/* SPDX-License-Identifier: MIT */
/*
 * A seccomp policy: any bytes. A failure names the file; what compiles is a program that the kernel
 * accepts and that says of each call what the policy says.
 */
#include "tests/unit/seccomp_model.h"

#include <string.h>

#define CALLS_TRIED 24
#define TRIES       24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 16 ^ *state << 33;
}

/* The values that the policy compares with, and their neighbours: elsewhere nothing changes. */
static uint64_t choose(const struct seccomp_policy *policy, uint64_t *state)
{
	uint64_t random = next_random(state);
	const struct seccomp_condition *row;

	if (policy->conditions.count == 0 || random % 8 == 0)
		return random;
	row = &policy->conditions.rows[random / 8 % policy->conditions.count];
	return row->value + (next_random(state) % 3 - 1) + (random % 4 == 1 ? ~row->mask : 0);
}

static void try_call(const struct seccomp_policy *policy, const struct seccomp_program *program,
		     int number, uint32_t arch, uint64_t *state)
{
	struct seccomp_data data = { .nr = number, .arch = arch };

	for (unsigned i = 0; i < TRIES; i++) {
		for (size_t a = 0; a < 6; a++)
			data.args[a] = choose(policy, state);
		if (!model_agrees(policy, program, &data))
			abort();
	}
}

static void try_all(const struct seccomp_policy *policy, const struct seccomp_program *program)
{
	uint64_t state = policy->rules.count + 1;
	unsigned tried = 0;

	for (size_t call = 0; call < seccomp_call_count(); call++) {
		if (policy->last[call] == 0 || tried++ >= CALLS_TRIED)
			continue;
		try_call(policy, program, seccomp_call_number(call, SECCOMP_MACHINE_NATIVE),
			 SECCOMP_ARCH_OF_NATIVE, &state);
#ifdef SECCOMP_ARCH_OF_COMPAT
		try_call(policy, program, seccomp_call_number(call, SECCOMP_MACHINE_COMPAT),
			 SECCOMP_ARCH_OF_COMPAT, &state);
#endif
	}
	for (unsigned i = 0; i < 8; i++)
		try_call(policy, program, (int)next_random(&state), SECCOMP_ARCH_OF_NATIVE, &state);
	try_call(policy, program, 600, SECCOMP_ARCH_OF_NATIVE, &state);
	try_call(policy, program, 0, AUDIT_ARCH_PPC64, &state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { .blocks = NULL };
	struct error error = { 0 };
	struct seccomp_policy policy = {
		.arena = &arena,
		.capabilities = size > 0 ? UINT64_C(0x9e3779b97f4a7c15) * data[size - 1] : 0
	};
	struct seccomp_program program = { NULL, 0 };
	char *text = malloc(size + (size == 0));
	int result;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	result = seccomp_policy_parse(&policy, "fuzz.policy", text, size, &error);
	free(text);
	if ((result < 0) != error_is_set(&error) ||
	    (result < 0 && strncmp(error.text, "fuzz.policy:", 12) != 0))
		abort();
	if (result == 0)
		result = seccomp_compile(&policy, &program, &error);
	if (result == 0 && !model_accepts(&program))
		abort();
	if (result == 0)
		try_all(&policy, &program);
	arena_free(&arena);
	return 0;
}
