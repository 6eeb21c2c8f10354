#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# release_agent of cgroup v1 names a program that the kernel runs as root on the host (CVE-2022-0492).
. "${0%/*}/attack.sh"

options='-m 64m --pids-limit 50 --cpus 1' # groups, and so their hierarchies, are mounted inside
# A cgroup namespace keeps the first two out by itself, and no group is made where they are read-only; what somebody who may mounts again can be written to.
standing="'a hierarchy'*|'its release_agent'|'a group'*"
attack <<'EOS'
mkdir -p /tmp/groups /tmp/more
try 'a hierarchy of cgroup v1 is mounted' mount -t cgroup -o none,name=sv-attack none /tmp/groups
try 'its release_agent' writes /tmp/groups/release_agent
try 'a hierarchy in namespaces of its own' unshare -U -r -m -C sh -c '
	mount -t cgroup -o none,name=sv-attack none /tmp/more && : >>/tmp/more/release_agent'
for folder in /sys/fs/cgroup /sys/fs/cgroup/*; do
	[ ! -e "$folder/release_agent" ] || try "release_agent of ${folder##*/}" writes "$folder/release_agent"
	[ ! -e "$folder/cgroup.procs" ] || [ -L "$folder" ] || try "a group below ${folder##*/}" mkdir "$folder/sv-attack"
	rmdir "$folder/sv-attack" 2>/dev/null
	! grep -q " $folder " /proc/mounts || try "${folder##*/} mounted again to write" mount -o remount,bind,rw "$folder"
done
for file in memory/memory.limit_in_bytes pids/pids.max devices/devices.allow memory.max pids.max cgroup.procs; do
	[ ! -e "/sys/fs/cgroup/$file" ] || try "a limit of its own, $file" writes "/sys/fs/cgroup/$file"
done
umount /tmp/groups 2>/dev/null
EOS
attacks_end
