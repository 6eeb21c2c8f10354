#!/bin/sh
# SPDX-License-Identifier: MIT
# The wall around the host's devices: what a hostile root can open. Disks are opened for reading, and nothing is read.
. "${0%/*}/../lib.sh"

own_mounts

# A block device that the host itself can open.
disk=
for block in /sys/block/*; do
	# shellcheck disable=SC2086
	number=$(tr : ' ' <"$block/dev") && rm -f "$T/disk" && mknod "$T/disk" b $number && (: <"$T/disk") 2>/dev/null &&
		disk=$number && break
done
[ -n "$disk" ] || skip_all_cannot 'no disk that can be opened'

make="cd /tmp; mknod disk b $disk || exit 3; (: <disk) || exit 4; echo opened"
# kmsg, which reads what the kernel says, and the host's console
others='cd /tmp; for number in "1 11" "5 1" "10 229" "1 1" "4 1"; do mknod node c $number && echo "$number"; rm -f node; done; true'

# --- without a user namespace ---------------------------------------------------------------------------------------

hostile='--userns host --cap-add MKNOD --tmpfs /tmp:dev'
# shellcheck disable=SC2086
run "$SV" run $hostile "$ROOTFS" /bin/sh -c "$make"
is "$status" 3 'a node of a disk can not be made'
like "$err" 'Operation not permitted' 'which is not permitted'
# shellcheck disable=SC2086
run "$SV" run $hostile "$ROOTFS" /bin/sh -c "$others"
is "$status:$out" 0: 'nor one of another device'
run "$SV" run --userns host -v "$T:/mnt:dev" "$ROOTFS" /bin/sh -c '(: </mnt/disk) 2>&1 || exit 4'
is "$status" 4 'one that is there already can not be opened'
like "$out" 'Operation not permitted' 'which is not permitted either'
run "$SV" run --userns host --cap-add ALL --tmpfs /tmp:dev "$ROOTFS" /bin/sh -c "$make"
is "$status" 3 'with every capability it is the same'
run "$SV" run --userns host --cap-add MKNOD "$ROOTFS" /bin/sh -c 'cd /dev/shm && mknod a c 1 3 && mknod b c 1 5 && mknod c c 1 7 && mknod d c 1 8 && mknod e c 1 9 && mknod f c 5 0
	: </dev/null && : >/dev/null && : </dev/zero && : >/dev/full && : </dev/random && : </dev/urandom && exec 3<>/dev/ptmx &&
	ls /dev/pts | tr "\n" " "'
is "$status:$out" '0:0 ptmx ' 'what stands in /dev works'
run "$SV" run --userns host -t "$ROOTFS" /bin/sh -c 'echo tty >/dev/tty && echo console >/dev/console && echo pty >"$(tty)"'
is "$status:$(printf '%s' "$out" | tr -d '\r' | tr '\n' ' ')" '0:tty console pty' 'and so do terminals'

# --- what is asked for ----------------------------------------------------------------------------------------------

probe='(: </dev/mine) 2>/dev/null && echo r; (: >>/dev/mine) 2>/dev/null && echo w; true'
device=
for node in fuse loop-control net/tun kmsg; do
	[ -c "/dev/$node" ] && (: </dev/$node && : >>/dev/$node) 2>/dev/null && device=/dev/$node && break
done
if [ -n "$device" ]; then
	for may in r w rw rwm m; do
		run "$SV" run --userns host --device "$device:/dev/mine:$may" "$ROOTFS" /bin/sh -c "$probe"
		is "$status:$(printf %s "$out" | tr -d '\n')" "0:${may%m}" "--device $device:/dev/mine:$may gives that and no more"
	done
else
	skip_cannot 'no device to try' '--device gives what it says'
fi
run "$SV" run --userns host --device /dev/null:/dev/null:r "$ROOTFS" /bin/sh -c ': </dev/null && ! (: >/dev/null) 2>/dev/null'
is "$status" 0 '--device with less holds for what is always there'
run "$SV" run --userns host --device "$T/disk:/dev/mine:r" "$ROOTFS" /bin/sh -c ': </dev/mine && echo opened'
is "$status:$out" 0:opened '--device gives a disk'
run "$SV" run --userns host --privileged --tmpfs /tmp:dev "$ROOTFS" /bin/sh -c "$make"
is "$status:$out" 0:opened '--privileged lifts the wall'
run "$SV" run --userns host --verbose "$ROOTFS" /bin/true
is "$status:$(printf '%s\n' "$err" | grep -c 'devices are not restricted')" 0:0 'no warning where the list can be had'

# --- in a user namespace --------------------------------------------------------------------------------------------

run "$SV" run --userns private --cap-add MKNOD --tmpfs /tmp:dev "$ROOTFS" /bin/sh -c "$make"
is "$status" 3 'in a user namespace no node can be made'
cp -a "$ROOTFS" "$T/rootfs"
cp -a "$T/disk" "$T/rootfs/disk"
run "$SV" run --userns private "$T/rootfs" /bin/sh -c 'ls -l /disk >&2; : </disk'
isnt "$status" 0 'nor can one be opened that the rootfs brings with it'
run "$SV" run --userns host "$T/rootfs" /bin/sh -c ': </disk'
isnt "$status" 0 'nor without a user namespace'
run "$SV" run --userns private --cap-add SYS_ADMIN -v "$T:/mnt" "$T/rootfs" /bin/sh -c \
	'mount -o remount,bind,dev /mnt; mount -o remount,bind,dev /; (: </mnt/disk) || (: </disk)'
isnt "$status" 0 'nor with CAP_SYS_ADMIN, which takes nodev away'

# --- where the ids of the rootfs can't be mapped --------------------------------------------------------------------

# ramfs has no idmapped mounts.
mkdir "$T/ram"
mount -t ramfs ram "$T/ram"
cp -a "$T/rootfs/." "$T/ram/"
run "$SV" run --cap-add MKNOD --tmpfs /tmp:dev "$T/ram" /bin/sh -c "(: </disk) 2>/dev/null && echo brought; $make"
is "$status:$out" 3: 'the fall-back has the wall'
like "$err" '^sv: rootfs .*without a user namespace' 'and says that it is one'
run "$SV" run -m 64m --device /dev/null:/dev/mine:r --cap-add MKNOD --tmpfs /tmp:dev "$T/ram" /bin/sh -c \
	": </dev/mine; (: >/dev/null) 2>/dev/null && exit 5; $make"
is "$status" 3 'with a limit and a device as well'

umount "$T/ram"

# --- where the list can't be had ------------------------------------------------------------------------------------

tmpfs() { mount -t tmpfs none "$1"; }
if [ -z "${SV_IN_VM-}" ]; then
	# Nor are there records in /run: an sv that sees no control groups would take a killed one's for done with.
	tmpfs /run
	tmpfs /sys/fs/cgroup
	run "$SV" run --userns host "$ROOTFS" /bin/true
	is "$status:$(printf '%s\n' "$err" | wc -l)" 0:1 'without control groups it runs, and says so in one line'
	like "$err" '^sv: devices are not restricted \([A-Z]*\): ' 'which names what is missing'
	run "$SV" run --userns host --device /dev/null:/dev/null:r "$ROOTFS" /bin/true
	is "$status" 125 'a limit that was asked for is an error'
	run "$SV" run --userns private "$ROOTFS" /bin/true
	is "$status:$err" 0: 'in a user namespace there is nothing to say'
	run "$SV" run --userns host --privileged "$ROOTFS" /bin/true
	unlike "$err" "devices are not restricted" "nor with --privileged"
	umount /sys/fs/cgroup /run
fi

leftovers
done_testing
