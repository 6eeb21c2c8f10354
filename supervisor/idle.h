/* SPDX-License-Identifier: MIT */
/*
 * A supervisor that only waits should hold next to nothing. All of this is inline: the kernel maps the neighbours of a page that
 * it is asked for, 64 KB at once, so what runs last before the wait should stand beside what waits.
 */
#ifndef SV_IDLE_H
#define SV_IDLE_H

#include "../init/lib/sys.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define IDLE_PAGE \
 4096UL /* or more: then the kernel refuses what isn't aligned, and all stays as it is */
#define IDLE_STACK (256UL << 10) /* more than any verb needs */

static inline void idle_drop(unsigned long from, unsigned long to)
{
	if (from < to)
		(void)sys_madvise((const void *)from, to - from, MADV_DONTNEED);
}

/*
 * Gives back what the process has mapped of its program, and what it used of its stack and no longer does: `here` is a frame
 * of the caller's, below which a page stays. All of it comes again by itself when it is used: the stack empty, the program
 * from its file, for the parts that can't be written to are as that has them. elf(5)
 */
static inline __attribute__((always_inline)) void idle_give_back(const void *here)
{
	unsigned long stack = (unsigned long)here & ~(IDLE_PAGE - 1);
	const Elf64_Phdr *header = (const void *)getauxval(AT_PHDR);
	unsigned long count = header == NULL ? 0 : getauxval(AT_PHNUM);

	idle_drop(stack - IDLE_STACK, stack - IDLE_PAGE);
	for (unsigned long i = 0; i < count; i++, header++)
		if (header->p_type == PT_LOAD && !(header->p_flags & PF_W))
			idle_drop(header->p_vaddr & ~(IDLE_PAGE - 1),
				  header->p_vaddr + header->p_memsz);
}

#endif
