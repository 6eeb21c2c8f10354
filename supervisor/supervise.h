/* SPDX-License-Identifier: MIT */
/*
 * From the release to the end: waits for init's records and its death, relays signals and the terminal, and keeps
 * the two deadlines (--timeout, --stop-timeout).
 */
#ifndef SV_SUPERVISE_H
#define SV_SUPERVISE_H

#include "cgroup.h"
#include "error.h"
#include "terminal.h"

#include <stdint.h>
#include <sys/types.h>

struct supervision {
	const char *name;
	int pidfd, socket, signals; /* signals: a signalfd for all of them, which are blocked */
	struct terminal *terminal;
	const struct cgroup *cgroup;
	bool shares_pids;      /* --pid host: nothing ends with init by itself */
	int stop_signal;       /* what TERM becomes */
	int64_t stop_timeout;  /* seconds until SIGKILL; negative = never */
	int64_t timeout;       /* milliseconds until the stop; negative = none */
	void (*started)(void); /* called once the command runs: what is off the hot path */
	int names; /* readable when the network's names have changed (names.h); -1 = never */
	void (*names_changed)(void);
};

/*
 * Returns sv's exit status: the command's own, or what sv(1) says for the other ends; fills the error for those that are
 * sv's or init's failures. The container is dead and reaped when it returns, the terminal put back.
 */
int supervise(const struct supervision *supervision, struct error *error);

#endif
