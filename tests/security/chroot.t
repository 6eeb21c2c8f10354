#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# Out of the root by chroot, with a folder open outside of the new one.
. "${0%/*}/attack.sh"

mark=$T/mark
touch "$mark"
cp -a "$ROOTFS" "$T/r"
mkdir -p "$T/r/srv"
cp "$H/attack" "$T/r/srv/"
ok 'from a mere chroot it succeeds' chroot "$T/r" /srv/attack chroot-escape "$mark"
standing='*' # the host's tree isn't mounted inside
attack "$mark" <<'EOS'
try 'chroot' $attack chroot-escape "$1"
EOS
attacks_end
