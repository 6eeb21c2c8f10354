#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# The user namespace: the container's root is nobody on the host. Ids outside of its map are out of reach, and files keep their
# owners only in what is mapped.
. "${0%/*}/attack.sh"

mkdir "$T/mapped" "$T/host"
for folder in mapped host; do
	echo secret >"$T/$folder/roots"
	chmod 600 "$T/$folder/roots"
	echo secret >"$T/$folder/far"
	chown 70000:70000 "$T/$folder/far"
	chmod 600 "$T/$folder/far"
done
chmod 777 "$T/host"
options="-v $T/mapped:/mnt/mapped -v $T/host:/mnt/host:noidmap"
modes=userns
attack <<'EOS'
id_of() { stat -c %u:%g "$1"; }
try "root's file on a volume that isn't mapped" cat /mnt/host/roots
try 'to own it' chown 0:0 /mnt/host/roots
try 'to open it to all' chmod 644 /mnt/host/roots
try 'the file of an id outside of the map' cat /mnt/mapped/far
try 'to own that' chown 0:0 /mnt/mapped/far
try 'to give one away to such an id' sh -c 'touch /mnt/mapped/gift && chown 70000:70000 /mnt/mapped/gift'
try 'to widen the map' sh -c 'echo 0 0 4294967295 >/proc/self/uid_map'
EOS
run timeout 60 "$SV" run $options "$ROOTFS" /bin/sh -c 'cat /mnt/mapped/roots; touch /mnt/mapped/new /mnt/host/new
	stat -c %u:%g /mnt/mapped/new /mnt/host/new; cat /proc/self/uid_map'
range=$(printf '%s\n' "$out" | awk '$1 == 0 { print $2 }')
is "$(printf '%s\n' "$out" | head -n 3 | tr '\n' ' ')" 'secret 0:0 0:0 ' "mapped, root's files are root's"
is "$(stat -c %u:%g "$T/mapped/new")" 0:0 'also on disk, where it is mapped'
is "$(stat -c %u:%g "$T/host/new")" "$range:$range" 'elsewhere they belong to an id of the range'
ok 'which is above those of accounts' [ "$range" -ge 1879048192 ]

# Seen from outside.
mkfifo "$T/go"
start "$SV" run "$ROOTFS" /bin/sh -c 'echo ready; exec sleep 1000'
ready
inside=$(children "$(children "$pid")")
is "$(stat -c %u "/proc/$inside")" "$(awk '{ print $2 }' "/proc/$inside/uid_map")" 'on the host the command is of the range'
kill "$pid"
finish
attacks_end
