#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The attacks of tests/security once more in a machine, and there with all walls down (--privileged --userns host), where
# they must succeed: so that being refused elsewhere proves something. `make test-vm` also has them in all other ways to
# run, on cgroup v2 and the distribution's kernel.

# Some twenty minutes under emulation: not in every run of the tests.
[ "${VM_TESTS-}" = all ] || {
	echo '1..0 # SKIP takes long: make test-vm'
	exit 0
}
cd "${0%/*}/../.." || exit 1
VM_TESTS=$(grep -l '^attack ' tests/security/*.t)
VM_EXPORT=ATTACK_MODES=open
export VM_TESTS VM_EXPORT
exec tests/vm/guest.t
