/* SPDX-License-Identifier: MIT */
/* What cgroup_*.c decide and write, without touching a cgroup: parsing, arithmetic, paths, values,
 * the BPF program. */
#include "supervisor/cgroup_internal.h"

#include "init/lib/sys.h"
#include "tap.h"

#include <linux/capability.h>
#include <stdlib.h>

static struct cgroup_host host;

static void read_lines(const char *text)
{
	size_t length = strlen(text);

	host.count = 0;
	is_int(cgroup_host_lines(&host, text, length), length, "takes in every whole line");
}

static const struct cgroup_hierarchy *find(enum cgroup_controller controller)
{
	return cgroup_find(&host, controller);
}

static void reads_a_v1_host(void)
{
	read_lines(
		"23 61 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
		"31 23 0:28 / /sys/fs/cgroup ro,nosuid shared:8 - tmpfs tmpfs ro,mode=755\n"
		"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
		"33 31 0:30 / /sys/fs/cgroup/net_cls,net_prio rw - cgroup cgroup rw,net_cls,net_prio\n"
		"34 31 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/x,name=systemd\n"
		"35 31 0:32 / /sys/fs/cgroup/blkio rw shared:11 master:3 - cgroup cgroup rw,blkio,clone_children\n"
		"36 31 0:33 / /sys/fs/cgroup/memory rw - cgroup - rw,memory\n");
	is_int(host.count, 3, "finds the hierarchies that it has a use for");
	is_str(find(CGROUP_CPU)->mount, "/sys/fs/cgroup/cpu,cpuacct", "knows where one is");
	is_str(find(CGROUP_CPU)->names, "cpu,cpuacct", "and what to mount it by");
	is_str(find(CGROUP_IO)->names, "blkio", "leaves options out that are no controllers");
	ok(find(CGROUP_MEMORY) != NULL, "a source named '-' is no separator");
	ok(find(CGROUP_PIDS) == NULL, "has none for a controller that isn't mounted");
}

static void prefers_the_better_mount(void)
{
	read_lines("1 2 0:9 /docker/x /run/part rw - cgroup cgroup rw,pids\n"
		   "1 2 0:9 / /run/ro ro,nosuid - cgroup cgroup rw,pids\n"
		   "1 2 0:9 / /with\\040space rw - cgroup cgroup rw,pids\n"
		   "1 2 0:9 / /later rw - cgroup cgroup rw,pids\n"
		   "1 2 0:10 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n");
	is_int(host.count, 2, "many mounts of one hierarchy are one");
	is_str(host.rows[0].mount, "/with space",
	       "the writable whole wins, the first of those; \\040 is a space");
	is_str(find(CGROUP_FREEZER)->mount, "/sys/fs/cgroup/unified", "v2 needs no freezer");
	ok(host.rows[1].v2, "knows v2");
}

static void survives_nonsense(void)
{
	char line[4096];

	read_lines(
		"\n \n- - - - - - - - -\n1 2 3 4\n1 2 0:9 / relative rw - cgroup cgroup rw,pids\n"
		"1 2 0:9 / /x rw shared:1\n1 2 0:9 / /x rw - cgroup\n1 2 0:9 / /x\\000y rw - cgroup c rw,pids\n");
	is_int(host.count, 0, "takes nothing from lines that are none");
	is_int(cgroup_host_lines(&host, "1 2 0:9 / /x rw - cgroup c rw,pids", 34), 0,
	       "waits for the end of a line");
	is_int(host.count, 0, "and takes nothing from it before");
	memset(line, 'a', sizeof(line));
	memcpy(line, "1 2 0:9 / /", 11);
	memcpy(line + 2000, " rw - cgroup c rw,pids\n", 23);
	is_int(cgroup_host_lines(&host, line, 2023), 2023, "takes in a very long line");
	is_int(host.count, 0, "a path that doesn't fit is left out");
	for (int i = 0; i < 40; i++) {
		int length =
			snprintf(line, sizeof(line), "1 2 0:9 / /%d rw - cgroup c rw,pids%.*s\n", i,
				 i, ",rdma,misc,rdma,misc,rdma,misc,rdma,misc,rdma,misc");

		(void)cgroup_host_lines(&host, line, (size_t)length);
	}
	ok(host.count <= CGROUP_HIERARCHY_MAX, "more hierarchies than there can be are left out");
	is_int(cgroup_controllers_parse("cpuset cpu io memory hugetlb pids rdma misc", 43, true),
	       1 << CGROUP_CPUSET | 1 << CGROUP_CPU | 1 << CGROUP_IO | 1 << CGROUP_MEMORY |
		       1 << CGROUP_PIDS,
	       "reads cgroup.controllers");
	is_int(cgroup_controllers_parse("", 0, true), 0, "reads an empty one");
}

/* Made with Python: math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34)), l = math.log2(shares). */
static void turns_shares_into_weight(void)
{
	static const struct {
		unsigned shares, weight;
	} rows[] = {
		{ 0, 0 },         { 1, 1 },          { 2, 1 },          { 3, 2 },
		{ 10, 4 },        { 20, 6 },         { 100, 17 },       { 102, 17 },
		{ 128, 21 },      { 204, 29 },       { 256, 35 },       { 307, 40 },
		{ 500, 58 },      { 512, 59 },       { 1023, 100 },     { 1024, 100 },
		{ 1025, 101 },    { 2000, 170 },     { 2048, 174 },     { 4096, 303 },
		{ 5000, 356 },    { 8192, 532 },     { 10000, 627 },    { 16384, 942 },
		{ 50000, 2402 },  { 65536, 3023 },   { 100000, 4340 },  { 131072, 5478 },
		{ 200000, 7899 }, { 262143, 10000 }, { 262144, 10000 }, { 999999999, 10000 },
	};
	uint64_t hash = 0xcbf29ce484222325;
	bool same = true;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		same = same && cgroup_shares_to_weight(rows[i].shares) == rows[i].weight;
	ok(same, "turns shares into weight as runc and crun do");
	for (unsigned shares = 2; shares <= 262144; shares++) {
		uint64_t weight = cgroup_shares_to_weight(shares);

		hash = (hash ^ (weight & 255)) * 0x100000001b3;
		hash = (hash ^ weight >> 8) * 0x100000001b3;
	}
	ok(hash == 0x65a31facb03a9c0e, "each of the 262143 (FNV-1a of Python's)");
}

static void checks_paths(void)
{
	static const char *const good[] = { "/sv/x", "/x", "/a/b.c/x", "/...x/x", "/..a/x" };
	static const char *const bad[] = {
		"",         "x",    "sv/x",   "/",     "//x",     "/sv//x", "/sv/x/", "/../x",
		"/sv/../x", "/./x", "/sv/..", "/sv/y", "/sv\n/x", "/sv/xx", "/x/sv",  "/sv/\x7f/x",
	};
	char path[CGROUP_PATH_MAX + 16];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(cgroup_path_valid(good[i], "x"), "takes the path '%s'", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!cgroup_path_valid(bad[i], "x"), "refuses path %zu", i);
	memset(path, 'a', sizeof(path));
	for (size_t i = 0; i < sizeof(path); i += 100)
		path[i] = '/';
	path[CGROUP_PATH_MAX] = '\0';
	ok(!cgroup_path_valid(path, NULL), "refuses one that is too long");
	path[CGROUP_PATH_MAX - 1] = '\0';
	ok(cgroup_path_valid(path, NULL), "takes one that just fits");
}

static void compares_lists(void)
{
	is_int(cgroup_list_covers("0-3", "1,3"), 1, "1,3 is in 0-3");
	is_int(cgroup_list_covers("0-1", "0-3"), 0, "0-3 is not in 0-1");
	is_int(cgroup_list_covers("0,2-8191", "0,2,8191"), 1, "long lists");
	is_int(cgroup_list_covers("", "0"), 0, "nothing is in the empty list");
	is_int(cgroup_list_covers("0-3", "a"), -1, "no list");
	is_int(cgroup_list_covers("0-99999", "0"), -1, "too long a list");
}

/* --- decisions -------------------------------------------------------------------------------- */

static struct spec empty_spec(void)
{
	struct spec spec = { 0 };

	spec.memory = spec.memory_swap = spec.memory_reservation = SPEC_UNSET;
	spec.cpu_quota = spec.cpu_period = spec.cpu_shares = SPEC_UNSET;
	spec.pids_limit = spec.blkio_weight = SPEC_UNSET;
	return spec;
}

static char described[4096];

static void describe_line(void *context, const char *file, const char *value)
{
	size_t used = strlen(described);

	(void)context;
	(void)snprintf(described + used, sizeof(described) - used, "%s=%s\n", file, value);
}

static const char *describe(const struct spec *spec)
{
	struct error error = { 0 };
	struct cgroup group;

	described[0] = '\0';
	if (cgroup_decide(&group, &host, spec, "x", &error) < 0 ||
	    cgroup_describe(&group, spec, describe_line, NULL, &error) < 0)
		(void)snprintf(described, sizeof(described), "%s", error.text);
	return described;
}

static void set_host(bool v2)
{
	host = (struct cgroup_host){ .count = v2 ? 1 : 3 };
	if (v2) {
		host.rows[0] = (struct cgroup_hierarchy){ true, 3, CGROUP_EVERYTHING, "/c", "" };
		return;
	}
	host.rows[0] = (struct cgroup_hierarchy){ false, 3, 1 << CGROUP_MEMORY, "/m", "memory" };
	host.rows[1] = (struct cgroup_hierarchy){ false, 3, 1 << CGROUP_CPU | 1 << CGROUP_CPUSET,
						  "/cpu", "cpu,cpuset" };
	host.rows[2] = (struct cgroup_hierarchy){ false, 3, 1 << CGROUP_PIDS, "/p", "pids" };
}

static void writes_v1(void)
{
	struct spec spec = empty_spec();

	set_host(false);
	is_str(describe(&spec), "", "v1 without a limit: nothing");
	spec.memory = 64 << 20;
	is_str(describe(&spec),
	       "/m/sv/x/memory.limit_in_bytes=67108864\n/m/sv/x/memory.memsw.limit_in_bytes=134217728\n",
	       "v1 memory: swap is as much again, and comes second");
	spec.memory_swap = -1;
	spec.memory_reservation = 1;
	is_str(describe(&spec),
	       "/m/sv/x/memory.limit_in_bytes=67108864\n/m/sv/x/memory.memsw.limit_in_bytes=-1\n"
	       "/m/sv/x/memory.soft_limit_in_bytes=1\n",
	       "v1 swap without limit");
	spec = empty_spec();
	spec.memory = INT64_MAX;
	is_str(describe(&spec),
	       "/m/sv/x/memory.limit_in_bytes=9223372036854775807\n"
	       "/m/sv/x/memory.memsw.limit_in_bytes=18446744073709551614\n",
	       "v1 twice the most is no overflow");
	spec = empty_spec();
	spec.cpu_quota = 10000;
	spec.cpu_period = 100000;
	spec.cpu_shares = 1024;
	spec.cpuset_cpus = "0-1";
	spec.pids_limit = -1;
	is_str(describe(&spec),
	       "/cpu/sv/x/cpu.shares=1024\n/cpu/sv/x/cpu.cfs_period_us=100000\n/cpu/sv/x/cpu.cfs_quota_us=10000\n"
	       "/cpu/sv/x/cpuset.cpus=0-1\n/p/sv/x/pids.max=max\n",
	       "v1 cpu, cpuset, pids");
	spec = empty_spec();
	spec.blkio_weight = 500;
	is_str(describe(&spec), "no cgroup hierarchy here has the controller 'io' (--blkio-weight)",
	       "a controller that isn't there is an error with the option's name");
}

static void writes_v2(void)
{
	struct spec spec = empty_spec();

	set_host(true);
	is_str(describe(&spec), "/c/sv/x/pids.max=2048\n", "v2 without a limit: pids.max");
	spec.memory = 64 << 20;
	spec.pids_limit = 50;
	is_str(describe(&spec),
	       "/c/sv/x/memory.max=67108864\n/c/sv/x/memory.swap.max=67108864\n/c/sv/x/pids.max=50\n",
	       "v2 memory: swap alone");
	spec.memory_swap = 64 << 20;
	spec.memory_reservation = 4096;
	spec.pids_limit = -1;
	is_str(describe(&spec),
	       "/c/sv/x/memory.max=67108864\n/c/sv/x/memory.swap.max=0\n/c/sv/x/memory.low=4096\n"
	       "/c/sv/x/pids.max=max\n",
	       "v2 no swap");
	spec = empty_spec();
	spec.pids_limit = 1;
	spec.cpu_period = 50000;
	spec.cpu_shares = 512;
	spec.blkio_weight = 1000;
	spec.cgroup_parent = "a/b/";
	is_str(describe(&spec),
	       "/c/a/b/x/cpu.weight=59\n/c/a/b/x/cpu.max=max 50000\n/c/a/b/x/pids.max=1\n/c/a/b/x/io.weight=10000\n",
	       "v2 cpu, io, a parent");
	spec = empty_spec();
	spec.pids_limit = 1;
	spec.cpu_quota = 25000;
	spec.blkio_weight = 10;
	spec.cgroup_parent = "/";
	is_str(describe(&spec), "/c/x/cpu.max=25000 100000\n/c/x/pids.max=1\n/c/x/io.weight=1\n",
	       "v2 default period, the root as parent");
}

static void refuses_what_makes_no_sense(void)
{
	struct spec spec = empty_spec();
	static const char *const parents[] = { "/a/../b", "..", "a//b", "/a\nb", "." };

	set_host(true);
	spec.memory_swap = 1 << 20;
	ok(strstr(describe(&spec), "needs --memory") != NULL, "swap without memory");
	spec.memory = 2 << 20;
	ok(strstr(describe(&spec), "less than --memory") != NULL, "less swap than memory");
	spec = empty_spec();
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		spec.cgroup_parent = parents[i];
		ok(strstr(describe(&spec), "cannot use") != NULL, "parent %zu", i);
	}
}

static void describes_devices(void)
{
	struct spec spec = empty_spec();
	struct spec_device devices[] = {
		{ .source = "/dev/null", .read = true, .write = true, .make_node = false },
		{ .source = "/dev/zero", .read = true },
	};

	spec.devices.rows = devices;
	spec.devices.count = 2;
	set_host(true);
	is_str(describe(&spec), "/c/sv/x/pids.max=2048\n/c/sv/x=deny c 1:5 w\n",
	       "v2 devices: what is denied");
	set_host(false);
	host.rows[0].controllers = 1 << CGROUP_DEVICES;
	is_str(describe(&spec), "/m/sv/x/devices.deny=c 1:5 w\n", "v1 devices: what is denied");
	devices[1].source = "/proc/self/exe";
	ok(strstr(describe(&spec), "is no device") != NULL, "a file is no device");
	spec.devices.count = 1;
	is_str(describe(&spec), "", "a device for reading and writing needs no rule");
	spec.privileged = true;
	spec.userns = SPEC_USERNS_HOST;
	is_str(describe(&spec), "", "--privileged: no list");
	spec.privileged = false;
	spec.userns = SPEC_USERNS_PRIVATE;
	spec.cap_add = 1ULL << CAP_NET_ADMIN | 1ULL << CAP_MKNOD;
	is_str(describe(&spec), "", "in a user namespace none is needed");
}

static void lists_devices(void)
{
	struct spec spec = empty_spec();
	struct spec_device devices[] = {
		{ .source = "/dev/null", .read = true },
		{ .source = "/proc/self/fd/0", .read = true, .write = true, .make_node = true },
	};

	(void)dup2(open("/dev/zero", O_RDONLY | O_CLOEXEC), 0);
	spec.userns = SPEC_USERNS_HOST;
	set_host(true);
	is_str(describe(&spec),
	       "/c/sv/x/pids.max=2048\n/c/sv/x=deny a\n/c/sv/x=allow c 1:3 rwm\n/c/sv/x=allow c 1:5 rwm\n"
	       "/c/sv/x=allow c 1:7 rwm\n/c/sv/x=allow c 1:8 rwm\n/c/sv/x=allow c 1:9 rwm\n"
	       "/c/sv/x=allow c 5:0 rwm\n/c/sv/x=allow c 5:2 rw\n/c/sv/x=allow c 136:* rw\n",
	       "v2 without a user namespace: what stands in /dev");
	set_host(false);
	host.rows[0].controllers = 1 << CGROUP_DEVICES;
	spec.devices.rows = devices;
	spec.devices.count = 2;
	is_str(describe(&spec),
	       "/m/sv/x/devices.deny=a\n/m/sv/x/devices.allow=c 1:7 rwm\n/m/sv/x/devices.allow=c 1:8 rwm\n"
	       "/m/sv/x/devices.allow=c 1:9 rwm\n/m/sv/x/devices.allow=c 5:0 rwm\n"
	       "/m/sv/x/devices.allow=c 5:2 rw\n/m/sv/x/devices.allow=c 136:* rw\n"
	       "/m/sv/x/devices.allow=c 1:3 rm\n/m/sv/x/devices.allow=c 1:5 rwm\n",
	       "v1: with those of --device, and in place of those of the same number");
	spec.devices.count = 0;
	spec.userns = SPEC_USERNS_PRIVATE;
	spec.cap_add = 1ULL << CAP_SYS_ADMIN;
	ok(strstr(describe(&spec), "/m/sv/x/devices.deny=a\n") != NULL,
	   "who may mount needs the list in a user namespace too");
	host.count = 0;
	is_str(describe(&spec), "", "a host without cgroups is no error");
}

/* --- the BPF program, run here ---------------------------------------------------------------- */

/* Runs what cgroup_devices.c writes; no more of BPF than that. */
static int run_program(const struct bpf_insn *rows, int count,
		       const struct bpf_cgroup_dev_ctx *access)
{
	uint64_t registers[11] = { 0 };

	for (int at = 0; at < count; at++) {
		const struct bpf_insn *row = &rows[at];
		uint64_t *to = &registers[row->dst_reg];
		uint64_t operand =
			BPF_SRC(row->code) == BPF_X ? registers[row->src_reg] : (uint64_t)row->imm;

		switch (row->code) {
		case BPF_LDX | BPF_W | BPF_MEM:
			memcpy(to, (const char *)access + row->off, 4);
			break;
		case BPF_ALU64 | BPF_MOV | BPF_X:
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*to = operand;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			*to &= operand;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			*to >>= operand;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			at += *to != operand ? row->off : 0;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += *to == operand ? row->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return (int)registers[0];
		default:
			return -1;
		}
	}
	return -2;
}

static int ask(const struct bpf_insn *rows, int count, unsigned type, unsigned access,
	       unsigned major, unsigned minor)
{
	struct bpf_cgroup_dev_ctx context = { access << 16 | type, major, minor };

	return run_program(rows, count, &context);
}

static void writes_programs(void)
{
	static const struct cgroup_device_rule deny[] = {
		{ BPF_DEVCG_DEV_CHAR, 1, 5, BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD, false },
	};
	static const struct cgroup_device_rule allow[] = {
		{ BPF_DEVCG_DEV_CHAR, 1, -1, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE, true },
		{ 0, -1, -1, BPF_DEVCG_ACC_MKNOD, true },
	};
	struct bpf_insn rows[64];
	int count = cgroup_devices_program(rows, 64, deny, 1, true);

	ok(count > 0 && count <= 8 + CGROUP_DEVICE_INSNS, "writes a program");
	is_int(ask(rows, count, BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 1, 5), 1,
	       "what isn't denied is allowed");
	is_int(ask(rows, count, BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_WRITE, 1, 5), 0,
	       "what is denied isn't");
	is_int(ask(rows, count, BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE, 1, 5),
	       0, "nor with more");
	is_int(ask(rows, count, BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_WRITE, 1, 5), 1,
	       "another type is another device");
	is_int(ask(rows, count, BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_WRITE, 1, 6), 1,
	       "another minor too");
	is_int(ask(rows, count, BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_WRITE, 2, 5), 1,
	       "another major too");
	count = cgroup_devices_program(rows, 64, allow, 2, false);
	is_int(ask(rows, count, BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 1, 77), 1,
	       "an allow-list allows any minor");
	is_int(ask(rows, count, BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 2, 77), 0,
	       "and no other major");
	is_int(ask(rows, count, BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_MKNOD, 1,
		   77),
	       0, "nothing beyond what it names");
	is_int(ask(rows, count, BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_MKNOD, 8, 0), 1,
	       "any device may be made");
	is_int(cgroup_devices_program(rows, 8, deny, 1, true), -E2BIG,
	       "a program that doesn't fit is none");
}

int main(void)
{
	reads_a_v1_host();
	prefers_the_better_mount();
	survives_nonsense();
	turns_shares_into_weight();
	checks_paths();
	compares_lists();
	writes_v1();
	writes_v2();
	refuses_what_makes_no_sense();
	describes_devices();
	lists_devices();
	writes_programs();
	return tap_done();
}
