/* SPDX-License-Identifier: MIT */
/*
 * Which devices a container may use, and how: rules. v1 has files for them (devices.deny and
 * devices.allow); in v2 they are a small BPF program of type BPF_PROG_TYPE_CGROUP_DEVICE, asked at each open and mknod,
 * that is written here and attached to the group. The kernel frees it with the group.
 */
#include "cgroup_internal.h"

#include "../init/lib/fd.h"
#include "capabilities.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define RULES_MAX     128
#define LOAD_PATIENCE 5

#define ACCESS_ALL (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)

/* What stands in every container's /dev (plan_build.c). init makes the nodes from inside the group;
 * those of the ptys come with devpts. Not 5:1: /dev/console is a pty there, and that number the
 * host's. */
static const struct cgroup_device_rule base[] = {
	{ BPF_DEVCG_DEV_CHAR, 1, 3, ACCESS_ALL, true },                               /* null */
	{ BPF_DEVCG_DEV_CHAR, 1, 5, ACCESS_ALL, true },                               /* zero */
	{ BPF_DEVCG_DEV_CHAR, 1, 7, ACCESS_ALL, true },                               /* full */
	{ BPF_DEVCG_DEV_CHAR, 1, 8, ACCESS_ALL, true },                               /* random */
	{ BPF_DEVCG_DEV_CHAR, 1, 9, ACCESS_ALL, true },                               /* urandom */
	{ BPF_DEVCG_DEV_CHAR, 5, 0, ACCESS_ALL, true },                               /* tty */
	{ BPF_DEVCG_DEV_CHAR, 5, 2, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE, true }, /* ptmx */
	{ BPF_DEVCG_DEV_CHAR, 136, -1, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE, true },
};
#define BASE_COUNT (sizeof(base) / sizeof(base[0]))

bool cgroup_devices_walled(const struct spec *spec)
{
	uint64_t capabilities = capabilities_combine(spec->cap_add, spec->cap_drop);

	if (spec->privileged || spec->userns == SPEC_USERNS_OUTER)
		return false; /* an outer one's root can make no device, and opens those that its user may */
	return spec->userns == SPEC_USERNS_HOST || (capabilities >> CAP_SYS_ADMIN & 1) != 0;
}

size_t cgroup_device_count(const struct spec *spec)
{
	return spec->devices.count + (cgroup_devices_walled(spec) ? BASE_COUNT : 0);
}

/* The type and number of a --device. */
static int find_device(const struct spec_device *device, struct cgroup_device_rule *rule,
		       struct error *error)
{
	struct stat status;
	int rc = sys_fstatat(AT_FDCWD, device->source, &status, 0);

	if (rc < 0)
		return error_set(error, rc, "cannot find device '%s'", device->source);
	if (!S_ISBLK(status.st_mode) && !S_ISCHR(status.st_mode))
		return error_set(error, 0, "'%s' is no device", device->source);
	*rule = (struct cgroup_device_rule){
		.type = S_ISBLK(status.st_mode) ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR,
		.major = major(status.st_rdev),
		.minor = minor(status.st_rdev),
	};
	return 1;
}

/* A --device for less than everything counts for devices that are always there too. */
static int base_rule(const struct spec *spec, size_t index, struct cgroup_device_rule *rule,
		     struct error *error)
{
	for (size_t i = 0; i < spec->devices.count; i++) {
		int rc = find_device(&spec->devices.rows[i], rule, error);

		if (rc < 0)
			return rc;
		if (rule->type == base[index].type && rule->major == base[index].major &&
		    rule->minor == base[index].minor)
			return 0;
	}
	*rule = base[index];
	return 1;
}

/*
 * Reading and writing are asked for by number, whichever node is opened, so these are what is denied,
 * or not allowed. Not mknod: init has to make the node itself, from inside the group, and a second one
 * can do no more.
 */
int cgroup_device_rule(const struct spec *spec, size_t index, struct cgroup_device_rule *rule,
		       struct error *error)
{
	bool walled = cgroup_devices_walled(spec);
	const struct spec_device *device;
	int rc;

	if (walled && index < BASE_COUNT)
		return base_rule(spec, index, rule, error);
	device = &spec->devices.rows[index - (walled ? BASE_COUNT : 0)];
	if (!walled && device->read && device->write)
		return 0;
	rc = find_device(device, rule, error);
	if (rc < 0)
		return rc;
	rule->allow = walled;
	rule->access = (device->read == walled ? BPF_DEVCG_ACC_READ : 0U) |
		       (device->write == walled ? BPF_DEVCG_ACC_WRITE : 0U) |
		       (walled ? BPF_DEVCG_ACC_MKNOD : 0U);
	return 1;
}

/* A number, or the '*' of "any". */
static void number_text(int64_t number, char text[16])
{
	if (number < 0)
		(void)snprintf(text, 16, "*");
	else
		(void)snprintf(text, 16, "%u", (unsigned)number);
}

void cgroup_device_text(const struct cgroup_device_rule *rule, char text[64])
{
	char type = rule->type == BPF_DEVCG_DEV_BLOCK  ? 'b'
		    : rule->type == BPF_DEVCG_DEV_CHAR ? 'c'
						       : 'a';
	char major_text[16], minor_text[16];

	number_text(rule->major, major_text);
	number_text(rule->minor, minor_text);
	(void)snprintf(text, 64, "%c %s:%s %s%s%s", type, major_text, minor_text,
		       (rule->access & BPF_DEVCG_ACC_READ) != 0 ? "r" : "",
		       (rule->access & BPF_DEVCG_ACC_WRITE) != 0 ? "w" : "",
		       (rule->access & BPF_DEVCG_ACC_MKNOD) != 0 ? "m" : "");
}

/* --- the program ------------------------------------------------------------------------------ */

enum {
	REG_RESULT = BPF_REG_0,
	REG_CONTEXT = BPF_REG_1,
	REG_TYPE = BPF_REG_2,
	REG_ACCESS = BPF_REG_3,
	REG_MAJOR = BPF_REG_4,
	REG_MINOR = BPF_REG_5,
	REG_SCRATCH = BPF_REG_6
};

/* count may pass size: then the program is too big, and no more was written. */
struct program {
	struct bpf_insn *rows;
	size_t size, count;
};

static void emit(struct program *program, uint8_t code, uint8_t to, uint8_t from, int16_t offset,
		 uint32_t value)
{
	if (program->count < program->size)
		program->rows[program->count] = (struct bpf_insn){ .code = code,
								   .dst_reg = to & 15U,
								   .src_reg = from & 15U,
								   .off = offset,
								   .imm = (int32_t)value };
	program->count++;
}

static void emit_load(struct program *program, uint8_t to, size_t offset)
{
	emit(program, BPF_LDX | BPF_W | BPF_MEM, to, REG_CONTEXT, (int16_t)offset, 0);
}

static void emit_answer(struct program *program, bool allow)
{
	emit(program, BPF_ALU64 | BPF_MOV | BPF_K, REG_RESULT, 0, 0, allow ? 1 : 0);
	emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* "When the register isn't this number, the rule doesn't fit": the jump's width is filled in by
 * emit_rule(). */
static void emit_unless(struct program *program, uint8_t reg, uint32_t number)
{
	emit(program, BPF_JMP | BPF_JNE | BPF_K, reg, 0, 0, number);
}

/* Lets every conditional jump from `first` on end behind the last instruction. */
static void close_jumps(struct program *program, size_t first)
{
	for (size_t i = first; i < program->count && i < program->size; i++) {
		struct bpf_insn *row = &program->rows[i];

		if (BPF_CLASS(row->code) == BPF_JMP && BPF_OP(row->code) != BPF_EXIT)
			row->off = (int16_t)(program->count - i - 1);
	}
}

static void emit_rule(struct program *program, const struct cgroup_device_rule *rule)
{
	size_t first = program->count;

	if (rule->type != 0)
		emit_unless(program, REG_TYPE, rule->type);
	if (rule->major >= 0)
		emit_unless(program, REG_MAJOR, (uint32_t)rule->major);
	if (rule->minor >= 0)
		emit_unless(program, REG_MINOR, (uint32_t)rule->minor);
	emit(program, BPF_ALU64 | BPF_MOV | BPF_X, REG_SCRATCH, REG_ACCESS, 0, 0);
	emit(program, BPF_ALU64 | BPF_AND | BPF_K, REG_SCRATCH, 0, 0,
	     rule->allow ? ACCESS_ALL & ~rule->access : rule->access);
	/* allowed: skip the rule when something beyond is asked; denied: when nothing of it is */
	emit(program, BPF_JMP | (rule->allow ? BPF_JNE : BPF_JEQ) | BPF_K, REG_SCRATCH, 0, 0, 0);
	emit_answer(program, rule->allow);
	close_jumps(program, first);
}

int cgroup_devices_program(struct bpf_insn *insns, size_t size,
			   const struct cgroup_device_rule *rules, size_t count, bool rest)
{
	struct program program = { .rows = insns, .size = size };

	/* access_type holds the type in its lower and the access in its upper half */
	emit_load(&program, REG_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(&program, BPF_ALU64 | BPF_MOV | BPF_X, REG_ACCESS, REG_TYPE, 0, 0);
	emit(&program, BPF_ALU64 | BPF_AND | BPF_K, REG_TYPE, 0, 0, 0xffff);
	emit(&program, BPF_ALU64 | BPF_RSH | BPF_K, REG_ACCESS, 0, 0, 16);
	emit_load(&program, REG_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(&program, REG_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	for (size_t i = 0; i < count; i++)
		emit_rule(&program, &rules[i]);
	emit_answer(&program, rest);
	return program.count <= size ? (int)program.count : -E2BIG;
}

/* --- into the kernel -------------------------------------------------------------------------- */

static int load(const struct bpf_insn *program, size_t count)
{
	/* no function that needs the GPL is called */
	static const char license[] = "MIT";
	union bpf_attr attributes;
	int fd = -EAGAIN;

	/* The kernel reads the whole union and wants what it doesn't know to be 0: no initialiser
	 * is sure to clear padding. EAGAIN: the verifier was interrupted by a signal. */
	memset(&attributes, 0, sizeof(attributes));
	attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attributes.insn_cnt = (uint32_t)count;
	attributes.insns = (uintptr_t)program;
	attributes.license = (uintptr_t)license;
	for (int i = 0; i < LOAD_PATIENCE && fd == -EAGAIN; i++)
		fd = sys_bpf(BPF_PROG_LOAD, &attributes, sizeof(attributes));
	return fd;
}

/* BPF_F_ALLOW_MULTI: programs of groups above are asked too, and more may be attached inside. */
static int attach(int group, int program)
{
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.target_fd = (uint32_t)group;
	attributes.attach_bpf_fd = (uint32_t)program;
	attributes.attach_type = BPF_CGROUP_DEVICE;
	attributes.attach_flags = BPF_F_ALLOW_MULTI;
	return sys_bpf(BPF_PROG_ATTACH, &attributes, sizeof(attributes));
}

int cgroup_devices_attach(int fd, const struct spec *spec, struct error *error)
{
	struct cgroup_device_rule rules[RULES_MAX] = { 0 };
	struct bpf_insn rows[RULES_MAX * CGROUP_DEVICE_INSNS];
	size_t count = 0;
	int rc = 0;
	FD int program = -1;

	for (size_t i = 0; i < cgroup_device_count(spec) && rc >= 0; i++) {
		if (count == RULES_MAX)
			return error_set(error, 0, "more than %d rules for devices", RULES_MAX);
		rc = cgroup_device_rule(spec, i, &rules[count], error);
		count += rc > 0 ? 1 : 0;
	}
	if (rc < 0)
		return rc;
	rc = cgroup_devices_program(rows, sizeof(rows) / sizeof(rows[0]), rules, count,
				    !cgroup_devices_walled(spec));
	program = rc < 0 ? rc : load(rows, (size_t)rc);
	rc = program < 0 ? program : attach(fd, program);
	if (rc == 0)
		return 0;
	rc = error_set(error, rc, "cannot limit the use of devices with a BPF program (--device)");
	return error_hint(
		error, rc,
		"the kernel needs CONFIG_CGROUP_BPF, and sv root; or give the device with 'rw'");
}
