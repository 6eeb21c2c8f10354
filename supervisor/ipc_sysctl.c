/* SPDX-License-Identifier: MIT */
/*
 * A child enters the namespace (setns(2) with a pidfd, Linux 5.8) and writes; sv itself stays where it is. What became of
 * it stands in a page that both share.
 */
#include "ipc_sysctl.h"

#include "../init/lib/fd.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

static bool is_ours(const struct spec_sysctl *row)
{
	return strncmp(row->key, "net/", 4) != 0;
}

static int write_one(const struct spec_sysctl *row)
{
	char path[PATH_MAX];
	FD int fd = -1;
	ssize_t result;

	(void)snprintf(path, sizeof(path), "/proc/sys/%s", row->key);
	fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	result = sys_write(fd, row->value, strlen(row->value));
	return result < 0 ? (int)result : 0;
}

/* What the child tells through the page that both share. */
struct outcome {
	int number;
	size_t row;
};

/* Until Linux 5.19 only the host's root may write them; since then only the namespace's own, which is an id of the range. */
static int write_as_either(const struct spec_sysctl *row, const struct userns *userns)
{
	int result = write_one(row);

	if (result != -EACCES || !userns->is_wanted)
		return result;
	result = sys_setresgid(userns->gid, userns->gid, 0);
	if (result == 0)
		result = sys_setresuid(userns->uid, userns->uid, 0);
	if (result == 0)
		result = write_one(row);
	(void)sys_setresuid(0, 0, 0);
	(void)sys_setresgid(0, 0, 0);
	return result;
}

static _Noreturn void child(const struct spec *spec, int pidfd, const struct userns *userns,
			    struct outcome *outcome)
{
	outcome->number = sys_setns(pidfd, CLONE_NEWIPC);
	for (size_t i = 0; outcome->number == 0 && i < spec->sysctls.count; i++) {
		outcome->row = i;
		if (is_ours(&spec->sysctls.rows[i]))
			outcome->number = write_as_either(&spec->sysctls.rows[i], userns);
	}
	_exit(0);
}

int ipc_sysctl_write(const struct spec *spec, int pidfd, const struct userns *userns,
		     struct error *error)
{
	struct clone_args fork = { .exit_signal = SIGCHLD };
	struct outcome *outcome, end;
	bool has_any = false;
	siginfo_t info;
	long pid;

	for (size_t i = 0; i < spec->sysctls.count; i++)
		has_any |= is_ours(&spec->sysctls.rows[i]);
	if (!has_any)
		return 0;
	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (outcome == MAP_FAILED)
		return error_set(error, -ENOMEM, "cannot set the IPC namespace's sysctls");
	outcome->number = -ECHILD; /* stays where the child dies before it can say anything */
	pid = sys_clone3(&fork);
	if (pid == 0)
		child(spec, pidfd, userns, outcome);
	if (pid > 0)
		(void)sys_waitid(P_PID, (int)pid, &info, WEXITED);
	end = *outcome;
	(void)munmap(outcome, sizeof(*outcome));
	if (pid < 0)
		return error_set(error, (int)pid, "cannot fork");
	if (end.number == -ESRCH) /* init has failed and is gone: its record says why */
		return 0;
	if (end.number < 0)
		return error_set(error, end.number, "cannot set sysctl '%s'",
				 spec->sysctls.rows[end.row].key);
	return 0;
}
