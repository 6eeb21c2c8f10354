/* SPDX-License-Identifier: MIT */
/* mountinfo and cgroup.controllers: from the kernel, but the mount points and devices in it are
 * named by others. */
#include "supervisor/cgroup_internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cgroup_host host = { .count = 0 };
	size_t taken = cgroup_host_lines(&host, (const char *)data, size);

	if (taken > size || host.count > CGROUP_HIERARCHY_MAX)
		abort();
	for (unsigned i = 0; i < host.count; i++) {
		const struct cgroup_hierarchy *row = &host.rows[i];

		if (row->mount[0] != '/' || memchr(row->mount, '\0', sizeof(row->mount)) == NULL ||
		    memchr(row->names, '\0', sizeof(row->names)) == NULL || row->controllers == 0)
			abort();
	}
	if ((cgroup_controllers_parse((const char *)data, size, true) & ~CGROUP_EVERYTHING) != 0)
		abort();
	return 0;
}
