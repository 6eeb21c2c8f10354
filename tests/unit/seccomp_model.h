/* SPDX-License-Identifier: MIT */
/*
 * What a policy means, said as plainly as can be, and what the kernel accepts as a program: what
 * unit tests and fuzzers hold the compiler against.
 */
#ifndef SV_SECCOMP_MODEL_H
#define SV_SECCOMP_MODEL_H

#include "supervisor/seccomp_internal.h"

#include <errno.h>
#include <stdlib.h>

static inline bool model_test(unsigned test, uint64_t a, uint64_t b)
{
	switch (test) {
	case SECCOMP_EQUAL:
		return a == b;
	case SECCOMP_NOT_EQUAL:
		return a != b;
	case SECCOMP_LESS:
		return a < b;
	case SECCOMP_LESS_OR_EQUAL:
		return a <= b;
	case SECCOMP_GREATER:
		return a > b;
	default:
		return a >= b;
	}
}

static inline bool model_fits(const struct seccomp_policy *policy, const struct seccomp_rule *rule,
			      const uint64_t *arguments)
{
	for (uint32_t i = 0; i < rule->condition_count; i++) {
		const struct seccomp_condition *row = &policy->conditions.rows[rule->condition + i];

		if (!model_test(row->test, arguments[row->argument] & row->mask, row->value))
			return false;
	}
	return true;
}

/* The call that has the number, or -1. */
static inline int model_call(uint32_t number, enum seccomp_machine machine)
{
	for (size_t i = 0; i < seccomp_call_count(); i++)
		if (seccomp_call_number(i, machine) >= 0 &&
		    (uint32_t)seccomp_call_number(i, machine) == number)
			return (int)i;
	return -1;
}

static inline uint32_t model_action(const struct seccomp_policy *policy,
				    const struct seccomp_data *data)
{
	enum seccomp_machine machine = SECCOMP_MACHINE_NATIVE;
	uint64_t arguments[6];
	uint32_t action = policy->fallback;
	int call;

	if (data->arch != SECCOMP_ARCH_OF_NATIVE) {
#ifdef SECCOMP_ARCH_OF_COMPAT
		machine = SECCOMP_MACHINE_COMPAT;
		if (data->arch != SECCOMP_ARCH_OF_COMPAT)
#endif
			return SECCOMP_RET_ERRNO | ENOSYS;
	}
	if (data->nr == -1)
		return SECCOMP_RET_ALLOW;
#ifdef SECCOMP_X32_FIRST
	if (machine == SECCOMP_MACHINE_NATIVE && (uint32_t)data->nr >= SECCOMP_X32_FIRST)
		return SECCOMP_RET_ERRNO | ENOSYS;
#endif
	call = model_call((uint32_t)data->nr, machine);
	for (size_t i = 0; i < 6; i++)
		arguments[i] = data->args[i];
	/* from the last rule to the first: what is tried earlier overrules */
	for (uint32_t at = call < 0 ? 0 : policy->last[call]; at != 0;) {
		const struct seccomp_rule *rule = &policy->rules.rows[at - 1];

		if (model_fits(policy, rule, arguments))
			action = rule->action;
		at = rule->previous;
	}
	return action;
}

/* As bpf_check_classic() and seccomp_check_filter() do, for the instructions that there are. */
static inline bool model_accepts(const struct seccomp_program *program)
{
	if (program->count == 0 || program->count > BPF_MAXINSNS ||
	    program->rows[program->count - 1].code != (BPF_RET | BPF_K))
		return false;
	for (size_t i = 0; i < program->count; i++) {
		const struct sock_filter *row = &program->rows[i];
		size_t left = program->count - i - 1;

		switch (row->code) {
		case BPF_RET | BPF_K:
		case BPF_ALU | BPF_AND | BPF_K:
			break;
		case BPF_LD | BPF_W | BPF_ABS:
			if (row->k % 4 != 0 || row->k >= sizeof(struct seccomp_data))
				return false;
			break;
		case BPF_JMP | BPF_JA:
			if (row->k >= left)
				return false;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
			if (row->jt >= left || row->jf >= left)
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}

/* True when program and policy say the same of a call. */
static inline bool model_agrees(const struct seccomp_policy *policy,
				const struct seccomp_program *program,
				const struct seccomp_data *data)
{
	uint32_t action = 0;

	return seccomp_run(program, data, false, &action) == 0 &&
	       action == model_action(policy, data);
}

#endif
