/* SPDX-License-Identifier: MIT */
/* The loopback link. Any socket of the network namespace takes the request: dev_ioctl() in net/core; netdevice(7). */
#include "init.h"

#include "lib/fd.h"

int loopback_up(void)
{
	struct {
		char name[16];
		short flags;
		char rest[22];
	} request = { .name = "lo", .flags = 1 /* IFF_UP */ };
	FD int fd = (int)sys_result(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	return fd < 0 ? fd : sys_ioctl(fd, 0x8914 /* SIOCSIFFLAGS */, (uintptr_t)&request);
}
