/* SPDX-License-Identifier: MIT */
/*
 * The seccomp filter: policies as texts, programs run on this machine's own BPF, and the kernel's
 * word on whether it takes them.
 */
#include "seccomp_model.h"

#include "init/lib/sys.h"
#include "supervisor/capabilities.h"
#include "tap.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define ERRNO(number) (SECCOMP_RET_ERRNO | (number))
#define ALLOW         SECCOMP_RET_ALLOW
#define BIT(number)   (UINT64_C(1) << (number))

/* A container's own, without --cap-add. */
#define CAPABILITIES                                                                           \
 (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_KILL) | \
  BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) |           \
  BIT(CAP_SYS_CHROOT) | BIT(CAP_SETFCAP))

extern const char seccomp_default[], seccomp_default_end[];

static struct arena arena;
static struct error error;
static struct seccomp_policy policy;
static struct seccomp_program program;

static void start(uint64_t capabilities)
{
	arena_free(&arena);
	error = (struct error){ 0 };
	policy = (struct seccomp_policy){ .arena = &arena, .capabilities = capabilities };
	program = (struct seccomp_program){ NULL, 0 };
}

static int compile_text(const char *text)
{
	start(CAPABILITIES);
	if (seccomp_policy_parse(&policy, "x.policy", text, strlen(text), &error) < 0)
		return -1;
	return seccomp_compile(&policy, &program, &error);
}

static int compile_default(uint64_t capabilities)
{
	start(capabilities);
	if (seccomp_policy_parse_default(&policy, &error) < 0)
		return -1;
	return seccomp_compile(&policy, &program, &error);
}

extern const char seccomp_filter[], seccomp_filter_end[];

static void is_what_was_built_in(void)
{
	size_t size = (size_t)(seccomp_filter_end - seccomp_filter);

	ok(compile_default(capabilities_default) == 0, "the_default_policy_compiles");
	if (size == 0)
		ok(true, "nothing_is_built_in # SKIP cross-compiled without an emulator");
	else
		ok(size == program.count * sizeof(*program.rows) &&
			   memcmp(seccomp_filter, program.rows, size) == 0,
		   "what_is_built_in_is_what_the_compiler_makes_of_it");
}

static int number_of(const char *name, enum seccomp_machine machine)
{
	int call = seccomp_call_find(part_of(name));

	return call < 0 ? SECCOMP_NO_NUMBER : seccomp_call_number((size_t)call, machine);
}

static uint32_t action_of(uint32_t arch, uint32_t number, uint64_t a, uint64_t b)
{
	const struct seccomp_data data = { .nr = (int)number,
					   .arch = arch,
					   .args = { a, b, 0, 0, 0, 0 } };
	uint32_t action = 0xdead;

	if (seccomp_run(&program, &data, false, &action) < 0)
		return 0xbad;
	return action;
}

static uint32_t native(const char *name, uint64_t a, uint64_t b)
{
	int number = number_of(name, SECCOMP_MACHINE_NATIVE);

	return number < 0 ? 0xabcd : action_of(SECCOMP_ARCH_OF_NATIVE, (uint32_t)number, a, b);
}

/* All of these names (separated by spaces, those that this machine has) end in the action. */
static bool all_end(const char *names, uint32_t action)
{
	struct part rest = part_of(names), name;
	bool good = true;

	while (part_next(&rest, ' ', &name)) {
		int call = seccomp_call_find(name);
		int number =
			call < 0 ? -1 : seccomp_call_number((size_t)call, SECCOMP_MACHINE_NATIVE);

		if (number < 0)
			continue;
		if (action_of(SECCOMP_ARCH_OF_NATIVE, (uint32_t)number, 0, 0) != action) {
			printf("# %.*s is not\n", (int)name.length, name.text);
			good = false;
		}
	}
	return good;
}

/* --- the table ------------------------------------------------------------------------------- */

static void knows_the_calls(void)
{
	bool sorted = true, found = true;

	for (size_t i = 0; i < seccomp_call_count(); i++) {
		const char *name = seccomp_call_name(i);

		sorted &= i == 0 || strcmp(seccomp_call_name(i - 1), name) < 0;
		found &= seccomp_call_find(part_of(name)) == (int)i;
	}
	ok(sorted && found, "finds_each_of_the_%zu_names_in_the_table", seccomp_call_count());
	is_int(number_of("read", SECCOMP_MACHINE_NATIVE), SYS_read, "read");
	is_int(number_of("newfstatat", SECCOMP_MACHINE_NATIVE), SYS_newfstatat, "newfstatat");
	is_int(number_of("clone3", SECCOMP_MACHINE_NATIVE), SYS_clone3, "clone3");
#ifdef __x86_64__
	is_int(number_of("exit", SECCOMP_MACHINE_COMPAT), 1, "the_32_bit_exit");
	is_int(number_of("socketcall", SECCOMP_MACHINE_COMPAT), 102, "the_32_bit_socketcall");
	is_int(number_of("socketcall", SECCOMP_MACHINE_NATIVE), SECCOMP_NO_NUMBER,
	       "which_has_no_64_bit_one");
#endif
	ok(seccomp_call_find(part_of("rea")) < 0 && seccomp_call_find(part_of("readx")) < 0 &&
		   seccomp_call_find(part_of("")) < 0,
	   "finds_nothing_else");
	is_str(seccomp_call_nearest(part_of("raed")), "read", "offers_the_nearest");
}

/* --- the default policy ---------------------------------------------------------------------- */

static void decides_as_docker(void)
{
	ok(compile_default(CAPABILITIES) == 0, "the_default_policy_compiles");
	printf("# %zu instructions\n", program.count);
	ok(model_accepts(&program), "to_a_program_that_the_kernel_accepts");
	ok(all_end("read write openat execve mmap futex rt_sigaction ptrace mknodat chroot setuid "
		   "capset prctl seccomp bind sendmsg epoll_pwait io_submit memfd_create rseq "
		   "landlock_create_ruleset clock_gettime newfstatat fork vfork open exit_group",
		   ALLOW),
	   "allows_what_programs_need");
	ok(all_end("mount umount2 pivot_root setns unshare keyctl add_key request_key bpf "
		   "perf_event_open init_module finit_module delete_module kexec_load "
		   "kexec_file_load reboot swapon swapoff acct sethostname setdomainname "
		   "open_by_handle_at userfaultfd io_uring_setup io_uring_enter io_uring_register "
		   "syslog quotactl clock_settime settimeofday iopl ioperm vhangup mbind "
		   "set_mempolicy move_pages migrate_pages fsopen fsmount fsconfig fspick "
		   "open_tree move_mount mount_setattr fanotify_init lookup_dcookie kcmp "
		   "pidfd_getfd process_madvise nfsservctl uselib ustat sysfs",
		   ERRNO(EPERM)),
	   "forbids_what_docker_forbids");
	ok(all_end("clone3", ERRNO(ENOSYS)), "clone3_is_not_there");
	ok(action_of(SECCOMP_ARCH_OF_NATIVE, 1000, 0, 0) == ERRNO(ENOSYS) &&
		   action_of(SECCOMP_ARCH_OF_NATIVE, 5000, 0, 0) == ERRNO(ENOSYS) &&
		   action_of(SECCOMP_ARCH_OF_NATIVE, 0x3fffffff, 0, 0) == ERRNO(ENOSYS),
	   "nor_are_unknown_numbers");
}

static void looks_at_arguments(void)
{
	static const uint64_t high = UINT64_C(0x700000000);
	static const unsigned families[] = { 12, 19, 20, 23, 25, 34, 37, 38, 40, 46, 1000 };
	bool good = true;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		good &= native("socket", families[i], 1) == ERRNO(EPERM) &&
			native("socket", high | families[i], 1) == ERRNO(EPERM);
	ok(good, "refuses_AF_ALG_AF_VSOCK_and_obsolete_families_whatever_the_high_bits");
	good = true;
	for (unsigned i = 0; i < 12; i++)
		good &= native("socket", i, 1) == ALLOW;
	ok(good && native("socket", 16, 3) == ALLOW && native("socket", 17, 3) == ALLOW &&
		   native("socket", 44, 3) == ALLOW,
	   "allows_the_usual_families");
	ok(native("ioctl", 0, 0x5412) == ERRNO(EPERM) &&
		   native("ioctl", 0, high | 0x5412) == ERRNO(EPERM) &&
		   native("ioctl", 0, high | 0x541c) == ERRNO(EPERM),
	   "refuses_TIOCSTI_and_TIOCLINUX_whatever_the_high_bits");
	ok(native("ioctl", 0x5412, 0x5413) == ALLOW && native("ioctl", 0, 0x54120000) == ALLOW,
	   "allows_other_ioctls");
	good = native("clone", SIGCHLD, 0) == ALLOW && native("clone", 0x3d0f00, 0) == ALLOW;
	for (unsigned bit = 0; bit < 64; bit++) {
		bool is_namespace = bit < 32 && 0x7e020000U & 1U << bit;

		good &= native("clone", UINT64_C(1) << bit | SIGCHLD, 0) ==
			(is_namespace ? ERRNO(EPERM) : ALLOW);
	}
	ok(good, "refuses_exactly_the_namespace_flags_of_clone");
	ok(native("personality", 0, 0) == ALLOW && native("personality", 8, 0) == ALLOW &&
		   native("personality", 0x20000, 0) == ALLOW &&
		   native("personality", 0x20008, 0) == ALLOW &&
		   native("personality", 0xffffffff, 0) == ALLOW &&
		   native("personality", 0x40000, 0) == ERRNO(EPERM) &&
		   native("personality", 1, 0) == ERRNO(EPERM),
	   "allows_five_personalities");
}

static void tells_machines_apart(void)
{
	bool good = true;

	for (uint32_t i = 0; i < 600; i++)
		good &= action_of(AUDIT_ARCH_PPC64, i, 0, 0) == ERRNO(ENOSYS) &&
			action_of(AUDIT_ARCH_ARM, i, 0, 0) == ERRNO(ENOSYS) &&
			action_of(0, i, 0, 0) == ERRNO(ENOSYS);
	ok(good, "another_arch_has_no_calls");
	ok(action_of(SECCOMP_ARCH_OF_NATIVE, UINT32_MAX, 0, 0) == ALLOW,
	   "a_call_that_a_tracer_skips_is_left_to_it");
#ifdef __x86_64__
	good = true;
	for (uint32_t i = 0; i < 600; i++)
		good &= action_of(AUDIT_ARCH_X86_64, 0x40000000 | i, 0, 0) == ERRNO(ENOSYS);
	ok(good && action_of(AUDIT_ARCH_X86_64, 0x80000000, 0, 0) == ERRNO(ENOSYS) &&
		   action_of(AUDIT_ARCH_X86_64, 0xfffffffe, 0, 0) == ERRNO(ENOSYS),
	   "x32_is_refused");
	ok(action_of(AUDIT_ARCH_I386, 3, 0, 0) == ALLOW &&                    /* read */
		   action_of(AUDIT_ARCH_I386, 199, 0, 0) == ALLOW &&          /* getuid32 */
		   action_of(AUDIT_ARCH_I386, 21, 0, 0) == ERRNO(EPERM) &&    /* mount */
		   action_of(AUDIT_ARCH_I386, 359, 38, 0) == ERRNO(EPERM) &&  /* socket */
		   action_of(AUDIT_ARCH_I386, 54, 0, 0x5412) == ERRNO(EPERM), /* ioctl */
	   "32_bit_calls_are_judged_by_their_own_numbers");
	ok(action_of(AUDIT_ARCH_I386, 102, 1, 0) == ERRNO(ENOSYS) &&
		   action_of(AUDIT_ARCH_I386, 102, 8, 0) == ERRNO(ENOSYS) &&
		   action_of(AUDIT_ARCH_I386, 102, 3, 0) == ALLOW,
	   "socketcall_makes_no_sockets");
#endif
}

static void follows_capabilities(void)
{
	static const struct {
		unsigned capability;
		const char *opens;
	} rows[] = {
		{ CAP_SYS_ADMIN, "mount umount2 setns unshare clone3 bpf perf_event_open "
				 "sethostname syslog fsopen move_mount fanotify_init quotactl" },
		{ CAP_SYS_BOOT, "reboot" },
		{ CAP_SYS_MODULE, "init_module finit_module delete_module" },
		{ CAP_SYS_PTRACE, "kcmp pidfd_getfd process_madvise" },
		{ CAP_SYS_PACCT, "acct" },
		{ CAP_SYS_RAWIO, "iopl ioperm" },
		{ CAP_SYS_TIME, "clock_settime settimeofday" },
		{ CAP_SYS_TTY_CONFIG, "vhangup" },
		{ CAP_SYS_NICE, "mbind get_mempolicy set_mempolicy" },
		{ CAP_SYSLOG, "syslog" },
		{ CAP_BPF, "bpf" },
		{ CAP_PERFMON, "perf_event_open" },
		{ CAP_DAC_READ_SEARCH, "open_by_handle_at" },
		{ CAP_SYS_CHROOT, "chroot" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ok(compile_default(BIT(rows[i].capability)) == 0 && all_end(rows[i].opens, ALLOW) &&
			   compile_default(~BIT(rows[i].capability) & ~BIT(CAP_SYS_ADMIN) &
					   ~BIT(CAP_SYSLOG) & ~BIT(CAP_BPF) & ~BIT(CAP_PERFMON)) ==
				   0 &&
			   (rows[i].capability == CAP_SYS_ADMIN ||
			    all_end(rows[i].opens, ERRNO(EPERM))),
		   "capability %u opens its calls, and nothing else does", rows[i].capability);
	}
	ok(compile_default(BIT(CAP_SYS_ADMIN)) == 0 && native("clone", 0x10000000, 0) == ALLOW,
	   "with_SYS_ADMIN_clone_takes_namespace_flags");
	ok(compile_default(UINT64_MAX) == 0 && native("keyctl", 0, 0) == ERRNO(EPERM) &&
		   native("ioctl", 0, 0x5412) == ERRNO(EPERM),
	   "no_capability_opens_what_is_closed_for_all");
}

/*
 * The cost: a call that is allowed whatever its arguments must be one that the kernel puts into its
 * bitmap, where a filter costs what a filter of one ALLOW costs.
 */
static void fills_the_bitmap(void)
{
	unsigned allowed = 0, in_bitmap = 0, judged = 0;

	(void)compile_default(CAPABILITIES);
	for (size_t i = 0; i < seccomp_call_count(); i++)
		for (enum seccomp_machine machine = 0; machine < SECCOMP_MACHINE_COUNT; machine++) {
			const struct seccomp_rule *rule =
				policy.last[i] != 0 ? &policy.rules.rows[policy.last[i] - 1] : NULL;
			struct seccomp_data data = {
				.nr = seccomp_call_number(i, machine),
				.arch = SECCOMP_ARCH_OF_NATIVE,
			};
			uint32_t action = 0;
			int result;

#ifdef SECCOMP_ARCH_OF_COMPAT
			if (machine == SECCOMP_MACHINE_COMPAT)
				data.arch = SECCOMP_ARCH_OF_COMPAT;
#endif
			if (data.nr < 0 || rule == NULL)
				continue;
			result = seccomp_run(&program, &data, true, &action);
			if (rule->previous != 0 || rule->condition_count != 0) {
				judged += result == -ENODATA;
				continue;
			}
			allowed += rule->action == ALLOW;
			in_bitmap += rule->action == ALLOW && result == 0 && action == ALLOW;
		}
	is_int(in_bitmap, allowed, "all_calls_allowed_whatever_their_arguments_are_in_the_bitmap");
	printf("# %u of %u; %u are judged by their arguments\n", in_bitmap, allowed, judged);
	ok(allowed > 240, "they_are_nearly_all");
	ok(judged > 0 && judged <= 14, "and_few_are_judged_by_their_arguments");
}

static void agrees_with_the_model(void)
{
	static const uint64_t masks[] = { 0, CAPABILITIES, UINT64_MAX };
	static const uint64_t arguments[] = { 0,      1,          8,           38,
					      0x5412, 0x10000000, 0x100000026, UINT64_MAX };
	unsigned wrong = 0;

	for (size_t i = 0; i < 3; i++) {
		(void)compile_default(masks[i]);
		for (uint32_t number = 0; number < 1100; number++)
			for (size_t a = 0; a < sizeof(arguments) / sizeof(arguments[0]); a++) {
				struct seccomp_data data = { .nr = (int)number,
							     .arch = SECCOMP_ARCH_OF_NATIVE,
							     .args = { arguments[a],
								       arguments[a] } };

				wrong += !model_agrees(&policy, &program, &data);
#ifdef SECCOMP_ARCH_OF_COMPAT
				data.arch = SECCOMP_ARCH_OF_COMPAT;
				wrong += !model_agrees(&policy, &program, &data);
#endif
			}
	}
	is_int(wrong, 0, "the_default_program_does_what_the_policy_says_for_each_number");
}

/* --- comparisons ----------------------------------------------------------------------------- */

static void compares(void)
{
	static const char *const tests[] = { "==", "!=", "<", "<=", ">", ">=" };
	static const uint64_t numbers[] = {
		0,           1,           0x7fffffff,  0x80000000, 0xffffffff,        0x100000000,
		0x100000001, 0x1ffffffff, 0x200000000, INT64_MAX,  UINT64_C(1) << 63, UINT64_MAX,
	};
	static const uint64_t masks[] = { UINT64_MAX,         0xffffffff, 0xffffffff00000000,
					  0x8000000080000000, 0x1,        0 };
	unsigned wrong = 0, done = 0, size = sizeof(numbers) / sizeof(numbers[0]);

	for (unsigned test = 0; test < SECCOMP_TEST_COUNT; test++)
		for (size_t mask = 0; mask < sizeof(masks) / sizeof(masks[0]); mask++)
			for (unsigned value = 0; value < size; value++) {
				char text[200];

				(void)snprintf(text, sizeof(text),
					       "default errno 1\nallow read if arg5 & 0x%llx %s "
					       "0x%llx\n",
					       (unsigned long long)masks[mask], tests[test],
					       (unsigned long long)numbers[value]);
				if (compile_text(text) < 0)
					continue; /* bits that the mask takes away */
				for (unsigned i = 0; i < size; i++) {
					struct seccomp_data data = {
						.nr = SYS_read,
						.arch = SECCOMP_ARCH_OF_NATIVE,
						.args = { 0, 0, 0, 0, 0, numbers[i] },
					};

					wrong += !model_agrees(&policy, &program, &data);
					done++;
				}
			}
	is_int(wrong, 0, "compares_64_bits_under_masks");
	ok(done > 3000, "in %u cases", done);
	ok(compile_text("default errno 1\nallow read if int1 == 5 and arg0 >= 0x100000000\n") ==
			   0 &&
		   native("read", 0x100000000, 5) == ALLOW &&
		   native("read", 0xffffffff, 5) == ERRNO(1) &&
		   native("read", 0x100000000, 0xf00000005) == ALLOW &&
		   native("read", 0x100000000, 6) == ERRNO(1),
	   "int_is_the_low_half_and_conditions_join");
}

static void tries_rules_in_order(void)
{
	ok(compile_text("default kill\nerrno 7 read if arg0 == 1\nlog read if arg0 < 3\n"
			"trap read if arg0 == 1\nallow read\n") == 0 &&
		   native("read", 1, 0) == ERRNO(7) && native("read", 2, 0) == SECCOMP_RET_LOG &&
		   native("read", 3, 0) == ALLOW &&
		   native("write", 0, 0) == SECCOMP_RET_KILL_PROCESS,
	   "the_first_rule_that_fits_decides");
	ok(compile_text("include default\nallow keyctl\nerrno EIO read if int0 == 9\n") == 0 &&
		   native("keyctl", 0, 0) == ALLOW && native("read", 9, 0) == ERRNO(EIO) &&
		   native("read", 8, 0) == ALLOW && native("mount", 0, 0) == ERRNO(EPERM) &&
		   action_of(SECCOMP_ARCH_OF_NATIVE, 1000, 0, 0) == ERRNO(ENOSYS),
	   "a_file_goes_before_the_default_policy_that_it_includes");
	ok(compile_text("include default\ndefault kill\n") == 0 &&
		   action_of(SECCOMP_ARCH_OF_NATIVE, 1000, 0, 0) == SECCOMP_RET_KILL_PROCESS,
	   "and_its_default_counts");
	ok(compile_text("default allow\nerrno EPERM mount with SYS_ADMIN\nerrno EIO mount\n"
			"errno 5 chroot with CAP_SYS_CHROOT\nerrno 6 chroot\n") == 0 &&
		   native("mount", 0, 0) == ERRNO(EIO) && native("chroot", 0, 0) == ERRNO(5),
	   "rules_with_a_capability_count_where_it_is_there");
	ok(compile_text("default allow") == 0 && native("read", 0, 0) == ALLOW &&
		   action_of(SECCOMP_ARCH_OF_NATIVE, 999, 0, 0) == ALLOW && model_accepts(&program),
	   "default_allow_alone_is_a_policy");
#ifdef __x86_64__
	ok(action_of(AUDIT_ARCH_X86_64, 0x40000001, 0, 0) == ERRNO(ENOSYS),
	   "x32_is_refused_whatever_the_policy");
#endif
	ok(compile_text("# c\n\n \t\r\ndefault errno 38 # d\n  allow\tread  write\r\n") == 0 &&
		   native("write", 0, 0) == ALLOW,
	   "space_and_comments_are_skipped");
}

/* --- size ------------------------------------------------------------------------------------ */

/* A policy with `rules` rules of their own for each of `calls` calls. */
static int compile_large(unsigned calls, unsigned rules)
{
	static char text[1 << 20];
	size_t used = (size_t)snprintf(text, sizeof(text), "default allow\n");

	for (unsigned call = 0; call < calls; call++)
		for (unsigned rule = 0; rule < rules; rule++)
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "errno %u %s if %s%u == %u\n",
				1 + (call * 31 + rule) % 4000, seccomp_call_name(call),
				rules < 100 && call % 3 == 0 ? "arg" : "int", rule % 6, rule);
	return compile_text(text);
}

static void jumps_far(void)
{
	static const unsigned sizes[][2] = { { 1, 900 }, { 300, 1 }, { 80, 5 }, { 7, 60 } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned wrong = 0;

		if (!ok(compile_large(sizes[i][0], sizes[i][1]) == 0 && model_accepts(&program),
			"%u_rules_of_%u_calls_compile", sizes[i][1], sizes[i][0]))
			continue;
		printf("# %zu instructions\n", program.count);
		for (uint32_t number = 0; number < 500; number++)
			for (unsigned a = 0; a < 9; a++) {
				struct seccomp_data data = {
					.nr = (int)number,
					.arch = SECCOMP_ARCH_OF_NATIVE,
					.args = { a * 6, a * 6 + 1, a, 3, 4, 899 },
				};

				wrong += !model_agrees(&policy, &program, &data);
			}
		is_int(wrong, 0, "and_jump_to_the_right_places");
	}
	ok(compile_large(400, 10) < 0 && strstr(error.text, "4096") != NULL,
	   "a_policy_that_is_too_large_for_the_kernel_is_refused");
}

/* --- what is refused ------------------------------------------------------------------------- */

static void refuses(const char *text, const char *message, const char *hint)
{
	int result = compile_text(text);

	if (!ok(result < 0 && strncmp(error.text, message, strlen(message)) == 0 &&
			strstr(error.hint, hint) != NULL,
		"refuses: %s", message))
		printf("# %s; %s\n", error.text, error.hint);
}

static void refuses_texts(void)
{
	refuses("", "x.policy: no default", "include default");
	refuses("allow read\n", "x.policy: no default", "default errno ENOSYS");
	refuses("default\n", "x.policy:1: 'default' needs an action", "allow");
	refuses("default allow read\n", "x.policy:1: 'read' is too much", "");
	refuses("default allow\ndefault kill\n", "x.policy:2: a second default", "");
	refuses("\nalow read\n", "x.policy:2: unknown action 'alow'", "did you mean 'allow'?");
	refuses("read\n", "x.policy:1: unknown action 'read'", "a line begins with");
	refuses("allow raed\n", "x.policy:1: unknown system call 'raed'", "'read'");
	refuses("allow zzzzzzzzz\n", "x.policy:1: unknown system call 'zzz", "'default'");
	refuses("allow\n", "x.policy:1: no system call is named", "ACTION NAME");
	refuses("allow if arg0 == 1\n", "x.policy:1: no system call is named", "");
	refuses("errno\n", "x.policy:1: 'errno' needs", "EPERM");
	refuses("errno EPREM read\n", "x.policy:1: 'EPREM' is no errno", "4095");
	refuses("errno 4096 read\n", "x.policy:1: '4096' is no errno", "4095");
	refuses("errno 0 read\n", "x.policy:1: errno 0", "");
	refuses("allow read\nkill read\n", "x.policy:2: 'read' is decided by line 1", "");
	refuses("allow read read\n", "x.policy:1: 'read' is decided by line 1", "");
	refuses("include me\n", "x.policy:1: 'me' can't be included", "include default");
	refuses("include\n", "x.policy:1: '' can't be included", "include default");
	refuses("allow read with\n", "x.policy:1: 'with' needs a capability", "SYS_CHROOT");
	refuses("allow read with SYS_ADMN\n", "x.policy:1: unknown capability 'SYS_ADMN'",
		"'SYS_ADMIN'");
	refuses("allow read with KILL read\n", "x.policy:1: 'read' is too much", "if CONDITION");
	refuses("allow read if\n", "x.policy:1: '' is no argument", "arg0");
	refuses("allow read if arg6 == 1\n", "x.policy:1: 'arg6' is no argument", "arg5");
	refuses("allow read if arg0\n", "x.policy:1: '' is no comparison", "==");
	refuses("allow read if arg0 = 1\n", "x.policy:1: '=' is no comparison", "==");
	refuses("allow read if arg0 ==\n", "x.policy:1: '' is no value", "hexadecimal");
	refuses("allow read if arg0 == -1\n", "x.policy:1: '-1' is no value", "");
	refuses("allow read if int0 == 0x100000000\n", "x.policy:1: '0x100000000' is no value",
		"32 bits");
	refuses("allow read if arg0 == 0x10000000000000000\n", "x.policy:1: '0x1", "64 bits");
	refuses("allow read if arg0 & x == 1\n", "x.policy:1: 'x' is no mask", "");
	refuses("allow read if arg0 & 1 == 2\n", "x.policy:1: the value has bits", "");
	refuses("allow read if arg0 == 1 or\n", "x.policy:1: 'or' is too much", "and");
	refuses("allow read if arg0 == 1 and\n", "x.policy:1: '' is no argument", "");
	start(0);
	ok(seccomp_policy_parse(&policy, "x", "default allow\nallow re\0ad\n", 25, &error) < 0 &&
		   strcmp(error.text, "x:2: there is a NUL byte on the line") == 0,
	   "refuses_a_NUL_byte");
	start(CAPABILITIES);
	ok(seccomp_policy_parse(&policy, "default", seccomp_default,
				(size_t)(seccomp_default_end - seccomp_default), &error) == 0,
	   "the_default_policy_is_right_as_a_file_too: no call is decided twice");
	if (error_is_set(&error))
		printf("# %s\n", error.text);
}

static void checks_what_is_needed(void)
{
	static const int needed[] = { SYS_execve, SYS_exit_group };

	(void)compile_text("default errno 1\nallow execve\nlog exit_group\n");
	ok(seccomp_check_needed(&program, needed, 2, &error) == 0, "what_is_needed_is_let_through");
	(void)compile_text("default errno 1\nallow execve\n");
	ok(seccomp_check_needed(&program, needed, 2, &error) < 0 &&
		   strcmp(error.text, "it forbids 'exit_group'") == 0,
	   "what_is_forbidden_is_named");
	(void)compile_text("default allow\nerrno 1 execve if arg0 == 0\n");
	ok(seccomp_check_needed(&program, needed, 2, &error) < 0 &&
		   strcmp(error.text, "it makes 'execve' depend on arguments") == 0,
	   "so_is_what_depends_on_arguments");
}

static void builds_what_is_asked_for(void)
{
	struct seccomp_request request = { .policy = "none", .no_new_privs = true };

	start(0);
	ok(seccomp_build(&program, &arena, &request, &error) == 0 && program.count == 0,
	   "none_is_no_filter");
	request.policy = NULL;
	ok(seccomp_build(&program, &arena, &request, &error) == 0 && program.count > 50,
	   "nothing_said_is_the_default");
	request.no_new_privs = false;
	ok(seccomp_build(&program, &arena, &request, &error) == 0,
	   "which_also_does_without_no_new_privs");
	request.policy = "/nonexistent";
	ok(seccomp_build(&program, &arena, &request, &error) < 0 &&
		   strstr(error.text, "'/nonexistent'") != NULL &&
		   strstr(error.hint, "none") != NULL,
	   "a_missing_file_is_named");
	start(0);
	request.policy = "/";
	ok(seccomp_build(&program, &arena, &request, &error) < 0 && error.number == EISDIR,
	   "a_directory_is_an_error");
	start(0);
	request.policy = "/dev/null";
	ok(seccomp_build(&program, &arena, &request, &error) < 0 &&
		   strstr(error.text, "no default") != NULL,
	   "an_empty_file_is_no_policy");
}

/* --- the kernel ------------------------------------------------------------------------------ */

/* In a child: is the program taken, and does add_key fail as it says? */
static bool kernel_takes(void)
{
	int wanted = (int)(native("add_key", 0, 0) & SECCOMP_RET_DATA);
	struct sock_fprog filter = { .len = (unsigned short)program.count, .filter = program.rows };
	siginfo_t info = { 0 };
	long pid = sys_fork();

	if (pid == 0) {
		long result;

		(void)sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
			_exit(1);
		result = SYS_CALL(SYS_add_key, 0, 0, 0, 0, 0);
		_exit(result == -wanted ? 0 : 2);
	}
	if (pid < 0 || sys_waitid(P_PID, (int)pid, &info, WEXITED) < 0)
		return false;
	return info.si_code == CLD_EXITED && info.si_status == 0;
}

static void is_taken_by_the_kernel(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	/* qemu's emulation of a user's programs has no filters */
	if (sys_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0) {
		ok(true, "the_kernel_takes_it # SKIP there are no filters here");
		return;
	}
	(void)compile_default(CAPABILITIES);
	ok(kernel_takes(), "the_kernel_takes_the_default_and_acts_on_it");
	(void)compile_large(40, 10);
	ok(kernel_takes(), "and_a_large_one");
	(void)compile_text("default allow\nerrno 77 add_key\n");
	ok(kernel_takes(), "and_a_small_one");
}

int main(void)
{
	is_what_was_built_in();
	knows_the_calls();
	decides_as_docker();
	looks_at_arguments();
	tells_machines_apart();
	follows_capabilities();
	fills_the_bitmap();
	agrees_with_the_model();
	compares();
	tries_rules_in_order();
	jumps_far();
	refuses_texts();
	checks_what_is_needed();
	builds_what_is_asked_for();
	is_taken_by_the_kernel();
	arena_free(&arena);
	return tap_done();
}
