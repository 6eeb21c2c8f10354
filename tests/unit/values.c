/* SPDX-License-Identifier: MIT */
/* supervisor/values.c: what each option takes and what it refuses. */
#include "supervisor/values.h"

#include "supervisor/options.h"
#include "tap.h"

#include <errno.h>
#include <sys/resource.h>

static struct spec spec;
static struct error error;

/* Gives an option a value, in a spec of its own. */
static int set(const char *option, const char *text)
{
	char where[64];

	options_free(&spec);
	options_init(&spec);
	error = (struct error){ 0 };
	(void)snprintf(where, sizeof(where), "--%s", option);
	return options_apply(options_find(option, strlen(option)), &spec, where, text, &error);
}

static void takes(const char *option, const char *text)
{
	ok(set(option, text) == 0, "takes --%s '%.100s'", option, text);
	if (error_is_set(&error))
		printf("# %s\n", error.text);
}

/* The message names the option and says what is accepted. */
static void refuses(const char *option, const char *text)
{
	int result = set(option, text);

	ok(result < 0 && strstr(error.text, option) != NULL && error.hint[0] != '\0',
	   "refuses --%s '%.100s'", option, text);
}

static void landlock_rules_are_lists(void)
{
	takes("landlock", "ro:/usr,rw:/data//x/");
	ok(spec.landlock.count == 2 && !spec.landlock.rows[0].writes &&
		   spec.landlock.rows[1].writes,
	   "each with its access");
	ok(spec.landlock.count == 2 && strcmp(spec.landlock.rows[1].path, "/data/x") == 0,
	   "and a path that is normalised");
	takes("landlock", "ro:/");
	refuses("landlock", "");
	refuses("landlock", "ro");
	refuses("landlock", "ro:");
	refuses("landlock", ":/x");
	refuses("landlock", "rx:/x");
	refuses("landlock", "ro:x");
	refuses("landlock", "ro:/x/../y");
	refuses("landlock", "ro:/x,");
	refuses("landlock", "ro:/x,,rw:/y");
}

static void a_user_namespace_is_a_word_or_a_range(void)
{
	static const char *const bad[] = { "",
					   "hosts",
					   "1",
					   ":",
					   "1:",
					   ":1",
					   "0:1",
					   "1:0",
					   "1:-1",
					   "-1:1",
					   "1:x",
					   "1 :1",
					   "1:2:3",
					   "4294967294:2",
					   "1:4294967295",
					   "99999999999:1" };

	takes("userns", "host");
	is_int(spec.userns, SPEC_USERNS_HOST, "host");
	takes("userns", "private");
	ok(spec.userns == SPEC_USERNS_PRIVATE && spec.userns_size == 0, "private: any range");
	takes("userns", "auto");
	is_int(spec.userns, SPEC_USERNS_AUTO, "auto");
	takes("userns", "1:4294967294");
	takes("userns", "4294967294:1");
	takes("userns", "100000:65536");
	ok(spec.userns == SPEC_USERNS_PRIVATE && spec.userns_start == 100000 &&
		   spec.userns_size == 65536,
	   "a range is insisted on");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses("userns", bad[i]);
}

static void capabilities_add_up(void)
{
	takes("cap-add", "NET_RAW,cap_kill");
	ok(spec.cap_add == (1ULL << 13 | 1ULL << 5), "a list, in any spelling");
	takes("cap-drop", "ALL");
	takes("cap-add", "all");
	refuses("cap-add", "");
	refuses("cap-add", "NET_RAW,");
	refuses("cap-add", ",NET_RAW");
	refuses("cap-drop", "NET_RAV");
	ok(strstr(error.hint, "NET_RAW") != NULL, "the nearest is named");
	takes("privileged", "true");
	ok(spec.privileged, "--privileged");
	takes("no-new-privs", "false");
	ok(!spec.no_new_privs, "--no-new-privs=false");
}

static void numbers_have_ranges(void)
{
	static const struct {
		const char *option, *good[3], *bad[4];
	} rows[] = {
		{ "umask", { "0", "022", "777" }, { "1000", "8", "", "-1" } },
		{ "oom-score-adj", { "-1000", "0", "1000" }, { "-1001", "1001", "", "1.5" } },
		{ "preserve-fds", { "0", "3", "1024" }, { "-1", "1025", "", "x" } },
		{ "memory", { "1", "64m", "1.5g" }, { "0", "-1", "64q", "" } },
		{ "memory-swap", { "-1", "0", "2g" }, { "-2", "x", "", "1.5" } },
		{ "memory-reservation", { "1k", "1m", "1t" }, { "0", "-1", "", "99999999t" } },
		{ "shm-size", { "1", "64m", "1g" }, { "0", "-1", "", "x" } },
		{ "cpus", { "0.01", "0.5", "10000" }, { "0", "0.009", "abc", "10000.1" } },
		{ "cpu-shares", { "2", "1024", "262144" }, { "1", "262145", "", "1k" } },
		{ "cpu-period", { "1000", "100000", "1000000" }, { "999", "1000001", "", "-1" } },
		{ "cpu-quota", { "1000", "50000", "1000000000000" }, { "999", "-1", "", "x" } },
		{ "pids-limit", { "-1", "1", "4194304" }, { "-2", "4194305", "", "x" } },
		{ "blkio-weight", { "10", "500", "1000" }, { "9", "1001", "", "x" } },
		{ "stop-timeout", { "-1", "0", "2147483" }, { "-2", "2147484", "", "1.5" } },
		{ "timeout", { "0", "1.5", "10m" }, { "-1", "1d", "", "315360001" } },
		{ "stop-signal", { "TERM", "9", "RTMIN+3" }, { "0", "65", "", "FOO" } },
		{ "monotonic-offset", { "-5", "0", "86400" }, { "1.5", "", "x", "4611686019" } },
		{ "boottime-offset", { "-5", "0", "86400" }, { "1.5", "", "x", "-4611686019" } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t j = 0; j < 3; j++)
			takes(rows[i].option, rows[i].good[j]);
		for (size_t j = 0; j < 4; j++)
			refuses(rows[i].option, rows[i].bad[j]);
	}
	takes("umask", "022");
	is_int(spec.umask, 022, "umask_is_octal");
	takes("timeout", "1.5");
	is_int(spec.timeout, 1500, "timeout_is_in_milliseconds");
	takes("timeout", "0");
	is_int(spec.timeout, SPEC_UNSET, "timeout_0_is_none");
	takes("pids-limit", "0");
	is_int(spec.pids_limit, -1, "pids_limit_0_is_unlimited_as_in_docker");
	takes("stop-signal", "SIGRTMIN+3");
	is_int(spec.stop_signal, 37, "signals_by_name");
}

static void names_are_checked(void)
{
	char longest[301];

	memset(longest, 'a', sizeof(longest));
	longest[64] = '\0';
	takes("name", longest);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[65] = '\0';
	refuses("name", longest);
	longest[65] = 'a';
	longest[300] = '\0';
	refuses("name", longest);
	takes("name", "web-1.a_B");
	refuses("name", "");
	refuses("name", ".a");
	refuses("name", "-a");
	refuses("name", "a/b");
	refuses("name", "a b");
	refuses("name", "a\n");
	refuses("name", "..");
	refuses("name", "a..b");
	refuses("name", "\xc3\xa4");
	takes("hostname", "web-1.example.org");
	takes("hostname", "a_b");
	refuses("hostname", "");
	refuses("hostname", "-a");
	refuses("hostname", "a-");
	refuses("hostname", "a..b");
	refuses("hostname", "a.");
	refuses("hostname", "a b");
	refuses("hostname", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	takes("domainname", "example.org");
	refuses("domainname", "a/b");
	refuses("user", "");
	refuses("group-add", "");
	refuses("entrypoint", "");
	refuses("env", "");
	refuses("env", "=x");
}

static void volumes_are_taken_apart(void)
{
	const struct spec_volume *row;

	takes("volume", "/a:/b");
	row = &spec.volumes.rows[0];
	is_str(row->source, "/a", "source");
	is_str(row->target, "/b", "target");
	ok(!row->read_only && !row->allow_suid && !row->allow_devices && !row->no_exec &&
		   row->propagation == SPEC_PRIVATE,
	   "a_volume_is_nosuid_nodev_private_unless_told");
	takes("volume", "rel/a:/b/./c//d/:ro,suid,dev,noexec,rslave");
	row = &spec.volumes.rows[0];
	is_str(row->source, "rel/a", "a_relative_source_stays");
	is_str(row->target, "/b/c/d", "the_target_is_normalised");
	ok(row->read_only && row->allow_suid && row->allow_devices && row->no_exec &&
		   row->propagation == SPEC_RSLAVE,
	   "flags_are_taken");
	takes("volume", "/a:/b:ro,rw,rslave,rprivate");
	row = &spec.volumes.rows[0];
	ok(!row->read_only && row->propagation == SPEC_PRIVATE, "the_last_flag_counts");
	refuses("volume", "");
	refuses("volume", "/a");
	refuses("volume", ":/b");
	refuses("volume", "/a:");
	refuses("volume", "/a:b");
	refuses("volume", "/a:/");
	refuses("volume", "/a://");
	refuses("volume", "/a:/.");
	refuses("volume", "/a:/b/../c");
	refuses("volume", "/a:/..");
	refuses("volume", "/a:/b:");
	refuses("volume", "/a:/b:shared");
	refuses("volume", "/a:/b:ro,");
	refuses("volume", "/a:/b:ro:rw");
}

static void tmpfs_is_taken_apart(void)
{
	const struct spec_tmpfs *row;

	takes("tmpfs", "/t");
	row = &spec.tmpfs.rows[0];
	ok(strcmp(row->target, "/t") == 0 && row->size == 0 && row->mode == 01777 && row->no_exec &&
		   !row->read_only,
	   "a_tmpfs_has_dockers_defaults");
	takes("tmpfs", "/t:size=64m,mode=0755,exec,ro,suid,dev");
	row = &spec.tmpfs.rows[0];
	ok(row->size == 64 << 20 && row->mode == 0755 && !row->no_exec && row->read_only &&
		   row->allow_suid && row->allow_devices,
	   "its_options_are_taken");
	refuses("tmpfs", "");
	refuses("tmpfs", "t");
	refuses("tmpfs", "/");
	refuses("tmpfs", "/t:");
	refuses("tmpfs", "/t:size=0");
	refuses("tmpfs", "/t:size=10%");
	refuses("tmpfs", "/t:mode=9");
	refuses("tmpfs", "/t:mode=10000");
	refuses("tmpfs", "/t:bogus");
}

static void devices_are_taken_apart(void)
{
	const struct spec_device *row;

	takes("device", "/dev/fuse");
	row = &spec.devices.rows[0];
	ok(strcmp(row->target, "/dev/fuse") == 0 && row->read && row->write && row->make_node,
	   "a_device_is_itself_with_all_access");
	takes("device", "/dev/fuse:r");
	row = &spec.devices.rows[0];
	ok(strcmp(row->target, "/dev/fuse") == 0 && row->read && !row->write && !row->make_node,
	   "access_may_follow_the_source");
	takes("device", "/dev/fuse:/dev/x:wm");
	row = &spec.devices.rows[0];
	ok(strcmp(row->source, "/dev/fuse") == 0 && strcmp(row->target, "/dev/x") == 0 &&
		   !row->read && row->write && row->make_node,
	   "or_the_target");
	refuses("device", "");
	refuses("device", "fuse");
	refuses("device", "/dev/fuse:");
	refuses("device", "/dev/fuse:x");
	refuses("device", "/dev/fuse:rr");
	refuses("device", "/dev/fuse:/dev/x:");
	refuses("device", "/dev/fuse:/dev/x:r:w");
	refuses("device", "/dev/fuse:rel/x");
	refuses("device", "/dev/fuse:/dev/../x");
}

static void limits_are_taken_apart(void)
{
	takes("ulimit", "nofile=1024");
	ok(spec.ulimits.rows[0].resource == RLIMIT_NOFILE && spec.ulimits.rows[0].soft == 1024 &&
		   spec.ulimits.rows[0].hard == 1024,
	   "one_number_is_both_limits");
	takes("ulimit", "core=0:unlimited");
	ok(spec.ulimits.rows[0].soft == 0 && spec.ulimits.rows[0].hard == UINT64_MAX,
	   "unlimited_is_taken");
	takes("ulimit", "core=-1");
	ok(spec.ulimits.rows[0].soft == UINT64_MAX, "so_is_-1");
	refuses("ulimit", "");
	refuses("ulimit", "nofile");
	refuses("ulimit", "nofile=");
	refuses("ulimit", "nofile=1:");
	refuses("ulimit", "nofile=2:1");
	refuses("ulimit", "nofile=unlimited:1");
	refuses("ulimit", "nofile=-2");
	refuses("ulimit", "nofile=1:2:3");
	refuses("ulimit", "bogus=1");
	takes("cpuset-cpus", "0-3,8");
	takes("cpuset-mems", "0");
	refuses("cpuset-cpus", "");
	refuses("cpuset-cpus", "3-1");
	refuses("cpuset-cpus", "1,");
	refuses("cpuset-cpus", "1-");
	refuses("cpuset-cpus", "-1");
	refuses("cpuset-cpus", "1-2-3");
	refuses("cpuset-cpus", "99999999999999999999");
	takes("device-read-bps", "/dev/sda:1m");
	ok(spec.read_bps.count == 1 && spec.read_bps.rows[0].bytes_per_second == 1 << 20 &&
		   strcmp(spec.read_bps.rows[0].device, "/dev/sda") == 0,
	   "a_rate_is_taken_apart");
	takes("device-write-bps", "/dev/disk/by-path/pci:0:100");
	is_str(spec.write_bps.rows[0].device, "/dev/disk/by-path/pci:0", "the_last_colon_divides");
	refuses("device-read-bps", "/dev/sda");
	refuses("device-read-bps", "/dev/sda:");
	refuses("device-read-bps", "/dev/sda:0");
	refuses("device-read-bps", "sda:1m");
	takes("cgroup-parent", "/a/b/");
	is_str(spec.cgroup_parent, "/a/b", "a_parent_is_normalised");
	takes("cgroup-parent", "a//b");
	is_str(spec.cgroup_parent, "a/b", "a_relative_one_stays_so");
	refuses("cgroup-parent", "");
	refuses("cgroup-parent", ".");
	refuses("cgroup-parent", "../a");
	refuses("cgroup-parent", "/a/../b");
}

static void ulimits_replace_each_other(void)
{
	const struct option_row *row = options_find("ulimit", 6);

	takes("ulimit", "core=1");
	(void)options_apply(row, &spec, "--ulimit", "nofile=1", &error);
	(void)options_apply(row, &spec, "--ulimit", "core=2", &error);
	ok(spec.ulimits.count == 2 && spec.ulimits.rows[0].soft == 2,
	   "the_last_limit_of_a_name_counts");
}

static void sysctls_are_the_containers_own(void)
{
	takes("sysctl", "net.ipv4.ip_forward=1");
	is_str(spec.sysctls.rows[0].key, "net/ipv4/ip_forward", "dots_become_slashes");
	is_str(spec.sysctls.rows[0].value, "1", "and_there_is_the_value");
	takes("sysctl", "net.ipv4.conf.eth0/1.forwarding=1");
	is_str(spec.sysctls.rows[0].key, "net/ipv4/conf/eth0.1/forwarding", "slashes_become_dots");
	takes("sysctl", "net/ipv4/conf/eth0.1/forwarding=1");
	is_str(spec.sysctls.rows[0].key, "net/ipv4/conf/eth0.1/forwarding", "a_path_stays");
	takes("sysctl", "kernel.sem=1 2 3 4");
	takes("sysctl", "kernel.shm_rmid_forced=1");
	takes("sysctl", "fs.mqueue.msg_max=10");
	takes("sysctl", "net.ipv4.ip_local_reserved_ports=");
	refuses("sysctl", "kernel.hostname=x");
	ok(strstr(error.hint, "--hostname") != NULL, "the_hint_is_hostname");
	refuses("sysctl", "kernel.domainname=x");
	ok(strstr(error.hint, "--domainname") != NULL, "the_hint_is_domainname");
	refuses("sysctl", "kernel.semx=1");
	refuses("sysctl", "kernel.core_pattern=x");
	refuses("sysctl", "vm.swappiness=1");
	refuses("sysctl", "net=1");
	refuses("sysctl", "net.=1");
	refuses("sysctl", "network.x=1");
	refuses("sysctl", "fs.mqueue=1");
	refuses("sysctl", "net/../kernel/core_pattern=x");
	refuses("sysctl", "net./..kernel=x");
	refuses("sysctl", "net//x=1");
	refuses("sysctl", "/net/x=1");
	refuses("sysctl", ".net.x=1");
	refuses("sysctl", "net.x");
	refuses("sysctl", "=1");
	refuses("sysctl", "");
}

static void namespaces_are_choices(void)
{
	takes("net", "host");
	ok(spec.host_namespace[SPEC_NET], "host_is_the_hosts");
	takes("net", "none");
	ok(!spec.host_namespace[SPEC_NET], "none_is_private");
	takes("pid", "private");
	takes("ipc", "host");
	ok(spec.host_namespace[SPEC_IPC] && !spec.host_namespace[SPEC_NET], "each_has_its_own");
	refuses("pid", "none");
	refuses("uts", "");
}

static void networks_are_choices(void)
{
	takes("net", "bridge");
	ok(spec.net == SPEC_NET_BRIDGE && spec.net_name == NULL && !spec.host_namespace[SPEC_NET],
	   "a_bridge_of_its_own_has_no_name");
	takes("net", "bridge:br0");
	is_str(spec.net_name, "br0", "a_bridge_has_the_name_behind_the_colon");
	takes("net", "container:web-1");
	ok(spec.net == SPEC_NET_CONTAINER && spec.host_namespace[SPEC_NET],
	   "a_containers_network_is_none_of_its_own");
	takes("net", "ns:/run/netns/a:b");
	ok(spec.net == SPEC_NET_PATH && strcmp(spec.net_name, "/run/netns/a:b") == 0,
	   "a_path_may_have_colons");
	takes("net", "macvlan:eth0.7");
	ok(spec.net == SPEC_NET_MACVLAN && !spec.host_namespace[SPEC_NET],
	   "a_macvlan_is_in_a_namespace_of_its_own");
	for (size_t i = 0; i < 14; i++) {
		static const char *const none[] = {
			"",           "Bridge",      "bridge:",     "none:x",
			"host:x",     "container",   "container:",  "container:../x",
			"ns",         "macvlan",     "macvlan:a/b", "bridge:sixteen-bytes-xx",
			"macvlan:..", "bridge:br%d",
		};

		refuses("net", none[i]);
	}
	takes("bridge", "docker0");
	takes("bridge", "fifteen-bytes-x");
	refuses("bridge", "sixteen-bytes-xx");
	refuses("bridge", "a b");
	refuses("bridge", "");
}

static void addresses_are_for_hosts(void)
{
	static const uint8_t mac[] = { 2, 0x73, 0, 0xaB, 0xcd, 0xef };

	takes("bridge-addr", "10.10.10.1/24");
	ok(spec.bridge_addr.prefix == 24, "a_bridge_has_a_subnet");
	refuses("bridge-addr", "10.10.10.1");
	refuses("bridge-addr", "10.10.10.0/24");
	refuses("bridge-addr", "10.10.10.255/24");
	refuses("bridge-addr", "10.10.10.1/31");
	refuses("bridge-addr", "10.10.10.1/7");
	refuses("bridge-addr", "127.0.0.1/24");
	refuses("bridge-addr", "224.0.0.1/24");
	refuses("bridge-addr", "fd00::1/64");
	takes("bridge-addr6", "fd00:10::1/64");
	refuses("bridge-addr6", "fd00:10::/64");
	refuses("bridge-addr6", "fe80::1/64");
	refuses("bridge-addr6", "ff02::1/64");
	refuses("bridge-addr6", "fd00:10::1/127");
	refuses("bridge-addr6", "10.10.10.1/24");
	takes("ip", "10.10.10.7");
	refuses("ip", "10.10.10.7/24");
	refuses("ip", "0.0.0.0");
	refuses("ip", "fd00::7");
	takes("ip6", "fd00::7");
	refuses("ip6", "10.10.10.7");
	takes("mac-address", "02:73:00:aB:cd:ef");
	ok(spec.has_mac && memcmp(spec.mac, mac, sizeof(mac)) == 0, "a_mac_is_six_bytes");
	refuses("mac-address", "02:73:00:ab:cd");
	refuses("mac-address", "02:73:00:ab:cd:ef:01");
	refuses("mac-address", "02:73:00:ab:cd:g0");
	refuses("mac-address", "2:73:00:ab:cd:ef");
	refuses("mac-address", "03:73:00:ab:cd:ef");
	refuses("mac-address", "00:00:00:00:00:00");
}

static void directories_are_paths(void)
{
	takes("workdir", "/");
	is_str(spec.workdir, "/", "the_working_directory_may_be_the_root");
	refuses("workdir", "a");
	refuses("workdir", "/a/..");
}

int main(void)
{
	landlock_rules_are_lists();
	a_user_namespace_is_a_word_or_a_range();
	capabilities_add_up();
	numbers_have_ranges();
	names_are_checked();
	volumes_are_taken_apart();
	tmpfs_is_taken_apart();
	devices_are_taken_apart();
	limits_are_taken_apart();
	ulimits_replace_each_other();
	sysctls_are_the_containers_own();
	namespaces_are_choices();
	networks_are_choices();
	addresses_are_for_hosts();
	directories_are_paths();
	options_free(&spec);
	return tap_done();
}
