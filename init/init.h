/* SPDX-License-Identifier: MIT */
/*
 * What the parts of init share. Under sv there is a plan and a socket; stand-alone there is neither (socket -1).
 * init owns no memory but its stack and the mapped plan: no malloc, no stdio, no threads, no signal handlers.
 */
#ifndef SV_INIT_H
#define SV_INIT_H

#include "lib/sys.h"
#include "plan.h"

#include <stdbool.h>

/* --- report.c: the way out for what init has to say ------------------------------------------------------------- */

/*
 * A failure: under sv a record on the socket, stand-alone one line on stderr. `number` is -errno (0 = none).
 * Returns -1, so that it can end a return statement. The first report decides; the caller only passes -1 on.
 */
int report_failure(int socket, enum plan_step step, int number, const char *object);

/* Sends a record with a value, and the descriptor `fd` where it is not -1. 0 or -errno. Never raises SIGPIPE. */
int report_record(int socket, enum plan_record_kind kind, int value, int fd);

/* What -errno means, in words or as a number. The result is static text or points into `text`. */
#define REPORT_ERROR_SIZE 32
const char *report_error(int number, char text[REPORT_ERROR_SIZE]);

/* Stand-alone: writes the strings up to NULL as one line, where that is possible without waiting. */
void report_text(int fd, ...) __attribute__((sentinel));

/* --- root.c: from the host's tree to the container's -------------------------------------------------------------- */

/*
 * Takes the detached root tree for the root; the old root stays in reach of the kernel's checks until root_leave().
 * *initramfs becomes a descriptor of the old root where it can only be covered, else -1. 0 or -1 (reported).
 */
int root_enter(const struct plan *plan, int *initramfs);
int root_leave(const struct plan *plan, int *initramfs);

/* --- mounts.c: what stands inside ----------------------------------------------------------------------------------- */

/* The container's /proc and /sys: the mounts themselves, whatever stands under these names by now. -1: not yet. */
struct kernels {
	int proc, sys;
};

/*
 * Carries out the rows of one phase. Paths are resolved from plan->root_fd and never leave it; the working directory is that
 * before and after. 0 or -1 (reported).
 */
int mounts_make(const struct plan *plan, enum plan_phase phase, struct kernels *kernels);
int mounts_make_nodes(const struct plan *plan);
int mounts_make_links(const struct plan *plan);
int mounts_write_sysctls(const struct plan *plan);
int mounts_mask(const struct plan *plan, const struct kernels *kernels);

/* PLAN_MAKE_WORKDIR: makes the working directory and what leads to it. 0 or -1 (reported). */
int mounts_make_workdir(const struct plan *plan);

/* Opens a file of the container's own /proc ("self/oom_score_adj"): below the mount that init made, and a procfs.
 * The descriptor, or -errno. Kernel: openat2(2), RESOLVE_BENEATH and RESOLVE_NO_XDEV. */
int mounts_open_proc(const struct plan *plan, const char *path, int flags);

/* Opens a path inside, not to be read or written (O_PATH); links are followed, and none leads out. The descriptor, or -errno. */
int mounts_open_path(const struct plan *plan, const char *path);

/* --- console.c: the pty --------------------------------------------------------------------------------------------- */

struct console {
	int master; /* goes to sv with the ready record */
	int slave; /* kept open: else the master would report a hang-up whenever no process holds the terminal */
};

/* Opens a pty of the container's own devpts, sets it up as planned, makes it init's controlling terminal and
 * /dev/console. Without PLAN_TERMINAL both descriptors are -1. */
int console_open(const struct plan *plan, struct console *console);

/* --- command.c: the user's command ---------------------------------------------------------------------------------- */

struct command {
	const struct plan *plan; /* NULL stand-alone */
	char *const *arguments;
	char **environment;
	sys_sigset blocked; /* what init was started with, for the command */
	bool child_ignored; /* so is SIGCHLD ignored */
	bool new_session;   /* its own session, and not only a process group */
	int terminal;       /* to hand over, or -1 */
	int socket;
};

/* Starts it, in a process group of its own. The pid, or -1 (reported). A failure to execute is reported by the child,
 * which then exits with 126 or 127. */
pid_t command_start(const struct command *command);

/* Under sv it then waits for this before it executes. */
void command_let_go(pid_t command);

/* --- terminal.c: stand-alone, the terminal that init was started on -------------------------------------------------- */

/* Which of descriptors 0 to 2 is a controlling terminal in whose foreground init stands; -1 for none. */
int terminal_find(void);
bool terminal_is_ours(int terminal);

/* Whether it has hung up. */
bool terminal_is_gone(int terminal);

/* Takes the foreground back from a command's group, or from one that is gone. */
void terminal_take_back(int terminal, pid_t command);

/* --- rights.c: capabilities ------------------------------------------------------------------------------------------- */

/* Before the user changes: the bounding set, and that capabilities outlast the change where they shall. 0 or -errno. */
int rights_bound(const struct plan *plan);

/* After it: the other four sets. 0 or -errno. */
int rights_take(const struct plan *plan);

/* Nothing that is executed from here on can gain rights by it: for the process and what it starts. 0 or -errno. */
int rights_gain_no_more(void);

/* init's own, for the rest of its life: only to send the command signals, and no way to more. */
void rights_of_init(void);

/* --- landlock.c: which files the command may use ----------------------------------------------------------------------- */

/* Restricts the calling process as planned, for good. Needs CAP_SYS_ADMIN, so it comes before the user changes. 0 or
 * -errno, with *object set to what it failed on. */
int landlock_restrict(const struct plan *plan, const char **object);

/* --- the ways to run -------------------------------------------------------------------------------------------------- */

/* Sets the link "lo" of the present network namespace up. 0 or -errno. */
int loopback_up(void);

/* A signalfd for all signals, at 3 or above. The descriptor, or -errno. */
int signals_open(void);

/* Has SIGCHLD delivered though init was started with it ignored; true when it was. */
bool signals_watch_children(void);

/* alone.c: run a command, or pause; `is_first`: as PID 1. Returns init's exit status. */
int run_alone(int argc, char **argv, char **environment, bool is_first);

/* machine.c: of a PID 1, true when the kernel started it as the first process of a machine. */
bool is_machine(void);
_Noreturn void run_machine(void);

#endif
