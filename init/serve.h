/* SPDX-License-Identifier: MIT */
/* The service that init gives until the command ends. */
#ifndef SV_SERVE_H
#define SV_SERVE_H

#include "init.h"
#include "settings.h"

struct service {
	const struct settings *settings;
	int socket; /* to sv; -1 stand-alone */
	int procs; /* under sv, where init isn't PID 1: cgroup.procs of whom to kill should sv die; or -1 */
	int signals;     /* under sv: a signalfd that stands for them when init waits */
	int terminal;    /* stand-alone: the one that was handed to the command; else -1 */
	pid_t command;   /* 0: none, only reap */
	sys_sigset ends; /* signals that end the service instead of being forwarded */
};

/*
 * Reaps every child, forwards every signal to the command, and reports stops. Returns the command's status as an exit
 * status (128+N for signal N), or -N when signal N of `ends` came. Does not return when sv is gone: then the container
 * ends.
 */
int serve(const struct service *service);

#endif
