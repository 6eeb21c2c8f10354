#!/bin/sh
# SPDX-License-Identifier: MIT
# What init costs: memory, wake-ups, system calls. (Its size is in tests/build/binary.t, its time in make compare-init.)
. "${0%/*}/common.sh"

need_root
need strace unshare
cd "$T" || exit 1

resident() { awk '/^Rss(Anon|File|Shmem):/ { n += $2 } END { print n }' "/proc/$1/status"; }
wakeups() { awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$1/status"; }
# It has come to rest when it sleeps and the number stays.
at_rest() {
	rest_before=$(wakeups "$1")
	sleep 0.1
	state_is "$1" S && [ "$(wakeups "$1")" = "$rest_before" ]
}

hold() {
	start "$@"
	ready
	init=$(children "$pid")
	wait_for 20 at_rest "$init"
}

ready_and_wait='echo ready; exec sleep 1000'
hold unshare -pf --mount-proc --propagation private "$INIT" sh -c "$ready_and_wait"
alone=$pid alone_init=$init
cp "$stdout" alone.out
hold "$SV" run --name "numbers$$" "$ROOTFS" sh -c "$ready_and_wait"
under=$pid under_init=$init
start "$INIT" sh -c "$ready_and_wait"
ready
wait_for 20 at_rest "$pid"
process=$pid

for what in "$alone_init PID 1 of a namespace" "$under_init PID 1 under sv" "$process an ordinary process"; do
	kb=$(resident "${what%% *}")
	note "${what#* }: $kb KB resident"
	ok "idle, as ${what#* }, init holds at most 40 KB" [ "$kb" -le 40 ]
	ok "and that is init (${what#* })" [ "$kb" -ge 8 ]
done
# sv has a layout that makes this possible where init has one.
if [ "$ARCH" = x86_64 ]; then
	sv_is_small() { [ "$(awk '/^Rss:/ { print $2 }' "/proc/$under/smaps_rollup")" -le 100 ]; }
	ok 'and sv, which waits for it, at most 100 KB' wait_for 20 sv_is_small
fi
before="$(wakeups "$alone_init") $(wakeups "$under_init") $(wakeups "$process")"
sleep 10
is "$(wakeups "$alone_init") $(wakeups "$under_init") $(wakeups "$process")" "$before" \
	'idle for 10 s, init never wakes up: as PID 1, under sv, as an ordinary process (19)'
# Once it has been used, it is as small again but for what it uses: a signal forwarded, an orphan reaped.
"$H/send" "$alone_init" 28
wait_for 10 at_rest "$alone_init"
ok "and after a signal it holds no more than 40 KB ($(resident "$alone_init") KB)" [ "$(resident "$alone_init")" -le 40 ]
for end in "$alone_init $alone" "$under $under" "$process $process"; do
	kill "${end% *}"
	pid=${end#* }
	finish
	is "$status" 143 'and TERM ends it'
done

# strace -f prints a line for each call; one that is interrupted by another process's has two, of which one counts.
calls() {
	strace -f -qq -o trace "$@"
	grep -vcE 'resumed>|\+\+\+|---' trace
}
n=$(calls "$INIT" "$H/true")
ok "init with a static true makes at most 24 system calls in all, the command's among them ($n)" [ "$n" -le 24 ] && ok 'and they were counted' [ "$n" -ge 10 ]
n=$(calls "$INIT" -- "$H/true")
ok "with -- as well ($n)" [ "$n" -le 24 ] && ok 'and they were counted' [ "$n" -ge 10 ]
# unshare's own calls stand before init's.
strace -f -qq -o trace unshare -pf --mount-proc --propagation private "$INIT" -- "$H/true"
n=$(awk -v init="$INIT" 'index($0, "execve(\"" init) { seen = 1; pid = $1 } seen' trace |
	grep -vE 'resumed>|\+\+\+|---' | awk -v parent="$(awk 'NR == 1 { print $1 }' trace)" '$1 != parent' | wc -l)
ok "as PID 1 of a namespace too ($n)" [ "$n" -le 24 ] && ok 'and they were counted' [ "$n" -ge 10 ]
leftovers
done_testing
