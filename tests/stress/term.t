#!/bin/sh
# SPDX-License-Identifier: MIT
# TERM to sv at random moments of a start: none is lost.
. "${0%/*}/../lib.sh"

need_root
H=$BUILD/helpers
count=100
[ "$STRESS" != long ] || count=500

# strikes NAME MICROSECONDS OPTION...: so long does a start take, about, and a bit of the command's life.
strikes() {
	name=$1 longest=$2
	shift 2
	: >"$T/started"
	# A long time to stop: a lost TERM shows as a container that doesn't end.
	"$H/strike" 15 "$count" "$longest" "$SV" run --stop-timeout 1000 "$@" "$ROOTFS" \
		/bin/sh -c 'echo started >&2; exec sleep 1000' >"$stdout" 2>"$T/started" </dev/null
	out=$(cat "$stdout")
	note "$out; the command had started in $(grep -c started "$T/started")"
	is "$out" "sent $count, lost 0, other 0" "TERM at $count random moments: none is lost, each ends with 143 ($name)"
	is "$(grep -v started "$T/started")" '' 'and not a word'
}
strikes 'as it is' 10000
strikes 'as it is, early' 2000
strikes 'with limits' 12000 -m 64m --pids-limit 50
strikes '--pid host' 12000 --pid host --pids-limit 50
leftovers
done_testing
