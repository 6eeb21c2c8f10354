/* SPDX-License-Identifier: MIT */
/* COPY of a recipe: files and folders of a context into a tree. Neither side's links lead out of where they are. */
#ifndef SV_BUILD_COPY_H
#define SV_BUILD_COPY_H

#include "error.h"
#include "recipe.h"

/*
 * Copies what step->words name (the last is the target, relative to `workdir`) from the directory `context` into the tree `root`. All
 * becomes root's. A folder's content is copied, not itself. 0, or a negative number with the error set.
 */
int build_copy(int context, int root, const struct recipe_step *step, const char *workdir,
	       struct error *error);

#endif
