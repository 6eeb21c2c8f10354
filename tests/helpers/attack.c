/* SPDX-License-Identifier: MIT */
/*
 * attack NAME [ARG...]: tries what a hostile program in a container would, and no more than shows whether it would work:
 * a call whose arguments the kernel refuses right behind its check of rights, an open for writing that nothing is written
 * to. Ends with 0 when it worked, 1 and the reason on stderr when it was refused.
 */
#include "helper.h"

#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#ifndef AF_VSOCK
# define AF_VSOCK 40
#endif

/* --- what acts on the kernel ------------------------------------------------------------------------------------------ */

static long load_module(char **arguments)
{
	(void)arguments;
	return SYS_CALL(SYS_finit_module, -1, "", 0);
}

static long load_module_image(char **arguments)
{
	(void)arguments;
	return SYS_CALL(SYS_init_module, NULL, 0UL, "");
}

static long unload_module(char **arguments)
{
	(void)arguments;
	return SYS_CALL(SYS_delete_module, "sv-no-such-module", O_NONBLOCK);
}

static long kexec(char **arguments)
{
	(void)arguments;
	return SYS_CALL(SYS_kexec_load, 0UL, 0UL, NULL, 0xff000000UL);
}

/* Of no effect in a PID namespace, where only what ends it is allowed. */
static long reboot_machine(char **arguments)
{
	(void)arguments;
	return sys_reboot(0 /* LINUX_REBOOT_CMD_CAD_OFF */);
}

static long set_clock(char **arguments)
{
	struct timex time = { .modes = ADJ_TICK, .tick = 1 };

	(void)arguments;
	return SYS_CALL(SYS_adjtimex, &time);
}

static long read_log(char **arguments)
{
	char text[16];

	(void)arguments;
	return SYS_CALL(SYS_syslog, 3 /* SYSLOG_ACTION_READ_ALL */, text, sizeof(text));
}

static long load_bpf(char **arguments)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attributes;

	(void)arguments;
	memset(&attributes, 0, sizeof(attributes));
	attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attributes.insns = (uintptr_t)program;
	attributes.insn_cnt = 2;
	attributes.license = (uintptr_t) "GPL";
	return sys_bpf(BPF_PROG_LOAD, &attributes, sizeof(attributes));
}

/* The whole machine's, and not only the caller's own. */
static long watch_performance(char **arguments)
{
	struct perf_event_attr attributes = { .type = PERF_TYPE_SOFTWARE,
					      .size = sizeof(attributes) };

	(void)arguments;
	return SYS_CALL(SYS_perf_event_open, &attributes, -1, 0, -1, 0UL);
}

static long fault_user_pages(char **arguments)
{
	(void)arguments;
	return SYS_CALL(SYS_userfaultfd, O_CLOEXEC);
}

/* socket FAMILY TYPE [PROTOCOL] */
static long socket_of(char **arguments)
{
	int family = (int)number_or_die(arguments[0], 0, 100);
	int protocol = arguments[2] != NULL ? (int)number_or_die(arguments[2], 0, 255) : 0;

	return sys_result(socket(family, (int)number_or_die(arguments[1], 0, 100), protocol));
}

/* --- ways out of the root ----------------------------------------------------------------------------------------------- */

/* Inode 2 is the root folder of most file systems; the container's root is somewhere below it. */
static long open_handle(char **arguments)
{
	struct {
		unsigned bytes;
		int type;
		uint32_t inode, generation;
	} handle = { 8, 1 /* FILEID_INO32_GEN */, 2, 0 };
	int root = (int)check("/", sys_openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0));

	(void)arguments;
	return SYS_CALL(SYS_open_by_handle_at, root, &handle, O_RDONLY);
}

/* Goes up as far as it goes, and looks for a file that only the host has. */
static long climb(const char *mark)
{
	for (int i = 0; i < 64; i++)
		if (sys_chdir("..") < 0)
			break;
	return SYS_CALL(SYS_faccessat, AT_FDCWD, mark + 1, F_OK);
}

/* escape MARK: by chroot with a folder open outside of the new root. */
static long escape(char **arguments)
{
	int root = (int)check("/", sys_openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0));
	char jail[] = "/tmp/jail.XXXXXX";
	long result = mkdtemp(jail) == NULL ? -errno : sys_chroot(jail);

	if (result == 0)
		result = sys_fchdir(root);
	return result < 0 ? result : climb(arguments[0]);
}

/* descriptors MARK: from whatever folder a process has open, works in, or has for its root. */
static long use_descriptors(char **arguments)
{
	char path[64];

	for (int fd = 0; fd < 64; fd++)
		if (sys_fchdir(fd) == 0 && climb(arguments[0]) == 0)
			return 0;
	for (int pid = 1; pid < 32; pid++) {
		for (int fd = -2; fd < 64; fd++) {
			const char *const of[] = { "cwd", "root" };

			if (fd < 0)
				(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, of[fd + 2]);
			else
				(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
			if (sys_chdir(path) == 0 && climb(arguments[0]) == 0)
				return 0;
		}
	}
	return -ENOENT;
}

/* overwrite PATH: a program through its /proc/PID/exe, as often as it may be busy. */
static long overwrite(char **arguments)
{
	long result = sys_openat(AT_FDCWD, arguments[0], O_RDONLY, 0);
	char path[64];

	if (result < 0)
		return result;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%ld", result);
	for (int i = 0; i < 1000; i++) {
		result = sys_openat(AT_FDCWD, path, O_WRONLY, 0);
		if (result != -ETXTBSY)
			break;
	}
	/* A sealed memfd may be opened for writing; the seal is what stands in the way. */
	if (result >= 0 && sys_fcntl((int)result, F_GET_SEALS, 0) > 0 &&
	    sys_fcntl((int)result, F_GET_SEALS, 0) & F_SEAL_WRITE)
		return -EPERM;
	return result;
}

/* --- mounts and namespaces ------------------------------------------------------------------------------------------------ */

static long mount_new(char **arguments)
{
	(void)arguments;
	return sys_fsopen("tmpfs", 0);
}

static long mount_clone(char **arguments)
{
	return sys_open_tree(AT_FDCWD, arguments[0], OPEN_TREE_CLONE);
}

static long unshare_one(char **arguments)
{
	return sys_unshare(strtoul(arguments[0], NULL, 16));
}

static long wait_for_child(long pid)
{
	int status = 0;

	if (pid == 0)
		_exit(0);
	if (pid > 0 && waitpid((pid_t)pid, &status, 0) != pid)
		return -errno;
	return pid;
}

static long clone_one(char **arguments)
{
	return wait_for_child(
		SYS_CALL(SYS_clone, strtoul(arguments[0], NULL, 16) | SIGCHLD, 0UL, 0UL, 0UL, 0UL));
}

static long clone3_one(char **arguments)
{
	struct clone_args clone = { .flags = strtoul(arguments[0], NULL, 16),
				    .exit_signal = SIGCHLD };

	return wait_for_child(sys_clone3(&clone));
}

static long enter(char **arguments)
{
	return sys_setns((int)check(arguments[0], sys_openat(AT_FDCWD, arguments[0], O_RDONLY, 0)),
			 0);
}

/* swap ONE OTHER: exchanges two names until it is ended. */
static long swap(char **arguments)
{
	long result;

	do
		result = SYS_CALL(SYS_renameat2, AT_FDCWD, arguments[0], AT_FDCWD, arguments[1],
				  2 /* RENAME_EXCHANGE */);
	while (result == 0);
	return result;
}

/* --- other processes ------------------------------------------------------------------------------------------------------ */

static pid_t pid_of(char **arguments)
{
	return (pid_t)number_or_die(arguments[0], 1, INT32_MAX);
}

static long trace(char **arguments)
{
	return sys_result(ptrace(PTRACE_SEIZE, pid_of(arguments), NULL, NULL));
}

static long read_memory(char **arguments)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)0x1000, 1 };

	return sys_result(process_vm_readv(pid_of(arguments), &here, 1, &there, 1, 0));
}

static long take_descriptor(char **arguments)
{
	int pidfd = (int)check("pidfd", sys_pidfd_open(pid_of(arguments), 0));
	long result = -EBADF;

	for (int fd = 0; fd < 64 && result == -EBADF; fd++)
		result = SYS_CALL(SYS_pidfd_getfd, pidfd, fd, 0);
	return result;
}

static long open_path(char **arguments)
{
	return sys_openat(AT_FDCWD, arguments[0],
			  (int)number_or_die(arguments[1], 0, 3) | O_NONBLOCK | O_NOCTTY, 0);
}

/* --- terminals, keys, sockets --------------------------------------------------------------------------------------------- */

static int own_terminal(void)
{
	int master = (int)check("ptmx", sys_openat(AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY, 0)),
	    unlock = 0;

	(void)setsid();
	check("unlock", sys_ioctl(master, TIOCSPTLCK, (uintptr_t)&unlock));
	return (int)check("terminal", sys_ioctl(master, TIOCGPTPEER, O_RDWR));
}

/* type [BITS]: a key into the terminal's input, as if somebody had pressed it; with bits that the kernel doesn't look at. */
static long type_key(char **arguments)
{
	unsigned long request =
		TIOCSTI | (arguments[0] != NULL ? strtoul(arguments[0], NULL, 16) : 0);
	pid_t pid = fork();
	int status = 0;

	/* A leader of a process group can't begin a session. */
	if (pid == 0)
		_exit((int)-sys_ioctl(own_terminal(), request, (uintptr_t) "x"));
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

#define KEYRING_SESSION (-3L)
#define KEYRING_USER    (-4L)

/* make-key NAME: on the host, in root's keyrings. */
static long make_key(char **arguments)
{
	long result = SYS_CALL(SYS_add_key, "user", arguments[0], "mark", 4UL, KEYRING_USER);

	return result < 0
		       ? result
		       : SYS_CALL(SYS_add_key, "user", arguments[0], "mark", 4UL, KEYRING_SESSION);
}

static long drop_key(char **arguments)
{
	long key = SYS_CALL(SYS_keyctl, 10 /* KEYCTL_SEARCH */, KEYRING_USER, "user", arguments[0],
			    0L);

	return key < 0 ? key : SYS_CALL(SYS_keyctl, 21 /* KEYCTL_INVALIDATE */, key, 0L, 0L, 0L);
}

static long find_key(char **arguments)
{
	long result = -ENOKEY;

	for (long ring = -5; ring < 0 && result < 0; ring++)
		result = SYS_CALL(SYS_keyctl, 10 /* KEYCTL_SEARCH */, ring, "user", arguments[0],
				  0L);
	return result < 0 ? SYS_CALL(SYS_request_key, "user", arguments[0], NULL, 0L) : result;
}

static socklen_t abstract_address(struct sockaddr_un *address, const char *name)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "%s", name);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static long connect_abstract(char **arguments)
{
	struct sockaddr_un address;
	socklen_t size = abstract_address(&address, arguments[0]);
	int fd = (int)check("socket", sys_result(socket(AF_UNIX, SOCK_STREAM, 0)));

	return sys_result(connect(fd, (struct sockaddr *)&address, size));
}

/* listen NAME: on the host; says "ready", and stays. */
static long listen_abstract(char **arguments)
{
	struct sockaddr_un address;
	socklen_t size = abstract_address(&address, arguments[0]);
	int fd = (int)check("socket", sys_result(socket(AF_UNIX, SOCK_STREAM, 0)));

	check("bind", sys_result(bind(fd, (struct sockaddr *)&address, size)));
	check("listen", sys_result(listen(fd, 8)));
	say("ready\n");
	return pause();
}

/* arm PATH: on the host: the program gets CAP_SETUID from its file. */
static long arm(char **arguments)
{
	const struct vfs_cap_data data = { VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
					   { { 1U << CAP_SETUID, 0 } } };

	return sys_result(setxattr(arguments[0], "security.capability", &data, sizeof(data), 0));
}

/* group PATH: drops the primary group, by which a file may be closed to its members and open to all others. */
static long drop_group(char **arguments)
{
	long result = sys_setresgid(65534, 65534, 65534);

	return result < 0 ? result : sys_openat(AT_FDCWD, arguments[0], O_RDONLY, 0);
}

/* --- resources --------------------------------------------------------------------------------------------------------------- */

/* open-many COUNT: works when so many descriptors can be open at once. Limits that may be raised are. */
static long open_many(char **arguments)
{
	int64_t count = number_or_die(arguments[0], 1, 100000);
	struct rlimit more = { (rlim_t)count + 16, (rlim_t)count + 16 };
	long result = 0;

	(void)setrlimit(RLIMIT_NOFILE, &more);
	for (int64_t i = 0; i < count && result >= 0; i++)
		result = sys_openat(AT_FDCWD, "/dev/null", O_RDONLY, 0);
	return result;
}

static long set_priority(char **arguments)
{
	(void)arguments;
	return sys_result(setpriority(PRIO_PROCESS, 0, -19));
}

static const struct {
	const char *name;
	long (*try)(char **arguments);
	int arguments;
	int passed; /* the error that shows that the check of rights let it pass; 0 = none */
} attacks[] = {
	{ "arm", arm, 1, 0 },
	{ "bpf", load_bpf, 0, 0 },
	{ "chroot-escape", escape, 1, 0 },
	{ "clock", set_clock, 0, EINVAL },
	{ "clone", clone_one, 1, 0 },
	{ "clone3", clone3_one, 1, 0 },
	{ "connect", connect_abstract, 1, 0 },
	{ "descriptors", use_descriptors, 1, 0 },
	{ "drop-key", drop_key, 1, 0 },
	{ "enter", enter, 1, 0 },
	{ "find-key", find_key, 1, 0 },
	{ "getfd", take_descriptor, 1, 0 },
	{ "group", drop_group, 1, 0 },
	{ "handle", open_handle, 0, ESTALE },
	{ "kexec", kexec, 0, EINVAL },
	{ "listen", listen_abstract, 1, 0 },
	{ "log", read_log, 0, 0 },
	{ "make-key", make_key, 1, 0 },
	{ "memory", read_memory, 1, EFAULT },
	{ "module", load_module, 0, EBADF },
	{ "module-image", load_module_image, 0, ENOEXEC },
	{ "module-unload", unload_module, 0, ENOENT },
	{ "mount-clone", mount_clone, 1, 0 },
	{ "mount-new", mount_new, 0, 0 },
	{ "open", open_path, 2, ENXIO },
	{ "open-many", open_many, 1, 0 },
	{ "overwrite", overwrite, 1, 0 },
	{ "performance", watch_performance, 0, 0 },
	{ "priority", set_priority, 0, 0 },
	{ "ptrace", trace, 1, 0 },
	{ "reboot", reboot_machine, 0, EINVAL },
	{ "socket", socket_of, 2, 0 },
	{ "swap", swap, 2, 0 },
	{ "type", type_key, 0, 0 },
	{ "unshare", unshare_one, 1, 0 },
	{ "userfault", fault_user_pages, 0, 0 },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		long result;

		if (strcmp(attacks[i].name, argv[1]) != 0 || argc - 2 < attacks[i].arguments)
			continue;
		result = attacks[i].try(argv + 2);
		if (result >= 0 || (attacks[i].passed != 0 && -result == attacks[i].passed))
			return 0;
		(void)fprintf(stderr, "%s\n", strerror((int)-result));
		return 1;
	}
	(void)fprintf(stderr, "attack: no such attack, or too few words\n");
	return 98;
}
