/* SPDX-License-Identifier: MIT */
/*
 * Builds the plan. What stands in every container is in three tables at the top (mounts, nodes, links: the OCI runtime
 * specification's defaults for Linux); what was asked for follows row by row.
 */
#include "plan_build.h"

#include "../init/lib/fd.h"
#include "arena.h"
#include "capabilities.h"
#include "file.h"
#include "landlock.h"
#include "launch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#ifndef F_ADD_SEALS
# define F_ADD_SEALS   1033
# define F_SEAL_SEAL   0x0001
# define F_SEAL_SHRINK 0x0002
# define F_SEAL_GROW   0x0004
# define F_SEAL_WRITE  0x0008
#endif

#define SHM_SIZE_DEFAULT (64ULL << 20)
#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))

/* What is put together, before it becomes one block. */
struct draft {
	struct arena *arena; /* the caller's: for what is put together, and the block */
	struct plan head;
	char *strings; /* grows by doubling: an environment may be 100 MB before the kernel refuses it */
	size_t strings_size, strings_capacity;
	SPEC_LIST(struct plan_mount) mounts;
	SPEC_LIST(struct plan_node) nodes;
	SPEC_LIST(struct plan_link) links;
	SPEC_LIST(struct plan_mask) masks;
	SPEC_LIST(struct plan_sysctl) sysctls;
	SPEC_LIST(struct plan_limit) limits;
	SPEC_LIST(struct plan_landlock) landlock;
	SPEC_LIST(int32_t) preserved;
	SPEC_LIST(plan_string) arguments;
	SPEC_LIST(plan_string) environment;
	bool out_of_memory; /* checked once, at the end */
};

#define REPLACED(field) offsetof(struct plan_replaced, field)
#define NOT_REPLACED    SIZE_MAX

/* Rows of /dev are left out when a volume takes its place. */
static const struct base_mount {
	const char *target, *type, *options;
	unsigned long flags;
	bool below_dev;
	size_t replaced; /* by which detached mount, where there is one */
} base_mounts[] = {
	{ "proc", "proc", "", MS_NOSUID | MS_NOEXEC | MS_NODEV, false, REPLACED(proc) },
	{ "sys", "sysfs", "", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, false, REPLACED(sys) },
	{ "dev", "tmpfs", "mode=755,size=65536k", MS_NOSUID | MS_STRICTATIME, true, REPLACED(dev) },
	{ "dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5", MS_NOSUID | MS_NOEXEC,
	  true, NOT_REPLACED },
	{ "dev/shm", "tmpfs", NULL /* mode and --shm-size */, MS_NOSUID | MS_NOEXEC | MS_NODEV,
	  true, NOT_REPLACED },
	{ "dev/mqueue", "mqueue", "", MS_NOSUID | MS_NOEXEC | MS_NODEV, true, REPLACED(mqueue) },
};

/* Numbers: Documentation/admin-guide/devices.txt. */
static const struct {
	const char *path;
	uint32_t major, minor;
} base_nodes[] = {
	{ "dev/null", 1, 3 },   { "dev/zero", 1, 5 },    { "dev/full", 1, 7 },
	{ "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
};

static const struct {
	const char *path, *text;
} base_links[] = {
	{ "dev/fd", "/proc/self/fd" },       { "dev/stdin", "/proc/self/fd/0" },
	{ "dev/stdout", "/proc/self/fd/1" }, { "dev/stderr", "/proc/self/fd/2" },
	{ "dev/core", "/proc/kcore" },       { "dev/ptmx", "pts/ptmx" },
};

/*
 * What tells about, or acts on, the whole machine: the paths that Docker and Podman hide and close. The sysctls of the
 * container's own namespaces are set by --sysctl, before /proc/sys is closed.
 */
static const struct {
	const char *path;
	enum plan_mask_kind kind;
} base_masks[] = {
	{ "proc/acpi", PLAN_MASK_HIDE_DIRECTORY },
	{ "proc/asound", PLAN_MASK_HIDE_DIRECTORY },
	{ "proc/interrupts", PLAN_MASK_HIDE_FILE },
	{ "proc/kcore", PLAN_MASK_HIDE_FILE },
	{ "proc/keys", PLAN_MASK_HIDE_FILE },
	{ "proc/latency_stats", PLAN_MASK_HIDE_FILE },
	{ "proc/sched_debug", PLAN_MASK_HIDE_FILE },
	{ "proc/scsi", PLAN_MASK_HIDE_DIRECTORY },
	{ "proc/timer_list", PLAN_MASK_HIDE_FILE },
	{ "proc/timer_stats", PLAN_MASK_HIDE_FILE },
	{ "sys/dev/block", PLAN_MASK_HIDE_DIRECTORY },
	{ "sys/devices/virtual/powercap", PLAN_MASK_HIDE_DIRECTORY },
	{ "sys/firmware", PLAN_MASK_HIDE_DIRECTORY },
	{ "sys/fs/selinux", PLAN_MASK_HIDE_DIRECTORY },
	{ "proc/bus", PLAN_MASK_READ_ONLY },
	{ "proc/fs", PLAN_MASK_READ_ONLY },
	{ "proc/irq", PLAN_MASK_READ_ONLY },
	{ "proc/sys", PLAN_MASK_READ_ONLY },
	{ "proc/sysrq-trigger", PLAN_MASK_READ_ONLY },
};

static plan_string add_bytes(struct draft *draft, const char *text, size_t length)
{
	size_t at = draft->strings_size;

	if (length == 0)
		return 0;
	if (at + length + 1 > draft->strings_capacity) {
		size_t capacity = (at + length + 1) * 2;
		char *grown = capacity > PLAN_SIZE_MAX ? NULL : arena_take(draft->arena, capacity);

		if (grown == NULL) {
			draft->out_of_memory = true;
			return 0;
		}
		memcpy(grown, draft->strings, at);
		draft->strings = grown;
		draft->strings_capacity = capacity;
	}
	memcpy(draft->strings + at, text, length);
	draft->strings[at + length] = '\0';
	draft->strings_size += length + 1;
	return (plan_string)at;
}

static plan_string add_string(struct draft *draft, const char *text)
{
	return add_bytes(draft, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static plan_string add_format(struct draft *draft,
								    const char *format, ...)
{
	char text[4096 + 64];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return add_string(draft, text);
}

/* Appends a zeroed row, or a scratch one when memory has run out: the end of plan_build() looks once. */
static void *add_row(struct draft *draft, void *list, size_t size)
{
	static uint64_t scratch[32];
	void *row = arena_append(draft->arena, list, size);

	if (row != NULL)
		return row;
	draft->out_of_memory = true;
	return scratch;
}

#define ADD_ROW(draft, list) \
 ((__typeof__((draft)->list.rows))add_row((draft), &(draft)->list, sizeof(*(draft)->list.rows)))

static struct plan_mount *add_mount(struct draft *draft, enum plan_phase phase, const char *target,
				    const char *type, const char *options, unsigned long flags)
{
	struct plan_mount *row = ADD_ROW(draft, mounts);

	row->kind = PLAN_MOUNT_FILESYSTEM;
	row->phase = phase;
	row->fd = row->base_fd = -1;
	row->target = add_string(draft, target);
	row->type = add_string(draft, type);
	row->options = add_string(draft, options);
	row->flags = flags;
	return row;
}

bool plan_is_taken(const struct spec *spec, const char *target)
{
	for (size_t i = 0; i < spec->volumes.count + spec->tmpfs.count; i++) {
		const char *taken = i < spec->volumes.count
					    ? spec->volumes.rows[i].target
					    : spec->tmpfs.rows[i - spec->volumes.count].target;
		size_t length = strlen(taken);

		if (strncmp(target, taken, length) == 0 &&
		    (target[length] == '\0' || target[length] == '/'))
			return true;
	}
	return false;
}

/* The number that one of sv's descriptors will have in init. */
static int in_init(const struct plan_inputs *inputs, int fd)
{
	if (inputs->passed == NULL || fd < 0)
		return fd;
	for (size_t i = LAUNCH_OTHERS; i < inputs->passed->count; i++)
		if (inputs->passed->rows[i] == fd)
			return launch_number(i);
	return -1; /* which plan_check() refuses where there must be one */
}

static int replaced_by(const struct plan_inputs *inputs, const struct base_mount *base)
{
	if (base->replaced == NOT_REPLACED)
		return -1;
	return *(const int *)(const void *)((const char *)&inputs->replaced + base->replaced);
}

static void add_base_mounts(struct draft *draft, const struct plan_inputs *inputs, bool own_dev)
{
	const struct spec *spec = inputs->spec;
	uint64_t shm = spec->shm_size != 0 ? spec->shm_size : SHM_SIZE_DEFAULT;
	char shm_options[64];

	(void)snprintf(shm_options, sizeof(shm_options), "mode=1777,size=%llu",
		       (unsigned long long)shm);
	for (size_t i = 0; i < COUNT(base_mounts); i++) {
		const struct base_mount *base = &base_mounts[i];
		int fd = replaced_by(inputs, base);
		struct plan_mount *row;

		if ((base->below_dev && !own_dev) || fd == PLAN_LEFT_OUT)
			continue;
		row = add_mount(draft, PLAN_PHASE_BASE, base->target, base->type,
				base->options != NULL ? base->options : shm_options,
				spec->privileged ? base->flags & ~(unsigned long)MS_RDONLY
						 : base->flags);
		row->strict = 1;
		if (inputs->id_count != 0 && inputs->id_count <= 5 &&
		    strcmp(base->type, "devpts") == 0)
			row->options = add_string(
				draft,
				"newinstance,ptmxmode=0666,mode=0620"); /* group 5 isn't there */
		if (fd > 0) {
			row->kind = PLAN_MOUNT_DETACHED;
			row->fd = in_init(inputs, fd);
		} else if (base->below_dev && inputs->replaced.dev > 0) {
			row->base_fd = in_init(
				inputs,
				inputs->replaced.dev); /* plan_make_dev() makes the directory */
		}
	}
}

static void add_node(struct draft *draft, const char *path, uint32_t mode, uint32_t major,
		     uint32_t minor)
{
	struct plan_node *row = ADD_ROW(draft, nodes);

	row->path = add_string(draft, path);
	row->mode = mode;
	row->major = major;
	row->minor = minor;
}

/* True when --device puts something in the place of one of the tables' rows. */
static bool is_replaced(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->devices.count; i++)
		if (strcmp(spec->devices.rows[i].target + 1, path) == 0)
			return true;
	return false;
}

static void add_dev(struct draft *draft, const struct spec *spec)
{
	for (size_t i = 0; i < COUNT(base_nodes); i++)
		if (!is_replaced(spec, base_nodes[i].path))
			add_node(draft, base_nodes[i].path, S_IFCHR | 0666, base_nodes[i].major,
				 base_nodes[i].minor);
	for (size_t i = 0; i < COUNT(base_links); i++) {
		struct plan_link *row;

		if (is_replaced(spec, base_links[i].path))
			continue;
		row = ADD_ROW(draft, links);
		row->path = add_string(draft, base_links[i].path);
		row->text = add_string(draft, base_links[i].text);
	}
}

size_t plan_device_count(const struct spec *spec)
{
	return COUNT(base_nodes) + spec->devices.count;
}

const char *plan_device_source(const struct spec *spec, size_t number)
{
	static const char *const paths[] = { "/dev/null",   "/dev/zero",    "/dev/full",
					     "/dev/random", "/dev/urandom", "/dev/tty" };

	_Static_assert(COUNT(paths) == COUNT(base_nodes), "one each");
	return number < COUNT(paths) ? paths[number]
				     : spec->devices.rows[number - COUNT(paths)].source;
}

/* Rootless: the host's nodes, each bound over an empty file. */
static void bind_devices(struct draft *draft, const struct plan_inputs *inputs)
{
	for (size_t i = 0; i < plan_device_count(inputs->spec); i++) {
		const char *target =
			i < COUNT(base_nodes)
				? base_nodes[i].path
				: inputs->spec->devices.rows[i - COUNT(base_nodes)].target + 1;
		struct plan_mount *row = add_mount(draft, PLAN_PHASE_BASE, target, "", "", 0);

		row->kind = PLAN_MOUNT_DETACHED;
		row->fd = in_init(inputs, inputs->host_devices[i]);
		row->expect = PLAN_TARGET_FILE;
		row->strict = 1;
	}
	draft->nodes.count = 0;
}

/* Only where the container's own /dev is what is written to: elsewhere a node would stay in ROOTFS, or be covered. */
static int add_devices(struct draft *draft, const struct plan_inputs *inputs, struct error *error)
{
	for (size_t i = 0; i < inputs->spec->devices.count; i++) {
		const char *target = inputs->spec->devices.rows[i].target;

		if (strncmp(target, "/dev/", 5) != 0)
			return error_set(error, 0, "--device: '%s' is not below /dev", target);
		if (plan_is_taken(inputs->spec, target))
			return error_set(error, 0, "--device: '%s' is hidden by a volume or tmpfs",
					 target);
		add_node(draft, target + 1, inputs->devices[i].mode, inputs->devices[i].major,
			 inputs->devices[i].minor);
	}
	return 0;
}

static unsigned long mount_flags(bool allow_suid, bool allow_devices, bool no_exec, bool read_only)
{
	return (allow_suid ? 0 : MS_NOSUID) | (allow_devices ? 0 : MS_NODEV) |
	       (no_exec ? MS_NOEXEC : 0) | (read_only ? MS_RDONLY : 0);
}

static void add_user_mounts(struct draft *draft, const struct plan_inputs *inputs)
{
	const struct spec *spec = inputs->spec;

	for (size_t i = 0; i < spec->tmpfs.count; i++) {
		const struct spec_tmpfs *tmpfs = &spec->tmpfs.rows[i];
		char options[64];

		if (tmpfs->size != 0)
			(void)snprintf(options, sizeof(options), "mode=%o,size=%llu", tmpfs->mode,
				       (unsigned long long)tmpfs->size);
		else
			(void)snprintf(options, sizeof(options), "mode=%o", tmpfs->mode);
		add_mount(draft, PLAN_PHASE_USER, tmpfs->target + 1, "tmpfs", options,
			  mount_flags(tmpfs->allow_suid, tmpfs->allow_devices, tmpfs->no_exec,
				      tmpfs->read_only));
	}
	for (size_t i = 0; i < spec->volumes.count; i++) {
		struct plan_mount *row = add_mount(draft, PLAN_PHASE_USER,
						   spec->volumes.rows[i].target + 1, "", "", 0);

		row->kind = PLAN_MOUNT_DETACHED;
		row->fd = in_init(inputs, inputs->volumes[i].fd);
		row->expect = inputs->volumes[i].is_file ? PLAN_TARGET_FILE : PLAN_TARGET_DIRECTORY;
	}
	for (size_t i = 0; inputs->files != NULL && i < PLAN_FILES_MAX; i++) {
		struct plan_mount *row;

		if (inputs->files[i].target[0] == '\0')
			continue;
		row = add_mount(draft, PLAN_PHASE_USER, inputs->files[i].target, "tmpfs", "", 0);
		row->kind = PLAN_MOUNT_DETACHED;
		row->fd = in_init(inputs, inputs->files[i].fd);
		row->expect = PLAN_TARGET_FILE;
	}
}

static unsigned depth(const struct draft *draft, const struct plan_mount *row)
{
	unsigned slashes = 0;

	for (const char *text = draft->strings + row->target; *text != '\0'; text++)
		slashes += *text == '/';
	return slashes;
}

/* /a before /a/b, whatever order they were asked for in; equals keep their order. */
static void sort_user_mounts(struct draft *draft, size_t first)
{
	for (size_t i = first + 1; !draft->out_of_memory && i < draft->mounts.count; i++) {
		struct plan_mount row = draft->mounts.rows[i];
		size_t at = i;

		for (; at > first && depth(draft, &draft->mounts.rows[at - 1]) > depth(draft, &row);
		     at--)
			draft->mounts.rows[at] = draft->mounts.rows[at - 1];
		draft->mounts.rows[at] = row;
	}
}

#define CGROUP_FLAGS (MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RELATIME)

/* A v1 hierarchy is mounted inside by its controllers, in a folder of that name; v2 beside it as "unified". */
static void add_hierarchy(struct draft *draft, const struct cgroup_hierarchy *hierarchy)
{
	char target[128];

	(void)snprintf(target, sizeof(target), "sys/fs/cgroup/%s",
		       hierarchy->v2 ? "unified" : hierarchy->names);
	add_mount(draft, PLAN_PHASE_RELEASED, target, hierarchy->v2 ? "cgroup2" : "cgroup",
		  hierarchy->names, CGROUP_FLAGS | MS_RDONLY);
}

static void add_cgroups(struct draft *draft, const struct plan_inputs *inputs)
{
	const struct cgroup *cgroup = inputs->cgroup;

	if (cgroup->count == 0 || plan_is_taken(inputs->spec, "/sys/fs/cgroup"))
		return;
	if (cgroup->count == 1 && cgroup->v2 == 0) {
		add_mount(draft, PLAN_PHASE_RELEASED, "sys/fs/cgroup", "cgroup2", "",
			  CGROUP_FLAGS | MS_RDONLY);
		return;
	}
	add_mount(draft, PLAN_PHASE_RELEASED, "sys/fs/cgroup", "tmpfs", "mode=755,size=64k",
		  CGROUP_FLAGS);
	for (unsigned i = 0; i < cgroup->count; i++)
		add_hierarchy(draft, cgroup->rows[i].hierarchy);
	add_mount(draft, PLAN_PHASE_RELEASED, "sys/fs/cgroup", "tmpfs", "",
		  MS_REMOUNT | MS_BIND | CGROUP_FLAGS | MS_RDONLY);
}

static void add_mask(struct draft *draft, plan_string path, enum plan_mask_kind kind)
{
	struct plan_mask *row = ADD_ROW(draft, masks);

	row->path = path;
	row->kind = kind;
}

/* A mask is for what the kernel shows; where a user's mount stands instead there is nothing of that. */
static bool is_taken_from_root(const struct spec *spec, const char *path)
{
	char absolute[128] = "/";

	(void)snprintf(absolute + 1, sizeof(absolute) - 1, "%s", path);
	return plan_is_taken(spec, absolute);
}

static void add_masks(struct draft *draft, const struct plan_inputs *inputs)
{
	if (inputs->spec->privileged)
		return;
	for (size_t i = 0; i < COUNT(base_masks); i++)
		if (!is_taken_from_root(inputs->spec, base_masks[i].path))
			add_mask(draft, add_string(draft, base_masks[i].path), base_masks[i].kind);
	for (unsigned cpu = 0; cpu < inputs->throttled_cpus && !plan_is_taken(inputs->spec, "/sys");
	     cpu++)
		add_mask(draft,
			 add_format(draft, "sys/devices/system/cpu/cpu%u/thermal_throttle", cpu),
			 PLAN_MASK_HIDE_DIRECTORY);
}

static void add_sysctl(struct draft *draft, const char *key, plan_string value)
{
	struct plan_sysctl *row = ADD_ROW(draft, sysctls);

	row->key = add_string(draft, key);
	row->value = value;
}

/*
 * As Docker has them, where there is a network to be had: what stands before a port below 1024, or an ICMP echo, is the
 * machine's own concern. --sysctl comes later, and wins. With --pid host /proc is the machine's, and read-only.
 */
static void add_network_sysctls(struct draft *draft, const struct plan_inputs *inputs)
{
	uint32_t last_group = inputs->id_count > 0 ? inputs->id_count - 1 : INT32_MAX;

	if (inputs->spec->net == SPEC_NET_NONE || inputs->spec->host_namespace[SPEC_NET] ||
	    inputs->spec->host_namespace[SPEC_PID])
		return;
	add_sysctl(draft, "net/ipv4/ip_unprivileged_port_start", add_string(draft, "0"));
	add_sysctl(draft, "net/ipv4/ping_group_range", add_format(draft, "0 %u", last_group));
}

static void add_sysctls_and_limits(struct draft *draft, const struct spec *spec)
{
	for (size_t i = 0; i < spec->sysctls.count; i++) {
		if (strncmp(spec->sysctls.rows[i].key, "net/", 4) != 0)
			continue; /* the IPC namespace's are written by sv: ipc_sysctl.c */
		add_sysctl(draft, spec->sysctls.rows[i].key,
			   add_string(draft, spec->sysctls.rows[i].value));
	}
	for (size_t i = 0; i < spec->ulimits.count; i++) {
		struct plan_limit *row = ADD_ROW(draft, limits);

		row->resource = (uint32_t)spec->ulimits.rows[i].resource;
		row->soft = spec->ulimits.rows[i].soft;
		row->hard = spec->ulimits.rows[i].hard;
	}
}

static void add_landlock(struct draft *draft, const struct plan_inputs *inputs)
{
	for (size_t i = 0; i < inputs->spec->landlock.count; i++) {
		const struct spec_landlock *wanted = &inputs->spec->landlock.rows[i];
		struct plan_landlock *row = ADD_ROW(draft, landlock);

		row->path = add_string(draft, wanted->path);
		row->access = landlock_access(wanted, inputs->landlock_handled);
		row->file_access = landlock_file_access(wanted, inputs->landlock_handled);
	}
}

static void add_preserved(struct draft *draft, const struct plan_inputs *inputs)
{
	for (size_t i = 0; i < inputs->preserved_count; i++) {
		int32_t *row = ADD_ROW(draft, preserved);

		*row = in_init(inputs, inputs->preserved[i]);
	}
}

static void add_word(struct draft *draft, const char *word)
{
	plan_string *row = ADD_ROW(draft, arguments);

	*row = add_string(draft, word);
}

static void add_command(struct draft *draft, const struct spec *spec)
{
	if (spec->entrypoint != NULL)
		add_word(draft, spec->entrypoint);
	else if (spec->command == NULL || spec->command[0] == NULL)
		add_word(draft, "/bin/sh");
	for (const char **word = spec->command; word != NULL && *word != NULL; word++)
		add_word(draft, *word);
}

static bool is_given(const struct spec *spec, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < spec->env.count; i++)
		if (strncmp(spec->env.rows[i], name, length) == 0 &&
		    spec->env.rows[i][length] == '=')
			return true;
	return false;
}

static void add_variable(struct draft *draft, const struct spec *spec, const char *name,
			 const char *value)
{
	if (value == NULL || value[0] == '\0' || is_given(spec, name))
		return;
	plan_string *row = ADD_ROW(draft, environment);

	*row = add_format(draft, "%s=%s", name, value);
}

/* Clean: these, and what was asked for. Nothing else of the host's. */
static void add_environment(struct draft *draft, const struct plan_inputs *inputs,
			    const char *hostname)
{
	const struct spec *spec = inputs->spec;
	const char *term = getenv("TERM");

	add_variable(draft, spec, "PATH",
		     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	add_variable(draft, spec, "HOME", inputs->identity->home);
	add_variable(draft, spec, "USER", inputs->identity->name);
	add_variable(draft, spec, "HOSTNAME", hostname);
	if (inputs->has_terminal)
		add_variable(draft, spec, "TERM", term != NULL ? term : "xterm");
	if (inputs->has_listen_fds) {
		char count[16];

		(void)snprintf(count, sizeof(count), "%zu", inputs->preserved_count);
		add_variable(draft, spec, "LISTEN_FDS", count);
		add_variable(draft, spec, "LISTEN_PID",
			     "0"); /* init puts the command's own there */
		add_variable(draft, spec, "LISTEN_FDNAMES", getenv("LISTEN_FDNAMES"));
	}
	for (size_t i = 0; i < spec->env.count; i++) {
		plan_string *row = ADD_ROW(draft, environment);

		*row = add_string(draft, spec->env.rows[i]);
	}
}

static void set_head(struct draft *draft, const struct plan_inputs *inputs, const char *hostname)
{
	const struct spec *spec = inputs->spec;
	struct plan *head = &draft->head;
	bool has_time = spec->monotonic_offset != SPEC_UNSET || spec->boottime_offset != SPEC_UNSET;

	memcpy(head->magic, PLAN_MAGIC, sizeof(head->magic));
	head->version = PLAN_VERSION;
	head->flags =
		(spec->host_namespace[SPEC_NET] ? 0 : PLAN_LOOPBACK) |
		(spec->read_only ? PLAN_ROOT_READ_ONLY : 0) |
		(inputs->makes_workdir ? PLAN_MAKE_WORKDIR : 0) |
		(plan_namespaces(inputs) & CLONE_NEWCGROUP ? 0 : PLAN_CGROUP_NAMESPACE) |
		(has_time ? PLAN_TIME_NAMESPACE : 0) |
		(spec->oom_score_adj != SPEC_UNSET ? PLAN_OOM_SCORE : 0) |
		(spec->host_namespace[SPEC_PID] ? PLAN_SHARED_PIDS : 0) |
		(inputs->has_userns ? PLAN_USER_NAMESPACE : 0) |
		(inputs->rootless != NULL && !inputs->rootless->has_groups ? PLAN_KEEP_GROUPS : 0) |
		(inputs->child_ignored ? PLAN_CHILD_IGNORED : 0) |
		(inputs->has_terminal ? PLAN_TERMINAL : 0) |
		(spec->no_new_privs ? PLAN_NO_NEW_PRIVS : 0) | (inputs->has_late ? PLAN_WAIT : 0);
	head->ttys = inputs->ttys;
	head->root_fd = in_init(inputs, inputs->root_fd);
	head->procs_fd = in_init(inputs, inputs->procs_fd);
	head->held_fd = inputs->held_fd > 0 ? in_init(inputs, inputs->held_fd) : -1;
	head->landlock_fd = inputs->landlock_fd > 0 ? in_init(inputs, inputs->landlock_fd) : -1;
	head->capabilities = spec->privileged ? CAPABILITIES_ALL
					      : capabilities_combine(spec->cap_add, spec->cap_drop);
	head->ambient =
		head->capabilities & (spec->cap_add == CAPABILITIES_ALL ? 0 : spec->cap_add);
	if (!spec->host_namespace[SPEC_UTS]) {
		head->hostname = add_string(draft, hostname);
		head->domainname =
			spec->domainname != NULL ? add_string(draft, spec->domainname) : 0;
	}
	head->workdir = add_string(draft, spec->workdir != NULL ? spec->workdir : "/");
	head->uid = inputs->identity->uid;
	head->gid = inputs->identity->gid;
	head->umask = spec->umask != SPEC_UNSET ? (uint32_t)spec->umask : 0022;
	head->oom_score_adj = spec->oom_score_adj != SPEC_UNSET ? (int32_t)spec->oom_score_adj : 0;
	head->monotonic_offset = spec->monotonic_offset != SPEC_UNSET ? spec->monotonic_offset : 0;
	head->boottime_offset = spec->boottime_offset != SPEC_UNSET ? spec->boottime_offset : 0;
	head->blocked = inputs->blocked;
	head->terminal = inputs->terminal;
}

uint64_t plan_namespaces(const struct plan_inputs *inputs)
{
	static const uint64_t flags[SPEC_NAMESPACE_COUNT] = {
		[SPEC_NET] = CLONE_NEWNET,
		[SPEC_IPC] = CLONE_NEWIPC,
		[SPEC_UTS] = CLONE_NEWUTS,
		[SPEC_PID] = CLONE_NEWPID,
	};
	uint64_t result = CLONE_NEWNS | (inputs->has_userns ? CLONE_NEWUSER : 0);
	bool has_v1 = false;

	for (size_t i = 0; i < SPEC_NAMESPACE_COUNT; i++)
		result |= inputs->spec->host_namespace[i] ? 0 : flags[i];
	/* The namespace's root is where the process stands when it is made: on v1 only after it was moved. */
	for (unsigned i = 0; i < inputs->cgroup->count; i++)
		has_v1 |= !inputs->cgroup->rows[i].hierarchy->v2;
	return has_v1 ? result : result | CLONE_NEWCGROUP;
}

/* Where each table of the block comes from, in the order of struct plan. */
struct piece {
	struct plan_table *table;
	const void *rows;
	size_t count, size;
};

#define PIECE(name, list)                                            \
 {                                                                   \
  &draft->head.name, (list).rows, (list).count, sizeof(*(list).rows) \
 }

static struct plan *assemble(struct draft *draft, const struct plan_inputs *inputs, size_t *size)
{
	const struct piece pieces[] = {
		PIECE(mounts, draft->mounts),
		PIECE(nodes, draft->nodes),
		PIECE(links, draft->links),
		PIECE(masks, draft->masks),
		PIECE(sysctls, draft->sysctls),
		PIECE(limits, draft->limits),
		{ &draft->head.filter, inputs->filter.rows, inputs->filter.count,
		  sizeof(struct plan_instruction) },
		PIECE(landlock, draft->landlock),
		{ &draft->head.groups, inputs->identity->groups, inputs->identity->group_count,
		  sizeof(uint32_t) },
		PIECE(preserved, draft->preserved),
		PIECE(arguments, draft->arguments),
		PIECE(environment, draft->environment),
		{ &draft->head.strings, draft->strings, draft->strings_size, 1 },
	};
	uint64_t total = sizeof(draft->head);
	char *block;

	for (size_t i = 0; i < COUNT(pieces); i++) {
		total = (total + 7) & ~7ULL; /* every row type is content with 8 */
		*pieces[i].table =
			(struct plan_table){ (uint32_t)total, (uint32_t)pieces[i].count };
		total += (uint64_t)pieces[i].count * pieces[i].size;
		if (total > PLAN_SIZE_MAX)
			return NULL;
	}
	block = arena_take(draft->arena, total);
	if (block == NULL)
		return NULL;
	draft->head.size = (uint32_t)total;
	memcpy(block, &draft->head, sizeof(draft->head));
	for (size_t i = 0; i < COUNT(pieces); i++)
		if (pieces[i].count != 0)
			memcpy(block + pieces[i].table->offset, pieces[i].rows,
			       pieces[i].count * pieces[i].size);
	*size = total;
	return (void *)block;
}

/* All the rows, in the order of struct plan. */
static int fill_draft(struct draft *draft, const struct plan_inputs *inputs, struct error *error)
{
	const struct spec *spec = inputs->spec;
	const char *hostname = spec->hostname != NULL ? spec->hostname : inputs->name;
	bool own_dev = !plan_is_taken(spec, "/dev");
	size_t first_user;

	add_base_mounts(draft, inputs, own_dev);
	if (own_dev)
		add_dev(draft, spec);
	if (add_devices(draft, inputs, error) < 0)
		return -1;
	if (inputs->rootless != NULL && inputs->host_devices != NULL && own_dev)
		bind_devices(draft, inputs);
	first_user = draft->mounts.count;
	add_user_mounts(draft, inputs);
	sort_user_mounts(draft, first_user);
	add_cgroups(draft, inputs);
	add_masks(draft, inputs);
	add_network_sysctls(draft, inputs);
	add_sysctls_and_limits(draft, spec);
	add_landlock(draft, inputs);
	add_preserved(draft, inputs);
	add_command(draft, spec);
	add_environment(draft, inputs, spec->host_namespace[SPEC_UTS] ? NULL : hostname);
	set_head(draft, inputs, hostname);
	return 0;
}

int plan_build(const struct plan_inputs *inputs, struct arena *arena, struct plan **plan,
	       size_t *size, struct error *error)
{
	struct draft draft = { .arena = arena, .strings_size = 1, .strings_capacity = 2048 };
	const char *reason = "";
	int result = -ENOMEM;

	*plan = NULL;
	draft.strings = arena_take(arena, draft.strings_capacity);
	if (draft.strings != NULL)
		result = fill_draft(&draft, inputs, error);
	if (result == 0 && !draft.out_of_memory)
		*plan = assemble(&draft, inputs, size);
	if (*plan == NULL)
		return error_set(error, -ENOMEM, "cannot make the plan");
	if (plan_check(*plan, *size, &reason) < 0)
		return error_set(error, 0, "cannot make the plan: %s", reason);
	return 0;
}

/* A tmpfs that is being filled, and whom it is to belong to. */
struct dev {
	int fd;
	uint32_t uid, gid;
};

/* What sv makes is root's already. `result` is that of the call that made it. */
static int give(const struct dev *dev, const char *path, int result)
{
	if (result < 0 || (dev->uid == 0 && dev->gid == 0))
		return result;
	return sys_fchownat(dev->fd, path, dev->uid, dev->gid, AT_SYMLINK_NOFOLLOW);
}

static int make_directory(const struct dev *dev, const char *path)
{
	int result = sys_mkdirat(dev->fd, path, 0755);

	return result == -EEXIST ? 0 : give(dev, path, result);
}

/* Makes what is missing above `path`, which is relative to dev. */
static int make_parents(const struct dev *dev, char *path)
{
	int result = 0;

	for (char *slash = strchr(path, '/'); result == 0 && slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		result = make_directory(dev, path);
		*slash = '/';
	}
	return result;
}

/* All of them are below dev: add_devices(). */
static char *below_dev(const struct plan *plan, plan_string path)
{
	return (char *)plan_text(plan, path) + sizeof("dev/") - 1;
}

static int make_node(const struct dev *dev, const struct plan *plan, const struct plan_node *row)
{
	char *path = below_dev(plan, row->path);
	int result = make_parents(dev, path);

	if (result == 0)
		result = sys_mknodat(dev->fd, path, row->mode,
				     (unsigned)makedev(row->major, row->minor));
	return give(dev, path, result);
}

static int fill_dev(const struct dev *dev, const struct plan *plan)
{
	const struct plan_mount *mount = plan_rows(plan, plan->mounts);
	const struct plan_node *node = plan_rows(plan, plan->nodes);
	const struct plan_link *link = plan_rows(plan, plan->links);
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < plan->nodes.count; i++, node++)
		result = make_node(dev, plan, node);
	for (uint32_t i = 0; result == 0 && i < plan->links.count; i++, link++) {
		const char *path = below_dev(plan, link->path);

		result = give(dev, path, sys_symlinkat(plan_text(plan, link->text), dev->fd, path));
	}
	for (uint32_t i = 0; result == 0 && i < plan->mounts.count; i++, mount++)
		if (mount->base_fd >= 0)
			result = make_directory(dev, below_dev(plan, mount->target));
	return result;
}

int plan_make_dev(struct plan *plan, int dev, uint32_t uid, uint32_t gid, struct error *error)
{
	const struct dev all = { dev, uid, gid };
	int result = fill_dev(&all, plan);

	if (result < 0)
		return error_set(error, result, "cannot make the devices of the container's /dev");
	plan->nodes.count = plan->links.count = 0;
	return 0;
}

int plan_seal(const struct plan *plan, size_t size, struct error *error)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	FD int fd = sys_memfd_create("plan", flags | MFD_NOEXEC_SEAL);
	int result;

	if (fd == -EINVAL) /* before Linux 6.3 */
		fd = sys_memfd_create("plan", flags);
	if (fd < 0)
		return error_set(error, fd, "cannot make a memfd for the plan");
	result = file_write(fd, (const char *)plan, size);
	if (result == 0)
		result = sys_fcntl(fd, F_ADD_SEALS,
				   F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	if (result < 0)
		return error_set(error, result, "cannot seal the plan");
	return fd_take(&fd);
}
