/* SPDX-License-Identifier: MIT */
/*
 * The user's command: forked, given its identity, and executed. Between fork and exec the child only makes system
 * calls; it ends in exec or in _exit, and says itself why it could not execute.
 */
#include "init.h"

#include "lib/fd.h"
#include "lib/text.h"

#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define STATUS_FAILED         125 /* init could not prepare what was asked for */
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND      127

static const char *find_variable(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; *environment != NULL; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

/* execve says ENOENT for a file that is there when its interpreter (#! line, or ELF loader) is not. */
static int missing_interpreter(const char *path)
{
	struct stat status;

	return sys_fstatat(AT_FDCWD, path, &status, 0) == 0;
}

struct attempt {
	int number;    /* -errno of the failure to report */
	bool is_found; /* the file exists, whatever else is wrong */
};

static void try_path(const struct command *command, const char *path, struct attempt *attempt)
{
	int result = sys_execve(path, command->arguments, command->environment);

	if ((result == -ENOENT || result == -ENOTDIR) && !missing_interpreter(path))
		return;
	/* The first one that is there decides what is said: a later directory may still hold one that works. */
	if (!attempt->is_found)
		*attempt = (struct attempt){ result, true };
}

/* As a shell does: POSIX, Base Definitions 8.3, PATH. An empty entry is the working directory. */
static void search_path(const struct command *command, struct attempt *attempt)
{
	const char *name = command->arguments[0],
		   *entry = find_variable(command->environment, "PATH");
	size_t name_length = strlen(name);
	char path[PATH_MAX];

	if (entry == NULL)
		entry = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	for (;;) {
		size_t length = strcspn(entry, ":");

		if (length + 1 + name_length < sizeof(path)) {
			memcpy(path, entry, length);
			if (length > 0)
				path[length++] = '/';
			memcpy(path + length, name, name_length + 1);
			try_path(command, path, attempt);
			/* Nothing but "look on" is left for these; E2BIG and kin would be the same everywhere. */
			if (attempt->is_found && attempt->number != -EACCES &&
			    attempt->number != -ENOENT)
				return;
		}
		entry = strchr(entry, ':');
		if (entry == NULL)
			return;
		entry++;
	}
}

static _Noreturn void execute(const struct command *command, int socket)
{
	const char *name = command->arguments[0];
	struct attempt attempt = { .number = -ENOENT };
	enum plan_step step = PLAN_STEP_EXEC;

	if (strchr(name, '/') != NULL)
		try_path(command, name, &attempt);
	else if (name[0] != '\0')
		search_path(command, &attempt);
	if (attempt.is_found && attempt.number == -ENOENT)
		step = PLAN_STEP_INTERPRETER;
	(void)report_failure(socket, step, attempt.number, name);
	_exit(attempt.is_found ? STATUS_NOT_EXECUTABLE : STATUS_NOT_FOUND);
}

#define LISTEN_PID "LISTEN_PID="

/*
 * LISTEN_PID must be the command's own pid (sd_listen_fds(3)), where it was init's: under sv a 0 stands for that,
 * whose pid sv couldn't know.
 */
static void set_listen_pid(char **environment, bool under_sv)
{
	static char corrected[sizeof(LISTEN_PID) + TEXT_NUMBER_MAX] = LISTEN_PID;
	char *digits = corrected + sizeof(LISTEN_PID) - 1;

	while (*environment != NULL &&
	       strncmp(*environment, corrected, sizeof(LISTEN_PID) - 1) != 0)
		environment++;
	if (*environment == NULL)
		return;
	digits[text_number(digits, under_sv ? 0 : getppid())] = '\0';
	if (strcmp(*environment, corrected) != 0)
		return; /* meant for another process */
	digits[text_number(digits, getpid())] = '\0';
	*environment = corrected;
}

/* Moves the preserved descriptors to 3, 4 ... The report's socket stands there too, so it gets out of the way. */
static int set_descriptors(const struct command *command, int *socket)
{
	const struct plan *plan = command->plan;
	const int32_t *from = plan_rows(plan, plan->preserved);
	uint32_t count = plan->preserved.count;
	int result;

	if (count == 0)
		return 0;
	result = sys_fcntl(*socket, F_DUPFD_CLOEXEC, 3 + count);
	if (result < 0)
		return result;
	*socket = result;
	for (uint32_t i = 0; i < count; i++) {
		result = sys_dup3(from[i], (int)(3 + i), 0);
		if (result < 0)
			return result;
	}
	set_listen_pid(command->environment, true);
	return 0;
}

static int set_terminal(const struct command *command)
{
	unsigned ttys = command->plan != NULL ? command->plan->ttys : 0;
	pid_t self;

	if (command->terminal < 0)
		return 0;
	self = getpid();
	for (int fd = 0; fd < 3; fd++) {
		int result = ttys & 1U << fd ? sys_dup3(command->terminal, fd, 0) : 0;

		if (result < 0)
			return result;
	}
	if (command->new_session)
		return sys_ioctl(command->terminal, TIOCSCTTY, 0);
	return sys_ioctl(command->terminal, TIOCSPGRP, (uintptr_t)&self);
}

static int set_oom_score(const struct plan *plan)
{
	char number[TEXT_NUMBER_MAX];
	FD int fd = -1;
	ssize_t result;

	if (!(plan->flags & PLAN_OOM_SCORE))
		return 0;
	fd = mounts_open_proc(plan, "self/oom_score_adj", O_WRONLY);
	if (fd < 0)
		return fd;
	result = sys_write(fd, number, text_number(number, plan->oom_score_adj));
	return result < 0 ? (int)result : 0;
}

static int set_limits(const struct plan *plan)
{
	const struct plan_limit *row = plan_rows(plan, plan->limits);
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < plan->limits.count; i++, row++)
		result = sys_prlimit(0, (int)row->resource, &row->soft, NULL);
	return result;
}

_Static_assert(sizeof(struct plan_instruction) == sizeof(struct sock_filter) &&
		       offsetof(struct plan_instruction, value) == offsetof(struct sock_filter, k),
	       "the plan has the kernel's form");

/*
 * The filter. No flags: SPEC_ALLOW would undo a mitigation that the administrator asked for (since 5.16 the kernel has it off
 * by itself), TSYNC is for threads, and the child has one.
 */
static int set_filter(const struct plan *plan)
{
	const struct sock_fprog program = {
		.len = (unsigned short)plan->filter.count,
		.filter = (struct sock_filter *)(uintptr_t)plan_rows(plan, plan->filter),
	};

	return program.len == 0 ? 0 : sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* Without no_new_privs the kernel wants CAP_SYS_ADMIN for a filter: it comes while that is still there. */
static int set_filter_early(const struct plan *plan)
{
	return plan->flags & PLAN_NO_NEW_PRIVS ? 0 : set_filter(plan);
}

/* With it (init has set it for both), last of all: what the filter forbids can't be in the way of what comes before. */
static int set_filter_last(const struct plan *plan)
{
	return plan->flags & PLAN_NO_NEW_PRIVS ? set_filter(plan) : 0;
}

/* Of a user namespace of its own init has become user and group 0, all three of each, before it was executed. */
static bool has_id(const struct plan *plan, uint32_t id)
{
	return id == 0 && plan->flags & PLAN_USER_NAMESPACE;
}

static int set_groups(const struct plan *plan)
{
	int result = plan->flags & PLAN_KEEP_GROUPS
			     ? 0
			     : sys_setgroups(plan->groups.count, plan_rows(plan, plan->groups));

	if (result < 0 || has_id(plan, plan->gid))
		return result;
	return sys_setresgid(plan->gid, plan->gid, plan->gid);
}

static int set_user(const struct plan *plan)
{
	return has_id(plan, plan->uid) ? 0 : sys_setresuid(plan->uid, plan->uid, plan->uid);
}

static int set_workdir(const struct plan *plan)
{
	const char *path = plan_text(plan, plan->workdir);

	(void)sys_umask(plan->umask);
	return path[0] == '/' && path[1] == '\0' ? 0
						 : sys_chdir(path); /* init stands in the root */
}

/*
 * In this order: groups go before the user, and the user must be able to enter the workdir. What is called behind the
 * filter, sv's seccomp.c names: needed_early.
 */
static const struct {
	int (*set)(const struct plan *plan);
	enum plan_step step;
} identity[] = {
	{ set_limits, PLAN_STEP_LIMIT },        { rights_bound, PLAN_STEP_CAPABILITIES },
	{ set_filter_early, PLAN_STEP_FILTER }, { set_groups, PLAN_STEP_GROUPS },
	{ set_user, PLAN_STEP_USER },           { rights_take, PLAN_STEP_CAPABILITIES },
	{ set_workdir, PLAN_STEP_WORKDIR },
};

static _Noreturn void give_up(int socket, enum plan_step step, int number, const char *object)
{
	(void)report_failure(socket, step, number, object);
	_exit(STATUS_FAILED);
}

/*
 * Until init has let its rights and descriptors go: a command with CAP_SYS_PTRACE would take them from it. Every signal is
 * blocked, and the command is still init's user. Not CONT, which would undo a stop that a terminal has sent meanwhile: URG
 * does nothing else.
 */
static void wait_for_init(void)
{
	while (sys_rt_sigtimedwait(&(sys_sigset){ sys_sigbit(SIGURG) }, NULL, NULL) != SIGURG)
		;
}

static void prepare(const struct command *command, int *socket)
{
	const struct plan *plan = command->plan;
	const char *object = command->arguments[0];
	int result = set_terminal(command);

	if (plan == NULL)
		return; /* a terminal that can't be handed over is no reason not to start */
	if (result < 0)
		give_up(*socket, PLAN_STEP_TERMINAL, result, object);
	/* These need the root's descriptor, which a preserved one may replace; they in turn may exceed a limit. The score
	 * is a file in /proc, which Landlock may close. */
	result = set_oom_score(plan);
	if (result < 0)
		give_up(*socket, PLAN_STEP_OOM_SCORE, result, object);
	result = landlock_restrict(plan, &object);
	if (result < 0)
		give_up(*socket, PLAN_STEP_LANDLOCK, result, object);
	result = set_descriptors(command, socket);
	if (result < 0)
		give_up(*socket, PLAN_STEP_DESCRIPTORS, result, object);
	wait_for_init(); /* before there may be a filter, which should not have to allow it */
	for (size_t i = 0; i < sizeof(identity) / sizeof(identity[0]); i++) {
		result = identity[i].set(plan);
		if (result < 0) /* says which directory: what the user wrote */
			give_up(*socket, identity[i].step, result,
				identity[i].step == PLAN_STEP_WORKDIR
					? plan_text(plan, plan->workdir)
					: object);
	}
}

void command_let_go(pid_t command)
{
	(void)sys_kill(command, SIGURG);
}

static _Noreturn void child(const struct command *command)
{
	struct sys_sigaction ignore = { .handler = SYS_SIG_IGN };
	int socket = command->socket;

	if (command->new_session)
		(void)sys_setsid();
	else if (command->plan == NULL || command->terminal >= 0)
		(void)sys_setpgid(0, 0); /* else init does, for which the child waits */
	prepare(command, &socket);
	if (command->plan == NULL)
		set_listen_pid(command->environment, false);
	if (command->child_ignored)
		(void)sys_rt_sigaction(SIGCHLD, &ignore, NULL);
	(void)sys_rt_sigprocmask(SIG_SETMASK, &command->blocked, NULL);
	if (command->plan != NULL) {
		/* What is called from here on, sv's seccomp.c names: needed_last. */
		int result = set_filter_last(command->plan);

		if (result < 0)
			give_up(socket, PLAN_STEP_FILTER, result, command->arguments[0]);
	}
	execute(command, socket);
}

pid_t command_start(const struct command *command)
{
	long pid = sys_fork();

	if (pid == 0)
		child(command);
	if (pid < 0)
		return (pid_t)report_failure(command->socket, PLAN_STEP_FORK, (int)pid,
					     command->arguments[0]);
	/* On both sides: whichever comes first, a signal for the group finds it. EACCES: it has executed already. */
	if (!command->new_session)
		(void)sys_setpgid((pid_t)pid, (pid_t)pid);
	return (pid_t)pid;
}
