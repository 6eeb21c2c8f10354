#!/bin/sh
# SPDX-License-Identifier: MIT
# System calls that act on the kernel itself: modules, another kernel, the clock, the log, programs for it. Each with arguments
# that it refuses once it has found the caller's rights to be enough.
. "${0%/*}/attack.sh"

attack <<'EOS'
for call in module module-image module-unload kexec reboot clock bpf performance priority; do
	try "$call" $attack $call
done
EOS

# Some kernels let everybody do these: there it takes the filter to refuse them.
attack <<'EOS'
for call in log userfault; do
	try "$call" $attack $call
done
EOS
attacks_end
