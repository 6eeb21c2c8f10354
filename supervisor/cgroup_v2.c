/* SPDX-License-Identifier: MIT */
/*
 * What is written into the files of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst), and how
 * controllers are passed down to the groups that need them.
 */
#include "cgroup_internal.h"

#include "../init/lib/number.h"
#include "../init/lib/sys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The group that sv moves itself into where its own has to pass on controllers. */
#define LEAF "sv-supervisor"

#define PERIOD_DEFAULT 100000 /* us, the kernel's */
#define LIST_MAX       8192   /* CPUs or memory nodes: NR_CPUS_RANGE_END of x86 */

/* --- values ----------------------------------------------------------------------------------- */

int cgroup_v2_format_memory(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
			    char value[CGROUP_VALUE_MAX], struct error *error)
{
	return cgroup_format_pids(limit, spec, index, value, error); /* -1 is "max" here too */
}

/* Swap alone, where the option is the sum. Only --memory: as much swap again, as Docker has it. */
int cgroup_v2_format_swap(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
			  char value[CGROUP_VALUE_MAX], struct error *error)
{
	(void)limit, (void)error;
	if (index > 0 || (spec->memory_swap == SPEC_UNSET && spec->memory == SPEC_UNSET))
		return 0;
	if (spec->memory_swap == SPEC_UNSET)
		(void)snprintf(value, CGROUP_VALUE_MAX, "%" PRId64, spec->memory);
	else if (spec->memory_swap < 0)
		(void)snprintf(value, CGROUP_VALUE_MAX, "max");
	else
		(void)snprintf(value, CGROUP_VALUE_MAX, "%" PRId64,
			       spec->memory_swap - spec->memory);
	return 1;
}

int cgroup_v2_format_weight(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
			    char value[CGROUP_VALUE_MAX], struct error *error)
{
	(void)limit, (void)error;
	if (index > 0 || spec->cpu_shares == SPEC_UNSET)
		return 0;
	(void)snprintf(value, CGROUP_VALUE_MAX, "%" PRIu64,
		       cgroup_shares_to_weight((uint64_t)spec->cpu_shares));
	return 1;
}

/* cpu.max holds quota and period: either option writes it. */
int cgroup_v2_format_cpu(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
			 char value[CGROUP_VALUE_MAX], struct error *error)
{
	int64_t period = spec->cpu_period == SPEC_UNSET ? PERIOD_DEFAULT : spec->cpu_period;

	(void)limit, (void)error;
	if (index > 0 || (spec->cpu_quota == SPEC_UNSET && spec->cpu_period == SPEC_UNSET))
		return 0;
	if (spec->cpu_quota == SPEC_UNSET || spec->cpu_quota < 0)
		(void)snprintf(value, CGROUP_VALUE_MAX, "max %" PRId64, period);
	else
		(void)snprintf(value, CGROUP_VALUE_MAX, "%" PRId64 " %" PRId64, spec->cpu_quota,
			       period);
	return 1;
}

int cgroup_v2_format_pids(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
			  char value[CGROUP_VALUE_MAX], struct error *error)
{
	if (spec->pids_limit != SPEC_UNSET)
		return cgroup_format_pids(limit, spec, index, value, error);
	if (index > 0)
		return 0;
	(void)snprintf(value, CGROUP_VALUE_MAX, "%d", CGROUP_DEFAULT_PIDS);
	return 1;
}

/* 10..1000 as 1..10000, the runtimes' way. */
int cgroup_v2_format_io_weight(const struct cgroup_limit *limit, const struct spec *spec,
			       size_t index, char value[CGROUP_VALUE_MAX], struct error *error)
{
	(void)limit, (void)error;
	if (index > 0 || spec->blkio_weight == SPEC_UNSET)
		return 0;
	(void)snprintf(value, CGROUP_VALUE_MAX, "%" PRId64,
		       1 + (spec->blkio_weight - 10) * 9999 / 990);
	return 1;
}

int cgroup_v2_format_throttle(const struct cgroup_limit *limit, const struct spec *spec,
			      size_t index, char value[CGROUP_VALUE_MAX], struct error *error)
{
	const struct spec_throttle *throttle = NULL;
	const char *key = limit->field == offsetof(struct spec, read_bps) ? "rbps" : "wbps";
	char device[32];
	int rc = cgroup_throttle_device(limit, spec, index, &throttle, device, error);

	if (rc > 0)
		(void)snprintf(value, CGROUP_VALUE_MAX, "%s %s=%" PRIu64, device, key,
			       throttle->bytes_per_second);
	return rc;
}

/* --- shares to weight ------------------------------------------------------------------------- */

__extension__ typedef unsigned __int128 wide;

#define LOG_BITS 44 /* of fraction */

/* log2 of a number above 0, a bit a round: squaring the mantissa doubles its logarithm. */
static uint64_t log2_fixed(uint64_t number)
{
	unsigned whole = 63U - (unsigned)__builtin_clzll(number);
	uint64_t mantissa = number << (63 - whole), result = whole;

	for (unsigned i = 0; i < LOG_BITS; i++) {
		wide square = ((wide)mantissa * mantissa) >> 63;
		unsigned bit = (square >> 64) != 0 ? 1 : 0;

		mantissa = (uint64_t)(square >> bit);
		result = result << 1 | bit;
	}
	return result;
}

/*
 * weight = ceil(10 ^ ((l * l + 125 * l) / 612 - 7 / 34)), l = log2(shares). There is no libm here,
 * and no need of one: 7/34 is 126/612, and the weight is the smallest whole w with 612 * log2(w) >=
 * (l * l + 125 * l - 126) * log2(10). The slack is for 1024, whose weight is 100 exactly; all
 * values are compared with Python's in the tests.
 */
uint64_t cgroup_shares_to_weight(uint64_t shares)
{
	const wide one = (wide)1 << LOG_BITS;
	uint64_t low = 1, high = 10000;
	wide l, wanted;

	if (shares <= 2)
		return shares == 0 ? 0 : 1;
	if (shares >= 262144)
		return high;
	l = log2_fixed(shares);
	wanted = ((l * l >> LOG_BITS) + 125 * l - 126 * one) * log2_fixed(10) >> LOG_BITS;
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if ((wide)612 * log2_fixed(middle) + (one >> 26) >= wanted)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* --- controllers ------------------------------------------------------------------------------ */

/* "+memory +pids" for the bits. */
static void controllers_text(unsigned controllers, const char *before, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		if ((controllers >> i & 1) != 0 && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s%s",
						 used > 0 ? " " : "", before,
						 cgroup_controller_name(i, true));
}

/* A file of controllers as bits; what every v2 group can do is always among them. */
static int read_controllers(int fd, const char *file, unsigned *controllers)
{
	char text[512];
	ssize_t length = cgroup_read(fd, file, text, sizeof(text));

	if (length < 0)
		return (int)length;
	*controllers = cgroup_controllers_parse(text, (size_t)length, true);
	return 0;
}

/*
 * A group that passes controllers on can't hold processes (but for the real root). Where the only
 * one in it is sv itself, as in a container whose main process sv is, sv moves to a leaf beside the
 * containers' parent. The leaf stays as long as sv does, since one can't leave it for a group that
 * passes controllers on.
 *
 * Asked before, not left to the kernel's EBUSY: it takes cpu and pids even so, and makes all groups
 * there threaded, the administrator's too.
 */
static int make_room(int fd, const char *where, struct error *error)
{
	char text[64], self[32];
	ssize_t length = cgroup_read(fd, "cgroup.type", text, sizeof(text));
	int rc = 0;

	if (length == -ENOENT || !cgroup_populated(fd, false))
		return 0; /* the real root, or an empty group */
	length = cgroup_read(fd, "cgroup.procs", text, sizeof(text));
	(void)snprintf(self, sizeof(self), "%d", (int)getpid());
	if (length > 0 && strcmp(text, self) == 0) {
		rc = sys_mkdirat(fd, LEAF, 0755);
		if (rc == 0 || rc == -EEXIST)
			rc = cgroup_write(fd, LEAF "/cgroup.procs", "0");
		return rc < 0 ? error_set(error, rc, "cannot move to cgroup '%s/" LEAF "'", where)
			      : 0;
	}
	rc = error_set(error, -EBUSY,
		       "cannot pass controllers on from cgroup '%s', which holds processes", where);
	return error_hint(
		error, rc,
		"move them to a group of their own: mkdir %s/init and write each pid to its "
		"cgroup.procs",
		where);
}

static int enable(unsigned wanted, int fd, const char *where, struct error *error)
{
	char names[128];
	unsigned have = 0, offered = 0;
	int rc = read_controllers(fd, "cgroup.subtree_control", &have);

	wanted &= ~have & ~(1U << CGROUP_DEVICES | 1U << CGROUP_FREEZER);
	if (rc == 0 && wanted != 0)
		rc = read_controllers(fd, "cgroup.controllers", &offered);
	if (rc < 0 || wanted == 0)
		return rc < 0 ? error_set(error, rc, "cannot read the controllers of cgroup '%s'",
					  where)
			      : 0;
	if ((wanted & ~offered) != 0) {
		controllers_text(wanted & ~offered, "", names, sizeof(names));
		return error_set(error, 0, "cgroup '%s' has no controller '%s' to pass on", where,
				 names);
	}
	rc = make_room(fd, where, error);
	if (rc < 0)
		return rc;
	controllers_text(wanted, "+", names, sizeof(names));
	rc = cgroup_write(fd, "cgroup.subtree_control", names);
	if (rc < 0)
		rc = error_set(error, rc, "cannot write '%s' to '%s/cgroup.subtree_control'", names,
			       where);
	return rc == -EOPNOTSUPP
		       ? error_hint(error, rc, "it is threaded; choose another --cgroup-parent")
		       : rc;
}

int cgroup_v2_enable(struct cgroup_row *row, unsigned asked, int fd, const char *where,
		     struct error *error)
{
	struct error ignored = { 0 };
	int rc;

	if ((row->controllers & ~asked) == 0)
		return enable(row->controllers, fd, where, error);
	rc = enable(row->controllers, fd, where, &ignored);
	if (rc == 0 || rc == -ENOENT || rc == -ENODEV)
		return rc;
	/* nobody asked for the pids limit that every v2 container gets */
	row->controllers &= asked | 1U << CGROUP_DEVICES;
	return enable(row->controllers, fd, where, error);
}

int cgroup_v2_check_type(int fd, const char *where, struct error *error)
{
	char text[64];
	ssize_t length = cgroup_read(fd, "cgroup.type", text, sizeof(text));
	int rc;

	if (length < 0)
		return error_set(error, (int)length, "cannot read '%s/cgroup.type'", where);
	if (strcmp(text, "domain") == 0)
		return 0;
	rc = error_set(error, 0, "cgroup '%s' is of type '%s' and takes no processes", where, text);
	return error_hint(
		error, rc,
		"its parent is threaded, or holds processes; choose another --cgroup-parent");
}

/* --- what came of it -------------------------------------------------------------------------- */

/* Sets a bit a number of "0-3,8". False for what is no list. */
static bool list_parse(const char *text, uint64_t bits[LIST_MAX / 64])
{
	while (*text != '\0') {
		size_t length = strcspn(text, ","), dash = strcspn(text, "-,");
		uint64_t first = 0, last = 0;

		if (number_parse_u64(text, dash, LIST_MAX - 1, &first) < 0)
			return false;
		last = first;
		if (dash < length &&
		    number_parse_u64(text + dash + 1, length - dash - 1, LIST_MAX - 1, &last) < 0)
			return false;
		for (uint64_t i = first; i <= last; i++)
			bits[i / 64] |= (uint64_t)1 << i % 64;
		text += length + (text[length] == ',' ? 1 : 0);
	}
	return true;
}

int cgroup_list_covers(const char *whole, const char *part)
{
	uint64_t has[LIST_MAX / 64] = { 0 }, wants[LIST_MAX / 64] = { 0 };

	if (!list_parse(whole, has) || !list_parse(part, wants))
		return -1;
	for (size_t i = 0; i < LIST_MAX / 64; i++)
		if ((wants[i] & ~has[i]) != 0)
			return 0;
	return 1;
}

int cgroup_v2_verify(int fd, const struct cgroup_limit *limit, const char *value,
		     struct error *error)
{
	char text[CGROUP_VALUE_MAX];
	ssize_t length = cgroup_read(fd, limit->effective, text, sizeof(text));
	int rc;

	if (length < 0)
		return error_set(error, (int)length, "cannot read '%s' (%s)", limit->effective,
				 limit->option);
	if (cgroup_list_covers(text, value) != 0)
		return 0;
	rc = error_set(error, 0, "cannot have %s %s: of these the container would get %s",
		       limit->option, value, text);
	return error_hint(error, rc, "%s", limit->hint);
}
