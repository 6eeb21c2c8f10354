/* SPDX-License-Identifier: MIT */
/*
 * supervisor/plan_build.c and init/plan_check.c: what is asked for on a command line becomes these rows, and a plan that
 * was cut short or in which a bit has changed is refused, or is still one that init can carry out without harm.
 */
#include "supervisor/plan_build.h"

#include "supervisor/options.h"
#include "tap.h"
#include "walk.h"

#include <linux/filter.h>
#include <stdlib.h>
#include <sys/resource.h>

#define WORDS_MAX 64

static struct spec spec;
static struct identity identity;
static struct cgroup cgroup;
static struct plan_volume volumes[8];
static struct plan_device devices[8];
static struct plan_inputs inputs;
static struct plan *plan;
static struct arena plan_memory;
static size_t plan_size;
static struct error error;

static void drop(void)
{
	options_free(&spec);
	arena_free(&plan_memory);
	plan = NULL;
}

/* `sv run` with these words: the spec, and inputs as sv would have them. */
static bool parse(const char *words)
{
	static char text[4096], verb[] = "run";
	char *argv[WORDS_MAX + 1] = { verb }, *rest = text, *word;
	int argc = 1;

	drop();
	(void)snprintf(text, sizeof(text), "%s", words);
	while (argc < WORDS_MAX && (word = strsep(&rest, " ")) != NULL)
		argv[argc++] = word;
	argv[argc] = NULL;
	error = (struct error){ 0 };
	identity = (struct identity){ .home = "/root", .name = "root" };
	cgroup = (struct cgroup){ .v2 = -1 };
	for (int i = 0; i < 8; i++)
		volumes[i] = (struct plan_volume){ .fd = 20 + i };
	devices[0] = (struct plan_device){ 0060660, 8, 1 };
	inputs = (struct plan_inputs){
		.spec = &spec,
		.name = "box",
		.identity = &identity,
		.cgroup = &cgroup,
		.root_fd = 7,
		.volumes = volumes,
		.devices = devices,
		.procs_fd = -1,
		.held_fd = -1,
		.landlock_fd = -1,
		.replaced = { -1, -1, -1, -1 },
	};
	return options_parse(&spec, argc, argv, &error) == 0;
}

static bool build(void)
{
	const char *reason = NULL;

	if (plan_build(&inputs, &plan_memory, &plan, &plan_size, &error) < 0) {
		printf("# %s\n", error.text);
		return false;
	}
	return plan_check(plan, plan_size, &reason) == 0 && walk_plan(plan, plan_size);
}

static bool make(const char *words)
{
	return parse(words) && build();
}

static const char *string(struct plan_table table, uint32_t row)
{
	const plan_string *rows = plan_rows(plan, table);

	return row < table.count ? plan_text(plan, rows[row]) : NULL;
}

/* The variable's value, or NULL. */
static const char *variable(const char *name)
{
	size_t length = strlen(name);

	for (uint32_t i = 0; i < plan->environment.count; i++) {
		const char *text = string(plan->environment, i);

		if (strncmp(text, name, length) == 0 && text[length] == '=')
			return text + length + 1;
	}
	return NULL;
}

struct mount {
	const char *target, *type, *options;
	uint64_t flags;
	uint32_t phase, strict;
};

static bool mount_is(uint32_t row, const struct mount *wanted)
{
	const struct plan_mount *got =
		(const struct plan_mount *)plan_rows(plan, plan->mounts) + row;
	bool same;

	if (row >= plan->mounts.count)
		return false;
	same = strcmp(plan_text(plan, got->target), wanted->target) == 0 &&
	       strcmp(plan_text(plan, got->type), wanted->type) == 0 &&
	       strcmp(plan_text(plan, got->options), wanted->options) == 0 &&
	       got->flags == wanted->flags && got->phase == wanted->phase &&
	       got->strict == wanted->strict;
	if (!same)
		printf("# row %u: %s %s '%s' %#llx phase %u strict %u\n", row,
		       plan_text(plan, got->target), plan_text(plan, got->type),
		       plan_text(plan, got->options), (unsigned long long)got->flags, got->phase,
		       got->strict);
	return same;
}

static bool mounts_are(const struct mount *wanted, size_t count)
{
	bool same = plan->mounts.count == count;

	for (uint32_t i = 0; i < plan->mounts.count && i < count; i++)
		same = mount_is(i, &wanted[i]) && same;
	return same;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NSE          (MS_NOSUID | MS_NOEXEC)

#define BASE                                                         \
 { "proc", "proc", "", NSE | MS_NODEV, PLAN_PHASE_BASE, 1 },         \
 {                                                                   \
  "sys", "sysfs", "", NSE | MS_NODEV | MS_RDONLY, PLAN_PHASE_BASE, 1 \
 }
#define BASE_DEV                                                                                        \
 { "dev", "tmpfs", "mode=755,size=65536k", MS_NOSUID | MS_STRICTATIME, PLAN_PHASE_BASE, 1 },            \
	 { "dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5", NSE, PLAN_PHASE_BASE, 1 }, \
	 { "dev/shm", "tmpfs", "mode=1777,size=67108864", NSE | MS_NODEV, PLAN_PHASE_BASE, 1 },         \
 {                                                                                                      \
  "dev/mqueue", "mqueue", "", NSE | MS_NODEV, PLAN_PHASE_BASE, 1                                        \
 }

static void plans_the_least(void)
{
	static const struct mount mounts[] = { BASE, BASE_DEV };
	static const char *const nodes[] = { "dev/null",   "dev/zero",    "dev/full",
					     "dev/random", "dev/urandom", "dev/tty" };
	static const unsigned minors[] = { 3, 5, 7, 8, 9, 0 };
	static const char *const links[][2] = {
		{ "dev/fd", "/proc/self/fd" },       { "dev/stdin", "/proc/self/fd/0" },
		{ "dev/stdout", "/proc/self/fd/1" }, { "dev/stderr", "/proc/self/fd/2" },
		{ "dev/core", "/proc/kcore" },       { "dev/ptmx", "pts/ptmx" },
	};
	const struct plan_node *node;
	const struct plan_link *link;
	bool same;

	ok(make("rootfs"), "a_rootfs_alone_makes_a_plan");
	ok(mounts_are(mounts, COUNT(mounts)), "it_has_the_mounts_of_the_runtime_specification");
	node = plan_rows(plan, plan->nodes);
	same = plan->nodes.count == COUNT(nodes);
	for (size_t i = 0; same && i < COUNT(nodes); i++)
		same = strcmp(plan_text(plan, node[i].path), nodes[i]) == 0 &&
		       node[i].mode == 0020666 && node[i].major == (minors[i] != 0 ? 1 : 5) &&
		       node[i].minor == minors[i];
	ok(same, "and_its_devices");
	link = plan_rows(plan, plan->links);
	same = plan->links.count == COUNT(links);
	for (size_t i = 0; same && i < COUNT(links); i++)
		same = strcmp(plan_text(plan, link[i].path), links[i][0]) == 0 &&
		       strcmp(plan_text(plan, link[i].text), links[i][1]) == 0;
	ok(same, "and_its_links");
	ok(plan->sysctls.count == 0 && plan->limits.count == 0 && plan->groups.count == 0 &&
		   plan->preserved.count == 0,
	   "and_nothing_that_was_not_asked_for");
	is_int(plan->arguments.count, 1, "one_word");
	is_str(string(plan->arguments, 0), "/bin/sh", "the_shell");
	is_int(plan->flags, PLAN_LOOPBACK | PLAN_NO_NEW_PRIVS,
	       "the_network_link_is_brought_up_and_no_more");
	is_str(plan_text(plan, plan->hostname), "box", "the_host_name_is_the_container_s");
	is_str(plan_text(plan, plan->domainname), "", "the_domain_name_is_left_alone");
	is_str(plan_text(plan, plan->workdir), "/", "it_starts_in_the_root");
	ok(plan->umask == 0022 && plan->uid == 0 && plan->gid == 0 && plan->root_fd == 7 &&
		   plan->procs_fd == -1,
	   "with_the_usual_umask_as_root");
	ok(plan->size == plan_size && plan->version == PLAN_VERSION,
	   "size_and_version_are_its_own");
}

static void plans_the_environment(void)
{
	(void)setenv("TERM", "fancy", 1);
	(void)setenv("SECRET", "of the host", 1);
	ok(make("rootfs"), "an_environment");
	is_str(variable("PATH"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	       "has_PATH");
	is_str(variable("HOME"), "/root", "HOME");
	is_str(variable("USER"), "root", "USER");
	is_str(variable("HOSTNAME"), "box", "HOSTNAME");
	is_int(plan->environment.count, 4, "and_nothing_of_the_host_s");
	(void)parse("-e A=1 -e PATH=/mine -e HOME= --hostname other rootfs");
	inputs.has_terminal = true;
	inputs.ttys = 7;
	ok(build(), "an_environment_with_wishes");
	is_str(variable("PATH"), "/mine", "a_wish_replaces_the_default");
	is_str(variable("HOME"), "", "an_empty_one_too");
	is_str(variable("A"), "1", "others_are_added");
	is_str(variable("HOSTNAME"), "other", "HOSTNAME_is_what_was_asked_for");
	is_str(variable("TERM"), "fancy", "TERM_comes_along_with_a_terminal");
	is_int(plan->environment.count, 6, "each_variable_is_there_once");
	ok(plan->flags & PLAN_TERMINAL && plan->ttys == 7, "the_terminal_is_in_the_plan");
	(void)unsetenv("TERM");
	(void)parse("rootfs");
	inputs.has_terminal = true;
	ok(build() && variable("TERM") != NULL && strcmp(variable("TERM"), "xterm") == 0,
	   "TERM_is_never_missing_there");
	(void)parse("rootfs");
	identity.name[0] = '\0';
	ok(build() && variable("USER") == NULL, "a_user_without_a_name_has_no_USER");
	ok(make("--uts host rootfs") && variable("HOSTNAME") == NULL && plan->hostname == 0,
	   "with_the_host_s_names_none_is_set");
}

static void plans_the_command(void)
{
	ok(make("rootfs -- a -b c") && plan->arguments.count == 3, "a_command_with_arguments");
	is_str(string(plan->arguments, 0), "a", "the_program");
	is_str(string(plan->arguments, 1), "-b", "its_flag");
	is_str(string(plan->arguments, 2), "c", "its_argument");
	ok(make("--entrypoint e rootfs a b") && plan->arguments.count == 3,
	   "an_entrypoint_goes_before_the_command");
	is_str(string(plan->arguments, 0), "e", "itself");
	is_str(string(plan->arguments, 1), "a", "then_the_command");
	ok(make("--entrypoint e rootfs") && plan->arguments.count == 1,
	   "an_entrypoint_alone_has_no_shell_behind_it");
	is_str(string(plan->arguments, 0), "e", "and_is_the_program");
}

static void plans_user_mounts_by_depth(void)
{
	static const struct mount mounts[] = {
		BASE,
		BASE_DEV,
		{ "t", "tmpfs", "mode=1777", NSE | MS_NODEV, PLAN_PHASE_USER, 0 },
		{ "a", "", "", 0, PLAN_PHASE_USER, 0 },
		{ "z", "", "", 0, PLAN_PHASE_USER, 0 },
		{ "a/b", "tmpfs", "mode=700,size=4096", MS_NODEV | MS_NOEXEC | MS_RDONLY,
		  PLAN_PHASE_USER, 0 },
		{ "a/b/c", "", "", 0, PLAN_PHASE_USER, 0 },
	};
	const struct plan_mount *row;

	(void)parse(
		"-v /x:/a/b/c -v /x:/a -v /x:/z --tmpfs /t --tmpfs /a/b:size=4k,mode=700,suid,noexec,ro rootfs");
	volumes[0].is_file = true;
	ok(build(), "volumes_and_tmpfs");
	ok(mounts_are(mounts, COUNT(mounts)), "come_after_the_base_a_folder_before_what_is_in_it");
	row = plan_rows(plan, plan->mounts);
	ok(row[10].kind == PLAN_MOUNT_DETACHED && row[10].fd == 20 &&
		   row[10].expect == PLAN_TARGET_FILE,
	   "each_volume_keeps_its_descriptor_and_kind");
	ok(row[7].fd == 21 && row[7].expect == PLAN_TARGET_DIRECTORY && row[8].fd == 22,
	   "equals_keep_their_order");
}

static void gives_dev_away(void)
{
	static const struct mount volume[] = { BASE, { "dev", "", "", 0, PLAN_PHASE_USER, 0 } };
	static const struct mount below[] = { BASE,
					      BASE_DEV,
					      { "dev/shm", "", "", 0, PLAN_PHASE_USER, 0 } };
	static const struct mount beside[] = { BASE,
					       BASE_DEV,
					       { "devel", "", "", 0, PLAN_PHASE_USER, 0 } };

	ok(make("-v /x:/dev rootfs") && mounts_are(volume, COUNT(volume)) &&
		   plan->nodes.count == 0 && plan->links.count == 0,
	   "a_volume_for_dev_takes_its_place_nodes_and_all");
	ok(make("-v /x:/dev/ rootfs") && mounts_are(volume, COUNT(volume)),
	   "with_a_slash_behind_it_too");
	ok(make("-v /x:/dev/shm rootfs") && mounts_are(below, COUNT(below)) &&
		   plan->nodes.count == 6,
	   "one_below_dev_does_not");
	ok(make("-v /x:/devel rootfs") && mounts_are(beside, COUNT(beside)),
	   "nor_one_with_a_longer_name");
}

static void plans_devices(void)
{
	const struct plan_node *node;

	ok(make("--device /dev/sda1:/dev/disk rootfs") && plan->nodes.count == 7, "a_device");
	node = (const struct plan_node *)plan_rows(plan, plan->nodes) + 6;
	ok(strcmp(plan_text(plan, node->path), "dev/disk") == 0 && node->mode == 0060660 &&
		   node->major == 8 && node->minor == 1,
	   "has_the_host_s_kind_mode_and_number");
}

static void plans_limits_and_sysctls(void)
{
	const struct plan_limit *limit;
	const struct plan_sysctl *sysctl;

	ok(make("--ulimit nofile=10:20 --ulimit core=-1 --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=9 rootfs") &&
		   plan->limits.count == 2 && plan->sysctls.count == 1,
	   "limits_and_sysctls");
	limit = plan_rows(plan, plan->limits);
	ok(limit[0].resource == RLIMIT_NOFILE && limit[0].soft == 10 && limit[0].hard == 20,
	   "a_soft_and_a_hard_limit");
	ok(limit[1].resource == RLIMIT_CORE && limit[1].soft == UINT64_MAX &&
		   limit[1].hard == UINT64_MAX,
	   "and_none");
	sysctl = plan_rows(plan, plan->sysctls);
	is_str(plan_text(plan, sysctl->key), "net/ipv4/ip_forward",
	       "only_the_network_s_sysctls_are_init_s");
	is_str(plan_text(plan, sysctl->value), "1", "with_their_value");
}

static void plans_cgroups(void)
{
	static struct cgroup_hierarchy v2 = { .v2 = true }, cpu = { .names = "cpu,cpuacct" },
				       pids = { .names = "pids" };
	static const uint64_t flags = NSE | MS_NODEV | MS_RELATIME;
	static const struct mount pure[] = {
		BASE,
		BASE_DEV,
		{ "sys/fs/cgroup", "cgroup2", "", flags | MS_RDONLY, PLAN_PHASE_RELEASED, 0 },
	};
	static const struct mount hybrid[] = {
		BASE,
		BASE_DEV,
		{ "sys/fs/cgroup", "tmpfs", "mode=755,size=64k", flags, PLAN_PHASE_RELEASED, 0 },
		{ "sys/fs/cgroup/cpu,cpuacct", "cgroup", "cpu,cpuacct", flags | MS_RDONLY,
		  PLAN_PHASE_RELEASED, 0 },
		{ "sys/fs/cgroup/pids", "cgroup", "pids", flags | MS_RDONLY, PLAN_PHASE_RELEASED,
		  0 },
		{ "sys/fs/cgroup/unified", "cgroup2", "", flags | MS_RDONLY, PLAN_PHASE_RELEASED,
		  0 },
		{ "sys/fs/cgroup", "tmpfs", "", MS_REMOUNT | MS_BIND | flags | MS_RDONLY,
		  PLAN_PHASE_RELEASED, 0 },
	};

	(void)parse("rootfs");
	cgroup.count = 1;
	cgroup.v2 = 0;
	cgroup.rows[0].hierarchy = &v2;
	ok(build() && mounts_are(pure, COUNT(pure)), "cgroup_v2_alone_is_mounted_as_it_is");
	ok(!(plan->flags & PLAN_CGROUP_NAMESPACE) && plan_namespaces(&inputs) & CLONE_NEWCGROUP,
	   "its_namespace_is_made_by_the_clone");
	(void)parse("rootfs");
	cgroup.count = 3;
	cgroup.v2 = 2;
	cgroup.rows[0].hierarchy = &cpu;
	cgroup.rows[1].hierarchy = &pids;
	cgroup.rows[2].hierarchy = &v2;
	ok(build() && mounts_are(hybrid, COUNT(hybrid)),
	   "others_each_in_its_folder_read_only_in_the_end");
	ok(plan->flags & PLAN_CGROUP_NAMESPACE && !(plan_namespaces(&inputs) & CLONE_NEWCGROUP),
	   "their_namespace_is_made_by_init_once_it_stands_in_the_groups");
}

static void plans_namespaces(void)
{
	const uint64_t four = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID;

	(void)make("rootfs");
	is_int(plan_namespaces(&inputs), CLONE_NEWNS | CLONE_NEWCGROUP | four,
	       "every_namespace_is_the_container_s");
	(void)make("--net host --pid host rootfs");
	is_int(plan_namespaces(&inputs),
	       CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWUTS,
	       "but_those_that_are_to_be_the_host_s");
	is_int(plan->flags, PLAN_SHARED_PIDS | PLAN_NO_NEW_PRIVS, "the_host_s_link_is_left_alone");
}

static void plans_the_rest(void)
{
	static const int preserved[] = { 9, 10 };
	static uint32_t groups[] = { 5, 27 };
	const int32_t *fds;
	const uint32_t *group;

	(void)parse(
		"--no-new-privs=false --read-only --umask 077 -w /srv --domainname dom --oom-score-adj -5 --monotonic-offset 60 "
		"--boottime-offset -7 --shm-size 1m rootfs");
	identity.uid = 1000;
	identity.gid = 100;
	identity.groups = groups;
	identity.group_count = 2;
	inputs.preserved = preserved;
	inputs.preserved_count = 2;
	inputs.has_listen_fds = true;
	inputs.blocked = 1ULL << 33;
	inputs.child_ignored = true;
	inputs.procs_fd = 12;
	ok(build(), "much_at_once");
	is_int(plan->flags,
	       PLAN_LOOPBACK | PLAN_ROOT_READ_ONLY | PLAN_TIME_NAMESPACE | PLAN_OOM_SCORE |
		       PLAN_CHILD_IGNORED,
	       "each_wish_is_a_flag");
	ok(plan->umask == 077 && plan->uid == 1000 && plan->gid == 100 &&
		   plan->oom_score_adj == -5 && plan->monotonic_offset == 60 &&
		   plan->boottime_offset == -7 && plan->blocked == 1ULL << 33 &&
		   plan->procs_fd == 12,
	   "each_number_is_there");
	is_str(plan_text(plan, plan->workdir), "/srv", "the_working_directory");
	is_str(plan_text(plan, plan->domainname), "dom", "the_domain");
	group = plan_rows(plan, plan->groups);
	ok(plan->groups.count == 2 && group[0] == 5 && group[1] == 27, "the_groups");
	fds = plan_rows(plan, plan->preserved);
	ok(plan->preserved.count == 2 && fds[0] == 9 && fds[1] == 10, "the_descriptors");
	is_str(variable("LISTEN_FDS"), "2", "their_number_for_socket_activation");
	is_str(variable("LISTEN_PID"), "0", "that_the_pid_is_to_be_filled_in");
	ok(mount_is(4, &(const struct mount){ "dev/shm", "tmpfs", "mode=1777,size=1048576",
					      NSE | MS_NODEV, PLAN_PHASE_BASE, 1 }),
	   "the_size_of_shm");
	arena_free(&plan_memory);
	inputs.preserved = (const int[]){ 4, 10 };
	ok(plan_build(&inputs, &plan_memory, &plan, &plan_size, &error) < 0,
	   "what_init_would_refuse_never_leaves");
}

static void plans_the_filter(void)
{
	static struct sock_filter rows[PLAN_FILTER_MAX + 1];
	const struct plan_instruction *instruction;

	rows[1] = (struct sock_filter){ BPF_JMP | BPF_JEQ | BPF_K, 7, 8, 0x12345678 };
	(void)parse("rootfs");
	inputs.filter = (struct seccomp_program){ rows, 2 };
	ok(build() && plan->filter.count == 2, "a_filter");
	instruction = plan_rows(plan, plan->filter);
	ok(instruction[1].code == (BPF_JMP | BPF_JEQ | BPF_K) && instruction[1].jump_true == 7 &&
		   instruction[1].jump_false == 8 && instruction[1].value == 0x12345678,
	   "goes_over_as_it_is");
	arena_free(&plan_memory);
	inputs.filter.count = PLAN_FILTER_MAX;
	ok(build(), "as_long_as_the_kernel_takes_it");
	arena_free(&plan_memory);
	inputs.filter.count++;
	ok(plan_build(&inputs, &plan_memory, &plan, &plan_size, &error) < 0 &&
		   strstr(error.text, "the filter is too long") != NULL,
	   "and_no_longer");
	inputs.filter = (struct seccomp_program){ NULL, 0 };
}

/* --- what isn't a plan ---------------------------------------------------------------------------------------------- */

/* One of every row. */
static bool make_rich(void)
{
	static const int preserved[] = { 9, 10 };
	static uint32_t groups[] = { 5, 27 };

	if (!parse("-v /x:/a/b/c -v /x:/a --tmpfs /t:size=4k --ulimit nofile=10:20 --sysctl net.ipv4.ip_forward=1 "
		   "--device /dev/sda1:/dev/disk --landlock ro:/a -e A=1 --domainname dom rootfs a -b c"))
		return false;
	identity.groups = groups;
	identity.group_count = 2;
	inputs.preserved = preserved;
	inputs.preserved_count = 2;
	inputs.has_terminal = true;
	inputs.ttys = 7;
	inputs.terminal.valid = 1;
	inputs.landlock_fd = 8;
	return build();
}

/* In memory of exactly that size: a read behind it is seen by the sanitizers. */
static struct plan *copy(size_t size)
{
	struct plan *block = malloc(size > 0 ? size : 1);

	if (block == NULL)
		exit(1);
	memcpy(block, plan, size);
	return block;
}

static void refuses_what_was_cut_short(void)
{
	bool refused = true, corrected = true;
	const char *reason;

	for (size_t size = 0; size < plan_size; size++) {
		struct plan *block = copy(size);

		refused = refused && plan_check(block, size, &reason) < 0;
		if (size >= sizeof(*block)) {
			block->size = (uint32_t)size;
			corrected = corrected && plan_check(block, size, &reason) < 0;
		}
		free(block);
	}
	ok(refused, "cut_at_any_length_it_is_refused");
	ok(corrected, "even_when_it_says_that_length");
}

static void survives_flipped_bits(void)
{
	struct plan *block = copy(plan_size);
	unsigned char *bytes = (unsigned char *)block;
	const char *reason;
	size_t refused = 0, harmful = 0;

	for (size_t at = 0; at < plan_size; at++) {
		for (unsigned bit = 0; bit < 9; bit++) {
			unsigned char flip = (unsigned char)(bit < 8 ? 1U << bit : 0xff);

			bytes[at] ^= flip;
			if (plan_check(block, plan_size, &reason) < 0)
				refused++;
			else if (!walk_plan(block, plan_size) && harmful++ < 5)
				printf("# byte %zu, flipped by %#x\n", at, flip);
			bytes[at] ^= flip;
		}
	}
	ok(plan_check(block, plan_size, &reason) == 0, "every_bit_was_put_back");
	ok(refused > sizeof(*block), "many_flips_are_refused");
	is_int(harmful, 0, "and_none_that_passes_leads_out_of_the_block");
	free(block);
}

/* One field of a good plan is changed, and the plan is refused for that reason. */
enum area {
	HEAD,
	MOUNTS,
	NODES,
	LIMITS,
	PRESERVED
};
enum change {
	SET,
	ADD,
	SET_BEHIND_STRINGS
};

#define FIELD(area, type, row, field, change, value, words)                            \
 {                                                                                     \
#  field " " #  change " " #  value, words, area, change,                              \
	  (row) * sizeof(type) + offsetof(type, field), sizeof(((type *)NULL)->field), \
	  (uint64_t)(value)                                                            \
 }
#define IN_HEAD(field, change, value, words) \
 FIELD(HEAD, struct plan, 0, field, change, value, words)
#define IN_MOUNT(row, field, change, value, words) \
 FIELD(MOUNTS, struct plan_mount, row, field, change, value, words)
#define IN_NODE(field, change, value, words) \
 FIELD(NODES, struct plan_node, 0, field, change, value, words)
#define IN_LIMIT(field, change, value, words) \
 FIELD(LIMITS, struct plan_limit, 0, field, change, value, words)
#define IN_PRESERVED(row, value, words)                                                            \
 {                                                                                                 \
  "preserved descriptor " #value, words, PRESERVED, SET, (row) * sizeof(int32_t), sizeof(int32_t), \
	  (uint64_t)(value)                                                                        \
 }

static const struct {
	const char *name, *words;
	enum area area;
	enum change change;
	size_t offset, size;
	uint64_t value;
} changes[] = {
	IN_HEAD(magic[7], SET, 'x', "first bytes"),
	IN_HEAD(version, ADD, 1, "another version"),
	IN_HEAD(size, ADD, -1, "cut short"),
	IN_HEAD(size, ADD, 1, "cut short"),
	IN_HEAD(mounts.offset, SET, sizeof(struct plan) - 8, "starts outside"),
	IN_HEAD(links.offset, SET, 1 << 20, "starts outside"),
	IN_HEAD(mounts.offset, ADD, 4, "not aligned"),
	IN_HEAD(arguments.count, SET, 1 << 20, "ends outside"),
	IN_HEAD(environment.count, SET, UINT32_MAX, "ends outside"),
	IN_HEAD(strings.count, ADD, -1, "no end"),
	IN_HEAD(strings.offset, ADD, 1, "ends outside"),
	IN_HEAD(strings.count, SET, 0, "no end"),
	IN_MOUNT(0, kind, SET, PLAN_MOUNT_KIND_COUNT, "no known kind"),
	IN_MOUNT(0, expect, SET, PLAN_TARGET_COUNT, "no known kind"),
	IN_MOUNT(0, strict, SET, 2, "no known kind"),
	IN_MOUNT(0, phase, SET, PLAN_PHASE_USER, "out of order"),
	IN_MOUNT(8, phase, SET, PLAN_PHASE_COUNT, "out of order"),
	IN_MOUNT(0, target, SET, 0, "no valid path"),
	IN_MOUNT(0, target, SET_BEHIND_STRINGS, 0, "no valid path"),
	IN_MOUNT(0, options, SET_BEHIND_STRINGS, 0, "no valid path"),
	IN_MOUNT(0, fd, SET, 20, "no valid descriptor"),
	IN_MOUNT(8, fd, SET, PLAN_SOCKET_FD, "no valid descriptor"),
	IN_MOUNT(8, fd, SET, -1, "no valid descriptor"),
	IN_MOUNT(0, type, SET, 0, "no type"),
	IN_MOUNT(0, flags, ADD, 1ULL << 32, "unknown flags"),
	IN_NODE(mode, SET, 0100666, "is no device"),
	IN_NODE(mode, ADD, 04000, "number or mode"),
	IN_NODE(major, SET, 1 << 12, "number or mode"),
	IN_NODE(minor, SET, 1 << 20, "number or mode"),
	IN_NODE(path, SET, 0, "device node has no valid path"),
	IN_HEAD(arguments.count, SET, 0, "no command"),
	IN_HEAD(root_fd, SET, PLAN_FD, "no root"),
	IN_HEAD(root_fd, SET, -1, "no root"),
	IN_HEAD(procs_fd, SET, 0, "group has no"),
	IN_HEAD(held_fd, SET, PLAN_SOCKET_FD, "lock has no"),
	IN_HEAD(landlock_fd, SET, PLAN_SOCKET_FD, "Landlock has no valid desc"),
	IN_PRESERVED(0, 4, "in the way"),
	IN_PRESERVED(1, -1, "in the way"),
	IN_LIMIT(resource, SET, 16, "out of range"),
	IN_LIMIT(soft, SET, 21, "out of range"),
	IN_LIMIT(reserved, SET, 1, "out of range"),
	IN_HEAD(hostname, SET_BEHIND_STRINGS, 0, "no string"),
	IN_HEAD(workdir, SET, 0, "directory is no valid path"),
	IN_HEAD(workdir, ADD, 1, "directory is no valid path"),
	IN_HEAD(workdir, SET_BEHIND_STRINGS, 0, "directory is no valid path"),
	IN_HEAD(flags, ADD, PLAN_FLAGS_ALL + 1, "unknown flags"),
	IN_HEAD(umask, SET, 01000, "unknown flags"),
	IN_HEAD(ttys, SET, 8, "unknown flags"),
	IN_HEAD(flags, ADD, -PLAN_TERMINAL, "terminal that there isn't"),
	IN_HEAD(uid, SET, UINT32_MAX, "user is out of range"),
	IN_HEAD(gid, SET, UINT32_MAX, "user is out of range"),
	IN_HEAD(oom_score_adj, SET, 1001, "out of range"),
	IN_HEAD(oom_score_adj, SET, -1001, "out of range"),
	IN_HEAD(terminal.valid, SET, 2, "out of range"),
};

static size_t area_offset(enum area area)
{
	switch (area) {
	case MOUNTS:
		return plan->mounts.offset;
	case NODES:
		return plan->nodes.offset;
	case LIMITS:
		return plan->limits.offset;
	case PRESERVED:
		return plan->preserved.offset;
	case HEAD:
	default:
		return 0;
	}
}

static void refuses_each_wrong_value(void)
{
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct plan *block = copy(plan_size);
		char *at = (char *)block + area_offset(changes[i].area) + changes[i].offset;
		const char *reason = "nothing";
		uint64_t value = 0;

		/* the machines that this runs on have the low byte first */
		memcpy(&value, at, changes[i].size);
		value = changes[i].change == ADD   ? value + changes[i].value
			: changes[i].change == SET ? changes[i].value
						   : plan->strings.count;
		memcpy(at, &value, changes[i].size);
		ok(plan_check(block, plan_size, &reason) < 0 &&
			   strstr(reason, changes[i].words) != NULL,
		   "%s: %s", changes[i].name, reason);
		free(block);
	}
}

static void refuses_strange_paths(void)
{
	/* in place of dev/pts, with whatever follows */
	static const char *const paths[] = { "/ev/pts", "dev//ts", "../v/ts", "de/./ts", "dev/..",
					     ".",       "..",      "dev/",    "/" };
	const struct plan_mount *mounts = plan_rows(plan, plan->mounts);
	const char *reason;

	is_str(plan_text(plan, mounts[3].target), "dev/pts", "a_path");
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct plan *block = copy(plan_size);

		memcpy((char *)block + plan->strings.offset + mounts[3].target, paths[i],
		       strlen(paths[i]) + 1);
		reason = "nothing";
		ok(plan_check(block, plan_size, &reason) < 0 &&
			   strcmp(reason, "a mount has no valid path") == 0,
		   "'%s': %s", paths[i], reason);
		free(block);
	}
}

static void seals_the_plan(void)
{
	char *back = malloc(plan_size + 1);
	int fd = plan_seal(plan, plan_size, &error);

	ok(fd >= 0, "a_plan_goes_into_a_memfd");
	is_int(sys_fcntl(fd, F_GET_SEALS, 0) & 0xf, 0xf, "which_nobody_can_change");
	ok(back != NULL && pread(fd, back, plan_size + 1, 0) == (ssize_t)plan_size &&
		   memcmp(back, plan, plan_size) == 0,
	   "and_holds_it_whole");
	is_int(sys_fcntl(fd, F_GETFD, 0), FD_CLOEXEC, "and_is_not_inherited_by_accident");
	ok(sys_write(fd, "x", 1) < 0, "a_write_fails");
	(void)close(fd);
	free(back);
}

int main(void)
{
	plans_the_least();
	plans_the_environment();
	plans_the_command();
	plans_user_mounts_by_depth();
	gives_dev_away();
	plans_devices();
	plans_limits_and_sysctls();
	plans_cgroups();
	plans_namespaces();
	plans_the_rest();
	plans_the_filter();
	if (!ok(make_rich(), "a_plan_with_every_kind_of_row"))
		return tap_done();
	refuses_what_was_cut_short();
	survives_flipped_bits();
	refuses_each_wrong_value();
	refuses_strange_paths();
	seals_the_plan();
	drop();
	return tap_done();
}
