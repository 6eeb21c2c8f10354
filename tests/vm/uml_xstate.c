/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into user-mode-linux (before Linux 6.13) where the processor has AMX. Its buffer for the extended registers of
 * a process (NT_X86_XSTATE) is a part of what the host's kernel has; reading a part is allowed, writing one back is
 * refused with EFAULT, and its first process dies of "ptrace set fp regs failed". Here the part is written back as
 * a part of the whole. Built with the machine's own libc.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long set_part(pid_t pid, const struct iovec *part)
{
	static char whole[1 << 15] __attribute__((aligned(64)));
	struct iovec all = { .iov_base = whole, .iov_len = sizeof(whole) };
	long result = syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all);

	if (result < 0)
		return result;
	memcpy(whole, part->iov_base, part->iov_len < all.iov_len ? part->iov_len : all.iov_len);
	return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &all);
}

/* The kernel stores what is peeked (requests 1 to 3) through `data`; libc returns it. ptrace(2) */
long ptrace(enum __ptrace_request request, ...)
{
	va_list list;
	pid_t pid;
	void *address, *data;
	long result, peeked;

	va_start(list, request);
	pid = va_arg(list, pid_t);
	address = va_arg(list, void *);
	data = va_arg(list, void *);
	va_end(list);
	if (request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE)
		return set_part(pid, data);
	if (request < PTRACE_PEEKTEXT || request > PTRACE_PEEKUSER)
		return syscall(SYS_ptrace, request, pid, address, data);
	result = syscall(SYS_ptrace, request, pid, address, &peeked);
	if (result < 0)
		return result;
	errno = 0;
	return peeked;
}
