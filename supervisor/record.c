/* SPDX-License-Identifier: MIT */
/*
 * init's records. A container's root can't reach init's socket, but what comes from inside is checked as if it could:
 * size, kind, step, the end of the text.
 */
#include "record.h"

#include "../init/lib/fd.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *text; /* %s: the object */
	const char *hint;
} steps[] = {
	[PLAN_STEP_CGROUP] = { "cannot enter the container's control groups%s", "" },
	[PLAN_STEP_NAMESPACES] = { "cannot create the container's namespaces%s", "" },
	[PLAN_STEP_HAND_OVER] = { "cannot receive init's descriptors%s",
				  "the limit of open files may be too low (ulimit -n)" },
	[PLAN_STEP_USER_NAMESPACE] = { "cannot become root of the user namespace%s", "" },
	[PLAN_STEP_INIT] = { "cannot execute init%s",
			     "a security module may forbid executing from a memfd" },
	[PLAN_STEP_PLAN] = { "init refuses the plan: %s", "" },
	[PLAN_STEP_HOSTNAME] = { "cannot set the host name to '%s'", "" },
	[PLAN_STEP_DOMAINNAME] = { "cannot set the domain name to '%s'", "" },
	[PLAN_STEP_LOOPBACK] = { "cannot bring up the network link '%s'", "" },
	[PLAN_STEP_PROPAGATION] = { "cannot make the mounts below '%s' private", "" },
	[PLAN_STEP_ROOT] = { "cannot enter the root tree '%s'", "" },
	[PLAN_STEP_TARGET_MAKE] = { "cannot create mount point '/%s' in the rootfs",
				    "create it in ROOTFS, or make ROOTFS writable for sv" },
	[PLAN_STEP_TARGET_OPEN] = { "cannot open mount point '/%s' in the rootfs",
				    "it must be a directory for a directory or filesystem, a file for a file" },
	[PLAN_STEP_TARGET_KIND] = { "refused: '/%s' in the rootfs is or leads through a symbolic link",
				    "make it a plain directory: a link there could lead the mount elsewhere" },
	[PLAN_STEP_MOUNT] = { "cannot mount on '/%s'", "" },
	[PLAN_STEP_NODE] = { "cannot create device '/%s'", "" },
	[PLAN_STEP_LINK] = { "cannot create link '/%s'", "" },
	[PLAN_STEP_SYSCTL] = { "cannot set sysctl '%s'", "" },
	[PLAN_STEP_MASK] = { "cannot mask '/%s'", "" },
	[PLAN_STEP_KEYRING] = { "cannot make a keyring for the %s",
				"the user's quota of keys may be used up (/proc/key-users)" },
	[PLAN_STEP_CGROUP_NAMESPACE] = { "cannot create the %s namespace", "" },
	[PLAN_STEP_TIME_NAMESPACE] = { "cannot set the time namespace's %s",
				       "it needs Linux 5.6 with CONFIG_TIME_NS, and a clock may not go below zero" },
	[PLAN_STEP_READ_ONLY] = { "cannot make '%s' read-only", "" },
	[PLAN_STEP_OLD_ROOT] = { "cannot detach the old root from '%s'", "" },
	[PLAN_STEP_TERMINAL] = { "cannot set up the terminal '%s'", "" },
	[PLAN_STEP_SIGNALS] = { "cannot take the signals in '%s'", "" },
	[PLAN_STEP_FORK] = { "cannot start '%s'",
			     "a limit of processes may be too low: init and the command need two" },
	[PLAN_STEP_OOM_SCORE] = { "cannot set --oom-score-adj for '%s'",
				  "lowering it needs CAP_SYS_RESOURCE" },
	[PLAN_STEP_LANDLOCK] = { "cannot restrict files to '%s' (--landlock)",
				 "the paths are looked up inside the container" },
	[PLAN_STEP_LIMIT] = { "cannot set --ulimit for '%s'",
			      "raising a hard limit needs CAP_SYS_RESOURCE" },
	[PLAN_STEP_CAPABILITIES] = { "cannot set the capabilities of '%s'",
				     "sv can only give what it has itself" },
	[PLAN_STEP_FILTER] = { "cannot install the seccomp filter for '%s'",
			       "--seccomp none runs without one, if the kernel has none (CONFIG_SECCOMP_FILTER)" },
	[PLAN_STEP_GROUPS] = { "cannot set the groups of '%s'", "" },
	[PLAN_STEP_USER] = { "cannot set the user of '%s'", "" },
	[PLAN_STEP_WORKDIR] = { "cannot enter the working directory '%s'",
				"create it in the rootfs, or choose another with --workdir" },
	[PLAN_STEP_DESCRIPTORS] = { "cannot pass the descriptors to '%s'", "" },
	[PLAN_STEP_INTERPRETER] = { "cannot execute '%s': it is there, but its interpreter is missing",
				    "look at its #! line, or at the loader that a dynamic program names (readelf -l)" },
	[PLAN_STEP_EXEC] = { "cannot execute '%s'", "" },
};
_Static_assert(sizeof(steps) / sizeof(steps[0]) == PLAN_STEP_COUNT, "words for every step");

/* The descriptor that came along, or -1. There is room for one more by alignment: what is sent too much is closed. */
static int take_descriptor(const struct msghdr *message)
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int taken = -1;

	if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return -1;
	for (size_t at = CMSG_LEN(0); at + sizeof(int) <= header->cmsg_len; at += sizeof(int)) {
		FD int more = -1;

		memcpy(&more, (const char *)header + at, sizeof(more));
		if (taken < 0)
			taken = fd_take(&more);
	}
	return taken;
}

int record_receive(int socket, struct plan_record *record, int *fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec data = { .iov_base = record, .iov_len = sizeof(*record) };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space),
	};
	FD int received = -1;
	ssize_t got = sys_recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*fd = -1;
	/* init failed before it read its release: the kernel tells of that first, once, and then gives what was sent. */
	if (got == -ECONNRESET)
		got = sys_recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got == -EAGAIN || got == -EINTR)
		return 0;
	if (got <= 0)
		return got < 0 ? (int)got : -ECONNRESET;
	received = take_descriptor(&message);
	if (got != sizeof(*record) || record->kind >= PLAN_RECORD_COUNT ||
	    record->step >= PLAN_STEP_COUNT)
		return -EBADMSG;
	record->object[sizeof(record->object) - 1] = '\0';
	*fd = fd_take(&received);
	return 1;
}

const char *record_hint_of_namespaces(int number)
{
	switch (number) {
	case EPERM:
		return "sv needs CAP_SYS_ADMIN; in a chroot only --userns host works";
	case ENOSPC:
		return "a limit in /proc/sys/user/max_*_namespaces is reached";
	case EAGAIN:
		return "the limit of processes (ulimit -u, pids.max, kernel.pid_max) is reached";
	case EINVAL:
		return "'sv doctor' says which namespaces this kernel lacks";
	default:
		return "";
	}
}

static int status_of(const struct plan_record *record)
{
	if (record->step == PLAN_STEP_INTERPRETER)
		return EXIT_NOT_EXECUTABLE;
	if (record->step != PLAN_STEP_EXEC)
		return EXIT_OF_SV;
	return record->number == ENOENT || record->number == ENOTDIR ? EXIT_NOT_FOUND
								     : EXIT_NOT_EXECUTABLE;
}

static const char *hint_of(const struct plan_record *record)
{
	if (record->step == PLAN_STEP_NAMESPACES)
		return record_hint_of_namespaces(record->number);
	if (record->step == PLAN_STEP_EXEC && record->object[0] == '-')
		return "options of sv go before ROOTFS; the first word behind it is the command";
	if (record->step == PLAN_STEP_EXEC && record->number == ENOENT)
		return strchr(record->object, '/') != NULL
			       ? "the path is looked up inside the rootfs"
			       : "it is in no folder of the container's PATH";
	if (record->step == PLAN_STEP_EXEC && record->number == E2BIG)
		return "arguments and environment together are more than the kernel takes";
	if (record->step == PLAN_STEP_MOUNT && record->number == EPERM)
		return "inside a container whose /proc or /sys is partly hidden the kernel refuses new ones: try --userns host";
	if (record->step == PLAN_STEP_EXEC && record->number == EACCES)
		return "is it a program, with its x bit set, on a mount without noexec, and in what --landlock allows?";
	if (record->step == PLAN_STEP_EXEC && record->number == ENOEXEC)
		return "it is no program of this machine, or a script without a #! line";
	return steps[record->step].hint;
}

void record_explain(const struct plan_record *record, struct error *error)
{
	bool says_it_all =
		record->step == PLAN_STEP_INTERPRETER || record->step == PLAN_STEP_TARGET_KIND;
	int number =
		record->number > 0 && record->number < 4096 && !says_it_all ? -record->number : 0;
	char text[sizeof(error->text)];
	const char *marker = strstr(steps[record->step].text, "%s");
	int before = (int)(marker - steps[record->step].text);

	(void)snprintf(text, sizeof(text), "%.*s%s%s", before, steps[record->step].text,
		       record->object, marker + 2);
	error->status = status_of(record);
	(void)error_set(error, number, "%s", text);
	if (hint_of(record)[0] != '\0')
		(void)error_hint(error, 0, "%s", hint_of(record));
}
