#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# A setuid or capable program on a volume. The command is user 1000, and wants to be root of the container again.
. "${0%/*}/attack.sh"

mkdir "$T/volume"
for name in setuid capable; do cp "$(readlink -f "$ROOTFS/bin/busybox")" "$T/volume/$name"; done
chmod 4755 "$T/volume/setuid"
"$H/attack" arm "$T/volume/capable" || skip_all_cannot 'no file capabilities here'
options="-v $T/volume:/mnt"
modes=user
attack <<'EOS'
is_root() { [ "$("$@")" = 0 ]; }
gains() { "$1" grep -q '^CapEff:.*[1-9a-f]' /proc/self/status; }
try 'a setuid program' is_root /mnt/setuid id -u
try 'a program with capabilities' gains /mnt/capable
EOS
options="-u 1000 -v $T/volume:/mnt"
modes=host
attack <<'EOS'
is_root() { [ "$("$@")" = 0 ]; }
gains() { "$1" grep -q '^CapEff:.*[1-9a-f]' /proc/self/status; }
try 'a setuid program' is_root /mnt/setuid id -u
try 'a program with capabilities' gains /mnt/capable
EOS
attacks_end
