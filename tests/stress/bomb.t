#!/bin/sh
# SPDX-License-Identifier: MIT
# Fork bombs (bounded in number) under a limit of processes, and TERM at random moments: the limit holds, init serves.
. "${0%/*}/../lib.sh"

need_root
H=$BUILD/helpers
count=20
[ "$STRESS" != long ] || count=100

moment() { printf '0.0%03d' "$(($(od -An -N2 -tu2 /dev/urandom) % 300))"; }

ended=0 other='' over=0 most=0
for _ in $(seq 1 "$count"); do
	start "$SV" run --name "bomb$$" --pids-limit 100 --stop-timeout 1000 -v "$H:/srv:ro" "$ROOTFS" \
		/bin/sh -c 'echo ready; /srv/forks 2000 & /srv/forks 2000 & exec /srv/forks 2000'
	ready
	sleep "$(moment)"
	now=$(cat "$(group pids "bomb$$")/pids.current")
	[ "$now" -le 100 ] || over=$((over + 1))
	[ "$now" -le "$most" ] || most=$now
	kill "$pid"
	finish 20
	[ "$status" -eq 143 ] && ended=$((ended + 1)) || other="$other $status"
done
note "$count bombs, $ended ended by TERM, at most $most processes at once"
is "$over" 0 "$count fork bombs: never more processes than the limit"
is "$ended/$other" "$count/" 'TERM ends each'
ok "they did meet it ($most)" [ "$most" -ge 50 ]
leftovers
done_testing
