/* SPDX-License-Identifier: MIT */
/*
 * init, PID 1 of a container or of a machine. This file reads like the boot order.
 *
 * Started by sv, it finds a sealed plan on PLAN_FD and carries it out: mounts, devices, terminal, command. Started by
 * anybody else, it runs the command that it was given (alone.c); started by the kernel, it runs the machine (machine.c).
 * Either way it then serves (serve.c) until the command ends, and ends with the command's status.
 */
#include "init.h"

#include "lib/fd.h"
#include "lib/text.h"
#include "serve.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define STATUS_FAILED 125

#ifndef F_GET_SEALS /* Linux 3.17; musl hides it without _GNU_SOURCE */
# define F_GET_SEALS 1034
#endif
#define SEALS \
 (0x0001 | 0x0002 | 0x0004 | 0x0008) /* F_SEAL_SEAL, SHRINK, GROW, WRITE: linux/fcntl.h */

static _Noreturn void fail_plan(int number, const char *reason)
{
	(void)report_failure(PLAN_SOCKET_FD, PLAN_STEP_PLAN, number, reason);
	_exit(STATUS_FAILED);
}

static const struct plan *load_plan(int seals)
{
	const char *reason = "";
	struct stat status;
	void *block;
	int result;

	if ((seals & SEALS) != SEALS)
		fail_plan(0, "it is not sealed");
	result = sys_fstat(PLAN_FD, &status);
	if (result < 0)
		fail_plan(result, "its size");
	if (status.st_size <= 0 || status.st_size > PLAN_SIZE_MAX)
		fail_plan(0, "it is no plan: wrong size");
	block = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, PLAN_FD, 0);
	if (block == MAP_FAILED)
		fail_plan(-ENOMEM, "its memory");
	if (plan_check(block, (size_t)status.st_size, &reason) < 0)
		fail_plan(0, reason);
	return block;
}

#define POINTERS_FEW 64

/* The pointers that execve wants, made from a table of strings: in `few` where they fit. */
static char **make_pointers(const struct plan *plan, struct plan_table table, char **few)
{
	const plan_string *row = plan_rows(plan, table);
	char **pointers = few;

	if (table.count >= POINTERS_FEW)
		pointers = mmap(NULL, (table.count + (size_t)1) * sizeof(char *),
				PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pointers == MAP_FAILED)
		fail_plan(-ENOMEM, "its memory");
	for (uint32_t i = 0; i < table.count; i++)
		pointers[i] = (char *)plan_text(plan, row[i]);
	pointers[table.count] = NULL;
	return pointers;
}

static void free_pointers(struct plan_table table, char *const *pointers)
{
	if (table.count >= POINTERS_FEW)
		(void)munmap((void *)pointers, (table.count + (size_t)1) * sizeof(char *));
}

static int set_names(const struct plan *plan)
{
	const char *host = plan_text(plan, plan->hostname),
		   *domain = plan_text(plan, plan->domainname);
	int result = host[0] == '\0' ? 0 : sys_sethostname(host, strlen(host));

	if (result < 0)
		return report_failure(PLAN_SOCKET_FD, PLAN_STEP_HOSTNAME, result, host);
	result = domain[0] == '\0' ? 0 : sys_setdomainname(domain, strlen(domain));
	if (result < 0)
		return report_failure(PLAN_SOCKET_FD, PLAN_STEP_DOMAINNAME, result, domain);
	return 0;
}

static int set_loopback(const struct plan *plan)
{
	int result = plan->flags & PLAN_LOOPBACK ? loopback_up() : 0;

	return result < 0 ? report_failure(PLAN_SOCKET_FD, PLAN_STEP_LOOPBACK, result, "lo") : 0;
}

/* A session keyring of its own: keys of whoever started sv stay outside. session-keyring(7) */
static int join_keyring(void)
{
	long result = sys_keyctl(1 /* KEYCTL_JOIN_SESSION_KEYRING: linux/keyctl.h */, 0);

	/* A kernel without keys; or a filter of somebody's that refuses them, to the command as well. */
	if (result >= 0 || result == -ENOSYS || result == -EPERM)
		return 0;
	return report_failure(PLAN_SOCKET_FD, PLAN_STEP_KEYRING, (int)result, "session");
}

/* Waits for sv's byte, where it still does something in here. The end of the socket: sv is gone. */
static void wait_for_release(const struct plan *plan)
{
	char byte;

	if (plan->flags & PLAN_WAIT && sys_read(PLAN_SOCKET_FD, &byte, 1) != 1)
		_exit(STATUS_FAILED);
}

static int enter_cgroup_namespace(const struct plan *plan)
{
	int result = plan->flags & PLAN_CGROUP_NAMESPACE ? sys_unshare(CLONE_NEWCGROUP) : 0;

	return result < 0 ? report_failure(PLAN_SOCKET_FD, PLAN_STEP_CGROUP_NAMESPACE, result,
					   "cgroup")
			  : 0;
}

/* The namespace is for init's children: the command, and not init itself. time_namespaces(7) */
static int make_time_namespace(const struct plan *plan)
{
	static const char monotonic[] = "monotonic ", boottime[] = "boottime ";
	char text[96];
	size_t length = 0;
	FD int fd = -1;
	ssize_t result;

	if (!(plan->flags & PLAN_TIME_NAMESPACE))
		return 0;
	memcpy(text, monotonic, sizeof(monotonic) - 1);
	length = sizeof(monotonic) - 1;
	length += text_number(text + length, plan->monotonic_offset);
	memcpy(text + length, " 0\n", 3);
	length += 3;
	memcpy(text + length, boottime, sizeof(boottime) - 1);
	length += sizeof(boottime) - 1;
	length += text_number(text + length, plan->boottime_offset);
	memcpy(text + length, " 0\n", 3);
	length += 3;
	result = sys_unshare(CLONE_NEWTIME);
	if (result == 0)
		result = fd = mounts_open_proc(plan, "self/timens_offsets", O_WRONLY);
	if (result >= 0)
		result = sys_write(fd, text, length);
	return result < 0 ? report_failure(PLAN_SOCKET_FD, PLAN_STEP_TIME_NAMESPACE, (int)result,
					   "offsets")
			  : 0;
}

static int make_root_read_only(const struct plan *plan)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
	int result = 0;

	if (plan->flags & PLAN_ROOT_READ_ONLY)
		result = sys_mount_setattr(plan->root_fd, "", AT_EMPTY_PATH, &attributes);
	return result < 0 ? report_failure(PLAN_SOCKET_FD, PLAN_STEP_READ_ONLY, result, "/") : 0;
}

static int boot(const struct plan *plan, struct console *console)
{
	struct kernels kernels = { -1, -1 };
	FD int initramfs = -1;

	if (set_names(plan) < 0 || set_loopback(plan) < 0 || join_keyring() < 0)
		return -1;
	if (root_enter(plan, &initramfs) < 0)
		return -1;
	if (mounts_make(plan, PLAN_PHASE_BASE, &kernels) < 0 || mounts_make_nodes(plan) < 0 ||
	    mounts_make_links(plan) < 0)
		return -1;
	if (root_leave(plan, &initramfs) < 0 || mounts_make(plan, PLAN_PHASE_USER, &kernels) < 0 ||
	    mounts_make_workdir(plan) < 0)
		return -1;
	if (mounts_write_sysctls(plan) < 0 || mounts_mask(plan, &kernels) < 0 ||
	    console_open(plan, console) < 0)
		return -1;
	wait_for_release(plan);
	if (enter_cgroup_namespace(plan) < 0 ||
	    mounts_make(plan, PLAN_PHASE_RELEASED, &kernels) < 0)
		return -1;
	if (make_root_read_only(plan) < 0 || make_time_namespace(plan) < 0)
		return -1;
	return 0;
}

/*
 * Everything but what init serves with. What was for the command alone, it has: a descriptor of the host's terminal left in
 * /proc/1/fd would be a way out, and a pipe held open here would hide its end from the other side.
 */
static void let_go(const struct plan *plan, const struct console *console, int signals)
{
	const int kept[] = { PLAN_SOCKET_FD, plan->held_fd, signals, console->slave,
			     plan->flags & PLAN_SHARED_PIDS ? plan->procs_fd : -1 };

	for (unsigned from = 0;;) {
		unsigned next = ~0U;

		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (kept[i] >= 0 && (unsigned)kept[i] >= from && (unsigned)kept[i] < next)
				next = (unsigned)kept[i];
		if (next > from)
			(void)sys_close_range(from, next == ~0U ? next : next - 1, 0);
		if (next == ~0U)
			return;
		from = next + 1;
	}
}

/* Once the command runs nothing of it is needed, and it may be large. */
static void unmap_plan(const struct plan *plan, const struct command *command)
{
	free_pointers(plan->arguments, command->arguments);
	free_pointers(plan->environment, command->environment);
	(void)munmap((void *)plan, plan->size);
}

static int run_plan(const struct plan *plan)
{
	struct console console;
	struct command command = { .plan = plan,
				   .socket = PLAN_SOCKET_FD,
				   .blocked = plan->blocked };
	char *few[2][POINTERS_FEW];
	struct settings settings;
	int signals, procs, status, result = 0;
	pid_t pid;

	if (boot(plan, &console) < 0)
		return STATUS_FAILED;
	signals = signals_open();
	if (signals < 0) {
		(void)report_failure(PLAN_SOCKET_FD, PLAN_STEP_SIGNALS, signals, "init");
		return STATUS_FAILED;
	}
	if (report_record(PLAN_SOCKET_FD, PLAN_RECORD_READY, 0, console.master) < 0)
		return STATUS_FAILED;
	command.arguments = make_pointers(plan, plan->arguments, few[0]);
	command.environment = make_pointers(plan, plan->environment, few[1]);
	command.child_ignored = plan->flags & PLAN_CHILD_IGNORED;
	command.terminal = console.slave;
	/* The command inherits it, where it is to be so; init gets it at any rate, but a filter may have to come before. */
	if (plan->flags & PLAN_NO_NEW_PRIVS)
		result = rights_gain_no_more();
	if (result < 0) {
		(void)report_failure(PLAN_SOCKET_FD, PLAN_STEP_FILTER, result, "no_new_privs");
		return STATUS_FAILED;
	}
	pid = command_start(&command);
	if (pid < 0)
		return STATUS_FAILED;
	let_go(plan, &console, signals);
	rights_of_init();
	if (!(plan->flags & PLAN_NO_NEW_PRIVS))
		(void)rights_gain_no_more(); /* else an exec would give root the bounding set again */
	command_let_go(pid);
	procs = plan->flags & PLAN_SHARED_PIDS ? plan->procs_fd : -1;
	unmap_plan(plan, &command);
	settings_default(&settings);
	status = serve(&(struct service){
		.settings = &settings,
		.procs = procs,
		.socket = PLAN_SOCKET_FD,
		.signals = signals,
		.terminal = -1,
		.command = pid,
	});
	(void)report_record(PLAN_SOCKET_FD, PLAN_RECORD_EXITED, status, -1);
	return status;
}

/* What init must be before it touches anything: dead when sv dies, of no use to a debugger, leader of a session. */
static void become_first(const struct plan *plan)
{
	/* With the host's PIDs init must live on for a moment, to end what would outlive it (serve.c). */
	if (plan->flags & PLAN_SHARED_PIDS)
		(void)sys_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	else
		(void)sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)sys_prctl(PR_SET_NAME, (uintptr_t) "init", 0, 0,
			0); /* else it is named for a descriptor's number */
	(void)sys_setsid();
	(void)sys_close_range(PLAN_FD, ~0U, CLOSE_RANGE_CLOEXEC);
}

int main(int argc, char **argv, char **environment)
{
	int seals = argc == 1 ? sys_fcntl(PLAN_FD, F_GET_SEALS, 0) : -1;
	const struct plan *plan;

	if (seals < 0) {
		bool is_first = getpid() == 1;

		if (is_first && is_machine())
			run_machine();
		_exit(run_alone(argc, argv, environment, is_first));
	}
	plan = load_plan(seals);
	become_first(plan);
	_exit(run_plan(plan));
}
