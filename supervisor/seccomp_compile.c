/* SPDX-License-Identifier: MIT */
/*
 * From a policy to BPF. A program is, in this order: the arch; for each machine a binary search
 * over the calls' numbers, merged into ranges that end alike; and behind the searches what looks at
 * arguments. A call that needs none of those thus returns after loads of arch and number alone,
 * which the kernel recognises: it notes the call in its bitmap and runs no filter for it any more.
 *
 * It is put together from its end to its beginning. So what a jump leads to always stands already,
 * and whether the 255 instructions that a jump spans are enough is known when the jump is put.
 */
#include "seccomp_internal.h"

#include <errno.h>
#include <stdlib.h>

#define SPAN_MAX     255 /* sock_filter.jt and .jf */
#define RETURNS_KEPT 8
#define CHAINS_KEPT  16
#define SINGLES_MAX  3 /* comparisons one after the other, which a search would need fewer of */

#define OFFSET_ARCH   ((uint16_t)offsetof(struct seccomp_data, arch))
#define OFFSET_NUMBER ((uint16_t)offsetof(struct seccomp_data, nr))

/* Ranges: each number may be one, and x32's, a tracer's and what is left. */
#define RANGES_MAX (SECCOMP_CALLS_MAX + 4)

/*
 * Where a jump leads: an action, wherever a return with it may stand, or an instruction; that may need a word of seccomp_data in
 * the accumulator, which whoever comes with another one has to load first.
 */
struct target {
	uint32_t action;
	uint16_t at;
	uint16_t needs; /* its offset, or ANY */
	bool is_return;
};

#define ANY UINT16_MAX

/* What the rules of a call became: others have the same. */
struct chain {
	uint32_t last; /* see struct seccomp_policy */
	struct target target;
};

struct builder {
	struct sock_filter *rows; /* BPF_MAXINSNS of them */
	size_t head;              /* the first that is taken */
	bool is_full;
	/* The latest return of each action, which is the nearest; the oldest is forgotten first. */
	struct target returns[RETURNS_KEPT];
	unsigned return_count, return_next;
	struct chain chains[CHAINS_KEPT];
	unsigned chain_count;
};

struct range {
	uint32_t first;
	struct target target;
};

struct ranges {
	struct range rows[RANGES_MAX];
	size_t count;
};

static struct target return_of(uint32_t action)
{
	return (struct target){ .is_return = true, .action = action };
}

static bool same(struct target a, struct target b)
{
	return a.is_return == b.is_return && (a.is_return ? a.action == b.action : a.at == b.at);
}

/* Puts an instruction before all others. */
static struct target put(struct builder *builder, unsigned code, size_t jt, size_t jf, uint32_t k)
{
	if (builder->head == 0)
		builder->is_full = true;
	else
		builder->rows[--builder->head] =
			(struct sock_filter){ (uint16_t)code, (uint8_t)jt, (uint8_t)jf, k };
	return (struct target){ .at = (uint16_t)builder->head, .needs = ANY };
}

static struct target put_return(struct builder *builder, uint32_t action)
{
	struct target row = put(builder, BPF_RET | BPF_K, 0, 0, action);

	for (unsigned i = 0; i < builder->return_count; i++)
		if (builder->returns[i].action == action) {
			builder->returns[i].at = row.at;
			return row;
		}
	builder->returns[builder->return_next] = (struct target){ .action = action, .at = row.at };
	builder->return_next = (builder->return_next + 1) % RETURNS_KEPT;
	if (builder->return_count < RETURNS_KEPT)
		builder->return_count++;
	return row;
}

/*
 * Where a conditional jump can lead for this target, once up to `more` other instructions are put
 * before it. What is too far gets a copy (a return) or a jump without condition in between.
 */
static size_t reach(struct builder *builder, struct target target, size_t more)
{
	size_t furthest = builder->head + SPAN_MAX - more;

	if (!target.is_return)
		return target.at <= furthest ? target.at
					     : put(builder, BPF_JMP | BPF_JA, 0, 0,
						   (uint32_t)(target.at - builder->head))
						       .at;
	for (unsigned i = 0; i < builder->return_count; i++)
		if (builder->returns[i].action == target.action &&
		    builder->returns[i].at <= furthest)
			return builder->returns[i].at;
	return put_return(builder, target.action).at;
}

/* Loads what the target needs, where the accumulator has something else. */
static struct target put_load(struct builder *builder, struct target target, uint16_t has)
{
	if (target.is_return || target.needs == ANY || target.needs == has)
		return target;
	if (target.at != builder->head)
		(void)put(builder, BPF_JMP | BPF_JA, 0, 0, (uint32_t)(target.at - builder->head));
	return put(builder, BPF_LD | BPF_W | BPF_ABS, 0, 0, target.needs);
}

/* Compares the word `has`, which is in the accumulator, or ANY where it is only a part of one. */
static struct target put_jump(struct builder *builder, unsigned test, uint32_t k, uint16_t has,
			      struct target yes, struct target no)
{
	size_t jt, jf;
	struct target row;

	yes = put_load(builder, yes, has);
	no = put_load(builder, no, has);
	jt = reach(builder, yes, 1);
	jf = reach(builder, no, 0);
	if (builder->is_full)
		return yes;
	row = put(builder, BPF_JMP | test | BPF_K, jt - builder->head, jf - builder->head, k);
	row.needs = has;
	return row;
}

/* --- arguments ------------------------------------------------------------------------------- */

/* One half of an argument: low 0, high 1. Both machines are little-endian. */
static uint16_t offset_of(const struct seccomp_condition *condition, unsigned half)
{
	return (uint16_t)(offsetof(struct seccomp_data, args) + condition->argument * 8U +
			  half * 4);
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half of an argument is first");

/* Compares one half, as far as the mask goes. */
static struct target put_half(struct builder *builder, const struct seccomp_condition *condition,
			      unsigned half, unsigned test, uint32_t k, struct target yes,
			      struct target no)
{
	uint32_t mask = (uint32_t)(condition->mask >> half * 32);
	uint16_t offset = offset_of(condition, half);
	struct target row;

	if (mask == UINT32_MAX)
		return put_jump(builder, test, k, offset, yes, no);
	(void)put_jump(builder, test, k, ANY, yes, no);
	row = put(builder, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
	row.needs = offset;
	return row;
}

/* The three that the kernel has; the others are these with yes and no exchanged. */
static const struct {
	uint16_t test;
	bool is_negated;
} jumps[] = {
	[SECCOMP_EQUAL] = { BPF_JEQ, false },   [SECCOMP_NOT_EQUAL] = { BPF_JEQ, true },
	[SECCOMP_GREATER] = { BPF_JGT, false }, [SECCOMP_LESS_OR_EQUAL] = { BPF_JGT, true },
	[SECCOMP_LESS] = { BPF_JGE, true },     [SECCOMP_GREATER_OR_EQUAL] = { BPF_JGE, false },
};
_Static_assert(sizeof(jumps) / sizeof(jumps[0]) == SECCOMP_TEST_COUNT, "a jump for each");

/* The high half decides where it differs; the low half is looked at where it doesn't. */
static struct target put_condition(struct builder *builder,
				   const struct seccomp_condition *condition, struct target yes,
				   struct target no)
{
	uint16_t test = jumps[condition->test].test;
	bool is_negated = jumps[condition->test].is_negated;
	uint32_t high = (uint32_t)(condition->value >> 32);
	struct target holds = is_negated ? no : yes, fails = is_negated ? yes : no, low;

	low = put_half(builder, condition, 0, test, (uint32_t)condition->value, holds, fails);
	if (condition->mask >> 32 == 0 && high == 0)
		return low;
	low = put_half(builder, condition, 1, BPF_JEQ, high, low, fails);
	if (test == BPF_JEQ)
		return low;
	return put_half(builder, condition, 1, BPF_JGT, high, holds, low);
}

/* Do two calls have the same rules? Names of the same lines have; and one call has on all machines. */
static bool alike(const struct seccomp_policy *policy, uint32_t one, uint32_t other)
{
	while (one != other && one != 0 && other != 0) {
		const struct seccomp_rule *a = &policy->rules.rows[one - 1],
					  *b = &policy->rules.rows[other - 1];

		if (a->action != b->action || a->condition != b->condition ||
		    a->condition_count != b->condition_count)
			return false;
		one = a->previous;
		other = b->previous;
	}
	return one == other;
}

/* A call's rules, the last one first. */
static struct target put_rules(struct builder *builder, const struct seccomp_policy *policy,
			       size_t call)
{
	struct target next = return_of(policy->fallback);
	const struct seccomp_rule *rule;
	uint32_t last = policy->last[call];

	for (unsigned i = 0; i < builder->chain_count; i++)
		if (alike(policy, builder->chains[i].last, last))
			return builder->chains[i].target;
	for (uint32_t at = last; at != 0; at = rule->previous) {
		struct target fits;

		rule = &policy->rules.rows[at - 1];
		fits = return_of(rule->action);
		if (same(fits, next))
			continue;
		for (uint32_t i = rule->condition_count; i > 0; i--)
			fits = put_condition(builder,
					     &policy->conditions.rows[rule->condition + i - 1],
					     fits, next);
		next = fits;
	}
	next = put_load(builder, next, ANY);
	if (!next.is_return && builder->chain_count < CHAINS_KEPT)
		builder->chains[builder->chain_count++] = (struct chain){ last, next };
	return next;
}

/* --- numbers --------------------------------------------------------------------------------- */

static void add_range(struct ranges *ranges, uint32_t first, struct target target)
{
	if (ranges->count > 0 && same(ranges->rows[ranges->count - 1].target, target))
		return;
	ranges->rows[ranges->count++] = (struct range){ first, target };
}

static void put_calls(struct builder *builder, const struct seccomp_policy *policy,
		      enum seccomp_machine machine, struct ranges *ranges)
{
	static const uint16_t no_call = UINT16_MAX;
	uint16_t call_of[SECCOMP_CALLS_MAX];

	for (size_t i = 0; i < SECCOMP_CALLS_MAX; i++)
		call_of[i] = no_call;
	for (size_t i = 0; i < seccomp_call_count(); i++)
		if (seccomp_call_number(i, machine) != SECCOMP_NO_NUMBER)
			call_of[seccomp_call_number(i, machine)] = (uint16_t)i;
	ranges->count = 0;
	for (uint32_t i = 0; i < SECCOMP_CALLS_MAX; i++)
		add_range(ranges, i,
			  call_of[i] == no_call ? return_of(policy->fallback)
						: put_rules(builder, policy, call_of[i]));
	add_range(ranges, SECCOMP_CALLS_MAX, return_of(policy->fallback));
#ifdef SECCOMP_X32_FIRST
	/* Whatever the policy: its numbers are of another table. */
	if (machine == SECCOMP_MACHINE_NATIVE)
		add_range(ranges, SECCOMP_X32_FIRST, return_of(SECCOMP_RET_ERRNO | ENOSYS));
#endif
	/* No call: a tracer has put it there and the result as well, which an action would replace. */
	add_range(ranges, SECCOMP_CALL_TRACED, return_of(SECCOMP_RET_ALLOW));
}

/* A number on its own, between two ranges that end alike, takes one comparison instead of two. */
static void put_singles(struct builder *builder, struct ranges *ranges)
{
	const struct range *row = ranges->rows, *end = row + ranges->count;
	size_t joined = 0;

	for (; row < end; row++) {
		struct range range = *row;

		for (unsigned i = 0;
		     i < SINGLES_MAX && row + 2 < end && row[2].first == row[1].first + 1 &&
		     same(row[0].target, row[2].target);
		     i++, row += 2)
			range.target = put_jump(builder, BPF_JEQ, row[1].first, OFFSET_NUMBER,
						row[1].target, range.target);
		ranges->rows[joined++] = range;
	}
	ranges->count = joined;
}

/*
 * The search: neighbours are joined by a comparison until one is left, so that each number is found
 * in log2(ranges) steps.
 */
static struct target put_search(struct builder *builder, struct ranges *ranges)
{
	put_singles(builder, ranges);
	while (ranges->count > 1) {
		size_t joined = 0;

		for (size_t i = 0; i < ranges->count; i += 2) {
			struct range row = ranges->rows[i];

			if (i + 1 < ranges->count)
				row.target = put_jump(builder, BPF_JGE, ranges->rows[i + 1].first,
						      OFFSET_NUMBER, ranges->rows[i + 1].target,
						      row.target);
			ranges->rows[joined++] = row;
		}
		ranges->count = joined;
	}
	return ranges->rows[0].target;
}

/* Loads the number and leads to the search. */
static struct target put_machine(struct builder *builder, const struct seccomp_policy *policy,
				 enum seccomp_machine machine)
{
	struct ranges ranges;

	put_calls(builder, policy, machine, &ranges);
	return put_load(builder, put_search(builder, &ranges), ANY);
}

int seccomp_compile(const struct seccomp_policy *policy, struct seccomp_program *program,
		    struct error *error)
{
	struct builder builder = { .head = BPF_MAXINSNS };
	/* An arch without a machine: as if the kernel had been built without it. */
	struct target start = return_of(SECCOMP_RET_ERRNO | ENOSYS);

	builder.rows = arena_take(policy->arena, BPF_MAXINSNS * sizeof(*builder.rows));
	if (builder.rows == NULL)
		return error_set(error, -ENOMEM, "cannot make the seccomp filter");
#ifdef SECCOMP_ARCH_OF_COMPAT
	start = put_jump(&builder, BPF_JEQ, SECCOMP_ARCH_OF_COMPAT, OFFSET_ARCH,
			 put_machine(&builder, policy, SECCOMP_MACHINE_COMPAT), start);
#endif
	start = put_jump(&builder, BPF_JEQ, SECCOMP_ARCH_OF_NATIVE, OFFSET_ARCH,
			 put_machine(&builder, policy, SECCOMP_MACHINE_NATIVE), start);
	(void)put_load(&builder, start, ANY);
	if (builder.is_full)
		return error_set(error, -E2BIG,
				 "the policy makes a filter of more than %d instructions",
				 BPF_MAXINSNS);
	program->rows = builder.rows + builder.head;
	program->count = BPF_MAXINSNS - builder.head;
	return 0;
}
