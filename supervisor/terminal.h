/* SPDX-License-Identifier: MIT */
/*
 * The user's terminal on one side, the container's pty on the other, and the bytes between them. The command never gets
 * the user's terminal itself; that one is raw while the container runs in the foreground, and put back on every way
 * out: the end, a stop, an error.
 */
#ifndef SV_TERMINAL_H
#define SV_TERMINAL_H

#include "../init/lib/sys.h"
#include "../init/plan.h"
#include "spec.h"

#include <stdbool.h>

#define TERMINAL_POLL_COUNT 3 /* rows of pollfd that terminal_poll() fills */
#define TERMINAL_BUFFER     16384

struct terminal_buffer {
	size_t start, end;
	char data[TERMINAL_BUFFER];
};

struct terminal {
	bool is_wanted;                /* the command gets a pty */
	unsigned ttys;                 /* bit N: descriptor N of the command is the pty */
	struct plan_terminal settings; /* what the new pty starts with */

	/* private */
	struct plan_terminal saved; /* the user's terminal, as it was found */
	unsigned host_ttys;         /* bit N: descriptor N of sv is a terminal */
	int host; /* the user's terminal, reopened: non-blocking without touching the shared description; -1 */
	int input,
		output; /* what is relayed: `host`, another terminal, or 0 and 1 (-t without one); -1 = ended */
	int master;            /* -1 before the ready record and after a hang-up */
	bool has_other_output; /* stdout is another terminal than stdin */
	bool is_raw;
	bool is_in_line; /* what was relayed last did not end a line */
	struct terminal_buffer to_host, to_container;
};

/* Looks at those of descriptors 0 to 2 that may be terminals (a mask) and decides. Changes nothing. */
void terminal_probe(struct terminal *terminal, enum spec_tty wish, unsigned candidates);

/* Opens the user's terminal for relaying. 0 or -errno. */
int terminal_open(struct terminal *terminal);

/* Takes the pty's master (owned from here on) and starts: raw mode where sv is in the foreground. */
void terminal_start(struct terminal *terminal, int master);

/* Fills TERMINAL_POLL_COUNT rows (fd -1 where there is nothing to wait for). True when sv is in the background and has to look
 * again in a second whether that is still so: no signal tells. */
bool terminal_poll(const struct terminal *terminal, struct pollfd *rows);

/* Moves what can be moved without waiting. */
void terminal_relay(struct terminal *terminal, const struct pollfd *rows);

/* Passes the window's size on; the kernel tells the command (SIGWINCH) if it changed. */
void terminal_resize(const struct terminal *terminal);

/* Before sv stops, and after it goes on. Resuming does nothing while sv is in the background. */
void terminal_suspend(struct terminal *terminal);
void terminal_resume(struct terminal *terminal);

/* True when the user's terminal has hung up. */
bool terminal_is_gone(const struct terminal *terminal);

/* Hangs up the pty: the kernel tells the command. */
void terminal_hang_up(struct terminal *terminal);

/* The container has ended: passes on what is left in the pty, puts the user's terminal back, closes everything. */
void terminal_finish(struct terminal *terminal);

#endif
