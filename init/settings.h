/* SPDX-License-Identifier: MIT */
/*
 * How init behaves: by the name it is called by, its options, and environment variables. Under sv the plan says all, and
 * settings_default() is what remains.
 */
#ifndef SV_SETTINGS_H
#define SV_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#define SETTINGS_SIGNALS 65 /* 1..64 are used */

enum personality {
	PERSONALITY_INIT,
	PERSONALITY_TINI,
	PERSONALITY_DUMB_INIT,
	PERSONALITY_CATATONIT,
	PERSONALITY_COUNT,
};

struct settings {
	enum personality personality;
	const char *name;                  /* what messages and --version begin with */
	uint8_t rewrite[SETTINGS_SIGNALS]; /* what a signal is forwarded as; 0 = not at all */
	uint8_t exit_map[256];
	bool to_group;     /* forward to the command's process group, not to the command alone */
	bool new_session;  /* the command leads a session of its own; else only a process group */
	bool is_subreaper; /* adopt orphans although not PID 1 */
	bool ask_rest;     /* after the command, TERM to what is left in its process group */
	bool wait_all;     /* after the command, wait for the rest to end by itself */
	bool kill_orphans; /* after the command, SIGKILL to the rest */
	bool is_pause;     /* no command: wait for TERM or INT, and reap */
	bool warn_reaped;  /* say so for each orphan reaped */
	int verbosity;
	int parent_death; /* signal to get when the parent dies; 0 = none */
	int64_t grace; /* milliseconds from "please stop" to SIGKILL; negative = no end by force */
	int64_t delay; /* milliseconds before TERM is passed on */
};

/* Forward everything as it is, to the command alone. */
void settings_default(struct settings *settings);

/* What settings_read() returns besides an index. */
#define SETTINGS_ANSWERED (-1) /* help, version or license were asked for and written */
#define SETTINGS_REFUSED  (-2) /* an error, which was printed */

/*
 * Reads argv[0], the environment and the options. Returns the index of the command's first word in argv (argc when there is
 * none), or one of the two above.
 */
int settings_read(struct settings *settings, int argc, char *const argv[],
		  char *const environment[]);

#endif
