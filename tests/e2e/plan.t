#!/bin/sh
# SPDX-License-Identifier: MIT
# Bad plans for the real init. tests/helpers/plan.c gives them, in namespaces that are thrown away.
. "${0%/*}/../lib.sh"

need_root
helper=$BUILD/helpers/plan
[ -x "$helper" ] || skip_all 'the helpers are not built (make helpers)'
mkdir "$T/root" "$T/volume"
cp "$ROOTFS/bin/busybox" "$T/root/true"
before=$(cat /proc/self/mountinfo; hostname)

"$helper" "$INIT" "$T/root" "$T/volume" >"$T/tap" 2>"$T/errors"
ended=$?
while IFS= read -r line; do
	case $line in
	'ok - '*) pass "${line#ok - }" ;;
	'not ok - '*) fail "${line#not ok - }" || true ;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$T/tap"
is "$ended $(cat "$T/errors")" '0 ' 'every plan was tried'
is "$(cat /proc/self/mountinfo; hostname)" "$before" 'nothing of it reached the host'
leftovers
done_testing
