#!/bin/sh
# SPDX-License-Identifier: MIT
# init's command line, its names, its variables; and what it refuses.
. "${0%/*}/common.sh"

need unshare nsenter
cd "$T" || exit 1
tini=$(called tini) dumb=$(called dumb-init) catatonit=$(called catatonit)

# --- where the options end ------------------------------------------------------------------------------------------------

for name in init tini docker-init tini-static dumb-init catatonit podman-init; do
	program=$(called "$name")
	run "$program" -- echo -- -v --version -s
	is "$status/$out" '0/-- -v --version -s' "$name -- COMMAND: the command's own flags are its own"
	run "$program" echo -v -- --help
	is "$status/$out" '0/-v -- --help' "$name COMMAND: options stop at the first word that is not one"
	run "$program" -- sh -c 'exit 7'
	is "$status" 7 "$name: the command's status"
	run "$program" --no-such-option true
	is "$status" 1 "$name: an unknown option is refused with 1"
	like "$err" "^[a-z-]+: unknown option '--no-such-option'" "$name: and named"
	ok "$name: in one line" one_line "$err"
	run "$program" -Z true
	is "$status/$(one_line "$err" && echo one)" 1/one "$name: so is an unknown letter"
	run "$program"
	is "$status/$(one_line "$err" && echo one)" 1/one "$name: no command is an error of one line"
	run "$program" -h
	is "$status/$err" 0/ "$name -h: 0, and on stdout"
	like "$out" "^usage: $name " "$name -h: how it is called"
done
run "$INIT" -v -
is "$status" 127 'a lone - is a command'
cp "$INIT" "$T/anything"
run "$T/anything" --exit-map 3:4 -- sh -c 'exit 3'
is "$status" 4 'any other name is init'

# --- versions ---------------------------------------------------------------------------------------------------------------

version=$(sed -n 's/.*define SV_VERSION "\(.*\)"/\1/p' "$TOP/supervisor/version.h")
run "$INIT" --version
is "$status/$out" "0/init $version" 'init --version'
for name in tini tini-static docker-init; do
	run "$(called "$name")" --version
	like "$status/$out" "^0/tini version [0-9.]+ .*$version" "$name --version is what Docker looks for"
done
run "$dumb" --version
like "$status/$out" "^0/dumb-init v[0-9.]+ .*$version" 'dumb-init --version'
run "$dumb" -V
like "$status/$out" '^0/dumb-init v' 'dumb-init -V'
run "$dumb" --help
like "$status/$out" '^0/usage: dumb-init ' 'dumb-init --help'
is "$(printf '%s\n' "$out" | grep -cE '^  -(c|r|v|h|V), --(single-child|rewrite|verbose|help|version) ')" 5 'lists its options'
for option in -V --version; do
	run "$(called podman-init)" $option
	like "$status/$out" '^0/tini version 0.1.7_catatonit' "podman-init $option says what catatonit says"
done
run "$tini" -l
is "$status" 0 'tini -l: the license'
run "$catatonit" -L
is "$status" 0 'catatonit -L: the license'

# --- each option does what it says ------------------------------------------------------------------------------------------

# sent WORDS -- SIGNALS: what of the signals, to init with these words, arrives; the last one is USR2.
sent() {
	words=
	while [ "$1" != -- ]; do words="$words $1" && shift; done
	shift
	# shellcheck disable=SC2086
	start $words "$H/catch" 1000
	ready
	"$H/send" "$pid" "$@"
	wait_for 10 has_line "$stdout" '^12 ' || fail 'USR2 comes'
	kill -KILL "$(children "$pid")"
	finish
	sed '1d;s/ .*//' "$stdout" | sort -n | tr '\n' ' '
}
is "$(sent "$INIT" --rewrite TERM:QUIT -- 15 12)" '3 12 ' '--rewrite by name'
is "$(sent "$INIT" -r 15:3 -r hup:none -r SIGRTMIN+1:RTMAX -- 15 1 35 12)" '3 12 64 ' '-r: by number, none, real-time ones; again and again'
is "$(sent "$INIT" --rewrite=INT:0,USR1:34 -- 2 10 12)" '12 34 ' '--rewrite=: a list'
is "$(sent "$dumb" -c -r 15:3 --rewrite 1:0 -- 15 1 12)" '3 12 ' 'dumb-init -c -r --rewrite'
is "$(sent env INIT_REWRITE=TERM:QUIT,HUP:none "$tini" -- 15 1 12)" '3 12 ' 'INIT_REWRITE works under every name'

run "$INIT" --exit-map 143:0,3:4 -e 9:8 -- sh -c 'kill -TERM $$'
is "$status" 0 '--exit-map: a signal becomes 0'
run "$INIT" --exit-map 143:0,3:4 -e 9:8 -- sh -c 'exit 9'
is "$status" 8 '-e adds to it'
run "$tini" -e 143 -e7 -- sh -c 'exit 7'
is "$status" 0 'tini -e 7'
run "$tini" -e 143 -- sh -c 'exit 7'
is "$status" 7 'tini -e: only those'
run env INIT_EXIT_MAP=5:6 "$catatonit" sh -c 'exit 5'
is "$status" 6 'INIT_EXIT_MAP'

# group WORDS...: whether a signal to init reaches the command's child too. Once the command has said that it came, it
# has come to the child or never will; what is sent there directly comes behind it.
group() {
	start "$@" sh -c "trap 'echo outer' USR1; $H/catch 1000 >$T/inner & echo \$! >$T/child; echo ready; while :; do wait; done"
	ready
	wait_for 10 has_line "$T/inner" ready
	"$H/send" "$pid" 10
	wait_for 10 has_line "$stdout" outer
	"$H/send" "$(cat "$T/child")" 12
	wait_for 10 has_line "$T/inner" '^12 '
	kill -KILL "$(children "$pid")"
	finish
	sed -n '/^10/p' "$T/inner"
}
# The command's group is killed afterwards by init's --kill-orphans.
INIT_KILL_ORPHANS=1
export INIT_KILL_ORPHANS
for words in "$INIT -g" "$INIT --group" "$tini -g" "$catatonit -g" "$dumb" "env INIT_GROUP=yes $INIT" \
	"env TINI_KILL_PROCESS_GROUP=1 $tini" "env TINI_KILL_PROCESS_GROUP= $tini" "env INIT_GROUP=1 $catatonit"; do
	# shellcheck disable=SC2086
	is "$(group $words)" '10 user 0' "the whole group gets a signal: ${words##*/}${words%%/*}"
done
for words in "$INIT" "$tini" "$catatonit" "$dumb -c" "$dumb --single-child" "env DUMB_INIT_SETSID=0 $dumb" "env INIT_GROUP=no $INIT"; do
	# shellcheck disable=SC2086
	is "$(group $words)" '' "the command alone gets it: ${words##*/}${words%%/*}"
done
unset INIT_KILL_ORPHANS

# session: what the command is the leader of, beside its process group.
leads='set -- $(cat /proc/$$/stat); echo $(($5 == $1)) $(($6 == $1))'
for words in "$INIT:1 0" "$tini:1 0" "$catatonit:1 0" "$dumb:1 1" "$dumb -c:1 0" "env DUMB_INIT_SETSID=0 $dumb:1 0"; do
	# shellcheck disable=SC2086
	run ${words%:*} sh -c "$leads"
	is "$out" "${words##*:}" "process group and session of the command: ${words%%/*}${words##*/}"
done

# Who becomes the parent of an orphan.
for words in "$INIT:adopted" "$catatonit:adopted" "$tini:lost" "$dumb:lost" "$tini -s:adopted" "env TINI_SUBREAPER= $tini:adopted" \
	"env INIT_SUBREAPER=1 $dumb:adopted" "env INIT_SUBREAPER=0 $INIT:lost"; do
	rm -f "$T"/orphan* && mkfifo "$T/orphan"
	# The orphan waits at the fifo; the command has ended its parent, and waits at another.
	mkfifo "$T/orphan.end"
	# shellcheck disable=SC2086
	start ${words%:*} sh -c "sh -c 'sh -c \"read x <$T/orphan; cut -d\\  -f4 /proc/\\\$\\\$/stat >$T/orphan.new; mv $T/orphan.new $T/orphan.parent\" & :'
		echo ready; read x <$T/orphan.end"
	ready
	echo >"$T/orphan"
	wait_for 10 exists "$T/orphan.parent"
	got=lost
	[ "$(cat "$T/orphan.parent")" != "$pid" ] || got=adopted
	is "$got" "${words##*:}" "an orphan where init isn't PID 1: ${words%%/*}${words##*/}"
	echo >"$T/orphan.end"
	finish
done

# Each long option has its variable, and those that nothing else here is about do what the option does.
missing=
for option in $("$INIT" --help | sed -nE 's/^ .*--([a-z-]+) .*/\1/p' | grep -vxE 'help|version'); do
	variable=INIT_$(printf %s "$option" | tr '[:lower:]-' '[:upper:]_')
	run env "$variable=no-such" "$tini" true
	case $status/$err in
	"1/tini: bad value in the environment: '$variable=no-such'") ;;
	*) missing="$missing $variable" ;;
	esac
done
is "$missing" '' 'each long option has a variable'
for name in init tini dumb-init catatonit; do
	since=$(date +%s%N)
	start env INIT_DELAY=300ms "$(called $name)" "$H/catch" 1
	ready
	kill "$pid"
	finish
	took=$((($(date +%s%N) - since) / 1000000))
	is "$status/$(sed 1d "$stdout")" '0/15 user 0' "INIT_DELAY, $name: TERM comes"
	ok "INIT_DELAY, $name: not before its time ($took ms)" [ "$took" -ge 300 ]
	rm -f gate.last && mkfifo gate.last
	start env INIT_WAIT_ALL=1 "$(called $name)" sh -c '(exec setsid sh -c "echo ready; read x <gate.last; echo last") & until [ -e last ]; do sleep 0.01; done; exit 5'
	ready
	command=$(children "$pid")
	: >last
	wait_for 10 gone "$command"
	ok "INIT_WAIT_ALL, $name: it stays when the command has ended" alive "$pid"
	echo >gate.last
	finish
	is "$status/$(tail -n 1 "$stdout")" 5/last "INIT_WAIT_ALL, $name: until the last one ends, with the command's status"
	rm last
done

# --parent-death, and tini's -p
for words in "$INIT -p USR1" "$INIT --parent-death=SIGUSR1" "$tini -p SIGUSR1" "$tini -p10" "env INIT_PARENT_DEATH=USR1 $dumb"; do
	start sh -c "$words $H/catch 1 & read x <\$0; exec true" "$T/orphan" 2>/dev/null
	ready
	middle=$pid
	wait_for 10 has_line "$stdout" ready
	inner=$(children "$middle")
	mkfifo "$T/gate" 2>/dev/null
	kill -KILL "$middle"
	wait "$middle" 2>/dev/null
	wait_for 10 has_line "$stdout" '^10 '
	is "$(sed 1d "$stdout")" '10 user 0' "the parent's death is told: ${words##*/}"
	wait_for 10 gone "$inner"
done

# catatonit's pause
for signal in TERM INT; do
	start "$(called podman-init)" -P
	waits() { [ "/proc/$pid/exe" -ef "$INIT" ] && state_is "$pid" S; }
	wait_for 10 waits
	"$H/send" "$pid" 10 1
	kill -$signal "$pid"
	finish
	is "$status/$out$err" 0/ "podman-init -P: waits without a command, and $signal ends it with 0"
done

# ... where it is PID 1: it reaps who has no other parent, and ends as well.
for signal in TERM INT; do
	start exec_as pid1 "$(called podman-init)" -P
	pauses() { init=$(children "$pid") && [ "/proc/${init:-none}/exe" -ef "$INIT" ] && state_is "$init" S; }
	wait_for 10 pauses
	rm -f gate.orphan && mkfifo gate.orphan
	nsenter -t "$init" -p sh -c 'sh -c "read x <gate.orphan; exit 3" & :'
	adopted() { orphan=$(children "$init") && [ -n "$orphan" ]; }
	ok 'podman-init -P as PID 1 adopts' wait_for 10 adopted
	echo >gate.orphan
	ok 'and reaps' wait_for 10 missing "/proc/$orphan"
	kill -$signal "$init"
	finish
	is "$status/$out$err" 0/ "podman-init -P as PID 1: $signal ends it with 0"
done

# -v says what it does; tini -w says what it reaps
run "$INIT" -v sh -c 'kill -USR1 $PPID; trap "exit 4" USR1; while :; do sleep 0.01; done'
like "$err" '^init: forwarding signal 10$' '-v says what is forwarded'
# said WORDS...: whether what is forwarded is said, and that an orphan was reaped, which ends when it has become one.
mkfifo gate.said
said() {
	start env INIT_SUBREAPER=1 "$@" sh -c 'trap "exit 4" USR1; orphan=$(sh -c "read x <gate.said" >/dev/null & echo $!)
		echo >gate.said; while [ -e /proc/$orphan ]; do :; done; echo ready; while :; do sleep 0.01; done'
	ready
	"$H/send" "$pid" 10
	finish
	[ "$status" = 4 ] || echo "status $status"
	printf '%s %s\n' "$(grep -c ': forwarding signal 10$' "$stderr")" "$(grep -qE ': reaped process [0-9]+$' "$stderr" && echo reaped)"
}
for words in "$INIT:0 " "$INIT --verbose:1 " "$INIT -vv:1 reaped" "env INIT_VERBOSE=1 $tini:1 " "env INIT_VERBOSE=2 $catatonit:1 reaped" \
	"env INIT_VERBOSE=0 $INIT:0 " "$tini:0 " "env TINI_VERBOSITY=1 $tini:0 " "env TINI_VERBOSITY=2 $tini:1 " \
	"env TINI_VERBOSITY=3 $tini:1 reaped" "$dumb:0 " "$dumb -v:1 " "$dumb --verbose:1 " "env DUMB_INIT_DEBUG=1 $dumb:1 " \
	"env DUMB_INIT_DEBUG=0 $dumb:0 "; do
	# shellcheck disable=SC2086
	is "$(said ${words%:*})" "${words##*:}" "what is said: ${words%:*}"
done
run env INIT_WAIT_ALL=1 "$tini" -s -w -- "$H/orphans" 25
is "$status/$(printf '%s\n' "$err" | grep -cE '^tini: reaped process [0-9]+$')" 0/25 'tini -w says what it reaps'
run env INIT_WAIT_ALL=1 "$tini" -s -- "$H/orphans" 25
is "$status/$err" 0/ 'and without -w says nothing'

# --- refused ------------------------------------------------------------------------------------------------------------------

# refused WORD NAME COMMAND...: and the message has the word, or its value, in quotes.
refused() {
	word=$1 name=$2
	shift 2
	run "$@" true
	is "$status/$out" 1/ "refused with 1: $name"
	ok "in one line: $name" one_line "$err"
	case $err in
	*"'$word'"* | *"'${word#*=}'"*) pass "which names it: $name" ;;
	*) fail "which names it: $name" || note "$err" ;;
	esac
}
for words in '--rewrite TERM' '--rewrite NOSUCH:TERM' '--rewrite TERM:NOSUCH' '--rewrite 65:1' '--rewrite 0:1' '--rewrite TERM:' \
	'--rewrite TERM:INT,' '--rewrite RTMIN+31:1' '--exit-map 256:0' '--exit-map 1:256' '--exit-map 1' '--exit-map -1:0' \
	'--exit-map a:b' '--grace x' '--grace -1' '--grace 99999999999999999999' '--delay 1y' '--delay=' '--parent-death NOSUCH' \
	'-p 65' '--help=x' '--grace' '--wait-all=maybe' '---' '--=x' '-gZ'; do
	# shellcheck disable=SC2086
	refused "${words##* }" "init $words" "$INIT" $words
done
for words in '-e 256' '-e x' '-p NOSUCH' '-c' '--grace=5'; do
	# shellcheck disable=SC2086
	refused "${words##* }" "tini $words" "$tini" $words
done
refused 15 'dumb-init -r 15' "$dumb" -r 15
refused --rewrite=99:1 'dumb-init --rewrite=99:1' "$dumb" --rewrite=99:1
for variable in INIT_REWRITE=x INIT_EXIT_MAP=300:1 INIT_GRACE=soon INIT_DELAY=-1 INIT_WAIT_ALL=maybe INIT_KILL_ORPHANS=2 \
	INIT_GROUP=x INIT_SUBREAPER=x INIT_PARENT_DEATH=NOSUCH INIT_VERBOSE=9; do
	for name in init dumb-init; do
		refused "$variable" "$name with $variable" env "$variable" "$(called "$name")"
	done
done
refused TINI_VERBOSITY=x 'tini with TINI_VERBOSITY=x' env TINI_VERBOSITY=x "$tini"
refused DUMB_INIT_SETSID=x 'dumb-init with DUMB_INIT_SETSID=x' env DUMB_INIT_SETSID=x "$dumb"
for variable in TINI_VERBOSITY=x DUMB_INIT_SETSID=x TINI_SUBREAPER=x INIT_NO_SUCH=x; do
	run env "$variable" "$INIT" true
	is "$status/$err" 0/ "another's variable is nothing to init: $variable"
done
for variable in INIT_GRACE INIT_REWRITE DUMB_INIT_SETSID DUMB_INIT_DEBUG; do
	run env "$variable=" "$dumb" true
	is "$status/$err" 0/ "an empty variable is as none: $variable"
done
run "$INIT" "$(printf -- '--\033[2J')" true
unlike "$err" "$(printf '\033')" 'a control byte of an option never reaches the terminal'
run "$INIT" "$(printf -- '--\302\2332J\303\233')" true
is "$err" "$(printf "init: unknown option '--\302?2J\303\233'; see --help")" 'nor does one of the second kind, and letters that look like one do'

# --- the manual has every option ------------------------------------------------------------------------------------------------

manual=$(cat "$TOP/docs/init.8")
# tests/lint/docs.t compares the options of init itself.
missing=
for name in tini dumb-init catatonit; do
	section=$(printf '%s\n' "$manual" |
		awk -v n="$name" '/^[.](It|El)/ { inside = ($0 ~ "^[.]It Nm " n "( |$)") } inside')
	for letter in $("$(called $name)" -h | sed -n 's/^  -\(.\).*/\1/p'); do
		printf '%s\n' "$section" | grep -qE "Fl $letter( |\$)" || missing="$missing $name:-$letter"
	done
done
is "$missing" '' "the manual page has each letter of the other names' options"
missing=
for word in $(grep -oE '"(INIT|TINI|DUMB_INIT)_[A-Z_]+"' "$TOP/init/settings.c" | tr -d '"'); do
	printf '%s\n' "$manual" | grep -qE "^\.It Ev (.*, )?$word( |\$)" || missing="$missing $word"
done
is "$missing" '' 'and each variable'
missing=
for word in $(grep -oE '"sv\.[a-z]+=' "$TOP/init/machine.c" | tr -d '"='); do
	printf '%s\n' "$manual" | grep -qF "$word" || missing="$missing $word"
done
is "$missing" '' "and each word of the kernel's command line"
leftovers
done_testing
