#!/bin/sh
# SPDX-License-Identifier: MIT
# What is the container's own, and that nothing of the host's is in reach.
. "${0%/*}/../lib.sh"

own_mounts
need setpriv awk

# A container that says that it runs by /ready in its root, and ends when it is let go.
hold='exec 9<>/go; touch /ready; read go <&9'
# Also one that never came to say so: this test must not wait for it.
let_go() { rm -f "$1/ready"; echo go 1<>"$1/go"; }

inside() { run "$SV" run "$ROOTFS" /bin/sh -c "$1"; }

all='mnt pid uts ipc net cgroup user time'
show='for ns in '$all'; do readlink /proc/self/ns/$ns; done'

# namespaces NAME SHARED OPTION...: all but the shared ones differ from this process's.
namespaces() {
	name=$1 shared=$2
	shift 2
	run "$SV" run "$@" "$ROOTFS" /bin/sh -c "$show"
	is "$status" 0 "$name: the container runs"
	for ns in $all; do
		theirs=$(printf '%s\n' "$out" | grep "^$ns:")
		ours=$(readlink "/proc/self/ns/$ns")
		case " $shared " in
		*" $ns "*) is "$theirs" "$ours" "$name: shares the $ns namespace" ;;
		*) case $theirs in
			"$ns:["*) isnt "$theirs" "$ours" "$name: has a $ns namespace of its own" ;;
			*) fail "$name: shows its $ns namespace" || note "$out" ;;
			esac ;;
		esac
	done
}

# --- namespaces -----------------------------------------------------------------------------------------------------

namespaces 'by default' 'time'
namespaces '--net host' 'net time' --net host
namespaces '--ipc host' 'ipc time' --ipc host
namespaces '--uts host' 'uts time' --uts host
namespaces '--pid host' 'pid time' --pid host
namespaces '--userns host' 'user time' --userns host
namespaces '--monotonic-offset' '' --monotonic-offset 5

run "$SV" run --help
like "$out" "^ *--net .*host: less isolation" 'the help calls --net host less isolation'
for ns in ipc uts pid; do
	like "$out" "^ *--$ns host .*less isolation" "the help calls --$ns host less isolation"
done

inside 'ps -o pid,comm; true'
is "$(printf '%s\n' "$out" | awk 'NR > 1 { print $1, $2 }' | tr '\n' ' ')" '1 init 2 sh 3 ps ' \
	'ps shows init, the command and itself'

run "$SV" run --pid host "$ROOTFS" /bin/sh -c "tr '\0' ' ' </proc/$$/cmdline"
like "$out" 'isolation\.t' '--pid host: the processes of the host are in view'
# Its number may well be there: it is the first process of a namespace of its own, too.
inside "tr '\0' ' ' </proc/$$/cmdline"
unlike "$out" 'isolation\.t' 'by default the processes of the host are not'

is "$("$SV" run --net host "$ROOTFS" ls /sys/class/net)" "$(ls /sys/class/net)" \
	'--net host: /sys shows the links of the host'
inside 'ls /sys/class/net'
is "$out" "$(unshare -n -m sh -c 'mount -t sysfs sys /sys && ls /sys/class/net')" \
	'/sys shows only the links that a new network namespace has'
inside 'ip -o link show lo'
like "$out" '[<,]UP[,>]' 'the loopback link is up'
run "$SV" run --cap-add NET_RAW "$ROOTFS" ping -c 1 -W 5 127.0.0.1
is "$status" 0 'the container reaches itself by 127.0.0.1'

id=$(ipcmk -M 4096 | sed 's/.*: //')
at_exit "ipcrm -m $id 2>/dev/null"
run "$SV" run "$ROOTFS" awk 'NR > 1' /proc/sysvipc/shm
is "$out" '' 'shared memory of the host is not in view'
run "$SV" run --ipc host "$ROOTFS" awk 'NR > 1 { print $2 }' /proc/sysvipc/shm
like "$out" "^$id\$" '--ipc host: shared memory of the host is in view'
ipcrm -m "$id"

for option in '--pids-limit 100' '--stop-timeout 10'; do
	# shellcheck disable=SC2086
	run "$SV" run $option "$ROOTFS" cut -d: -f3 /proc/self/cgroup
	is "$(printf '%s\n' "$out" | sort -u)" / "$option: the container stands at the root of its control groups"
done

# --- mounts ---------------------------------------------------------------------------------------------------------

mkdir "$T/m"
mount -t tmpfs shared "$T/m"
mount --make-shared "$T/m"
cp -a "$ROOTFS" "$T/m/r"
mkfifo "$T/m/r/go"
"$SV" run --cap-add SYS_ADMIN "$T/m/r" /bin/sh -c '
	exec 9<>/go
	mount -t tmpfs inner /mnt && touch /mnt/inner /ready
	read go <&9
	ls /mnt; ls /opt; awk "{ print \$5 }" /proc/self/mountinfo | grep -c "^/opt\$"' >"$T/out" 2>"$T/err" </dev/null &
pid=$!
ok 'what is written inside is seen outside' wait_for 10 exists "$T/m/r/ready"
ok 'a mount made inside is not seen outside' [ ! -e "$T/m/r/mnt/inner" ]
is "$(awk -v d="$T/m/r/mnt" '$5 == d' /proc/self/mountinfo)" '' 'nor is it a mount there'
mount -t tmpfs outer "$T/m/r/opt" && touch "$T/m/r/opt/outer"
let_go "$T/m/r"
wait "$pid"
# Before Linux 6.3 the ids of a tree on a tmpfs can't be mapped, which sv says.
is "$?$(grep -v "can't have its ids mapped" "$T/err")" 1 'the container ends as grep does that found nothing'
is "$(cat "$T/out")" 'inner
0' 'a mount made outside is not seen inside'
umount "$T/m/r/opt" && umount "$T/m"

inside "awk '{ print \$5 }' /proc/self/mountinfo"
is "$(printf '%s\n' "$out" | grep -vE '^/(proc|sys)/' | sort | tr '\n' ' ')" \
	'/ /dev /dev/mqueue /dev/pts /dev/shm /proc /sys ' 'there are no mounts but the container'\''s own'
inside "awk '{ print \$3, \$4 }' /proc/self/mountinfo"
unlike "$out" "^$(awk '$5 == "/" { print $3 }' /proc/self/mountinfo | tail -n 1) /\$" \
	'the old root is not mounted anywhere'
inside 'for of in 1 self; do for what in root cwd; do stat -L -c %d:%i /proc/$of/$what; done; done; stat -c %d:%i /'
is "$(printf '%s\n' "$out" | sort -u)" "$(stat -c '%d:%i' "$ROOTFS")" \
	'root and working directory of init and the command are the rootfs'

# The classic: a process whose working directory lies outside of its root goes up from there. Where only chroot stood
# between the container and the host it ends in the host's root: the first point shows that it does.
touch "$T/secret"
cp -a "$ROOTFS" "$T/r"
cat >"$T/r/escape" <<'EOF'
# escape SECRET: from a jail by chroot, with the working directory of a process outside of it, up to the top.
mkdir -p /jail && mount --bind / /jail && mount -t proc proc /jail/proc || exit 9
chroot /jail /bin/sh -c '
	cd -P "/proc/$0/cwd/bin" || exit 8
	for up in 1 2 3 4 5 6 7 8 9 10 11 12; do cd -P .. || exit 7; done
	[ -e "./$1" ] && echo escaped
	stat -c %d:%i .' "$$" "$1"
EOF
run unshare -m -p -f --propagation private chroot "$T/r" /bin/sh /escape "$T/secret"
like "$out" '^escaped$' 'from a mere chroot the way out is found'
run "$SV" run --privileged "$T/r" /bin/sh /escape "$T/secret"
is "$status:$out" "0:$(stat -c '%d:%i' "$T/r")" 'from a container it ends in the container'

# --- descriptors ----------------------------------------------------------------------------------------------------

mkfifo "$T/fifo" "$T/r/go"
run sh -c 'exec 5<"$0" 7<>"$1" 8<. 9</dev/null; shift; exec "$@"' "$0" "$T/fifo" \
	"$SV" run --cap-add SYS_PTRACE "$ROOTFS" /bin/sh -c 'ls /proc/self/fd; echo of init; ls -l /proc/1/fd | sed 1d'
is "$(printf '%s\n' "$out" | sed '/^of init$/,$d' | tr '\n' ' ')" '0 1 2 3 ' \
	'the command has its standard descriptors, and ls the one of the folder it reads'
is "$(printf '%s\n' "$out" | sed '1,/^of init$/d' | sed 's/.* -> //; s/:*\[[0-9]*\]$//; s/:\[.*//' | sort | tr '\n' ' ')" \
	'/run/sv/.ids anon_inode socket ' 'init has its socket, a signalfd and the lock of its ids, and no other file, pipe or terminal'

cat "$T/fifo" >"$T/got" &
reader=$!
"$SV" run "$T/r" /bin/sh -c "$hold" 7>"$T/fifo" </dev/null >/dev/null &
pid=$!
wait_for 10 exists "$T/r/ready"
ok 'a pipe that sv was started with is not held open' wait_for 10 gone "$reader"
ok 'while the container runs' alive "$pid"
let_go "$T/r"
wait "$pid"

# The filesystems of the host's mount table are let go too: a loop device is free again once its mount is gone.
truncate -s 1M "$T/disk"
if mkfs.ext2 -q "$T/disk" 2>/dev/null && mkdir "$T/disk.d" && mount -o loop "$T/disk" "$T/disk.d" 2>/dev/null; then
	loop=$(losetup -j "$T/disk" | cut -d: -f1)
	"$SV" run "$T/r" /bin/sh -c "$hold" </dev/null >/dev/null &
	pid=$!
	wait_for 10 exists "$T/r/ready"
	umount "$T/disk.d"
	no_loop() { [ -z "$(losetup -j "$T/disk")" ]; }
	ok 'a running container pins no filesystem of the host' wait_for 10 no_loop
	let_go "$T/r"
	wait "$pid"
	no_loop || losetup -d "$loop"
else
	skip_cannot 'no loop device' 'a running container pins no filesystem of the host'
fi

# --- init -----------------------------------------------------------------------------------------------------------

# Init has one capability, which the command has as well: only the dumpable flag stands between the two.
run "$SV" run "$ROOTFS" /bin/sh -c '
	grep "^CapPrm" /proc/1/status
	sleep 60 & # another process, for comparison
	readlink /proc/$!/exe; readlink /proc/1/exe; cat /proc/1/environ'
is "$out" 'CapPrm:	0000000000000020
/bin/busybox' 'init is not dumpable: with fewer capabilities than the command'\''s its /proc/1/exe stays closed'
run "$SV" run --cap-add SYS_PTRACE "$ROOTFS" /bin/sh -c 'readlink /proc/1/exe; echo x >/proc/1/exe'
like "$out" '^/memfd:init' 'what runs as init is a memfd'
unlike "$out$err" "$SV" 'and no file of the host'
isnt "$status" 0 'which nobody inside can write to'

leftovers
done_testing
