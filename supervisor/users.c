/* SPDX-License-Identifier: MIT */
/*
 * See users.h. The two files come from the container's image: lines that make no sense are passed
 * over, as every libc does, and no number in them is believed before it is checked.
 */
#include "users.h"

#include "../init/lib/fd.h"
#include "../init/lib/number.h"
#include "file.h"
#include "part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)16 << 20)
#define SHOWN    80

/* A name or an id, as it was given. */
struct reference {
	struct part text;
	bool is_id;
	uint32_t id;
};

struct passwd_line {
	struct part name, home;
	uint32_t uid, gid;
};

struct group_line {
	struct part name, members;
	uint32_t gid;
};

struct group_list {
	uint32_t *rows;
	size_t count;
};

static bool same(struct part a, struct part b)
{
	return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

/* --- the files' lines ------------------------------------------------------------------------ */

static bool read_id(struct part part, uint32_t *id)
{
	uint64_t number;

	if (number_parse_u64(part.text, part.length, USERS_ID_MAX, &number) < 0)
		return false;
	*id = (uint32_t)number;
	return true;
}

/* Takes `count` fields; what is behind the last one stays in it only when it has no ':' itself. */
static bool read_fields(struct part line, struct part *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!part_next(&line, ':', &fields[i]))
			return false;
	return fields[0].length > 0 && fields[0].text[0] != '#';
}

/*
 * name:password:uid:gid:comment:home:shell, as passwd(5). The next line that is one; false at the
 * end.
 */
static bool next_passwd(struct part *rest, struct passwd_line *line)
{
	struct part text, fields[6];

	while (part_next(rest, '\n', &text)) {
		if (!read_fields(text, fields, 6) || !read_id(fields[2], &line->uid) ||
		    !read_id(fields[3], &line->gid))
			continue;
		line->name = fields[0];
		line->home = fields[5];
		return true;
	}
	return false;
}

/* name:password:gid:member,member, as group(5). */
static bool next_group(struct part *rest, struct group_line *line)
{
	struct part text, fields[4];

	while (part_next(rest, '\n', &text)) {
		if (!read_fields(text, fields, 4) || !read_id(fields[2], &line->gid))
			continue;
		line->name = fields[0];
		line->members = fields[3];
		return true;
	}
	return false;
}

static bool find_user(const struct users_text *text, const struct reference *user,
		      struct passwd_line *line)
{
	struct part rest = { text->passwd, text->passwd_size };

	while (next_passwd(&rest, line))
		if (user->is_id ? line->uid == user->id : same(line->name, user->text))
			return true;
	return false;
}

static bool find_group(const struct users_text *text, struct part name, uint32_t *gid)
{
	struct part rest = { text->group, text->group_size };
	struct group_line line;

	while (next_group(&rest, &line)) {
		if (!same(line.name, name))
			continue;
		*gid = line.gid;
		return true;
	}
	return false;
}

static bool has_member(struct part members, struct part name)
{
	struct part member;

	while (part_next(&members, ',', &member))
		if (same(member, name))
			return true;
	return false;
}

/* --- resolving ------------------------------------------------------------------------------- */

/*
 * Digits are always an id, so that no image can give a number to somebody else by naming a user so.
 */
static int read_reference(struct part text, const char *what, struct reference *reference,
			  struct error *error)
{
	uint64_t number = 0;
	int result = number_parse_u64(text.text, text.length, USERS_ID_MAX, &number);
	int shown = text.length > SHOWN ? SHOWN : (int)text.length;

	*reference =
		(struct reference){ .text = text, .is_id = result == 0, .id = (uint32_t)number };
	if (text.length == 0)
		return error_set(error, 0, "the %s's name is empty", what);
	if (result == -ERANGE)
		return error_hint(error,
				  error_set(error, 0, "the %s id '%.*s' is out of range", what,
					    shown, text.text),
				  "ids go from 0 to %u", USERS_ID_MAX);
	return 0;
}

static int refuse_unknown(const struct reference *reference, const char *what, const char *file,
			  struct error *error)
{
	int shown = reference->text.length > SHOWN ? SHOWN : (int)reference->text.length;

	return error_hint(error,
			  error_set(error, 0, "there is no %s '%.*s' in the container's %s", what,
				    shown, reference->text.text, file),
			  "a number is taken as it is");
}

static int resolve_group(const struct users_text *text, struct part name, uint32_t *gid,
			 struct error *error)
{
	struct reference group;

	if (read_reference(name, "group", &group, error) < 0)
		return -EINVAL;
	*gid = group.id;
	return group.is_id || find_group(text, name, gid)
		       ? 0
		       : refuse_unknown(&group, "group", "/etc/group", error);
}

/* Takes name and home over; an id that has no line keeps the defaults. */
static int take_user(struct identity *identity, const struct passwd_line *line, struct error *error)
{
	if (line->name.length >= sizeof(identity->name))
		return error_set(error, 0,
				 "the user's name in the container's /etc/passwd is too long");
	memcpy(identity->name, line->name.text, line->name.length);
	identity->name[line->name.length] = '\0';
	identity->uid = line->uid;
	identity->gid = line->gid;
	if (line->home.length == 0 || line->home.length >= sizeof(identity->home) ||
	    line->home.text[0] != '/')
		return 0;
	memcpy(identity->home, line->home.text, line->home.length);
	identity->home[line->home.length] = '\0';
	return 0;
}

static int add_group(struct identity *identity, struct group_list *list, uint32_t gid,
		     struct error *error)
{
	uint32_t *row;

	if (list->count >= USERS_GROUPS_MAX)
		return error_set(error, 0, "the user is in more than %d groups", USERS_GROUPS_MAX);
	row = ARENA_APPEND(&identity->arena, list);
	if (row == NULL)
		return error_set(error, -ENOMEM, "cannot keep the user's groups");
	*row = gid;
	return 0;
}

static bool has_group(const struct group_list *list, uint32_t gid)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->rows[i] == gid)
			return true;
	return false;
}

/* The groups that list the user by name. */
static int add_memberships(struct identity *identity, const struct users_text *text,
			   struct part name, struct group_list *list, struct error *error)
{
	struct part rest = { text->group, text->group_size };
	struct group_line line;

	while (next_group(&rest, &line))
		if (has_member(line.members, name) &&
		    add_group(identity, list, line.gid, error) < 0)
			return -EINVAL;
	return 0;
}

static int compare_groups(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static void keep_groups(struct identity *identity, struct group_list *list)
{
	size_t kept = 0;

	if (list->count > 1)
		qsort(list->rows, list->count, sizeof(*list->rows), compare_groups);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || list->rows[kept - 1] != list->rows[i])
			list->rows[kept++] = list->rows[i];
	identity->groups = list->rows;
	identity->group_count = kept;
}

/*
 * The user and the primary group; `listed` is the name to look for in the groups' lists, text NULL
 * for nobody.
 */
static int resolve_user(struct identity *identity, const struct users_text *text, struct part rest,
			struct part *listed, struct error *error)
{
	struct part user_text = { "", 0 };
	struct passwd_line line;
	struct reference user;

	(void)part_next(&rest, ':', &user_text);
	if (read_reference(user_text, "user", &user, error) < 0)
		return -EINVAL;
	identity->uid = user.id;
	if (find_user(text, &user, &line)) {
		*listed = line.name;
		if (take_user(identity, &line, error) < 0)
			return -EINVAL;
	} else if (!user.is_id) {
		return refuse_unknown(&user, "user", "/etc/passwd", error);
	}
	if (rest.text == NULL)
		return 0;
	/* an explicit group stands alone, as in Docker */
	listed->text = NULL;
	return resolve_group(text, rest, &identity->gid, error);
}

int users_resolve_text(struct identity *identity, const struct users_text *text, const char *user,
		       const struct spec_strings *group_add, struct error *error)
{
	struct group_list list = { NULL, 0 };
	struct part listed = { NULL, 0 };

	*identity = (struct identity){ .home = "/", .arena = identity->arena };
	if (resolve_user(identity, text, part_of(user != NULL ? user : "0"), &listed, error) < 0)
		return -EINVAL;
	if (listed.text != NULL && add_memberships(identity, text, listed, &list, error) < 0)
		return -EINVAL;
	for (size_t i = 0; i < group_add->count; i++) {
		uint32_t gid = 0;

		if (resolve_group(text, part_of(group_add->rows[i]), &gid, error) < 0 ||
		    add_group(identity, &list, gid, error) < 0)
			return -EINVAL;
	}
	/*
	 * The primary one too, as login(1) has it: else a setgid program could drop it, and with it
	 * what a file forbids to that group alone.
	 */
	if (!has_group(&list, identity->gid) &&
	    add_group(identity, &list, identity->gid, error) < 0)
		return -EINVAL;
	keep_groups(identity, &list);
	return 0;
}

/* --- the files ------------------------------------------------------------------------------- */

/*
 * Reads a file of the container; one that isn't there is empty. Links are followed within the root
 * only, and a fifo or a device is refused before it can make us wait.
 */
static int read_file(struct arena *arena, int root_fd, const char *path, const char **text,
		     size_t *size, struct error *error)
{
	FD int fd = sys_openat2(root_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0,
				RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	struct stat status;
	char *content = NULL;
	ssize_t result = fd < 0 ? fd : sys_fstat(fd, &status);

	if (result == -ENOENT || result == -ENOTDIR)
		return 0;
	if (result == 0 && !S_ISREG(status.st_mode))
		return error_set(error, 0, "the container's /%s is not a regular file", path);
	if (result == 0)
		result = file_read_status(arena, fd, &status, FILE_MAX, &content);
	if (result < 0)
		return error_set(error, (int)result, "cannot read the container's /%s", path);
	*text = content;
	*size = (size_t)result;
	return 0;
}

int users_resolve(struct identity *identity, int root_fd, const char *user,
		  const struct spec_strings *group_add, struct error *error)
{
	_Alignas(16) char memory[8192] = { 0 }; /* as much as most of these files need */
	struct users_text text = { .passwd = "", .group = "" };
	struct arena arena = { .blocks = NULL };
	int result;

	arena_lend(&arena, memory, sizeof(memory));
	*identity = (struct identity){ .home = "/", .arena = identity->arena };
	result = read_file(&arena, root_fd, "etc/passwd", &text.passwd, &text.passwd_size, error);
	if (result == 0)
		result = read_file(&arena, root_fd, "etc/group", &text.group, &text.group_size,
				   error);
	if (result == 0)
		result = users_resolve_text(identity, &text, user, group_add, error);
	arena_free(&arena);
	return result;
}

void users_free(struct identity *identity)
{
	arena_free(&identity->arena);
	identity->groups = NULL;
	identity->group_count = 0;
}
