/* SPDX-License-Identifier: MIT */
/*
 * The text of a policy, as docs/SECCOMP.md describes it: a line a rule, words with spaces between
 * them. Names are checked even where a rule doesn't count on this machine or with these
 * capabilities, so that a file that is right here is right elsewhere.
 */
#include "capabilities.h"
#include "seccomp_internal.h"

#include "../init/lib/number.h"
#include "nearest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define SHOWN          40
#define ERRNO_MAX      4095 /* MAX_ERRNO of the kernel: what SECCOMP_RET_ERRNO is cut to */
#define CONDITIONS_MAX 16
#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))

/* seccomp_default.policy without its comments: embed.S */
extern const char seccomp_default[], seccomp_default_end[];

#define HINT_ACTION     "allow, errno NAME, kill, trap, log"
#define HINT_CONDITION  "if arg0 == 1, if int1 & 0xff != 2 and arg2 < 10"
#define HINT_CAPABILITY "as in 'allow chroot with SYS_CHROOT'"

/* The line being read. */
struct reader {
	struct seccomp_policy *policy;
	struct error *error;
	const char *path;
	uint32_t line;
	bool is_default; /* the text is the default policy, behind another one or alone */
};

/* What stands behind the names of a rule, and applies to each of them. */
struct rule_end {
	struct seccomp_condition conditions[CONDITIONS_MAX];
	uint32_t count;
	bool has_capability; /* "with" */
	bool is_inactive;    /* with a capability that isn't there */
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct reader *reader,
							const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_set(reader->error, 0, "%.200s:%u: %s", reader->path, reader->line, text);
}

static int no_memory(const struct reader *reader)
{
	return error_set(reader->error, -ENOMEM, "cannot keep the seccomp policy");
}

static int shown(struct part word)
{
	return word.length > SHOWN ? SHOWN : (int)word.length;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts a word off the front; false at the end. */
static bool next_word(struct part *rest, struct part *word)
{
	const char *at = rest->text, *end = at + rest->length;

	while (at < end && is_space(*at))
		at++;
	word->text = at;
	while (at < end && !is_space(*at))
		at++;
	word->length = (size_t)(at - word->text);
	*rest = (struct part){ at, (size_t)(end - at) };
	return word->length > 0;
}

static bool parse_number(struct part word, uint64_t max, uint64_t *number)
{
	if (word.length > 2 && word.text[0] == '0' && (word.text[1] | 0x20) == 'x')
		return number_parse_hex(word.text + 2, word.length - 2, max, number) == 0;
	return number_parse_u64(word.text, word.length, max, number) == 0;
}

/* The nearest of some words, given one after the other. */
struct nearest {
	const char *word;
	unsigned distance;
};

static void offer(struct nearest *nearest, struct part word, const char *known)
{
	unsigned distance = nearest_distance(word.text, word.length, known);

	if (nearest->word == NULL ? distance < NEAREST_NONE : distance < nearest->distance)
		*nearest = (struct nearest){ known, distance };
}

static int hint_nearest(const struct reader *reader, const char *nearest, const char *otherwise)
{
	if (nearest == NULL)
		return error_hint(reader->error, -EINVAL, "%s", otherwise);
	return error_hint(reader->error, -EINVAL, "did you mean '%s'?", nearest);
}

/* --- actions --------------------------------------------------------------------------------- */

static int parse_errno(const struct reader *reader, struct part *rest, uint32_t *action)
{
	struct part word;
	uint64_t number = 0;

	if (!next_word(rest, &word))
		return error_hint(reader->error, refuse(reader, "'errno' needs a name or a number"),
				  "as in 'errno EPERM mount'");
	number = (uint64_t)error_number(word.text, word.length);
	if (number == 0 && !parse_number(word, ERRNO_MAX, &number))
		return error_hint(reader->error,
				  refuse(reader, "'%.*s' is no errno", shown(word), word.text),
				  "a name as EPERM, or a number from 1 to %d", ERRNO_MAX);
	if (number == 0)
		return refuse(reader, "errno 0 would look like success");
	*action = SECCOMP_RET_ERRNO | (uint32_t)number;
	return 0;
}

static int parse_action(const struct reader *reader, struct part word, struct part *rest,
			uint32_t *action)
{
	static const struct {
		const char *name;
		uint32_t action;
	} actions[] = {
		{ "allow", SECCOMP_RET_ALLOW },       { "errno", SECCOMP_RET_ERRNO },
		{ "kill", SECCOMP_RET_KILL_PROCESS }, /* the process, not only the thread */
		{ "trap", SECCOMP_RET_TRAP },         { "log", SECCOMP_RET_LOG },
	};
	struct nearest nearest = { NULL, 0 };

	for (size_t i = 0; i < COUNT(actions); i++) {
		if (part_is(word, actions[i].name)) {
			*action = actions[i].action;
			return *action == SECCOMP_RET_ERRNO ? parse_errno(reader, rest, action) : 0;
		}
	}
	for (size_t i = 0; i < COUNT(actions); i++)
		offer(&nearest, word, actions[i].name);
	(void)refuse(reader, "unknown action '%.*s'", shown(word), word.text);
	return hint_nearest(reader, nearest.word,
			    "a line begins with default, include, " HINT_ACTION);
}

/* --- conditions ------------------------------------------------------------------------------ */

static int parse_capability(const struct reader *reader, struct part *rest, struct rule_end *end)
{
	struct part word;
	uint64_t set;

	if (!next_word(rest, &word))
		return error_hint(reader->error, refuse(reader, "'with' needs a capability"),
				  HINT_CAPABILITY);
	set = capabilities_parse(word.text, word.length);
	if (set == 0 || set == CAPABILITIES_ALL) {
		(void)refuse(reader, "unknown capability '%.*s'", shown(word), word.text);
		return hint_nearest(reader, capabilities_nearest(word.text, word.length),
				    HINT_CAPABILITY);
	}
	end->has_capability = true;
	end->is_inactive = (reader->policy->capabilities & set) == 0;
	return 0;
}

/* "arg0" to "arg5", all 64 bits, or "int0" to "int5", the low 32. */
static bool parse_argument(struct part word, struct seccomp_condition *condition)
{
	bool is_int = word.length == 4 && memcmp(word.text, "int", 3) == 0;

	if (word.length != 4 || (!is_int && memcmp(word.text, "arg", 3) != 0) ||
	    word.text[3] < '0' || word.text[3] > '5')
		return false;
	condition->argument = (uint8_t)(word.text[3] - '0');
	condition->mask = is_int ? UINT32_MAX : UINT64_MAX;
	return true;
}

static bool parse_test(struct part word, struct seccomp_condition *condition)
{
	static const char tests[][3] = {
		[SECCOMP_EQUAL] = "==",  [SECCOMP_NOT_EQUAL] = "!=",
		[SECCOMP_LESS] = "<",    [SECCOMP_LESS_OR_EQUAL] = "<=",
		[SECCOMP_GREATER] = ">", [SECCOMP_GREATER_OR_EQUAL] = ">=",
	};
	_Static_assert(COUNT(tests) == SECCOMP_TEST_COUNT, "words for each");

	for (size_t i = 0; i < COUNT(tests); i++)
		if (part_is(word, tests[i])) {
			condition->test = (uint8_t)i;
			return true;
		}
	return false;
}

/* ARGUMENT [& MASK] TEST VALUE */
static int parse_condition(const struct reader *reader, struct part *rest,
			   struct seccomp_condition *condition)
{
	struct part argument, word;
	uint64_t width;

	if (!next_word(rest, &argument) || !parse_argument(argument, condition))
		return error_hint(reader->error,
				  refuse(reader, "'%.*s' is no argument", shown(argument),
					 argument.text),
				  "arg0 to arg5, or int0 to int5 for the low 32 bits");
	width = condition->mask;
	(void)next_word(rest, &word);
	if (part_is(word, "&")) {
		(void)next_word(rest, &word);
		if (!parse_number(word, width, &condition->mask))
			return error_hint(reader->error,
					  refuse(reader, "'%.*s' is no mask for '%.*s'",
						 shown(word), word.text, 4, argument.text),
					  HINT_CONDITION);
		(void)next_word(rest, &word);
	}
	if (!parse_test(word, condition))
		return error_hint(reader->error,
				  refuse(reader, "'%.*s' is no comparison", shown(word), word.text),
				  "==, !=, <, <=, >, >=, with spaces around: " HINT_CONDITION);
	(void)next_word(rest, &word);
	if (!parse_number(word, width, &condition->value))
		return error_hint(reader->error,
				  refuse(reader, "'%.*s' is no value for '%.*s'", shown(word),
					 word.text, 4, argument.text),
				  "decimal, or hexadecimal with 0x, of %d bits at most",
				  width == UINT32_MAX ? 32 : 64);
	if (condition->test <= SECCOMP_NOT_EQUAL && condition->value & ~condition->mask)
		return refuse(reader, "the value has bits that the mask takes away");
	return 0;
}

/* [with CAPABILITY] [if CONDITION [and CONDITION]...]; keyword is the first of the two, if any. */
static int parse_rule_end(const struct reader *reader, struct part keyword, struct part *rest,
			  struct rule_end *end)
{
	int result = 0;

	if (part_is(keyword, "with")) {
		result = parse_capability(reader, rest, end);
		(void)next_word(rest, &keyword);
	}
	if (result < 0 || keyword.length == 0)
		return result;
	if (!part_is(keyword, "if"))
		return error_hint(reader->error,
				  refuse(reader, "'%.*s' is too much", shown(keyword),
					 keyword.text),
				  "behind the names: with CAPABILITY, if CONDITION");
	do {
		if (end->count == CONDITIONS_MAX)
			return refuse(reader, "more than %d conditions", CONDITIONS_MAX);
		result = parse_condition(reader, rest, &end->conditions[end->count]);
		if (result < 0)
			return result;
		end->count++;
	} while (next_word(rest, &keyword) && part_is(keyword, "and"));
	if (keyword.length > 0)
		return error_hint(reader->error,
				  refuse(reader, "'%.*s' is too much", shown(keyword),
					 keyword.text),
				  HINT_CONDITION);
	return 0;
}

/* --- rules ----------------------------------------------------------------------------------- */

static int keep_conditions(const struct reader *reader, const struct rule_end *end, uint32_t *first)
{
	struct seccomp_policy *policy = reader->policy;

	*first = (uint32_t)policy->conditions.count;
	for (uint32_t i = 0; i < end->count; i++) {
		struct seccomp_condition *row = ARENA_APPEND(policy->arena, &policy->conditions);

		if (row == NULL)
			return no_memory(reader);
		*row = end->conditions[i];
	}
	return 0;
}

static int add_rule(const struct reader *reader, struct part name, uint32_t action, uint32_t first,
		    const struct rule_end *end)
{
	struct seccomp_policy *policy = reader->policy;
	int call = seccomp_call_find(name);
	struct seccomp_rule *row;
	uint32_t decided;

	if (call < 0) {
		(void)refuse(reader, "unknown system call '%.*s'", shown(name), name.text);
		return hint_nearest(reader, seccomp_call_nearest(name),
				    "what this sv doesn't know falls under 'default'");
	}
	decided = policy->decided[call];
	if (decided != 0 && decided != SECCOMP_DECIDED_BEFORE && !reader->is_default)
		return refuse(reader, "'%.*s' is decided by line %u already", shown(name),
			      name.text, decided);
	if (decided != 0 || end->is_inactive)
		return 0;
	row = ARENA_APPEND(policy->arena, &policy->rules);
	if (row == NULL)
		return no_memory(reader);
	*row = (struct seccomp_rule){ .action = action,
				      .previous = policy->last[call],
				      .condition = first,
				      .condition_count = end->count };
	policy->last[call] = (uint32_t)policy->rules.count;
	/* A rule behind one that only counts with a capability is for when it isn't there. */
	if (end->count == 0)
		policy->decided[call] = end->has_capability ? SECCOMP_DECIDED_BEFORE : reader->line;
	return 0;
}

static int take_rule(const struct reader *reader, uint32_t action, struct part rest)
{
	struct part names = rest, name;
	struct rule_end end = { .count = 0 };
	uint32_t first = 0;
	size_t count = 0;
	int result;

	while (next_word(&rest, &name) && !part_is(name, "if") && !part_is(name, "with"))
		count++;
	if (count == 0)
		return error_hint(reader->error, refuse(reader, "no system call is named"),
				  "ACTION NAME... [with CAPABILITY] [if CONDITION]");
	result = parse_rule_end(reader, name, &rest, &end);
	if (result == 0 && !end.is_inactive)
		result = keep_conditions(reader, &end, &first);
	for (; result == 0 && count > 0; count--) {
		(void)next_word(&names, &name);
		result = add_rule(reader, name, action, first, &end);
	}
	return result;
}

/* --- lines ----------------------------------------------------------------------------------- */

static int expect_end(const struct reader *reader, struct part *rest)
{
	struct part word;

	if (!next_word(rest, &word))
		return 0;
	return refuse(reader, "'%.*s' is too much", shown(word), word.text);
}

static int take_default(const struct reader *reader, struct part *rest)
{
	struct seccomp_policy *policy = reader->policy;
	struct part word;
	uint32_t action = 0;
	int result;

	if (policy->has_fallback && !reader->is_default)
		return refuse(reader, "a second default");
	if (!next_word(rest, &word))
		return error_hint(reader->error, refuse(reader, "'default' needs an action"),
				  HINT_ACTION);
	result = parse_action(reader, word, rest, &action);
	if (result == 0)
		result = expect_end(reader, rest);
	if (result == 0 && !policy->has_fallback) {
		policy->fallback = action;
		policy->has_fallback = true;
	}
	return result;
}

static int take_include(const struct reader *reader, struct part *rest)
{
	struct part word;

	(void)next_word(rest, &word);
	if (!part_is(word, "default"))
		return error_hint(reader->error,
				  refuse(reader, "'%.*s' can't be included", shown(word),
					 word.text),
				  "include default");
	reader->policy->includes_default = true;
	return expect_end(reader, rest);
}

static int take_line(const struct reader *reader, struct part rest)
{
	struct part word;
	uint32_t action = 0;
	int result;

	if (!next_word(&rest, &word))
		return 0;
	if (part_is(word, "default"))
		return take_default(reader, &rest);
	if (part_is(word, "include"))
		return take_include(reader, &rest);
	result = parse_action(reader, word, &rest, &action);
	return result < 0 ? result : take_rule(reader, action, rest);
}

static int parse(struct reader *reader, const char *text, size_t size)
{
	struct part rest = { text, size }, line;
	int result = 0;

	while (result == 0 && part_next(&rest, '\n', &line)) {
		const char *comment = memchr(line.text, '#', line.length);

		reader->line++;
		if (comment != NULL)
			line.length = (size_t)(comment - line.text);
		result = memchr(line.text, '\0', line.length) != NULL
				 ? refuse(reader, "there is a NUL byte on the line")
				 : take_line(reader, line);
	}
	return result;
}

int seccomp_policy_parse(struct seccomp_policy *policy, const char *path, const char *text,
			 size_t size, struct error *error)
{
	struct reader reader = { .policy = policy, .error = error, .path = path };
	int result = parse(&reader, text, size);

	if (result == 0 && policy->includes_default)
		result = seccomp_policy_parse_default(policy, error);
	if (result == 0 && !policy->has_fallback)
		return error_hint(error, error_set(error, 0, "%.200s: no default", path),
				  "a line 'default errno ENOSYS', or 'include default'");
	return result;
}

int seccomp_policy_parse_default(struct seccomp_policy *policy, struct error *error)
{
	struct reader reader = {
		.policy = policy, .error = error, .path = "default", .is_default = true
	};

	return parse(&reader, seccomp_default, (size_t)(seccomp_default_end - seccomp_default));
}
