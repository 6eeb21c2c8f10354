#!/bin/sh
# SPDX-License-Identifier: MIT
# The filter of system calls, from the inside: tests/unit/seccomp.c has the programs themselves.
. "${0%/*}/../lib.sh"

need_root
calls=$BUILD/helpers/calls
[ -x "$calls" ] || bail 'no helpers: make helpers'
mkdir "$T/bin"
cp "$calls" "$T/bin/calls"

# sv_run OPTION... -- COMMAND...: with the helper at hand.
sv_run() {
	run "$SV" run -v "$T/bin:/h:ro" "$@"
}

# result NAME: how the call of the last run ended.
result() { printf '%s\n' "$out" | sed -n "s/^$1 //p"; }

# --- by default -----------------------------------------------------------------------------------------------------

sv_run "$ROOTFS" grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
is "$(printf '%s\n' "$out" | tr -d '\t' | tr '\n' ' ')" 'NoNewPrivs:1 Seccomp:2 ' 'there is a filter, and no_new_privs'
sv_run -u 1000 "$ROOTFS" grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
is "$(printf '%s\n' "$out" | tr -d '\t' | tr '\n' ' ')" 'NoNewPrivs:1 Seccomp:2 ' 'for another user as well'

# With all capabilities: what a capability lacks for says EPERM as well.
sv_run --seccomp none --cap-add ALL --userns host "$ROOTFS" /h/calls
none=$out
sv_run "$ROOTFS" /h/calls
is "$status" 0 'the calls are made'
for name in mount umount2 pivot_root unshare setns keyctl add_key request_key bpf perf_event_open init_module finit_module \
	kexec_load reboot swapon open_by_handle_at userfaultfd io_uring_setup fsopen move_mount clock_settime syslog personality \
	clone-newns clone-newns-high socket-alg socket-alg-high socket-vsock socket-vsock-high tiocsti tiocsti-high tioclinux; do
	is "$(result "$name")" EPERM "$name is forbidden"
	isnt "$(printf '%s\n' "$none" | sed -n "s/^$name //p")" EPERM "$name: without a filter the kernel says something else"
done
for name in clone3 unknown; do
	is "$(result "$name")" ENOSYS "$name is not there"
done
is "$(result getppid) $(result socket-unix) $(result tiocgwinsz)" 'ok ok EBADF' 'what programs need is let through'
if [ "$ARCH" = x86_64 ]; then
	is "$(result x32-getpid)" ENOSYS 'x32 is not there'
	sv_run --seccomp none "$ROOTFS" /h/calls compat
	if [ "$status" = 0 ]; then
		sv_run "$ROOTFS" /h/calls compat
		is "$(printf '%s\n' "$out" | tr '\n' ' ')" 'getpid ok mount EPERM keyctl EPERM unshare EPERM clone3 ENOSYS unknown ENOSYS socket-alg EPERM socketcall-socket ENOSYS socketcall-connect EFAULT tiocsti EPERM ' \
			'calls by the 32-bit entry are judged by their own numbers'
	else
		skip_cannot 'no 32-bit calls' 'calls by the 32-bit entry'
	fi
fi
sv_run "$ROOTFS" /h/calls thread
is "$status:$out" '0:thread ok' 'threads start'
run "$SV" run "$ROOTFS" /bin/sh -c 'echo a | cat; (sleep 0 &) ; wait; date >/dev/null; ls / >/dev/null && echo fine'
is "$out" 'a
fine' 'a shell and its children work'

# --- privileges -----------------------------------------------------------------------------------------------------

for user in 0 1000; do
	sv_run -u $user --no-new-privs=false "$ROOTFS" grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
	is "$(printf '%s\n' "$out" | tr -d '\t' | tr '\n' ' ')" 'NoNewPrivs:0 Seccomp:2 ' \
		"--no-new-privs=false, user $user: the filter stands all the same"
done
sv_run --seccomp none "$ROOTFS" grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
is "$(printf '%s\n' "$out" | tr -d '\t' | tr '\n' ' ')" 'NoNewPrivs:1 Seccomp:0 ' '--seccomp none: no filter'
sv_run --seccomp default "$ROOTFS" grep '^Seccomp:' /proc/self/status
like "$out" '2$' '--seccomp default: the default one'

# --- a policy of one's own ------------------------------------------------------------------------------------------

# policy LINE...: the file $T/p.
policy() { printf '%s\n' "$@" >"$T/p"; }

policy 'include default' 'allow keyctl # of mine' 'errno ETXTBSY getppid' 'errno 99 ioctl if int1 == 0x5413'
sv_run --seccomp "$T/p" "$ROOTFS" /h/calls
is "$(result keyctl) $(result getppid) $(result add_key)" 'EOPNOTSUPP ETXTBSY EPERM' 'a file adds to the default policy'
is "$(result tiocgwinsz)" EADDRNOTAVAIL 'and looks at arguments'
policy 'default allow' 'kill getppid'
sv_run --seccomp "$T/p" "$ROOTFS" /h/calls
is "$status" $((128 + 31)) 'kill ends the process by SIGSYS'

# Nothing but what init's child still has to do, and what the helper does by itself. With anything else it is killed.
start='execve exit_group'
program='write brk mmap munmap mprotect arch_prctl set_tid_address set_robust_list ioctl writev rt_sigprocmask clone madvise exit futex rt_sigaction rt_sigreturn'
policy 'default kill' "allow $start $program"
sv_run --seccomp "$T/p" "$ROOTFS" /h/calls thread
is "$status:$out" '0:thread ok' 'with no_new_privs only execve and exit_group are needed to start'
early='setgroups setresgid setresuid prctl capget capset umask chdir'
policy 'default kill' "allow $start $program $early"
for user in 0 1000; do
	sv_run -u $user --no-new-privs=false --seccomp "$T/p" "$ROOTFS" /h/calls thread
	is "$status:$out" '0:thread ok' "without, what sets the user is needed too (user $user)"
done

# --- what is refused ------------------------------------------------------------------------------------------------

# refused NAME PATTERN OPTION...: sv ends with 125 and says so; nothing has run.
refused() {
	name=$1 pattern=$2
	shift 2
	sv_run "$@" "$ROOTFS" /bin/sh -c 'echo ran'
	is "$status:$out" 125: "$name: refused"
	like "$err" "$pattern" "$name: says why"
}

policy 'default allow' 'errno EPERM execve'
refused 'a policy that forbids execve' "policy '$T/p' would keep the command from starting: it forbids 'execve'" --seccomp "$T/p"
policy 'default allow' 'errno EPERM exit_group'
refused 'a policy that forbids the exit' "it forbids 'exit_group'" --seccomp "$T/p"
policy 'default allow' 'errno EPERM setresuid'
refused 'a policy that forbids setting the user' "it forbids 'setresuid'; hint: .*--no-new-privs" --seccomp "$T/p" \
	--no-new-privs=false
sv_run --seccomp "$T/p" "$ROOTFS" /bin/sh -c 'echo ran'
is "$out" ran 'which comes before the filter with no_new_privs'
policy 'default allow' '' 'errno EPERM moutn'
refused 'an unknown name' "$T/p:3: unknown system call 'moutn'; hint: did you mean 'mount'" --seccomp "$T/p"
refused 'a missing file' "cannot read the seccomp policy '/nonexistent'" --seccomp /nonexistent
policy 'default allow' 'errno EPERM mkdirat' 'trap fchmod'
sv_run --seccomp "$T/p" --dry-run "$ROOTFS"
like "$out" "^seccomp     $T/p, [0-9]+ instructions$" '--dry-run tells the policy'

# What fails to start is told, though a filter stands already.
run "$SV" run "$ROOTFS" /nonexistent
is "$status" 127 'a missing command ends with 127'
like "$err" "cannot execute '/nonexistent'" 'and is named'
policy 'default allow' 'errno EPERM sendmsg newfstatat'
run "$SV" run --seccomp "$T/p" "$ROOTFS" /nonexistent
is "$status" 127 'also where the policy lets nobody say so'

leftovers
done_testing
