#!/bin/sh
# SPDX-License-Identifier: MIT
# init without sv under load: orphans, storms of signals, TERM in the first moments, debuggers, stops, the freezer, a fork bomb.
# Each says how many it sent and how many arrived. (Under sv: the other files here.)
. "${0%/*}/../init/common.sh"

need_root
need unshare strace
cd "$T" || exit 1
orphans=5000 signals=200 storm=2000 races=200 turns=20 bombs=5
[ "$STRESS" != long ] || orphans=50000 signals=2000 storm=20000 races=1000 turns=100 bombs=50

number() { sed -n "s/.*$1 \\([0-9]*\\).*/\\1/p" "$stdout"; }

for how in process pid1; do
	since=$(date +%s%N)
	launch "$how" "$H/orphans" "$orphans" "$signals"
	"$H/send" -n "$signals" -s 0 "$init" 40 >sent
	finish 600
	took=$((($(date +%s%N) - since) / 1000000))
	note "$how: $(cat sent); $(tail -n 1 "$stdout") in $took ms"
	is "$status/$(number signals)/$(number wrong)" "0/$signals/0" "$how: $orphans orphans, and $signals signals arrive meanwhile, in order (18)"
	ok "$how: few are zombies at any moment ($(number 'most zombies')) (18)" [ "$(number 'most zombies')" -le 1000 ]
	is "$(cat sent)" "sent $signals" "$how: each was sent"
	is "$(number 'zombies left')" 0 "$how: none is left (18)"
done

# How fast, against a program that does nothing but wait: on the same machine, by turns, the best of each.
if [ "$STRESS" = long ]; then
	# best COMMAND...: sets $best to the milliseconds of this run, if it is the fastest so far.
	best() {
		since=$(date +%s%N)
		run "$@" "$H/orphans" "$orphans"
		took=$((($(date +%s%N) - since) / 1000000))
		is "$status/$(number 'zombies left')" 0/0 "${1##*/}: $orphans orphans in $took ms"
		[ "$took" -ge "$best" ] || best=$took
	}
	of_init=999999999 of_waits=999999999
	for _ in 1 2 3 4 5; do
		best=$of_waits
		best "$H/waits"
		of_waits=$best best=$of_init
		best "$INIT"
		of_init=$best
	done
	ok "init takes at most a quarter longer for $orphans orphans ($of_init ms) than who only waits ($of_waits ms) (18)" \
		[ $((of_init * 4)) -le $((of_waits * 5)) ]
fi

# storms NAME DISTURB...: four senders at once, and what disturbs init meanwhile.
storms() {
	name=$1
	shift
	launch "${how:-pid1}" "$H/catch" -s 64
	senders=''
	for sender in 1 2 3 4; do
		"$H/send" -n "$storm" -s "$sender" "$init" $((33 + sender)) >"sent.$sender" &
		senders="$senders $!"
	done
	"$@"
	for sender in $senders; do wait "$sender"; done
	# The end is a signal of its own, behind all: RTMAX comes last.
	"$H/send" "$init" 64
	finish 120
	sent=$(cat sent.* | awk '{ n += $2 } END { print n }')
	note "$name: sent $sent; $(tail -n 1 "$stdout")"
	is "$status/$sent" "0/$((4 * storm))" "$name: four senders, $sent signals"
	like "$out" "^received [0-9]+, values $sent, wrong 0\$" "$name: all arrive, with their values, each sender's in order (10, 15)"
}

classic() {
	# They merge: none is counted, and none may disturb.
	while [ "$(cat sent.* | wc -l)" -lt 4 ]; do kill -USR1 "$init" && kill -WINCH "$init" || break; done
}

attach() {
	attached=0
	for _ in $(seq 1 "$turns"); do
		strace -qq -o trace -p "$init" 2>/dev/null &
		tracer=$!
		wait_for 10 grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$init/status" && attached=$((attached + 1))
		kill "$tracer"
		wait "$tracer" 2>/dev/null
	done
	note "strace attached and detached $attached times"
}

stop() {
	for _ in $(seq 1 "$turns"); do
		kill -STOP "$init"
		wait_for 10 state_is "$init" T || note 'never stopped'
		kill -CONT "$init"
	done
}

# The freezer of either version of control groups.
freezer=
for root in /sys/fs/cgroup /sys/fs/cgroup/unified; do
	[ ! -e "$root/cgroup.procs" ] || [ -n "$freezer" ] || { mkdir "$root/init-test$$" 2>/dev/null && freezer=$root/init-test$$; }
done
if [ -n "$freezer" ] && [ ! -e "$freezer/cgroup.freeze" ]; then
	rmdir "$freezer"
	freezer=
fi
freeze() {
	echo "$init" >"$freezer/cgroup.procs"
	for _ in $(seq 1 "$turns"); do
		echo 1 >"$freezer/cgroup.freeze"
		wait_for 10 grep -q 'frozen 1' "$freezer/cgroup.events" || note 'never frozen'
		echo 0 >"$freezer/cgroup.freeze"
	done
}

storms 'beside classic signals' classic
storms "strace, $turns times" attach
is "$attached" "$turns" 'strace was attached each time'
storms "STOP and CONT, $turns times" stop
if [ -n "$freezer" ]; then
	storms "freezer, $turns times" freeze
	gone_group() { rmdir "$freezer"; }
	wait_for 10 gone_group
else
	skip_cannot 'no freezer of control groups version 2' 'freezer'
fi

for words in "$INIT" "$(called dumb-init)"; do
	# shellcheck disable=SC2086
	run "$H/strike" 15 "$races" 3000 $words sleep 1000
	note "${words##*/}: $out"
	is "$out" "sent $races, lost 0, other 0" "${words##*/}: TERM at $races random moments of the first 3 ms: none is lost (11)"
done
# sv, which launches it as PID 1. A lost one shows: it has a long time to stop.
run "$H/strike" 15 "$races" 3000 "$SV" run --stop-timeout 1000 "$ROOTFS" sleep 1000
note "sv: $out"
is "$out" "sent $races, lost 0, other 0" "sv: TERM at $races random moments of the first 3 ms: none is lost (7) (11)"

# A bounded fork bomb under a limit of processes.
limit=
if [ -e /sys/fs/cgroup/pids/cgroup.procs ]; then
	limit=/sys/fs/cgroup/pids/init-test$$
elif grep -qw pids /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
	limit=/sys/fs/cgroup/init-test$$
fi
if [ -n "$limit" ] && mkdir "$limit"; then
	echo 100 >"$limit/pids.max"
	ended=0 refused=0
	for _ in $(seq 1 "$bombs"); do
		# shellcheck disable=SC2016
		start sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$limit" unshare -pf --mount-proc --propagation private "$INIT" \
			sh -c "echo ready; $H/forks 1000 & $H/forks 1000 & exec $H/forks 1000"
		ready
		wait_for 10 has_line "$stdout" 'refused [1-9]' && refused=$((refused + 1))
		kill "$(children "$pid")"
		finish 20
		[ "$status" -ne 143 ] || ended=$((ended + 1))
	done
	note "$bombs bombs, $refused met the limit, $ended ended by TERM"
	is "$refused/$ended" "$bombs/$bombs" "$bombs fork bombs meet the limit, and TERM ends each"
	empty() { rmdir "$limit"; }
	ok 'nobody is left in the group' wait_for 10 empty
else
	skip_cannot 'no controller of the number of processes' 'a fork bomb'
fi
leftovers
done_testing
