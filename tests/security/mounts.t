#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# Mounts: new ones, old ones changed, what covers the kernel's files taken away.
. "${0%/*}/attack.sh"

attack <<'EOS'
mkdir -p /tmp/mount
try 'a tmpfs' mount -t tmpfs none /tmp/mount
umount /tmp/mount 2>/dev/null
try 'a proc' mount -t proc none /tmp/mount
umount /tmp/mount 2>/dev/null
try 'a bind mount' mount --bind /etc /tmp/mount
umount /tmp/mount 2>/dev/null
try 'by the new calls' $attack mount-new
try 'a clone of a tree' $attack mount-clone /
try '/ mounted again with devices' mount -o remount,dev /
EOS

# Where nothing is masked there is nothing to uncover.
modes='userns host user'
attack <<'EOS'
for path in /proc/kcore /proc/sys /proc/sysrq-trigger /sys/firmware /proc /sys /dev /dev/pts /sys/fs/cgroup; do
	[ ! -e $path ] || try "$path uncovered" umount $path
	[ ! -e $path ] || try "$path mounted again to write" mount -o remount,bind,rw $path
done
try 'another root' pivot_root / /tmp
EOS
attacks_end
