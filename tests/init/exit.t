#!/bin/sh
# SPDX-License-Identifier: MIT
# How init ends, and whom it reaps (lines 16 to 20), and what --grace and its kin change.
. "${0%/*}/common.sh"

need unshare python3 strace setsid
cd "$T" || exit 1

mkfifo gate

# --- 16 ---------------------------------------------------------------------------------------------------------------------

cat >statuses.py <<'P'
import os, resource, signal, subprocess, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_DFL)
    except (OSError, ValueError):
        pass
how, init = sys.argv[1], sys.argv[2]
prefix = ["unshare", "-pf", "--mount-proc"] if how == "pid1" else []
wrong = []
for number in range(256):
    got = subprocess.run(prefix + [init, "sh", "-c", "exit %d" % number]).returncode
    if got != number:
        wrong.append((number, got))
for number in range(1, 65):
    if number in (17, 18, 19, 20, 21, 22, 23, 28, 32, 33):
        continue  # these end nothing by default; 32 and 33 are libc's
    got = subprocess.run(prefix + [init, "sh", "-c", "kill -%d $$" % number]).returncode
    if got != 128 + number:
        wrong.append((number, got))
print(wrong)
P
for how in process pid1; do
	run python3 statuses.py "$how" "$INIT"
	is "$out" '[]' "$how: 0 to 255 pass through, 128+N for each signal that ends it (16)"
	# Orphans that end at once, each with its own status, before the command does.
	run as "$how" "$INIT" sh -c '"$0" 2000 >/dev/null; exit 77' "$H/orphans"
	is "$status" 77 "$how: no orphan's status is taken for the command's (16)"
	run as "$how" "$INIT" sh -c '(exec sleep 0.2; exit 5) & exec sh -c "exit 66"'
	is "$status" 66 "$how: nor that of a child that outlives the command (16)"
done
if [ -w /proc/sys/kernel/pid_max ]; then
	run as pid1 "$INIT" sh -c 'i=0; while [ $i -lt 300 ]; do (exit 9) & i=$((i+1)); done; wait; exit 55'
	is "$status" 55 'many pids come and go, the status is the command'"'"'s (16)'
fi
# The command's own pid comes again, when it has been reaped, for an orphan with another status.
cat >again.sh <<'S'
: >started
while [ -e /proc/2 ]; do :; done
echo 1 >/proc/sys/kernel/ns_last_pid
sh -c 'echo reused $$; exit 9'
:
S
# The same where init isn't PID 1, and the pid a stranger's, with a group of its own: what is for the rest of the command isn't
# for that. Nobody here may start a process between the two lines that choose the pid.
cat >stranger.sh <<'S'
"$INIT" --wait-all sh -c 'setsid "$H/catch" 2 >rest & until grep -q ready rest; do :; done; echo $$ >command; exit 5' &
init=$!
until [ -s command ]; do :; done
read -r command <command
while [ -e "/proc/$command" ]; do :; done
echo $((command - 1)) >/proc/sys/kernel/ns_last_pid
setsid "$H/catch" 1 >caught &
stranger=$!
[ "$stranger" = "$command" ] && echo reused
until grep -q ready caught; do :; done
kill "$init"
wait "$init"
echo "status $?"
"$H/send" "$stranger" 12
wait "$stranger"
cat rest caught
S
export INIT H
if [ -w /proc/sys/kernel/ns_last_pid ]; then
	run as pid1 "$INIT" --wait-all sh -c 'setsid sh again.sh & until [ -e started ]; do :; done; exit 5'
	is "$status/$out" '5/reused 2' 'the pid of the command comes again: its status stays (16)'
	: >rest
	: >caught
	run as pid1 sh stranger.sh
	rm rest caught command
	is "$out" 'reused
status 5
ready
15 user 0
18 user 0
ready
12 user 0' 'and a stranger that has it gets nothing (16)'
else
	skip_cannot 'no /proc/sys/kernel/ns_last_pid' 'the pid of the command comes again: its status stays (16)'
fi

# --- 17 ---------------------------------------------------------------------------------------------------------------------

for how in process pid1; do
	# init stands still while 500 orphans become its children and end, and the command last: their CHLD become one.
	launch "$how" sh -c 'echo ready; read x <"$0"; "$1" 500 >/dev/null; read x <"$0"; exit 44' "$T/gate" "$H/orphans"
	command=$(children "$init")
	kill -STOP "$init"
	wait_for 10 state_is "$init" T
	echo >gate
	has_all() { [ "$(wc -w <"/proc/$init/task/$init/children")" -eq 501 ]; }
	ok "$how: 500 children, none of them reaped" wait_for 30 has_all
	echo >gate
	wait_for 10 gone "$command"
	kill -CONT "$init"
	finish 10
	is "$status" 44 "$how: many CHLD merged into one: no hang, the status is right (17)"

	launch "$how" sh -c 'echo ready; read x <"$0"; exit 45' "$T/gate"
	child=$(children "$init")
	for _ in 1 2 3 4 5; do
		kill -STOP "$child"
		wait_for 10 state_is "$child" T
		kill -CONT "$child"
		wait_for 10 state_is "$child" SR
	done
	ok "$how: stops and continues are no exits (17)" alive "$init"
	strace -qq -o trace -p "$child" 2>/dev/null &
	tracer=$!
	wait_for 5 grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$child/status"
	"$H/send" "$child" 28
	ok "$how: nor are the stops of a debugger (17)" alive "$init"
	kill "$tracer"
	wait "$tracer"
	echo >gate
	finish
	is "$status" 45 "$how: the exit is (17)"
done

# --- 18 (the storm of 50,000 is in tests/stress) -------------------------------------------------------------------------------

for how in process pid1; do
	launch "$how" "$H/orphans" 3000 50
	"$H/send" -n 50 -s 0 "$init" 40 >/dev/null
	finish 120
	out=$(tail -n 1 "$stdout")
	like "$out" '^orphans [0-9]+, signals 50, wrong 0, .*zombies left 0$' "$how: thousands of orphans are reaped, signals forwarded meanwhile (18)"
	most=$(printf '%s\n' "$out" | sed 's/.*most zombies \([0-9]*\).*/\1/')
	ok "$how: few are zombies at any moment ($most) (18)" [ "$most" -le 1000 ]
done

# --- 19 ---------------------------------------------------------------------------------------------------------------------

for how in process pid1; do
	run as "$how" "$INIT" -- "$INIT" -- "$(called tini)" -- sh -c 'exit 12'
	is "$status" 12 "$how: nested inits work (19)"
	# Somebody else's zombie: the command has one that it never reaps.
	launch "$how" python3 -c 'import os, time
if os.fork() == 0: os._exit(0)
print("ready", flush=True); time.sleep(1000)'
	child=$(children "$init")
	waits() { [ "$(cut -d' ' -f3 "/proc/$init/stat")" = S ]; }
	wait_for 10 waits
	before=$(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$init/status")
	end=$(($(date +%s%N) / 1000000 + 1500))
	while [ $(($(date +%s%N) / 1000000)) -lt "$end" ]; do sleep 0.1; done
	is "$(($(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$init/status") - before))" 0 \
		"$how: idle, with somebody else's zombie beside it, it never wakes up (19)"
	kill "$init"
	finish
	is "$status" 143 "$how: and TERM ends it"
done
# Signals to the innermost through all of them.
start "$INIT" -- "$(called catatonit)" -- "$INIT" "$H/catch" 1
ready
"$H/send" "$pid" 34=5
finish
is "$status/$(sed 1d "$stdout")" '0/34 queue 5' 'signals and values go through nested inits (19)'

# --- 20 ---------------------------------------------------------------------------------------------------------------------

cat >reboot.py <<'P'
import ctypes, sys
ctypes.CDLL(None).reboot(int(sys.argv[1], 16))
P
run as pid1 "$INIT" python3 reboot.py 1234567
is "$status" 129 'reboot(2) of the command: the namespace ends as the kernel has it, HUP for a restart (20)'
run as pid1 "$INIT" python3 reboot.py 4321fedc
is "$status" 130 'and INT for power off (20)'

# --- grace and its kin --------------------------------------------------------------------------------------------------------

stubborn='trap "" TERM; echo ready; while :; do sleep 1000; done'
for how in process pid1; do
	launch "$how" --grace 0.2 sh -c "$stubborn"
	kill "$init"
	finish 10
	is "$status" 137 "$how --grace: what ignores TERM is killed"
	launch "$how" --grace 1000 sh -c 'trap "exit 8" TERM; echo ready; while :; do sleep 0.01; done'
	kill "$init"
	finish 10
	is "$status" 8 "$how --grace: what ends in time keeps its status, and nobody waits"

	launch "$how" --grace 1000 sh -c "sh -c 'trap \"echo asked; exit 0\" TERM; echo ready; while :; do sleep 0.01; done' & read x <$T/gate; exit 6"
	echo >gate
	finish 10
	is "$status/$(tail -n 1 "$stdout")" 6/asked "$how --grace: the command ends, the rest is asked to stop, the status stays"
	launch "$how" --grace 0.2 sh -c "sh -c '$stubborn' & read x <$T/gate; exit 6"
	rest=$(children "$(children "$init")")
	echo >gate
	finish 10
	is "$status" 6 "$how --grace: and killed when it doesn't"
	ok "$how --grace: it is gone" gone "$rest"
	launch "$how" --grace 1000 sh -c "sh -c 'echo ready; kill -STOP \$\$; exit 0' & read x <$T/gate; exit 7"
	rest=$(children "$(children "$init")")
	wait_for 10 state_is "$rest" T
	echo >gate
	finish 10
	is "$status" 7 "$how --grace: what is stopped is continued, to end"

	# TERM asks all at once; the command once, what it leaves once more.
	launch "$how" --grace 1000 "$H/catch" 3
	"$H/send" "$init" 15
	wait_for 10 lines "$stdout" 3
	"$H/send" "$init" 12
	finish 10
	is "$status/$(sed 1d "$stdout" | sort -n)" '0/12 user 0
15 user 0
18 user 0' "$how --grace: at TERM the command gets that and CONT, once"
	launch "$how" --grace 1000 "$H/catch" 2
	"$H/send" "$init" 15=7
	wait_for 10 lines "$stdout" 2
	"$H/send" "$init" 12
	finish 10
	is "$(sed 1d "$stdout")" '15 queue 7
12 user 0' "$how --grace: the value of a TERM isn't lost"
	# Has an orphan, which says what it is asked and goes on, in a session of its own; and ignores what ends others.
	stubborn_with_rest='(setsid sh -c "trap \"echo asked\" TERM; trap \"echo wrong\" USR1; : >rest; while :; do sleep 0.01; done" &)
		until [ -e rest ]; do :; done; trap "" TERM USR1; echo ready; read x <gate; exit 6'
	# shellcheck disable=SC2046
	leads_session() { awk -v wanted="$1" '($1 == $6) == wanted { print $1 }' $(children "$init" | sed 's|.*|/proc/&/stat|'); }
	rm -f rest
	launch "$how" --grace 1000 sh -c "$stubborn_with_rest"
	command=$(leads_session 0)
	rest=$(leads_session 1)
	kill "$init"
	ok "$how --grace: at TERM the rest is asked too" wait_for 10 has_line "$stdout" asked
	ok "$how --grace: while the command goes on" alive "$command"
	echo >gate
	asked_again() { [ "$(grep -c asked "$stdout")" -eq 2 ]; }
	ok "$how --grace: and again when that has ended" wait_for 10 asked_again
	kill -KILL "$rest"
	finish 10
	is "$status/$(sed 1d "$stdout" | tr '\n' ' ')" '6/asked asked ' "$how --grace: it ends with the last one, with the command's status"
	# What init does, not when the rest gets to it: it may be slow. It is sent its signals as all are, or by its pid.
	for words in '--grace 0.2' '--grace 0.2 -r TERM:USR1'; do
		rm -f rest
		# shellcheck disable=SC2046,SC2086
		start exec_as process strace -f -qq -o kills -e trace=kill $(as_words "$how") "$INIT" $words sh -c "$stubborn_with_rest"
		ready
		init=$(children "$pid")
		[ "$how" = process ] || init=$(children "$init")
		rest=$(leads_session 1)
		to=$rest
		[ "$how" = process ] || to=-1
		kill "$init"
		finish 10
		is "$status/$(sed -n "s/.*kill($to, \(SIG[A-Z0-9]*\).*/\1/p" kills | head -n 3 | tr '\n' ' ')" '137/SIGTERM SIGCONT SIGKILL ' \
			"$how $words: what goes on after that is killed, the rest not unasked"
		ok "$how $words: it is gone" wait_for 10 gone "$rest"
	done

	launch "$how" --kill-orphans sh -c "sh -c '$stubborn' & read x <$T/gate; exit 6"
	rest=$(children "$(children "$init")")
	echo >gate
	finish 10
	is "$status" 6 "$how --kill-orphans: the status stays"
	ok "$how --kill-orphans: what was left is gone" gone "$rest"

	# A session in a session, in neither of which is init's child or the command's group: init has them as those above them end.
	printf '%s\n' 'trap "" TERM' '[ "$1" = 0 ] || setsid sh nest $(($1 - 1)) & ' 'echo $$ >nest.$1' '[ "$1" != 0 ] || exec sleep 1000' \
		'until [ -s nest.0 ]; do sleep 0.01; done' '[ "$1" != 3 ] || echo ready' '[ "$1" != 3 ] || [ "$2" != ends ] || exit 6' \
		'while :; do wait; done' >nest
	rm -f nest.*
	launch "$how" --grace 0.2 sh nest 3
	kill "$init"
	finish 10
	is "$status" 137 "$how --grace: a command with sessions below it is killed"
	for number in 0 1 2; do
		[ "$how" = pid1 ] || ok "$how --grace: and session $number" wait_for 10 gone "$(cat nest.$number)"
	done
	rm -f nest.*
	launch "$how" --kill-orphans sh nest 3 ends
	finish 10
	is "$status" 6 "$how --kill-orphans: it ends, with sessions left"
	for number in 0 1 2; do
		[ "$how" = pid1 ] || ok "$how --kill-orphans: and session $number" wait_for 10 gone "$(cat nest.$number)"
	done

	launch "$how" --wait-all sh -c "sh -c 'echo ready; read x <$T/gate; echo last' & exit 5"
	is_alone() { [ "$(children "$init" | wc -l)" -eq 1 ]; }
	wait_for 10 is_alone
	ok "$how --wait-all: init stays when the command has ended" alive "$init"
	echo >gate
	finish 10
	is "$status/$(tail -n 1 "$stdout")" 5/last "$how --wait-all: until the last one ends, with the command's status"
	run as "$how" "$INIT" --wait-all true
	is "$status" 0 "$how --wait-all: with nobody left it ends at once"
	run as "$how" "$INIT" --grace 1000 true
	is "$status" 0 "$how --grace: with nobody left it ends at once"

	since=$(date +%s%N)
	launch "$how" --delay 300ms sh -c 'trap "exit 8" TERM; echo ready; while :; do sleep 0.01; done'
	kill "$init"
	finish 10
	took=$((($(date +%s%N) - since) / 1000000))
	is "$status" 8 "$how --delay: TERM comes"
	ok "$how --delay: not before its time ($took ms)" [ "$took" -ge 300 ]
	launch "$how" --delay 1000 "$H/catch" 1
	"$H/send" "$init" 15 2
	finish 10
	is "$(sed 1d "$stdout")" '2 user 0' "$how --delay: other signals don't wait"
done
# Under every name, though not all adopt orphans of their own accord.
for name in tini dumb-init catatonit; do
	for option in INIT_GRACE=0.2 INIT_KILL_ORPHANS=1; do
		start env $option "$(called $name)" sh -c "sh -c '$stubborn' & read x <$T/gate; exit 6"
		ready
		rest=$(children "$(children "$pid")")
		echo >gate
		finish 10
		is "$status" 6 "$name, $option: the status stays"
		ok "$name, $option: what was left is gone" gone "$rest"
	done
done
# dumb-init asks what is left in the command's session.
launch=$(called dumb-init)
start "$launch" sh -c "sh -c 'trap \"echo asked; exit 0\" TERM; echo ready; while :; do sleep 0.01; done' & read x <$T/gate; exit 6"
ready
echo >gate
finish
is "$status" 6 'dumb-init: the status of the command'
ok 'dumb-init: what it leaves gets TERM' wait_for 10 has_line "$stdout" asked
leftovers
done_testing
