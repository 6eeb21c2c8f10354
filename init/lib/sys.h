/* SPDX-License-Identifier: MIT */
/*
 * System calls with the kernel's own meaning: a result, or -errno. This is the one place that reads errno and
 * the one place that calls the kernel (call.h); it also covers the calls that libc has no wrapper for. Alphabetical.
 *
 * No wrapper retries, allocates or prints. What a call does is in its manual page (section 2) or, for the mount
 * calls that have none everywhere, in the kernel's Documentation/filesystems/mount_api.rst.
 */
#ifndef SV_LIB_SYS_H
#define SV_LIB_SYS_H

#include "call.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* Not in <linux/mount.h>; <sys/mount.h> can't be included beside it (both define the same names). */
#ifndef MNT_DETACH
# define MNT_DETACH 2
#endif
#ifndef UMOUNT_NOFOLLOW
# define UMOUNT_NOFOLLOW 8
#endif
#ifndef MFD_NOEXEC_SEAL /* Linux 6.3 */
# define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC /* Linux 6.3 */
# define MFD_EXEC 0x0010U
#endif
#ifndef CLOSE_RANGE_CLOEXEC /* Linux 5.11 */
# define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* The kernel's signal set: bit N-1 is signal N, 1..64. libc's sigset functions hide the signals 32 to 34. */
typedef uint64_t sys_sigset;
#define SYS_SIGSET_ALL (~(sys_sigset)0)
static inline sys_sigset sys_sigbit(int signal)
{
	return (sys_sigset)1 << (signal - 1);
}

#define SYS_SIG_DFL 0 /* as numbers: a function pointer has no business in a struct of the kernel */
#define SYS_SIG_IGN 1

/* The kernel's struct sigaction: sys_sigaction() must see and set dispositions of the signals that libc hides. */
struct sys_sigaction {
	uintptr_t handler; /* SYS_SIG_DFL or SYS_SIG_IGN; handlers are never installed */
	unsigned long flags;
	void *restorer;
	sys_sigset mask;
};

/* Of the few functions of libc's that are used for what they do beside the call. */
static inline long sys_result(long result)
{
	return result < 0 ? -(long)errno : result;
}

/* Without the peer's address: nobody asks for it. */
static inline int sys_accept4(int fd, int flags)
{
	return (int)SYS_CALL(SYS_accept4, fd, NULL, NULL, flags);
}
static inline int sys_bind(int fd, const void *address, unsigned length)
{
	return (int)SYS_CALL(SYS_bind, fd, address, length);
}
/* attributes: union bpf_attr, which its users get from <linux/bpf.h> */
static inline int sys_bpf(int command, void *attributes, unsigned size)
{
	return (int)SYS_CALL(SYS_bpf, command, attributes, size);
}
/* The kernel's structs of linux/capability.h, which nothing but callers of these includes. */
static inline int sys_capget(void *header, void *data)
{
	return (int)SYS_CALL(SYS_capget, header, data);
}
static inline int sys_capset(void *header, const void *data)
{
	return (int)SYS_CALL(SYS_capset, header, data);
}
static inline int sys_chdir(const char *path)
{
	return (int)SYS_CALL(SYS_chdir, path);
}
static inline int sys_chroot(const char *path)
{
	return (int)SYS_CALL(SYS_chroot, path);
}
static inline long sys_clone3(struct clone_args *args)
{
	return SYS_CALL(SYS_clone3, args, sizeof(*args));
}
/*
 * The child shares the caller's memory until it executes a program (CLONE_VM among the flags, args->stack its own): it
 * calls start(argument), which ends in that or in _exit().
 */
static inline long sys_clone3_sharing(struct clone_args *args, void (*start)(void *),
				      void *argument)
{
	return call_clone(SYS_clone3, args, sizeof(*args), start, argument);
}
static inline int sys_close(int fd)
{
	return (int)SYS_CALL(SYS_close, fd);
}
static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)SYS_CALL(SYS_close_range, first, last, flags);
}
static inline int sys_connect(int fd, const void *address, unsigned length)
{
	return (int)SYS_CALL(SYS_connect, fd, address, length);
}
static inline int sys_dup3(int from, int to, int flags)
{
	return (int)SYS_CALL(SYS_dup3, from, to, flags);
}
/* The kernel's struct epoll_event, of <sys/epoll.h>. */
static inline int sys_epoll_create1(int flags)
{
	return (int)SYS_CALL(SYS_epoll_create1, flags);
}
static inline int sys_epoll_ctl(int fd, int operation, int other, void *event)
{
	return (int)SYS_CALL(SYS_epoll_ctl, fd, operation, other, event);
}
static inline int sys_epoll_pwait(int fd, void *events, int count, int timeout_ms)
{
	return (int)SYS_CALL(SYS_epoll_pwait, fd, events, count, timeout_ms, NULL,
			     sizeof(sys_sigset));
}
static inline int sys_execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)SYS_CALL(SYS_execve, path, argv, envp);
}
static inline int sys_execveat(int fd, const char *path, char *const argv[], char *const envp[],
			       int flags)
{
	return (int)SYS_CALL(SYS_execveat, fd, path, argv, envp, flags);
}
static inline int sys_fchdir(int fd)
{
	return (int)SYS_CALL(SYS_fchdir, fd);
}
static inline int sys_fchmod(int fd, mode_t mode)
{
	return (int)SYS_CALL(SYS_fchmod, fd, mode);
}
/* Follows links: the kernel has no other. */
static inline int sys_fchmodat(int fd, const char *path, mode_t mode)
{
	return (int)SYS_CALL(SYS_fchmodat, fd, path, mode);
}
static inline int sys_fchown(int fd, uid_t uid, gid_t gid)
{
	return (int)SYS_CALL(SYS_fchown, fd, uid, gid);
}
static inline int sys_fchownat(int fd, const char *path, uid_t uid, gid_t gid, int flags)
{
	return (int)SYS_CALL(SYS_fchownat, fd, path, uid, gid, flags);
}
static inline int sys_fcntl(int fd, int command, unsigned long argument)
{
	return (int)SYS_CALL(SYS_fcntl, fd, command, argument);
}
static inline ssize_t sys_fgetxattr(int fd, const char *name, void *value, size_t size)
{
	return SYS_CALL(SYS_fgetxattr, fd, name, value, size);
}
static inline int sys_flock(int fd, int operation)
{
	return (int)SYS_CALL(SYS_flock, fd, operation);
}
static inline ssize_t sys_flistxattr(int fd, char *names, size_t size)
{
	return SYS_CALL(SYS_flistxattr, fd, names, size);
}
static inline int sys_fsconfig(int fd, unsigned command, const char *key, const void *value,
			       int auxiliary)
{
	return (int)SYS_CALL(SYS_fsconfig, fd, command, key, value, auxiliary);
}
static inline int sys_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	return (int)SYS_CALL(SYS_fsetxattr, fd, name, value, size, flags);
}
static inline int sys_fsmount(int fd, unsigned flags, unsigned attributes)
{
	return (int)SYS_CALL(SYS_fsmount, fd, flags, attributes);
}
static inline int sys_fsopen(const char *type, unsigned flags)
{
	return (int)SYS_CALL(SYS_fsopen, type, flags);
}
static inline int sys_fsync(int fd)
{
	return (int)SYS_CALL(SYS_fsync, fd);
}
/* On the 64-bit machines libc's struct stat is the kernel's, and its wrappers would only copy it. */
static inline int sys_fstat(int fd, struct stat *status)
{
	return (int)SYS_CALL(SYS_fstat, fd, status);
}
static inline int sys_fstatat(int fd, const char *path, struct stat *status, int flags)
{
	return (int)SYS_CALL(SYS_newfstatat, fd, path, status, flags);
}
static inline int sys_fstatfs(int fd, struct statfs *status)
{
	return (int)sys_result(fstatfs(fd, status));
}
/* What getdents64 gives: rows of `length` bytes, the name NUL-terminated. */
struct sys_dirent64 {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type; /* DT_* */
	char name[];
};
_Static_assert(offsetof(struct sys_dirent64, name) == 19, "struct linux_dirent64");
static inline long sys_getdents64(int fd, void *buffer, size_t size)
{
	return SYS_CALL(SYS_getdents64, fd, buffer, size);
}
/* Plain clone: clone3 is refused by the seccomp filters of older container engines. */
static inline long sys_fork(void)
{
	return SYS_CALL(SYS_clone, (unsigned long)SIGCHLD, 0UL, 0UL, 0UL, 0UL);
}
static inline int sys_ftruncate(int fd, off_t size)
{
	return (int)SYS_CALL(SYS_ftruncate, fd, size);
}
static inline ssize_t sys_getrandom(void *buffer, size_t size)
{
	return SYS_CALL(SYS_getrandom, buffer, size, 0);
}
static inline int sys_getsockopt(int fd, int level, int option, void *value, socklen_t length)
{
	return (int)SYS_CALL(SYS_getsockopt, fd, level, option, value, &length);
}
static inline int sys_ioctl(int fd, unsigned long request, unsigned long argument)
{
	return (int)SYS_CALL(SYS_ioctl, fd, request, argument);
}
static inline long sys_keyctl(int operation, unsigned long argument)
{
	return SYS_CALL(SYS_keyctl, operation, argument, 0UL, 0UL, 0UL);
}
static inline int sys_kill(pid_t pid, int signal)
{
	return (int)SYS_CALL(SYS_kill, pid, signal);
}
static inline int sys_landlock_add_rule(int ruleset, unsigned type, const void *rule,
					unsigned flags)
{
	return (int)SYS_CALL(SYS_landlock_add_rule, ruleset, type, rule, flags);
}
static inline int sys_landlock_create_ruleset(const void *attributes, size_t size, unsigned flags)
{
	return (int)SYS_CALL(SYS_landlock_create_ruleset, attributes, size, flags);
}
static inline int sys_landlock_restrict_self(int ruleset, unsigned flags)
{
	return (int)SYS_CALL(SYS_landlock_restrict_self, ruleset, flags);
}
static inline int sys_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	return (int)SYS_CALL(SYS_linkat, from_fd, from, to_fd, to, flags);
}
static inline int sys_listen(int fd, int backlog)
{
	return (int)SYS_CALL(SYS_listen, fd, backlog);
}
static inline int64_t sys_lseek(int fd, int64_t offset, int whence)
{
	return SYS_CALL(SYS_lseek, fd, offset, whence);
}
static inline int sys_madvise(const void *start, size_t size, int advice)
{
	return (int)SYS_CALL(SYS_madvise, start, size, advice);
}
static inline int sys_memfd_create(const char *name, unsigned flags)
{
	return (int)SYS_CALL(SYS_memfd_create, name, flags);
}
static inline int sys_mkdirat(int fd, const char *path, mode_t mode)
{
	return (int)SYS_CALL(SYS_mkdirat, fd, path, mode);
}
static inline int sys_mknodat(int fd, const char *path, mode_t mode, unsigned device)
{
	return (int)SYS_CALL(SYS_mknodat, fd, path, mode, device);
}
static inline int sys_mount(const char *source, const char *target, const char *type,
			    unsigned long flags, const char *options)
{
	return (int)SYS_CALL(SYS_mount, source, target, type, flags, options);
}
static inline int sys_mount_setattr(int fd, const char *path, unsigned flags,
				    struct mount_attr *attributes)
{
	return (int)SYS_CALL(SYS_mount_setattr, fd, path, flags, attributes, sizeof(*attributes));
}
static inline int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to,
				 unsigned flags)
{
	return (int)SYS_CALL(SYS_move_mount, from_fd, from, to_fd, to, flags);
}
/* CLOCK_MONOTONIC in milliseconds. The system call itself: libc's way by the vDSO would cost init a kilobyte. */
static inline int64_t sys_now_ms(void)
{
	struct timespec now = { .tv_sec = 0 };

	(void)SYS_CALL(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
static inline int sys_openat(int fd, const char *path, int flags, mode_t mode)
{
	return (int)SYS_CALL(SYS_openat, fd, path, flags, mode);
}
static inline int sys_openat2(int fd, const char *path, uint64_t flags, uint64_t mode,
			      uint64_t resolve)
{
	struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };

	return (int)SYS_CALL(SYS_openat2, fd, path, &how, sizeof(how));
}
static inline int sys_open_tree(int fd, const char *path, unsigned flags)
{
	return (int)SYS_CALL(SYS_open_tree, fd, path, flags);
}
static inline int sys_pidfd_open(pid_t pid, unsigned flags)
{
	return (int)SYS_CALL(SYS_pidfd_open, pid, flags);
}
static inline int sys_pidfd_send_signal(int pidfd, int signal, siginfo_t *info, unsigned flags)
{
	return (int)SYS_CALL(SYS_pidfd_send_signal, pidfd, signal, info, flags);
}
static inline int sys_pipe2(int pair[2], int flags)
{
	return (int)SYS_CALL(SYS_pipe2, pair, flags);
}
static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)SYS_CALL(SYS_pivot_root, new_root, put_old);
}
/* poll() on both machines: aarch64 has only ppoll. timeout_ms < 0 waits for ever. */
static inline int sys_poll(struct pollfd *fds, unsigned count, int timeout_ms)
{
	struct timespec wait = { .tv_sec = timeout_ms / 1000,
				 .tv_nsec = (long)(timeout_ms % 1000) * 1000000 };

	return (int)SYS_CALL(SYS_ppoll, fds, count, timeout_ms < 0 ? NULL : &wait, NULL,
			     sizeof(sys_sigset));
}
static inline ssize_t sys_pread(int fd, void *buffer, size_t size, off_t offset)
{
	return SYS_CALL(SYS_pread64, fd, buffer, size, offset);
}
static inline int sys_prctl(int option, unsigned long a, unsigned long b, unsigned long c,
			    unsigned long d)
{
	return (int)SYS_CALL(SYS_prctl, option, a, b, c, d);
}
static inline int sys_prlimit(pid_t pid, int resource, const uint64_t *wanted, uint64_t *previous)
{
	/* two 64-bit numbers each, soft then hard: the kernel's struct rlimit64 */
	return (int)SYS_CALL(SYS_prlimit64, pid, resource, wanted, previous);
}
static inline ssize_t sys_pwrite(int fd, const void *data, size_t size, int64_t offset)
{
	return SYS_CALL(SYS_pwrite64, fd, data, size, offset);
}
static inline ssize_t sys_read(int fd, void *buffer, size_t size)
{
	return SYS_CALL(SYS_read, fd, buffer, size);
}
static inline ssize_t sys_readlinkat(int fd, const char *path, char *buffer, size_t size)
{
	return SYS_CALL(SYS_readlinkat, fd, path, buffer, size);
}
static inline ssize_t sys_recvmsg(int fd, struct msghdr *message, int flags)
{
	return sys_result(recvmsg(fd, message,
				  flags)); /* libc's: its msghdr has padding the kernel's has not */
}
static inline int sys_reboot(unsigned command)
{
	return (int)SYS_CALL(SYS_reboot, 0xfee1deadU, 672274793U, command,
			     NULL); /* the magic: linux/reboot.h */
}
static inline int sys_renameat2(int from_fd, const char *from, int to_fd, const char *to,
				unsigned flags)
{
	return (int)SYS_CALL(SYS_renameat2, from_fd, from, to_fd, to, flags);
}
static inline int sys_rt_sigaction(int signal, const struct sys_sigaction *wanted,
				   struct sys_sigaction *previous)
{
	return (int)SYS_CALL(SYS_rt_sigaction, signal, wanted, previous, sizeof(sys_sigset));
}
static inline int sys_rt_sigprocmask(int how, const sys_sigset *wanted, sys_sigset *previous)
{
	return (int)SYS_CALL(SYS_rt_sigprocmask, how, wanted, previous, sizeof(sys_sigset));
}
static inline int sys_rt_sigqueueinfo(pid_t pid, int signal, siginfo_t *info)
{
	return (int)SYS_CALL(SYS_rt_sigqueueinfo, pid, signal, info);
}
/* The signal that was pending, or -errno (-EAGAIN: none came in time). `info` and `timeout` may be NULL. */
static inline int sys_rt_sigtimedwait(const sys_sigset *set, siginfo_t *info,
				      const struct timespec *timeout)
{
	return (int)SYS_CALL(SYS_rt_sigtimedwait, set, info, timeout, sizeof(*set));
}
/* Bytes of the mask, or -errno. The kernel's own count, unlike libc's, which is 0 here. */
static inline int sys_sched_getaffinity(pid_t pid, size_t size, unsigned long *mask)
{
	return (int)SYS_CALL(SYS_sched_getaffinity, pid, size, mask);
}
static inline int sys_sched_setaffinity(pid_t pid, size_t size, const unsigned long *mask)
{
	return (int)SYS_CALL(SYS_sched_setaffinity, pid, size, mask);
}
/* argument: struct sock_fprog of <linux/filter.h> for SECCOMP_SET_MODE_FILTER */
static inline int sys_seccomp(unsigned operation, unsigned flags, const void *argument)
{
	return (int)SYS_CALL(SYS_seccomp, operation, flags, argument);
}
static inline ssize_t sys_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return sys_result(sendmsg(fd, message, flags)); /* libc's, as for recvmsg */
}
static inline int sys_sethostname(const char *name, size_t size)
{
	return (int)SYS_CALL(SYS_sethostname, name, size);
}
static inline int sys_setdomainname(const char *name, size_t size)
{
	return (int)SYS_CALL(SYS_setdomainname, name, size);
}
/* Both return the previous id, and never an error. */
static inline int sys_setfsgid(gid_t gid)
{
	return (int)SYS_CALL(SYS_setfsgid, gid);
}
static inline int sys_setfsuid(uid_t uid)
{
	return (int)SYS_CALL(SYS_setfsuid, uid);
}
static inline int sys_setgroups(size_t count, const gid_t *groups)
{
	return (int)SYS_CALL(SYS_setgroups, count, groups);
}
static inline int sys_setns(int fd, int type)
{
	return (int)SYS_CALL(SYS_setns, fd, type);
}
static inline int sys_setpgid(pid_t pid, pid_t group)
{
	return (int)SYS_CALL(SYS_setpgid, pid, group);
}
static inline int sys_setresgid(gid_t real, gid_t effective, gid_t saved)
{
	return (int)SYS_CALL(SYS_setresgid, real, effective, saved);
}
static inline int sys_setresuid(uid_t real, uid_t effective, uid_t saved)
{
	return (int)SYS_CALL(SYS_setresuid, real, effective, saved);
}
static inline int sys_setsid(void)
{
	return (int)SYS_CALL(SYS_setsid);
}
static inline int sys_setsockopt(int fd, int level, int option, const void *value, unsigned length)
{
	return (int)SYS_CALL(SYS_setsockopt, fd, level, option, value, length);
}
static inline int sys_shutdown(int fd, int how)
{
	return (int)SYS_CALL(SYS_shutdown, fd, how);
}
static inline int sys_signalfd4(int fd, const sys_sigset *mask, int flags)
{
	return (int)SYS_CALL(SYS_signalfd4, fd, mask, sizeof(*mask), flags);
}
static inline int sys_socket(int domain, int type, int protocol)
{
	return (int)SYS_CALL(SYS_socket, domain, type, protocol);
}
static inline int sys_socketpair(int domain, int type, int pair[2])
{
	return (int)SYS_CALL(SYS_socketpair, domain, type, 0, pair);
}
static inline int sys_statfs(const char *path, struct statfs *status)
{
	return (int)sys_result(statfs(path, status));
}
static inline void sys_sync(void)
{
	(void)SYS_CALL(SYS_sync);
}
static inline int sys_symlinkat(const char *text, int fd, const char *path)
{
	return (int)SYS_CALL(SYS_symlinkat, text, fd, path);
}
static inline int sys_syncfs(int fd)
{
	return (int)SYS_CALL(SYS_syncfs, fd);
}
static inline mode_t sys_umask(mode_t mask)
{
	return (mode_t)SYS_CALL(SYS_umask, mask);
}
static inline int sys_umount2(const char *path, int flags)
{
	return (int)SYS_CALL(SYS_umount2, path, flags);
}
static inline int sys_unlinkat(int fd, const char *path, int flags)
{
	return (int)SYS_CALL(SYS_unlinkat, fd, path, flags);
}
static inline int sys_unshare(uint64_t flags)
{
	return (int)SYS_CALL(SYS_unshare, flags);
}
static inline int sys_utimensat(int fd, const char *path, const struct timespec times[2], int flags)
{
	return (int)SYS_CALL(SYS_utimensat, fd, path, times, flags);
}
/* which: P_ALL, P_PID, P_PIDFD ... info is zeroed by the kernel when WNOHANG finds nothing (si_pid == 0). */
static inline int sys_waitid(int which, int id, siginfo_t *info, int options)
{
	return (int)SYS_CALL(SYS_waitid, which, id, info, options, NULL);
}
static inline ssize_t sys_write(int fd, const void *data, size_t size)
{
	return SYS_CALL(SYS_write, fd, data, size);
}

#endif
