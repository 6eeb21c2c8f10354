/* SPDX-License-Identifier: MIT */
/*
 * plan INIT ROOT VOLUME: gives init plans, good ones and bad ones, and says for each kind whether init did what it should:
 * "ok - NAME" or "not ok - NAME". ROOT has the program /true.
 *
 * Whatever a bad plan makes init do stays in namespaces of its own: it gets detached clones of two folders, and no other
 * descriptor of the host's. A trial has ten seconds.
 */
#include "helper.h"

#include "init/lib/fd.h"
#include "supervisor/options.h"
#include "supervisor/plan_build.h"
#include "supervisor/record.h"

#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define ROOT_FD         20
#define VOLUME_FD       21
#define PRESERVED       22 /* so many that the last one takes the root's number in the command */
#define PRESERVED_COUNT (ROOT_FD - 2)
#define SEALS           (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define TRIAL_MS        10000

static const char *init, *root, *volume;
static struct plan *plan;
static size_t plan_size;

/* What came of one trial. */
struct outcome {
	bool is_ready, has_terminal, has_failed, has_exited;
	bool hung, crashed;
	int status; /* of init */
	struct plan_record failure, exit;
};

static void point(bool good, const char *name)
{
	printf("%sok - %s\n", good ? "" : "not ", name);
}

static void tell(const struct outcome *outcome)
{
	printf("# ready %d, terminal %d, hung %d, crashed %d, status %d, exited %d: %d, failed %d: step %u '%s' errno %d\n",
	       outcome->is_ready, outcome->has_terminal, outcome->hung, outcome->crashed,
	       outcome->status, outcome->has_exited, outcome->exit.value, outcome->has_failed,
	       outcome->failure.step, outcome->failure.object, outcome->failure.number);
}

/* A private clone of the folder, at that number. */
static void open_clone(const char *path, int number)
{
	struct mount_attr attributes = { .propagation = MS_PRIVATE };
	FD int tree = (int)check(path, sys_open_tree(AT_FDCWD, path,
						     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));

	check("mount_setattr", sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attributes));
	check("dup3", sys_dup3(tree, number, O_CLOEXEC));
}

/* The plan in question, and what is to be there for it. */
struct trial {
	const void *block;
	size_t size, memory_size; /* of the block; of the memfd where that is to be larger */
	unsigned seals;
	bool is_released;
};

static int make_memfd(const struct trial *trial)
{
	FD int fd = (int)check("memfd", sys_memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING));

	if (sys_write(fd, trial->block, trial->size) != (ssize_t)trial->size)
		give_up("write", -EIO);
	if (trial->memory_size > trial->size)
		(void)ftruncate(fd, (off_t)trial->memory_size);
	check("seal", sys_fcntl(fd, F_ADD_SEALS, trial->seals));
	return fd_take(&fd);
}

static _Noreturn void child(int plan_fd, int socket)
{
	static char name[] = "init";
	char *arguments[] = { name, NULL }, *environment[] = { NULL };
	static const sys_sigset all = SYS_SIGSET_ALL;

	(void)sys_rt_sigprocmask(SIG_SETMASK, &all, NULL);
	if (sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(99);
	/* Above, so that neither stands where the other is to go. */
	plan_fd = sys_fcntl(plan_fd, F_DUPFD, PRESERVED + PRESERVED_COUNT);
	socket = sys_fcntl(socket, F_DUPFD, PRESERVED + PRESERVED_COUNT);
	(void)sys_close_range(5, ~0U, CLOSE_RANGE_CLOEXEC);
	for (int fd = ROOT_FD; fd < PRESERVED + PRESERVED_COUNT; fd++)
		(void)sys_fcntl(fd, F_SETFD, 0);
	(void)sys_dup3(plan_fd, PLAN_FD, 0);
	(void)sys_dup3(socket, PLAN_SOCKET_FD, 0);
	(void)sys_execve(init, arguments, environment);
	_exit(98);
}

static void take_records(int socket, struct outcome *outcome)
{
	struct plan_record record;
	int fd;

	while (record_receive(socket, &record, &fd) > 0) {
		if (record.kind == PLAN_RECORD_READY) {
			outcome->is_ready = true;
			outcome->has_terminal = fd >= 0;
		} else if (record.kind == PLAN_RECORD_FAILED && !outcome->has_failed) {
			outcome->has_failed = true;
			outcome->failure = record;
		} else if (record.kind == PLAN_RECORD_EXITED) {
			outcome->has_exited = true;
			outcome->exit = record;
		}
		fd_close(&fd);
	}
}

static struct outcome try_plan(const struct trial *trial)
{
	struct outcome outcome = { 0 };
	int pair[2], pidfd = -1;
	FD int plan_fd = make_memfd(trial);
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
			 CLONE_NEWCGROUP | CLONE_PIDFD,
		.exit_signal = SIGCHLD,
		.pidfd = (uintptr_t)&pidfd,
	};
	struct pollfd wait = { .events = POLLIN };
	siginfo_t info = { 0 };
	long pid;

	check("socketpair", sys_socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, pair));
	open_clone(root, ROOT_FD);
	open_clone(volume, VOLUME_FD);
	if (trial->is_released)
		check("release", sys_write(pair[0], "", 1));
	pid = check("clone3", sys_clone3(&args));
	if (pid == 0)
		child(plan_fd, pair[1]);
	(void)sys_close(pair[1]);
	if (!trial->is_released)
		fd_close(&pair[0]);
	wait.fd = pidfd;
	if (sys_poll(&wait, 1, TRIAL_MS) <= 0) {
		outcome.hung = true;
		(void)sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	}
	check("waitid", sys_waitid(P_PIDFD, pidfd, &info, WEXITED | __WALL));
	outcome.crashed = info.si_code != CLD_EXITED;
	outcome.status = info.si_status;
	if (pair[0] >= 0)
		take_records(pair[0], &outcome);
	fd_close(&pair[0]);
	(void)sys_close(pidfd);
	(void)sys_close(ROOT_FD);
	(void)sys_close(VOLUME_FD);
	return outcome;
}

static struct outcome try_block(const void *block, size_t size)
{
	return try_plan(&(struct trial){
		.block = block, .size = size, .seals = SEALS, .is_released = true });
}

static bool is_refused(const struct outcome *outcome, const char *words)
{
	bool good = !outcome->hung && !outcome->crashed && !outcome->is_ready &&
		    outcome->has_failed && outcome->failure.step == PLAN_STEP_PLAN &&
		    strstr(outcome->failure.object, words) != NULL && outcome->status == 125;

	if (!good)
		tell(outcome);
	return good;
}

/* Refused, failed with a report, or carried out: whatever a changed plan asks for, sv is told how it ended. */
static bool is_in_order(const struct outcome *outcome)
{
	if (outcome->hung || outcome->crashed)
		return false;
	if (!outcome->is_ready)
		return outcome->has_failed && outcome->status == 125;
	return outcome->has_exited && outcome->status == (outcome->exit.value & 0xff);
}

static void try_good(void)
{
	struct outcome outcome = try_block(plan, plan_size);
	bool good = is_in_order(&outcome) && outcome.is_ready && outcome.has_terminal &&
		    !outcome.has_failed && outcome.status == 0;

	if (!good)
		tell(&outcome);
	point(good, "a good plan is carried out");
}

static void try_unsealed(void)
{
	static const unsigned each[] = { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE,
					 SEALS };
	bool good = true;

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		struct trial trial = { .block = plan,
				       .size = plan_size,
				       .seals = SEALS & ~each[i],
				       .is_released = true };
		struct outcome outcome = try_plan(&trial);

		good = is_refused(&outcome, "not sealed") && good;
	}
	point(good, "a plan that lacks one of the four seals is refused");
}

static void try_sizes(void)
{
	struct trial large = { .block = plan,
			       .size = plan_size,
			       .memory_size = (size_t)PLAN_SIZE_MAX + 1,
			       .seals = SEALS,
			       .is_released = true };
	struct outcome outcome;
	bool good = true;

	for (size_t size = 0; size < plan_size; size += size < sizeof(*plan) ? 8 : 31) {
		outcome = try_block(plan, size);
		good = is_refused(&outcome, size < sizeof(*plan) ? "wrong size" : "cut short") &&
		       good;
	}
	point(good, "a plan that is cut short is refused");
	outcome = try_plan(&large);
	point(is_refused(&outcome, "wrong size"), "so is one that is too large");
	large.memory_size = plan_size + 1;
	outcome = try_plan(&large);
	point(is_refused(&outcome, "cut short"), "or has a byte too much");
}

static void try_garbage(void)
{
	static unsigned char garbage[8192];
	struct outcome outcome = try_block(garbage, sizeof(garbage));
	bool good = is_refused(&outcome, "wrong first bytes");
	unsigned seed = 1;

	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof(garbage); i++) {
			seed = seed * 1103515245 + 12345;
			garbage[i] = (unsigned char)(seed >> 16);
		}
		outcome = try_block(garbage, sizeof(garbage));
		good = is_refused(&outcome, "wrong first bytes") && good;
		/* and with a head that looks right */
		memcpy(garbage, plan, offsetof(struct plan, size));
		((struct plan *)(void *)garbage)->size = sizeof(garbage);
		outcome = try_block(garbage, sizeof(garbage));
		good = is_refused(&outcome, "") && good;
	}
	point(good, "garbage is refused");
	plan->version++;
	outcome = try_block(plan, plan_size);
	plan->version--;
	point(is_refused(&outcome, "another version"), "another version's plan is refused");
}

static void try_flips(size_t from, size_t to, size_t step, const char *name)
{
	static const unsigned char flips[] = { 0xff, 0x01, 0x80 };
	unsigned char *bytes = (void *)plan;
	unsigned bad = 0, carried_out = 0, refused = 0, failed = 0;

	for (size_t at = from; at < to; at += step) {
		for (size_t i = 0; i < sizeof(flips); i++) {
			struct outcome outcome;

			bytes[at] ^= flips[i];
			outcome = try_block(plan, plan_size);
			bytes[at] ^= flips[i];
			carried_out += outcome.is_ready;
			refused += outcome.has_failed && outcome.failure.step == PLAN_STEP_PLAN;
			failed += outcome.has_failed && outcome.failure.step != PLAN_STEP_PLAN;
			if (is_in_order(&outcome) || bad++ >= 5)
				continue;
			printf("# byte %zu, flipped by %#x\n", at, flips[i]);
			tell(&outcome);
		}
	}
	printf("# %s: %u refused, %u failed with a report, %u carried out\n", name, refused, failed,
	       carried_out);
	point(bad == 0 && refused > 0, name);
}

static void try_without_sv(void)
{
	struct trial trial = { .block = plan, .size = plan_size, .seals = SEALS };
	struct outcome outcome = try_plan(&trial);

	if (outcome.hung || outcome.crashed || outcome.status != 125)
		tell(&outcome);
	point(!outcome.hung && !outcome.crashed && outcome.status == 125,
	      "init ends when sv is gone before the release");
}

static void make_plan(void)
{
	static char text[] =
		"run --ulimit nofile=50:60 --tmpfs /t:size=4k --sysctl net.ipv4.ip_forward=1 "
		"--oom-score-adj 5 -v /volume:/v -e A=1 -w /v root /true x";
	static struct spec spec;
	static struct cgroup cgroup = { .v2 = -1 };
	static struct plan_volume row = { .fd = VOLUME_FD };
	static int preserved[PRESERVED_COUNT];
	static uint32_t groups[] = { 5, 27 };
	static struct identity identity = { .home = "/", .groups = groups, .group_count = 2 };
	struct plan_inputs inputs = {
		.spec = &spec,
		.name = "box",
		.identity = &identity,
		.cgroup = &cgroup,
		.root_fd = ROOT_FD,
		.volumes = &row,
		.procs_fd = -1,
		.preserved = preserved,
		.preserved_count = PRESERVED_COUNT,
		.has_listen_fds = true,
		.has_terminal = true,
		.ttys = 7,
	};
	struct error error = { 0 };
	static struct arena plan_memory;
	char *argv[32], *rest = text, *word;
	int argc = 0;

	for (int i = 0; i < PRESERVED_COUNT; i++)
		preserved[i] = PRESERVED + i;
	while ((word = strsep(&rest, " ")) != NULL)
		argv[argc++] = word;
	argv[argc] = NULL;
	if (options_parse(&spec, argc, argv, &error) < 0 ||
	    plan_build(&inputs, &plan_memory, &plan, &plan_size, &error) < 0) {
		(void)fprintf(stderr, "%s\n", error.text);
		exit(99);
	}
}

int main(int argc, char **argv)
{
	int null;

	if (argc != 4)
		return 98;
	init = argv[1];
	root = argv[2];
	volume = argv[3];
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	null = (int)check("/dev/null", sys_openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0));
	for (int fd = PRESERVED; fd < PRESERVED + PRESERVED_COUNT; fd++)
		check("dup3", sys_dup3(null, fd, O_CLOEXEC));
	make_plan();
	try_good();
	try_unsealed();
	try_sizes();
	try_garbage();
	try_without_sv();
	try_flips(0, sizeof(*plan), 1, "whatever byte of the head is flipped, init ends in order");
	try_flips(sizeof(*plan), plan_size, 7, "so it does for the rows and strings");
	try_good();
	return 0;
}
