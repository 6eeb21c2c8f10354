#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# Supplementary groups: those of the caller show up inside, or the primary one can be dropped, so that a file that is closed
# to a group opens (CVE-2022-36109).
. "${0%/*}/attack.sh"

need setpriv
for mode in '' '--userns host' '-u 1000' '-u 1000 --userns host' '-u 1000:1001'; do
	# shellcheck disable=SC2086
	run timeout 60 setpriv --groups 4,6,27,4242 "$SV" run $mode "$ROOTFS" cat /proc/self/status
	groups=$(printf '%s\n' "$out" | sed -n 's/^Groups:[[:space:]]*//p')
	unlike " $groups" ' (4|6|27|4242|65534)( |$)' "${mode:-default}: no group of the caller's"
done

# Only members of the group are locked out. The command may change its group where it is root, or by a setgid program.
mkdir "$T/volume"
echo secret >"$T/volume/closed"
chown 0:1000 "$T/volume/closed"
chmod 604 "$T/volume/closed"
cp "$H/attack" "$T/volume/setgid"
chown 0:65534 "$T/volume/setgid"
chmod 2755 "$T/volume/setgid"
for more in '' ':suid'; do
	options="-v $T/volume:/mnt$more"
	modes=user
	attack <<'EOS'
try 'a file closed to the group' cat /mnt/closed
try 'with a group dropped by a setgid program' /mnt/setgid group /mnt/closed
EOS
done
attacks_end
