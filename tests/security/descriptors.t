#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# Folders of the host reached through a descriptor, a working directory or a root that was left open (CVE-2024-21626).
. "${0%/*}/attack.sh"

mark=$T/mark
touch "$mark"
cp -a "$ROOTFS" "$T/r"
mkdir -p "$T/r/srv"
cp "$H/attack" "$T/r/srv/"

# With folders open that sv must not pass on.
cd / || exit 1
exec 5</ 7</proc 8<"$T"
ok 'from a mere chroot the attack succeeds' chroot "$T/r" /srv/attack descriptors "$mark"

standing='*' # no such folder is open inside
attack "$mark" <<'EOS'
try "a folder of any process's" $attack descriptors "$1"
EOS

# As the working directory, which is entered before the command is executed.
out=
for fd in $(seq 0 24); do
	for of in self 1; do
		out=$out$(timeout 60 "$SV" run -w "/proc/$of/fd/$fd" "$T/r" /bin/sh -c \
			'/srv/attack descriptors "$1" && echo out' sh "$mark" 2>/dev/null </dev/null)
	done
done
is "$out" '' 'no --workdir below /proc/self/fd leads out'
attacks_end
