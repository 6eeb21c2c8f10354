/* SPDX-License-Identifier: MIT */
/*
 * Capabilities of the command and of init: capabilities(7). The bounding set ends what any program in there can ever
 * gain; the inheritable set is empty but for what is ambient.
 */
#include "init.h"

#include <linux/capability.h>
#include <sys/prctl.h>

static int set_all(uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)permitted, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(permitted >> 32), (uint32_t)(permitted >> 32),
		  (uint32_t)(inheritable >> 32) },
	};

	return sys_capset(&header, data);
}

int rights_bound(const struct plan *plan)
{
	/* EINVAL: past the last one that this kernel knows. There is no call for more than one at a time. */
	for (unsigned number = 0; number < 64; number++) {
		int result = plan->capabilities >> number & 1
				     ? 0
				     : sys_prctl(PR_CAPBSET_DROP, number, 0, 0, 0);

		if (result == -EINVAL)
			break;
		if (result < 0)
			return result;
	}
	return plan->uid != 0 && plan->ambient != 0 ? sys_prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) : 0;
}

/* ALL means what there is to give: some machines' root has not every one. Root of a new user namespace has. */
static uint64_t given(const struct plan *plan)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	if (plan->flags & PLAN_USER_NAMESPACE || sys_capget(&header, data) < 0)
		return plan->capabilities;
	return plan->capabilities & (data[0].permitted | (uint64_t)data[1].permitted << 32);
}

int rights_take(const struct plan *plan)
{
	int result;

	if (plan->uid == 0)
		return set_all(given(plan), 0);
	result = set_all(plan->ambient, plan->ambient);
	for (unsigned number = 0; result == 0 && number < 64; number++)
		if (plan->ambient >> number & 1)
			result = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0);
	return result;
}

int rights_gain_no_more(void)
{
	return sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void rights_of_init(void)
{
	const uint64_t kill = (uint64_t)1 << CAP_KILL;

	if (set_all(kill, 0) < 0) /* it never had that one: then none */
		(void)set_all(0, 0);
}
