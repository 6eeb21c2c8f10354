/* SPDX-License-Identifier: MIT */
/*
 * The names and numbers of system calls, as the kernel's headers have them for this machine: the
 * table is made by seccomp_calls.awk.
 */
#include "seccomp_internal.h"

#include "nearest.h"

/* One after the other, each with its end: in a single literal they would be longer than C allows. */
static const struct names {
#define CALL(offset, native, compat, name) char at_##offset[sizeof(name)];
#include "seccomp_calls.inc"
} names = {
#define CALL(offset, native, compat, name) name,
#include "seccomp_calls.inc"
};

/* Without pointers: a row is a third of the size. */
static const struct {
	uint16_t name; /* in names */
	int16_t numbers[2];
} calls[] = {
#define CALL(offset, native, compat, name) { (offset), { (native), (compat) } },
#include "seccomp_calls.inc"
};

#define COUNT (sizeof(calls) / sizeof(calls[0]))
_Static_assert(sizeof(names) <= UINT16_MAX && COUNT <= SECCOMP_CALLS_MAX, "they fit");
#define CALL(offset, native, compat, name)                                      \
 _Static_assert((native) < SECCOMP_CALLS_MAX && (compat) < SECCOMP_CALLS_MAX && \
			offsetof(struct names, at_##offset) == (offset),        \
		name);
#include "seccomp_calls.inc"

size_t seccomp_call_count(void)
{
	return COUNT;
}

const char *seccomp_call_name(size_t call)
{
	return (const char *)&names + calls[call].name;
}

int seccomp_call_number(size_t call, enum seccomp_machine machine)
{
	return calls[call].numbers[machine];
}

/* As strcmp() does; the loop itself, since this is most of what reading a policy takes. */
static int compare(struct part name, const char *known)
{
	size_t at = 0;

	while (at < name.length && known[at] != '\0' && name.text[at] == known[at])
		at++;
	if (at == name.length)
		return known[at] == '\0' ? 0 : -1;
	return (unsigned char)name.text[at] - (unsigned char)known[at];
}

int seccomp_call_find(struct part name)
{
	size_t low = 0, high = COUNT;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(name, seccomp_call_name(middle));

		if (order == 0)
			return (int)middle;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

const char *seccomp_call_nearest(struct part name)
{
	const char *nearest = NULL;
	unsigned best = NEAREST_NONE;

	for (size_t i = 0; i < COUNT; i++) {
		const char *known = seccomp_call_name(i);
		unsigned distance = nearest_distance(name.text, name.length, known);

		if (distance < best) {
			best = distance;
			nearest = known;
		}
	}
	return nearest;
}
