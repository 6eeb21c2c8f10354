/* SPDX-License-Identifier: MIT */
/* `sv image`: a table of verbs again, each in a file of its own. */
#include "verbs.h"

#include "error.h"
#include "file.h"
#include "nearest.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name, *words, *summary;
	int (*run)(int argc, char *const argv[]);
} verbs[] = {
	{ "import", "NAME SOURCE", "make an image of SOURCE", verb_image_import },
	{ "build", "NAME RECIPE", "make an image by the steps of a recipe", verb_image_build },
	{ "ls", "", "list the images", verb_image_ls },
	{ "inspect", "NAME", "show what an image says, and who uses it", verb_image_inspect },
	{ "export", "NAME [FILE]", "write its root filesystem as a tar archive",
	  verb_image_export },
	{ "rm", "NAME...", "remove images, and layers that nothing else uses", verb_image_rm },
};
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

/* Completions read verbs and options off the lines that begin with two spaces: no other line does. */
int image_print_help(int fd)
{
	char text[2048];
	size_t used = (size_t)snprintf(text, sizeof(text),
				       "Usage: sv image VERB [OPTION...] [WORD...]\n\nVerbs:\n");

	for (size_t i = 0; i < VERB_COUNT; i++) {
		int width = 20 - (int)strlen(verbs[i].name);

		used += (size_t)snprintf(text + used, sizeof(text) - used, "  %s %-*s%s\n",
					 verbs[i].name, width, verbs[i].words, verbs[i].summary);
	}
	used += (size_t)snprintf(
		text + used, sizeof(text) - used,
		"\nSOURCE is a directory, an archive of one (tar, also compressed by gzip, xz or zstd;\n"
		"'-': standard input), what 'docker save' wrote, or an OCI image layout.\n"
		"NAME may have a tag: alpine, alpine:3.19. Instead of it the first digits of a digest will do.\n"
		"\nOptions:\n"
		"      --root DIR          the store (default: /var/lib/sv, or a user's own)\n"
		"      --devices           import: make device nodes, too\n");
	return file_write(fd, text, used);
}

static int refuse(const char *name)
{
	const char *nearest = NULL;
	unsigned best = NEAREST_NONE;
	struct error error = { 0 };

	for (size_t i = 0; i < VERB_COUNT; i++) {
		unsigned distance = nearest_distance(name, strlen(name), verbs[i].name);

		if (distance < best) {
			best = distance;
			nearest = verbs[i].name;
		}
	}
	(void)error_set(&error, 0, "unknown verb 'image %.80s'", name);
	if (nearest != NULL)
		(void)error_hint(&error, 0, "did you mean '%s'? 'sv image --help' lists them all",
				 nearest);
	else
		(void)error_hint(&error, 0, "'sv image --help' lists the verbs");
	return error_print(&error);
}

int verb_image(int argc, char *const argv[])
{
	struct error error = { 0 };

	if (argc < 2) {
		(void)image_print_help(STDERR_FILENO);
		return EXIT_OF_SV;
	}
	if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
		int result = image_print_help(STDOUT_FILENO);

		if (result == 0)
			return 0;
		(void)error_set(&error, result, "cannot write to standard output");
		return error_print(&error);
	}
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	return refuse(argv[1]);
}
