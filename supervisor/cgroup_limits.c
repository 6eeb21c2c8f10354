/* SPDX-License-Identifier: MIT */
/*
 * The table of limits: which option is written to which file of which controller, in v1 and in v2.
 * A new limit is a row here. The order of the rows is the order of the writes.
 */
#include "cgroup_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../init/lib/sys.h"

#define FIELD(name) offsetof(struct spec, name)

static const char hint_swap[] = "leave --memory-swap away, or boot with 'swapaccount=1'";
static const char hint_quota[] =
	"the period is 1000 to 1000000 us, the quota at least 1000, and no more than the "
	"parent group's";
static const char hint_cpus[] =
	"see /sys/devices/system/cpu/online, and the parent group's cpuset.cpus";
static const char hint_mems[] =
	"see /sys/devices/system/node/online, and the parent group's cpuset.mems";
static const char hint_weight[] =
	"weights need the BFQ scheduler ('modprobe bfq') or, on v2, io.cost";
static const char hint_disk[] = "name the whole disk, not a partition";
static const char hint_device[] =
	"the group that sv runs in may not use it; --privileged sets no list of devices";

const struct cgroup_limit cgroup_limits[CGROUP_LIMIT_COUNT] = {
	{
		.option = "--memory",
		.controller = CGROUP_MEMORY,
		.field = FIELD(memory),
		.v1 = { "memory.limit_in_bytes", cgroup_format_number },
		.v2 = { "memory.max", cgroup_v2_format_memory },
	},
	{
		/* after --memory: v1 refuses a sum that is smaller than the part */
		.option = "--memory-swap",
		.controller = CGROUP_MEMORY,
		.field = FIELD(memory_swap),
		.v1 = { "memory.memsw.limit_in_bytes", cgroup_v1_format_swap },
		.v2 = { "memory.swap.max", cgroup_v2_format_swap },
		.hint = hint_swap,
	},
	{
		.option = "--memory-reservation",
		.controller = CGROUP_MEMORY,
		.field = FIELD(memory_reservation),
		.v1 = { "memory.soft_limit_in_bytes", cgroup_format_number },
		.v2 = { "memory.low", cgroup_v2_format_memory },
	},
	{
		.option = "--cpu-shares",
		.controller = CGROUP_CPU,
		.field = FIELD(cpu_shares),
		.v1 = { "cpu.shares", cgroup_format_number },
		.v2 = { "cpu.weight", cgroup_v2_format_weight },
	},
	{
		.option = "--cpu-period",
		.controller = CGROUP_CPU,
		.field = FIELD(cpu_period),
		.v1 = { "cpu.cfs_period_us", cgroup_format_number },
		.v2 = { NULL, NULL }, /* in cpu.max, with the quota */
		.hint = hint_quota,
	},
	{
		.option = "--cpu-quota",
		.controller = CGROUP_CPU,
		.field = FIELD(cpu_quota),
		.v1 = { "cpu.cfs_quota_us", cgroup_format_number },
		.v2 = { "cpu.max", cgroup_v2_format_cpu },
		.hint = hint_quota,
	},
	{
		.option = "--cpuset-cpus",
		.controller = CGROUP_CPUSET,
		.kind = CGROUP_FIELD_TEXT,
		.field = FIELD(cpuset_cpus),
		.v1 = { "cpuset.cpus", cgroup_format_text },
		.v2 = { "cpuset.cpus", cgroup_format_text },
		.hint = hint_cpus,
		.effective = "cpuset.cpus.effective",
	},
	{
		.option = "--cpuset-mems",
		.controller = CGROUP_CPUSET,
		.kind = CGROUP_FIELD_TEXT,
		.field = FIELD(cpuset_mems),
		.v1 = { "cpuset.mems", cgroup_format_text },
		.v2 = { "cpuset.mems", cgroup_format_text },
		.hint = hint_mems,
		.effective = "cpuset.mems.effective",
	},
	{
		.option = "--pids-limit",
		.controller = CGROUP_PIDS,
		.field = FIELD(pids_limit),
		.v1 = { "pids.max", cgroup_format_pids },
		.v2 = { "pids.max", cgroup_v2_format_pids },
	},
	{
		.option = "--blkio-weight",
		.controller = CGROUP_IO,
		.field = FIELD(blkio_weight),
		/* CFQ's blkio.weight went with Linux 5.0; some distributions' BFQ has the name
		 * still */
		.v1 = { "blkio.bfq.weight", cgroup_format_number },
		.v1_other = { "blkio.weight", cgroup_format_number },
		.v2 = { "io.weight", cgroup_v2_format_io_weight },
		.v2_other = { "io.bfq.weight", cgroup_format_number },
		.hint = hint_weight,
	},
	{
		.option = "--device-read-bps",
		.controller = CGROUP_IO,
		.kind = CGROUP_FIELD_THROTTLES,
		.field = FIELD(read_bps),
		.v1 = { "blkio.throttle.read_bps_device", cgroup_v1_format_throttle },
		.v2 = { "io.max", cgroup_v2_format_throttle },
		.hint = hint_disk,
	},
	{
		.option = "--device-write-bps",
		.controller = CGROUP_IO,
		.kind = CGROUP_FIELD_THROTTLES,
		.field = FIELD(write_bps),
		.v1 = { "blkio.throttle.write_bps_device", cgroup_v1_format_throttle },
		.v2 = { "io.max", cgroup_v2_format_throttle },
		.hint = hint_disk,
	},
	{
		.option = "--device",
		.controller = CGROUP_DEVICES,
		.kind = CGROUP_FIELD_DEVICES,
		.field = FIELD(devices),
		.v1 = { "devices.deny", cgroup_v1_format_denied },
		.v2 = { NULL, NULL }, /* a program: cgroup_devices.c */
	},
	{
		/* after what is denied */
		.option = "--device",
		.controller = CGROUP_DEVICES,
		.kind = CGROUP_FIELD_DEVICES,
		.field = FIELD(devices),
		.v1 = { "devices.allow", cgroup_v1_format_allowed },
		.v2 = { NULL, NULL },
		.hint = hint_device,
	},
};

static const void *limit_field(const struct cgroup_limit *limit, const struct spec *spec)
{
	return (const char *)spec + limit->field;
}

int64_t cgroup_limit_number(const struct cgroup_limit *limit, const struct spec *spec)
{
	return *(const int64_t *)limit_field(limit, spec);
}

/* The rows and their count; the lists in struct spec all begin as SPEC_LIST() does. */
static const struct spec_throttle *limit_throttles(const struct cgroup_limit *limit,
						   const struct spec *spec, size_t *count)
{
	bool reads = limit->field == FIELD(read_bps);

	*count = reads ? spec->read_bps.count : spec->write_bps.count;
	return reads ? spec->read_bps.rows : spec->write_bps.rows;
}

static bool devices_asked(const struct spec *spec)
{
	for (size_t i = 0; i < spec->devices.count; i++) {
		const struct spec_device *device = &spec->devices.rows[i];

		if (!device->read || !device->write)
			return true;
	}
	return false;
}

bool cgroup_limit_asked(const struct cgroup_limit *limit, const struct spec *spec)
{
	size_t count = 0;

	switch (limit->kind) {
	case CGROUP_FIELD_NUMBER:
		return cgroup_limit_number(limit, spec) != SPEC_UNSET;
	case CGROUP_FIELD_TEXT:
		return *(const char *const *)limit_field(limit, spec) != NULL;
	case CGROUP_FIELD_THROTTLES:
		(void)limit_throttles(limit, spec, &count);
		return count > 0;
	case CGROUP_FIELD_DEVICES:
		return devices_asked(spec);
	}
	return false;
}

int cgroup_limits_check(const struct spec *spec, struct error *error)
{
	if (spec->memory_swap == SPEC_UNSET || spec->memory_swap < 0)
		return 0;
	if (spec->memory == SPEC_UNSET)
		return error_set(error, 0,
				 "--memory-swap is memory and swap together, so it needs --memory");
	if (spec->memory_swap < spec->memory)
		return error_set(error, 0,
				 "--memory-swap is memory and swap together: %" PRId64
				 " is less than --memory %" PRId64,
				 spec->memory_swap, spec->memory);
	return 0;
}

int cgroup_format_number(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
			 char value[CGROUP_VALUE_MAX], struct error *error)
{
	(void)error;
	if (index > 0 || !cgroup_limit_asked(limit, spec))
		return 0;
	(void)snprintf(value, CGROUP_VALUE_MAX, "%" PRId64, cgroup_limit_number(limit, spec));
	return 1;
}

int cgroup_format_text(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
		       char value[CGROUP_VALUE_MAX], struct error *error)
{
	const char *text = *(const char *const *)limit_field(limit, spec);

	if (index > 0 || text == NULL)
		return 0;
	if (strlen(text) >= CGROUP_VALUE_MAX)
		return error_set(error, -E2BIG, "cannot use the value of %s", limit->option);
	(void)snprintf(value, CGROUP_VALUE_MAX, "%s", text);
	return 1;
}

int cgroup_format_pids(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
		       char value[CGROUP_VALUE_MAX], struct error *error)
{
	int rc = cgroup_format_number(limit, spec, index, value, error);

	if (rc > 0 && value[0] == '-')
		(void)snprintf(value, CGROUP_VALUE_MAX, "max");
	return rc;
}

int cgroup_throttle_device(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
			   const struct spec_throttle **throttle, char device[32],
			   struct error *error)
{
	size_t count;
	const struct spec_throttle *rows = limit_throttles(limit, spec, &count);
	struct stat status;
	int rc;

	if (index >= count)
		return 0;
	*throttle = &rows[index];
	rc = sys_fstatat(AT_FDCWD, rows[index].device, &status, 0);
	if (rc < 0)
		return error_set(error, rc, "cannot find device '%s' (%s)", rows[index].device,
				 limit->option);
	if (!S_ISBLK(status.st_mode))
		return error_set(error, -ENOTBLK, "cannot limit '%s' (%s)", rows[index].device,
				 limit->option);
	(void)snprintf(device, 32, "%u:%u", major(status.st_rdev), minor(status.st_rdev));
	return 1;
}
