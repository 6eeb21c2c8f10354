#!/bin/sh
# SPDX-License-Identifier: MIT
# The container's PID 1: how it starts the command, what it reaps, how it ends. Numbers in names: lines of what a correct
# PID 1 does.
. "${0%/*}/../lib.sh"

need_root
N=init$$
H=$BUILD/helpers
[ -x "$H/catch" ] || bail "no $H/catch: make helpers"

in_rootfs() { run "$SV" run --name "$N" "$ROOTFS" "$@"; }

# --- exit statuses ----------------------------------------------------------------------------------------------------

got='' wanted=''
for code in 0 1 2 63 64 124 125 126 127 128 129 137 143 192 254 255; do
	in_rootfs /bin/sh -c "exit $code"
	got="$got$status$err " wanted="$wanted$code "
done
is "$got" "$wanted" 'exit statuses pass through, 0 to 255 (16)'

got='' wanted=''
for signal in $(seq 1 64); do
	case $signal in
	17 | 18 | 19 | 20 | 21 | 22 | 23 | 28) continue ;; # don't end anybody
	esac
	# The command is process 2, and sends it to itself: a shell has signals of its own that it ignores.
	run "$H/with" "$SV" run --name "$N" --ulimit core=0 -v "$H:/srv:ro" "$ROOTFS" /srv/send 2 "$signal"
	got="$got$status$err " wanted="$wanted$((128 + signal)) "
done
is "$got" "$wanted" 'a command that a signal ends: 128 and its number, real-time ones too (16)'

# --- what cannot be executed --------------------------------------------------------------------------------------------

mkdir -p "$T/bin/a" "$T/bin/b" "$T/bin/c/prog"
printf 'plain\n' >"$T/bin/plain"
printf '#!/no/such/shell\n' >"$T/bin/script"
printf 'no program\n' >"$T/bin/text"
printf '#!/bin/sh\necho "ran $0 $*"\n' >"$T/bin/b/prog"
cp "$T/bin/b/prog" "$T/bin/busy"
cp "$T/bin/b/prog" "$T/bin/a/prog"
cp "$T/bin/b/prog" "$T/bin/a/only"
ln -s loop "$T/bin/loop"
ln -s nowhere "$T/bin/dangling"
chmod 755 "$T/bin/script" "$T/bin/text" "$T/bin/busy" "$T/bin/b/prog"

# fails STATUS PATTERN NAME COMMAND...
fails() {
	code=$1 pattern=$2 name=$3
	shift 3
	run "$SV" run --name "$N" -v "$T/bin:/srv" "$ROOTFS" "$@"
	is "$status/$out" "$code/" "$name: $code (1)" || note "$err"
	like "$err" "^sv: cannot execute .*$pattern" 'and one line says why'
	is "$(printf '%s\n' "$err" | wc -l)" 1 'a single one'
}
fails 127 "'/no/such': .*ENOENT" 'a missing program' /no/such
fails 127 "'no-such': .*ENOENT" 'a program in no folder of PATH' no-such
fails 127 "'/etc/passwd/x': .*(ENOENT|ENOTDIR)" 'a path through a file' /etc/passwd/x
fails 127 "'/srv/dangling': .*ENOENT" 'a link to nowhere' /srv/dangling
fails 126 "'/srv/plain': .*EACCES" 'a file without an x bit' /srv/plain
fails 126 "'/srv': .*EACCES" 'a directory' /srv
fails 126 "'/srv/loop': .*ELOOP" 'a link to itself' /srv/loop
fails 126 "'/srv/text': .*ENOEXEC" 'a file that is no program' /srv/text
fails 126 "'/srv/script': .*interpreter is missing" 'a script whose interpreter is missing' /srv/script
exec 8>>"$T/bin/busy"
fails 126 "'/srv/busy': .*ETXTBSY" 'a program that somebody writes to' /srv/busy
exec 8>&-
loader=$(LC_ALL=C readelf -lW /bin/ls 2>/dev/null | sed -n 's/.*program interpreter: \(.*\)]/\1/p')
if [ -n "$loader" ] && [ ! -e "$ROOTFS$loader" ]; then
	cp /bin/ls "$T/bin/dynamic"
	fails 126 "'/srv/dynamic': .*interpreter is missing" 'a program whose loader is missing' /srv/dynamic
fi
head -c 200000 /dev/zero | tr '\0' x | sed 's/^/LONG=/' >"$T/long"
run "$SV" run --name "$N" --env-file "$T/long" "$ROOTFS" /bin/true
is "$status/$out" 126/ 'an environment that the kernel refuses: 126 (1)'
like "$err" "^sv: cannot execute '/bin/true': .*E2BIG" 'and one line says why'

run "$SV" run -v "$T/bin:/srv" -e PATH=/srv/a:/srv/c:/srv/none:/srv/b "$ROOTFS" prog x 'y z'
chmod 644 "$T/bin/a/prog" "$T/bin/a/only"
run "$SV" run -v "$T/bin:/srv" -e PATH=/srv/a:/srv/c:/srv/none:/srv/b "$ROOTFS" prog x 'y z'
is "$status/$out" '0/ran /srv/b/prog x y z' 'the search of PATH goes on after what may not be executed (1)'
run "$SV" run -v "$T/bin:/srv" -e PATH=/srv/none:/srv/a:/srv/b "$ROOTFS" only
is "$status" 126 'and remembers that something was there'
like "$err" "^sv: cannot execute 'only': .*EACCES" 'and why it was none'

# --- arguments ----------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2046
set -- $(seq 100000)
# What the shell counts and what it prints must be what was passed on.
run "$SV" run "$ROOTFS" /bin/sh -c 'echo $#; printf "%s\n" "$@"' sh "$@"
is "$status/$(head -n 1 "$stdout")" 0/100000 '100,000 arguments arrive (2)'
is "$(sed 1d "$stdout" | cksum)" "$(printf '%s\n' "$@" | cksum)" 'unchanged'
set --
long=$(head -c 100000 /dev/zero | tr '\0' y)
run "$SV" run "$ROOTFS" /bin/sh -c 'printf %s "$1"' sh "$long"
is "$status/$(wc -c <"$stdout")" 0/100000 'an argument of 100 KB arrives (2)'
is "$out" "$long" 'unchanged'
# shellcheck disable=SC1003
odd=$(printf 'a\nb\tc\377\001 "d" $e `f` \\')
run "$SV" run "$ROOTFS" /bin/sh -c 'printf "<%s>" "$@"' sh '' "$odd" -x -- --name '' '*'
is "$out" "<><$odd><-x><--><--name><><*>" 'empty ones, odd ones and those that look like options too'

# --- what the command inherits --------------------------------------------------------------------------------------------

run nice -n 5 "$SV" run "$ROOTFS" awk '{ print $19 }' /proc/self/stat
[ "$status" != 127 ] || run nice -n 5 "$SV" run "$ROOTFS" /bin/sh -c 'read -r a </proc/self/stat; set -- ${a##*)}; echo "${17}"'
is "$out" 5 'nice is the same in the command (5)'
run /bin/sh -c 'echo 321 >/proc/self/oom_score_adj; exec "$0" run "$1" cat /proc/self/oom_score_adj' "$SV" "$ROOTFS"
is "$out" 321 'oom_score_adj too (5)'
run /bin/sh -c 'ulimit -S -n 100; ulimit -H -n 200; ulimit -S -c 0; exec "$0" run "$1" /bin/sh -c "ulimit -S -n; ulimit -H -n; ulimit -S -c"' \
	"$SV" "$ROOTFS"
is "$(printf %s "$out" | tr '\n' ' ')" '100 200 0' 'resource limits too (5)'
if command -v setpriv >/dev/null; then
	run setpriv --no-new-privs "$SV" run "$ROOTFS" grep NoNewPrivs /proc/self/status
	is "$status/$(printf %s "$out" | tr -d '\t ')" 0/NoNewPrivs:1 'no_new_privs too (5)'
else
	skip 'no setpriv' 'no_new_privs too (5)'
fi
if command -v taskset >/dev/null; then
	cpu=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*\([0-9]*\).*/\1/p' /proc/self/status)
	run taskset -c "$cpu" "$SV" run "$ROOTFS" grep Cpus_allowed_list /proc/self/status
	is "$(printf %s "$out" | tr -d '\t ')" "Cpus_allowed_list:$cpu" 'and the CPUs it may use'
fi

# --- reaping ------------------------------------------------------------------------------------------------------------

run "$SV" run --name "$N" --tmpfs /tmp "$ROOTFS" /bin/sh -c '
	(sh -c "echo \$\$ >/tmp/pid; exit 77" &)
	n=0
	while [ ! -s /tmp/pid ] || [ -e "/proc/$(cat /tmp/pid)" ]; do
		n=$((n + 1)); [ $n -lt 500 ] || exit 99; sleep 0.02
	done
	exit 3'
is "$status" 3 'orphans are reaped while the command runs, and their status is not the container'\''s (16)'

run "$SV" run --name "$N" "$ROOTFS" /bin/sh -c '
	i=0; while [ $i -lt 200 ]; do (sh -c "exit 9" &); i=$((i + 1)); done; exit 5'
is "$status" 5 'however many end at the same time as the command (17)'

start "$SV" run --name "$N" "$ROOTFS" /bin/sh -c 'sleep 1000 & echo ready $!; exit 5'
finish
is "$status" 5 'the container ends with the command, whatever that leaves running'

start "$SV" run --name "$N" -v "$H:/srv:ro" "$ROOTFS" /srv/orphans 1000 50
ready
"$H/send" -n 50 -s 0 "$pid" 40 >/dev/null
finish
like "$out" '^orphans [0-9]*, signals 50, wrong 0, ' '1,000 orphans: signals are forwarded meanwhile (18)'
like "$out" 'zombies left 0$' 'and no zombie is left'

start "$SV" run --name "$N" "$ROOTFS" /bin/sh -c 'sh -c "kill -STOP \$\$; exit 8" & echo ready $!; wait; exit 6'
ready
command=$(children "$(children "$pid")")
child_stopped() { grep -q '^State:[[:space:]]*T' "/proc/$(children "$command")/status"; }
wait_for 10 child_stopped
kill -CONT "$(children "$command")"
finish
is "$status" 6 'stops and continuations of others are no exits (17)'

start "$SV" run --name "$N" "$ROOTFS" /bin/sh -c 'echo ready; read line </proc/self/fd/0; while :; do sleep 0.1; [ ! -e /tmp/end ] || exit 7; done'
ready
command=$(children "$(children "$pid")")
cycle() {
	kill -STOP "$command" && kill -CONT "$command"
}
for _ in $(seq 1 100); do cycle; done
ok '100 stops and continuations: the container runs on (17)' alive "$command"
kill "$command"
finish
is "$status" 143 'and ends when the command ends'

# --- idle -----------------------------------------------------------------------------------------------------------------

start "$SV" run --name "$N" "$ROOTFS" /bin/sh -c 'echo ready; exec sleep 1000'
ready
init=$(children "$pid")
# Of both; sv has work to do after the start.
switches() { sed -n 's/^\(non\)*voluntary_ctxt_switches:[[:space:]]*//p' "/proc/$pid/status" "/proc/$init/status" | tr '\n' ' '; }
quiet() {
	before=$(switches)
	sleep 0.5
	[ "$(switches)" = "$before" ]
}
ok 'an idle container comes to rest' wait_for 20 quiet
before=$(switches)
sleep 3
is "$(switches)" "$before" 'and neither sv nor init wakes up in 3 seconds (19)'
kill "$pid"
finish

# --- nested -----------------------------------------------------------------------------------------------------------------

mkdir "$T/nest"
cp "$SV" "$T/nest/sv"
# shellcheck disable=SC2153
[ ! -x "$INIT" ] || cp "$INIT" "$T/nest/init"
if [ -x "$T/nest/init" ]; then
	run "$SV" run --name "$N" -v "$T/nest:/srv:ro" "$ROOTFS" /srv/init -- /srv/init -- /bin/sh -c 'echo ran; exit 9'
	is "$status/$out" 9/ran 'inits within inits work (19)'
fi
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
	skip_cannot 'each container has a group in v2, and in a container they are read-only' 'a container within a container'
else
	run "$SV" run --name "$N" --privileged -v "$T/nest:/srv:ro" -v "$ROOTFS:/mnt" --tmpfs /run "$ROOTFS" \
		/srv/sv run --name inner /mnt /bin/sh -c 'echo "$$ $(hostname)"; ls /run; exit 7'
	is "$status/$out" '7/2 inner' 'a container within a container works (19)' || note "$err"
fi

# --- the ends that aren't the command's own -----------------------------------------------------------------------------------

run "$SV" run --name "$N" --cap-add SYS_BOOT "$ROOTFS" reboot -f
is "$status" 129 'reboot inside ends it with 129 (20)'
is "$err" "sv: container $N: restart was asked for inside, by reboot(2)" 'and sv says so (20)'
for how in halt poweroff; do
	run "$SV" run --name "$N" --cap-add SYS_BOOT "$ROOTFS" $how -f
	is "$status" 0 "$how with 0 (20)"
	is "$err" "sv: container $N: halt or power off was asked for inside, by reboot(2)" 'and sv says so (20)'
done

start "$SV" run --name "$N" "$ROOTFS" /bin/sh -c 'echo ready; exec sleep 1000'
ready
command=$(children "$(children "$pid")")
kill -KILL "$(children "$pid")"
finish
is "$status" 137 'init killed from outside: 137'
like "$err" "^sv: container $N: init was ended from outside by SIGKILL" 'and sv says so'
ok 'nothing of the container is left' gone "$command"

run "$SV" run --name "$N" "$ROOTFS" /bin/sh -c 'kill -KILL 1; kill -STOP 1; echo alive; exit 4'
is "$status/$out" 4/alive 'the command can neither kill nor stop init'

# A SIGKILL to sv, which can clean up nothing then. Each kind of container has something of its own to leave.
killed() {
	what=$1
	shift
	start "$SV" run --name "$N" "$@" "$ROOTFS" /bin/sh -c 'sleep 1000 & echo ready; exec setpriv sleep 1000 || exec sleep 1000'
	ready
	init=$(children "$pid")
	wait_for 10 [ -n "$(children "$init")" ]
	inside="$(children "$init") $(children "$(children "$init" | head -n 1)")"
	kill -KILL "$pid"
	finish
	for process in $inside $init; do
		ok "$what: sv killed by KILL: process $process of the container ends" wait_for 10 gone "$process"
	done
	run "$SV" run "$ROOTFS" /bin/true
	is "$status/$err" 0/ 'the next sv works'
	is "$(find /sys/fs/cgroup -name "$N" 2>/dev/null)" '' 'and leaves no group of the dead one'
	ok 'and no record' [ ! -e "/run/sv/$N" ]
	# And the same name again, at once after the next kill: its own leftovers are removed first.
	start "$SV" run --name "$N" "$@" "$ROOTFS" /bin/sh -c 'echo ready; exec sleep 1000'
	ready
	kill -KILL "$pid"
	finish
	run "$SV" run --name "$N" "$@" "$ROOTFS" /bin/sh -c 'exit 3'
	is "$status/$err" 3/ 'a dead one'\''s name can be used at once'
}
killed 'as it is'
killed 'with limits' -m 64m --pids-limit 50
killed '--pid host' --pid host
killed '--pid host with limits' --pid host --pids-limit 50

start "$SV" run --name "$N" --pid host "$ROOTFS" /bin/sh -c '(trap "" TERM; echo ready; while :; do sleep 1000; done) & wait; exit 2'
ready
init=$(children "$pid")
command=$(children "$init")
left=$(children "$command")
kill "$command"
finish
is "$status" 143 '--pid host: the container ends with the command'
ok 'and what that leaves is killed' wait_for 10 gone "$left"

leftovers
done_testing
