#!/bin/sh
# SPDX-License-Identifier: MIT
# Many containers at once.
. "${0%/*}/../lib.sh"

need_root
count=40
[ "$STRESS" != long ] || count=200

since=$(date +%s%N)
all=''
for number in $(seq 1 "$count"); do
	"$SV" run --pids-limit 20 "$ROOTFS" /bin/sh -c 'hostname; exec sleep 1000' >"$T/out.$number" 2>"$T/err.$number" </dev/null &
	all="$all $!"
done
all_run() { [ "$(cat "$T"/out.* | wc -l)" -eq "$count" ]; }
ok "$count containers at once: all start" wait_for 120 all_run || note "$(cat "$T"/err.* | sort | uniq -c)"
note "$(cat "$T"/out.* | wc -l) of $count started in $((($(date +%s%N) - since) / 1000000)) ms"
is "$(cat "$T"/out.* | sort -u | wc -l)" "$count" 'each under a name of its own'
living=0
for process in $all; do ! alive "$process" || living=$((living + 1)); done
is "$living" "$count" 'all run at the same time'
# shellcheck disable=SC2086
kill $all
ended=0
for process in $all; do
	wait_for 60 gone "$process"
	wait "$process"
	[ $? -ne 143 ] || ended=$((ended + 1))
done
is "$ended" "$count" 'each ends on TERM, with 143'
is "$(cat "$T"/err.*)" '' 'and not a word'
leftovers
done_testing
