#!/bin/sh
# SPDX-License-Identifier: MIT
# The files of /sys that act on the machine, opened for writing and no more; and those that tell what they shouldn't.
. "${0%/*}/attack.sh"

attack <<'EOS'
for file in kernel/uevent_helper kernel/mm/transparent_hugepage/enabled power/state module/kernel/parameters/panic \
	devices/virtual/mem/null/uevent bus/cpu/drivers_probe devices/system/cpu/cpu0/uevent kernel/profiling; do
	try "/sys/$file to write" writes "/sys/$file"
done
try 'a file of /sys changed in mode' chmod 600 /sys/kernel/uevent_seqnum
chmod 444 /sys/kernel/uevent_seqnum 2>/dev/null
try '/sys mounted again to write' mount -o remount,rw /sys
for folder in firmware dev/block devices/virtual/powercap fs/selinux; do
	try "/sys/$folder" lists "/sys/$folder"
done
EOS
attacks_end
