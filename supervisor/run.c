/* SPDX-License-Identifier: MIT */
/*
 * `sv run`: the order of things. Each step takes one resource and struct run holds it; whatever way the run ends,
 * run_clean() gives back what was taken, in reverse.
 */
#include "verbs.h"

#include "../init/lib/fd.h"
#include "capabilities.h"
#include "cgroup.h"
#include "descriptors.h"
#include "error.h"
#include "ipc_sysctl.h"
#include "landlock.h"
#include "launch.h"
#include "network.h"
#include "options.h"
#include "plan_build.h"
#include "record.h"
#include "rootfs.h"
#include "rootless.h"
#include "seccomp.h"
#include "services.h"
#include "state.h"
#include "stdio_owner.h"
#include "supervise.h"
#include "terminal.h"
#include "tree.h"
#include "userns.h"
#include "users.h"
#include "volumes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#define VERSION(major, minor) ((unsigned long)(major) << 16 | (minor))
#define KERNEL_OLDEST         VERSION(5, 12)
#define KERNEL_TMPFS_IDMAP    VERSION(6, 3) /* from there on a tmpfs can have its ids mapped */

struct run {
	struct spec spec;
	unsigned long kernel; /* VERSION() */
	bool is_root;
	char name[SPEC_NAME_MAX + 1];
	struct descriptors preserved;
	struct descriptors_standard standard;
	sys_sigset blocked; /* what sv was started with */
	bool child_ignored;
	int socket, init_socket, signals;
	int root, procs, landlock, plan_fd, init_fd, pidfd;
	int namespace; /* the container's user namespace, from when its maps stand to its start */
	uint32_t landlock_handled;
	pid_t pid;
	struct rootfs rootfs;
	struct plan_volume *volumes;
	struct plan_device *devices;
	struct plan_passed passed;
	int *host_devices; /* rootless: the nodes of /dev and of --device, detached; see plan_build.h */
	struct identity identity;
	struct userns userns;
	struct rootless rootless;
	char state_directory[256], cgroup_parent[1024]; /* an ordinary user's */
	struct plan_replaced replaced;
	struct cgroup_host host;
	struct cgroup cgroup;
	bool is_recorded; /* its path, in the state */
	bool has_cgroup;  /* made, and to be removed */
	bool has_started; /* everything stood */
	struct state state;
	struct network network;
	struct services services; /* what hangs in it */
	struct arena memory;      /* for all that lives as long as the run */
	struct arena filter_memory;
	struct seccomp_program filter;
	struct plan *plan;
	size_t plan_size;
};

/* Large, and only ever one of each: not on the stack, and zero in the file. */
static struct run run;
static struct terminal terminal;

/* What most runs need in all, so that no page has to be asked for: what isn't touched isn't there. */
static _Alignas(16) char memory[32 << 10];
#define MEMORY_PART 1024 /* of it, for lists with an end of their own */

static void run_init(struct run *it)
{
	arena_lend(&it->memory, memory, sizeof(memory));
	arena_lend(&it->spec.arena, arena_take(&it->memory, MEMORY_PART), MEMORY_PART);
	arena_lend(&it->identity.arena, arena_take(&it->memory, MEMORY_PART), MEMORY_PART);
	it->socket = it->init_socket = it->signals = -1;
	it->root = it->procs = it->landlock = it->plan_fd = it->init_fd = it->pidfd = -1;
	it->state.fd = it->userns.lock = it->namespace = -1;
	it->replaced = (struct plan_replaced){ -1, -1, -1, -1 };
	rootfs_init(&it->rootfs);
	network_init(&it->network);
	services_init(&it->services);
	terminal.master = terminal.host = -1;
}

static int check_kernel(struct run *it, struct error *error)
{
	struct utsname name;
	unsigned long major, minor;
	char *end;

	if (uname(&name) < 0)
		return error_set(error, 0, "cannot tell which kernel this is");
	major = strtoul(name.release, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	it->kernel = VERSION(major, minor);
	if (it->kernel >= KERNEL_OLDEST)
		return 0;
	return error_set(error, 0, "kernel %s is too old: sv needs Linux %lu.%lu or newer",
			 name.release, KERNEL_OLDEST >> 16, KERNEL_OLDEST & 0xffff);
}

/* A wall taken down is said so, each time. */
static void announce_privileged(struct spec *spec)
{
	if (!spec->privileged)
		return;
	spec->no_new_privs = false;
	if (!spec->dry_run)
		error_say(
			"--privileged: all capabilities, no seccomp filter, nothing hidden or read-only in /proc and /sys%s",
			spec->userns == SPEC_USERNS_HOST
				? ", every device: what runs inside can take over this machine"
				: "");
}

static int check_machine(struct run *it, struct error *error)
{
	struct spec *spec = &it->spec;
	const char *option = spec->privileged                   ? "--privileged"
			     : spec->userns_size != 0           ? "--userns START:SIZE"
			     : spec->userns == SPEC_USERNS_HOST ? "--userns host"
								: NULL;

	if (check_kernel(it, error) < 0)
		return -1;
	if (!it->is_root && option != NULL)
		return error_hint(error, error_set(error, 0, "%s needs root", option),
				  "run it with sudo");
	if (!it->is_root && !spec->dry_run && network_needs_root(spec))
		return error_hint(error, error_set(error, 0, "this --net needs root"),
				  "run it with sudo");
	announce_privileged(spec);
	return 0;
}

/* First of all what is opened: 3 is sv's end and 4 init's, which is where init looks for it. */
static int open_socket(struct run *it, struct error *error)
{
	int pair[2];
	int result = sys_socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, pair);

	if (result < 0)
		return error_set(error, result, "cannot make a socket pair");
	it->socket = pair[0];
	it->init_socket = pair[1];
	if (it->init_socket != PLAN_SOCKET_FD)
		return error_set(error, 0, "descriptors 3 and 4 are not free");
	return 0;
}

/* From here on no signal is lost: what comes before init runs waits in the signalfd. */
static int take_signals(struct run *it, struct error *error)
{
	static const sys_sigset all = SYS_SIGSET_ALL;
	struct sys_sigaction fallback = { .handler = SYS_SIG_DFL },
			     previous = { .handler = SYS_SIG_DFL };

	(void)sys_rt_sigprocmask(SIG_SETMASK, &all, &it->blocked);
	/* Ignored, the kernel would reap init by itself and its status would be lost. The command gets it back. */
	(void)sys_rt_sigaction(SIGCHLD, &fallback, &previous);
	it->child_ignored = previous.handler == SYS_SIG_IGN;
	it->signals = sys_signalfd4(-1, &all, O_NONBLOCK | O_CLOEXEC);
	return it->signals < 0 ? error_set(error, it->signals, "cannot make a signalfd") : 0;
}

static int choose_name(struct run *it, struct error *error)
{
	unsigned char bytes[6];

	if (it->spec.name != NULL) {
		(void)snprintf(it->name, sizeof(it->name), "%s", it->spec.name);
		return 0;
	}
	if (sys_getrandom(bytes, sizeof(bytes)) != sizeof(bytes))
		return error_set(error, 0, "cannot make up a name: no random bytes");
	(void)snprintf(it->name, sizeof(it->name), "%02x%02x%02x%02x%02x%02x", bytes[0], bytes[1],
		       bytes[2], bytes[3], bytes[4], bytes[5]);
	return 0;
}

/*
 * Not root: become root of a namespace of one's own, which is then also the container's. Root of one already: it is
 * shared. Nodes can be made in neither, so there is no list of devices to hold them to.
 */
static int become_rootless(struct run *it, struct error *error)
{
	if (it->spec.dry_run)
		return 0;
	if (it->is_root && it->spec.userns_size == 0 && rootless_stay(&it->rootless, error) < 0)
		return -1;
	if (it->rootless.is_active && it->spec.userns == SPEC_USERNS_PRIVATE)
		return error_hint(error,
				  error_set(error, 0,
					    "--userns private: sv is in a user namespace itself"),
				  "leave the option out: the container shares it");
	if (!it->is_root) {
		rootless_state_directory(it->state_directory, sizeof(it->state_directory));
		it->state.directory = it->state_directory;
		if (rootless_cgroup_parent(it->cgroup_parent, sizeof(it->cgroup_parent)))
			it->spec.cgroup_default = it->cgroup_parent;
		rootfs_remember_user(&it->rootfs, &it->spec);
		if (rootless_enter(&it->rootless, error) < 0)
			return -1;
	}
	/* In a namespace of a parent's that an ordinary user began with. */
	if (it->rootless.is_active && it->rootfs.container.is_locked) {
		rootless_state_directory(it->state_directory, sizeof(it->state_directory));
		it->state.directory = it->state_directory;
	}
	if (it->rootless.is_active)
		it->spec.userns = SPEC_USERNS_OUTER;
	return 0;
}

static int find_users(struct run *it, struct error *error)
{
	return users_resolve(&it->identity, it->root, it->spec.user, &it->spec.group_add, error);
}

static int open_trees(struct run *it, struct error *error)
{
	bool detach = !it->spec.dry_run;
	size_t volumes = it->spec.volumes.count, devices = it->spec.devices.count;

	if (rootfs_open(&it->rootfs, &it->spec, it->name, &it->root, error) < 0)
		return -1;
	if (rootfs_is_thrown_away(&it->rootfs) &&
	    state_record_store(&it->state, it->rootfs.store.path, error) < 0)
		return -1;
	it->volumes = arena_take(&it->memory, (volumes + 1) * sizeof(*it->volumes));
	it->devices = arena_take(&it->memory, (devices + 1) * sizeof(*it->devices));
	if (it->volumes == NULL || it->devices == NULL)
		return error_set(error, -ENOMEM, "cannot open the volumes");
	for (size_t i = 0; i < volumes; i++)
		it->volumes[i].fd = -1;
	if (volumes_find(&it->rootfs, &it->spec, it->volumes, error) < 0 ||
	    tree_open_volumes(&it->spec, detach, it->volumes, error) < 0 ||
	    tree_stat_devices(&it->spec, it->devices, error) < 0)
		return -1;
	return it->root < 0 ? 0 : find_users(it, error);
}

static int make_filter(struct run *it, struct error *error)
{
	const struct spec *spec = &it->spec;
	const struct seccomp_request request = {
		.policy = spec->seccomp == NULL && spec->privileged ? "none" : spec->seccomp,
		.capabilities = spec->privileged
					? CAPABILITIES_ALL
					: capabilities_combine(spec->cap_add, spec->cap_drop),
		.no_new_privs = spec->no_new_privs,
	};

	return seccomp_build(&it->filter, &it->filter_memory, &request, error);
}

static int decide_cgroup(struct run *it, struct error *error)
{
	if (cgroup_host_read(&it->host, cgroup_needs(&it->spec), error) < 0)
		return -1;
	return cgroup_decide(&it->cgroup, &it->host, &it->spec, it->name, error);
}

/* What the first steps on the host need. Like prepare(), it changes nothing there. */
static int prepare_start(struct run *it, struct error *error)
{
	if (descriptors_take(&it->preserved,
			     it->spec.preserve_fds > 0 ? (size_t)it->spec.preserve_fds : 0,
			     error) < 0)
		return -1;
	if (open_socket(it, error) < 0 || take_signals(it, error) < 0 || choose_name(it, error) < 0)
		return -1;
	if (become_rootless(it, error) < 0)
		return -1;
	it->userns.is_wanted = it->spec.userns != SPEC_USERNS_HOST && !it->rootless.is_active;
	terminal_probe(&terminal, it->spec.tty, it->standard.may_be_ttys);
	return decide_cgroup(it, error);
}

/* All else that is decided. */
static int prepare(struct run *it, struct error *error)
{
	if (make_filter(it, error) < 0)
		return -1;
	if (it->spec.landlock.count > 0)
		it->landlock = landlock_make(&it->landlock_handled, error);
	return it->spec.landlock.count > 0 && it->landlock < 0 ? -1 : open_trees(it, error);
}

/* Machines whose CPUs count how often they were throttled have one such folder each; "0-3" or "0,2-5" are possible. */
static unsigned count_throttled_cpus(void)
{
	FD int fd = -1;
	struct stat status;
	char text[256];
	ssize_t got;
	char *last = text;

	if (sys_fstatat(AT_FDCWD, "/sys/devices/system/cpu/cpu0/thermal_throttle", &status, 0) < 0)
		return 0;
	fd = sys_openat(AT_FDCWD, "/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC, 0);
	got = fd < 0 ? 0 : sys_read(fd, text, sizeof(text) - 1);
	text[got < 0 ? 0 : got] = '\0';
	for (char *at = text; *at != '\0'; at++)
		if (*at == '-' || *at == ',')
			last = at + 1;
	return (unsigned)strtoul(last, NULL, 10) + 1;
}

/* What sv does in the container's namespaces once there is a process in them; init waits for it. */
static bool has_late(const struct run *it)
{
	return it->spec.sysctls.count > 0 || network_is_late(&it->network) ||
	       it->spec.net == SPEC_NET_USER;
}

static struct plan_inputs inputs_of(const struct run *it)
{
	return (struct plan_inputs){
		.passed = it->passed.rows != NULL ? &it->passed : NULL,
		.spec = &it->spec,
		.name = it->name,
		.identity = &it->identity,
		.cgroup = &it->cgroup,
		.root_fd = it->root,
		.makes_workdir = it->rootfs.is_overlay,
		.volumes = it->volumes,
		.devices = it->devices,
		.procs_fd = it->procs,
		.held_fd = it->userns.lock,
		.has_userns = it->userns.is_wanted,
		.id_count = it->rootless.is_active ? it->rootless.size : it->userns.size,
		.rootless = it->rootless.is_active ? &it->rootless : NULL,
		.host_devices = it->host_devices,
		.landlock_fd = it->landlock,
		.landlock_handled = it->landlock_handled,
		.replaced = it->replaced,
		.files = it->spec.net == SPEC_NET_NONE ? NULL : it->services.files.rows,
		.throttled_cpus = count_throttled_cpus(),
		.preserved = it->preserved.rows,
		.preserved_count = it->preserved.count,
		.has_listen_fds = it->preserved.has_listen_fds,
		.has_terminal = terminal.is_wanted,
		.ttys = terminal.ttys,
		.terminal = terminal.settings,
		.blocked = it->blocked,
		.child_ignored = it->child_ignored,
		.has_late = has_late(it),
		.filter = it->filter,
	};
}

/* A default that can't be had is said, once. */
static void say_devices(const struct run *it)
{
	const char *name = error_name(-it->cgroup.devices);

	if (it->cgroup.devices < 0)
		error_say(
			"devices are not restricted (%s): the container can use any that it has a node of; hint: "
			"'sv doctor' says what control groups lack here",
			name != NULL ? name : "error");
}

/* Recorded before it is made: a killed sv leaves nothing that the next one doesn't know of. */
static int make_cgroup(struct run *it, struct error *error)
{
	if (it->cgroup.count > 0) {
		if (!it->is_recorded && state_record(&it->state, it->cgroup.path, error) < 0)
			return -1;
		it->is_recorded = true;
		if (cgroup_make(&it->cgroup, &it->spec, error) < 0)
			return -1;
		it->has_cgroup = true;
	}
	say_devices(it);
	if (it->cgroup.count == 0 || !it->spec.host_namespace[SPEC_PID])
		return 0;
	it->procs = cgroup_open(&it->cgroup, "cgroup.procs", O_RDONLY);
	return it->procs < 0 ? error_set(error, it->procs, "cannot open cgroup.procs of %s",
					 it->cgroup.path)
			     : 0;
}

/* Somebody else's network namespace, and a user namespace that doesn't own it: sv makes the /sys that shows its links. */
static int make_joined_sys(struct run *it, struct error *error)
{
	FD int sys = network_enter(&it->network, error) < 0 ? -1 : tree_make_sys(error);

	return network_leave(&it->network, error) < 0 ? -1 : fd_take(&sys);
}

/* What init may not mount in a user namespace since it is the host's: read-only clones take its place. */
static int make_shared(struct run *it, struct error *error)
{
	const bool *host = it->spec.host_namespace;
	const struct {
		bool is_wanted;
		int *fd;
		const char *path;
	} rows[] = {
		{ host[SPEC_PID], &it->replaced.proc, "/proc" },
		{ host[SPEC_NET], &it->replaced.sys, "/sys" },
		{ host[SPEC_IPC], &it->replaced.mqueue, "/dev/mqueue" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].is_wanted)
			continue;
		if (rows[i].fd == &it->replaced.mqueue && !tree_is_mounted(rows[i].path)) {
			*rows[i].fd = PLAN_LEFT_OUT;
			continue;
		}
		*rows[i].fd = rows[i].fd == &it->replaced.sys && it->network.joined >= 0
				      ? make_joined_sys(it, error)
				      : tree_open_host(rows[i].path, error);
		if (*rows[i].fd < 0)
			return -1;
	}
	return 0;
}

static void close_replaced(struct run *it)
{
	fd_close(&it->replaced.dev);
	fd_close(&it->replaced.proc);
	fd_close(&it->replaced.sys);
	fd_close(&it->replaced.mqueue);
}

/* Every id that the command gets must be one of the namespace's. */
static int check_ids(const struct run *it, uint32_t size, struct error *error)
{
	uint32_t highest =
		it->identity.uid > it->identity.gid ? it->identity.uid : it->identity.gid;

	for (size_t i = 0; i < it->identity.group_count; i++)
		highest = it->identity.groups[i] > highest ? it->identity.groups[i] : highest;
	if (highest < size)
		return 0;
	return error_hint(
		error,
		error_set(error, 0, "id %u is outside of the container's range of %u", highest,
			  size),
		"%s",
		it->rootless.is_active
			? "more ids come from /etc/subuid and /etc/subgid, with newuidmap installed"
			: "choose a larger one with --userns START:SIZE");
}

/* Rootless, the host's nodes are attached one by one: nobody but root of the machine can make any. */
static int open_host_devices(struct run *it, struct error *error)
{
	size_t count = plan_device_count(&it->spec);

	it->host_devices = arena_take(&it->memory, (count + 1) * sizeof(*it->host_devices));
	if (it->host_devices == NULL)
		return error_set(error, -ENOMEM, "cannot open the devices");
	for (size_t i = 0; i <= count; i++)
		it->host_devices[i] = -1;
	for (size_t i = 0; i < count; i++) {
		it->host_devices[i] = tree_open_device(plan_device_source(&it->spec, i), error);
		if (it->host_devices[i] < 0)
			return -1;
	}
	return 0;
}

/* The child is nobody in its user namespace until the maps are written. */
static int open_userns(struct run *it, struct error *error)
{
	if (it->namespace >= 0)
		return 0;
	if (userns_write_maps(&it->userns, it->pid, error) < 0)
		return -1;
	it->namespace = userns_open(it->pid, error);
	return it->namespace < 0 ? -1 : 0;
}

/* A root tree with a layer of its own is made for the ids that were chosen, and only then tells who its users are. */
static int make_overlay(struct run *it, struct error *error)
{
	if (!it->rootfs.is_overlay)
		return 0;
	if (it->userns.is_wanted && open_userns(it, error) < 0)
		return -1;
	it->root = rootfs_make(&it->rootfs, &it->spec, &it->userns, it->namespace, error);
	return it->root < 0 ? -1 : find_users(it, error);
}

/* Whom /dev is made for: the container's root, where it won't be mapped to that. */
static uint32_t dev_owner(const struct run *it, uint32_t id)
{
	return it->userns.is_wanted && it->kernel < KERNEL_TMPFS_IDMAP ? id : 0;
}

static int make_dev(struct run *it, struct error *error)
{
	it->replaced.dev =
		tree_make_dev(dev_owner(it, it->userns.uid), dev_owner(it, it->userns.gid), error);
	return it->replaced.dev < 0 ? -1 : 0;
}

static int choose_userns(struct run *it, struct error *error)
{
	if (it->rootless.is_active)
		return make_overlay(it, error) < 0 || check_ids(it, it->rootless.size, error) < 0 ||
				       open_host_devices(it, error) < 0 ||
				       make_shared(it, error) < 0
			       ? -1
			       : 0;
	if (!it->userns.is_wanted)
		return make_overlay(it, error) < 0 ? -1 : make_dev(it, error);
	if (userns_choose(&it->userns, &it->spec, it->name, error) < 0 ||
	    make_overlay(it, error) < 0 || check_ids(it, it->userns.size, error) < 0)
		return -1;
	return make_dev(it, error) < 0 || make_shared(it, error) < 0 ? -1 : 0;
}

/* Appends a descriptor that init is to get, where there is one. */
static void pass(struct plan_passed *passed, int fd)
{
	if (fd >= 0)
		passed->rows[passed->count++] = fd;
}

/* All that init gets, which settles their numbers there. The first are the plan and init, which don't exist yet. */
static int collect_passed(struct run *it, struct error *error)
{
	size_t volumes = it->spec.volumes.count;
	size_t devices = it->host_devices == NULL ? 0 : plan_device_count(&it->spec);
	struct plan_passed *passed = &it->passed;

	passed->rows = arena_take(&it->memory,
				  (LAUNCH_OTHERS + 16 + volumes + devices + it->preserved.count) *
					  sizeof(*passed->rows));
	if (passed->rows == NULL)
		return error_set(error, -ENOMEM, "cannot start init");
	passed->count = LAUNCH_OTHERS;
	pass(passed, it->root);
	pass(passed, it->procs);
	pass(passed, it->landlock);
	pass(passed, it->userns.lock);
	pass(passed, it->replaced.dev);
	pass(passed, it->replaced.proc);
	pass(passed, it->replaced.sys);
	pass(passed, it->replaced.mqueue);
	for (size_t i = 0; i < PLAN_FILES_MAX; i++)
		pass(passed, it->services.files.rows[i].fd);
	for (size_t i = 0; i < devices; i++)
		pass(passed, it->host_devices[i]);
	for (size_t i = 0; i < volumes; i++)
		pass(passed, it->volumes[i].fd);
	for (size_t i = 0; i < it->preserved.count; i++)
		pass(passed, it->preserved.rows[i]);
	return 0;
}

static int make_plan(struct run *it, struct error *error)
{
	struct plan_inputs inputs;

	if (collect_passed(it, error) < 0)
		return -1;
	inputs = inputs_of(it);
	if (plan_build(&inputs, &it->memory, &it->plan, &it->plan_size, error) < 0)
		return -1;
	if (it->replaced.dev >= 0 &&
	    plan_make_dev(it->plan, it->replaced.dev, dev_owner(it, it->userns.uid),
			  dev_owner(it, it->userns.gid), error) < 0)
		return -1;
	fd_close(&it->plan_fd);
	it->plan_fd = plan_seal(it->plan, it->plan_size, error);
	return it->plan_fd < 0 ? -1 : 0;
}

/* The namespaces are made by the child, beside all that follows here. */
static int start(struct run *it, struct error *error)
{
	struct plan_inputs inputs = { .spec = &it->spec,
				      .cgroup = &it->cgroup,
				      .has_userns = it->userns.is_wanted };
	struct launch launch = {
		.namespaces = plan_namespaces(&inputs),
		.cgroup = &it->cgroup,
		.has_userns = it->userns.is_wanted,
		.tells = has_late(it),
		.socket = it->init_socket,
	};

	it->pid = -1;
	if (network_enter(&it->network, error) == 0)
		it->pid = launch_start(&launch, &it->pidfd, error);
	return network_leave(&it->network, error) < 0 || it->pid < 0 ? -1 : 0;
}

/* /etc/hosts and its like belong to the container's root. */
static int make_files(struct run *it, struct error *error)
{
	bool has_userns = it->userns.is_wanted;

	return services_make_files(&it->services, it->root, has_userns ? it->userns.uid : 0,
				   has_userns ? it->userns.gid : 0, error);
}

static int make_host_side(struct run *it, struct error *error)
{
	int result;

	if (state_take(&it->state, it->name, error) < 0 ||
	    network_choose(&it->network, &it->spec, it->name, it->state.directory, error) < 0 ||
	    services_choose(&it->services, &it->network, &it->spec, it->name, error) < 0 ||
	    make_cgroup(it, error) < 0 || start(it, error) < 0 || prepare(it, error) < 0 ||
	    choose_userns(it, error) < 0 || make_files(it, error) < 0)
		return -1;
	result = terminal_open(&terminal);
	if (result < 0)
		return error_hint(error, error_set(error, result, "cannot open the terminal again"),
				  "use -T to run without one");
	if (make_plan(it, error) < 0)
		return -1;
	it->init_fd = launch_open_init(error);
	return it->init_fd < 0 ? -1 : 0;
}

/* Ends an init that hasn't been let go. */
static void abandon(struct run *it)
{
	siginfo_t info;

	if (it->pidfd >= 0 && sys_pidfd_send_signal(it->pidfd, SIGKILL, NULL, 0) == 0)
		(void)sys_waitid(P_PIDFD, it->pidfd, &info, WEXITED | __WALL);
	fd_close(&it->pidfd);
}

#define FALL_BACK 1

/*
 * The root tree through the namespace's map. FALL_BACK: its filesystem can't, and nobody insisted: then one line says so,
 * and how to have peace or the opposite.
 */
static int idmap_root(const struct run *it, int namespace, struct error *error)
{
	/* Nodes can't be made in a user namespace, but the tree may hold some: of a disk, in an archive unpacked by root. */
	int result = userns_idmap(namespace, it->root, it->spec.privileged ? 0 : MOUNT_ATTR_NODEV);
	char name[32];

	if (result == 0)
		return 0;
	if (it->spec.userns == SPEC_USERNS_PRIVATE)
		return error_hint(
			error,
			error_set(error, result, "cannot map the ids of rootfs '%s'",
				  it->spec.rootfs),
			"its filesystem, or one mounted below it, does not support idmapped mounts: --userns host runs without");
	(void)snprintf(name, sizeof(name), "%s",
		       error_name(-result) != NULL ? error_name(-result) : "error");
	error_say(
		"rootfs '%s' can't have its ids mapped (%s): running without a user namespace, so root inside is root of this "
		"machine; hint: --userns private refuses that, --userns host accepts it without this line",
		it->spec.rootfs, name);
	return FALL_BACK;
}

static int idmap_dev(const struct run *it, int namespace, struct error *error)
{
	int result =
		it->kernel < KERNEL_TMPFS_IDMAP ? 0 : userns_idmap(namespace, it->replaced.dev, 0);

	return result < 0 ? error_set(error, result, "cannot map the ids of the container's /dev")
			  : 0;
}

static int idmap_volumes(const struct run *it, int namespace, struct error *error)
{
	for (size_t i = 0; i < it->spec.volumes.count; i++) {
		const struct spec_volume *volume = &it->spec.volumes.rows[i];
		int result = volume->no_idmap ? 0 : userns_idmap(namespace, it->volumes[i].fd, 0);

		if (result < 0)
			return userns_fail_volume(namespace, volume, result, error);
	}
	return 0;
}

/* What takes rights that root of a user namespace has not: sv does it for the process that init will be. */
static int raise_for_init(const struct run *it, struct error *error)
{
	for (size_t i = 0; i < it->spec.ulimits.count; i++) {
		const struct spec_ulimit *limit = &it->spec.ulimits.rows[i];
		uint64_t now[2], raised[2];
		int result = sys_prlimit(it->pid, limit->resource, NULL, now);

		if (result == 0 && limit->hard > now[1]) {
			raised[0] = now[0];
			raised[1] = limit->hard;
			result = sys_prlimit(it->pid, limit->resource, raised, NULL);
		}
		if (result < 0)
			return error_hint(error, error_set(error, result, "cannot set --ulimit"),
					  "raising a hard limit needs CAP_SYS_RESOURCE");
	}
	return it->spec.oom_score_adj != SPEC_UNSET && it->spec.oom_score_adj < 0
		       ? oom_score_set(it->pid, (int)it->spec.oom_score_adj, error)
		       : 0;
}

/* Pipes and sockets that the command inherits belong to its user, who could not open /dev/stderr else. */
static int give_stdio(const struct run *it, struct error *error)
{
	uint32_t uid = it->identity.uid + (it->userns.is_wanted ? it->userns.uid : 0);
	uint32_t gid = it->identity.gid + (it->userns.is_wanted ? it->userns.gid : 0);

	return uid == 0 && gid == 0
		       ? 0
		       : stdio_give(it->standard.may_be_pipes & ~terminal.ttys, uid, gid, error);
}

/* While the child waits. */
static int enter_userns(struct run *it, struct error *error)
{
	int result = open_userns(it, error);

	/* An overlay has been made of layers that are mapped. */
	if (result == 0 && !it->rootfs.is_overlay)
		result = idmap_root(it, it->namespace, error);
	if (result != 0)
		return result;
	if (idmap_dev(it, it->namespace, error) < 0 ||
	    idmap_volumes(it, it->namespace, error) < 0 || raise_for_init(it, error) < 0)
		return -1;
	return 0;
}

/* What a child that has ended sent while nobody listened is not the next one's word. */
static void forget_records(const struct run *it)
{
	struct plan_record record;
	int fd;

	while (record_receive(it->socket, &record, &fd) > 0)
		fd_close(&fd);
}

/* Once more, as with --userns host: with the control groups that this asks for. */
static int start_again(struct run *it, struct error *error)
{
	int result;

	abandon(it);
	forget_records(it);
	fd_close(&it->namespace);
	close_replaced(it);
	userns_free(&it->userns);
	it->userns.is_wanted = false;
	it->spec.userns = SPEC_USERNS_HOST;
	fd_close(&it->procs);
	result = cgroup_remove(&it->cgroup);
	it->has_cgroup = false;
	if (result < 0) {
		state_keep(&it->state); /* the next sv finds it */
		return error_set(error, result, "cannot remove cgroup '%s'", it->cgroup.path);
	}
	return decide_cgroup(it, error) < 0 || make_cgroup(it, error) < 0 || start(it, error) < 0 ||
			       make_dev(it, error) < 0 || make_files(it, error) < 0 ||
			       make_plan(it, error) < 0
		       ? -1
		       : 0;
}

#define SET_SIZE 64

/* Into the set, where it fits; else it is closed at once. */
static void put_in_set(uint64_t *set, int *fd)
{
	if (*fd < 0 || *fd >= SET_SIZE) {
		fd_close(fd);
		return;
	}
	*set |= (uint64_t)1 << *fd;
	*fd = -1;
}

/* What lies side by side goes by one call. */
static void close_set(uint64_t set)
{
	for (unsigned first = 0, end; set >> first != 0; first = end) {
		first += (unsigned)__builtin_ctzll(set >> first);
		for (end = first; end < SET_SIZE && set >> end & 1; end++)
			;
		(void)sys_close_range(first, end - 1, 0);
		if (end == SET_SIZE)
			return;
	}
}

/* What only init needs. Its socket must go, or its end would never be seen; the trees, or the host couldn't unmount. */
static void close_passed(struct run *it)
{
	int *const rows[] = { &it->init_socket,  &it->namespace,      &it->plan_fd,
			      &it->init_fd,      &it->root,           &it->procs,
			      &it->landlock,     &it->replaced.dev,   &it->replaced.proc,
			      &it->replaced.sys, &it->replaced.mqueue };
	uint64_t set = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		put_in_set(&set, rows[i]);
	close_set(set);
	arena_free(&it->filter_memory); /* the plan has it, and sv stays small */
	etc_files_close_mounts(&it->services.files);
	for (size_t i = 0; it->volumes != NULL && i < it->spec.volumes.count; i++)
		fd_close(&it->volumes[i].fd);
	for (size_t i = 0; it->host_devices != NULL && i < plan_device_count(&it->spec); i++)
		fd_close(&it->host_devices[i]);
	for (size_t i = 0; i < it->preserved.count; i++)
		fd_close(&it->preserved.rows[i]);
	it->preserved.count = 0;
}

static int release(const struct run *it, struct error *error)
{
	ssize_t result = sys_write(it->socket, "", 1);

	/* An init that has failed is gone, and its record says why: supervise() reads it. */
	return result == 1 || result == -EPIPE
		       ? 0
		       : error_set(error, (int)result, "cannot release init");
}

/* The namespaces stand, or the record says why not: then init is gone, and supervise() would have nothing to read. */
static int wait_for_namespaces(const struct run *it, struct error *error)
{
	/* The child that is killed says nothing, and sv itself still holds the other end of the socket. */
	struct pollfd waits[] = { { .fd = it->socket, .events = POLLIN },
				  { .fd = it->pidfd, .events = POLLIN } };
	struct plan_record record;
	int fd, result = 0;

	while (result == 0 && waits[1].revents == 0) {
		(void)sys_poll(waits, 2, -1);
		result = record_receive(it->socket, &record, &fd);
		fd_close(&fd);
	}
	if (result > 0 && record.kind == PLAN_RECORD_FAILED)
		record_explain(&record, error);
	else if (result <= 0 || record.kind != PLAN_RECORD_PARTED)
		(void)error_hint(error, error_set(error, result, "init has ended before it began"),
				 "something killed it; a memory limit may be too small");
	return error_is_set(error) ? -1 : 0;
}

static int hand_over(const struct run *it, struct error *error)
{
	int result;

	if (give_stdio(it, error) < 0)
		return -1;
	it->passed.rows[LAUNCH_PLAN] = it->plan_fd;
	it->passed.rows[LAUNCH_INIT] = it->init_fd;
	result = launch_hand_over(it->socket, it->passed.rows, it->passed.count);
	/* A child that has failed is gone, and its record says why: supervise() reads it. */
	return result < 0 && result != -EPIPE && result != -ECONNRESET
		       ? error_set(error, result, "cannot start init")
		       : 0;
}

static int launch_and_release(struct run *it, struct error *error)
{
	int result = it->userns.is_wanted ? enter_userns(it, error) : 0;

	if (result == FALL_BACK)
		result = start_again(it, error);
	if (result < 0 || (has_late(it) && wait_for_namespaces(it, error) < 0) ||
	    hand_over(it, error) < 0)
		return -1;
	close_passed(it);
	if (!has_late(it))
		return 0;
	if (network_attach(&it->network, it->pid, error) < 0 ||
	    services_attach(&it->services, it->pid, it->userns.is_wanted, !it->rootless.is_active,
			    error) < 0 ||
	    ipc_sysctl_write(&it->spec, it->pidfd, &it->userns, error) < 0)
		return -1;
	return release(it, error);
}

/* What dead supervisors left is removed once the command runs, off the hot path. */
static void collect(void)
{
	bool has_networks;

	run.has_started = true;
	(void)state_collect(&run.state, &has_networks);
	if (run.userns.lock < 0) /* else it is in use */
		userns_collect();
	if (has_networks)
		network_collect(run.state.directory);
	rootfs_started(&run.rootfs);
	services_warn(&run.services);
}

/* The bridge's other containers have come or gone. */
static void take_names(void)
{
	etc_files_update(&run.services.files, run.name);
}

static int watch(struct run *it, struct error *error)
{
	const struct spec *spec = &it->spec;
	int result;
	struct supervision supervision = {
		.name = it->name,
		.pidfd = it->pidfd,
		.socket = it->socket,
		.signals = it->signals,
		.terminal = &terminal,
		.cgroup = &it->cgroup,
		.shares_pids = spec->host_namespace[SPEC_PID],
		.stop_signal = spec->stop_signal != SPEC_UNSET ? (int)spec->stop_signal : SIGTERM,
		.stop_timeout = spec->stop_timeout != SPEC_UNSET ? spec->stop_timeout : 10,
		.timeout = spec->timeout != SPEC_UNSET ? spec->timeout : -1,
		.started = collect,
		.names = it->services.files.changes,
		.names_changed = take_names,
	};

	if (spec->verbose)
		error_say("container %s: init is process %d, cgroup %s", it->name, (int)it->pid,
			  it->cgroup.count > 0 ? it->cgroup.path : "none");
	result = supervise(&supervision, error);
	fd_close(&it->pidfd); /* it has been waited for */
	return result;
}

/* In reverse. A failed start leaves an init to end first; with the host's PIDs whatever it started as well. */
static void run_clean(struct run *it, struct error *error)
{
	int result = 0, left;

	close_passed(it);
	fd_close(&it->socket);
	abandon(it);
	terminal_finish(&terminal);
	services_stop(&it->services);
	(void)network_detach(&it->network, error);
	if (it->has_cgroup) {
		if (it->spec.host_namespace[SPEC_PID])
			(void)cgroup_kill(&it->cgroup);
		result = cgroup_remove(&it->cgroup);
		if (result < 0)
			(void)error_set(error, result, "cannot remove cgroup '%s'",
					it->cgroup.path);
	}
	userns_free(&it->userns);
	left = rootfs_clean(&it->rootfs, it->has_started);
	if (left < 0)
		(void)error_set(error, left, "cannot remove what container '%s' has written",
				it->name);
	/* A group that stays is the next sv's to remove: it must find the record. */
	if (it->state.fd >= 0 && result < 0)
		state_keep(&it->state);
	else if (it->state.fd >= 0)
		state_drop(&it->state);
	volumes_free(&it->spec, it->volumes);
	arena_free(&it->filter_memory);
	arena_free(&it->memory);
	users_free(&it->identity);
	options_free(&it->spec);
}

static int run_container(struct run *it, struct error *error)
{
	struct plan_inputs inputs;

	if (check_machine(it, error) < 0 || prepare_start(it, error) < 0)
		return EXIT_OF_SV;
	if (it->spec.dry_run) {
		if (prepare(it, error) < 0 ||
		    (it->spec.net != SPEC_NET_NONE &&
		     etc_files_choose(&it->services.files, &it->spec, it->root, error) < 0))
			return EXIT_OF_SV;
		for (size_t i = 0; i < PLAN_FILES_MAX; i++) /* only named: nothing is made */
			it->services.files.rows[i].fd = sys_fcntl(it->root, F_DUPFD_CLOEXEC, 0);
		inputs = inputs_of(it);
		inputs.user_ids = !it->is_root ? rootless_ids() : 0;
		if (plan_build(&inputs, &it->memory, &it->plan, &it->plan_size, error) == 0)
			return plan_print(it->plan, &inputs, error) < 0 ? EXIT_OF_SV : 0;
		return EXIT_OF_SV;
	}
	if (make_host_side(it, error) < 0 || launch_and_release(it, error) < 0)
		return EXIT_OF_SV;
	return watch(it, error);
}

static int run_verb(int argc, char *const argv[], const char **command)
{
	static struct error error;
	int status = 0;

	descriptors_fill(&run.standard);
	/* Whatever is made has the mode that it is made with: devices, and groups that the container's root has to reach. */
	(void)sys_umask(0);
	run_init(&run);
	run.is_root = geteuid() == 0;
	run.rootfs.container.is_locked = command != NULL;
	if (options_parse(&run.spec, argc, argv, &error) < 0) {
		status = EXIT_OF_SV;
	} else if (run.spec.help) {
		status = options_print_help(1);
		if (status < 0)
			status = error_set(&error, status, "cannot write to standard output");
	} else {
		run.spec.command = command != NULL ? command : run.spec.command;
		status = run_container(&run, &error);
	}
	if (run.has_started && run.rootfs.container.is_new && run.rootfs.container.is_kept &&
	    run.spec.name == NULL)
		error_say("container %s is kept: 'sv run --name %s' goes on with it", run.name,
			  run.name);
	run_clean(&run, &error);
	if (!error_is_set(&error))
		return status;
	return error_print(&error);
}

int verb_run(int argc, char *const argv[])
{
	return run_verb(argc, argv, NULL);
}

int verb_run_locked(int argc, char *const argv[], const char **command)
{
	return run_verb(argc, argv, command);
}
