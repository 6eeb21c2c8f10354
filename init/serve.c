/* SPDX-License-Identifier: MIT */
/*
 * Until the command ends: reap, forward, report. One loop around poll(), with a timer only while a deadline runs that
 * was asked for, so an idle container never wakes up. Neither a flood of signals nor a flood of orphans starves the other:
 * each round takes a bounded number of both.
 */
#include "serve.h"

#include "lib/fd.h"
#include "lib/job.h"
#include "lib/text.h"
#include "rest.h"

#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define SIGNALS_A_ROUND  16
#define CHILDREN_A_ROUND 128
#define OVERTAKEN_MS     5000
#define KILL_AGAIN_MS    100
#define GIVE_UP_MS       2000
#define TERMINAL_STOPS   (sys_sigbit(SIGTSTP) | sys_sigbit(SIGTTIN) | sys_sigbit(SIGTTOU))
#define NEVER            INT64_MAX

struct server {
	const struct service *of;
	const struct settings *settings;
	bool is_foreground; /* the command has the terminal, as far as init has had a hand in it */
	bool is_stopped;    /* the command, as far as waitid() has said */
	bool has_children;  /* as far as waitid() has said */
	bool is_reaping;    /* there may be somebody to reap */
	bool is_ending;     /* the command has ended, the rest has not */
	bool is_rest_asked; /* --grace: TERM went to everybody while the command lived */
	bool said_eperm;
	int status;       /* of the command; -1 while it lives */
	int ended_by;     /* a signal of settings->ends that came; 0 = none */
	int64_t asked_at; /* when TERM or HUP went to a command that ran; 0 = not since CONT did */
	int64_t pass_at;  /* --delay: when TERM is passed on; milliseconds of CLOCK_MONOTONIC */
	int64_t kill_at;  /* --grace: when KILL comes */
	int64_t give_up_at;
};

static void say_number(const struct server *server, const char *what, int64_t number)
{
	char text[TEXT_NUMBER_MAX + 1];

	text[text_number(text, number)] = '\0';
	report_text(2, server->settings->name, ": ", what, " ", text, "\n", NULL);
}

static void reap(struct server *server);

/* --- forwarding ------------------------------------------------------------------------------------------------------- */

/* What a terminal raises is for the whole job, as the terminal itself would have it. */
static void forward_to_job(const struct server *server, int signal)
{
	if (server->of->command > 0 && sys_kill(-server->of->command, signal) == -ESRCH)
		(void)sys_kill(server->of->command, signal);
}

/* The value of sigqueue(3) goes with the signal. kill() where the queue is full: the signal matters most. */
static void forward_to_command(struct server *server, int signal, const siginfo_t *from)
{
	siginfo_t info;
	int result;

	if (from != NULL && from->si_code == SI_QUEUE) {
		info = *from;
		info.si_signo = signal;
		if (sys_rt_sigqueueinfo(server->of->command, signal, &info) == 0)
			return;
	}
	/* ESRCH: it has just ended. EPERM: it changed its user, and there is no CAP_KILL. Neither hurts. */
	result = sys_kill(server->of->command, signal);
	if (result == -EPERM && !server->said_eperm && server->of->socket < 0) {
		server->said_eperm = true;
		say_number(server, "not permitted (EPERM) to send the command signal", signal);
	}
}

/* Once: what is being continued is not stopped, though waitid() says so a moment later. */
static void continue_job(struct server *server)
{
	if (server->is_stopped)
		forward_to_job(server, SIGCONT);
	server->is_stopped = false;
	server->asked_at = 0;
}

/*
 * A stop that comes right behind TERM or HUP may have been asked for before it: the command was still on its way to stop
 * when init looked. One that comes later is somebody's will.
 */
static bool is_overtaken(const struct server *server)
{
	return server->asked_at != 0 && sys_now_ms() - server->asked_at < OVERTAKEN_MS;
}

static void signal_rest(const struct server *server, int signal)
{
	rest_signal(server->of->command, server->is_ending, signal);
}

/*
 * --grace asks everybody at once, the command among them. A signal that TERM was rewritten to, and one with a value, is
 * for the command: the rest is then asked when that has ended.
 */
static bool is_for_all(const struct server *server, int signal, const siginfo_t *from)
{
	if (server->is_ending)
		return true;
	return server->settings->grace >= 0 && signal == SIGTERM &&
	       server->settings->rewrite[SIGTERM] == SIGTERM &&
	       (from == NULL || from->si_code != SI_QUEUE);
}

/* `signal` as it came: what it becomes is in the settings. */
static void forward(struct server *server, int signal, const siginfo_t *from)
{
	int as = server->settings->rewrite[signal];
	bool is_for_rest;

	if (server->status >= 0 && !server->is_ending)
		return; /* reaped a moment ago: its pid may be somebody else's */
	if (server->settings->verbosity > 0)
		say_number(server, "forwarding signal", as);
	is_for_rest = is_for_all(server, signal, from);
	if (is_for_rest)
		signal_rest(server, as);
	else if (server->settings->to_group || (from != NULL && from->si_code == SI_KERNEL))
		forward_to_job(server, as);
	else
		forward_to_command(server, as, from);
	/* A stopped process would keep the signal pending for ever. */
	if (signal != SIGTERM && signal != SIGHUP)
		return;
	if (is_for_rest) {
		signal_rest(server, SIGCONT);
		server->is_rest_asked = true;
		server->is_stopped = false;
	}
	if (server->is_stopped)
		continue_job(server);
	else
		server->asked_at = sys_now_ms();
}

/* TERM, as it is asked for: after --delay, and with KILL to follow where --grace says so. */
static void take_term(struct server *server, const siginfo_t *from)
{
	const struct settings *settings = server->settings;
	int64_t now = settings->delay > 0 || settings->grace >= 0 ? sys_now_ms() : 0;

	if (settings->grace >= 0 && server->kill_at == NEVER)
		server->kill_at = now + settings->delay + settings->grace;
	if (settings->delay == 0)
		forward(server, SIGTERM, from);
	else if (server->pass_at == NEVER)
		server->pass_at = now + settings->delay;
}

/* A shell that continues init in the foreground means the command; in the background there is nothing to hand over. */
static void hand_over(struct server *server)
{
	pid_t job = server->of->command;

	server->is_foreground = terminal_is_ours(server->of->terminal);
	if (server->is_foreground)
		(void)sys_ioctl(server->of->terminal, TIOCSPGRP, (uintptr_t)&job);
}

/*
 * A shell whose terminal hangs up passes HUP on to its jobs, and when it ends as the leader of the session, the kernel
 * sends HUP and CONT to the foreground: the command. The shell's is one too many.
 */
static bool is_second_hangup(const struct server *server, const siginfo_t *from)
{
	return from->si_signo == SIGHUP && server->is_foreground && from->si_code == SI_USER &&
	       from->si_pid == getsid(0) && terminal_is_gone(server->of->terminal);
}

static void take_signal(struct server *server, const siginfo_t *from)
{
	int signal = from->si_signo;

	/* PIPE and XFSZ that init raised itself by a write are nobody's. */
	if (from->si_code == SI_USER && from->si_pid == getpid())
		return;
	if (is_second_hangup(server, from))
		return;
	if (signal == SIGCONT && server->of->terminal >= 0 && !server->is_foreground)
		hand_over(server);
	if (server->of->ends & sys_sigbit(signal)) {
		server->ended_by = signal;
		return;
	}
	if (server->of->command <= 0 || server->settings->rewrite[signal] == 0)
		return;
	/* That the command has stopped is only known from CHLD, which has a higher number than these. */
	if (signal == SIGTERM || signal == SIGHUP)
		reap(server);
	if (signal == SIGTERM && !server->is_ending)
		take_term(server, from);
	else
		forward(server, signal, from);
	/* The session behind is stopped (alone.c), and the shell in front of init waits to see that. CONT is passed on. */
	if (server->settings->new_session && sys_sigbit(signal) & TERMINAL_STOPS &&
	    server->settings->rewrite[signal] == SIGSTOP && server->status < 0 && getpid() != 1)
		(void)sys_kill(getpid(), SIGSTOP);
}

/* Takes one of the set, or none before `timeout` (milliseconds; negative: for ever). CHLD is init's own. */
static bool take_one(struct server *server, sys_sigset set, int timeout)
{
	struct timespec wait = { .tv_sec = timeout / 1000,
				 .tv_nsec = (long)(timeout % 1000) * 1000000 };
	siginfo_t info;

	if (sys_rt_sigtimedwait(&set, &info, timeout < 0 ? NULL : &wait) < 0)
		return false;
	if (info.si_signo == SIGCHLD)
		server->is_reaping = true;
	else
		take_signal(server, &info);
	return true;
}

/*
 * What else is pending, a bounded number. The kernel hands out low numbers first: a flood of orphans would keep back what
 * is above CHLD, and a flood of what is below would keep back CHLD. So CHLD is left out here, and a full round ends as
 * if it had come.
 */
static void take_others(struct server *server)
{
	for (int i = 0; i < SIGNALS_A_ROUND; i++)
		if (!take_one(server, SYS_SIGSET_ALL & ~sys_sigbit(SIGCHLD), 0))
			return;
	server->is_reaping = true;
}

/* --- reaping ---------------------------------------------------------------------------------------------------------- */

/* waitid()'s answer as a shell's exit status. */
static int exit_status(const siginfo_t *info)
{
	return info->si_code == CLD_EXITED ? info->si_status & 0xff : 128 + info->si_status;
}

/*
 * ^Z under a shell stops init as well, so that the shell sees it; fg continues both. PID 1 has nobody to continue it:
 * there a stop by the terminal's key ends at once.
 */
static void stop_with_command(struct server *server, int signal)
{
	if (getpid() != 1) {
		terminal_take_back(server->of->terminal, server->of->command);
		job_stop(true);
		hand_over(server);
	} else if (signal != SIGTSTP) {
		return;
	}
	server->is_stopped = false;
	forward_to_job(server, SIGCONT);
}

static void note_stop(struct server *server, int signal)
{
	server->is_stopped = true;
	if (is_overtaken(server)) {
		continue_job(server);
		return;
	}
	/* A supervisor that is stopped itself reads nothing; a lost report of a stop only means that it isn't passed on. */
	if (server->of->socket >= 0)
		(void)report_record(server->of->socket, PLAN_RECORD_STOPPED, signal, -1);
	else if (server->of->terminal >= 0)
		stop_with_command(server, signal);
}

static void note_child(struct server *server, const siginfo_t *info)
{
	if (info->si_pid != server->of->command || server->status >= 0) {
		if ((server->settings->warn_reaped || server->settings->verbosity > 1) &&
		    (info->si_code == CLD_EXITED || info->si_code == CLD_KILLED ||
		     info->si_code == CLD_DUMPED))
			say_number(server, "reaped process", info->si_pid);
		return;
	}
	switch (info->si_code) {
	case CLD_STOPPED:
		note_stop(server, info->si_status);
		break;
	case CLD_CONTINUED:
		server->is_stopped = false;
		break;
	case CLD_EXITED:
	case CLD_KILLED:
	case CLD_DUMPED:
		server->status = exit_status(info);
		server->is_stopped = false;
		break;
	default: /* CLD_TRAPPED: somebody's debugger */
		break;
	}
}

static bool is_done(const struct server *server)
{
	if (server->ended_by != 0)
		return true;
	return server->is_ending ? !server->has_children : server->status >= 0;
}

/* A bounded number. Many SIGCHLD may have been merged into one, so it goes on until there is nobody left to reap. */
static void reap(struct server *server)
{
	server->is_reaping = true;
	for (int i = 0; i < CHILDREN_A_ROUND && !is_done(server); i++) {
		siginfo_t info;
		int result;

		memset(&info, 0, sizeof(info));
		result = sys_waitid(P_ALL, 0, &info,
				    WEXITED | WSTOPPED | WCONTINUED | WNOHANG | __WALL);
		server->has_children = result != -ECHILD;
		if (result < 0 || info.si_pid == 0) {
			server->is_reaping = false;
			return;
		}
		note_child(server, &info);
	}
}

/* --- the end ------------------------------------------------------------------------------------------------------------ */

/* The command has ended. True when what it left is to be dealt with before init ends too. */
static bool begin_ending(struct server *server)
{
	const struct settings *settings = server->settings;

	if (server->is_ending || server->ended_by != 0 ||
	    (settings->grace < 0 && !settings->kill_orphans && !settings->wait_all))
		return false;
	server->is_ending = server->is_reaping = server->has_children = true;
	server->pass_at = NEVER;
	if (settings->kill_orphans) {
		server->kill_at = sys_now_ms();
	} else if (settings->grace >= 0) {
		/* Again, where TERM was for all: the command may have started some since. */
		signal_rest(server, SIGTERM);
		signal_rest(server, SIGCONT);
		if (!server->is_rest_asked) {
			server->kill_at = sys_now_ms() + settings->grace;
			server->give_up_at = NEVER;
		}
	}
	return true;
}

/*
 * Where only the command was asked, only that is killed: the rest is asked when it has ended. What can't be killed (it
 * changed its user, or hangs in the kernel) doesn't hold init up for ever.
 */
static void kill_rest(struct server *server, int64_t now)
{
	/* Again: whose parent is killed may be init's only then. */
	server->kill_at = now + KILL_AGAIN_MS;
	if (server->give_up_at == NEVER)
		server->give_up_at = now + GIVE_UP_MS;
	if (!server->is_ending && !server->is_rest_asked) {
		forward_to_command(server, SIGKILL, NULL);
		return;
	}
	if (!server->is_ending)
		forward_to_job(server, SIGKILL);
	signal_rest(server, SIGKILL);
}

static void check_deadlines(struct server *server)
{
	int64_t now;

	if (server->pass_at == NEVER && server->kill_at == NEVER && server->give_up_at == NEVER)
		return;
	now = sys_now_ms();
	if (now >= server->pass_at) {
		server->pass_at = NEVER;
		forward(server, SIGTERM, NULL);
	}
	if (now >= server->kill_at)
		kill_rest(server, now);
	if (now >= server->give_up_at) {
		server->give_up_at = server->kill_at = NEVER;
		server->has_children = !server->is_ending;
	}
}

static int next_timeout(const struct server *server)
{
	int64_t next = server->pass_at < server->kill_at ? server->pass_at : server->kill_at;
	int64_t left;

	next = next < server->give_up_at ? next : server->give_up_at;
	if (next == NEVER)
		return -1;
	left = next - sys_now_ms();
	return left < 0 ? 0 : (left > INT_MAX ? INT_MAX : (int)left);
}

/*
 * The supervisor is gone. In a PID namespace of its own the container ends with init; with the host's, what is left
 * is in the container's cgroup. Dead ones stay listed until they are reaped, so reap between the rounds.
 */
static _Noreturn void end_container(int procs)
{
	siginfo_t info;

	if (procs >= 0)
		while (rest_kill_listed(procs))
			(void)sys_waitid(P_ALL, 0, &info, WEXITED | __WALL);
	_exit(128 + SIGKILL);
}

/* Each byte from sv is a signal for the job: one that the terminal raised, or the end of a stop. */
static void take_orders(struct server *server)
{
	unsigned char orders[64];
	ssize_t got = sys_read(server->of->socket, orders, sizeof(orders));

	if (got == 0 || (got < 0 && got != -EINTR && got != -EAGAIN))
		end_container(server->of->procs);
	for (ssize_t i = 0; i < got; i++)
		if (orders[i] == SIGCONT) /* sv may not know that the command runs again */
			continue_job(server);
		else if (orders[i] >= 1 && orders[i] <= 64)
			forward_to_job(server, orders[i]);
}

/* Waits so many milliseconds at most, under sv; < 0: without end. False: nothing has happened. */
static bool serve_round(struct server *server, int most)
{
	struct pollfd wait[2] = { { .fd = server->of->signals, .events = POLLIN },
				  { .fd = server->of->socket, .events = POLLIN } };
	int timeout = server->is_reaping ? 0 : next_timeout(server), ready = 1;

	if (timeout < 0)
		timeout = most;
	/* Without sv there are only signals to wait for. With it, a descriptor stands for them beside the socket. */
	if (server->of->socket >= 0) {
		ready = sys_poll(wait, 2, timeout);
		if (ready < 0)
			wait[0].revents = wait[1].revents = 0;
		if (wait[1].revents != 0)
			take_orders(server);
		timeout = 0;
	}
	if (server->of->socket < 0 || wait[0].revents != 0)
		(void)take_one(server, SYS_SIGSET_ALL, timeout);
	if (server->is_reaping)
		reap(server);
	if (!is_done(server))
		take_others(server);
	if (!is_done(server))
		check_deadlines(server);
	return ready != 0;
}

/*
 * What init does not need to wait is given back: see init.ld. Where the pages are larger, or the linker is another, there is
 * no such layout, and nothing to give.
 */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's own name */
extern const char __executable_start[] __attribute__((weak)), hot_start[] __attribute__((weak));

#define SHORT_MS 200 /* under sv: a container that lives longer is worth giving memory back for */

static void drop_cold(void)
{
	if (hot_start != NULL)
		(void)sys_madvise(__executable_start, (size_t)(hot_start - __executable_start),
				  MADV_DONTNEED);
}

int serve(const struct service *service)
{
	struct server server = {
		.of = service,
		.settings = service->settings,
		.is_foreground = service->terminal >= 0,
		.status = -1,
		.has_children = true,
		.pass_at = NEVER,
		.kill_at = NEVER,
		.give_up_at = NEVER,
	};
	bool is_quiet = service->socket < 0;
	int most = SHORT_MS;

	do {
		while (!is_done(&server)) {
			if (is_quiet) {
				drop_cold();
				most = -1;
			}
			is_quiet = !serve_round(&server, most) && most >= 0;
		}
	} while (begin_ending(&server));
	return server.ended_by != 0 ? -server.ended_by : server.status;
}
