/* SPDX-License-Identifier: MIT */
/* The names of capabilities, in the order of their numbers (linux/capability.h). */
#include "capabilities.h"

#include "../init/lib/sys.h"
#include "nearest.h"

#include <linux/capability.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {
	"CHOWN",
	"DAC_OVERRIDE",
	"DAC_READ_SEARCH",
	"FOWNER",
	"FSETID",
	"KILL",
	"SETGID",
	"SETUID",
	"SETPCAP",
	"LINUX_IMMUTABLE",
	"NET_BIND_SERVICE",
	"NET_BROADCAST",
	"NET_ADMIN",
	"NET_RAW",
	"IPC_LOCK",
	"IPC_OWNER",
	"SYS_MODULE",
	"SYS_RAWIO",
	"SYS_CHROOT",
	"SYS_PTRACE",
	"SYS_PACCT",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_NICE",
	"SYS_RESOURCE",
	"SYS_TIME",
	"SYS_TTY_CONFIG",
	"MKNOD",
	"LEASE",
	"AUDIT_WRITE",
	"AUDIT_CONTROL",
	"SETFCAP",
	"MAC_OVERRIDE",
	"MAC_ADMIN",
	"SYSLOG",
	"WAKE_ALARM",
	"BLOCK_SUSPEND",
	"AUDIT_READ",
	"PERFMON",
	"BPF",
	"CHECKPOINT_RESTORE",
};
#define COUNT (sizeof(names) / sizeof(names[0]))
_Static_assert(COUNT == CAP_CHECKPOINT_RESTORE + 1, "a name for each number");

#define BIT(number) ((uint64_t)1 << (number))

const uint64_t capabilities_default = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) |
				      BIT(CAP_FSETID) | BIT(CAP_KILL) | BIT(CAP_NET_BIND_SERVICE) |
				      BIT(CAP_SETFCAP) | BIT(CAP_SETGID) | BIT(CAP_SETPCAP) |
				      BIT(CAP_SETUID) | BIT(CAP_SYS_CHROOT);

/* Without the prefix, which is optional everywhere. */
static const char *skip_prefix(const char *text, size_t *length)
{
	if (*length < 4 || strncasecmp(text, "CAP_", 4) != 0)
		return text;
	*length -= 4;
	return text + 4;
}

uint64_t capabilities_parse(const char *text, size_t length)
{
	if (length == 3 && strncasecmp(text, "ALL", 3) == 0)
		return CAPABILITIES_ALL;
	text = skip_prefix(text, &length);
	for (unsigned i = 0; i < COUNT; i++)
		if (strlen(names[i]) == length && strncasecmp(names[i], text, length) == 0)
			return BIT(i);
	return 0;
}

const char *capabilities_nearest(const char *text, size_t length)
{
	const char *nearest = NULL;
	unsigned best = NEAREST_NONE;
	char upper[32];

	text = skip_prefix(text, &length);
	if (length >= sizeof(upper))
		return NULL;
	for (size_t i = 0; i < length; i++)
		upper[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
	for (unsigned i = 0; i < COUNT; i++) {
		unsigned distance = nearest_distance(upper, length, names[i]);

		if (distance < best) {
			best = distance;
			nearest = names[i];
		}
	}
	return nearest;
}

const char *capabilities_name(unsigned number)
{
	return number < COUNT ? names[number] : NULL;
}

uint64_t capabilities_combine(uint64_t added, uint64_t dropped)
{
	if (added == CAPABILITIES_ALL)
		return dropped == CAPABILITIES_ALL ? 0 : CAPABILITIES_ALL & ~dropped;
	if (dropped == CAPABILITIES_ALL)
		return added;
	return (capabilities_default & ~dropped) | added;
}

int capabilities_own(uint64_t *set)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int result = sys_capget(&header, data);

	*set = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return result;
}
