/* SPDX-License-Identifier: MIT */
/*
 * The instruction that enters the kernel: syscall(2), "Architecture calling conventions". The result is the kernel's own,
 * -errno where it failed. libc's syscall() would put that into errno and cost each caller a call and the unpacking; and errno
 * belongs to a thread, of which a child that shares sv's memory is none.
 */
#ifndef SV_LIB_CALL_H
#define SV_LIB_CALL_H

#if defined(__clang_analyzer__)

/* It doesn't know that an instruction writes to what it is pointed to; it does know it of a function that it can't see. */
long call_unseen(long number, ...);
long call_clone(long number, const void *args, unsigned long size, void (*start)(void *),
		void *argument);

#elif defined(__x86_64__)

static inline long call3(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}
static inline long call4(long number, long a, long b, long c, long d)
{
	register long fourth __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
			 : "rcx", "r11", "memory");
	return result;
}
static inline long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long fourth __asm__("r10") = d, fifth __asm__("r8") = e, sixth __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
			 : "rcx", "r11", "memory");
	return result;
}

/* clone3 for a child on a stack of its own, where it calls start(argument), which never returns. */
static inline long call_clone(long number, const void *args, unsigned long size,
			      void (*start)(void *), void *argument)
{
	register void (*function)(void *) __asm__("r8") = start;
	register void *passed __asm__("r9") = argument;
	long result;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r9, %%rdi\n\t"
			 "call *%%r8\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(result)
			 : "a"(number), "D"(args), "S"(size), "r"(function), "r"(passed)
			 : "rcx", "r11", "memory");
	return result;
}

#elif defined(__aarch64__)

static inline long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long kind __asm__("x8") = number, result __asm__("x0") = a,
			   second __asm__("x1") = b, third __asm__("x2") = c,
			   fourth __asm__("x3") = d, fifth __asm__("x4") = e,
			   sixth __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(result)
			 : "r"(kind), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
			 : "memory");
	return result;
}
static inline long call_clone(long number, const void *args, unsigned long size,
			      void (*start)(void *), void *argument)
{
	register long kind __asm__("x8") = number, result __asm__("x0") = (long)args,
			   second __asm__("x1") = (long)size;
	register void (*function)(void *) __asm__("x2") = start;
	register void *passed __asm__("x3") = argument;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, 0\n\t"
			 "mov x30, 0\n\t"
			 "mov x0, x3\n\t"
			 "blr x2\n\t"
			 "brk 1\n"
			 "1:"
			 : "+r"(result)
			 : "r"(kind), "r"(second), "r"(function), "r"(passed)
			 : "memory");
	return result;
}
static inline long call4(long number, long a, long b, long c, long d)
{
	return call6(number, a, b, c, d, 0, 0);
}
static inline long call3(long number, long a, long b, long c)
{
	return call6(number, a, b, c, 0, 0, 0);
}

#else
# error "sv runs on x86-64 and aarch64"
#endif

#define CALL_0(number)             call3(number, 0, 0, 0)
#define CALL_1(number, a)          call3(number, (long)(a), 0, 0)
#define CALL_2(number, a, b)       call3(number, (long)(a), (long)(b), 0)
#define CALL_3(number, a, b, c)    call3(number, (long)(a), (long)(b), (long)(c))
#define CALL_4(number, a, b, c, d) call4(number, (long)(a), (long)(b), (long)(c), (long)(d))
#define CALL_5(number, a, b, c, d, e) \
 call6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define CALL_6(number, a, b, c, d, e, f) \
 call6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define CALL_PICK(number, a, b, c, d, e, f, picked, ...) picked

/* SYS_CALL(SYS_name, argument...): none to six of them, numbers or pointers. */
#if defined(__clang_analyzer__)
# define SYS_CALL(...) call_unseen(__VA_ARGS__)
#else
# define SYS_CALL(...) \
  CALL_PICK(__VA_ARGS__, CALL_6, CALL_5, CALL_4, CALL_3, CALL_2, CALL_1, CALL_0, )(__VA_ARGS__)
#endif

#endif
