/* SPDX-License-Identifier: MIT */
/* See values.h. Messages read "--memory: '64q' is not a size; hint: ..." whatever the setter. */
#include "values.h"

#include "../init/lib/number.h"
#include "../init/lib/signals.h"
#include "capabilities.h"
#include "environment.h"
#include "part.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define SHOWN \
 80 /* bytes of a value that a message shows, so that there is room for what is wrong with it */
#define PATH_SIZE_MAX      4096
#define CGROUP_PARENT_MAX  512
#define SYSCTL_KEY_MAX     255
#define CPU_MAX            65535
#define DEFAULT_CPU_PERIOD 100000 /* Docker's, in microseconds: --cpus 0.1 is a quota of 10000 */

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HINT_SIZE          "a number above 0, with k, m, g or t behind it where wanted: 64m, 1.5g"
#define HINT_TMPFS         "size=SIZE, mode=OCTAL, ro, rw, suid, nosuid, dev, nodev, exec, noexec"
#define HINT_TARGET        "the path inside is absolute, without '..', and not '/'"

int values_refuse(const struct value *value, const char *problem, const char *accepted)
{
	size_t length = strlen(value->text);
	int result = error_set(value->error, 0, "%s: '%.*s%s' %s", value->where, SHOWN, value->text,
			       length > SHOWN ? "..." : "", problem);

	return error_hint(value->error, result, "%s", accepted);
}

int values_no_memory(const struct value *value)
{
	return error_set(value->error, -ENOMEM, "%s: cannot keep the value", value->where);
}

/* `result` is a number helper's: the form and the range are different slips. */
static int refuse_number(const struct value *value, int result, const char *problem,
			 const char *accepted)
{
	return values_refuse(value, result == -ERANGE ? "is out of range" : problem, accepted);
}

static int refuse_integer(const struct value *value, int result)
{
	char accepted[64];

	(void)snprintf(accepted, sizeof(accepted), "%lld to %lld", (long long)value->min,
		       (long long)value->max);
	return refuse_number(value, result, "is not a whole number", accepted);
}

/* What is behind "PREFIX" in part; text NULL where it doesn't begin so. */
static struct part part_after(struct part part, const char *prefix)
{
	size_t length = strlen(prefix);

	if (part.length < length || memcmp(part.text, prefix, length) != 0)
		return (struct part){ NULL, 0 };
	return (struct part){ part.text + length, part.length - length };
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Only letters, digits and those of `also`. */
static bool has_only(const char *text, const char *also)
{
	for (; *text != '\0'; text++)
		if (!is_alnum(*text) && strchr(also, *text) == NULL)
			return false;
	return true;
}

/* --- paths ----------------------------------------------------------------------------------- */

/*
 * Writes the path without empty and '.' components to `path` (which has room for part.length + 2).
 * False when it is not absolute or has a '..': what that means depends on links, which aren't
 * followed here.
 */
static bool normalise_path(struct part part, char *path)
{
	struct part component;
	size_t used = 0;

	if (part.length == 0 || part.text[0] != '/')
		return false;
	while (part_next(&part, '/', &component)) {
		if (component.length == 0 || part_is(component, "."))
			continue;
		if (part_is(component, ".."))
			return false;
		path[used++] = '/';
		memmove(path + used, component.text,
			component.length); /* the part may lie in `path` itself */
		used += component.length;
	}
	if (used == 0)
		path[used++] = '/';
	path[used] = '\0';
	return true;
}

/* A path inside the container, into *target. */
static int take_target(const struct value *value, struct part part, bool root_too,
		       const char **target)
{
	char *path;

	if (part.length >= PATH_SIZE_MAX)
		return values_refuse(value, "has too long a path", "4095 bytes at most");
	path = arena_take(&value->spec->arena, part.length + 2);
	if (path == NULL)
		return values_no_memory(value);
	if (!normalise_path(part, path) || (!root_too && path[1] == '\0'))
		return values_refuse(value, "is no path for inside the container",
				     root_too ? "an absolute path without '..'" : HINT_TARGET);
	*target = path;
	return 0;
}

/* A path on the host, kept as it is. */
static int take_source(const struct value *value, struct part part, const char **source)
{
	if (part.length >= PATH_SIZE_MAX)
		return values_refuse(value, "has too long a path", "4095 bytes at most");
	*source = arena_copy(&value->spec->arena, part.text, part.length);
	return *source == NULL ? values_no_memory(value) : 0;
}

int values_set_target(const struct value *value)
{
	return take_target(value, part_of(value->text), true, value->field);
}

int values_set_cgroup_parent(const struct value *value)
{
	struct part rest = part_of(value->text), component;
	char *path;

	if (rest.length == 0 || rest.length > CGROUP_PARENT_MAX)
		return values_refuse(value, "is no path of a control group", "1 to 512 bytes");
	path = arena_take(&value->spec->arena, rest.length + 3);
	if (path == NULL)
		return values_no_memory(value);
	/* a relative one is made absolute for the check only */
	path[0] = '/';
	memcpy(path + 1, rest.text, rest.length);
	component = (struct part){ path, rest.length + 1 };
	if (!normalise_path(component, path) || (value->text[0] != '/' && path[1] == '\0'))
		return values_refuse(value, "is no path of a control group", "a path without '..'");
	*(const char **)value->field = path + (value->text[0] != '/');
	return 0;
}

/* --- plain values ---------------------------------------------------------------------------- */

int values_set_string(const struct value *value)
{
	if (value->text[0] == '\0')
		return values_refuse(value, "is empty", "a word");
	*(const char **)value->field = value->text;
	return 0;
}

int values_set_strings(const struct value *value)
{
	const char **row;

	if (value->text[0] == '\0')
		return values_refuse(value, "is empty", "a word");
	row = ARENA_APPEND(&value->spec->arena, (struct spec_strings *)value->field);
	if (row == NULL)
		return values_no_memory(value);
	*row = value->text;
	return 0;
}

int values_set_flag(const struct value *value)
{
	*(bool *)value->field = value->on;
	return 0;
}

int values_set_tty(const struct value *value)
{
	*(enum spec_tty *)value->field = value->on ? (enum spec_tty)value->min : SPEC_TTY_AUTO;
	return 0;
}

int values_set_integer(const struct value *value)
{
	int result = number_parse_i64(value->text, strlen(value->text), value->min, value->max,
				      value->field);

	return result < 0 ? refuse_integer(value, result) : 0;
}

int values_set_pids_limit(const struct value *value)
{
	int result = values_set_integer(value);

	/* Docker: "0 or -1 for unlimited" */
	if (result == 0 && *(int64_t *)value->field == 0)
		*(int64_t *)value->field = -1;
	return result;
}

int values_set_octal(const struct value *value)
{
	uint64_t number = 0;
	int result =
		number_parse_octal(value->text, strlen(value->text), (uint64_t)value->max, &number);

	if (result < 0)
		return refuse_number(value, result, "is not an octal number",
				     "octal digits, as in 022");
	*(int64_t *)value->field = (int64_t)number;
	return 0;
}

/* Bytes from 1 on. */
static int take_size(const struct value *value, struct part part, uint64_t *bytes)
{
	int result = number_parse_size(part.text, part.length, INT64_MAX, bytes);

	if (result == 0 && *bytes == 0)
		result = -ERANGE;
	return result < 0 ? refuse_number(value, result, "is not a size", HINT_SIZE) : 0;
}

int values_set_size(const struct value *value)
{
	struct part part = part_of(value->text);
	uint64_t bytes = 0;

	if (value->min == -1 && part_is(part, "-1")) {
		*(int64_t *)value->field = -1;
		return 0;
	}
	/* Docker: "If --memory-swap is set to 0, the setting is ignored" */
	if (value->min == -1 && part_is(part, "0")) {
		*(int64_t *)value->field = SPEC_UNSET;
		return 0;
	}
	if (take_size(value, part, &bytes) < 0)
		return -EINVAL;
	*(int64_t *)value->field = (int64_t)bytes;
	return 0;
}

int values_set_shm_size(const struct value *value)
{
	return take_size(value, part_of(value->text), value->field);
}

int values_set_duration(const struct value *value)
{
	uint64_t milliseconds = 0;
	int result = number_parse_duration(value->text, strlen(value->text), (uint64_t)value->max,
					   &milliseconds);

	if (result < 0)
		return refuse_number(value, result, "is not a duration",
				     "seconds, or a number with ms, s, m or h");
	*(int64_t *)value->field = milliseconds > 0 ? (int64_t)milliseconds : SPEC_UNSET;
	return 0;
}

int values_set_cpus(const struct value *value)
{
	uint64_t micro = 0;
	int result =
		number_parse_micro(value->text, strlen(value->text), (uint64_t)value->max, &micro);

	if (result == 0 && micro < (uint64_t)value->min)
		result = -ERANGE;
	if (result < 0)
		return refuse_number(value, result, "is not a number of CPUs",
				     "0.01 to 10000, as in 0.5");
	*(int64_t *)value->field = (int64_t)micro;
	return 0;
}

int values_set_signal(const struct value *value)
{
	int signal = signals_parse(value->text, strlen(value->text));

	if (signal < 0)
		return values_refuse(value, "is not a signal",
				     "a name or number: TERM, SIGTERM, 15, RTMIN+3");
	*(int64_t *)value->field = signal;
	return 0;
}

int values_set_namespace(const struct value *value)
{
	struct part part = part_of(value->text);
	bool host = part_is(part, "host");

	if (!host && !part_is(part, "private"))
		return values_refuse(value, "is none of the choices",
				     "'private' (the default), 'host'");
	*(bool *)value->field = host;
	return 0;
}

/* host, private, auto, or START:SIZE. 0 is the host's root: no range may begin there. */
int values_set_userns(const struct value *value)
{
	struct part rest = part_of(value->text), first = { NULL, 0 };
	struct spec *spec = value->spec;
	uint64_t start, size;

	spec->userns_start = spec->userns_size = 0;
	spec->userns = part_is(rest, "host")      ? SPEC_USERNS_HOST
		       : part_is(rest, "private") ? SPEC_USERNS_PRIVATE
						  : SPEC_USERNS_AUTO;
	if (spec->userns != SPEC_USERNS_AUTO || part_is(rest, "auto"))
		return 0;
	(void)part_next(&rest, ':', &first);
	if (rest.text == NULL ||
	    number_parse_u64(first.text, first.length, UINT32_MAX - 1, &start) < 0 ||
	    number_parse_u64(rest.text, rest.length, UINT32_MAX, &size) < 0)
		return values_refuse(
			value, "is none of the choices",
			"'auto' (the default), 'private', 'host', or START:SIZE, two numbers of ids");
	if (start == 0 || size == 0 || start + size > UINT32_MAX)
		return values_refuse(
			value, "is out of range",
			"START from 1 on, SIZE at least 1, and no id above 4294967294");
	spec->userns = SPEC_USERNS_PRIVATE;
	spec->userns_start = (uint32_t)start;
	spec->userns_size = (uint32_t)size;
	return 0;
}

int values_set_capabilities(const struct value *value)
{
	struct part rest = part_of(value->text), name;

	while (part_next(&rest, ',', &name)) {
		uint64_t set = capabilities_parse(name.text, name.length);
		const char *nearest = capabilities_nearest(name.text, name.length);

		if (set == 0 && nearest != NULL)
			return error_hint(
				value->error,
				error_set(value->error, 0, "%s: '%.*s' is no capability",
					  value->where,
					  (int)(name.length > SHOWN ? SHOWN : name.length),
					  name.text),
				"did you mean '%s'?", nearest);
		if (set == 0)
			return values_refuse(
				value, "is no capability",
				"a name of capabilities(7), such as NET_ADMIN, or ALL");
		*(uint64_t *)value->field |= set;
	}
	return 0;
}

/* "ro:/usr,rw:/data" */
int values_set_landlock(const struct value *value)
{
	struct part rest = part_of(value->text), word;

	while (part_next(&rest, ',', &word)) {
		struct part access = { NULL, 0 };
		struct spec_landlock *row;

		(void)part_next(&word, ':', &access);
		if (word.text == NULL || (!part_is(access, "ro") && !part_is(access, "rw")))
			return values_refuse(
				value, "is no list of accesses",
				"ro:PATH to read and run, rw:PATH for all: ro:/usr,rw:/data");
		row = ARENA_APPEND(&value->spec->arena, &value->spec->landlock);
		if (row == NULL)
			return values_no_memory(value);
		row->writes = part_is(access, "rw");
		if (take_target(value, word, true, &row->path) < 0)
			return -EINVAL;
	}
	return 0;
}

/* --- names ----------------------------------------------------------------------------------- */

bool values_is_name(const char *text)
{
	return is_alnum(text[0]) && has_only(text, "_.-") && strstr(text, "..") == NULL &&
	       strlen(text) <= SPEC_NAME_MAX;
}

int values_set_name(const struct value *value)
{
	const char *text = value->text;

	if (!values_is_name(text))
		return values_refuse(
			value, "is no container's name",
			"1 to 64 letters, digits, '_', '.', '-', as in web-1; no '..'");
	*(const char **)value->field = text;
	return 0;
}

/*
 * Labels as in RFC 1123; '_' too, since it is common and the default host name is the container's
 * name.
 */
static bool is_hostname(const char *text)
{
	struct part rest = part_of(text), label;

	if (rest.length > SPEC_NAME_MAX || !has_only(text, "_.-"))
		return false;
	while (part_next(&rest, '.', &label))
		if (label.length == 0 || label.length > 63 || label.text[0] == '-' ||
		    label.text[label.length - 1] == '-')
			return false;
	return true;
}

int values_set_hostname(const struct value *value)
{
	if (!is_hostname(value->text))
		return values_refuse(
			value, "is no host name",
			"letters, digits, '-' and '_', with dots between; 64 bytes at most");
	*(const char **)value->field = value->text;
	return 0;
}

int values_set_env(const struct value *value)
{
	int result = environment_add(value->spec, value->text);

	if (result == -ENOMEM)
		return values_no_memory(value);
	return result < 0 ? values_refuse(value, "has no name",
					  "NAME=VALUE, or NAME for the caller's value")
			  : 0;
}

int values_set_env_file(const struct value *value)
{
	return environment_read(value->spec, value->where, value->text, value->error);
}

/* --- volumes, tmpfs, devices ----------------------------------------------------------------- */

/* A word of a mount's options and the bool that it sets. */
struct mount_word {
	const char *word;
	size_t field;
	bool on;
};

static bool take_mount_word(const struct mount_word *rows, size_t count, struct part part,
			    void *mount)
{
	for (size_t i = 0; i < count; i++) {
		if (part_is(part, rows[i].word)) {
			*(bool *)((char *)mount + rows[i].field) = rows[i].on;
			return true;
		}
	}
	return false;
}

static bool take_volume_word(struct part part, struct spec_volume *volume)
{
	static const struct mount_word rows[] = {
		{ "ro", offsetof(struct spec_volume, read_only), true },
		{ "ro-nonrecursive", offsetof(struct spec_volume, read_only_top), true },
		{ "rw", offsetof(struct spec_volume, read_only), false },
		{ "create", offsetof(struct spec_volume, create), true },
		{ "suid", offsetof(struct spec_volume, allow_suid), true },
		{ "nosuid", offsetof(struct spec_volume, allow_suid), false },
		{ "dev", offsetof(struct spec_volume, allow_devices), true },
		{ "nodev", offsetof(struct spec_volume, allow_devices), false },
		{ "noexec", offsetof(struct spec_volume, no_exec), true },
		{ "exec", offsetof(struct spec_volume, no_exec), false },
		{ "noidmap", offsetof(struct spec_volume, no_idmap), true },
		{ "idmap", offsetof(struct spec_volume, no_idmap), false },
	};

	if (part_is(part, "rslave"))
		volume->propagation = SPEC_RSLAVE;
	else if (part_is(part, "private") || part_is(part, "rprivate"))
		volume->propagation = SPEC_PRIVATE;
	else
		return take_mount_word(rows, ARRAY_COUNT(rows), part, volume);
	return true;
}

int values_set_volume(const struct value *value)
{
	struct part rest = part_of(value->text), source = { NULL, 0 }, target = { NULL, 0 }, word;
	struct spec_volume volume = { .propagation = SPEC_PRIVATE }, *row;

	(void)part_next(&rest, ':', &source);
	(void)part_next(&rest, ':', &target);
	if (source.length == 0 || target.length == 0)
		return values_refuse(value, "lacks a source or a target", "SRC:DST or SRC:DST:ro");
	while (part_next(&rest, ',', &word))
		if (!take_volume_word(word, &volume))
			return values_refuse(
				value, "has an unknown flag",
				"ro, ro-nonrecursive, rw, suid, nosuid, dev, nodev, exec, noexec, noidmap, idmap, rslave, rprivate, create");
	if (take_source(value, source, &volume.source) < 0 ||
	    take_target(value, target, false, &volume.target) < 0)
		return -EINVAL;
	volume.is_named = values_is_name(volume.source);
	row = ARENA_APPEND(&value->spec->arena, &value->spec->volumes);
	if (row == NULL)
		return values_no_memory(value);
	*row = volume;
	return 0;
}

static bool take_tmpfs_word(struct part part, struct spec_tmpfs *tmpfs)
{
	static const struct mount_word rows[] = {
		{ "ro", offsetof(struct spec_tmpfs, read_only), true },
		{ "rw", offsetof(struct spec_tmpfs, read_only), false },
		{ "suid", offsetof(struct spec_tmpfs, allow_suid), true },
		{ "nosuid", offsetof(struct spec_tmpfs, allow_suid), false },
		{ "dev", offsetof(struct spec_tmpfs, allow_devices), true },
		{ "nodev", offsetof(struct spec_tmpfs, allow_devices), false },
		{ "noexec", offsetof(struct spec_tmpfs, no_exec), true },
		{ "exec", offsetof(struct spec_tmpfs, no_exec), false },
	};
	struct part size = part_after(part, "size="), mode = part_after(part, "mode=");
	uint64_t bits;

	if (size.text != NULL)
		return number_parse_size(size.text, size.length, INT64_MAX, &tmpfs->size) == 0 &&
		       tmpfs->size > 0;
	if (mode.text == NULL)
		return take_mount_word(rows, ARRAY_COUNT(rows), part, tmpfs);
	if (number_parse_octal(mode.text, mode.length, 07777, &bits) < 0)
		return false;
	tmpfs->mode = (uint32_t)bits;
	return true;
}

int values_set_tmpfs(const struct value *value)
{
	struct part rest = part_of(value->text), target = { NULL, 0 }, word;
	/* noexec unless asked, as in Docker and Podman */
	struct spec_tmpfs tmpfs = { .mode = 01777, .no_exec = true }, *row;

	(void)part_next(&rest, ':', &target);
	while (part_next(&rest, ',', &word))
		if (!take_tmpfs_word(word, &tmpfs))
			return values_refuse(value, "has an option that is not right", HINT_TMPFS);
	if (take_target(value, target, false, &tmpfs.target) < 0)
		return -EINVAL;
	row = ARENA_APPEND(&value->spec->arena, &value->spec->tmpfs);
	if (row == NULL)
		return values_no_memory(value);
	*row = tmpfs;
	return 0;
}

/* "rwm" in any order, each once at most, one at least. */
static bool take_device_access(struct part part, struct spec_device *device)
{
	device->read = device->write = device->make_node = false;
	for (size_t i = 0; i < part.length; i++) {
		char c = part.text[i];
		bool *bit = c == 'r'   ? &device->read
			    : c == 'w' ? &device->write
			    : c == 'm' ? &device->make_node
				       : NULL;

		if (bit == NULL || *bit)
			return false;
		*bit = true;
	}
	return part.length > 0;
}

int values_set_device(const struct value *value)
{
	struct part rest = part_of(value->text), source = { NULL, 0 }, target, access;
	struct spec_device device = { .read = true, .write = true, .make_node = true }, *row;

	(void)part_next(&rest, ':', &source);
	target = source;
	/* SRC:rwm is short for SRC:SRC:rwm; a target always has a slash */
	if (rest.text != NULL && memchr(rest.text, '/', rest.length) != NULL)
		(void)part_next(&rest, ':', &target);
	if (source.length == 0 || source.text[0] != '/' ||
	    (part_next(&rest, ':', &access) &&
	     (!take_device_access(access, &device) || rest.text != NULL)))
		return values_refuse(value, "is no device",
				     "SRC[:DST[:rwm]] with absolute paths, as in /dev/fuse");
	if (take_source(value, source, &device.source) < 0 ||
	    take_target(value, target, false, &device.target) < 0)
		return -EINVAL;
	row = ARENA_APPEND(&value->spec->arena, &value->spec->devices);
	if (row == NULL)
		return values_no_memory(value);
	*row = device;
	return 0;
}

/* --- limits ---------------------------------------------------------------------------------- */

static bool is_cpu_range(struct part range)
{
	struct part first = { NULL, 0 };
	uint64_t from, to;

	(void)part_next(&range, '-', &first);
	if (number_parse_u64(first.text, first.length, CPU_MAX, &from) < 0)
		return false;
	return range.text == NULL ||
	       (number_parse_u64(range.text, range.length, CPU_MAX, &to) == 0 && from <= to);
}

int values_set_cpuset(const struct value *value)
{
	struct part rest = part_of(value->text), range;

	while (part_next(&rest, ',', &range))
		if (!is_cpu_range(range))
			return values_refuse(value, "is no list of numbers",
					     "numbers and ranges: 0-3,8");
	*(const char **)value->field = value->text;
	return 0;
}

int values_set_throttle(const struct value *value)
{
	const char *colon = strrchr(value->text, ':');
	SPEC_LIST(struct spec_throttle) *list = value->field;
	struct spec_throttle throttle = { 0 }, *row;

	if (colon == NULL || value->text[0] != '/')
		return values_refuse(value, "is no device with a rate",
				     "PATH:RATE, as in /dev/sda:1m");
	if (take_size(value, part_of(colon + 1), &throttle.bytes_per_second) < 0 ||
	    take_source(value, (struct part){ value->text, (size_t)(colon - value->text) },
			&throttle.device) < 0)
		return -EINVAL;
	row = ARENA_APPEND(&value->spec->arena, list);
	if (row == NULL)
		return values_no_memory(value);
	*row = throttle;
	return 0;
}

static const struct {
	const char *name;
	int resource;
} resources[] = {
	{ "as", RLIMIT_AS },
	{ "core", RLIMIT_CORE },
	{ "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS },
	{ "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE },
	{ "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },
	{ "nproc", RLIMIT_NPROC },
	{ "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME },
	{ "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};
_Static_assert(ARRAY_COUNT(resources) == RLIM_NLIMITS, "every limit that the kernel has");

/* RLIMIT_* by name; -1 when there is none. */
static int find_resource(struct part part)
{
	for (size_t i = 0; i < ARRAY_COUNT(resources); i++)
		if (part_is(part, resources[i].name))
			return resources[i].resource;
	return -1;
}

const char *values_ulimit_name(int resource)
{
	for (size_t i = 0; i < ARRAY_COUNT(resources); i++)
		if (resources[i].resource == resource)
			return resources[i].name;
	return NULL;
}

static bool take_limit(struct part part, uint64_t *limit)
{
	*limit = UINT64_MAX;
	return part_is(part, "unlimited") || part_is(part, "-1") ||
	       number_parse_u64(part.text, part.length, UINT64_MAX - 1, limit) == 0;
}

/* The row of a resource: the one there is, so that the last word counts, or a new one. */
static struct spec_ulimit *ulimit_row(struct spec *spec, int resource)
{
	for (size_t i = 0; i < spec->ulimits.count; i++)
		if (spec->ulimits.rows[i].resource == resource)
			return &spec->ulimits.rows[i];
	return ARENA_APPEND(&spec->arena, &spec->ulimits);
}

int values_set_ulimit(const struct value *value)
{
	struct part rest = part_of(value->text), name = { NULL, 0 }, soft = { NULL, 0 };
	struct spec_ulimit limit = { 0 }, *row;

	(void)part_next(&rest, '=', &name);
	limit.resource = find_resource(name);
	if (limit.resource < 0)
		return values_refuse(
			value, "names no limit",
			"NAME=SOFT[:HARD]: as, core, cpu, data, fsize, locks, memlock, msgqueue, "
			"nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack");
	if (!part_next(&rest, ':', &soft) || !take_limit(soft, &limit.soft) ||
	    !take_limit(rest.text == NULL ? soft : rest, &limit.hard))
		return values_refuse(value, "has a limit that is no number",
				     "NAME=SOFT[:HARD], numbers or 'unlimited'");
	if (limit.soft > limit.hard)
		return values_refuse(value, "has a soft limit above the hard one",
				     "NAME=SOFT[:HARD] with SOFT <= HARD");
	row = ulimit_row(value->spec, limit.resource);
	if (row == NULL)
		return values_no_memory(value);
	*row = limit;
	return 0;
}

/* --- sysctls --------------------------------------------------------------------------------- */

/*
 * The settings that belong to a namespace; a row that ends with '/' is a folder. The rest would
 * change the host.
 */
static const struct {
	const char *key;
	enum spec_namespace owner;
} sysctl_rows[] = {
	{ "net/", SPEC_NET },          { "fs/mqueue/", SPEC_IPC },
	{ "kernel/msgmax", SPEC_IPC }, { "kernel/msgmnb", SPEC_IPC },
	{ "kernel/msgmni", SPEC_IPC }, { "kernel/sem", SPEC_IPC },
	{ "kernel/shmall", SPEC_IPC }, { "kernel/shmmax", SPEC_IPC },
	{ "kernel/shmmni", SPEC_IPC }, { "kernel/shm_rmid_forced", SPEC_IPC },
};

/* The namespace that a key belongs to; SPEC_NAMESPACE_COUNT for the host's own settings. */
static enum spec_namespace sysctl_owner(const char *key)
{
	for (size_t i = 0; i < ARRAY_COUNT(sysctl_rows); i++) {
		size_t length = strlen(sysctl_rows[i].key);

		if (strncmp(key, sysctl_rows[i].key, length) == 0 &&
		    (sysctl_rows[i].key[length - 1] == '/' ? key[length] != '\0'
							   : key[length] == '\0'))
			return sysctl_rows[i].owner;
	}
	return SPEC_NAMESPACE_COUNT;
}

/*
 * As sysctl(8): where the first separator is a dot, dots and slashes change places, so that
 * "net.ipv4.conf.eth0/1.forwarding" names the interface eth0.1; where it is a slash, the key is a
 * path already.
 */
static void sysctl_to_path(char *key)
{
	size_t first = strcspn(key, "./");

	if (key[first] != '.')
		return;
	for (; *key != '\0'; key++)
		*key = *key == '.' ? '/' : *key == '/' ? '.' : *key;
}

/*
 * Components that are there and don't lead elsewhere. Interface names may hold almost any
 * character.
 */
static bool is_sysctl_path(const char *key)
{
	struct part rest = part_of(key), component;

	if (rest.length > SYSCTL_KEY_MAX)
		return false;
	while (part_next(&rest, '/', &component))
		if (component.length == 0 || part_is(component, ".") || part_is(component, ".."))
			return false;
	return true;
}

static int refuse_sysctl(const struct value *value, const char *key)
{
	if (strcmp(key, "kernel/hostname") == 0)
		return values_refuse(value, "is refused", "use --hostname");
	if (strcmp(key, "kernel/domainname") == 0)
		return values_refuse(value, "is refused", "use --domainname");
	return values_refuse(value, "is no setting of a container's own",
			     "net.*, fs.mqueue.*, kernel.msg{max,mnb,mni}, kernel.sem, "
			     "kernel.shm{all,max,mni,_rmid_forced}");
}

int values_set_sysctl(const struct value *value)
{
	struct part rest = part_of(value->text), name = { NULL, 0 };
	struct spec_sysctl *row;
	char *key;

	(void)part_next(&rest, '=', &name);
	if (rest.text == NULL || name.length == 0)
		return values_refuse(value, "is no setting",
				     "KEY=VALUE, as in net.ipv4.ip_forward=1");
	key = arena_copy(&value->spec->arena, name.text, name.length);
	if (key == NULL)
		return values_no_memory(value);
	sysctl_to_path(key);
	if (!is_sysctl_path(key) || sysctl_owner(key) == SPEC_NAMESPACE_COUNT)
		return refuse_sysctl(value, key);
	row = ARENA_APPEND(&value->spec->arena, &value->spec->sysctls);
	if (row == NULL)
		return values_no_memory(value);
	*row = (struct spec_sysctl){ key, rest.text };
	return 0;
}

/* --- what belongs together ------------------------------------------------------------------- */

static int check_memory(const struct spec *spec, struct error *error)
{
	int64_t memory = spec->memory, swap = spec->memory_swap;

	if (swap != SPEC_UNSET && swap != -1 && memory == SPEC_UNSET)
		return error_hint(error,
				  error_set(error, 0, "--memory-swap is given without --memory"),
				  "it counts memory and swap together");
	if (swap != SPEC_UNSET && swap != -1 && swap < memory)
		return error_hint(
			error,
			error_set(error, 0,
				  "--memory-swap (%lld bytes) is less than --memory (%lld bytes)",
				  (long long)swap, (long long)memory),
			"it counts memory and swap together; as much as --memory: no swap");
	if (spec->memory_reservation != SPEC_UNSET && memory != SPEC_UNSET &&
	    spec->memory_reservation > memory)
		return error_set(
			error, 0,
			"--memory-reservation (%lld bytes) is more than --memory (%lld bytes)",
			(long long)spec->memory_reservation, (long long)memory);
	return 0;
}

static int check_cpus(struct spec *spec, struct error *error)
{
	if (spec->cpus == SPEC_UNSET)
		return 0;
	if (spec->cpu_quota != SPEC_UNSET || spec->cpu_period != SPEC_UNSET)
		return error_hint(error,
				  error_set(error, 0,
					    "--cpus can't go with --cpu-quota or --cpu-period"),
				  "--cpus 0.5 is --cpu-quota 50000 --cpu-period 100000");
	spec->cpu_period = DEFAULT_CPU_PERIOD;
	spec->cpu_quota = spec->cpus * DEFAULT_CPU_PERIOD / MICRO_CPU;
	return 0;
}

static int check_namespaces(const struct spec *spec, struct error *error)
{
	static const char *const names[] = {
		[SPEC_NET] = "net", [SPEC_IPC] = "ipc", [SPEC_UTS] = "uts", [SPEC_PID] = "pid"
	};
	_Static_assert(ARRAY_COUNT(names) == SPEC_NAMESPACE_COUNT, "a name for each");

	if (spec->host_namespace[SPEC_UTS] && (spec->hostname != NULL || spec->domainname != NULL))
		return error_set(error, 0,
				 "--%s can't go with --uts host: it would rename the host",
				 spec->hostname != NULL ? "hostname" : "domainname");
	for (size_t i = 0; i < spec->sysctls.count; i++) {
		enum spec_namespace owner = sysctl_owner(spec->sysctls.rows[i].key);
		bool is_joined = owner == SPEC_NET && spec->net != SPEC_NET_HOST;

		if (owner < SPEC_NAMESPACE_COUNT && spec->host_namespace[owner])
			return error_set(
				error, 0,
				"--sysctl '%.*s' can't go with --%s %s: it would change %s", SHOWN,
				spec->sysctls.rows[i].key, names[owner],
				is_joined ? "container and ns" : "host",
				is_joined ? "another's network" : "the host");
	}
	return 0;
}

int values_check(struct spec *spec, struct error *error)
{
	int result = check_memory(spec, error);

	if (result == 0)
		result = check_cpus(spec, error);
	if (result == 0)
		result = values_check_network(spec, error);
	if (result == 0)
		result = check_namespaces(spec, error);
	return result < 0 ? result : values_check_ports(spec, error);
}
