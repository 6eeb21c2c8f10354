#!/bin/sh
# SPDX-License-Identifier: MIT
# Each container has ids of its own: many at once never share any, a range is free again at the end, and the file that locks
# them goes with the last.
. "${0%/*}/attack.sh"

count=40
[ "$STRESS" != long ] || count=200
lock=/run/sv/.ids

all=
for number in $(seq 1 "$count"); do
	"$SV" run "$ROOTFS" /bin/sh -c 'cat /proc/self/uid_map /proc/self/gid_map; exec sleep 1000' \
		>"$T/out.$number" 2>"$T/err.$number" </dev/null &
	all="$all $!"
done
all_run() { [ "$(cat "$T"/out.* | wc -l)" -eq $((2 * count)) ]; }
ok "$count containers at once: all start" wait_for 120 all_run || note "$(cat "$T"/err.* | sort | uniq -c)"
cat "$T"/out.* | sort -u >"$T/maps"
is "$(wc -l <"$T/maps")" "$count" 'each has a map of its own'
is "$(sort -n -k 2 "$T/maps" | awk '$2 < end { print "overlap at", $2 } { end = $2 + $3 }')" '' 'and none touches another'
is "$(awk '{ print $1, $3 }' "$T/maps" | sort -u)" '0 65536' 'of 65,536 ids each'
ok 'one file locks them' [ -f "$lock" ]

# One range, asked for by two.
range=$(awk '{ print $2; exit }' "$T/maps")
run timeout 60 "$SV" run --userns "$range:65536" "$ROOTFS" /bin/true
is "$status" 125 'a range that is taken is refused'
run timeout 60 "$SV" run --userns "$((range + 65535)):10" "$ROOTFS" /bin/true
is "$status" 125 'so is one that shares an id with it'

# Ended all at once, by TERM and by KILL: what sv can't clean up the kernel and the next sv do.
# shellcheck disable=SC2086
kill $all
for process in $all; do wait_for 60 gone "$process"; wait "$process"; done
ok 'the file goes with the last of them' wait_for 5 missing "$lock"
run timeout 60 "$SV" run --userns "$range:65536" "$ROOTFS" cat /proc/self/uid_map
is "$(echo $out)" "0 $range 65536" 'and the range is free'
start "$SV" run --userns "$range:65536" "$ROOTFS" /bin/sh -c 'echo ready; exec sleep 1000'
ready
kill -KILL "$pid"
finish
taken() { timeout 60 "$SV" run --userns "$range:65536" "$ROOTFS" /bin/true </dev/null; }
ok 'also after sv was killed' wait_for 10 taken
ok 'nor does the file stay then' wait_for 5 missing "$lock"

# Again and again, two that end while others begin.
bad=
for _ in $(seq 1 "$count"); do
	for number in 1 2 3; do
		timeout 60 "$SV" run --userns "$((1900000000 + number * 65536)):65536" "$ROOTFS" /bin/true >/dev/null 2>"$T/err.$number" </dev/null &
	done
	wait
	[ -z "$(cat "$T/err.1" "$T/err.2" "$T/err.3")" ] || bad=$bad$(cat "$T/err.1" "$T/err.2" "$T/err.3")
	[ ! -e "$lock" ] || bad="$bad the file stayed"
done
is "$bad" '' 'three come and go at once: none is told that its ids are taken, and the file never stays'
attacks_end
