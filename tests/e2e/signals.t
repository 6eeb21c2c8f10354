#!/bin/sh
# SPDX-License-Identifier: MIT
# Signals on their way from sv through init to the command. Numbers in names: lines of what a correct PID 1 does.
. "${0%/*}/../lib.sh"

need_root
N=signals$$
H=$BUILD/helpers
IN="-v $H:/srv:ro"
[ -x "$H/catch" ] || bail "no $H/catch: make helpers"

# catch COMMAND...: started; its command is ready to take signals. Words of $options are for sv, this once.
options=
# What is slow to go on after a TERM isn't killed.
catch() {
	# shellcheck disable=SC2086
	start "$SV" run --name "$N" --stop-timeout 1000 $IN $options "$ROOTFS" "$@"
	ready
	options=
}

# The command's own pid on the host.
command_of() { children "$(children "$1")"; }
signal_state() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
stopped() { grep -q '^State:[[:space:]]*T' "/proc/$1/status"; }
running() { grep -q '^State:[[:space:]]*[RS]' "/proc/$1/status"; }
line() { printf %s "$out" | tr '\t\n' '  '; } # what came out, in one
lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

# --- all of them ------------------------------------------------------------------------------------------------------

# One after the other: the order of different ones is the kernel's. CONT discards pending stops and the other way round.
wanted='' sent=0
catch /srv/catch 61
for signal in $(seq 1 64); do
	case $signal in
	9 | 17 | 19) continue ;; # KILL, CHLD, STOP
	esac
	"$H/send" "$pid" "$signal" || break
	sent=$((sent + 1))
	wait_for 10 lines "$stdout" $((sent + 1)) || break
	wanted="$wanted$signal user 0
"
done
finish
is "$sent" 61 'each signal from 1 to 64 but KILL, STOP and CHLD (9) is passed on as it comes'
is "$(sed 1d "$stdout")" "${wanted%?}" 'and arrives, once, as a plain one'
is "$status" 0 'and none of them ended sv or init'

catch /srv/catch 5
"$H/send" "$pid" 34=1 34=2 34=-3 64=2147483647 34=4
finish
is "$(grep '^34' "$stdout")" '34 queue 1
34 queue 2
34 queue -3
34 queue 4' 'values of sigqueue survive, in order (10)'
is "$(grep '^64' "$stdout")" '64 queue 2147483647' 'whatever they are'

catch /srv/catch 2
"$H/send" "$pid" 17 17=5 10=7
wait_for 10 lines "$stdout" 2
"$H/send" "$pid" 12
finish
is "$(sed 1d "$stdout")" '10 queue 7
12 user 0' "a value comes with a classic signal too; CHLD sent to sv is sv's own"

# From outside to PID 1 itself.
catch /srv/catch 3
init=$(children "$pid")
"$H/send" "$init" 6
wait_for 10 lines "$stdout" 2
"$H/send" "$init" 11
wait_for 10 lines "$stdout" 3
"$H/send" "$init" 35=9
finish
is "$status/$(sed 1d "$stdout")" '0/6 user 0
11 user 0
35 queue 9' 'ABRT and SEGV sent to PID 1 from outside are passed on, and values (9, 10)'

# --- how the command starts -----------------------------------------------------------------------------------------------

for case in ': SigBlk: 0000000000000000 SigIgn: 0000000000000000' \
	'-b 10 -b 34 -b 64: SigBlk: 8000000200000200 SigIgn: 0000000000000000' \
	'-i 1 -i 13 -i 40: SigBlk: 0000000000000000 SigIgn: 0000008000001001' \
	'-b 32 -b 33 -i 32 -i 33: SigBlk: 0000000180000000 SigIgn: 0000000180000000' \
	'-b 15 -i 15: SigBlk: 0000000000004000 SigIgn: 0000000000004000'; do
	# shellcheck disable=SC2086
	run "$H/with" ${case%%:*} "$SV" run "$ROOTFS" grep -E '^Sig(Blk|Ign):' /proc/self/status
	is "$(line)" "${case#*: }" "the command gets the mask and the ignored set that sv was started with (7): ${case%%:*}"
done

run "$H/with" -i 17 "$SV" run "$ROOTFS" grep '^SigIgn:' /proc/self/status
is "$status/$(line)" '0/SigIgn: 0000000000010000' 'CHLD ignored at the start stays so for the command (7)'
run "$H/with" -i 17 "$SV" run "$ROOTFS" /bin/sh -c 'exit 42'
is "$status" 42 'and the status is right all the same (8)'
all=
for signal in $(seq 1 64); do all="$all -b $signal"; done
# shellcheck disable=SC2086
run "$H/with" $all "$SV" run "$ROOTFS" /bin/sh -c 'exit 43'
is "$status" 43 'sv works when it is started with every signal blocked'

start nohup "$SV" run --name "$N" "$ROOTFS" /bin/sh -c 'echo ready; kill -HUP $$; echo still; exit 5'
finish
is "$status/$(grep still "$stdout")" 5/still 'nohup works: the command survives a HUP (7)'

# --- stopping -----------------------------------------------------------------------------------------------------------

catch /bin/sh -c 'trap "echo term; exit 9" TERM; echo ready; while :; do sleep 1000 & wait $!; done'
kill "$pid"
finish
is "$status/$(tail -n 1 "$stdout")" 9/term 'TERM to sv: the command ends in its own way'

options="--stop-signal USR1"
catch /srv/catch 1
kill "$pid"
finish
is "$(tail -n 1 "$stdout")" '10 user 0' '--stop-signal: TERM becomes another signal'
options="--stop-signal RTMIN+3"
catch /srv/catch 1
kill "$pid"
finish
is "$(tail -n 1 "$stdout")" '37 user 0' 'or a real-time one'

options="--stop-timeout 1"
catch /bin/sh -c 'trap "" TERM; echo ready; while :; do sleep 1000; done'
since=$(date +%s%N)
kill "$pid"
finish
took=$((($(date +%s%N) - since) / 1000000))
is "$status/$err" 137/ '--stop-timeout: what ignores TERM is killed'
ok "not before its time ($took ms)" [ "$took" -ge 1000 ]

options="--stop-timeout 0"
catch /bin/sh -c 'trap "" TERM; echo ready; while :; do sleep 1000; done'
kill "$pid"
finish
is "$status" 137 '--stop-timeout 0: at once'

since=$(date +%s%N)
run "$SV" run --name "$N" --timeout 300ms "$ROOTFS" sleep 1000
took=$((($(date +%s%N) - since) / 1000000))
is "$status" 143 '--timeout: the command is asked to stop'
like "$err" "^sv: container $N: .*--timeout" 'and sv says why'
ok "not before its time ($took ms)" [ "$took" -ge 300 ]
run "$H/with" -i 15 "$SV" run --name "$N" --timeout 100ms --stop-timeout 1 "$ROOTFS" sleep 1000
is "$status" 137 '--timeout and --stop-timeout: then killed'
run "$SV" run --name "$N" --timeout 100 "$ROOTFS" /bin/sh -c 'exit 3'
is "$status/$err" 3/ '--timeout that never comes changes nothing'

# --- stopped commands -----------------------------------------------------------------------------------------------------

catch /bin/sh -c 'echo ready; exec sleep 1000'
busy=$(command_of "$pid")
kill -STOP "$busy"
wait_for 10 stopped "$busy"
kill "$pid"
finish 8
is "$status" 143 'a stopped command gets TERM, then CONT, so that it ends (14)'

catch /srv/catch 3
busy=$(command_of "$pid")
kill -STOP "$busy"
wait_for 10 stopped "$busy"
kill "$pid"
wait_for 10 lines "$stdout" 3
"$H/send" "$pid" 12
finish
is "$(sed 1d "$stdout" | sort -n)" '12 user 0
15 user 0
18 user 0' 'each of the two once'

# Straight after each other: the stop may not even be complete when TERM comes.
bad=0
for round in $(seq 1 20); do
	catch /bin/sh -c 'echo ready; exec sleep 1000'
	kill -STOP "$(command_of "$pid")"
	kill "$pid"
	finish 8
	[ "$status" = 143 ] || bad=$((bad + 1))
done
is "$bad" 0 'TERM right after a stop ends it too: 20 times'

# Whichever the stop signal is, and the stop comes when it has been passed on.
for signal in TERM USR1; do
	options="--stop-signal $signal"
	catch /bin/sh -c "trap 'kill -STOP \$\$; exit 9' $signal; echo ready; while :; do sleep 1000 & wait \$!; done"
	kill "$pid"
	finish
	is "$status" 9 "nor is what was asked to end left stopped: --stop-signal $signal"
done

catch /srv/catch 3
busy=$(command_of "$pid")
kill -STOP "$busy"
wait_for 10 stopped "$busy"
kill -CONT "$busy"
wait_for 10 lines "$stdout" 2
kill "$pid"
wait_for 10 lines "$stdout" 3
"$H/send" "$pid" 12
finish
is "$(sed 1d "$stdout")" '18 user 0
15 user 0
12 user 0' 'one that was stopped and goes on again gets TERM, and no second CONT (14)'

catch /srv/catch 1
busy=$(command_of "$pid")
kill -STOP "$pid"
wait_for 10 stopped "$pid"
ok 'sv stopped by STOP: the container goes on' running "$busy"
kill -CONT "$pid"
finish
is "$status/$(tail -n 1 "$stdout")" '0/18 user 0' 'and CONT reaches the command as well'

catch /bin/sh -c 'echo ready; while :; do :; done'
busy=$(command_of "$pid")
kill -TSTP "$pid"
ok 'TSTP to sv stops the command' wait_for 10 stopped "$busy"
ok 'then sv, and nothing else: this test goes on' wait_for 10 stopped "$pid"
kill -CONT "$pid"
ok 'CONT to sv continues it' wait_for 10 running "$busy"
kill "$pid"
finish
is "$status" 143 'and it ends as ever'

# A supervisor that is stopped reads nothing: init must not wait for it.
catch /bin/sh -c 'echo ready
	trap "" USR1
	i=0
	while [ $i -lt 3000 ]; do (:) & i=$((i + 1)); [ $((i % 50)) -ne 0 ] || wait; done
	echo reaped
	exec sleep 1000'
busy=$(command_of "$pid")
kill -STOP "$pid"
for round in $(seq 1 1500); do
	kill -STOP "$busy"
	kill -CONT "$busy"
done
ok 'sv stopped, the command stopped and continued 1500 times: it works on' wait_for 30 has_line "$stdout" '^reaped'
kill "$busy"
ok 'and init still reaps' wait_for 10 missing "/proc/$busy"
kill -CONT "$pid"
finish
is "$status" 143 'and the status is there when sv goes on'

# --- early, late, many --------------------------------------------------------------------------------------------------------

# Orphan groups, other users.
options="-u 65534:65534"
catch /srv/catch 1
kill -USR1 "$pid"
finish
is "$status/$(tail -n 1 "$stdout")" '0/10 user 0' 'a command of another user gets signals'
catch /bin/sh -c 'echo ready; exec /srv/with -u 65534 /srv/catch 1'
wait_for 10 lines "$stdout" 2
kill -USR2 "$pid"
finish
is "$status/$(tail -n 1 "$stdout")" '0/12 user 0' 'one that changed its user does too (12)'

# A flood of low ones; the command ends meanwhile.
catch /bin/sh -c 'trap "" HUP; echo ready; i=0; while [ $i -lt 200 ]; do (exit 1); i=$((i + 1)); done; exit 4'
while kill -HUP "$pid" 2>/dev/null && alive "$pid"; do :; done
finish
is "$status" 4 'a flood of HUP does not starve reaping (15)'

# Output closed: init's and sv's own writes never hurt.
start /bin/sh -c "\"\$0\" run --name $N \"\$1\" /bin/sh -c 'echo ready >&2; i=0; while [ \$i -lt 1000 ]; do echo \$i; i=\$((i + 1)); done' | true" "$SV" "$ROOTFS"
finish
is "$status" 0 'a command whose reader is gone ends as in a pipe'
run "$SV" run "$ROOTFS" /bin/sh -c 'kill -PIPE $$'
is "$status" 141 'a command that dies of PIPE is told so'
# shellcheck disable=SC2016
run /bin/sh -c '"$0" run "$1" /bin/no-such-thing 2>&-; echo $?' "$SV" "$ROOTFS"
is "$out" 127 'stderr closed: the status is still right (13)'

# --- strace, freezer ------------------------------------------------------------------------------------------------------------

if command -v strace >/dev/null; then
	catch /srv/catch 20
	busy=$(command_of "$pid")
	for round in $(seq 1 10); do
		: >"$T/strace"
		strace -o /dev/null -p "$busy" 2>>"$T/strace" &
		tracer=$!
		wait_for 10 has_line "$T/strace" attached
		"$H/send" "$pid" "34=$round"
		kill "$tracer"
		wait "$tracer"
		"$H/send" "$pid" "34=$((round + 100))"
	done
	finish
	is "$status" 0 'strace attached and detached ten times: the command ends by itself (15)'
	wanted=$(for round in $(seq 1 10); do printf '34 queue %s\n34 queue %s\n' "$round" $((round + 100)); done)
	is "$(sed 1d "$stdout")" "$wanted" 'and no signal is lost'
else
	skip 'no strace' 'strace attached and detached'
fi

# v1's freezer, for a group that is the test's own.
freezer=/sys/fs/cgroup/freezer mine=/svfreeze$$
frozen() { [ "$(cat "$1")" = FROZEN ]; }
if [ -d "$freezer" ] && mkdir "$freezer$mine"; then
	at_exit "rmdir '$freezer$mine' 2>/dev/null"
	options="--cgroup-parent $mine"
	catch /srv/catch 2
	echo FROZEN >"$freezer$mine/freezer.state"
	wait_for 10 frozen "$freezer$mine/freezer.state"
	"$H/send" "$pid" 34=1 34=2
	echo THAWED >"$freezer$mine/freezer.state"
	finish
	is "$status/$(sed 1d "$stdout")" '0/34 queue 1
34 queue 2' 'signals to a frozen container arrive when it thaws (15)'
	options="--cgroup-parent $mine"
	catch /bin/sh -c 'echo ready; exec sleep 1000'
	echo FROZEN >"$freezer$mine/freezer.state"
	wait_for 10 frozen "$freezer$mine/freezer.state"
	kill "$pid"
	echo THAWED >"$freezer$mine/freezer.state"
	finish
	is "$status" 143 'and TERM too'
	rmdir "$freezer$mine"
else
	skip_cannot 'no v1 freezer' 'freezer'
fi

leftovers
done_testing
