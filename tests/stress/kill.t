#!/bin/sh
# SPDX-License-Identifier: MIT
# KILL to sv at random moments of a container's life: nothing runs on, and after one more sv nothing is left.
. "${0%/*}/../lib.sh"

need_root
count=40
[ "$STRESS" != long ] || count=200

# 0 to 19.9 ms: before, during and after the start.
moment() { printf '0.0%03d' "$(($(od -An -N2 -tu2 /dev/urandom) % 200))"; }
running() {
	"$SV" run --name "kill$$" "$@" "$ROOTFS" /bin/sh -c 'sleep 1000 & echo started; sleep 1000' >>"$T/started" 2>"$stderr" </dev/null &
	pid=$!
}

: >"$T/started"
killed=0 refused=''
for number in $(seq 1 "$count"); do
	case $((number % 4)) in
	0) running ;;
	1) running -m 64m --pids-limit 50 --cpus 0.5 ;;
	2) running --pid host --pids-limit 50 ;;
	3) running -v "$T:/mnt" --tmpfs /tmp --sysctl kernel.msgmax=4096 ;;
	esac
	sleep "$(moment)"
	kill -KILL "$pid" && killed=$((killed + 1)) # fails when it has ended by itself
	wait "$pid"
	# The name is used again at once: what the last one left must be no hindrance.
	refused="$refused$(cat "$stderr")"
done
note "killed $killed supervisors, $(wc -l <"$T/started") of which had started their command"
is "$killed" "$count" "$count supervisors are killed at random moments"
is "$refused" '' 'each started, whatever the one before it left under the same name'
run "$SV" run "$ROOTFS" /bin/sh -c 'exit 3'
is "$status/$err" 3/ 'one more sv runs'
is "$(find /sys/fs/cgroup -name "kill$$" 2>/dev/null)" '' 'no group is left'
ok 'no record is left' [ ! -e "/run/sv/kill$$" ]
leftovers
done_testing
