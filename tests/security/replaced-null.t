#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# Masking and the console through a replaced /dev/null or /dev/console (CVE-2025-31133, CVE-2025-52565).
. "${0%/*}/attack.sh"

target=$T/target # what a replaced node would have bound over a masked path, or a console over it
echo untouched >"$target"
cp -a "$ROOTFS" "$T/r"
for kind in link file directory pipe device magic; do
	rm -rf "${T:?}/dev"
	mkdir "$T/dev" "$T/dev/pts" "$T/dev/shm" "$T/dev/mqueue"
	for name in null console ptmx; do
		case $kind in
		link) ln -s "$target" "$T/dev/$name" ;;
		file) echo prepared >"$T/dev/$name" ;;
		directory) mkdir "$T/dev/$name" ;;
		pipe) mkfifo "$T/dev/$name" ;;
		device) mknod "$T/dev/$name" c 1 5 ;;
		magic) ln -s /proc/self/fd/0 "$T/dev/$name" ;;
		esac
	done
	for userns in auto host; do
		run timeout 60 "$SV" run -T --userns "$userns" -v "$T/dev:/dev:dev" "$ROOTFS" /bin/sh -c \
			'cat /proc/kcore /proc/keys; (: >>/proc/sysrq-trigger) && echo open'
		is "$status:$out" 1: "--userns $userns: with a $kind for /dev/null all is hidden and closed as ever"
		run timeout 60 "$SV" run -t --userns "$userns" -v "$T/dev:/dev:dev" "$ROOTFS" /bin/sh -c 'echo out >/dev/console'
		is "$status:$out" 125: "--userns $userns: nor a console opened"
	done
done
is "$(cat "$target")" untouched 'nothing outside was written to'

# In the root tree they are covered by the container's own /dev.
rm -rf "$T/r/dev"
mkdir "$T/r/dev"
ln -s "$target" "$T/r/dev/null"
ln -s "$target" "$T/r/dev/console"
rootfs=$T/r
options=-t
modes='userns host user'
attack <<'EOS'
try '/dev/null is a prepared one' [ "$(stat -c %t:%T /dev/null)" != 1:3 ]
try '/dev/console is no terminal' [ ! -c /dev/console ]
try 'kcore is not masked' shows /proc/kcore
EOS
is "$(cat "$target")" untouched 'nothing outside was written to'
attacks_end
