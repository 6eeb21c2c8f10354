/* SPDX-License-Identifier: MIT */
/* See seccomp.h. */
#include "seccomp_internal.h"

#include "../init/lib/fd.h"
#include "../init/lib/sys.h"
#include "capabilities.h"
#include "file.h"

#include <errno.h>

#define POLICY_SIZE_MAX ((size_t)256 << 10)

/*
 * What init's child has still to do when the filter is installed (init/command.c, in this order).
 * Last, with no_new_privs, it stands right before the command is executed.
 */
static const int needed_last[] = { SYS_execve, SYS_exit_group };

/* Without, the kernel wants CAP_SYS_ADMIN for it: so it comes before that is given up. */
static const int needed_early[] = {
	SYS_setgroups,    SYS_setresgid,      SYS_setresuid, SYS_prctl,
	SYS_capget,       SYS_capset,         SYS_umask,     SYS_chdir,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_execve,    SYS_exit_group,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int read_policy(struct seccomp_policy *policy, const char *path, struct error *error)
{
	FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
	char *text = NULL;
	ssize_t size = fd < 0 ? fd : file_read(policy->arena, fd, POLICY_SIZE_MAX, &text);

	if (size < 0)
		return error_hint(error,
				  error_set(error, (int)size,
					    "cannot read the seccomp policy '%.200s'", path),
				  "--seccomp takes a file, 'default' or 'none'");
	return seccomp_policy_parse(policy, path, text, (size_t)size, error);
}

static int check_program(const struct seccomp_program *program,
			 const struct seccomp_request *request, struct error *error)
{
	struct error why = { 0 };
	int result =
		request->no_new_privs
			? seccomp_check_needed(program, needed_last, COUNT(needed_last), &why)
			: seccomp_check_needed(program, needed_early, COUNT(needed_early), &why);

	if (result == 0)
		return 0;
	return error_hint(error,
			  error_set(error, 0,
				    "the seccomp policy '%.200s' would keep the command from "
				    "starting: %s",
				    request->policy, why.text),
			  request->no_new_privs
				  ? "the command is started with execve and exit_group"
				  : "with --no-new-privs=false the filter comes before the user is "
				    "set: see docs/SECCOMP.md");
}

extern const char seccomp_filter[], seccomp_filter_end[];

static bool is_default(const struct seccomp_request *request)
{
	return request->policy == NULL || strcmp(request->policy, "default") == 0;
}

/* Compiled when sv was: what most containers have. False where it was cross-compiled and couldn't be. */
static bool take_built(struct seccomp_program *program, const struct seccomp_request *request)
{
	size_t size = (size_t)(seccomp_filter_end - seccomp_filter);

	if (size == 0 || !is_default(request) ||
	    request->capabilities != capabilities_combine(0, 0))
		return false;
	*program = (struct seccomp_program){
		.rows = (struct sock_filter *)(uintptr_t)seccomp_filter, /* nobody writes there */
		.count = size / sizeof(struct sock_filter),
	};
	return true;
}

int seccomp_build(struct seccomp_program *program, struct arena *arena,
		  const struct seccomp_request *request, struct error *error)
{
	struct seccomp_policy policy = { .arena = arena, .capabilities = request->capabilities };
	int result;

	*program = (struct seccomp_program){ NULL, 0 };
	if (request->policy != NULL && strcmp(request->policy, "none") == 0)
		return 0;
	if (take_built(program, request))
		return check_program(program, request, error);
	if (is_default(request))
		result = seccomp_policy_parse_default(&policy, error);
	else
		result = read_policy(&policy, request->policy, error);
	if (result == 0)
		result = seccomp_compile(&policy, program, error);
	return result < 0 ? result : check_program(program, request, error);
}
