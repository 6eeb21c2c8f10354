/* SPDX-License-Identifier: MIT */
/*
 * The child shares sv's memory until it executes init: copying it, page tables and all, would take as long as ten other calls.
 * (Not where its memory is limited, see has_memory_limit().) So it keeps to its stack, and makes system calls only. It enters its v1 groups (a process that moves itself doesn't wait
 * for an RCU grace period, see cgroup.h), lets go of all that sv has open, makes the namespaces, and waits for what
 * it is handed over: copies, whose numbers follow from their order since nothing else is open.
 */
#include "launch.h"

#include "../init/lib/fd.h"
#include "file.h"
#include "record.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef F_ADD_SEALS
# define F_ADD_SEALS   1033
# define F_SEAL_SEAL   0x0001
# define F_SEAL_SHRINK 0x0002
# define F_SEAL_GROW   0x0004
# define F_SEAL_WRITE  0x0008
#endif

#define CPUS_MAX 8192 /* NR_CPUS_RANGE_END of x86 */

extern const char embedded_init[], embedded_init_end[];

int launch_open_init(struct error *error)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	FD int fd = sys_memfd_create("init", flags | MFD_EXEC);
	int result;

	if (fd == -EINVAL) /* before Linux 6.3 */
		fd = sys_memfd_create("init", flags);
	if (fd == -EACCES)
		return error_hint(error,
				  error_set(error, fd, "cannot make an executable memfd for init"),
				  "sysctl vm.memfd_noexec=2 forbids it: set it to 1 or 0");
	if (fd < 0)
		return error_set(error, fd, "cannot make a memfd for init");
	result = file_write(fd, embedded_init, (size_t)(embedded_init_end - embedded_init));
	if (result == 0)
		result = sys_fcntl(fd, F_ADD_SEALS,
				   F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	if (result < 0)
		return error_set(error, result, "cannot seal init");
	return fd_take(&fd);
}

int launch_number(size_t index)
{
	return index == LAUNCH_PLAN ? PLAN_FD : PLAN_SOCKET_FD + (int)index;
}
_Static_assert(PLAN_FD == 3 && PLAN_SOCKET_FD == 4 && LAUNCH_PLAN == 0 && LAUNCH_INIT == 1,
	       "the lowest free numbers, one by one");

/* As many descriptors as one message takes: the kernel's SCM_MAX_FD is 253, and musl's sendmsg() has room for this many. */
#define MESSAGE_MAX 250

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(MESSAGE_MAX * sizeof(int))];
};

/* --- the child ------------------------------------------------------------------------------------------------------- */

/* The CPUs that sv is bound to (taskset). */
struct cpus {
	unsigned long mask[CPUS_MAX / (8 * sizeof(unsigned long))];
	int size; /* what the kernel uses of it, in bytes */
};

struct child {
	struct launch launch;
	struct cpus cpus;
};

static _Noreturn void fail_child(const struct launch *launch, enum plan_step step, int number)
{
	struct plan_record record = { .kind = PLAN_RECORD_FAILED, .step = step, .number = -number };

	(void)sys_write(launch->socket, &record, sizeof(record));
	_exit(EXIT_OF_SV);
}

/*
 * Waits for the message; its last part has a byte that isn't 0. The end of the socket: sv is gone, or has given up. Without the
 * libc's recvmsg(), which is a cancellation point of a thread that the child isn't.
 */
static void take_over(const struct launch *launch)
{
	char last = 0;

	while (last == 0) {
		union control control;
		struct iovec data = { .iov_base = &last, .iov_len = 1 };
		struct msghdr message = {
			.msg_iov = &data,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control.space),
		};

		if (SYS_CALL(SYS_recvmsg, launch->socket, &message, 0) != 1)
			_exit(EXIT_OF_SV);
		if (message.msg_flags & MSG_CTRUNC)
			fail_child(launch, PLAN_STEP_HAND_OVER, -EMFILE);
	}
}

/*
 * In the new user namespace the child is nobody until sv has written the maps, and an exec before that would lose every
 * capability.
 */
static void become_root(const struct launch *launch)
{
	int result = sys_setgroups(0, NULL);

	if (result == 0)
		result = sys_setresgid(0, 0, 0);
	if (result == 0)
		result = sys_setresuid(0, 0, 0);
	if (result < 0)
		fail_child(launch, PLAN_STEP_USER_NAMESPACE, result);
}

static void cpus_read(struct cpus *cpus)
{
	cpus->size = sys_sched_getaffinity(0, sizeof(cpus->mask), cpus->mask);
}

/*
 * Before Linux 6.2 a group with the cpuset controller gives whoever enters it all of the group's CPUs. Only where that
 * happened, since a binding, once set, also holds against CPUs that come later.
 */
static void cpus_keep(const struct cpus *cpus)
{
	struct cpus now;

	if (cpus->size <= 0)
		return;
	cpus_read(&now);
	if (now.size == cpus->size && memcmp(now.mask, cpus->mask, (size_t)now.size) != 0)
		(void)sys_sched_setaffinity(0, (size_t)cpus->size,
					    cpus->mask); /* EINVAL: none of them is the group's */
}

/* Those that must be there when the process begins; the others it makes itself, beside sv. */
#define NAMESPACES_OF_CLONE ((uint64_t)CLONE_NEWUSER | CLONE_NEWPID)

static void part(const struct launch *launch)
{
	struct plan_record parted = { .kind = PLAN_RECORD_PARTED };
	int result;

	/* sv's end of the socket: while a copy of that is open here, the socket would not end with sv. */
	(void)sys_close_range(PLAN_FD, PLAN_FD, 0);
	(void)sys_close_range(PLAN_FIRST_FREE, ~0U, 0);
	result = sys_unshare(launch->namespaces & ~NAMESPACES_OF_CLONE);
	if (result < 0)
		fail_child(launch, PLAN_STEP_NAMESPACES, result);
	if (launch->tells)
		(void)sys_write(launch->socket, &parted, sizeof(parted));
}

static void run_child(void *argument)
{
	const struct child *child = argument;
	const struct launch *launch = &child->launch;
	char name[] = "init", *arguments[] = { name, NULL }, *environment[] = { NULL };
	int result = cgroup_enter_self(launch->cgroup);

	if (result < 0)
		fail_child(launch, PLAN_STEP_CGROUP, result);
	cpus_keep(&child->cpus);
	part(launch);
	take_over(launch);
	if (launch->has_userns)
		become_root(launch);
	result = sys_fcntl(launch->socket, F_SETFD, 0); /* all else is open for init as it came */
	if (result == 0)
		result = sys_execveat(launch_number(LAUNCH_INIT), "", arguments, environment,
				      AT_EMPTY_PATH);
	fail_child(launch, PLAN_STEP_INIT, result);
}

/* --- sv -------------------------------------------------------------------------------------------------------------- */

static int fail_clone(int number, struct error *error)
{
	int result = error_set(error, number, "cannot create the container's namespaces");
	const char *hint = record_hint_of_namespaces(-number);

	return hint[0] != '\0' ? error_hint(error, result, "%s", hint) : result;
}

/* There the kernel may end the child for want of memory, and whoever shares its memory too: oom_kill_process(). */
static bool has_memory_limit(const struct cgroup *cgroup)
{
	for (unsigned i = 0; i < cgroup->count; i++)
		if (cgroup->rows[i].controllers & 1U << CGROUP_MEMORY)
			return true;
	return false;
}

pid_t launch_start(const struct launch *launch, int *pidfd, struct error *error)
{
	static _Alignas(16) char stack[32768];
	static struct child child;
	struct clone_args args = {
		.flags = (launch->namespaces & NAMESPACES_OF_CLONE) | CLONE_PIDFD |
			 (has_memory_limit(launch->cgroup) ? 0 : CLONE_VM),
		.exit_signal = SIGCHLD,
		.pidfd = (uintptr_t)pidfd,
		.stack = (uintptr_t)stack,
		.stack_size = sizeof(stack),
	};
	int cgroup_fd = cgroup_clone_fd(launch->cgroup);
	long pid;

	child = (struct child){ .launch = *launch, .cpus = { .size = 0 } };
	if (launch->cgroup->count > 0)
		cpus_read(&child.cpus);
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)cgroup_fd;
	}
	pid = sys_clone3_sharing(&args, run_child, &child);
	return pid < 0 ? fail_clone((int)pid, error) : (pid_t)pid;
}

int launch_hand_over(int socket, const int *rows, size_t count)
{
	ssize_t result = 0;

	for (size_t sent = 0, part; result >= 0 && sent < count; sent += part) {
		union control control = { .space = { 0 } };
		char last = 0;
		struct iovec data = { .iov_base = &last, .iov_len = 1 };
		struct msghdr message = { .msg_iov = &data,
					  .msg_iovlen = 1,
					  .msg_control = &control };

		part = count - sent < MESSAGE_MAX ? count - sent : MESSAGE_MAX;
		last = sent + part == count;
		message.msg_controllen = (socklen_t)CMSG_SPACE(part * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = (socklen_t)CMSG_LEN(part * sizeof(int));
		memcpy(CMSG_DATA(&control.header), rows + sent, part * sizeof(int));
		result = sys_sendmsg(socket, &message, MSG_NOSIGNAL);
	}
	return result < 0 ? (int)result : 0;
}
