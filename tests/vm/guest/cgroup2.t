#!/bin/sh
# SPDX-License-Identifier: MIT
# What only a machine whose one hierarchy is cgroup v2, with every controller, can show. tests/e2e/limits.t has the rest.
. "${0%/*}/../../lib.sh"

need_root
need strace taskset
TOP_GROUP=/sys/fs/cgroup
[ "$(stat -f -c %T "$TOP_GROUP")" = cgroup2fs ] || skip_all_cannot 'this machine is not pure cgroup v2'
N=v2$$

run "$SV" doctor
is "$status" 0 'doctor: sv run works here'
like "$out" '^ok +cgroups: v2$' 'doctor: pure v2'
for controller in cpu cpuset memory pids io; do
	like "$out" "^ok +cgroup $controller: v2 " "doctor: the $controller controller"
done
like "$out" '^ok +cgroup devices: v2 .*BPF' 'doctor: device rules by BPF'

# --- the container is born in its group -----------------------------------------------------------------------------

strace -f -o "$T/trace" -e trace=clone3,clone,fork,vfork,write,openat,openat2 "$SV" run --name "$N" "$ROOTFS" /bin/true
is "$?" 0 'a traced run'
like "$(cat "$T/trace")" 'clone3\(.*CLONE_INTO_CGROUP' 'clone3 puts it there'
unlike "$(cat "$T/trace")" 'cgroup\.procs.*(O_WRONLY|O_RDWR)' 'nothing is moved by cgroup.procs'

start "$SV" run --name "$N" "$ROOTFS" /bin/sh -c 'cat /proc/self/cgroup /proc/1/cgroup; echo ready; exec sleep 1000'
ready
is "$(head -n 2 "$stdout" | sort -u)" '0::/' 'inside, the group is the root of all groups'
init=$(children "$pid")
is "$(cat "/proc/$init/cgroup")" "0::/sv/$N" "outside, it is below sv's"
is "$(cat "$TOP_GROUP/sv/$N/pids.max")" 2048 '2048 processes unless told otherwise'
is "$(cat "$TOP_GROUP/sv/$N/cgroup.events" | sed -n 's/^populated //p')" 1 'the group is populated'
kill "$pid"
finish

run "$SV" run "$ROOTFS" /bin/sh -c 'cd /sys/fs/cgroup && ls cgroup.procs pids.max pids.current'
is "$status" 0 'a container sees the files of its own group'
run "$SV" run "$ROOTFS" /bin/sh -c 'cat /sys/fs/cgroup/cgroup.procs'
is "$(printf '%s\n' "$out" | head -n 2 | tr '\n' ' ')" '1 2 ' 'the processes in it are its own'

# --- memory -----------------------------------------------------------------------------------------------------------

# The whole group goes, not one process that leaves the rest in the lurch: or not; what matters is what sv says of it.
run "$SV" run --name "$N" -m 32m --memory-swap 32m "$ROOTFS" /bin/sh -c 'cat /sys/fs/cgroup/memory.swap.max; dd if=/dev/zero of=/dev/null bs=96M count=1'
is "$out" 0 '--memory-swap as large as --memory: no swap'
is "$status" 137 'out of memory: 137'
like "$err" "^sv: container $N: out of memory\$" 'and sv says so'
run "$SV" run --name "$N" -m 64m "$ROOTFS" /bin/sh -c 'cat /sys/fs/cgroup/memory.max; grep oom_kill /sys/fs/cgroup/memory.events'
like "$out" '^67108864$' 'the limit is seen inside'
like "$out" '^oom_kill 0$' 'as is that nothing was killed'

# --- block devices ------------------------------------------------------------------------------------------------------

disk=$(for node in vdb vda sda; do [ ! -b "/dev/$node" ] || { echo "$node" && break; }; done)
if [ -n "$disk" ]; then
	number=$(cat "/sys/block/$disk/dev")
	run "$SV" run --device-read-bps "/dev/$disk:1m" --device-write-bps "/dev/$disk:2m" "$ROOTFS" cat /sys/fs/cgroup/io.max
	is "$out" "$number rbps=1048576 wbps=2097152 riops=max wiops=max" 'io.max has both rates'
	# 3 MB at 1 MB/s, past the page cache: the kernel lets a second's worth go at once.
	begin=$(date +%s%N)
	run "$SV" run --device "/dev/$disk:/dev/disk:r" --device-read-bps "/dev/$disk:1m" "$ROOTFS" \
		dd if=/dev/disk of=/dev/null bs=64k count=48 iflag=direct
	took=$((($(date +%s%N) - begin) / 1000000))
	is "$status" 0 'a disk is read at a limited rate'
	ok "3 MB at 1 MB/s take their time ($took ms)" [ "$took" -ge 1500 ]
	run "$SV" run --device "/dev/$disk:/dev/disk:r" "$ROOTFS" /bin/sh -c '(: </dev/disk) && ! (: >>/dev/disk) 2>/dev/null'
	is "$status" 0 'a disk that may be read cannot be written'
else
	skip_cannot 'no disk' 'io.max'
fi

# --- devices --------------------------------------------------------------------------------------------------------------

# fuse: opening it does nothing, and takes no capability.
for may in r w; do
	run "$SV" run --userns host --device "/dev/fuse:/dev/mine:$may" "$ROOTFS" /bin/sh -c \
		'(: </dev/mine) 2>/dev/null && echo r; (: >>/dev/mine) 2>/dev/null && echo w
		mknod /dev/other c 10 229 2>/dev/null && echo node'
	is "$(echo $out)" "$may" "BPF: $may, and no more, nor a second node"
	run "$SV" run --device "/dev/fuse:/dev/mine:$may" "$ROOTFS" /bin/sh -c \
		'(: </dev/mine) 2>/dev/null && echo r; (: >>/dev/mine) 2>/dev/null && echo w'
	is "$(echo $out)" "$may" "BPF in a user namespace: $may, and no more"
done
run "$SV" run --device /dev/fuse:/dev/mine:r "$ROOTFS" /bin/sh -c 'echo x >/dev/null && head -c 1 /dev/zero >/dev/full'
like "$err" 'No space left' 'the other devices work as ever'

# --- weights and quotas under load ----------------------------------------------------------------------------------------

run "$SV" run --cpu-shares 200 "$ROOTFS" cat /sys/fs/cgroup/cpu.weight
low=$out
run "$SV" run --cpu-shares 400 "$ROOTFS" cat /sys/fs/cgroup/cpu.weight
high=$out
ok "shares become weights, more for more ($low, $high)" [ "$low" -lt "$high" ] 
run "$SV" run --cpu-shares 1024 "$ROOTFS" cat /sys/fs/cgroup/cpu.weight
is "$out" 100 '1024 shares are the default weight'
run "$SV" run --cpuset-cpus 1 "$ROOTFS" /bin/sh -c 'cat /sys/fs/cgroup/cpuset.cpus.effective; nproc'
is "$out" "1
1" '--cpuset-cpus: one CPU, which is what nproc says'

# Before Linux 6.2 entering a group with cpuset undoes a binding: the container gets it back.
grep -q cpuset "$TOP_GROUP/cgroup.subtree_control" || echo +cpuset >"$TOP_GROUP/cgroup.subtree_control"
run taskset -c 1 "$SV" run "$ROOTFS" sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status /proc/1/status
is "$(echo $out)" '1 1' 'what sv is bound to, the container is, though the group has all CPUs'
run taskset -c 0 "$SV" run --cpuset-cpus 1 "$ROOTFS" sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status
is "$status:$out" 0:1 '--cpuset-cpus of others wins'

# --- groups within groups ---------------------------------------------------------------------------------------------------

# A group that sv is alone in, as in a container whose main process it is: sv makes room by moving to a leaf.
mkdir "$TOP_GROUP/test"
run unshare -m --propagation private sh -c '
	echo 0 >"$1/test/cgroup.procs" || exit 90
	shift; exec unshare -C sh -c "umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec \"\$@\"" sh "$@"' \
	sh "$TOP_GROUP" "$SV" run -m 32m --pids-limit 7 "$ROOTFS" /bin/sh -c \
	'cat /proc/self/cgroup /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max'
# The controllers have to be passed on to it first, which nobody but the one who made it may do.
if [ "$status" = 125 ]; then
	like "$err" "^sv: cgroup '.*' has no controller '.*' to pass on" 'a group without controllers: an error that names them'
	echo '+memory +pids' >"$TOP_GROUP/cgroup.subtree_control"
	run unshare -m --propagation private sh -c '
		echo 0 >"$1/test/cgroup.procs" || exit 90
		shift; exec unshare -C sh -c "umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec \"\$@\"" sh "$@"' \
		sh "$TOP_GROUP" "$SV" run -m 32m --pids-limit 7 "$ROOTFS" /bin/sh -c \
		'cat /proc/self/cgroup /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max'
else
	pass 'the group has its controllers already'
fi
is "$status:$(echo $out)" '0:0::/ 33554432 7' 'in a cgroup namespace, alone in its root: sv runs and limits'
wait_for 5 rmdir "$TOP_GROUP/test/sv-supervisor" "$TOP_GROUP/test"
ok 'of which nothing stays' [ ! -e "$TOP_GROUP/test/sv" ]
rmdir "$TOP_GROUP/test/sv-supervisor" "$TOP_GROUP/test" 2>/dev/null
ok 'and the group can be removed' [ ! -e "$TOP_GROUP/test" ]

# A group that holds other processes can't pass controllers on: an error that says what to do.
mkdir "$TOP_GROUP/full"
sleep 1000 &
other=$!
echo "$other" >"$TOP_GROUP/full/cgroup.procs"
run "$SV" run --cgroup-parent /full -m 32m "$ROOTFS" /bin/true
is "$status" 125 '--cgroup-parent that holds processes: an error'
like "$err" "^sv: cannot pass controllers on from cgroup '.*/full', which holds processes" 'that says why'
is "$(cat "$TOP_GROUP/full/cgroup.type")" domain 'its type is as it was'
run "$SV" run --cgroup-parent /full/no/limit "$ROOTFS" /bin/true
is "$(cat "$TOP_GROUP/full/cgroup.subtree_control")" '' 'and it has passed nothing on'
kill "$other"
wait "$other" 2>/dev/null
wait_for 5 rmdir "$TOP_GROUP/full"

# What an administrator froze, or limited above, holds for the container.
mkdir "$TOP_GROUP/outer"
echo '+pids' >"$TOP_GROUP/cgroup.subtree_control"
echo 3 >"$TOP_GROUP/outer/pids.max"
run timeout 60 "$SV" run --cgroup-parent /outer -v "$BUILD/helpers:/helpers:ro" "$ROOTFS" /helpers/forks 0
run timeout 60 "$SV" run --cgroup-parent /outer "$ROOTFS" /bin/sh -c '(sleep 0.1 & sleep 0.1 & sleep 0.1 & wait) 2>&1'
like "$out$err" "can't fork|[Rr]esource" 'a limit above it holds too'
start "$SV" run --name "$N" --cgroup-parent /outer "$ROOTFS" /bin/sh -c 'echo ready; exec sleep 1000'
ready
echo 1 >"$TOP_GROUP/outer/$N/cgroup.freeze"
ok 'frozen' wait_for 10 has_line "$TOP_GROUP/outer/$N/cgroup.events" '^frozen 1'
kill -KILL "$pid"
finish
ok 'a frozen container goes when sv is killed' wait_for 10 has_line "$TOP_GROUP/outer/$N/cgroup.events" '^populated 0'
run "$SV" run --cgroup-parent /outer "$ROOTFS" /bin/true
is "$status" 0 'the next sv'
ok 'removes its group' [ ! -e "$TOP_GROUP/outer/$N" ]
rmdir "$TOP_GROUP/outer"

leftovers
done_testing
