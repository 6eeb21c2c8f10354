/* SPDX-License-Identifier: MIT */
/* See environment.h. */
#include "environment.h"

#include "../init/lib/fd.h"
#include "file.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN 80

/* Where the name of "NAME=VALUE" ends. */
static size_t name_length(const char *word)
{
	return strcspn(word, "=");
}

/* The caller's whole "NAME=VALUE", which lives as long as sv; NULL when it has none. */
static const char *find_callers(const char *name, size_t length)
{
	for (char **row = environ; row != NULL && *row != NULL; row++)
		if (strncmp(*row, name, length) == 0 && (*row)[length] == '=')
			return *row;
	return NULL;
}

int environment_add(struct spec *spec, const char *word)
{
	size_t length = name_length(word);
	const char **row;

	if (length == 0)
		return -EINVAL;
	if (word[length] != '=')
		word = find_callers(word, length);
	if (word == NULL)
		return 0;
	row = ARENA_APPEND(&spec->arena, &spec->env);
	if (row == NULL)
		return -ENOMEM;
	*row = word;
	return 0;
}

/* One line, ended by a NUL. Returns NULL or what is wrong with it. */
static const char *take_line(struct spec *spec, const char *line)
{
	line += strspn(line, " \t");
	if (line[0] == '\0' || line[0] == '#')
		return NULL;
	if (strcspn(line, " \t") < name_length(line))
		return "has a space in its name";
	switch (environment_add(spec, line)) {
	case 0:
		return NULL;
	case -ENOMEM:
		return "cannot be kept: out of memory";
	default:
		return "has no name";
	}
}

/* Takes the text apart in place: spec->env points into it. */
static int parse(struct spec *spec, const char *where, const char *path, char *text, size_t size,
		 struct error *error)
{
	char *end = text + size;

	for (size_t number = 1; text < end; number++) {
		char *newline = memchr(text, '\n', (size_t)(end - text));
		char *stop = newline != NULL ? newline : end;
		const char *fault;

		/* a NUL would hide what is behind it */
		fault = memchr(text, '\0', (size_t)(stop - text)) != NULL ? "has a NUL byte" : NULL;
		*stop = '\0';
		if (stop > text && stop[-1] == '\r')
			stop[-1] = '\0';
		if (fault == NULL)
			fault = take_line(spec, text);
		if (fault != NULL)
			return error_set(error, 0, "%s: %.*s:%zu: the line '%.*s' %s", where, SHOWN,
					 path, number, SHOWN, text, fault);
		text = stop + 1;
	}
	return 0;
}

int environment_read(struct spec *spec, const char *where, const char *path, struct error *error)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
	char *text = NULL;
	ssize_t size = fd < 0 ? fd : file_read(&spec->arena, fd, FILE_SIZE_MAX, &text);
	size_t skip;

	if (size < 0)
		return error_set(error, (int)size, "%s: cannot read '%.*s'", where, SHOWN, path);
	skip = strncmp(text, byte_order_mark, 3) == 0 ? 3 : 0;
	return parse(spec, where, path, text + skip, (size_t)size - skip, error);
}

/* FNV-1a of the name, with its halves folded together so that the low bits see all of it. */
static size_t hash_name(const char *word)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *word != '=' && *word != '\0'; word++)
		hash = (hash ^ (unsigned char)*word) * 0x100000001b3;
	return (size_t)(hash ^ hash >> 32);
}

static bool same_name(const char *a, const char *b)
{
	size_t length = name_length(a);

	return length == name_length(b) && memcmp(a, b, length) == 0;
}

/*
 * Puts the word into an open-addressed table of mask+1 slots, more than there are words; false when
 * its name is there.
 */
static bool add_name(const char **slots, size_t mask, const char *word)
{
	size_t at = hash_name(word) & mask;

	while (slots[at] != NULL) {
		if (same_name(slots[at], word))
			return false;
		at = (at + 1) & mask;
	}
	slots[at] = word;
	return true;
}

int environment_unique(struct spec *spec)
{
	struct spec_strings *env = &spec->env;
	size_t slots_count = 8, kept = env->count;
	const char **slots;

	if (env->count < 2)
		return 0;
	while (slots_count / 2 < env->count)
		slots_count *= 2;
	slots = calloc(slots_count, sizeof(*slots));
	if (slots == NULL)
		return -ENOMEM;
	/*
	 * from the end, so that the first seen is the last given; the kept ones gather at the end
	 */
	for (size_t i = env->count; i-- > 0;)
		if (add_name(slots, slots_count - 1, env->rows[i]))
			env->rows[--kept] = env->rows[i];
	env->count -= kept;
	memmove(env->rows, env->rows + kept, env->count * sizeof(*env->rows));
	free(slots);
	return 0;
}
