#!/bin/sh
# SPDX-License-Identifier: MIT
# init as the first process of a machine (lines 24 and 25 of what a correct PID 1 does). Each boot is one of user-mode-linux,
# a kernel that runs as a program.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

need_machine uml
need python3 mke2fs debugfs

# up [OPTION...] [-- COMMAND]: a machine from start to end; sets $status, $out (the console), $err.
up() {
	run "$VM/boot" --uml --image "$IMAGE" --timeout 60 "$@"
	out=$(printf '%s\n' "$out" | tr -d '\r')
	[ -n "$out" ] || note "nothing on the console, status $status: $err"
}

# Same, with its console in $stdout while it runs; what is typed goes to descriptor 9. down waits for the end.
up_typed() {
	rm -f "$T/typed"
	mkfifo "$T/typed"
	: >"$stdout"
	"$VM/boot" --uml --image "$IMAGE" --timeout 60 "$@" <"$T/typed" >"$stdout" 2>"$stderr" &
	pid=$!
	exec 9>"$T/typed"
}
down() {
	wait "$pid"
	status=$?
	exec 9>&-
	out=$(tr -d '\r' <"$stdout")
}
# seen PATTERN: a line comes on the console.
seen() {
	wait_for 30 has_line "$stdout" "$1" || fail "the console shows '$1'" || note "$(cat "$stdout")"
}

# What a fault of PID 1 looks like, whatever else the console shows.
no_panic() { unlike "$out" 'Kernel panic|Attempted to kill init' "$1: no panic"; }

# --- what it sets up ------------------------------------------------------------------------------------------------

up -- 'cat /proc/mounts; echo; exec env'
is "$status" 0 'a machine runs a command and powers off'
mounts=$(printf '%s\n' "$out" | awk '{ print $2, $3, $4 }')
while read -r point type options; do
	row=$(printf '%s\n' "$mounts" | grep "^$point $type ")
	wrong=
	for option in $(echo "$options" | tr , ' '); do
		case ,${row##* }, in
		*,"$option",*) ;;
		*) wrong="$wrong $option" ;;
		esac
	done
	is "$wrong" '' "$point is a $type, $options" || note "$row"
done <<-ROWS
	/proc proc rw,nosuid,nodev,noexec
	/sys sysfs rw,nosuid,nodev,noexec
	/dev devtmpfs rw,nosuid,mode=755
	/dev/pts devpts rw,nosuid,noexec,gid=5,mode=620,ptmxmode=666
	/dev/shm tmpfs rw,nosuid,nodev
	/run tmpfs rw,nosuid,nodev,mode=755
	/sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec
ROWS
is "$(printf '%s\n' "$mounts" | awk '{ print $1 }' | grep '^/[a-z]' | sort | uniq -d)" '' 'nothing is mounted twice'
like "$out" '^init: command ended with status 0$' 'the status stands on the console'

# An initramfs of somebody else's may have mounted some of it already.
mkdir -p "$T/before"
cat >"$T/before/init" <<'END'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t tmpfs -o size=1m mine /run
/bin/busybox touch /run/mine
exec /sbin/init "$@"
END
chmod 755 "$T/before/init"
archive "$T/before.gz" "$T/before"
up --add "$T/before.gz" -- 'ls /run/mine && cat /proc/mounts && exit 4'
is "$status" 4 'what is mounted already is no obstacle'
is "$(printf '%s\n' "$out" | awk '{ print $2 }' | grep '^/[a-z]' | sort | uniq -d)" '' 'and not mounted again'
unlike "$out" '^init: cannot' 'nor complained of'
no_panic 'mounted already'

up -- 'mkdir /x; cd /x; ip addr show lo; hostname; for fd in /proc/self/fd/*; do echo "fd ${fd##*/}"; done'
like "$out" 'lo: <LOOPBACK,UP' 'the loopback link is up'
is "$(printf '%s\n' "$out" | grep -c '^fd [3-9]')" 1 'the command has the standard descriptors (and that of the folder it reads)'

# --- the command and the kernel's words -----------------------------------------------------------------------------

up --no-command --append 'sv.command="echo one  two; exit 5"'
is "$status" 5 'sv.command="..." runs words with spaces'
like "$out" '^one two$' 'all of them'
up --no-command --append 'sv.command=/bin/hostname'
is "$status" 0 'sv.command=PROGRAM runs it'
up --append 'splash nosuch.module=1 STRAY=value single 3' -- 'cat /proc/1/cmdline | tr "\0" " "; env; exit 6'
is "$status" 6 "the kernel's stray words are no command"
unlike "$out" '^STRAY=' "nor in the command's environment"
# Without any command there is the shell: not the words as one, and not as arguments of the shell.
up_typed --no-command --append 'splash single 3'
seen ':/# '
# shellcheck disable=SC2016
printf 'tr "\\0" " " </proc/1/cmdline; echo; echo "left $# $-"; exit 5\n' >&9
down
is "$status" 5 "the kernel's stray words alone: a shell, which ends as it is told (24)"
like "$out" '^(/[a-z/]*)?init .*splash single 3 ?$' 'they were there'
like "$out" '^left 0 .*i' 'and the shell, an interactive one, has none of them'
unlike "$out" 'cannot execute|not found' 'nor was one looked for as a program'
up --no-command --append '-- /bin/echo words "of mine"'
is "$status" 0 'without sv.command the words behind -- are the command'
like "$out" '^words of mine( root=.*)?$' 'with its arguments (user-mode-linux adds one)'
up --no-command --append '-- /no/such/program'
is "$status" 127 'a missing command: 127'
like "$out" "^init: .*'/no/such/program'" 'its name on the console'
no_panic 'a missing command'
up --no-command --append '-- /etc/passwd'
is "$status" 126 'a command that is no program: 126'
no_panic 'a command that is no program'
mkdir -p "$T/locked/bin"
echo 'no program' >"$T/locked/bin/sh"
chmod 644 "$T/locked/bin/sh"
archive "$T/locked.gz" "$T/locked"
up --add "$T/locked.gz" -- 'exit 1'
is "$status" 126 'a shell that may not be executed: 126 (25)'
like "$out" "^init: cannot execute '/bin/sh': " 'which the console says'
like "$out" 'reboot: System halted' 'and the machine goes down'
no_panic 'a shell that may not be executed'
# The kernel itself has as many threads as it may have before init is there.
up --append sysctl.kernel.threads-max=20 -- 'exit 1'
is "$status" 125 'a machine that can start nothing: 125 (25)'
like "$out" "^init: cannot start '/bin/sh': " 'which the console says'
like "$out" 'reboot: System halted' 'and the machine goes down'
no_panic 'a machine that can start nothing'
# shellcheck disable=SC2016
up -- 'kill -KILL $$'
is "$status" 137 'a command that is killed: 137'
like "$out" '^init: command ended with status 137$' 'on the console too'
no_panic 'a command that is killed'

# The file that takes the status, on a file system of the host's.
mkdir "$T/host"
up --append "sv.status=/mnt/status" -- "mount -t hostfs -o $T/host none /mnt; exit 9"
is "$(cat "$T/host/status" 2>&1)" 9 'sv.status=FILE: the status is in the file'
up --append 'sv.status=/mnt/status' -- 'mount -t tmpfs -o size=4k,nr_inodes=3 full /mnt; dd if=/dev/zero of=/mnt/fill bs=4k count=1; exit 9'
like "$out" '^init: cannot write the status to /mnt/status: .*' 'where the disk is full it says so'
like "$out" 'reboot: ' 'and the machine goes down all the same'
no_panic 'a full disk'

# --- the console ------------------------------------------------------------------------------------------------------

up_typed
seen ':/# '
# shellcheck disable=SC2016
printf 'set -- $(cat /proc/$$/stat); echo "shell $1 $5 $6 $8"; set -- $(cat /proc/1/stat); echo "init $5 $6"; tty\n' >&9
seen '^/dev/tty0'
line=$(tr -d '\r' <"$stdout" | grep '^shell ')
is "$line" "$(echo "$line" | awk '{ print "shell", $2, $2, $4, $2 }')" 'the shell leads a group, and its group is the foreground'
# The line comes from a program that is in the foreground already: a ^C while the shell still hands the terminal over would
# be the shell's.
printf 'sh -c "echo before; exec sleep 1000"\n' >&9
seen '^before'
printf '\003' >&9
printf 'echo "after $((40 + 2)) $?"\n' >&9
seen '^after 42 '
like "$(tr -d '\r' <"$stdout")" '^after 42 130$' '^C on the console ends the command in the foreground, and only that'
printf 'sleep 1000 & jobs; kill %%1; exit 3\n' >&9
down
is "$status" 3 'the shell ends: its status'
like "$out" 'Running +sleep 1000' 'there is job control'

# A pipe at its end hangs the console up.
up_typed -- 'trap "echo hung up; exit 10" HUP; echo ready; while :; do sleep 0.1; done'
seen '^ready'
exec 9>&-
down
is "$status" 10 'a console that hangs up: the command gets HUP, and its end is the end'
no_panic 'a hang-up'

# --- signals ------------------------------------------------------------------------------------------------------------

while read -r signal text; do
	up -- "kill -$signal 1; exec sleep 1000"
	like "$out" "^init: $text\$" "$signal: $text"
	case $text in
	rebooting) like "$out" 'reboot: Restarting system' "$signal: and the kernel is told" ;;
	# There is no power to switch off: the kernel of user-mode-linux makes a halt of it.
	*) like "$out" 'reboot: System halted' "$signal: and the kernel is told" ;;
	esac
	no_panic "$signal"
done <<-ROWS
	INT rebooting
	TERM rebooting
	USR1 halting
	USR2 powering off
	PWR powering off
	37 halting
	38 powering off
	39 rebooting
ROWS
up -- 'kill -KILL 1; kill -STOP 1; kill -CHLD 1; (exit 0) & wait; sleep 0.2 && exit 11'
is "$status" 11 'KILL and STOP from inside do nothing to it'
no_panic 'KILL'
# shellcheck disable=SC2016
up -- 'trap "echo got HUP" HUP; trap "echo got 40; exit 12" RTMIN+6 2>/dev/null || trap "exit 12" 40; kill -HUP 1
	while :; do sleep 0.1; kill -40 1; done'
is "$status" 12 'another signal goes on to the command'
like "$out" '^got HUP' 'each of them'

# The kernel is told to ask init, and not to restart on the spot: the console shows an orderly end.
up_typed --monitor "$T/m" -- 'trap "echo asked to end; exit 0" TERM; echo ready; while :; do sleep 0.1; done'
seen '^ready'
ok 'Ctrl-Alt-Del is pressed' "$VM/mconsole" "$(readlink "$T/m")" cad
down
like "$out" '^init: rebooting$' 'Ctrl-Alt-Del: an orderly reboot'
like "$out" '^asked to end$' 'which asks the command to end'

# --- the end ------------------------------------------------------------------------------------------------------------

# Each in a session of its own: the kernel sends HUP to a process group with a stopped member when the command ends.
# shellcheck disable=SC2016
up -- '
	setsid sh -c "trap \"echo polite; exit\" TERM; : >/tmp/one; while :; do sleep 1000 & wait; done" &
	setsid sh -c "trap \"echo thawed; exit\" TERM; : >/tmp/two; while :; do sleep 1000 & wait; done" & stopped=$!
	setsid sh -c "trap : TERM; : >/tmp/three; while :; do sleep 1000 & wait; done" &
	setsid sh -c "trap \"sleep 1; echo late; exit\" TERM; : >/tmp/four; while :; do sleep 1000 & wait; done" &
	until [ -e /tmp/one ] && [ -e /tmp/two ] && [ -e /tmp/three ] && [ -e /tmp/four ]; do sleep 0.05; done
	kill -STOP $stopped
	exit 13'
is "$status" 13 "the command's status, whatever ends the rest"
like "$out" '^polite' 'TERM for all that is left (25)'
like "$out" '^late' 'and a grace in which to end (25)'
like "$out" '^thawed' 'CONT too: what was stopped can end'
like "$out" 'reboot: System halted' 'KILL for what ignores TERM'

# The disk: written to the end, unmounted, marked clean, though there are mounts in it and processes on it.
disk() { mke2fs -q -F -t ext4 "$T/disk" 8M >/dev/null 2>&1; }
state() { dumpe2fs -h "$T/disk" 2>/dev/null | sed -n 's/^Filesystem state: *//p; s/^Filesystem features:.* \(needs_recovery\).*/\1/p' | tr '\n' ' '; }
# 125: who asks for power off by a signal leaves no status of the command.
while read -r wanted end; do
	disk
	# shellcheck disable=SC2016
	up --disk-keep "$T/disk" -- '
		mount -t ext4 /dev/ubda /mnt && mkdir /mnt/in && mount -t tmpfs t /mnt/in && mkdir /mnt/in/er && mount --bind /etc /mnt/in/er
		setsid sh -c "cd /mnt; trap : TERM; exec 5>/mnt/open; while :; do echo line >&5; sleep 0.1; done" &
		while [ ! -s /mnt/open ]; do sleep 0.05; done
		echo written >/mnt/file; '"$end"
	is "$status" "$wanted" "a command that mounts a disk: $end"
	is "$(state)" 'clean ' "the disk is unmounted: clean (25: $end)"
	is "$(debugfs -R 'cat file' "$T/disk" 2>/dev/null)" written "and what was written is on it ($end)"
done <<-ENDS
	14 exit 14
	125 kill -USR2 1; exec sleep 1000
ENDS

# Nothing can unmount what a loop device reads from; it is made read-only.
loop=$(find /usr/lib/uml/modules -name loop.ko 2>/dev/null | head -n 1)
if [ -n "$loop" ]; then
	mkdir -p "$T/loop/lib"
	cp "$loop" "$T/loop/lib/loop.ko"
	archive "$T/loop.gz" "$T/loop"
	disk
	up --disk-keep "$T/disk" --add "$T/loop.gz" -- '
		insmod /lib/loop.ko; mount -t ext4 /dev/ubda /mnt && dd if=/dev/zero of=/mnt/image bs=64k count=1 2>/dev/null
		losetup -r /dev/loop0 /mnt/image && umount /mnt; grep -c " /mnt " /proc/mounts; exit 15'
	is "$status" 15 'a disk that is held by a loop device'
	like "$out" '^1$' 'cannot be unmounted'
	is "$(state)" 'clean ' 'it is read-only in the end: clean'
else
	skip 'no loop module for user-mode-linux' 'a disk that is held'
fi

# --- children -------------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2016
up -- '
	i=0; while [ $i -lt 300 ]; do (sleep 0.01 &); i=$((i + 1)); done
	tries=0
	while ps -o stat,comm | grep -q "^[ZS].*[s]leep" && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
	echo "zombies $(ps -o stat | grep -c "^Z")"; exit 16'
is "$status" 16 '300 orphans'
like "$out" '^zombies 0$' 'are all reaped'

# --- memory -----------------------------------------------------------------------------------------------------------------

# Not less: then the kernel allows fewer threads than its own tests of ciphers take at the start.
up --memory 160 -- 'tail /dev/zero'
is "$status" 137 'a command that takes all memory is killed, and init is not'
no_panic 'memory exhausted'
# shellcheck disable=SC2016
up --memory 160 -- 'for i in 1 2 3 4 5 6; do setsid tail /dev/zero & done; wait; exit 17'
is "$status" 17 'nor when there are many that take it'
no_panic 'memory exhausted by many'

done_testing
