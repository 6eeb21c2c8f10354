/* SPDX-License-Identifier: MIT */
/*
 * A small machine for seccomp's kind of BPF (net/core/filter.c, and seccomp_check_filter() for what
 * it may hold): the last look at a program before it leaves sv, and what tests hold the compiler
 * against. It knows the instructions that the compiler uses and refuses all others.
 */
#include "seccomp_internal.h"

#include <errno.h>
#include <string.h>

struct machine {
	const struct seccomp_program *program;
	const struct seccomp_data *data;
	bool number_only;
	uint32_t accumulator;
	size_t next;
};

static int load(struct machine *machine, uint32_t offset)
{
	if (offset % 4 != 0 || offset >= sizeof(*machine->data))
		return -EINVAL;
	if (machine->number_only && offset != offsetof(struct seccomp_data, nr) &&
	    offset != offsetof(struct seccomp_data, arch))
		return -ENODATA;
	memcpy(&machine->accumulator, (const char *)machine->data + offset, 4);
	return 0;
}

static bool compare(const struct machine *machine, const struct sock_filter *row)
{
	switch (BPF_OP(row->code)) {
	case BPF_JEQ:
		return machine->accumulator == row->k;
	case BPF_JGT:
		return machine->accumulator > row->k;
	default:
		return machine->accumulator >= row->k;
	}
}

/* One instruction that is no return. Jumps only lead onwards, so that each program ends. */
static int step(struct machine *machine, const struct sock_filter *row)
{
	switch (row->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return load(machine, row->k);
	case BPF_ALU | BPF_AND | BPF_K:
		machine->accumulator &= row->k;
		return 0;
	case BPF_JMP | BPF_JA:
		if (row->k >= machine->program->count)
			return -EINVAL;
		machine->next += row->k;
		return 0;
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
		machine->next += compare(machine, row) ? row->jt : row->jf;
		return 0;
	default:
		return -EINVAL;
	}
}

int seccomp_run(const struct seccomp_program *program, const struct seccomp_data *data,
		bool number_only, uint32_t *action)
{
	struct machine machine = { .program = program, .data = data, .number_only = number_only };

	while (machine.next < program->count) {
		const struct sock_filter *row = &program->rows[machine.next++];
		int result;

		if (row->code == (BPF_RET | BPF_K)) {
			*action = row->k;
			return 0;
		}
		result = step(&machine, row);
		if (result < 0)
			return result;
	}
	return -EINVAL;
}

static const char *name_of(int number)
{
	for (size_t i = 0; i < seccomp_call_count(); i++)
		if (seccomp_call_number(i, SECCOMP_MACHINE_NATIVE) == number)
			return seccomp_call_name(i);
	return "?";
}

int seccomp_check_needed(const struct seccomp_program *program, const int *numbers, size_t count,
			 struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		struct seccomp_data data = { .nr = numbers[i], .arch = SECCOMP_ARCH_OF_NATIVE };
		uint32_t action = SECCOMP_RET_KILL_PROCESS;
		int result = seccomp_run(program, &data, true, &action);

		if (result == -ENODATA)
			return error_set(error, 0, "it makes '%s' depend on arguments",
					 name_of(numbers[i]));
		if (result < 0)
			return error_set(error, result, "the program made of it is wrong");
		if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG)
			return error_set(error, 0, "it forbids '%s'", name_of(numbers[i]));
	}
	return 0;
}
