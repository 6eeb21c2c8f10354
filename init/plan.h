/* SPDX-License-Identifier: MIT */
/*
 * The contract between sv and init: what will be done inside, complete, with no option left open.
 *
 * A plan is one flat block without pointers: a header, tables of fixed-size rows, and one area of strings. It travels
 * in a sealed memfd on PLAN_FD; the answers come back as fixed-size records on the socket PLAN_SOCKET_FD. init
 * trusts nothing in it before plan_check() has passed: every offset, count, string and descriptor is checked there.
 *
 * A change here that an older init would misread raises PLAN_VERSION. Both programs are built together, so there is
 * no other compatibility to keep.
 */
#ifndef SV_PLAN_H
#define SV_PLAN_H

#include <stddef.h>
#include <stdint.h>

#define PLAN_FD        3 /* sealed memfd */
#define PLAN_SOCKET_FD 4 /* SOCK_SEQPACKET to the supervisor */
#define PLAN_FIRST_FREE \
 5 /* what else comes from sv stands at or above this number; the rows say where */

#define PLAN_MAGIC    "svplan\n" /* 8 bytes with its end */
#define PLAN_VERSION  1
#define PLAN_SIZE_MAX (1U << 30)

/* A string: its offset in the area of strings. 0 is the empty string, which also stands for "none". */
typedef uint32_t plan_string;

/* A table: `count` rows from `offset` bytes into the block. */
struct plan_table {
	uint32_t offset;
	uint32_t count;
};

enum plan_flag {
	PLAN_LOOPBACK = 1 << 0,       /* bring "lo" up */
	PLAN_ROOT_READ_ONLY = 1 << 1, /* the root mount becomes read-only once everything stands */
	PLAN_CGROUP_NAMESPACE = 1 << 2, /* unshare it (v1: clone3 would root it where sv stands) */
	PLAN_TIME_NAMESPACE = 1 << 3,   /* the command gets one, with the two offsets */
	PLAN_OOM_SCORE = 1 << 4,        /* oom_score_adj is to be set */
	PLAN_SHARED_PIDS =
		1
		<< 5, /* --pid host: init isn't PID 1, so it adopts and ends what is left itself */
	PLAN_CHILD_IGNORED =
		1 << 6, /* sv was started with SIGCHLD ignored: the command gets it so */
	PLAN_TERMINAL =
		1 << 7, /* a new pty: the command's controlling terminal, and /dev/console */
	PLAN_USER_NAMESPACE =
		1 << 8, /* one of its own: some things only sv could make, and has made */
	PLAN_KEEP_GROUPS = 1 << 9, /* setgroups(2) isn't allowed in this user namespace */
	PLAN_NO_NEW_PRIVS =
		1 << 10,     /* the command and what it starts gain no privileges by execve */
	PLAN_WAIT = 1 << 11, /* sv has still to do in the new namespaces: wait for its release */
	PLAN_MAKE_WORKDIR = 1 << 12, /* where it is missing: the root tree is a layer of its own */
	PLAN_FLAGS_ALL = (1 << 13) - 1,
};

/* When a row's turn comes. The rows of one table are in order of time. */
enum plan_phase {
	PLAN_PHASE_BASE,     /* at once; nodes and links come next */
	PLAN_PHASE_USER,     /* what the user asked for goes over it */
	PLAN_PHASE_RELEASED, /* after sv's release, in the cgroup namespace */
	PLAN_PHASE_COUNT,
};

enum plan_mount_kind {
	PLAN_MOUNT_FILESYSTEM, /* mount(2) of a new filesystem */
	PLAN_MOUNT_DETACHED,   /* attach the detached mount on `fd` (made by sv) */
	PLAN_MOUNT_KIND_COUNT,
};

/* What a mount point must be; also what is made where it is missing. */
enum plan_target {
	PLAN_TARGET_DIRECTORY,
	PLAN_TARGET_FILE,
	PLAN_TARGET_COUNT,
};

struct plan_mount {
	uint32_t kind;   /* enum plan_mount_kind */
	uint32_t phase;  /* enum plan_phase */
	uint32_t expect; /* enum plan_target */
	uint32_t strict; /* 1: no symbolic link may stand anywhere in target (/proc, /sys, /dev) */
	int32_t fd;      /* PLAN_MOUNT_DETACHED: the mount; else -1 */
	int32_t base_fd; /* -1, or a detached mount of an earlier row, in which sv has made target's last part */
	uint32_t reserved;  /* 0 */
	plan_string target; /* path inside, relative to the root: "dev/pts" */
	plan_string type;   /* "tmpfs" */
	plan_string options;
	uint64_t flags; /* MS_* */
};

/* A device node, made on a filesystem that a row of mounts has put there. */
struct plan_node {
	plan_string path; /* "dev/null" */
	uint32_t mode;    /* S_IFCHR or S_IFBLK, and permission bits (whatever the umask) */
	uint32_t major, minor;
};

struct plan_link {
	plan_string path; /* "dev/stdin" */
	plan_string text; /* "/proc/self/fd/0" */
};

enum plan_mask_kind {
	PLAN_MASK_HIDE_FILE, /* it reads as empty. Where this kernel has a directory there, the other is meant */
	PLAN_MASK_HIDE_DIRECTORY, /* it is an empty one */
	PLAN_MASK_READ_ONLY,      /* with all that is mounted below */
	PLAN_MASK_KIND_COUNT,
};

/* A path of the kernel's that the container shall not see or not write. One that isn't there is no error. */
#define PLAN_MASK_WORKSHOP "driver" /* every /proc has it (proc_root_init()), and it is no secret */
struct plan_mask {
	plan_string
		path; /* below proc or sys, and not where the masks are made (PLAN_MASK_WORKSHOP) */
	uint32_t kind; /* enum plan_mask_kind */
};

/* A namespaced sysctl: written to /proc/sys/KEY inside. */
struct plan_sysctl {
	plan_string key; /* "net/ipv4/ip_forward" */
	plan_string value;
};

/* What the command may do at a path and below: Documentation/userspace-api/landlock.rst. What no row names is denied. */
struct plan_landlock {
	plan_string path; /* inside */
	uint32_t
		access; /* LANDLOCK_ACCESS_FS_* where it is a directory, of those that the ruleset handles */
	uint32_t file_access; /* and where it is a file */
};

struct plan_limit {
	uint32_t resource; /* RLIMIT_* */
	uint32_t reserved; /* 0 */
	uint64_t soft, hard;
};

/* An instruction of the seccomp filter: the kernel's struct sock_filter. */
struct plan_instruction {
	uint16_t code;
	uint8_t jump_true, jump_false;
	uint32_t value;
};

#define PLAN_FILTER_MAX 4096 /* BPF_MAXINSNS; what else a filter must be the kernel checks */

/* PLAN_TERMINAL: the new pty's settings (the kernel's struct termios, as TCSETS takes it) and window size. */
struct plan_terminal {
	uint32_t input, output, control, local;
	uint8_t line;
	uint8_t characters[19];
	uint16_t rows, columns;
	uint32_t valid; /* 1: set input to characters; 0: the kernel's defaults stay */
};

struct plan {
	char magic[8];
	uint32_t version;
	uint32_t size;  /* of the whole block in bytes; equals the memfd's */
	uint32_t flags; /* enum plan_flag */
	uint32_t ttys;  /* bit N: descriptor N (0..2) of the command is the new pty */

	struct plan_table strings;  /* bytes; the first and the last are NUL */
	struct plan_table mounts;   /* struct plan_mount */
	struct plan_table nodes;    /* struct plan_node */
	struct plan_table links;    /* struct plan_link */
	struct plan_table masks;    /* struct plan_mask */
	struct plan_table sysctls;  /* struct plan_sysctl */
	struct plan_table limits;   /* struct plan_limit */
	struct plan_table filter;   /* struct plan_instruction; empty: none */
	struct plan_table landlock; /* struct plan_landlock */
	struct plan_table groups;   /* uint32_t gid, supplementary */
	struct plan_table
		preserved; /* int32_t: where they stand now; the command finds them at 3, 4 ... */
	struct plan_table arguments;   /* plan_string; argv[0] is the program; at least one */
	struct plan_table environment; /* plan_string "KEY=VALUE" */

	int32_t root_fd; /* the detached root tree */
	int32_t held_fd; /* kept open to the end and never used: a lock that shall last so long; or -1 */
	int32_t procs_fd; /* PLAN_SHARED_PIDS: cgroup.procs of the container's group: whom to kill should sv die; or -1 */
	int32_t landlock_fd; /* the empty ruleset that the rows of landlock go into, made by sv; or -1 */
	plan_string hostname, domainname; /* "" = leave alone */
	plan_string workdir;              /* path inside */
	uint32_t uid, gid;
	uint32_t umask;
	uint64_t capabilities; /* bounding set, and what root has: bit N is capability N */
	uint64_t ambient;      /* what a user who isn't root has */
	int64_t monotonic_offset, boottime_offset; /* seconds */
	uint64_t blocked; /* signal mask that the command starts with; bit N-1 = signal N */
	int32_t oom_score_adj;
	struct plan_terminal terminal;
};

/*
 * True when the block is a well-formed plan: 0, or -EINVAL with *reason pointing to static text that says what is wrong.
 * `size` is the length of the block; `block` must be aligned for uint64_t. Reads nothing outside of it.
 */
int plan_check(const void *block, size_t size, const char **reason);

/* The rows of a checked plan. */
static inline const void *plan_rows(const struct plan *plan, struct plan_table table)
{
	return (const char *)plan + table.offset;
}

/* A string of a checked plan. */
static inline const char *plan_text(const struct plan *plan, plan_string string)
{
	return (const char *)plan + plan->strings.offset + string;
}

/* --- the way back: records, one a packet ------------------------------------------------------------------------ */

enum plan_record_kind {
	PLAN_RECORD_READY, /* everything stands, the command is about to start; the pty's master comes with it */
	PLAN_RECORD_FAILED,  /* step, number, object */
	PLAN_RECORD_STOPPED, /* value: the signal that stopped the command */
	PLAN_RECORD_EXITED,  /* value: 0..255, or 128 + the signal that ended it */
	PLAN_RECORD_PARTED, /* before all others, and only where sv waits for it: the namespaces stand */
	PLAN_RECORD_COUNT,
};

/* Where init can fail. sv has the words for each, in a table checked against this. */
enum plan_step {
	PLAN_STEP_CGROUP,         /* sv's child could not enter its control groups */
	PLAN_STEP_NAMESPACES,     /* nor make the namespaces that clone3 hasn't made */
	PLAN_STEP_HAND_OVER,      /* nor receive its descriptors */
	PLAN_STEP_USER_NAMESPACE, /* sv's child could not become its root */
	PLAN_STEP_INIT,           /* sv's child could not execute init */
	PLAN_STEP_PLAN,
	PLAN_STEP_HOSTNAME,
	PLAN_STEP_DOMAINNAME,
	PLAN_STEP_LOOPBACK,
	PLAN_STEP_PROPAGATION,
	PLAN_STEP_ROOT,
	PLAN_STEP_TARGET_MAKE,
	PLAN_STEP_TARGET_OPEN,
	PLAN_STEP_TARGET_KIND,
	PLAN_STEP_MOUNT,
	PLAN_STEP_NODE,
	PLAN_STEP_LINK,
	PLAN_STEP_SYSCTL,
	PLAN_STEP_MASK,
	PLAN_STEP_KEYRING,
	PLAN_STEP_CGROUP_NAMESPACE,
	PLAN_STEP_TIME_NAMESPACE,
	PLAN_STEP_READ_ONLY,
	PLAN_STEP_OLD_ROOT,
	PLAN_STEP_TERMINAL,
	PLAN_STEP_SIGNALS,
	PLAN_STEP_FORK,
	PLAN_STEP_OOM_SCORE,
	PLAN_STEP_LANDLOCK,
	PLAN_STEP_LIMIT,
	PLAN_STEP_CAPABILITIES,
	PLAN_STEP_FILTER,
	PLAN_STEP_GROUPS,
	PLAN_STEP_USER,
	PLAN_STEP_WORKDIR,
	PLAN_STEP_DESCRIPTORS,
	PLAN_STEP_INTERPRETER, /* the script's interpreter is missing */
	PLAN_STEP_EXEC,
	PLAN_STEP_COUNT,
};

#define PLAN_OBJECT_MAX 232

struct plan_record {
	uint32_t kind;  /* enum plan_record_kind */
	uint32_t step;  /* enum plan_step */
	int32_t number; /* errno, positive */
	int32_t value;
	char object[PLAN_OBJECT_MAX]; /* what it failed on, NUL-terminated, cut where too long */
};

_Static_assert(sizeof(struct plan_record) == 248, "fixed-size records");
_Static_assert(sizeof(struct plan_mount) % 8 == 0 && sizeof(struct plan_limit) % 8 == 0,
	       "rows of 64-bit numbers");
_Static_assert(sizeof(struct plan) % 8 == 0, "no hidden tail");

#endif
