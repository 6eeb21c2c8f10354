#!/bin/sh
# SPDX-License-Identifier: MIT
# Namespaces of one's own, in which every capability is to be had again: most of the kernel's holes of late need them. Where
# the caller has no CAP_SYS_ADMIN it takes the filter of system calls to refuse the user namespace.
. "${0%/*}/attack.sh"

attack <<'EOS'
# mount, cgroup, uts, ipc, pid, net, time
for flag in 20000 2000000 4000000 8000000 20000000 40000000; do
	try "unshare $flag" $attack unshare $flag
	try "clone $flag" $attack clone $flag
	try "clone3 $flag" $attack clone3 $flag
done
try 'unshare time' $attack unshare 80
EOS
attack <<'EOS'
try 'unshare user' $attack unshare 10000000
try 'clone user' $attack clone 10000000
try 'clone3 user' $attack clone3 10000000
EOS
attacks_end
