#!/bin/sh
# SPDX-License-Identifier: MIT
# Descriptors: the three standard ones arrive as they are, those that were asked for are passed on, no other enters.
. "${0%/*}/../lib.sh"

need_root

# --- the standard ones ----------------------------------------------------------------------------------------------

head -c 10000000 /dev/urandom >"$T/data"
"$SV" run "$ROOTFS" cat <"$T/data" >"$T/copy" 2>"$T/err"
is "$?:$(cat "$T/err")" 0: 'a file goes through'
ok 'unharmed' cmp "$T/data" "$T/copy"
# shellcheck disable=SC2002
cat "$T/data" | "$SV" run "$ROOTFS" cat 2>"$T/err" | cat >"$T/copy"
ok '10 MB of binary data go through pipes unharmed' cmp "$T/data" "$T/copy"
# shellcheck disable=SC2002
cat "$T/data" | "$SV" run "$ROOTFS" /bin/sh -c 'cat >&2' 2>&1 >/dev/null | cat >"$T/copy"
ok 'by standard error too' cmp "$T/data" "$T/copy"

# The very file description: an offset is shared with it, flags are kept.
printf 'first\nsecond\nthird\n' >"$T/lines"
{
	"$SV" run "$ROOTFS" /bin/sh -c 'read line; echo "$line"'
	cat
} <"$T/lines" >"$T/out"
is "$(tr '\n' ' ' <"$T/out")" 'first second third ' 'what the command leaves unread is left for the next'
{
	echo before
	"$SV" run "$ROOTFS" /bin/echo inside
	echo after
} >"$T/out"
is "$(tr '\n' ' ' <"$T/out")" 'before inside after ' 'its output stands between the others'\'''
echo kept >"$T/out"
"$SV" run "$ROOTFS" /bin/echo appended >>"$T/out"
is "$(tr '\n' ' ' <"$T/out")" 'kept appended ' 'a file opened for appending stays so'
run "$SV" run "$ROOTFS" /bin/sh -c 'echo to 1; echo to 2 >&2'
is "$out|$err" 'to 1|to 2' 'standard output and standard error are two'

# Pipes end where they should.
is "$(printf 'one line' | "$SV" run "$ROOTFS" wc -c)" 8 'the end of standard input arrives'
mkfifo "$T/fifo"
head -n 1 "$T/fifo" >/dev/null &
reader=$!
"$SV" run "$ROOTFS" yes >"$T/fifo" 2>"$T/err" </dev/null
is "$?" 141 'a reader that goes away ends the command by SIGPIPE'
wait "$reader"
(
	trap '' PIPE
	exec "$SV" run "$ROOTFS" /bin/sh -c 'echo x; echo "status $?" >&2' >"$T/fifo" 2>"$T/err" </dev/null
) &
pid=$!
exec 3<"$T/fifo"
exec 3<&-
wait "$pid"
like "$(cat "$T/err")" '^status ' 'with SIGPIPE ignored it is ignored inside as well'

# A closed one is of no use to the command, and no other file takes its number.
for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
	rm -f "$T/seen"
	sh -c 'exec "$@" '"$closed" _ "$SV" run -v "$T:/mnt" "$ROOTFS" /bin/sh -c 'exec 9>/mnt/seen
		for fd in 0 1 2; do is=$(readlink /proc/$$/fd/$fd) || is=closed; echo "$is" >&9; done'
	status=$?
	is "$status" 0 "with $closed the command runs"
	case $closed in
	'<&-') expected=1 ;;
	'>&-') expected=2 ;;
	'2>&-') expected=3 ;;
	*) expected='1 2 3' ;;
	esac
	for number in $expected; do
		like "$(sed -n "${number}p" "$T/seen" 2>&1)" '^(closed|/dev/null)$' "with $closed nothing of sv's stands in its place ($number)"
	done
done
"$SV" run "$ROOTFS" /bin/sh -c 'echo x' >&- 2>"$T/err"
isnt "$?" 0 'to write to a closed standard output fails'
"$SV" run "$ROOTFS" cat <&- >"$T/out" 2>"$T/err"
isnt "$?" 0 'to read from a closed standard input fails'

# --- --preserve-fds -------------------------------------------------------------------------------------------------

echo three >"$T/three"
echo four >"$T/four"
show='for fd in 3 4 5 6 7 8; do [ ! -e /proc/self/fd/$fd ] || echo "$fd $(readlink /proc/self/fd/$fd)"; done; env | grep ^LISTEN'
run "$SV" run "$ROOTFS" /bin/sh -c "$show" 3<"$T/three" 4<"$T/four" 5</dev/null
is "$out" '' 'without --preserve-fds none but the three enters'
run "$SV" run --preserve-fds 2 "$ROOTFS" /bin/sh -c "$show; cat <&3 <&4; cat <&3" 3<"$T/three" 4<"$T/four" 5</dev/null
is "$out" "3 $T/three
4 $T/four
four
three" '--preserve-fds 2: 3 and 4 are passed on, 5 is not'
run "$SV" run --preserve-fds 0 "$ROOTFS" /bin/sh -c "$show" 3<"$T/three"
is "$out" '' '--preserve-fds 0: none'
run "$SV" run --preserve-fds 1 "$ROOTFS" /bin/sh -c 'echo written >&3' 3>"$T/written"
is "$(cat "$T/written")" written 'they can be written to'
run "$SV" run --preserve-fds 2 "$ROOTFS" /bin/true 3<"$T/three" 5</dev/null
is "$status:$out:$err" "125::sv: cannot preserve descriptor 4: it isn't open" 'one that is not open is an error'
run "$SV" run --preserve-fds 1025 "$ROOTFS" /bin/true 3<"$T/three"
like "$status:$err" "^125:sv: --preserve-fds: '1025'" 'there is an end to it'
run "$SV" run --preserve-fds 2 -t "$ROOTFS" /bin/sh -c 'cat <&3; cat <&4' 3<"$T/three" 4<"$T/four"
is "$(printf %s "$out" | tr -d '\r')" 'three
four' 'with a terminal too'
# More than sv and init have at fixed numbers.
run sh -c 'for fd in 3 4 5 6 7 8 9; do eval "exec $fd<<EOF
number $fd
EOF"; done; exec "$@"' _ "$SV" run --preserve-fds 7 "$ROOTFS" /bin/sh -c 'for fd in 3 4 5 6 7 8 9; do eval "cat <&$fd"; done; ls /proc/self/fd | wc -l'
is "$(printf '%s' "$out" | tr '\n' ' ')" 'number 3 number 4 number 5 number 6 number 7 number 8 number 9 11' \
	'seven of them keep their order, and nothing stands beside them'
run "$SV" run --preserve-fds 1 "$ROOTFS" /bin/sh -c 'ls -l /proc/1/fd' 3<"$T/three"
unlike "$out" "$T/three" 'init does not keep them'

# Who reads the other end sees the end when the command lets go, while the container runs.
mkfifo "$T/go"
cat "$T/fifo" >"$T/got" &
reader=$!
"$SV" run --preserve-fds 1 -v "$T:/mnt" "$ROOTFS" /bin/sh -c 'exec 9<>/mnt/go; echo sent >&3; exec 3>&-; read go <&9' \
	3>"$T/fifo" </dev/null >/dev/null &
pid=$!
ok 'a descriptor that the command closes is closed' wait_for 10 gone "$reader"
is "$(cat "$T/got"):$(alive "$pid" && echo runs)" sent:runs 'while the container runs'
echo go 1<>"$T/go"
wait "$pid"

# --- socket activation: sd_listen_fds(3) ----------------------------------------------------------------------------

activated='echo "$LISTEN_FDS $((LISTEN_PID == $$)) ${LISTEN_FDNAMES-none}"; cat <&3; cat <&4'
run sh -c 'LISTEN_PID=$$ LISTEN_FDS=2 exec "$@"' _ "$SV" run "$ROOTFS" /bin/sh -c "$activated" 3<"$T/three" 4<"$T/four" 5</dev/null
is "$status:$out" '0:2 1 none
three
four' 'LISTEN_FDS passes on so many, and LISTEN_PID is the command'\''s'
run sh -c 'LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=a:b exec "$@"' _ "$SV" run -u 1000 "$ROOTFS" /bin/sh -c "$activated" \
	3<"$T/three" 4<"$T/four"
is "$out" '2 1 a:b
three
four' 'LISTEN_FDNAMES goes with them'
run env LISTEN_PID=1 LISTEN_FDS=2 "$SV" run "$ROOTFS" /bin/sh -c "$show" 3<"$T/three" 4<"$T/four"
is "$out" '' 'those of another process are not ours'
run sh -c 'LISTEN_PID=$$ LISTEN_FDS=x exec "$@"' _ "$SV" run "$ROOTFS" /bin/sh -c "$show" 3<"$T/three"
is "$status:$out" "1:" 'a number that is none is no number'
run sh -c 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"' _ "$SV" run --preserve-fds 2 "$ROOTFS" /bin/sh -c "$show" 3<"$T/three" 4<"$T/four"
like "$out" "^4 $T/four" 'together with --preserve-fds the larger number counts'
like "$out" '^LISTEN_FDS=[12]$' 'and LISTEN_FDS is still told'

leftovers
done_testing
