#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# A node for the host's disk, made inside and opened, or brought in from outside. It is opened for reading only.
. "${0%/*}/attack.sh"

# A disk that is there: "MAJOR MINOR"; else a loop device, which opens whether it is bound or not.
disk=$(awk 'NR > 2 && $3 > 0 && $4 !~ /^(ram|zram)/ { print $1, $2; exit }' /proc/partitions)
disk=${disk:-7 0}
note "block device $disk"

# shellcheck disable=SC2086
attack $disk <<'EOS'
try 'a node for the disk' mknod /tmp/disk b "$1" "$2"
try 'the disk' reads /tmp/disk
try 'a node for the memory' mknod /tmp/memory c 1 1
try 'a node in /dev' mknod /dev/disk b "$1" "$2"
rm -f /tmp/disk /tmp/memory /dev/disk
EOS

# With the capability the node is made, where there is no user namespace; it must not open.
options='--cap-add MKNOD'
# shellcheck disable=SC2086
attack $disk <<'EOS'
for folder in /tmp /dev; do
	mknod $folder/disk b "$1" "$2" 2>/dev/null
	mknod $folder/log c 1 11 2>/dev/null
	try "the disk with CAP_MKNOD, in $folder" reads $folder/disk
	try "the kernel's log with CAP_MKNOD, in $folder" reads $folder/log
	rm -f $folder/disk $folder/log
done
EOS
options=

# A node in the root tree, as an archive may hold it that root unpacked, and one on a volume.
cp -a "$ROOTFS" "$T/r"
mkdir "$T/volume"
for folder in "$T/r" "$T/volume"; do
	# shellcheck disable=SC2086
	mknod -m 666 "$folder/disk" b $disk
	mknod -m 666 "$folder/zero" c 1 5
done
rootfs=$T/r
options="-v $T/volume:/mnt"
modes='userns host user'
attack <<'EOS'
for folder in '' /mnt; do
	try "the disk by a node in ${folder:-the root tree}" reads $folder/disk
	try "a device by a node in ${folder:-the root tree}" head -c 1 $folder/zero
done
EOS
[ -z "${SV_IN_VM-}" ] || {
	options="-v $T/volume:/mnt:dev"
	modes=open
	attack <<'EOS'
for folder in '' /mnt; do
	try "the disk by a node in ${folder:-the root tree}" reads $folder/disk
	try "a device by a node in ${folder:-the root tree}" head -c 1 $folder/zero
done
EOS
}
attacks_end
