/* SPDX-License-Identifier: MIT */
/* What is written into the files of cgroup v1 (Documentation/admin-guide/cgroup-v1/). */
#include "cgroup_internal.h"

#include "../init/lib/sys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Memory and swap together. Only --memory: as much swap again, as Docker has it. */
int cgroup_v1_format_swap(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
			  char value[CGROUP_VALUE_MAX], struct error *error)
{
	if (spec->memory_swap != SPEC_UNSET)
		return cgroup_format_number(limit, spec, index, value, error);
	if (index > 0 || spec->memory == SPEC_UNSET)
		return 0;
	(void)snprintf(value, CGROUP_VALUE_MAX, "%" PRIu64, (uint64_t)spec->memory * 2);
	return 1;
}

int cgroup_v1_format_throttle(const struct cgroup_limit *limit, const struct spec *spec,
			      size_t index, char value[CGROUP_VALUE_MAX], struct error *error)
{
	const struct spec_throttle *throttle = NULL;
	char device[32];
	int rc = cgroup_throttle_device(limit, spec, index, &throttle, device, error);

	if (rc > 0)
		(void)snprintf(value, CGROUP_VALUE_MAX, "%s %" PRIu64, device,
			       throttle->bytes_per_second);
	return rc;
}

/* A device without a rule has an empty value, which writes nothing. */
static int format_rule(const struct spec *spec, size_t index, char value[CGROUP_VALUE_MAX],
		       struct error *error)
{
	struct cgroup_device_rule rule;
	int rc;

	if (index >= cgroup_device_count(spec))
		return 0;
	value[0] = '\0';
	rc = cgroup_device_rule(spec, index, &rule, error);
	if (rc > 0)
		cgroup_device_text(&rule, value);
	return rc < 0 ? rc : 1;
}

/* Behind a wall all are denied first. */
int cgroup_v1_format_denied(const struct cgroup_limit *limit, const struct spec *spec, size_t index,
			    char value[CGROUP_VALUE_MAX], struct error *error)
{
	(void)limit;
	if (!cgroup_devices_walled(spec))
		return format_rule(spec, index, value, error);
	(void)snprintf(value, CGROUP_VALUE_MAX, "a");
	return index == 0;
}

int cgroup_v1_format_allowed(const struct cgroup_limit *limit, const struct spec *spec,
			     size_t index, char value[CGROUP_VALUE_MAX], struct error *error)
{
	(void)limit;
	return cgroup_devices_walled(spec) ? format_rule(spec, index, value, error) : 0;
}

/* A value is only written where there is none: another sv may have made the parent a moment ago and
 * not come to this yet, or the administrator has set it to something of his own. */
static int inherit(int parent, int fd, const char *file)
{
	char text[CGROUP_VALUE_MAX];
	ssize_t length = cgroup_read(fd, file, text, sizeof(text));

	if (length != 0)
		return length < 0 ? (int)length : 0;
	length = cgroup_read(parent, file, text, sizeof(text));
	return length < 0 ? (int)length : cgroup_write(fd, file, text);
}

int cgroup_v1_inherit_cpuset(int parent, int fd)
{
	int rc = inherit(parent, fd, "cpuset.cpus");

	return rc < 0 ? rc : inherit(parent, fd, "cpuset.mems");
}
