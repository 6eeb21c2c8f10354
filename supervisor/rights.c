/* SPDX-License-Identifier: MIT */
/* See rights.h. */
#include "rights.h"

#include "../init/lib/sys.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NOBODY 65534

void rights_drop(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	(void)sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)sys_setgroups(0, NULL);
	(void)sys_setresgid(NOBODY, NOBODY, NOBODY);
	(void)sys_setresuid(NOBODY, NOBODY, NOBODY);
	if (sys_capset(&header, none) < 0)
		_exit(1);
	(void)sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
