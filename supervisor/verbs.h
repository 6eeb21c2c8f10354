/* SPDX-License-Identifier: MIT */
/*
 * The verbs of sv: main.c has the table, one file has each verb. argv[0] is the verb's name; the
 * result is sv's exit status. A verb prints its own errors.
 */
#ifndef SV_VERBS_H
#define SV_VERBS_H

int verb_commit(int argc, char *const argv[]);
int verb_diff(int argc, char *const argv[]);
int verb_doctor(int argc, char *const argv[]);
int verb_gc(int argc, char *const argv[]);
int verb_image(int argc, char *const argv[]);
int verb_net(int argc, char *const argv[]);
int verb_rm(int argc, char *const argv[]);
int verb_run(int argc, char *const argv[]);
/* `sv run` by a child of who has the folder of the container named in argv locked; `command` ends with NULL. */
int verb_run_locked(int argc, char *const argv[], const char **command);
int verb_volume(int argc, char *const argv[]);

/* The verbs of `sv image`: image_verb.c has the table. */
int verb_image_build(int argc, char *const argv[]);
int verb_image_export(int argc, char *const argv[]);
int verb_image_import(int argc, char *const argv[]);
int verb_image_inspect(int argc, char *const argv[]);
int verb_image_ls(int argc, char *const argv[]);
int verb_image_rm(int argc, char *const argv[]);

/* Writes `sv image --help`. Returns 0 or -errno. */
int image_print_help(int fd);

#endif
