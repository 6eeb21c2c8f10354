/* SPDX-License-Identifier: MIT */
/*
 * Relay between the user's terminal and the container's pty. tty_ioctl(4), termios(3); the kernel's own struct termios is
 * used throughout (asm-generic/termbits.h), which struct plan_terminal begins with.
 */
#include "terminal.h"

#include "../init/lib/fd.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

/* How long a terminal that takes nothing may hold up the end of a container. */
#define DRAIN_MS 5000

/* Reads of a pty give at most 4 KB; it holds up to 64 KB. */
#define SUSPEND_ROUNDS 32

static int get_settings(int fd, struct plan_terminal *settings)
{
	return sys_ioctl(fd, TCGETS, (uintptr_t)settings);
}

static void get_size(int fd, struct plan_terminal *settings)
{
	struct winsize size;

	if (sys_ioctl(fd, TIOCGWINSZ, (uintptr_t)&size) == 0) {
		settings->rows = size.ws_row;
		settings->columns = size.ws_col;
	}
}

/* All of the command's output comes through the pty: only then may the user's terminal stop translating newlines. */
static bool takes_all_output(const struct terminal *terminal)
{
	return (terminal->ttys & 6) == 6 && !terminal->has_other_output;
}

/* The lowest of sv's descriptors that is a terminal and among `which`, or -1. */
static int first_tty(const struct terminal *terminal, unsigned which)
{
	for (int fd = 0; fd < 3; fd++)
		if (terminal->host_ttys & which & 1U << fd)
			return fd;
	return -1;
}

/* The same one under two names (/dev/tty) counts as another, which is right too: it only keeps its own newlines. */
static bool has_other_output(const struct terminal *terminal)
{
	int input = first_tty(terminal, 1), output = first_tty(terminal, 6);
	struct stat one, other;

	return input >= 0 && output >= 0 && sys_fstat(input, &one) == 0 &&
	       sys_fstat(output, &other) == 0 &&
	       (one.st_dev != other.st_dev || one.st_ino != other.st_ino);
}

void terminal_probe(struct terminal *terminal, enum spec_tty wish, unsigned candidates)
{
	terminal->is_wanted = false;
	terminal->ttys = terminal->host_ttys = 0;
	terminal->host = terminal->input = terminal->output = terminal->master = -1;
	terminal->is_raw = terminal->is_in_line = false;
	terminal->to_host.start = terminal->to_host.end = 0;
	terminal->to_container.start = terminal->to_container.end = 0;
	memset(&terminal->settings, 0, sizeof(terminal->settings));
	if (wish == SPEC_TTY_FORBID)
		return;
	for (int fd = 0; fd < 3; fd++) {
		if (!(candidates & 1U << fd) || get_settings(fd, &terminal->saved) < 0)
			continue;
		if (terminal->host_ttys == 0) {
			terminal->settings = terminal->saved;
			terminal->settings.valid = 1;
			get_size(fd, &terminal->settings);
		}
		terminal->host_ttys |= 1U << fd;
	}
	terminal->ttys = wish == SPEC_TTY_FORCE ? 7 : terminal->host_ttys;
	terminal->is_wanted = terminal->ttys != 0;
	terminal->has_other_output = has_other_output(terminal);
	/* One translation of newlines, not two: the outer one stays where others write to the terminal too. */
	if (terminal->host_ttys != 0 && !(terminal->host_ttys & 1 && takes_all_output(terminal)))
		terminal->settings.output &= ~(uint32_t)OPOST;
}

/* A description of our own, so that O_NONBLOCK is not set for everybody who shares the terminal. */
static int reopen(int fd)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return sys_openat(AT_FDCWD, path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
}

int terminal_open(struct terminal *terminal)
{
	int first = first_tty(terminal, 7);

	if (!terminal->is_wanted)
		return 0;
	if (first >= 0) {
		terminal->host = reopen(first);
		if (terminal->host < 0)
			return terminal->host;
		(void)get_settings(terminal->host, &terminal->saved);
	}
	terminal->input = terminal->host_ttys & 1 ? terminal->host : (terminal->ttys & 1 ? 0 : -1);
	terminal->output = terminal->host >= 0 ? terminal->host : 1;
	/* -t: what the user redirected stays redirected, even with a terminal on stdin */
	if (terminal->ttys == 7 && !(terminal->host_ttys & 2))
		terminal->output = 1;
	else if (terminal->has_other_output)
		terminal->output = reopen(first_tty(terminal, 6));
	return terminal->output < 0 ? terminal->output : 0;
}

/* A terminal that isn't sv's controlling one has no foreground: then there is nobody to disturb. */
static bool in_foreground(const struct terminal *terminal)
{
	pid_t group = 0;

	return sys_ioctl(terminal->host, TIOCGPGRP, (uintptr_t)&group) < 0 || group == getpgrp();
}

static bool wants_raw(const struct terminal *terminal)
{
	return terminal->master >= 0 && terminal->host >= 0 && terminal->input == terminal->host;
}

static void set_raw(struct terminal *terminal)
{
	struct plan_terminal raw = terminal->saved;

	raw.input &= ~(uint32_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON |
				 IXOFF);
	raw.local &= ~(uint32_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	raw.control = (raw.control & ~(uint32_t)(CSIZE | PARENB)) | CS8;
	raw.characters[VMIN] = 1;
	raw.characters[VTIME] = 0;
	if (takes_all_output(terminal))
		raw.output &= ~(uint32_t)OPOST;
	terminal->is_raw = sys_ioctl(terminal->host, TCSETS, (uintptr_t)&raw) == 0;
}

/* Whoever stops sv by SIGSTOP gives it no time to put the terminal back; a shell then does so itself. */
static bool was_taken(const struct terminal *terminal)
{
	struct plan_terminal now;

	return !in_foreground(terminal) ||
	       (get_settings(terminal->host, &now) == 0 && now.local & (ICANON | ECHO | ISIG));
}

void terminal_resume(struct terminal *terminal)
{
	if (terminal->is_raw && was_taken(terminal))
		terminal->is_raw = false;
	if (!wants_raw(terminal) || terminal->is_raw || !in_foreground(terminal))
		return;
	/* The shell may have changed them while sv was stopped; these are what to put back in the end. */
	(void)get_settings(terminal->host, &terminal->saved);
	set_raw(terminal);
	terminal_resize(terminal);
}

static void put_back(struct terminal *terminal)
{
	if (terminal->is_raw)
		(void)sys_ioctl(terminal->host, TCSETS, (uintptr_t)&terminal->saved);
	terminal->is_raw = false;
}

void terminal_start(struct terminal *terminal, int master)
{
	terminal->master = master;
	(void)sys_fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	terminal_resume(terminal);
	terminal_resize(terminal);
}

void terminal_resize(const struct terminal *terminal)
{
	struct winsize size;

	if (terminal->host >= 0 && terminal->master >= 0 &&
	    sys_ioctl(terminal->host, TIOCGWINSZ, (uintptr_t)&size) == 0)
		(void)sys_ioctl(terminal->master, TIOCSWINSZ, (uintptr_t)&size);
}

bool terminal_is_gone(const struct terminal *terminal)
{
	struct pollfd host = { .fd = terminal->host };

	return terminal->host >= 0 && sys_poll(&host, 1, 0) > 0 &&
	       host.revents & (POLLHUP | POLLERR);
}

void terminal_hang_up(struct terminal *terminal)
{
	fd_close(&terminal->master);
	terminal->to_host.start = terminal->to_host.end = 0;
	terminal->to_container.start = terminal->to_container.end = 0;
}

/* --- the relay ------------------------------------------------------------------------------------------------------ */

static bool is_empty(const struct terminal_buffer *buffer)
{
	return buffer->start == buffer->end;
}

bool terminal_poll(const struct terminal *terminal, struct pollfd *rows)
{
	bool has_input =
		terminal->input >= 0 && (terminal->input != terminal->host || terminal->is_raw);

	for (int i = 0; i < TERMINAL_POLL_COUNT; i++)
		rows[i] = (struct pollfd){ .fd = -1 };
	if (terminal->master < 0)
		return false;
	if (has_input && is_empty(&terminal->to_container))
		rows[0] = (struct pollfd){ .fd = terminal->input, .events = POLLIN };
	if (!is_empty(&terminal->to_host))
		rows[1] = (struct pollfd){ .fd = terminal->output, .events = POLLOUT };
	rows[2] = (struct pollfd){
		.fd = terminal->master,
		.events = (short)((is_empty(&terminal->to_host) ? POLLIN : 0) |
				  (is_empty(&terminal->to_container) ? 0 : POLLOUT))
	};
	if (rows[2].events == 0)
		rows[2].fd = -1;
	return wants_raw(terminal) && !terminal->is_raw;
}

/* 1: moved something; 0: would have to wait; -1: ended. */
static int fill(struct terminal_buffer *buffer, int fd)
{
	ssize_t got = sys_read(fd, buffer->data, sizeof(buffer->data));

	if (got == -EAGAIN || got == -EINTR)
		return 0;
	if (got <= 0)
		return -1;
	buffer->start = 0;
	buffer->end = (size_t)got;
	return 1;
}

/* `limit`: a pipe that poll() calls writable takes 4096 bytes without waiting, and no more is promised. */
static int drain(struct terminal_buffer *buffer, int fd, size_t limit)
{
	size_t size = buffer->end - buffer->start;
	ssize_t put = sys_write(fd, buffer->data + buffer->start, size > limit ? limit : size);

	if (put == -EAGAIN || put == -EINTR)
		return 0;
	if (put <= 0)
		return -1;
	buffer->start += (size_t)put;
	return 1;
}

/* A terminal that sv has opened itself; 0 to 2 are what sv was started with. */
static bool output_never_waits(const struct terminal *terminal)
{
	return terminal->output > 2;
}

static size_t output_limit(const struct terminal *terminal)
{
	return output_never_waits(terminal) ? TERMINAL_BUFFER : 4096;
}

static bool ends_line(char byte)
{
	return byte == '\n' || byte == '\r';
}

static int fill_input(struct terminal *terminal)
{
	struct terminal_buffer *buffer = &terminal->to_container;
	int result = fill(buffer, terminal->input);

	if (result > 0)
		terminal->is_in_line = !ends_line(buffer->data[buffer->end - 1]);
	return result;
}

/*
 * End of file on a pipe becomes the pty's end-of-file key: twice in the middle of a line, where the first only hands over
 * what was typed of it. The terminal's own end is a hang-up, unless a shell has taken it (EIO in the background, for SIGTTIN
 * is blocked): then sv waits to be in the foreground again.
 */
static void end_input(struct terminal *terminal)
{
	struct plan_terminal now;

	if (terminal->input == terminal->host) {
		if (in_foreground(terminal))
			terminal_hang_up(terminal);
		terminal->is_raw = false;
		return;
	}
	terminal->input = -1;
	if (get_settings(terminal->master, &now) == 0 && now.local & ICANON) {
		terminal->to_container.data[0] = terminal->to_container.data[1] =
			(char)now.characters[VEOF];
		terminal->to_container.start = 0;
		terminal->to_container.end = terminal->is_in_line ? 2 : 1;
	}
}

void terminal_relay(struct terminal *terminal, const struct pollfd *rows)
{
	if (terminal->master < 0)
		return;
	if (rows[0].revents != 0 && fill_input(terminal) < 0)
		end_input(terminal);
	if (terminal->master >= 0 && is_empty(&terminal->to_host) &&
	    rows[2].revents & (POLLIN | POLLHUP | POLLERR) &&
	    fill(&terminal->to_host, terminal->master) < 0)
		terminal_hang_up(terminal); /* EIO: init, which holds the other end, is gone */
	/* Straight on, in the same round: a terminal nearly always takes it. */
	if (!is_empty(&terminal->to_host) &&
	    (output_never_waits(terminal) || rows[1].revents != 0) &&
	    drain(&terminal->to_host, terminal->output, output_limit(terminal)) < 0)
		terminal_hang_up(terminal);
	/* EIO: nobody is left to read it; but what they wrote last may still be in the pty. */
	if (terminal->master >= 0 && !is_empty(&terminal->to_container) &&
	    drain(&terminal->to_container, terminal->master, TERMINAL_BUFFER) < 0)
		terminal->to_container.start = terminal->to_container.end = 0;
}

/* What was written before the stop is shown before it: as much as a pty holds, and what can be moved without waiting. */
static void pass_on_output(struct terminal *terminal)
{
	for (int i = 0; i < SUSPEND_ROUNDS && terminal->master >= 0; i++) {
		struct pollfd output = { .fd = terminal->output, .events = POLLOUT };

		if (is_empty(&terminal->to_host) && fill(&terminal->to_host, terminal->master) <= 0)
			return;
		if (sys_poll(&output, 1, 0) <= 0 ||
		    drain(&terminal->to_host, terminal->output, output_limit(terminal)) <= 0)
			return;
	}
}

void terminal_suspend(struct terminal *terminal)
{
	pass_on_output(terminal);
	put_back(terminal);
}

/* The last output: everything is dead inside, so the pty gives what it still holds, then EIO. */
static void finish_output(struct terminal *terminal)
{
	while (terminal->master >= 0) {
		struct pollfd output = { .fd = terminal->output, .events = POLLOUT };

		if (is_empty(&terminal->to_host) && fill(&terminal->to_host, terminal->master) <= 0)
			return;
		if (sys_poll(&output, 1, DRAIN_MS) <= 0 ||
		    drain(&terminal->to_host, terminal->output, output_limit(terminal)) < 0)
			return;
	}
}

void terminal_finish(struct terminal *terminal)
{
	finish_output(terminal);
	put_back(terminal);
	fd_close(&terminal->master);
	if (output_never_waits(terminal) && terminal->output != terminal->host)
		fd_close(&terminal->output);
	terminal->output = -1;
	fd_close(&terminal->host);
}
