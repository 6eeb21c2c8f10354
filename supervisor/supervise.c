/* SPDX-License-Identifier: MIT */
/*
 * One loop around poll(): signals, init's records, init's death, the terminal. No wake-up without an event, but for a
 * deadline that was asked for and for a job in the background (terminal_poll()).
 */
#include "supervise.h"

#include "../init/lib/fd.h"
#include "../init/lib/job.h"
#include "../init/lib/signals.h"
#include "idle.h"
#include "record.h"

#include <limits.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define BACKGROUND_MS 1000
#define SHORT_MS      200 /* a container that lives longer is worth giving memory back for, once */

enum {
	WAIT_SIGNALS,
	WAIT_SOCKET,
	WAIT_PIDFD,
	WAIT_NAMES,
	WAIT_TERMINAL,
	WAIT_COUNT = WAIT_TERMINAL + TERMINAL_POLL_COUNT
};

struct watch {
	const struct supervision *of;
	struct error *error;
	int socket;      /* -1 once init has closed it */
	int64_t stop_at; /* milliseconds of CLOCK_MONOTONIC; INT64_MAX = never */
	int64_t kill_at;
	int exit_status; /* -1 until init reports one */
	bool was_killed; /* by sv */
	bool is_stopping;
	bool was_stop_asked; /* ^Z of a terminal that isn't relayed */
	bool is_stopped;     /* the command */
	bool has_given_back; /* see SHORT_MS */
};

/* A byte on the socket: init passes the signal to the whole job. */
static void order_job(const struct watch *watch, int signal)
{
	unsigned char byte = (unsigned char)signal;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (watch->socket >= 0)
		(void)sys_sendmsg(watch->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void send_signal(const struct watch *watch, int signal, const struct signalfd_siginfo *from)
{
	siginfo_t info;

	if (from != NULL && from->ssi_code == SI_QUEUE) {
		memset(&info, 0, sizeof(info));
		info.si_signo = signal;
		info.si_code = SI_QUEUE;
		info.si_pid = (pid_t)from->ssi_pid;
		info.si_uid = from->ssi_uid;
		info.si_value.sival_ptr = (void *)(uintptr_t)from->ssi_ptr;
		if (sys_pidfd_send_signal(watch->of->pidfd, signal, &info, 0) == 0)
			return;
	}
	(void)sys_pidfd_send_signal(watch->of->pidfd, signal, NULL,
				    0); /* ESRCH: it has just ended */
}

static void kill_container(struct watch *watch)
{
	watch->was_killed = true;
	watch->kill_at = INT64_MAX;
	(void)sys_pidfd_send_signal(watch->of->pidfd, SIGKILL, NULL, 0);
	if (watch->of->shares_pids)
		(void)cgroup_kill(watch->of->cgroup);
}

static void continue_container(struct watch *watch)
{
	watch->is_stopped = false;
	order_job(watch, SIGCONT);
}

static void stop_container(struct watch *watch)
{
	send_signal(watch, watch->of->stop_signal, NULL);
	if (watch->is_stopped) /* it would never see the signal */
		continue_container(watch);
	if (watch->is_stopping)
		return;
	watch->is_stopping = true;
	if (watch->of->stop_timeout >= 0)
		watch->kill_at = sys_now_ms() + watch->of->stop_timeout * 1000;
}

static void drop_signals(sys_sigset set)
{
	const struct timespec now = { 0 };

	while (sys_rt_sigtimedwait(&set, NULL, &now) > 0)
		;
}

/*
 * As a job of the user's shell stops by ^Z: the whole group of sv. Alone after a SIGSTOP, or a SIGTSTP that was sent to sv
 * itself: those are for a process and not for a job. Where nobody could continue it (an orphaned process group) the
 * kernel ignores that, and the command goes on at once.
 */
static void stop_self(struct watch *watch, int signal)
{
	const sys_sigset both = sys_sigbit(SIGTSTP) | sys_sigbit(SIGCONT);

	terminal_suspend(watch->of->terminal);
	drop_signals(both); /* one stop, however often the key was pressed */
	job_stop(signal != SIGSTOP && !watch->was_stop_asked);
	terminal_resume(watch->of->terminal);
	drop_signals(both); /* the command is told once, as a job */
	continue_container(watch);
}

/* The stop signal and a stop may have overtaken each other: what is to end isn't left stopped. */
static void take_stop(struct watch *watch, int signal)
{
	watch->is_stopped = true;
	if (watch->is_stopping)
		continue_container(watch);
	else if (watch->of->terminal->host >= 0 || watch->was_stop_asked)
		stop_self(watch, signal);
	watch->was_stop_asked = false;
}

static void take_record(struct watch *watch, const struct plan_record *record, int fd)
{
	switch ((enum plan_record_kind)record->kind) {
	case PLAN_RECORD_READY:
		if (fd >= 0 && watch->of->terminal->is_wanted && watch->of->terminal->master < 0)
			terminal_start(watch->of->terminal, fd_take(&fd));
		watch->of->started();
		break;
	case PLAN_RECORD_FAILED:
		record_explain(record, watch->error);
		break;
	case PLAN_RECORD_STOPPED:
		take_stop(watch, record->value);
		break;
	case PLAN_RECORD_EXITED:
		watch->exit_status = record->value & 0xff;
		break;
	case PLAN_RECORD_PARTED: /* run.c has waited for it */
	case PLAN_RECORD_COUNT:
	default:
		break;
	}
	fd_close(&fd);
}

/* One of them; false when there is none. The last closes the socket: it is the caller's, and init's death is what counts now. */
static bool take_next_record(struct watch *watch)
{
	struct plan_record record;
	int fd, result = watch->socket < 0 ? 0 : record_receive(watch->socket, &record, &fd);

	if (result > 0)
		take_record(watch, &record, fd);
	if (result < 0 || (result > 0 && record.kind == PLAN_RECORD_EXITED))
		watch->socket = -1;
	return result > 0;
}

/* SIGPIPE and kin that sv raised itself by writing are nobody's business. */
static bool is_own(const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_USER && info->ssi_pid == (uint32_t)getpid();
}

static void take_signal(struct watch *watch, const struct signalfd_siginfo *info)
{
	struct terminal *terminal = watch->of->terminal;
	int signal = (int)info->ssi_signo;

	if (signal == SIGCHLD || is_own(info))
		return;
	if (signal == SIGTERM) {
		stop_container(watch);
		return;
	}
	if (signal == SIGWINCH && terminal->is_wanted) {
		terminal_resize(terminal);
		return;
	}
	/* The terminal's end: hanging up the pty tells the command, once, however often sv is told (kernel, shell). */
	if ((signal == SIGHUP || (signal == SIGCONT && info->ssi_code == SI_KERNEL)) &&
	    terminal_is_gone(terminal)) {
		terminal_hang_up(terminal);
		return;
	}
	if (signal == SIGCONT)
		terminal_resume(terminal);
	if (signal == SIGTSTP)
		watch->was_stop_asked = true;
	/* What a terminal raises (^C while its keys are not relayed) is for the whole job. */
	if (info->ssi_code == SI_KERNEL)
		order_job(watch, signal);
	else
		send_signal(watch, signal, info);
}

static void take_signals(struct watch *watch)
{
	struct signalfd_siginfo buffer[16];
	ssize_t got = sys_read(watch->of->signals, buffer, sizeof(buffer));

	for (ssize_t i = 0; i < got / (ssize_t)sizeof(buffer[0]); i++)
		take_signal(watch, &buffer[i]);
}

static int next_timeout(const struct watch *watch, bool in_background)
{
	int64_t next = watch->stop_at < watch->kill_at ? watch->stop_at : watch->kill_at;
	int64_t left;

	if (next == INT64_MAX)
		return in_background ? BACKGROUND_MS : -1;
	left = next - sys_now_ms();
	left = left < 0 ? 0 : left;
	if (in_background && left > BACKGROUND_MS)
		left = BACKGROUND_MS;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static void check_deadlines(struct watch *watch)
{
	int64_t now;

	if (watch->stop_at == INT64_MAX && watch->kill_at == INT64_MAX)
		return;
	now = sys_now_ms();
	if (now >= watch->stop_at) {
		error_say("container %s: its time is up (--timeout)", watch->of->name);
		watch->stop_at = INT64_MAX;
		stop_container(watch);
	}
	if (now >= watch->kill_at)
		kill_container(watch);
}

/* Once nothing has happened for a moment, what isn't needed for waiting goes. */
static int wait_for_events(struct watch *watch, struct pollfd *wait, bool in_background)
{
	int timeout = next_timeout(watch, in_background), ready;
	bool is_first = !watch->has_given_back && (timeout < 0 || timeout > SHORT_MS);

	ready = sys_poll(wait, WAIT_COUNT, is_first ? SHORT_MS : timeout);
	if (ready != 0 || !is_first)
		return ready;
	watch->has_given_back = true;
	return idle_wait(wait, WAIT_COUNT, next_timeout(watch, in_background));
}

static void watch_container(struct watch *watch)
{
	struct pollfd wait[WAIT_COUNT];

	for (;;) {
		bool in_background = terminal_poll(watch->of->terminal, wait + WAIT_TERMINAL);

		wait[WAIT_SIGNALS] = (struct pollfd){ .fd = watch->of->signals, .events = POLLIN };
		wait[WAIT_SOCKET] = (struct pollfd){ .fd = watch->socket, .events = POLLIN };
		wait[WAIT_PIDFD] = (struct pollfd){ .fd = watch->of->pidfd, .events = POLLIN };
		wait[WAIT_NAMES] = (struct pollfd){ .fd = watch->of->names, .events = POLLIN };
		if (wait_for_events(watch, wait, in_background) < 0)
			continue;
		if (in_background)
			terminal_resume(watch->of->terminal);
		if (wait[WAIT_SIGNALS].revents != 0)
			take_signals(watch);
		if (wait[WAIT_SOCKET].revents != 0)
			(void)take_next_record(watch);
		terminal_relay(watch->of->terminal, wait + WAIT_TERMINAL);
		if (wait[WAIT_NAMES].revents != 0)
			watch->of->names_changed();
		if (wait[WAIT_PIDFD].revents != 0)
			return;
		check_deadlines(watch);
	}
}

/* init blocks every signal, so the kernel ends it by HUP or INT only for reboot(2) inside: pid_namespaces(7). */
static int status_of_reboot(const struct watch *watch, bool is_restart)
{
	error_say("container %s: %s was asked for inside, by reboot(2)", watch->of->name,
		  is_restart ? "restart" : "halt or power off");
	return is_restart ? EXIT_SIGNAL + SIGHUP : 0;
}

static int status_without_report(struct watch *watch, const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		(void)error_set(watch->error, 0,
				"container %s: init ended without a report (status %d)",
				watch->of->name, info->si_status);
	else if (info->si_status == SIGHUP || info->si_status == SIGINT)
		return status_of_reboot(watch, info->si_status == SIGHUP);
	else if (info->si_status == SIGKILL &&
		 (watch->was_killed || cgroup_oom_kills(watch->of->cgroup) > 0))
		return EXIT_SIGNAL + SIGKILL;
	else {
		char name[SIGNALS_NAME_SIZE];

		watch->error->status = EXIT_SIGNAL + info->si_status;
		(void)error_set(watch->error, 0, "container %s: init was ended from outside by %s",
				watch->of->name, signals_name(info->si_status, name));
	}
	return watch->error->status != 0 ? watch->error->status : EXIT_OF_SV;
}

int supervise(const struct supervision *supervision, struct error *error)
{
	struct watch watch = {
		.of = supervision,
		.error = error,
		.socket = supervision->socket,
		.stop_at =
			supervision->timeout >= 0 ? sys_now_ms() + supervision->timeout : INT64_MAX,
		.kill_at = INT64_MAX,
		.exit_status = -1,
	};
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	watch_container(&watch);
	while (take_next_record(&watch))
		;
	(void)sys_waitid(P_PIDFD, supervision->pidfd, &info, WEXITED | __WALL);
	terminal_finish(supervision->terminal);
	if (cgroup_oom_kills(supervision->cgroup) > 0)
		error_say("container %s: out of memory", supervision->name);
	if (error_is_set(error))
		return error->status != 0 ? error->status : EXIT_OF_SV;
	if (watch.exit_status >= 0)
		return watch.exit_status;
	return status_without_report(&watch, &info);
}
