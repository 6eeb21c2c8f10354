#!/bin/sh
# SPDX-License-Identifier: MIT
# Two runs never collide.
. "${0%/*}/../lib.sh"

need_root
N=names$$

start "$SV" run --name "$N" -m 64m "$ROOTFS" /bin/sh -c 'echo ready; exec sleep 1000'
ready
first=$pid
cp "$stdout" "$T/first"
run "$SV" run --name "$N" "$ROOTFS" /bin/echo ran
is "$status/$out" 125/ 'a name in use is an error'
like "$err" "^sv: .*'?$N'? is in use" 'which says so'
is "$(printf '%s\n' "$err" | wc -l)" 1 'in one line'
run "$SV" run --name "$N" -m 32m "$ROOTFS" /bin/echo ran
is "$status/$out" 125/ 'with limits as well'
ok 'the first one runs on' alive "$(children "$(children "$first")")"
[ -e /sys/fs/cgroup/cgroup.controllers ] && file=memory.max || file=memory.limit_in_bytes
is "$(cat "$(group memory "$N")/$file")" 67108864 'with its limits'
run "$SV" run --name "$N-2" "$ROOTFS" /bin/sh -c 'exit 2'
is "$status" 2 'another name is free'
kill "$first"
wait "$first"
is "$?" 143 'the first one ends as if nothing had been'
run "$SV" run --name "$N" "$ROOTFS" /bin/sh -c 'exit 5'
is "$status" 5 'then its name is free again'

got=''
for _ in $(seq 1 20); do
	run "$SV" run --name "$N" --pids-limit 10 "$ROOTFS" /bin/true
	got="$got$status$err"
done
is "$got" 00000000000000000000 'one after the other: 20 times'

# Each waits for the end of its input, so that all of them are there at once.
mkfifo "$T/hold"
exec 7<>"$T/hold"
racers=''
for racer in $(seq 1 20); do
	"$SV" run --name "$N" --pids-limit 10 "$ROOTFS" /bin/sh -c 'echo ran; exec cat' <"$T/hold" >"$T/out.$racer" 2>"$T/err.$racer" 7>&- &
	racers="$racers $!"
done
ended() {
	count=0
	for racer in $racers; do ! gone "$racer" || count=$((count + 1)); done
	[ "$count" -eq 19 ]
}
ok 'twenty at once with one name: nineteen of them end at once' wait_for 30 ended
exec 7>&-
got=''
for racer in $racers; do
	wait "$racer"
	got="$got$?
"
done
is "$(printf %s "$got" | awk '{ n[$1]++ } END { print n[0], n[125] }')" '1 19' 'as errors, and one runs'
is "$(cat "$T"/out.*)" ran 'one, and no more'
is "$(cat "$T"/err.* | grep -vc "'*$N'* is in use")" 0 'they all say why'

# Random names, with groups of their own.
racers=''
for racer in $(seq 1 50); do
	"$SV" run --pids-limit 10 "$ROOTFS" /bin/sh -c 'hostname; exit $1' sh "$racer" >"$T/out.$racer" 2>"$T/err.$racer" </dev/null &
	racers="$racers $!"
done
got='' wanted='' racer=0
for process in $racers; do
	wait "$process"
	racer=$((racer + 1)) got="$got $?" wanted="$wanted $racer"
done
is "$got" "$wanted" '50 at once with names made up: each ends with its own status'
is "$(cat "$T"/out.* | sort -u | wc -l)" 50 'under 50 names'
is "$(cat "$T"/err.*)" '' 'and not a word'

leftovers
done_testing
