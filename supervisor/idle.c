/* SPDX-License-Identifier: MIT */
/*
 * See idle.h. The kernel maps the neighbours of a page that it is asked for, 64 KB at once, but not past the end of a mapping:
 * so what gives back and waits is one function with a mapping of its own (sv.ld), and reads nothing else of the program.
 */
#include "idle.h"

#include "../init/lib/sys.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define STACK     (256UL << 10) /* more than any verb needs */
#define PARTS_MAX 8

struct part {
	unsigned long from, to;
};

/* SYS_CALL(): a function of sys.h need not be inlined. */
__attribute__((noinline, section(".idle"))) static int drop_and_wait(const struct part *parts,
								     unsigned part_count,
								     struct pollfd *rows,
								     unsigned count,
								     const struct timespec *timeout)
{
	for (unsigned i = 0; i < part_count; i++)
		(void)SYS_CALL(SYS_madvise, parts[i].from, parts[i].to - parts[i].from,
			       MADV_DONTNEED);
	return (int)SYS_CALL(SYS_ppoll, rows, count, timeout, NULL, sizeof(sys_sigset));
}

/* A frame of its own: what is above it stays. */
__attribute__((noinline)) int idle_wait(struct pollfd *rows, unsigned count, int timeout_ms)
{
	unsigned long page = getauxval(AT_PAGESZ);
	unsigned long stack = (unsigned long)__builtin_frame_address(0) & ~(page - 1);
	const Elf64_Phdr *header = (const void *)getauxval(AT_PHDR);
	unsigned long headers = header == NULL ? 0 : getauxval(AT_PHNUM);
	struct timespec timeout = { .tv_sec = timeout_ms / 1000,
				    .tv_nsec = (long)(timeout_ms % 1000) * 1000000 };
	struct part parts[PARTS_MAX] = { { stack - STACK, stack - page } };
	unsigned part_count = 1;

	for (; headers > 0 && part_count < PARTS_MAX; headers--, header++) {
		unsigned long from = header->p_vaddr, to = from + header->p_memsz;

		if (header->p_type == PT_LOAD && !(header->p_flags & PF_W))
			parts[part_count++] = (struct part){ from & ~(page - 1), to };
	}
	return drop_and_wait(parts, part_count, rows, count, timeout_ms < 0 ? NULL : &timeout);
}
