/* SPDX-License-Identifier: MIT */
/*
 * init without sv: the entry point of a container image, or a supervisor of one command anywhere. What init was started with
 * (signal mask, dispositions, limits, environment) is the command's, unchanged.
 */
#include "serve.h"

#include "lib/fd.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#define STATUS_FAILED 1
#define DESCRIPTORS   1024 /* that are closed one by one */

/*
 * A session of its own for the command can only have the terminal if init's has let go of it. Giving it up raises HUP
 * and CONT in init's own group (tty_ioctl(4), TIOCNOTTY), which are not the command's business.
 */
static void give_up_terminal(int terminal)
{
	const sys_sigset raised = sys_sigbit(SIGHUP) | sys_sigbit(SIGCONT);
	const struct timespec now = { .tv_sec = 0 };

	if (terminal < 0 || getsid(0) != getpid() || sys_ioctl(terminal, TIOCNOTTY, 0) < 0)
		return;
	while (sys_rt_sigtimedwait(&raised, NULL, &now) > 0)
		;
}

/* A session of its own can't be stopped by the terminal's keys: nobody in it could continue it. STOP always works. */
static void rewrite_for_session(struct settings *settings)
{
	static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };

	for (size_t i = 0; settings->new_session && i < sizeof(stops) / sizeof(stops[0]); i++)
		if (settings->rewrite[stops[i]] == stops[i])
			settings->rewrite[stops[i]] = SIGSTOP;
}

/*
 * The command runs: init holds nothing that it doesn't need. An inherited pipe held open here would hide its end from
 * whoever reads it; a working directory would pin its mount.
 */
static void let_go(void)
{
	/* Linux 5.9, and some engines' filters don't know it. */
	if (sys_close_range(3, ~0U, 0) < 0)
		for (int fd = 3; fd < DESCRIPTORS; fd++)
			(void)sys_close(fd);
	(void)sys_chdir("/");
}

/* sv's own errors come before any of the command's signals, so all are blocked from the first line on. */
static int start(const struct settings *settings, struct command *command)
{
	if (settings->is_subreaper)
		(void)sys_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (settings->parent_death != 0)
		(void)sys_prctl(PR_SET_PDEATHSIG, (unsigned long)settings->parent_death, 0, 0, 0);
	if (settings->is_pause)
		return 0;
	command->new_session = settings->new_session;
	command->terminal = terminal_find();
	if (settings->new_session)
		give_up_terminal(command->terminal);
	return command_start(command);
}

int run_alone(int argc, char **argv, char **environment, bool is_first)
{
	static const sys_sigset all = SYS_SIGSET_ALL;
	struct command command = { .environment = environment, .terminal = -1, .socket = -1 };
	struct settings settings;
	struct service service;
	int first, status;
	pid_t pid;

	(void)sys_rt_sigprocmask(SIG_SETMASK, &all, &command.blocked);
	command.child_ignored = signals_watch_children();
	first = settings_read(&settings, argc, argv, environment);
	if (first < 0)
		return first == SETTINGS_ANSWERED ? 0 : STATUS_FAILED;
	if (first == argc && !settings.is_pause) {
		report_text(2, settings.name, ": no command; see ", settings.name, " -h", "\n",
			    NULL);
		return STATUS_FAILED;
	}
	/* To wait for the rest is to adopt it. As PID 1 the orphans come by themselves. */
	settings.is_subreaper |= settings.grace >= 0 || settings.wait_all || settings.kill_orphans;
	settings.is_subreaper &= !is_first;
	rewrite_for_session(&settings);
	command.arguments = argv + first;
	pid = start(&settings, &command);
	if (pid < 0)
		return STATUS_FAILED;
	let_go();
	service = (struct service){
		.settings = &settings,
		.socket = -1,
		.procs = -1,
		.signals = -1,
		.terminal = settings.new_session ? -1 : command.terminal,
		.command = pid,
		.ends = settings.is_pause ? sys_sigbit(SIGTERM) | sys_sigbit(SIGINT) : 0,
	};
	status = serve(&service);
	if (settings.ask_rest && pid > 0 && getpgid(pid) < 0) /* else a stranger's: see rest.c */
		(void)sys_kill(-pid, SIGTERM);
	if (service.terminal >= 0)
		terminal_take_back(service.terminal, pid);
	return status < 0 ? 0 : settings.exit_map[status];
}
