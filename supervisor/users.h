/* SPDX-License-Identifier: MIT */
/*
 * Who the command runs as: -u and --group-add against the container's own /etc/passwd and
 * /etc/group, which are not trusted. No name service: the two files are read through the root's
 * descriptor and never leave it.
 */
#ifndef SV_USERS_H
#define SV_USERS_H

#include "arena.h"
#include "error.h"
#include "spec.h"

#include <stddef.h>
#include <stdint.h>

#define USERS_GROUPS_MAX 65536            /* the kernel's NGROUPS_MAX */
#define USERS_ID_MAX     (UINT32_MAX - 1) /* the last is (uid_t)-1, "no change" */

struct identity {
	uint32_t uid, gid;
	uint32_t *groups; /* supplementary, ascending, each once */
	size_t group_count;
	char name[256];     /* empty when the uid has no line in passwd */
	char home[4096];    /* "/" when the uid has no line in passwd or the line names none */
	struct arena arena; /* of groups */
};

/*
 * Resolves user (NULL = root) and group_add in the root tree at root_fd, by Docker's rules: digits
 * are always an id, and one that no line has is taken as it is, with group 0; a name must be there;
 * supplementary groups are those that list the user, unless a group is given explicitly;
 * --group-add is added in either case. Returns 0 or a negative number with error set. users_free()
 * after either.
 */
int users_resolve(struct identity *identity, int root_fd, const char *user,
		  const struct spec_strings *group_add, struct error *error);
void users_free(struct identity *identity);

/* users_resolve() on the two files' text, for tests and fuzzing. */
struct users_text {
	const char *passwd, *group;
	size_t passwd_size, group_size;
};
int users_resolve_text(struct identity *identity, const struct users_text *text, const char *user,
		       const struct spec_strings *group_add, struct error *error);

#endif
