/* SPDX-License-Identifier: MIT */
/*
 * Shared by the cgroup_*.c files and their tests, and by nobody else.
 *
 *     cgroup.c          decide, describe, make, enter
 *     cgroup_host.c     what the host mounts
 *     cgroup_limits.c   the table of limits: option -> controller -> v1 file, v2 file
 *     cgroup_v1.c       values of the v1 files; cpuset's inheritance
 *     cgroup_v2.c       values of the v2 files; enabling controllers
 *     cgroup_devices.c  device rules on v2: a BPF program
 *     cgroup_directory.c  one group's directory: read, write, mark
 *     cgroup_remove.c   kill and remove
 */
#ifndef SV_CGROUP_INTERNAL_H
#define SV_CGROUP_INTERNAL_H

#include "cgroup.h"

#include <linux/bpf.h>
#include <stddef.h>

#define CGROUP_VALUE_MAX 1024 /* of one value written to a file */

/* --- cgroup_limits.c -------------------------------------------------------------------------- */

struct cgroup_limit;

/*
 * Puts the index-th value to write into value (an option may be given several times: a value each).
 * 1; 0 when there is none of that index, which for index 0 means that there is nothing to write at
 * all; or a negative error.
 */
typedef int cgroup_format(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
			  char value[CGROUP_VALUE_MAX], struct error *error);

struct cgroup_file {
	const char *name; /* NULL: nothing to write in this version */
	cgroup_format *format;
};

/* What the option's field in struct spec is. */
enum cgroup_field {
	CGROUP_FIELD_NUMBER,    /* int64_t, SPEC_UNSET = not given */
	CGROUP_FIELD_TEXT,      /* const char *, NULL = not given */
	CGROUP_FIELD_THROTTLES, /* list of struct spec_throttle */
	CGROUP_FIELD_DEVICES,   /* spec.devices: a limit where r or w is missing; else a default */
};

struct cgroup_limit {
	const char *option;
	enum cgroup_controller controller;
	enum cgroup_field kind;
	size_t field;                    /* offset in struct spec */
	struct cgroup_file v1, v1_other; /* other: the kernel has the one or the other, or both */
	struct cgroup_file v2, v2_other;
	const char *hint;      /* how to get it right, where we know */
	const char *effective; /* v2: the file that says what came of it (see cgroup_v2_verify) */
};

#define CGROUP_LIMIT_COUNT 14
extern const struct cgroup_limit cgroup_limits[CGROUP_LIMIT_COUNT];

bool cgroup_limit_asked(const struct cgroup_limit *limit, const struct spec *spec);
int64_t cgroup_limit_number(const struct cgroup_limit *limit, const struct spec *spec);

/* What options that only make sense together have in common. */
int cgroup_limits_check(const struct spec *spec, struct error *error);

/* Formatters that both versions use. */
cgroup_format cgroup_format_number; /* as it is */
cgroup_format cgroup_format_text;
cgroup_format cgroup_format_pids; /* -1 is "max" */

/* The block device of the index-th throttle as "MAJ:MIN". Results as cgroup_format. */
int cgroup_throttle_device(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
			   const struct spec_throttle **throttle, char device[32],
			   struct error *error);

/* --- cgroup_v1.c ------------------------------------------------------------------------------ */

cgroup_format cgroup_v1_format_swap;
cgroup_format cgroup_v1_format_throttle;
cgroup_format cgroup_v1_format_denied;
cgroup_format cgroup_v1_format_allowed;

/* Gives a new cpuset group its parent's CPUs and memory nodes: no task may enter one without. */
int cgroup_v1_inherit_cpuset(int parent, int fd);

/* --- cgroup_v2.c ------------------------------------------------------------------------------ */

cgroup_format cgroup_v2_format_memory;
cgroup_format cgroup_v2_format_swap;
cgroup_format cgroup_v2_format_weight;
cgroup_format cgroup_v2_format_cpu;
cgroup_format cgroup_v2_format_pids;
cgroup_format cgroup_v2_format_io_weight;
cgroup_format cgroup_v2_format_throttle;

/* Enables row's controllers for the groups in `fd`, which is called `where` in messages. Those that
 * are only used by default are given up (taken out of row->controllers) where they can't be had. */
int cgroup_v2_enable(struct cgroup_row *row, unsigned asked, int fd, const char *where,
		     struct error *error);

/* Refuses a group that can't take processes: below a threaded one. */
int cgroup_v2_check_type(int fd, const char *where, struct error *error);

/* An error unless the kernel made of a list of CPUs or nodes what was asked for: it takes any list
 * and uses the part that the parent has too, or, where that is nothing, the parent's. */
int cgroup_v2_verify(int fd, const struct cgroup_limit *limit, const char *value,
		     struct error *error);

/* 1 when every number of list `part` is in list `whole` ("0-3,8"), 0 when not, -1 when one is no
 * list. */
int cgroup_list_covers(const char *whole, const char *part);

/* --- cgroup_devices.c ------------------------------------------------------------------------- */

/*
 * One rule; the first that fits an access decides. One that allows fits when nothing beyond its
 * accesses is asked for; one that denies, when any of them is.
 */
struct cgroup_device_rule {
	uint32_t type;        /* BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_DEV_CHAR; 0 = both */
	int64_t major, minor; /* -1 = any */
	uint32_t access;      /* BPF_DEVCG_ACC_* */
	bool allow;
};

#define CGROUP_DEVICE_INSNS 10 /* the most that one rule takes */

/*
 * True where the container may use the devices of its /dev and of --device and no others: without a
 * user namespace, where it could make a node for any; and with CAP_SYS_ADMIN in one, which takes
 * nodev away from what the host mounted for it. --privileged lifts it.
 */
bool cgroup_devices_walled(const struct spec *spec);

/* How many rules there may be, and one of them: 1; 0 when there is none in this place. Behind a wall
 * they allow and all else is denied; else they deny. */
size_t cgroup_device_count(const struct spec *spec);
int cgroup_device_rule(const struct spec *spec, size_t index, struct cgroup_device_rule *rule,
		       struct error *error);

/* "b 8:0 rw" */
void cgroup_device_text(const struct cgroup_device_rule *rule, char text[64]);

/* Writes the program for the rules; `rest` is the answer where none fits. Returns how many
 * instructions, or -E2BIG. */
int cgroup_devices_program(struct bpf_insn *insns, size_t size,
			   const struct cgroup_device_rule *rules, size_t count, bool rest);

/* Loads what the spec's devices ask for and attaches it to the v2 group. */
int cgroup_devices_attach(int fd, const struct spec *spec, struct error *error);

/* --- cgroup_host.c ---------------------------------------------------------------------------- */

/* Takes in one line of mountinfo, without its end. */
void cgroup_host_line(struct cgroup_host *host, const char *line, size_t length);

/* Takes in whole lines; returns how many bytes those were (the rest is a line without an end). */
size_t cgroup_host_lines(struct cgroup_host *host, const char *text, size_t length);

/* The bits of a cgroup.controllers or cgroup.subtree_control file. */
unsigned cgroup_controllers_parse(const char *text, size_t length, bool v2);

/* --- cgroup_directory.c ----------------------------------------------------------------------- */

/* Opens the hierarchy's mount point; -EXDEV when no cgroup file system of its version is there. */
int cgroup_open_mount(const struct cgroup_hierarchy *hierarchy);

/* Opens directory `name` in `parent`, or ".." */
int cgroup_open_directory(int parent, const char *name);

/* The whole file with a NUL behind it, without its last newline; its length or -errno. What doesn't
 * fit is cut off. */
ssize_t cgroup_read(int fd, const char *file, char *text, size_t size);
int cgroup_write(int fd, const char *file, const char *text);

/* Marks a directory as sv's; is it? (Where marks can't be kept everything counts as ours, and names
 * decide.) */
int cgroup_mark(int fd);
bool cgroup_marked(int fd);

/* True when processes are in the group itself; v2: or in one inside it, with `inside`. */
bool cgroup_populated(int fd, bool inside);

/* --- cgroup_remove.c -------------------------------------------------------------------------- */

/* Removes directory `name` in `parent` with everything in it: groups, and processes, which it
 * kills. */
int cgroup_remove_tree(int parent, const char *name);

#endif
