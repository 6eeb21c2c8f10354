/* SPDX-License-Identifier: MIT */
/*
 * The whole of init, inside sv: one file copied to a machine is the installation. And the default seccomp filter. The Makefile
 * names the files and makes them first.
 */
	.section .rodata.embedded_init, "a", %progbits
	.balign 16
	.globl	embedded_init
	.hidden	embedded_init
	.type	embedded_init, %object
embedded_init:
	.incbin	INIT_FILE
	.size	embedded_init, . - embedded_init
	.globl	embedded_init_end
	.hidden	embedded_init_end
	.type	embedded_init_end, %object
embedded_init_end:
	.byte	0

	/* The filter that the default policy gives with the default capabilities: struct sock_filter. Empty: sv makes it itself. */
	.section .rodata.seccomp_filter, "a", %progbits
	.balign 8
	.globl	seccomp_filter
	.hidden	seccomp_filter
	.type	seccomp_filter, %object
seccomp_filter:
	.incbin	FILTER_FILE
	.size	seccomp_filter, . - seccomp_filter
	.globl	seccomp_filter_end
	.hidden	seccomp_filter_end
	.type	seccomp_filter_end, %object
seccomp_filter_end:
	.byte	0

	.section .note.GNU-stack, "", %progbits
