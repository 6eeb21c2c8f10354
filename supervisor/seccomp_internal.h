/* SPDX-License-Identifier: MIT */
/*
 * What the parts of seccomp share: the table of calls (seccomp_calls.c), a policy once it is read
 * (seccomp_policy.c), the program made of it (seccomp_compile.c), and what that program says
 * (seccomp_run.c).
 */
#ifndef SV_SECCOMP_INTERNAL_H
#define SV_SECCOMP_INTERNAL_H

#include "part.h"
#include "seccomp.h"
#include "spec.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

/* --- machines -------------------------------------------------------------------------------- */

/*
 * Each has numbers of its own. The 32-bit calls of aarch64 are refused whole: the headers of an
 * aarch64 machine don't have their numbers, and many of its processors can't run such programs.
 */
enum seccomp_machine {
	SECCOMP_MACHINE_NATIVE,
#if defined(__x86_64__)
	SECCOMP_MACHINE_COMPAT,
#endif
	SECCOMP_MACHINE_COUNT,
};

#if defined(__x86_64__)
# define SECCOMP_ARCH_OF_NATIVE AUDIT_ARCH_X86_64
# define SECCOMP_ARCH_OF_COMPAT AUDIT_ARCH_I386
# define SECCOMP_X32_FIRST      0x40000000U /* __X32_SYSCALL_BIT: the same arch, 32-bit pointers */
#elif defined(__aarch64__)
# define SECCOMP_ARCH_OF_NATIVE AUDIT_ARCH_AARCH64
#else
# error "seccomp: which AUDIT_ARCH_ is this?"
#endif

/* --- calls ----------------------------------------------------------------------------------- */

#define SECCOMP_CALLS_MAX   1024       /* names in the table; all numbers are below it too */
#define SECCOMP_NO_NUMBER   (-1)       /* the machine has no such call */
#define SECCOMP_CALL_TRACED UINT32_MAX /* what a tracer puts in a call's place to skip it */

/* How many names there are: calls are told apart by their place in the sorted table. */
size_t seccomp_call_count(void);
const char *seccomp_call_name(size_t call);
int seccomp_call_number(size_t call, enum seccomp_machine machine);

/* The call of that name, or -1. */
int seccomp_call_find(struct part name);

/* The name that a mistyped one is nearest to; NULL when none is near. */
const char *seccomp_call_nearest(struct part name);

/* --- a policy -------------------------------------------------------------------------------- */

enum seccomp_test {
	SECCOMP_EQUAL,
	SECCOMP_NOT_EQUAL,
	SECCOMP_LESS,
	SECCOMP_LESS_OR_EQUAL,
	SECCOMP_GREATER,
	SECCOMP_GREATER_OR_EQUAL,
	SECCOMP_TEST_COUNT,
};

/* (argument & mask) TEST value, unsigned. */
struct seccomp_condition {
	uint64_t mask, value;
	uint8_t argument; /* 0..5 */
	uint8_t test;     /* enum seccomp_test */
};

/* A rule of one call. All of its conditions must hold; with none it always fits. */
struct seccomp_rule {
	uint32_t action;   /* SECCOMP_RET_* with its data */
	uint32_t previous; /* the rule of the same call that is tried before it, + 1; 0 = none */
	uint32_t condition;
	uint32_t condition_count;
};

struct seccomp_policy {
	struct arena *arena;   /* set by the caller */
	uint64_t capabilities; /* set by the caller: which "with" rules count */

	uint32_t fallback; /* the action where no rule fits */
	bool has_fallback;
	bool includes_default;
	SPEC_LIST(struct seccomp_rule) rules;
	SPEC_LIST(struct seccomp_condition) conditions;
	uint32_t last[SECCOMP_CALLS_MAX];    /* each call's last rule, + 1 */
	uint32_t decided[SECCOMP_CALLS_MAX]; /* the line of its rule that always fits; 0 = none */
};

#define SECCOMP_DECIDED_BEFORE UINT32_MAX /* in place of a line: no rule after it is a mistake */

/*
 * Reads a text. `path` opens the messages. 0, or a negative number with the error set. The policy
 * keeps no pointer into the text.
 */
int seccomp_policy_parse(struct seccomp_policy *policy, const char *path, const char *text,
			 size_t size, struct error *error);

/* Puts the default policy behind what is there: what that has decided stays. */
int seccomp_policy_parse_default(struct seccomp_policy *policy, struct error *error);

/* --- a program ------------------------------------------------------------------------------- */

/* 0, or a negative number with the error set (-E2BIG: more than BPF_MAXINSNS). */
int seccomp_compile(const struct seccomp_policy *policy, struct seccomp_program *program,
		    struct error *error);

/*
 * Runs a program as the kernel would. 0 with the action; -EINVAL where the kernel would have
 * refused the program, or could leave it without an action; -ENODATA where it looks at more than
 * number and arch, and `number_only` says that nothing else is known. What returns
 * SECCOMP_RET_ALLOW then is what the kernel keeps in its bitmap and runs no filter for
 * (seccomp_cache_prepare() in kernel/seccomp.c).
 */
int seccomp_run(const struct seccomp_program *program, const struct seccomp_data *data,
		bool number_only, uint32_t *action);

/*
 * Are all of these calls (native numbers) let through, whatever their arguments? 0, or the error
 * set, with the first that isn't.
 */
int seccomp_check_needed(const struct seccomp_program *program, const int *numbers, size_t count,
			 struct error *error);

#endif
