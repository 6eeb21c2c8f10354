/* SPDX-License-Identifier: MIT */
/* clock: prints CLOCK_MONOTONIC and CLOCK_BOOTTIME in milliseconds. */
#include "helper.h"

#include <time.h>

static long long milliseconds(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(void)
{
	(void)printf("%lld %lld\n", milliseconds(CLOCK_MONOTONIC), milliseconds(CLOCK_BOOTTIME));
	return 0;
}
