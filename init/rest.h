/* SPDX-License-Identifier: MIT */
/* What the command left behind: everything else that init answers for. */
#ifndef SV_REST_H
#define SV_REST_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Sends a signal to all of it: as PID 1 to every process there is; else to the command's process group and to the
 * children of init outside of it (read from /proc; only the group where there is none). To each once. `is_over`: the
 * command has been reaped, and its pid may be somebody else's.
 */
void rest_signal(pid_t command, bool is_over, int signal);

/* SIGKILL to each pid of a cgroup.procs but init's own. True when there was another one. */
bool rest_kill_listed(int procs);

#endif
