/* SPDX-License-Identifier: MIT */
/*
 * The pty: opened inside, from the container's own devpts, so that its name in there is right and the host's terminal
 * never enters. init leads the session and the terminal is its controlling one; the command runs in a process group of
 * the same session, so that it can be stopped by ^Z (a group whose parent is outside of the session can't: POSIX calls
 * it orphaned).
 */
#include "init.h"

#include "lib/fd.h"

#include <string.h>
#include <sys/ioctl.h>

static int open_pair(const struct plan *plan, struct console *console)
{
	int unlock = 0;
	int result;

	console->master = sys_openat2(plan->root_fd, "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC,
				      0, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	if (console->master < 0)
		return console->master;
	result = sys_ioctl(console->master, TIOCSPTLCK, (uintptr_t)&unlock);
	if (result < 0)
		return result;
	console->slave = sys_ioctl(console->master, TIOCGPTPEER,
				   O_RDWR | O_NOCTTY | O_CLOEXEC); /* Linux 4.13 */
	return console->slave < 0 ? console->slave : 0;
}

/* The settings of the user's terminal: keys, echo and size are as outside from the first byte on. */
static int set_up(const struct plan_terminal *wanted, int slave)
{
	struct winsize size = { .ws_row = wanted->rows, .ws_col = wanted->columns };
	int result = 0;

	/* plan_terminal begins as the kernel's struct termios, which TCSETS reads: asm-generic/termbits.h */
	if (wanted->valid)
		result = sys_ioctl(slave, TCSETS, (uintptr_t)wanted);
	if (result == 0 && (wanted->rows != 0 || wanted->columns != 0))
		result = sys_ioctl(slave, TIOCSWINSZ, (uintptr_t)&size);
	if (result == 0)
		result = sys_ioctl(slave, TIOCSCTTY, 0);
	return result;
}

/* /dev/console is the pty itself, bound over an empty file. */
static int bind_console(const struct plan *plan, int slave)
{
	FD int tree = sys_open_tree(slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	FD int directory = -1;
	int result;

	if (tree < 0)
		return tree;
	directory = sys_openat2(plan->root_fd, "dev", O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
				RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	if (directory < 0)
		return directory;
	result = sys_mknodat(directory, "console", S_IFREG | 0600, 0);
	if (result < 0 &&
	    result != -EEXIST) /* a /dev of the user's has one already: then it is covered */
		return result;
	return sys_move_mount(tree, "", directory, "console", MOVE_MOUNT_F_EMPTY_PATH);
}

int console_open(const struct plan *plan, struct console *console)
{
	int result;

	*console = (struct console){ .master = -1, .slave = -1 };
	if (!(plan->flags & PLAN_TERMINAL))
		return 0;
	result = open_pair(plan, console);
	if (result == 0)
		result = set_up(&plan->terminal, console->slave);
	if (result == 0 && plan->uid != 0) /* else the command could not open its own /dev/stderr */
		result = sys_fchown(console->slave, plan->uid, (gid_t)-1);
	if (result == 0)
		result = bind_console(plan, console->slave);
	if (result < 0)
		return report_failure(PLAN_SOCKET_FD, PLAN_STEP_TERMINAL, result, "/dev/pts/ptmx");
	return 0;
}
