/* SPDX-License-Identifier: MIT */
/*
 * What was asked for: the words of the command line and the configuration file, parsed and checked for form, with
 * nothing looked up on the machine yet. options.c fills it; plan.c reads it. Memory lives as long as sv does.
 */
#ifndef SV_SPEC_H
#define SV_SPEC_H

#include "arena.h"
#include "cidr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEC_NAME_MAX \
 64 /* bytes in a container's name, without the end; also a host name's limit (utsname) */

/* Where the option was not given. 0 is a value for most of them. */
#define SPEC_UNSET INT64_MIN

struct spec_strings {
	const char **rows;
	size_t count;
};

/* A volume's propagation (mount_namespaces(7)). Never shared: what is mounted inside stays inside. */
enum spec_propagation {
	SPEC_PRIVATE,
	SPEC_RSLAVE
};

/* -v SRC:DST[:FLAG,...] */
struct spec_volume {
	const char *
		source; /* path on the host, relative to sv's working directory or absolute; or a volume's name */
	const char *target; /* absolute path inside, no '..', never "/" */
	bool is_named;      /* until volumes.c has made a path of it */
	bool create;        /* make SRC, a directory, where it is missing */
	bool read_only;     /* recursively */
	bool read_only_top; /* only itself, not what is mounted below */
	bool allow_suid;
	bool allow_devices;
	bool no_exec;
	bool no_idmap; /* seen with the host's ids even in a user namespace */
	enum spec_propagation propagation;
};

/* --tmpfs DST[:OPTIONS]; options are the tmpfs ones and the usual mount flags, split here */
struct spec_tmpfs {
	const char *target;
	uint64_t size; /* bytes; 0 = the default of plan.c */
	uint32_t mode; /* permission bits; 01777 unless told */
	bool allow_suid, allow_devices, no_exec, read_only;
};

/* --device SRC[:DST[:rwm]] */
struct spec_device {
	const char *source;
	const char *target;
	bool read, write, make_node;
};

/* --sysctl KEY=VALUE; the key is stored with dots turned into slashes, checked to stay below /proc/sys */
struct spec_sysctl {
	const char *key;
	const char *value;
};

/* --ulimit NAME=SOFT[:HARD]; UINT64_MAX is "unlimited" (RLIM_INFINITY) */
struct spec_ulimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

/* -p [ADDRESS:]PORT[-PORT]:PORT[-PORT][/PROTOCOL] */
struct spec_port {
	struct cidr address;   /* of the machine's; family 0 = any */
	uint8_t protocol;      /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t host, inside; /* the first of each */
	uint16_t count;        /* how many, 1 at least */
};

#define SPEC_PORTS_MAX 256 /* all counts together: each holds one or two descriptors */

/* --add-host NAME:ADDRESS */
struct spec_host {
	const char *name;
	struct cidr address; /* family 0: the bridge's own, "host-gateway" */
};

/* --landlock ACCESS:PATH,... */
struct spec_landlock {
	const char *path; /* inside */
	bool writes;      /* rw, else ro */
};

/* --device-read-bps PATH:RATE, --device-write-bps */
struct spec_throttle {
	const char *device;
	uint64_t bytes_per_second;
};

/* Which namespaces are the container's own. The host's is always less isolation. */
enum spec_namespace {
	SPEC_NET,
	SPEC_IPC,
	SPEC_UTS,
	SPEC_PID,
	SPEC_NAMESPACE_COUNT,
};

/* --net. With HOST, CONTAINER and PATH the namespace is somebody else's, which host_namespace[SPEC_NET] says, too. */
enum spec_net_mode {
	SPEC_NET_NONE,
	SPEC_NET_BRIDGE,
	SPEC_NET_HOST,
	SPEC_NET_CONTAINER,
	SPEC_NET_PATH,
	SPEC_NET_MACVLAN,
	SPEC_NET_USER
};

/*
 * --userns: a user namespace where the root tree allows it, none, or one and nothing less. OUTER is not for asking: the one
 * that sv itself is in, which is not the machine's (rootless.h).
 */
enum spec_userns {
	SPEC_USERNS_AUTO,
	SPEC_USERNS_HOST,
	SPEC_USERNS_PRIVATE,
	SPEC_USERNS_OUTER
};

enum spec_tty {
	SPEC_TTY_AUTO,
	SPEC_TTY_FORCE,
	SPEC_TTY_FORBID
};

#define SPEC_LIST(type) \
 struct {               \
  type *rows;           \
  size_t count;         \
 }

struct spec {
	struct arena arena; /* what the parsers allocated */

	/* what to run */
	const char *
		rootfs; /* a directory, a file, an image: rootfs.h. NULL: what the kept container of that name has */
	const char **
		command; /* NULL-terminated argv; NULL or empty = /bin/sh. --entrypoint is not yet put before it */
	const char *entrypoint;
	const char *name; /* NULL = run.c makes one up */

	/* identity inside */
	const char *hostname, *domainname;
	const char *workdir;
	const char *user;              /* "UID", "UID:GID", "name", "name:group", looked up later */
	struct spec_strings group_add; /* ids or names */
	struct spec_strings
		env;   /* "K=V"; "K" alone already resolved to the caller's value or dropped */
	int64_t umask; /* 0..0777 */
	int64_t oom_score_adj; /* -1000..1000 */
	int64_t preserve_fds;  /* how many from 3 on; LISTEN_FDS may add to it */
	SPEC_LIST(struct spec_ulimit) ulimits;
	SPEC_LIST(struct spec_sysctl) sysctls;

	/* namespaces */
	bool host_namespace[SPEC_NAMESPACE_COUNT]; /* --net host and kin: none is made */
	int64_t monotonic_offset, boottime_offset; /* seconds */
	enum spec_userns userns;
	uint32_t userns_start, userns_size; /* --userns START:SIZE; size 0 = any range */

	/* network */
	enum spec_net_mode net;
	const char *bridge; /* --bridge, which values_check() makes net_name of */
	const char *
		net_name; /* of a container, a path, a link: what is behind --net's colon, or --bridge */
	struct cidr bridge_addr, bridge_addr6; /* the bridge's own address; family 0 = not given */
	struct cidr ip, ip6;                   /* the container's; family 0 = any */
	uint8_t mac[6];
	bool has_mac;
	bool isolate;                      /* from the bridge's other containers */
	SPEC_LIST(struct spec_port) ports; /* published */
	SPEC_LIST(struct cidr) dns;
	struct spec_strings dns_search;
	SPEC_LIST(struct spec_host) hosts;

	/* rights */
	uint64_t cap_add, cap_drop; /* capability masks; CAPABILITIES_ALL */
	bool privileged;
	SPEC_LIST(struct spec_landlock) landlock;

	/* walls */
	const char *seccomp; /* a file, "default", "none"; NULL = default */
	bool no_new_privs;   /* true unless told otherwise */

	/* files */
	const char *store_root; /* NULL: store_default_root() */
	bool keep, ephemeral;
	bool read_only;
	uint64_t shm_size; /* bytes; 0 = default */
	SPEC_LIST(struct spec_volume) volumes;
	SPEC_LIST(struct spec_tmpfs) tmpfs;
	SPEC_LIST(struct spec_device) devices;

	/* limits; units are the kernel's or Docker's, SPEC_UNSET where not given */
	int64_t memory;             /* bytes */
	int64_t memory_swap;        /* bytes of memory and swap together; -1 = unlimited */
	int64_t memory_reservation; /* bytes */
	int64_t cpus;       /* millionths, as given; values_check() makes quota and period of it */
	int64_t cpu_quota;  /* microseconds a period; --cpus 0.1 = 10000 of 100000 */
	int64_t cpu_period; /* microseconds */
	int64_t cpu_shares; /* 2..262144, cgroup v1's scale */
	int64_t pids_limit; /* -1 = unlimited */
	int64_t blkio_weight;                  /* 10..1000 */
	const char *cpuset_cpus, *cpuset_mems; /* "0-3,8", checked for form */
	SPEC_LIST(struct spec_throttle) read_bps;
	SPEC_LIST(struct spec_throttle) write_bps;
	const char
		*cgroup_default; /* not an option: the parent where none is asked for; NULL = /sv */
	const char
		*cgroup_parent; /* path below the hierarchy's root, with or without a leading '/' */

	/* running */
	enum spec_tty tty;
	int64_t stop_signal;  /* 1..64 */
	int64_t stop_timeout; /* seconds; -1 = never kill */
	int64_t timeout;      /* milliseconds until the stop, SPEC_UNSET = none */
	bool dry_run, verbose, help;
	const char *config_file;
};

#endif
