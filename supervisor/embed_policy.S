/* SPDX-License-Identifier: MIT */
/* The default seccomp policy, without its comments: for what `include default` means, and for what compiles it when sv is built. */
	.section .rodata.seccomp_default, "a", %progbits
	.globl	seccomp_default
	.hidden	seccomp_default
	.type	seccomp_default, %object
seccomp_default:
	.incbin	POLICY_FILE
	.size	seccomp_default, . - seccomp_default
	.globl	seccomp_default_end
	.hidden	seccomp_default_end
	.type	seccomp_default_end, %object
seccomp_default_end:
	.byte	0

	.section .note.GNU-stack, "", %progbits
