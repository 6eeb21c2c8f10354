#!/bin/sh
# SPDX-License-Identifier: MIT
# Signals through init, stand-alone (lines 7 to 15).
. "${0%/*}/common.sh"

need unshare setpriv strace setsid prlimit python3
cd "$T" || exit 1
states() { grep -E '^Sig(Blk|Ign):' "/proc/$1/status" | sed 's/.*:[[:space:]]*//' | tr '\n' ' '; }

# fault PID: an ud2 where it is to go on after the system call that it waits in.
fault() {
	at=$(awk '{ print $NF }' "/proc/$1/syscall")
	printf '\017\013' | dd of="/proc/$1/mem" bs=2 seek=$((at)) oflag=seek_bytes conv=notrunc status=none 2>&1
}
prlimit --core=0 --pid $$

for how in process pid1; do
	# --- 7, 8 ---------------------------------------------------------------------------------------------------------------
	for case in ':0000000000000000 0000000000000000' \
		'-b 10 -b 34 -b 64:8000000200000200 0000000000000000' \
		'-i 1 -i 13 -i 40:0000000000000000 0000008000001001' \
		'-b 32 -b 33 -i 32 -i 33:0000000180000000 0000000180000000' \
		'-b 15 -i 15:0000000000004000 0000000000004000' \
		'-b 17 -i 17:0000000000010000 0000000000010000'; do
		# shellcheck disable=SC2086
		run as "$how" "$H/with" ${case%%:*} "$INIT" grep -E '^Sig(Blk|Ign):' /proc/self/status
		is "$(printf '%s\n' "$out" | sed 's/.*:[[:space:]]*//' | tr '\n' ' ')" "${case#*:} " \
			"$how: the command gets the mask and the ignored set that init got, exactly (7): ${case%%:*}"
	done
	run as "$how" "$H/with" -i 17 "$INIT" sh -c 'exit 42'
	is "$status" 42 "$how: started with CHLD ignored, the status is right (8)"
	all=
	for signal in $(seq 1 64); do all="$all -b $signal"; done
	# shellcheck disable=SC2086
	run as "$how" "$H/with" $all -i 17 "$INIT" sh -c 'exit 43'
	is "$status" 43 "$how: with everything blocked too (8)"

	# --- 9, 10 --------------------------------------------------------------------------------------------------------------
	launch "$how" "$H/catch" 61
	wanted='' sent=0
	for signal in $(seq 1 64); do
		case $signal in
		9 | 17 | 19) continue ;; # KILL, CHLD, STOP
		esac
		"$H/send" "$init" "$signal" || break
		sent=$((sent + 1))
		wait_for 10 lines "$stdout" $((sent + 1)) || break
		wanted="$wanted$signal user 0
"
	done
	finish
	is "$sent/$status" 61/0 "$how: each of 61 signals is taken, and none ends init (9)"
	is "$(sed 1d "$stdout")" "${wanted%?}" "$how: and arrives, once (9)"
	launch "$how" "$H/catch" 5
	"$H/send" "$init" 34=1 34=2 34=-3 64=2147483647 34=4
	finish
	is "$(sed 1d "$stdout" | sort -s -n -k 1,1)" '34 queue 1
34 queue 2
34 queue -3
34 queue 4
64 queue 2147483647' "$how: values of sigqueue survive, in order (10)"
	launch "$how" "$H/catch" 2
	"$H/send" "$init" 17 17=5 10=7
	wait_for 10 lines "$stdout" 2
	"$H/send" "$init" 12
	finish
	is "$(sed 1d "$stdout")" '10 queue 7
12 user 0' "$how: a CHLD from outside is init's, and no signal to the command"

	# What a kill() of the same number does not: init, which waits, goes on at an instruction that there is not.
	if [ "$ARCH" = x86_64 ]; then
		launch "$how" "$H/catch" 1
		wait_for 10 state_is "$init" S
		child=$(children "$init")
		is "$(fault "$init")" '' "$how: an instruction of init's is spoilt"
		"$H/send" "$init" 10
		finish
		[ "$how" = pid1 ] || kill -KILL "$child"
		is "$status" 132 "$how: a real fault ends init, as ILL (9)"
	else
		skip_cannot 'the instruction is that of x86-64' "$how: a real fault ends init, as ILL (9)"
	fi

	# --- 12: the command is another user's, and init may not send it anything -------------------------------------------------
	cat >other.py <<'P'
import ctypes, os, sys
PR_SET_KEEPCAPS, user = 8, int(sys.argv[1])
os.setgid(user); os.setresuid(user, user, user)
os.execv(sys.argv[2], sys.argv[2:])
P
	chmod 755 "$T" "${T%/*}"
	cp "$INIT" own-init
	cp "$BUILD/helpers/with" with-other && chmod 4755 with-other # setuid root: may become anybody
	start exec_as "$how" setpriv --reuid 54321 --regid 54321 --clear-groups ./own-init ./with-other -u 54322 "$H/catch" 1
	wait_for 10 has_line "$stdout" ready || note "$(cat "$stderr")"
	init=$(init_of "$how")
	"$H/send" "$init" 10 12 15
	said() { has_line "$stderr" 'EPERM'; }
	ok "$how: what may not be sent is noted (12)" wait_for 10 said
	ok "$how: and init goes on (12)" alive "$init"
	"$H/send" "$(children "$init")" 1
	finish
	is "$status/$(grep -c . "$stderr")" 0/1 "$how: noted once, and never fatal (12)"

	# --- 13: init's own writes ------------------------------------------------------------------------------------------------
	launch "$how" -v "$H/catch" 3
	finish_with() {
		"$H/send" "$init" 12
		finish
	}
	"$H/send" "$init" 10
	wait_for 10 lines "$stdout" 2
	"$H/send" "$init" 1
	wait_for 10 lines "$stdout" 3
	finish_with
	is "$status/$(grep -c forwarding "$stderr")" 0/3 "$how: -v says what is forwarded"
done

# A reader that is gone; one that never reads; a file that may not grow; each with a talking init.
ticks_of() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
broken() {
	name=$1
	shift
	: >"$T/caught"
	start "$@"
	wait_for 10 has_line "$T/caught" ready || fail "$name: ready"
	inner=$(pgrep -n -f -x "$INIT -v -v $H/catch 4002")
	"$H/send" -n 4000 -s 1 "$inner" 34 >"$T/sent"
	"$H/send" "$inner" 10
	wait_for 10 has_line "$T/caught" '^10 ' || true
	wait_for 10 state_is "$inner" S || true
	ticks=$(ticks_of "$inner")
	end=$(($(date +%s%N) / 1000000 + 1000))
	while [ $(($(date +%s%N) / 1000000)) -lt "$end" ]; do sleep 0.1; done
	ticks=$(($(ticks_of "$inner") - ticks))
	"$H/send" "$inner" 12
	finish
	is "$(grep -c '^34 queue' "$T/caught")/$(grep -cE '^(13|25) ' "$T/caught")" 4000/0 "$name: init's writes never hurt, nothing is lost (13)"
	is "$(grep '^12' "$T/caught")" '12 user 0' "$name: and the command sees no PIPE or XFSZ of init's (13)"
	ok "$name: nor does init spin ($ticks ticks in a second) (13)" [ "$ticks" -le 2 ]
}
run_talking="exec $INIT -v -v $H/catch 4002 >$T/caught"
mkfifo full
broken 'closed pipe' sh -c "{ $run_talking; } 2>&1 | true; exit" sh
broken 'full pipe' sh -c "exec 4<>$T/full; exec 2>$T/full; $run_talking"
broken 'a file-size limit' sh -c "(ulimit -f 0; exec 2>$T/limited; exec $INIT -v -v $H/catch 4002) | cat >$T/caught"

# --- 11: a signal before the command has its own group ---------------------------------------------------------------------------

for words in "$INIT" "$INIT -g" "$(called dumb-init)" "$(called tini) -g" "$(called dumb-init) -c"; do
	# shellcheck disable=SC2086
	run "$H/strike" 15 100 1500 $words sleep 1000
	is "$out" 'sent 100, lost 0, other 0' "TERM in the first moments, when the command may have no group yet, is never lost (11): ${words##*/}"
done

# The same at a moment that is chosen: strace holds whoever makes the call, for longer than anybody waits here, and lets go
# when it is gone.
for words in "setsid $(called dumb-init)" "setpgid $INIT -g"; do
	# shellcheck disable=SC2086
	start strace -D -f -qq -o held -e trace="${words%% *}" -e inject="${words%% *}":delay_enter=600000000 ${words#* } sleep 1000
	# Without a session of its own init makes the call too, and is held itself.
	held() {
		child=$(children "$pid") && [ -n "$child" ] && state_is "$child" t &&
			{ [ "${words%% *}" = setsid ] || state_is "$pid" t; }
	}
	ok "${words##*/}: held before the ${words%% *} (11)" wait_for 10 held
	kill "$pid"
	got_term() { grep -q '^ShdPnd:[[:space:]]*0000000000004000' "/proc/$1/status"; }
	if [ "${words%% *}" = setsid ]; then
		wait_for 10 got_term "$child"
	else
		wait_for 10 got_term "$pid"
	fi
	is "$(awk '{ print $5 == $1 }' "/proc/$child/stat")" 0 'TERM has come, and there is no group yet'
	kill -KILL "$(sed -n 's/^TracerPid:[[:space:]]*//p' "/proc/$pid/status")"
	finish 10
	is "$status" 143 "${words##*/}: TERM before the ${words%% *} is not lost (11)"
done
# It has none at all; or it goes into another's.
start strace -D -f -qq -o refused -e trace=setpgid -e inject=setpgid:error=EPERM "$INIT" -g "$H/catch" 1
ready
"$H/send" "$pid" 15
finish
is "$status/$(sed 1d "$stdout")" '0/15 user 0' 'a command without a group of its own gets what is for the group (11)'
cat >moves.py <<'P'
import os, time
os.setpgid(0, os.getpgid(os.getppid()))
print("ready", flush=True)
time.sleep(1000)
P
for how in process pid1; do
	for option in -g '--grace 1000'; do
		# shellcheck disable=SC2086
		start exec_as "$how" setsid "$INIT" $option python3 moves.py
		ready
		init=$(init_of "$how")
		kill "$init"
		finish 10
		is "$status" 143 "$how $option: so does one that has left it (11)"
	done
done

# --- 14: stopped ------------------------------------------------------------------------------------------------------------------

for how in process pid1; do
	launch "$how" sh -c 'echo ready; exec sleep 1000'
	child=$(children "$init")
	kill -STOP "$child"
	wait_for 10 state_is "$child" T
	kill "$init"
	finish 10
	is "$status" 143 "$how: a stopped command ends by TERM (14)"
	launch "$how" --rewrite TERM:USR1 sh -c 'echo ready; exec sleep 1000'
	child=$(children "$init")
	kill -STOP "$child"
	wait_for 10 state_is "$child" T
	kill "$init"
	finish 10
	is "$status" 138 "$how: so it does where TERM becomes another (14)"

	# The stop and TERM come at once, while init itself stands still: TERM has the lower number than CHLD.
	launch "$how" sh -c 'echo ready; exec sleep 1000'
	child=$(children "$init")
	kill -STOP "$init"
	wait_for 10 state_is "$init" T
	kill -STOP "$child"
	wait_for 10 state_is "$child" T
	kill "$init"
	kill -CONT "$init"
	finish 10
	is "$status" 143 "$how: also where init learns of both at once (14)"

	# The stop comes when TERM has been passed on, since it was on its way: that is how it looks to init.
	stops_itself='trap "kill -STOP \$\$; kill \$!; exit 9" TERM HUP USR1; trap : USR2; sleep 1000 & echo ready; while :; do wait $!; done'
	for signal in TERM HUP; do
		launch "$how" sh -c "$stops_itself"
		kill -"$signal" "$init"
		finish
		is "$status" 9 "$how: and where $signal overtakes the stop (14)"
	done
	launch "$how" sh -c "$stops_itself"
	child=$(children "$init")
	kill -USR1 "$init"
	ok "$how: no stop behind another signal is undone (14)" wait_for 10 state_is "$child" T
	"$H/send" "$init" 12
	wait_for 10 grep -q '^ShdPnd:[[:space:]]*0000000000000800' "/proc/$child/status"
	is "$(grep -c '^State:[[:space:]]*T' "/proc/$child/status")" 1 "$how: nor by the next (14)"
	kill -CONT "$child"
	finish
	is "$status" 9 "$how: but by its CONT"

	# What the command leaves, stopped, is asked again.
	cat >leaves.sh <<'S'
sh -c 'trap exit TERM; echo ready; kill -STOP $$; while :; do sleep 1; done' &
until grep -q '^State:.T' "/proc/$!/status"; do :; done
exit 4
S
	launch "$how" --wait-all sh leaves.sh
	left_is_stopped() { left=$(children "$init") && [ -n "$left" ] && state_is "$left" T; }
	wait_for 10 left_is_stopped
	kill "$init"
	finish
	is "$status" 4 "$how: with --wait-all, what is left and stopped ends by TERM too (14)"

	# All but HUP and TERM, CONT itself, and those that init doesn't get or keeps. CONT undoes the three stops that wait.
	others=$(seq 1 64 | grep -vxE '1|9|15|17|18|19')
	launch "$how" "$H/catch" 56
	child=$(children "$init")
	kill -STOP "$child"
	wait_for 10 state_is "$child" T
	# shellcheck disable=SC2086
	"$H/send" "$init" $others
	wait_for 10 grep -q '^ShdPnd:[[:space:]]*fffffffffff8befe' "/proc/$child/status" || note "$(grep ShdPnd "/proc/$child/status")"
	is "$(grep -c '^State:[[:space:]]*T' "/proc/$child/status")" 1 "$how: no other signal continues it (14)"
	kill -CONT "$child"
	finish
	is "$(sed 1d "$stdout" | cut -d' ' -f1 | sort -n)" "$(printf '%s\n18\n' "$others" | grep -vxE '20|21|22' | sort -n)" \
		"$how: they wait for it, and CONT comes once, from outside (14)"
	is "$status" 0 "$how: and it ends by itself"
done

# --- 15: floods, debuggers, stops and freezes -------------------------------------------------------------------------------------

launch process "$H/catch" -s 12
child=$(children "$init")
for sender in 1 2 3; do
	"$H/send" -n 2000 -s $sender "$init" $((33 + sender)) >"sent$sender" &
done
for _ in $(seq 1 20); do
	timeout 5 strace -qq -o /dev/null -p "$init" 2>/dev/null &
	tracer=$!
	wait_for 5 grep -q "^TracerPid:[[:space:]]*[1-9]" "/proc/$init/status"
	kill "$tracer"
	wait "$tracer" 2>/dev/null
	kill -STOP "$init"
	wait_for 5 state_is "$init" T
	kill -CONT "$init"
done
for sender in 1 2 3; do wait_for 20 has_line "sent$sender" '^sent'; done
idle() { grep -q '^SigQ:' "/proc/$init/status" && [ "$(sed -n 's/^ShdPnd:[[:space:]]*//p' "/proc/$init/status")" = 0000000000000000 ]; }
wait_for 20 idle
"$H/send" "$init" 12
finish
like "$(sed 1d "$stdout")" '^received [0-9]+, values 6000, wrong 0$' "6000 signals from 3 senders sent, strace attached and init stopped 20 times meanwhile: none is lost (15)"

# Many low signals at once, and an end that has to be seen all the same.
mkfifo gate
launch pid1 sh -c 'trap : USR1 HUP; echo ready; until read x <gate; do :; done; exit 9'
(while kill -USR1 "$init" 2>/dev/null && kill -HUP "$init" 2>/dev/null; do :; done) &
flood=$!
echo >gate
finish 20
wait "$flood"
is "$status" 9 'a flood of low signals does not starve reaping (15)'
# Three at once are faster than init: there is always one more pending. They stop when there is no init any more.
launch pid1 "$H/with" -b 1 -b 10 -b 12 sh -c 'echo ready; read x <gate; exit 8'
floods=
for signal in 1 10 12; do
	"$H/send" -n 16000000 -s "$signal" "$init" "$signal" 2>"flood.$signal" &
	floods="$floods $!"
done
pending() { grep -q '^ShdPnd:[[:space:]]*0*[1-9a-f]' "/proc/$init/status"; }
ok 'three senders: signals are pending' wait_for 10 pending
for flood in $floods; do
	ok 'and more come' alive "$flood"
done
echo >gate
finish 20
is "$status" 8 'nor does one of three senders, and the status is right (15)'
for flood in $floods; do wait "$flood"; done
is "$(cat flood.1 flood.10 flood.12 | sort -u)" 'send: No such process' 'they sent to the end'
leftovers
done_testing
