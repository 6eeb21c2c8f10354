/* SPDX-License-Identifier: MIT */
/*
 * `sv image build`: carries a recipe out in one container over the image that it begins with, and keeps what that has written as one
 * more layer of a new image. The container's folder is locked by this process throughout; each RUN is a `sv run` of its own, by
 * a child, in that folder.
 */
#include "verbs.h"

#include "../init/lib/fd.h"
#include "build_copy.h"
#include "container.h"
#include "file.h"
#include "image_import.h"
#include "layer.h"
#include "overlay.h"
#include "recipe.h"
#include "store_verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECIPE_MAX ((size_t)1 << 20)

struct build {
	struct store *store;
	struct container container;
	struct image image;
	struct recipe recipe;
	const char *recipe_path; /* for messages */
	int context;
	sys_sigset signals, before; /* blocked, and as they were */
	int stopped;                /* by this one */
	bool has_command;           /* the recipe has a CMD */
};

/* What a folder's recipe is called. */
static const char *const recipe_names[] = { "Recipe", "Containerfile", "Dockerfile" };

static int fail(const struct build *build, const struct recipe_step *step, int number,
		const char *what, struct error *error)
{
	return error_set(error, number, "%s:%zu: %s", build->recipe_path, step->line, what);
}

/* --- the container ------------------------------------------------------------------------------------------------------ */

static int make_container(struct build *build, struct error *error)
{
	struct container *container = &build->container;
	const struct image_layers *layers = &build->image.layers;
	unsigned char bytes[6] = { 0 };
	struct stat top;

	if (sys_getrandom(bytes, sizeof(bytes)) != sizeof(bytes))
		return error_set(error, 0, "cannot make up a name: no random bytes");
	(void)snprintf(container->name, sizeof(container->name), "build-%02x%02x%02x%02x%02x%02x",
		       bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
	container->store = build->store;
	if (layers->count == 0 || sys_fstat(layers->rows[layers->count - 1].fs, &top) < 0)
		return error_set(error, 0, "image '%s' has no layers", build->image.name);
	for (size_t i = 0; i < layers->count; i++) {
		const char **row = ARENA_APPEND(&container->memory, &container->layers);

		if (row == NULL)
			return error_set(error, -ENOMEM, "cannot make a container");
		*row = layers->rows[i].hex;
	}
	return container_make(container, &top, error);
}

static int begin(struct build *build, const struct recipe_step *step, struct error *error)
{
	struct error why = { .number = 0 };
	int result = store_lock(build->store, LOCK_SH, error);

	if (result < 0)
		return result;
	result = image_find(build->store, step->words.rows[0], &build->image, &why);
	if (result == 0)
		result = make_container(build, error);
	store_unlock(build->store);
	build->image.created = NULL;
	if (error_is_set(&why))
		return error_hint(error, fail(build, step, -why.number, why.text, error), "%s",
				  why.hint);
	return result;
}

/* Overlay refuses to mount once more what was mounted without ever being brought to the disk; nothing is in there that is needed. */
static int renew_work(const struct build *build, struct error *error)
{
	int result = store_remove_tree(build->container.fd, "work");

	if (result == 0)
		result = sys_mkdirat(build->container.fd, "work", 0700);
	return result < 0 ? error_set(error, result, "cannot make the container's work folder") : 0;
}

/* --- RUN ---------------------------------------------------------------------------------------------------------------- */

/* The words of `sv run`: the store, the name, and what the recipe has said so far. */
static const char **make_words(struct build *build, int *count)
{
	const struct image_config *config = &build->image.config;
	const char **words =
		arena_take(&build->recipe.memory, (config->env.count * 2 + 16) * sizeof(*words));
	int used = 0;

	if (words == NULL)
		return NULL;
	words[used++] = "run";
	words[used++] = "--root";
	words[used++] = build->store->path;
	words[used++] = "--name";
	words[used++] = build->container.name;
	words[used++] = "--hostname";
	words[used++] = "build";
	words[used++] = "--workdir";
	words[used++] = config->workdir != NULL ? config->workdir : "/";
	if (config->user != NULL) {
		words[used++] = "--user";
		words[used++] = config->user;
	}
	for (size_t i = 0; i < config->env.count; i++) {
		words[used++] = "--env";
		words[used++] = config->env.rows[i];
	}
	*count = used;
	return words;
}

static _Noreturn void run_child(const struct build *build, pid_t parent, const char **words,
				int count, const struct recipe_step *step)
{
	FD int nothing = sys_openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC, 0);

	(void)sys_prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent) /* it has ended before it was set */
		_exit(EXIT_OF_SV);
	(void)sys_dup3(nothing, 0, 0);
	(void)sys_rt_sigprocmask(SIG_SETMASK, &build->before, NULL);
	_exit(verb_run_locked(count, (char *const *)words, step->words.rows));
}

/* What asks this process to end is the child's to hear, too. */
static void wait_for_child(struct build *build, pid_t child, siginfo_t *info)
{
	const sys_sigset set = build->signals | sys_sigbit(SIGCHLD);

	memset(info, 0, sizeof(*info));
	while (sys_waitid(P_PID, child, info, WEXITED | WNOHANG) == 0 && info->si_pid == 0) {
		int signal = sys_rt_sigtimedwait(&set, NULL, NULL);

		if (signal <= 0 || signal == SIGCHLD)
			continue;
		build->stopped = signal;
		(void)sys_kill(child, signal);
	}
}

static int run(struct build *build, const struct recipe_step *step, struct error *error)
{
	const char *end = NULL, **row;
	struct recipe_step command = *step;
	int count;
	const char **words = make_words(build, &count);
	siginfo_t info;
	pid_t parent;
	long child;

	row = ARENA_APPEND(&build->recipe.memory, &command.words);
	if (words == NULL || row == NULL)
		return fail(build, step, -ENOMEM, "cannot run it", error);
	*row = end;
	parent = getpid();
	child = sys_fork();
	if (child == 0)
		run_child(build, parent, words, count, &command);
	if (child < 0)
		return fail(build, step, (int)child, "cannot run it", error);
	wait_for_child(build, (pid_t)child, &info);
	if (build->stopped != 0)
		return 0;
	if (info.si_code != CLD_EXITED || info.si_status != 0) {
		char text[64];

		(void)snprintf(text, sizeof(text), "RUN ended with %s%d",
			       info.si_code == CLD_EXITED ? "status " : "signal ", info.si_status);
		return fail(build, step, 0, text, error);
	}
	return renew_work(build, error);
}

/* --- COPY --------------------------------------------------------------------------------------------------------------- */

static int copy(struct build *build, const struct recipe_step *step, struct error *error)
{
	const char *workdir = build->image.config.workdir;
	struct error why = { .number = 0 };
	pid_t helper = 0;
	FD int root = container_open_whole(&build->container, &helper, error);
	int result = root < 0 ? -1
			      : build_copy(build->context, root, step,
					   workdir != NULL ? workdir : "", &why);

	fd_close(&root);
	overlay_reap(&helper);
	if (error_is_set(&why))
		return fail(build, step, -why.number, why.text, error);
	return result < 0 ? result : renew_work(build, error);
}

/* --- what is only said -------------------------------------------------------------------------------------------------- */

static int set_variables(struct build *build, const struct recipe_step *step)
{
	struct image_words *env = &build->image.config.env;

	for (size_t i = 0; i < step->words.count; i++) {
		const char *word = step->words.rows[i];
		size_t name = strcspn(word, "=") + 1;
		const char **row = NULL;

		for (size_t k = 0; k < env->count && row == NULL; k++)
			if (strncmp(env->rows[k], word, name) == 0)
				row = &env->rows[k];
		if (row == NULL)
			row = ARENA_APPEND(&build->image.memory, env);
		if (row == NULL)
			return -ENOMEM;
		*row = word;
	}
	return 0;
}

static int set_workdir(struct build *build, const char *word)
{
	struct image_config *config = &build->image.config;
	const char *above = word[0] == '/' || config->workdir == NULL ? "" : config->workdir;
	size_t length = strlen(above) + strlen(word) + 2;
	char *path = arena_take(&build->image.memory, length);

	if (path == NULL)
		return -ENOMEM;
	(void)snprintf(path, length, "%s%s%s", above, word[0] == '/' ? "" : "/", word);
	config->workdir = path;
	return 0;
}

static int say(struct build *build, const struct recipe_step *step)
{
	struct image_config *config = &build->image.config;
	const struct image_words words = { step->words.rows, step->words.count };

	switch (step->kind) {
	case RECIPE_ENV:
		return set_variables(build, step);
	case RECIPE_WORKDIR:
		return set_workdir(build, words.rows[0]);
	case RECIPE_USER:
		config->user = words.rows[0];
		return 0;
	case RECIPE_CMD:
		config->command = words;
		build->has_command = true;
		return 0;
	case RECIPE_ENTRYPOINT: /* the base image's command was meant for its own */
		config->entrypoint = words;
		if (!build->has_command)
			config->command = (struct image_words){ NULL, 0 };
		return 0;
	case RECIPE_FROM:
	case RECIPE_COPY:
	case RECIPE_RUN:
	case RECIPE_KIND_COUNT:
		break;
	}
	return 0;
}

/* --- the recipe --------------------------------------------------------------------------------------------------------- */

static int stop_at_signal(const struct build *build, struct error *error)
{
	static const struct timespec now = { .tv_sec = 0 };
	int signal = build->stopped != 0 ? build->stopped
					 : sys_rt_sigtimedwait(&build->signals, NULL, &now);

	if (signal < 0)
		return 0;
	error->status = EXIT_SIGNAL + signal;
	return error_set(error, 0, "stopped by signal %d: nothing was built", signal);
}

static int carry_out(struct build *build, struct error *error)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < build->recipe.steps.count; i++) {
		const struct recipe_step *step = &build->recipe.steps.rows[i];

		if (stop_at_signal(build, error) < 0)
			return -1;
		error_say("%s:%zu: %s %.200s", build->recipe_path, step->line,
			  recipe_keyword(step->kind), step->text);
		if (step->kind == RECIPE_FROM)
			result = begin(build, step, error);
		else if (step->kind == RECIPE_RUN)
			result = run(build, step, error);
		else if (step->kind == RECIPE_COPY)
			result = copy(build, step, error);
		else if (say(build, step) < 0)
			result = fail(build, step, -ENOMEM, "cannot keep it", error);
	}
	return result < 0 ? result : stop_at_signal(build, error);
}

static int keep(struct build *build, const char *name, struct error *error)
{
	FD int upper = container_open_upper(&build->container);
	struct store_work work;
	int result = upper < 0 ? error_set(error, upper, "cannot read what was built")
			       : image_name(build->image.name, name, error);

	if (result == 0)
		result = store_work_begin(build->store, &work, error);
	if (result < 0)
		return result;
	result = layer_add_upper(build->store, &work, upper, &build->image, error);
	if (result == 0)
		result = image_write(build->store, &work, &build->image, error);
	store_work_end(build->store, &work);
	return result;
}

/* A folder with a recipe in it, or a recipe with its folder around it. */
static int open_recipe(struct build *build, const char *word, struct error *error)
{
	char *path = arena_copy(&build->recipe.memory, word, strlen(word));
	char *slash = path != NULL ? strrchr(path, '/') : NULL;
	int file = -ENOENT;

	build->recipe_path = word;
	build->context = sys_openat(AT_FDCWD, word, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	for (size_t i = 0; build->context >= 0 && file == -ENOENT &&
			   i < sizeof(recipe_names) / sizeof(recipe_names[0]);
	     i++) {
		file = sys_openat(build->context, recipe_names[i], O_RDONLY | O_CLOEXEC, 0);
		build->recipe_path = recipe_names[i];
	}
	if (build->context != -ENOTDIR)
		return file < 0 ? error_hint(error,
					     error_set(error,
						       build->context < 0 ? build->context : file,
						       "cannot open a recipe in '%s'", word),
					     "it is called Recipe, Containerfile or Dockerfile")
				: file;
	if (slash != NULL)
		slash[slash == path] = '\0';
	build->context = sys_openat(AT_FDCWD, slash != NULL ? path : ".",
				    O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	file = sys_openat(AT_FDCWD, word, O_RDONLY | O_CLOEXEC, 0);
	return file < 0 || build->context < 0 ? error_set(error, file < 0 ? file : build->context,
							  "cannot open recipe '%s'", word)
					      : file;
}

static int read_recipe(struct build *build, const char *word, struct error *error)
{
	FD int file = open_recipe(build, word, error);
	char *text = NULL;
	ssize_t size;

	if (file < 0)
		return file;
	size = file_read(&build->recipe.memory, file, RECIPE_MAX, &text);
	if (size < 0)
		return error_set(error, (int)size, "cannot read recipe '%s'", word);
	return recipe_parse(&build->recipe, build->recipe_path, text, (size_t)size, error);
}

/* Signals wait until all is unmade, or the next step would begin. */
static int build_image(struct store *store, const char *name, const char *word, struct error *error)
{
	static struct build build; /* one a process */
	struct error no_name = { .number = 0 };
	char checked[IMAGE_NAME_SIZE];
	sys_sigset blocked;
	int result;

	build = (struct build){ .store = store,
				.container = { .fd = -1 },
				.context = -1,
				.signals = image_import_signals() };
	image_init(&build.image);
	blocked = build.signals | sys_sigbit(SIGCHLD);
	(void)sys_rt_sigprocmask(SIG_BLOCK, &blocked, &build.before);
	if (image_name(checked, name, &no_name) < 0) {
		*error = no_name;
		return -1;
	}
	result = read_recipe(&build, word, error);
	if (result == 0)
		result = carry_out(&build, error);
	if (result == 0)
		result = keep(&build, name, error);
	if (result == 0)
		error_say("image %s is %.12s", build.image.name, build.image.digest);
	(void)container_end(&build.container, true);
	fd_close(&build.context);
	image_free(&build.image);
	recipe_free(&build.recipe);
	return result;
}

int verb_image_build(int argc, char *const argv[])
{
	static struct error error;
	struct store_verb verb = { .name = "image build",
				   .usage = "sv image build [--root DIR] NAME RECIPE|DIR",
				   .least = 2,
				   .most = 2,
				   .makes = true };

	if (store_verb_begin(&verb, argc, argv, &error) == 0)
		(void)build_image(&verb.store, verb.words[0], verb.words[1], &error);
	store_verb_end(&verb);
	return error_is_set(&error) ? error_print(&error) : 0;
}
