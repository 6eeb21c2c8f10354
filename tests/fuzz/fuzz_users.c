/* SPDX-License-Identifier: MIT */
/* /etc/passwd and /etc/group of a hostile image: user, passwd and group come apart at NUL bytes. */
#include "supervisor/users.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is before the first NUL, in memory of exactly that size; *data and *size go behind it. */
static char *cut(const uint8_t **data, size_t *size, size_t *length)
{
	const uint8_t *end = *size > 0 ? memchr(*data, '\0', *size) : NULL;
	char *copy;

	*length = end != NULL ? (size_t)(end - *data) : *size;
	copy = malloc(*length + (*length == 0));
	if (copy == NULL)
		abort();
	memcpy(copy, *data, *length);
	*data += *length + (end != NULL);
	*size -= *length + (end != NULL);
	return copy;
}

static void resolve(const struct users_text *text, const char *user)
{
	const char *add[] = { user };
	struct spec_strings list = { add, 1 };
	struct identity identity = { .uid = 0 };
	struct error error = { 0 };
	int result = users_resolve_text(&identity, text, user, &list, &error);

	if ((result < 0) != error_is_set(&error))
		abort();
	if (result == 0 &&
	    (identity.uid > USERS_ID_MAX || identity.gid > USERS_ID_MAX || identity.home[0] != '/'))
		abort();
	for (size_t i = 1; result == 0 && i < identity.group_count; i++)
		if (identity.groups[i - 1] >= identity.groups[i])
			abort();
	users_free(&identity);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t user_length;
	struct users_text text;
	char *cut_user = cut(&data, &size, &user_length), *user = strndup(cut_user, user_length);
	char *passwd = cut(&data, &size, &text.passwd_size),
	     *group = cut(&data, &size, &text.group_size);

	text.passwd = passwd;
	text.group = group;
	if (user != NULL)
		resolve(&text, user);
	free(user);
	free(cut_user);
	free(passwd);
	free(group);
	return 0;
}
