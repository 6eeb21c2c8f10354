/* SPDX-License-Identifier: MIT */
/*
 * See options.h. Words are read the way Docker's parser does: --name value, --name=value, -m64m, -m
 * 64m, -m=64m, flags in a cluster (-tm64m). No abbreviated names: they would break when an option
 * is added.
 */
#include "options.h"

#include "config.h"
#include "environment.h"
#include "file.h"
#include "nearest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HELP_COLUMN 36  /* where the help's text begins */
#define HELP_LINE   128 /* bytes that hold any of its lines */
#define WHERE_SIZE  32  /* "--" and any name */

#define ROW_OF_PHASE(phase_, group_, kind_, name_, setter_, field_)       \
 .name = (name_), .kind = OPTION_##kind_, .group = OPTION_GROUP_##group_, \
 .phase = OPTION_PHASE_##phase_, .set = (setter_), .field = offsetof(struct spec, field_)
#define ROW(...)              ROW_OF_PHASE(REST, __VA_ARGS__)
#define NUMBERS(min_, max_)   .min = (min_), .max = (max_)
#define HELP(metavar_, help_) .metavar = (metavar_), .help = (help_)

/* The order is the help's; a group's rows stand together. */
const struct option_row option_rows[] = {
	{ ROW(CONTAINER, VALUE, "name", values_set_name, name),
	  HELP("NAME", "the container's name (default: one made up)") },
	{ ROW(CONTAINER, VALUE, "hostname", values_set_hostname, hostname),
	  HELP("NAME", "host name inside (default: the container's name)") },
	{ ROW(CONTAINER, VALUE, "domainname", values_set_hostname, domainname),
	  HELP("NAME", "NIS domain name inside") },
	{ ROW(CONTAINER, VALUE, "entrypoint", values_set_string, entrypoint),
	  HELP("PROGRAM", "run this, with COMMAND as its arguments") },
	{ ROW(CONTAINER, LIST, "env", values_set_env, env), .letter = 'e',
	  HELP("NAME[=VALUE]", "set a variable, or take it from the caller") },
	{ ROW_OF_PHASE(ENV_FILE, CONTAINER, LIST, "env-file", values_set_env_file, env),
	  HELP("FILE", "set the variables of a file's lines; --env wins") },
	{ ROW(CONTAINER, VALUE, "workdir", values_set_target, workdir), .letter = 'w',
	  HELP("DIR", "working directory inside (default: /)") },
	{ ROW(CONTAINER, FLAG, "tty", values_set_tty, tty), .letter = 't',
	  NUMBERS(SPEC_TTY_FORCE, 0),
	  HELP(NULL, "a terminal inside even when there is none outside") },
	{ ROW(CONTAINER, FLAG, "no-tty", values_set_tty, tty), .letter = 'T',
	  NUMBERS(SPEC_TTY_FORBID, 0),
	  HELP(NULL, "no terminal inside even when there is one outside") },

	{ ROW(IDENTITY, VALUE, "user", values_set_string, user), .letter = 'u',
	  HELP("USER[:GROUP]", "names or ids inside (default: root)") },
	{ ROW(IDENTITY, LIST, "group-add", values_set_strings, group_add),
	  HELP("GROUP", "one more group, by name or id") },
	{ ROW(IDENTITY, VALUE, "umask", values_set_octal, umask), NUMBERS(0, 0777),
	  HELP("OCTAL", "file mode creation mask (default: 022)") },
	{ ROW(IDENTITY, LIST, "ulimit", values_set_ulimit, ulimits),
	  HELP("NAME=SOFT[:HARD]", "resource limit of processes: nofile, core ...") },
	{ ROW(IDENTITY, VALUE, "oom-score-adj", values_set_integer, oom_score_adj),
	  NUMBERS(-1000, 1000), HELP("N", "how readily the OOM killer takes it, -1000 to 1000") },
	{ ROW(IDENTITY, LIST, "sysctl", values_set_sysctl, sysctls),
	  HELP("KEY=VALUE", "kernel setting of its own: net.*, fs.mqueue.*, ...") },
	{ ROW(IDENTITY, VALUE, "preserve-fds", values_set_integer, preserve_fds), NUMBERS(0, 1024),
	  HELP("N", "pass on N descriptors from 3 on; those of LISTEN_FDS always") },

	{ ROW(FILES, LIST, "volume", values_set_volume, volumes), .letter = 'v',
	  HELP("SRC:DST[:FLAG,...]",
	       "show the host's SRC, or a named volume, as DST; ro, suid ...") },
	{ ROW(FILES, LIST, "tmpfs", values_set_tmpfs, tmpfs),
	  HELP("DST[:OPTION,...]", "memory as DST; size=SIZE, mode=OCTAL, ro, exec ...") },
	{ ROW(FILES, FLAG, "keep", values_set_flag, keep),
	  HELP(NULL, "keep what it writes, for the next run of that name") },
	{ ROW(FILES, FLAG, "ephemeral", values_set_flag, ephemeral),
	  HELP(NULL, "leave the directory ROOTFS as it is: writes are gone at the end") },
	{ ROW(FILES, VALUE, "root", values_set_string, store_root),
	  HELP("DIR", "where images, kept containers and volumes are") },
	{ ROW(FILES, FLAG, "read-only", values_set_flag, read_only),
	  HELP(NULL, "make the root filesystem read-only") },
	{ ROW(FILES, LIST, "device", values_set_device, devices),
	  HELP("SRC[:DST[:rwm]]", "give it a device of the host") },
	{ ROW(FILES, VALUE, "shm-size", values_set_shm_size, shm_size),
	  HELP("SIZE", "size of /dev/shm (default: 64m)") },

	{ ROW(LIMITS, VALUE, "memory", values_set_size, memory), .letter = 'm',
	  NUMBERS(1, INT64_MAX), HELP("SIZE", "memory at most: bytes, or with k, m, g, t") },
	{ ROW(LIMITS, VALUE, "memory-swap", values_set_size, memory_swap), NUMBERS(-1, INT64_MAX),
	  HELP("SIZE", "memory and swap together at most; -1 for no limit") },
	{ ROW(LIMITS, VALUE, "memory-reservation", values_set_size, memory_reservation),
	  NUMBERS(1, INT64_MAX), HELP("SIZE", "memory it keeps when the host runs short") },
	{ ROW(LIMITS, VALUE, "cpus", values_set_cpus, cpus), .alias = "cpu",
	  NUMBERS(MICRO_CPU / 100, MICRO_CPU * 10000),
	  HELP("N", "CPUs' worth of time at most, as in 0.5") },
	{ ROW(LIMITS, VALUE, "cpu-shares", values_set_integer, cpu_shares), NUMBERS(2, 262144),
	  HELP("N", "share of CPU time under load, 2 to 262144 (usual: 1024)") },
	{ ROW(LIMITS, VALUE, "cpu-period", values_set_integer, cpu_period), NUMBERS(1000, 1000000),
	  HELP("USEC", "period of the CPU quota, 1000 to 1000000") },
	{ ROW(LIMITS, VALUE, "cpu-quota", values_set_integer, cpu_quota),
	  NUMBERS(1000, 1000000000000),
	  HELP("USEC", "CPU time in each period at most, from 1000 on") },
	{ ROW(LIMITS, VALUE, "cpuset-cpus", values_set_cpuset, cpuset_cpus),
	  HELP("LIST", "run on these CPUs only: 0-3,8") },
	{ ROW(LIMITS, VALUE, "cpuset-mems", values_set_cpuset, cpuset_mems),
	  HELP("LIST", "use these memory nodes only: 0-1") },
	{ ROW(LIMITS, VALUE, "pids-limit", values_set_pids_limit, pids_limit), NUMBERS(-1, 4194304),
	  HELP("N", "processes and threads at most; -1 for no limit") },
	{ ROW(LIMITS, VALUE, "blkio-weight", values_set_integer, blkio_weight), NUMBERS(10, 1000),
	  HELP("N", "share of disk time under load, 10 to 1000") },
	{ ROW(LIMITS, LIST, "device-read-bps", values_set_throttle, read_bps),
	  HELP("PATH:RATE", "bytes a second read from a device at most") },
	{ ROW(LIMITS, LIST, "device-write-bps", values_set_throttle, write_bps),
	  HELP("PATH:RATE", "bytes a second written to a device at most") },
	{ ROW(LIMITS, VALUE, "cgroup-parent", values_set_cgroup_parent, cgroup_parent),
	  HELP("PATH", "make its control group below this one") },

	{ ROW(NETWORK, VALUE, "net", values_set_net, net), .alias = "network",
	  HELP("none|bridge|user|host", "or WHAT:NAME, see sv(1); host: less isolation") },
	{ ROW(NETWORK, VALUE, "bridge", values_set_link, bridge),
	  HELP("NAME", "use this bridge of the host's, as in docker0") },
	{ ROW(NETWORK, VALUE, "bridge-addr", values_set_subnet, bridge_addr), NUMBERS(4, 0),
	  HELP("CIDR", "the bridge's address and subnet (default: 10.10.10.1/24)") },
	{ ROW(NETWORK, VALUE, "bridge-addr6", values_set_subnet, bridge_addr6), NUMBERS(6, 0),
	  HELP("CIDR", "the same for IPv6, which there is none of without") },
	{ ROW(NETWORK, VALUE, "ip", values_set_address, ip), NUMBERS(4, 0),
	  HELP("ADDR", "its IPv4 address (default: one that is free)") },
	{ ROW(NETWORK, VALUE, "ip6", values_set_address, ip6), NUMBERS(6, 0),
	  HELP("ADDR", "its IPv6 address (default: one that is free)") },
	{ ROW(NETWORK, VALUE, "mac-address", values_set_mac, mac),
	  HELP("MAC", "its hardware address (default: one made of the IPv4 address)") },
	{ ROW(NETWORK, LIST, "publish", values_set_publish, ports), .letter = 'p',
	  HELP("[IP:]HOST:PORT", "make PORT reachable as the machine's port HOST; /udp") },
	{ ROW(NETWORK, FLAG, "isolate", values_set_flag, isolate),
	  HELP(NULL, "keep it apart from the bridge's other containers") },
	{ ROW(NETWORK, LIST, "dns", values_set_dns, dns),
	  HELP("ADDR", "ask this resolver (default: the machine's)") },
	{ ROW(NETWORK, LIST, "dns-search", values_set_dns_search, dns_search),
	  HELP("DOMAIN", "look names up in this domain; '.': in none") },
	{ ROW(NETWORK, LIST, "add-host", values_set_add_host, hosts),
	  HELP("NAME:ADDR", "a line more in /etc/hosts") },

	{ ROW(RUNNING, VALUE, "stop-signal", values_set_signal, stop_signal),
	  HELP("SIGNAL", "what asks it to stop (default: TERM)") },
	{ ROW(RUNNING, VALUE, "stop-timeout", values_set_integer, stop_timeout),
	  NUMBERS(-1, INT32_MAX / 1000),
	  HELP("SECONDS", "from the stop signal to KILL (default: 10); -1: never") },
	/* ten years: a deadline that no clock overflows with */
	{ ROW(RUNNING, VALUE, "timeout", values_set_duration, timeout), NUMBERS(0, 315360000000),
	  HELP("DURATION", "stop it after so long: 90, 1.5, 250ms, 5m, 2h") },
	{ ROW_OF_PHASE(FIRST, RUNNING, VALUE, "file", values_set_string, config_file),
	  .letter = 'f', HELP("FILE", "read options from a file; the command line wins") },
	{ ROW(RUNNING, FLAG, "dry-run", values_set_flag, dry_run),
	  HELP(NULL, "print what would be done, and do nothing") },
	{ ROW(RUNNING, FLAG, "verbose", values_set_flag, verbose),
	  HELP(NULL, "say what is being done") },
	{ ROW_OF_PHASE(FIRST, RUNNING, FLAG, "help", values_set_flag, help), .letter = 'h',
	  HELP(NULL, "print this and exit") },

	{ ROW(ISOLATION, VALUE, "userns", values_set_userns, userns),
	  HELP("MODE", "ids of its own: auto, private, START:SIZE; host: less isolation") },
	{ ROW(ISOLATION, VALUE, "ipc", values_set_namespace, host_namespace[SPEC_IPC]),
	  HELP("host", "the host's shared memory and queues: less isolation") },
	{ ROW(ISOLATION, VALUE, "uts", values_set_namespace, host_namespace[SPEC_UTS]),
	  HELP("host", "the host's name: less isolation") },
	{ ROW(ISOLATION, VALUE, "pid", values_set_namespace, host_namespace[SPEC_PID]),
	  HELP("host", "the host's processes in view: less isolation") },
	/* the kernel's bound is half of what 64 bits of nanoseconds hold */
	{ ROW(ISOLATION, VALUE, "monotonic-offset", values_set_integer, monotonic_offset),
	  NUMBERS(-4611686018, 4611686018),
	  HELP("SECONDS", "shift CLOCK_MONOTONIC (a time namespace)") },
	{ ROW(ISOLATION, VALUE, "boottime-offset", values_set_integer, boottime_offset),
	  NUMBERS(-4611686018, 4611686018),
	  HELP("SECONDS", "shift CLOCK_BOOTTIME and the uptime") },

	{ ROW(PRIVILEGES, LIST, "cap-add", values_set_capabilities, cap_add),
	  HELP("NAME,...", "give it a capability, or ALL: less isolation") },
	{ ROW(PRIVILEGES, LIST, "cap-drop", values_set_capabilities, cap_drop),
	  HELP("NAME,...", "take a capability away, or ALL") },
	{ ROW(PRIVILEGES, LIST, "landlock", values_set_landlock, landlock),
	  HELP("ACCESS:PATH,...",
	       "let it use no other files than these; ro: read and run, rw: all") },
	{ ROW(PRIVILEGES, VALUE, "seccomp", values_set_string, seccomp),
	  HELP("FILE", "the policy of system calls: a file, default, or none") },
	{ ROW(PRIVILEGES, FLAG, "no-new-privs", values_set_flag, no_new_privs),
	  HELP(NULL, "execve gives no privileges (default: true)") },
	{ ROW(PRIVILEGES, FLAG, "privileged", values_set_flag, privileged),
	  HELP(NULL, "no walls but the namespaces: for trusted programs only") },
};
const size_t option_count = sizeof(option_rows) / sizeof(option_rows[0]);

/* --- the table ------------------------------------------------------------------------------- */

static bool is_word(const char *word, const char *text, size_t length)
{
	return word != NULL && strlen(word) == length && memcmp(word, text, length) == 0;
}

const struct option_row *options_find(const char *name, size_t length)
{
	for (size_t i = 0; i < option_count; i++)
		if (is_word(option_rows[i].name, name, length) ||
		    is_word(option_rows[i].alias, name, length))
			return &option_rows[i];
	return NULL;
}

static const struct option_row *find_letter(char letter)
{
	for (size_t i = 0; i < option_count; i++)
		if (option_rows[i].letter == letter)
			return &option_rows[i];
	return NULL;
}

/*
 * What Docker's users type and sv has not, letter or name (NULL: only a letter). There is no nearest
 * name for these: they need to be told why.
 */
static const struct {
	char letter;
	const char *name;
	const char *hint;
} elsewhere[] = {
	{ 'i', "interactive", "standard input is always connected; a terminal is found by itself" },
	{ 0, "it", "standard input is always connected; a terminal is found by itself" },
	{ 0, "rm", "nothing is kept anyway: leave it out" },
	{ 'd', "detach", "sv stays in the foreground: use & or a service manager" },
	{ 'P', "publish-all", "sv knows no ports by itself: name each with --publish" },
	{ 0, "expose", "on a bridge every port is open to its containers: leave it out" },
	{ 0, "link", "containers of a bridge know each other's names: leave it out" },
	{ 0, "init", "init is always there: leave it out" },
	{ 0, "mount", "see --volume" },
	{ 0, "restart", "sv runs a command once: use a service manager to start it again" },
	{ 0, "security-opt", "see --seccomp, --no-new-privs" },
	{ 0, "rootfs", "ROOTFS is the first word that isn't an option" },
};

const char *options_elsewhere(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (is_word(elsewhere[i].name, name, length) ||
		    (length == 1 && elsewhere[i].letter == name[0]))
			return elsewhere[i].hint;
	return NULL;
}

const char *options_nearest(const char *name, size_t length)
{
	const char *nearest = NULL;
	unsigned best = NEAREST_NONE;

	for (size_t i = 0; i < option_count; i++) {
		unsigned distance = nearest_distance(name, length, option_rows[i].name);

		if (distance < best) {
			best = distance;
			nearest = option_rows[i].name;
		}
	}
	return nearest;
}

int options_apply(const struct option_row *row, struct spec *spec, const char *where,
		  const char *text, struct error *error)
{
	struct value value = {
		.spec = spec,
		.where = where,
		.text = text,
		.field = (char *)spec + row->field,
		.min = row->min,
		.max = row->max,
		.on = text == NULL || strcmp(text, "true") == 0,
		.error = error,
	};

	if (row->kind == OPTION_FLAG && !value.on && strcmp(text, "false") != 0)
		return error_set(error, 0, "%s: '%.80s' is neither 'true' nor 'false'", where,
				 text);
	return row->set(&value);
}

void options_init(struct spec *spec)
{
	int64_t *const unset[] = {
		&spec->umask,
		&spec->oom_score_adj,
		&spec->monotonic_offset,
		&spec->boottime_offset,
		&spec->memory,
		&spec->memory_swap,
		&spec->memory_reservation,
		&spec->cpus,
		&spec->cpu_quota,
		&spec->cpu_period,
		&spec->cpu_shares,
		&spec->pids_limit,
		&spec->blkio_weight,
		&spec->stop_signal,
		&spec->stop_timeout,
		&spec->timeout,
		&spec->preserve_fds,
	};

	*spec = (struct spec){ .no_new_privs = true, .arena = spec->arena };
	for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++)
		*unset[i] = SPEC_UNSET;
}

void options_free(struct spec *spec)
{
	arena_free(&spec->arena);
}

/* --- the command line ------------------------------------------------------------------------ */

struct words {
	char *const *list;
	int count;
	int next;            /* in list */
	const char *cluster; /* what is left of "-tm64m", or NULL */
};

/* An option as it was found; text NULL for a flag without a value. */
struct found {
	const struct option_row *row;
	const char *text;
	char where[WHERE_SIZE];
};

static int refuse_unknown(struct error *error, const char *name, size_t length)
{
	int result = error_set(error, 0, "unknown option '--%.*s'", length > 80 ? 80 : (int)length,
			       name);
	const char *hint = options_elsewhere(name, length);
	const char *nearest = options_nearest(name, length);

	if (hint != NULL)
		return error_hint(error, result, "%s", hint);
	if (nearest != NULL)
		return error_hint(error, result,
				  "did you mean '--%s'? 'sv run --help' lists them all", nearest);
	return error_hint(error, result, "'sv run --help' lists them all");
}

/* Names the row, and gives it the next word where it needs a value and has none yet. */
static int complete(struct words *words, struct found *found, struct error *error)
{
	(void)snprintf(found->where, sizeof(found->where), "--%s", found->row->name);
	if (found->row->kind == OPTION_FLAG || found->text != NULL)
		return 1;
	if (words->next >= words->count)
		return error_hint(error, error_set(error, 0, "%s needs a value", found->where),
				  "%s %s", found->where, found->row->metavar);
	found->text = words->list[words->next++];
	return 1;
}

static int read_long(struct words *words, struct found *found, struct error *error)
{
	const char *name = words->list[words->next++] + 2;
	size_t length = strcspn(name, "=");

	found->row = options_find(name, length);
	if (found->row == NULL)
		return refuse_unknown(error, name, length);
	found->text = name[length] == '=' ? name + length + 1 : NULL;
	return complete(words, found, error);
}

/* One letter of a cluster. What follows the letter of an option with a value is the value. */
static int read_letter(struct words *words, struct found *found, struct error *error)
{
	char letter = *words->cluster++;
	const char *rest = words->cluster;

	found->row = find_letter(letter);
	found->text = NULL;
	if (found->row == NULL) {
		const char *hint = options_elsewhere(&letter, 1);

		return error_hint(error, error_set(error, 0, "unknown option '-%c'", letter), "%s",
				  hint != NULL ? hint : "'sv run --help' lists them all");
	}
	if (*rest == '=')
		found->text = rest + 1;
	else if (*rest != '\0' && found->row->kind != OPTION_FLAG)
		found->text = rest;
	if (*rest == '\0' || found->text != NULL)
		words->cluster = NULL;
	return complete(words, found, error);
}

/*
 * The next option: 1, or 0 at the first word that is none (which "--" comes before), or an error.
 */
static int read_option(struct words *words, struct found *found, struct error *error)
{
	const char *word;

	if (words->cluster != NULL)
		return read_letter(words, found, error);
	if (words->next >= words->count)
		return 0;
	word = words->list[words->next];
	if (word[0] != '-' || word[1] == '\0')
		return 0;
	if (word[1] == '-' && word[2] == '\0') {
		words->next++;
		return 0;
	}
	if (word[1] == '-')
		return read_long(words, found, error);
	words->next++;
	words->cluster = word + 1;
	return read_letter(words, found, error);
}

/*
 * Applies the options of one phase, up to the operands. --help ends it at once: what follows
 * doesn't matter any more.
 */
static int read_phase(struct spec *spec, struct words *words, enum option_phase phase,
		      struct error *error)
{
	struct found found;
	int result;

	words->next = 1;
	words->cluster = NULL;
	while ((result = read_option(words, &found, error)) > 0) {
		if (found.row->phase == phase)
			result = options_apply(found.row, spec, found.where, found.text, error);
		if (result < 0 || spec->help)
			break;
	}
	return result < 0 ? result : 0;
}

/* ROOTFS [--] COMMAND ARG...: where they are given they replace the configuration file's. */
static int take_operands(struct spec *spec, const struct words *words, struct error *error)
{
	int next = words->next;
	size_t count;

	if (next < words->count)
		spec->rootfs = words->list[next++];
	/* What a kept container of that name is made of is written down: rootfs.c. */
	if (spec->rootfs == NULL && spec->name != NULL)
		return 0;
	if (spec->rootfs == NULL || spec->rootfs[0] == '\0')
		return error_hint(error, error_set(error, 0, "no ROOTFS is given"),
				  "sv run [OPTION...] ROOTFS [--] [COMMAND [ARG...]]");
	if (next < words->count && strcmp(words->list[next], "--") == 0)
		next++;
	if (next >= words->count)
		return 0;
	count = (size_t)(words->count - next);
	spec->command = arena_take(&spec->arena, (count + 1) * sizeof(*spec->command));
	if (spec->command == NULL)
		return error_set(error, -ENOMEM, "cannot keep the command");
	for (size_t i = 0; i < count; i++)
		spec->command[i] = words->list[next + (int)i];
	return 0;
}

int options_parse(struct spec *spec, int argc, char *const argv[], struct error *error)
{
	struct words words = { .list = argv, .count = argc };
	int result;

	options_init(spec);
	result = read_phase(spec, &words, OPTION_PHASE_FIRST, error);
	if (result < 0 || spec->help)
		return result;
	if (spec->config_file != NULL)
		result = config_read(spec, spec->config_file, error);
	for (enum option_phase phase = OPTION_PHASE_FIRST + 1;
	     result == 0 && phase < OPTION_PHASE_COUNT; phase++)
		result = read_phase(spec, &words, phase, error);
	if (result == 0)
		result = take_operands(spec, &words, error);
	if (result == 0)
		result = values_check(spec, error);
	if (result == 0 && environment_unique(spec) < 0)
		result = error_set(error, -ENOMEM, "cannot keep the environment");
	return result;
}

/* --- the help -------------------------------------------------------------------------------- */

/* "  -m, --memory SIZE                  memory at most: bytes, or with k, m, g, t" */
static int print_row(int fd, const struct option_row *row)
{
	char option[HELP_LINE], line[HELP_LINE * 2], letter[] = { '-', row->letter, ',', '\0' };
	int length;

	(void)snprintf(option, sizeof(option), "  %3s --%s%s%s", row->letter != 0 ? letter : "",
		       row->name, row->metavar != NULL ? " " : "",
		       row->metavar != NULL ? row->metavar : "");
	length = snprintf(line, sizeof(line), "%-*s %s%s%s%s\n", HELP_COLUMN - 1, option, row->help,
			  row->alias != NULL ? " (also --" : "",
			  row->alias != NULL ? row->alias : "", row->alias != NULL ? ")" : "");
	return file_write(fd, line, (size_t)length);
}

static int print_text(int fd, const char *text)
{
	return file_write(fd, text, strlen(text));
}

int options_print_help(int fd)
{
	static const char *const headings[] = {
		[OPTION_GROUP_CONTAINER] = "\nThe container:\n",
		[OPTION_GROUP_IDENTITY] = "\nIts processes:\n",
		[OPTION_GROUP_FILES] = "\nIts files:\n",
		[OPTION_GROUP_LIMITS] = "\nLimits:\n",
		[OPTION_GROUP_NETWORK] = "\nIts network:\n",
		[OPTION_GROUP_RUNNING] = "\nRunning it:\n",
		[OPTION_GROUP_ISOLATION] =
			"\nNamespaces (each is the container's own unless told otherwise):\n",
		[OPTION_GROUP_PRIVILEGES] = "\nPrivileges:\n",
	};
	_Static_assert(sizeof(headings) / sizeof(headings[0]) == OPTION_GROUP_COUNT,
		       "a heading for each group");
	int result = print_text(
		fd,
		"Usage: sv run [OPTION...] ROOTFS [--] [COMMAND [ARG...]]\n\n"
		"Runs COMMAND (default: the image's, or /bin/sh) isolated, with ROOTFS as its root: a\n"
		"directory, an image, an archive ('-': standard input), a squashfs or erofs file.\n"
		"Options end at ROOTFS; what follows is the command's own.\n");

	for (size_t i = 0; result == 0 && i < option_count; i++) {
		if (i == 0 || option_rows[i].group != option_rows[i - 1].group)
			result = print_text(fd, headings[option_rows[i].group]);
		if (result == 0)
			result = print_row(fd, &option_rows[i]);
	}
	if (result == 0)
		result = print_text(
			fd,
			"\nExit status: the command's own; 128+N when signal N ended it;\n"
			"125 sv failed; 126 the command can't be executed; 127 it isn't found.\n");
	return result;
}
