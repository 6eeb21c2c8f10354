#!/bin/sh
# SPDX-License-Identifier: MIT
# How init starts its command, and what it holds on to (lines 1 to 6).
. "${0%/*}/common.sh"

need unshare setpriv strace python3
cd "$T" || exit 1

# --- 1: what can't be executed --------------------------------------------------------------------------------------------

mkdir -p a b folder
printf '#!/bin/sh\nexit 5\n' >a/tool && cp a/tool b/tool && chmod 644 a/tool && chmod 755 b/tool
printf 'no program' >nothing && chmod 755 nothing
printf '#!/no/such/interpreter\n' >lost && chmod 755 lost
ln -s loop loop
cp "$H/catch" busy
# failing STATUS PATTERN COMMAND...: as both kinds of process.
failing() {
	wanted=$1 pattern=$2
	shift 2
	for how in process pid1; do
		run as "$how" "$INIT" "$@"
		is "$status" "$wanted" "$how: $1 ends with $wanted (1)"
		like "$err" "$pattern" "$how: one line names it and why: $1"
		ok "$how: and it is one line: $1" one_line "$err"
	done
}
failing 127 "'no-such-program'.*No such file or directory" no-such-program
failing 127 "'./no/such'.*No such file or directory" ./no/such
failing 126 "'./folder'.*Permission denied" ./folder
failing 126 "'./a/tool'.*Permission denied" ./a/tool
failing 126 "'./nothing'.*Exec format error" ./nothing
failing 126 "interpreter is missing.*'./lost'" ./lost
failing 126 "'./loop'.*Too many symbolic links" ./loop
failing 127 "''.*No such file or directory" ''
sh -c "exec 3>>busy; $INIT ./busy 2>busy.err; echo \$? >busy.status"
is "$(cat busy.status)" 126 'a program that is being written (ETXTBSY): 126 (1)'
like "$(cat busy.err)" 'Text file busy' 'and says so'
run sh -c 'ulimit -s 256; exec "$0" /bin/true "$(head -c 100000 /dev/zero | tr "\0" x)" "$1"' "$INIT" x
case $status in
126) like "$err" 'Argument list too long' 'too long a list (E2BIG): 126 (1)' ;;
*) is "$status" 0 'a list that is not too long' ;;
esac
# As the kernel says it, whatever the reason. What strace executes itself comes before.
for error in 'E2BIG Argument list too long' 'ENOMEM Out of memory'; do
	run strace -f -qq -o /dev/null -e trace=execve -e inject=execve:error="${error%% *}" "$INIT" true
	is "$status/$err" "126/init: cannot execute 'true': ${error#* }" "${error%% *}: 126, and one line says what (1)"
done

run env PATH="$T/a:$T/b" "$INIT" tool
is "$status/$err" 5/ 'the search goes on behind a file that may not be executed (1)'
run env PATH="$T/a" "$INIT" tool
is "$status" 126 'and where there is no other, that is said'
run env PATH="$T/folder:$T/none:$T/nothing:$T/b" "$INIT" tool
is "$status" 5 'PATH may hold what is no folder'
cp b/tool tool
run env PATH= "$INIT" tool
is "$status" 5 'an empty entry of PATH is the working directory'
run env -u PATH "$INIT" true
is "$status" 0 'without PATH there is a default'

# --- 2: no process to be had; large arguments ---------------------------------------------------------------------------------

cat >no-fork.py <<'P'
import os, resource, sys
# RLIMIT_NPROC counts the user's processes: a user that has none but this one may start no other.
os.setgid(54321); os.setuid(54321)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
os.execv(sys.argv[1], sys.argv[1:])
P
chmod 755 "$T" "${T%/*}"
cp "$INIT" own-init
run timeout 20 python3 no-fork.py "$T/own-init" true
is "$status" 1 'fork fails: 1 at once (2)'
like "$err" "^init: cannot start 'true': Resource temporarily unavailable" 'and says what (2)'

python3 - "$INIT" >big.out <<'P'
import hashlib, subprocess, sys
def sums(words):
    script = "import hashlib,sys; print(len(sys.argv)-1, hashlib.sha256('\\0'.join(sys.argv[1:]).encode()).hexdigest())"
    got = subprocess.run([sys.argv[1], "--", sys.executable, "-c", script, *words], capture_output=True, text=True).stdout.split()
    return got == [str(len(words)), hashlib.sha256("\0".join(words).encode()).hexdigest()]
print(sums(["x%d" % i * 8000 for i in range(40)]), sums([str(i) for i in range(100000)]), sums(["", "--", "-v", "\n"]))
P
is "$(cat big.out)" 'True True True' '1 MB of arguments, 100,000 of them, and odd ones arrive unchanged (2)'
cat >no-arguments.py <<'P'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.execve(sys.argv[1].encode(), (ctypes.c_char_p * 1)(None), (ctypes.c_char_p * 1)(None))
P
run python3 no-arguments.py "$INIT"
is "$status" 1 'no arguments at all, not even a name: refused, no crash (2)'

# --- 3, 4: descriptors and the working directory --------------------------------------------------------------------------------

descriptors() { ls "/proc/$1/fd" | sort -n | tr '\n' ' '; }
runs() { [ "$(cat "/proc/$(children "$1")/comm")" = "$2" ]; }
for how in process pid1; do
	for closed in 3 0 1 2 '0 -c 1' '0 -c 1 -c 2'; do
		# shellcheck disable=SC2086
		start exec_as "$how" "$H/with" -C -c $closed "$INIT" sleep 1000
		# Both execute on their way to the command.
		on_its_way() { init=$(init_of "$how") && [ -n "$init" ] && runs "$init" sleep; }
		ok "$how: the command starts with these closed: $closed (3)" wait_for 10 on_its_way
		left=
		for number in 0 1 2; do
			case " $closed " in *" $number "*) ;; *) left="$left$number " ;; esac
		done
		is "$(descriptors "$(children "$init")")" "$left" "$how: the command has the others, and none of init's (3)"
		is "$(descriptors "$init")" "$left" "$how: and init none of its own at 0 to 2 (3)"
		kill "$init"
		finish
	done
	run as "$how" sh -c 'exec 3</dev/null 7</dev/zero; exec "$@"' sh "$INIT" sh -c 'readlink /proc/self/fd/3 /proc/self/fd/7'
	is "$out" '/dev/null
/dev/zero' "$how: inherited ones pass (3)"

	mkfifo "gate-$how"
	start exec_as "$how" bash -c 'exec 5</dev/null 200</dev/zero; exec "$@"' sh "$INIT" sh -c 'echo ready; read x <"$0"' "$T/gate-$how"
	ready
	init=$(init_of "$how")
	only_standard() { [ "$(descriptors "$init")" = '0 1 2 ' ]; }
	ok "$how: init lets go of what it inherited once the command runs (4)" wait_for 5 only_standard
	like "$(descriptors "$(children "$init")")" '^0 1 2 5 (10 )?200 ' "$how: and the command keeps it (4)"
	at_root() { [ "$(readlink "/proc/${init:-$pid}/cwd")" = / ]; }
	ok "$how: and of the folder it was started in (4)" wait_for 5 at_root
	is "$(readlink "/proc/$(children "$init")/cwd")" "$T" "$how: which is the command's (4)"
	echo >"gate-$how"
	finish
done

for name in tini docker-init dumb-init catatonit podman-init; do
	start "$(called "$name")" sh -c 'echo ready; exec sleep 1000'
	ready
	init=$pid
	ok "$name: lets go of the folder too (4)" wait_for 5 at_root
	kill "$init"
	finish
done

# Where the kernel has no close_range; and where the filter of an engine refuses that and all that is newer than the filter.
mkfifo gate
for how in process pid1; do
	for error in ENOSYS EPERM; do
		calls=close_range
		[ "$error" = ENOSYS ] || calls=close_range,fsopen,fsconfig,fsmount,open_tree,move_mount,mount_setattr,openat2,pidfd_open,pidfd_send_signal
		# shellcheck disable=SC2046
		start strace -f -qq -o trace -e trace="$calls" -e inject="$calls:error=$error" $(as_words "$how") \
			bash -c 'exec 5</dev/null 900</dev/zero; exec "$@"' sh "$INIT" sh -c 'echo ready; read x <gate; exit 3'
		ready
		init=$(children "$pid")
		[ "$how" = process ] || init=$(children "$init")
		ok "$how: close_range is refused by $error, and init has let go all the same (4) (6)" wait_for 5 only_standard
		echo >gate
		finish
		is "$status/$err" 3/ "$how: and says nothing"
		like "$(cat trace)" "close_range.* $error .*INJECTED" "$how: it was refused"
	done
done

run sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" sh -c "echo \$LISTEN_FDS \$((LISTEN_PID - \$\$)) \$(readlink /proc/self/fd/3)" 3</dev/null' "$INIT"
is "$out" '1 0 /dev/null' 'LISTEN_PID becomes the command'"'"'s, its descriptors pass (3)'
run env LISTEN_FDS=1 LISTEN_PID=1 "$INIT" sh -c 'echo $LISTEN_PID'
is "$out" 1 "another's LISTEN_PID stays (3)"
run as pid1 env LISTEN_FDS=1 LISTEN_PID=1 "$INIT" sh -c 'echo $((LISTEN_PID - $$))'
is "$out" 0 'as PID 1 too (3)'

# --- 5: what is the same in the command ----------------------------------------------------------------------------------------

same='umask; cat /proc/self/limits; nice; cat /proc/self/oom_score_adj; grep NoNewPrivs /proc/self/status; env | grep -v "^_=" | sort'
for how in process pid1; do
	with='umask 0027; ulimit -n 123; ulimit -c 0; ulimit -f 4567; ulimit -S -s 1234; echo 500 >/proc/self/oom_score_adj; exec nice -n 3 setpriv --no-new-privs "$@"'
	run as "$how" env -i PATH="$PATH" A=b ODD="$(printf 'x\ny')" sh -c "$with" sh sh -c "$same"
	expected=$out
	run as "$how" env -i PATH="$PATH" A=b ODD="$(printf 'x\ny')" sh -c "$with" sh "$INIT" sh -c "$same"
	is "$out" "$expected" "$how: umask, limits, nice, oom_score_adj, no_new_privs and environment are the command's (5)"
	like "$out" '^500$' "$how: and they were what was set (5)"
	like "$out" '^Max open files +123 ' "$how: the limits too (5)"
done

# --- 6: anywhere ----------------------------------------------------------------------------------------------------------------

# A root with nothing in it, read-only: no /proc, /dev or /tmp.
mkdir empty && cp "$INIT" empty/init && cp "$H/catch" empty/catch
cat >bare.sh <<'S'
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift 1 && exec "$@"
S
for how in process pid1; do
	for user in 0 54321; do
		start exec_as "$how" unshare -m sh bare.sh "$T/empty" chroot --userspec="$user:$user" "$T/empty" /init /catch 1
		ready
		init=$(init_of "$how")
		"$H/send" "$init" 15
		finish
		is "$status/$(sed 1d "$stdout")$err" '0/15 user 0' "$how: on a read-only root without /proc, /dev and /tmp, as user $user (6)"
	done
	run as "$how" setpriv --reuid 54321 --regid 54321 --clear-groups --bounding-set -all --inh-caps -all --no-new-privs "$T/own-init" sh -c 'id -u; exit 4'
	is "$status/$out" 4/54321 "$how: without any capability (6)"
done
run unshare -Ur -pf --mount-proc "$INIT" sh -c 'echo $PPID; exit 4'
is "$status/$out" 4/1 'in a user namespace (6)'
# The signs of a machine, but for the namespace: it must never mount, nor bring anything down.
run unshare -Ur -pf --mount-proc sh -c 'sleep 1000 & exec "$0" sh -c "exit 4"' "$INIT"
is "$status/$err" 4/ 'executed late as PID 1 of a namespace, beside a process 2, it takes itself for no machine'
leftovers
done_testing
