#!/bin/sh
# SPDX-License-Identifier: MIT
# The image of `make image` under a real kernel, in QEMU; and sv in it, where the root is an initramfs and pivot_root(2)
# can't work.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

need_machine qemu
VM_SECONDS=90

# up [OPTION...] [-- COMMAND]: a machine from start to end; sets $status, $out (the console), $err.
up() {
	run "$VM/boot" --image "$IMAGE" --timeout "$VM_SECONDS" "$@"
	out=$(printf '%s\n' "$out" | tr -d '\r')
}

cp "$IMAGE" "$T/first"
ok 'the image is packed once more' "$VM/image" "$INIT" "$T/second"
ok 'to the same bytes' cmp "$T/first" "$T/second"

# shellcheck disable=SC2016
up -- 'echo "two words" '\''$HOME'\'' `echo sub`; cat /proc/1/comm; tty; exit 42'
is "$status" 42 'boot ends with the status of the command'
like "$out" '^two words \$HOME sub$' 'which keeps its quotes'
like "$out" '^init$' 'init is PID 1'
like "$out" '^/dev/ttyS0$' 'the command is on the serial console'
like "$out" 'reboot: Power down' 'and the power goes off'
unlike "$out" 'Kernel panic' 'without a panic'

run make -s -C "$TOP" boot CMD='echo "by make"; exit 3'
is "$status" 2 'make boot CMD=...: make fails where the command does'
like "$err" 'Error 3$' 'and shows its status'
like "$(printf '%s\n' "$out" | tr -d '\r')" '^by make$' 'and what it says'

if command -v linux.uml >/dev/null; then
	run make -s -C "$TOP" boot UML=1 CMD='grep -o "User Mode Linux" /proc/cpuinfo | sort -u; exit 3'
	is "$status" 2 'make boot UML=1 CMD=...: the same with user-mode-linux'
	like "$err" 'Error 3$' 'and its status'
	like "$(printf '%s\n' "$out" | tr -d '\r')" '^User Mode Linux$' 'which it was'
	mkfifo "$T/typed"
	make -s -C "$TOP" boot UML=1 <"$T/typed" >"$stdout" 2>"$stderr" &
	# shellcheck disable=SC2034
	pid=$!
	exec 9>"$T/typed"
	ready ':/# '
	# shellcheck disable=SC2016
	printf 'echo "typed $((40 + 2))"; exit 4\n' >&9
	finish
	exec 9>&-
	like "$(printf '%s\n' "$out" | tr -d '\r')" '^typed 42$' 'without CMD there is a shell on the console'
	like "$err" 'Error 4$' 'and make shows its status'
else
	skip 'no user-mode-linux' 'make boot UML=1'
fi

# A console that isn't there: nothing to open, nothing to write to.
up --console ttyUSB0 -- 'exec 2>/dev/ttyS0; readlink /proc/self/fd/0 >&2; exit 43'
is "$status" 43 'without a console the command runs all the same'
like "$out" '^/dev/null$' 'on /dev/null'

up -- 'reboot; exec sleep 1000'
like "$out" 'reboot: Restarting system' 'reboot restarts the machine'

# --- sv on an initramfs -------------------------------------------------------------------------------------------

mkdir -p "$T/add/trial"
cp "$SV" "$T/add/trial/sv"
cp -a "$ROOTFS" "$T/add/trial/rootfs"
cat >"$T/add/trial/try" <<'END'
exec 2>&1
cd /trial
run='./sv run --userns host'
head -n 1 /proc/mounts
echo "doctor $(./sv doctor >/dev/null; echo $?)"
touch /secret
mkdir -p /outer/mount && mount -t tmpfs outer /outer/mount
$run --hostname inside rootfs /bin/sh -c 'hostname; echo pid $$; ps -o pid,comm; exit 7'
echo "status $?"
echo default:
./sv run rootfs /bin/true
echo "default $?"
echo mounts:
$run rootfs /bin/sh -c 'cat /proc/self/mountinfo'
echo root:
$run rootfs /bin/sh -c 'ls /; for of in 1 self; do for what in root cwd; do stat -L -c %d:%i /proc/$of/$what; done; done | uniq | wc -l'
echo escape:
cat >rootfs/escape <<'ESCAPE'
mkdir -p /jail && mount --bind / /jail && mount -t proc proc /jail/proc || exit 9
chroot /jail /bin/sh -c '
	cd -P "/proc/$0/cwd/bin" || exit 8
	for up in 1 2 3 4 5 6 7 8 9 10 11 12; do cd -P .. || exit 7; done
	[ -e ./secret ] && echo escaped
	echo end' "$$"
ESCAPE
./sv run --privileged --userns host rootfs /bin/sh /escape 2>/dev/null
echo limits:
$run -m 32m --pids-limit 10 rootfs /bin/sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; cat /proc/self/cgroup'
$run -m 32m rootfs dd if=/dev/zero of=/dev/null bs=96M count=1
echo "hog $?"
echo read-only:
$run --read-only -v /trial:/mnt:ro rootfs /bin/sh -c 'touch /x; touch /mnt/x; ls /mnt'
echo after:
grep -c ' / ' /proc/mounts
ls /run/sv /sys/fs/cgroup/sv
[ -e /secret ] && [ -d /outer/mount ] && echo whole
exit 9
END
archive "$T/add.gz" "$T/add"
up --add "$T/add.gz" -- 'sh /trial/try'
printf '%s\n' "$out" >"$T/console"
# part NAME: the lines behind "NAME:".
part() { awk -v name="$1:" '$0 == name { on = 1; next } /^[a-z-]+:$/ { on = 0 } on' "$T/console"; }
is "$status" 9 'sv on an initramfs: the script came to its end'
like "$out" '^(rootfs|none|tmpfs) / (rootfs|tmpfs) ' 'the root is an initramfs'
like "$out" '^doctor 0$' 'sv doctor finds nothing wrong with it'
like "$out" '^default 0$' 'a container runs'
# Before Linux 6.3 the ids of a tree on a tmpfs or an initramfs can't be mapped.
unlike "$(part default)" '^sv: (cannot|refused)' 'without an error'
like "$out" '^inside$' 'without a user namespace too'
like "$out" '^pid 2$' 'its command is process 2'
is "$(printf '%s\n' "$out" | grep -E '^ +[0-9]+ ' | awk '{ print $2 }' | tr '\n' ' ')" 'init sh ps ' 'it sees its own processes only'
like "$out" '^status 7$' 'and ends with the status of the command'
is "$(part mounts | awk '{ print $5 }' | grep -v -e '^/sys/' -e '^/proc/' -e '^/dev/console' | sort | tr '\n' ' ')" \
	'/ /dev /dev/mqueue /dev/pts /dev/shm /proc /sys ' 'its mounts are its own, and none of the host'
unlike "$(part root)" '^(trial|outer|secret|init)$' "the root is not the host's"
is "$(part root | tail -n 1)" 1 'root and working directory of init and the command are the same'
is "$(part escape)" end 'the way out of a chroot ends in the container'
is "$(part limits | head -n 3 | tr '\n' ' ')" '33554432 10 0::/ ' 'limits are set'
like "$out" '^hog 137$' 'and hold'
is "$(part read-only | grep -c 'Read-only file system')" 2 'read-only root and volume'
is "$(part after | head -n 1)" 1 'nothing is mounted over the root afterwards'
unlike "$(part after)" '^[0-9a-f]{12}$' 'no record and no group is left behind'
like "$(part after)" '^whole$' 'the host is as it was'

done_testing
