#!/bin/sh
# SPDX-License-Identifier: MIT
# Limits: what is written, what it does, what is left of it. The values are read on the host while the container runs.
. "${0%/*}/../lib.sh"

need_root
N=limits$$
V2=
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || V2=1
CPU=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*\([0-9]*\).*/\1/p' /proc/self/status)

# has CONTROLLER: this host has it, here or there.
has() {
	if [ "$V2" ]; then
		grep -qw "$1" /sys/fs/cgroup/cgroup.controllers
	else
		[ -d "/sys/fs/cgroup/$1" ]
	fi
}

# The disk that limits are set for: a whole one, that has a node.
disk() {
	for node in /sys/block/*; do
		case ${node##*/} in
		loop* | ram* | zram* | dm-*) ;;
		*) [ ! -b "/dev/${node##*/}" ] || {
			echo "/dev/${node##*/}"
			return
		} ;;
		esac
	done
}

# limit CONTROLLER V1-FILE V1-VALUE V2-FILE V2-VALUE OPTION...: a container with these options has this in its group's file.
limit() {
	controller=$1 file=$2 value=$3
	[ -z "$V2" ] || file=$4 value=$5
	shift 5
	[ "$file" != - ] || return 0
	has "$controller" || {
		skip_cannot "no controller '$controller'" "$*"
		return
	}
	start "$SV" run --name "$N" "$@" "$ROOTFS" /bin/sh -c 'echo ready; exec sleep 1000'
	ready
	is "$(cat "$(group "$controller" "$N")/$file" 2>&1)" "$value" "$*: $file"
	kill "$pid"
	finish
	is "$status" 143 "$*: and it ends on TERM"
}

# v2 knows one, v1 and v2 call it differently; v1 counts in pages.
io=blkio
[ -z "$V2" ] || io=io
limit memory memory.limit_in_bytes 33554432 memory.max 33554432 --memory 32m
limit memory memory.limit_in_bytes 33554432 memory.max 33554432 -m 33554432
limit memory memory.soft_limit_in_bytes 16777216 memory.low 16777216 -m 32m --memory-reservation 16m
if [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || [ "$V2" ]; then
	limit memory memory.memsw.limit_in_bytes 67108864 memory.swap.max 33554432 -m 32m --memory-swap 64m
	limit memory memory.limit_in_bytes 33554432 memory.max 33554432 -m 32m --memory-swap 64m
else
	run "$SV" run --name "$N" -m 32m --memory-swap 64m "$ROOTFS" /bin/true
	is "$status" 125 '--memory-swap where the kernel has no such limit is an error'
	like "$err" '^sv: .*--memory-swap' 'which names it'
fi
limit cpu cpu.cfs_quota_us 10000 cpu.max '10000 100000' --cpus 0.1
limit cpu cpu.cfs_period_us 100000 - - --cpus 0.1
limit cpu cpu.cfs_quota_us 150000 cpu.max '150000 100000' --cpu 1.5
limit cpu cpu.cfs_quota_us 20000 cpu.max '20000 50000' --cpu-period 50000 --cpu-quota 20000
limit cpu cpu.cfs_period_us 50000 - - --cpu-period 50000 --cpu-quota 20000
limit cpu cpu.shares 1024 cpu.weight 100 --cpu-shares 1024
limit cpu cpu.shares 200 - - --cpu-shares 200
limit cpuset cpuset.cpus "$CPU" cpuset.cpus "$CPU" --cpuset-cpus "$CPU"
limit cpuset cpuset.mems 0 cpuset.mems 0 --cpuset-mems 0
limit pids pids.max 50 pids.max 50 --pids-limit 50
disk=$(disk)
if [ -n "$disk" ]; then
	number=$(cat "/sys/block/${disk#/dev/}/dev")
	limit "$io" blkio.throttle.read_bps_device "$number 1048576" io.max \
		"$number rbps=1048576 wbps=max riops=max wiops=max" --device-read-bps "$disk:1m"
	limit "$io" blkio.throttle.write_bps_device "$number 2097152" io.max \
		"$number rbps=max wbps=2097152 riops=max wiops=max" --device-write-bps "$disk:2m"
else
	skip_cannot 'no disk' '--device-read-bps, --device-write-bps'
fi
# On v1 only the BFQ scheduler brings the file, and only below the root; v2's io.weight, which io.cost brings, goes to 10000.
run "$SV" run --name "$N" --blkio-weight 300 "$ROOTFS" /bin/true
case $status in
0)
	limit "$io" blkio.bfq.weight 300 io.weight 'default 2930' --blkio-weight 300
	;;
*)
	is "$status" 125 '--blkio-weight where the kernel has no such file is an error'
	like "$err" '^sv: .*--blkio-weight' 'which names it'
	;;
esac

# --- memory ---------------------------------------------------------------------------------------------------------

# hog SIZE: a program that fills so much memory, no more and no less, and ends with 0.
run "$SV" run --name "$N" -m 32m "$ROOTFS" dd if=/dev/zero of=/dev/null bs=96M count=1
is "$status" 137 'a hog that takes three times its memory is killed'
like "$err" "^sv: container $N: out of memory\$" 'and sv says why'
is "$(printf '%s\n' "$err" | grep -c '^sv:')" 1 'in one line'

run "$SV" run --name "$N" -m 32m "$ROOTFS" dd if=/dev/zero of=/dev/null bs=16M count=1
is "$status" 0 'a hog that takes half of its memory lives'
unlike "$err" '^sv:' 'and sv has nothing to say'

run "$SV" run --name "$N" -m 32m "$ROOTFS" /bin/sh -c \
	'dd if=/dev/zero of=/dev/null bs=96M count=1 2>/dev/null; echo "hog $?"; exit 3'
is "$status/$out" '3/hog 137' "a part of the container is killed for want of memory: the status is the command's"
like "$err" "^sv: container $N: out of memory\$" 'and sv says it all the same'

available=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
if [ "$available" -ge 1200 ]; then
	run "$SV" run --name "$N" -m 500M "$ROOTFS" dd if=/dev/zero of=/dev/null bs=600M count=1
	is "$status" 137 'a limit of 500M kills what takes 600M'
	run "$SV" run --name "$N" -m 500M "$ROOTFS" dd if=/dev/zero of=/dev/null bs=400M count=1
	is "$status" 0 'and lets 400M be'
else
	skip_cannot "only $available MB of memory" '500M'
fi

run "$SV" run --name "$N" -m 1m "$ROOTFS" /bin/true
is "$status:$err" 0: '/bin/true starts with 1 MB of memory'
run timeout 20 "$SV" run --name "$N" -m 4k "$ROOTFS" /bin/true
isnt "$status" 124 'too little memory for anything: no hang'
isnt "$status" 0 'and no success'
like "$err" '^sv: ' 'and a line that says so'

# --- CPU ------------------------------------------------------------------------------------------------------------

# Nanoseconds on a CPU of a process.
spent() { cut -d ' ' -f 1 "/proc/$1/schedstat"; }
now() { date +%s%N; }
spinner() { children "$(children "$1")"; }
has_spent() { [ "$(($(spent "$1") - $2))" -ge "$3" ]; }

start "$SV" run --name "$N" --cpus 0.1 "$ROOTFS" /bin/sh -c 'echo ready; while :; do :; done'
ready
busy=$(spinner "$pid")
first=$(spent "$busy") since=$(now)
ok 'a busy loop with 0.1 CPUs gets on' wait_for 60 has_spent "$busy" "$first" 250000000
percent=$((($(spent "$busy") - first) * 100 / ($(now) - since)))
# Less is the load of the machine; more isn't anybody's doing but a limit that isn't there.
ok "and takes no more than a tenth of a CPU ($percent %)" [ "$percent" -le 14 ]
kill "$pid"
finish

if has cpuset; then
	start "$SV" run --name "$N-a" --cpu-shares 200 --cpuset-cpus "$CPU" "$ROOTFS" /bin/sh -c 'echo ready; while :; do :; done'
	ready
	pid_a=$pid busy_a=$(spinner "$pid")
	start "$SV" run --name "$N-b" --cpu-shares 400 --cpuset-cpus "$CPU" "$ROOTFS" /bin/sh -c 'echo ready; while :; do :; done'
	ready
	busy_b=$(spinner "$pid")
	first_a=$(spent "$busy_a") first_b=$(spent "$busy_b")
	ok 'two busy loops on one CPU get on' wait_for 120 has_spent "$busy_b" "$first_b" 1500000000
	spent_a=$(($(spent "$busy_a") - first_a)) spent_b=$(($(spent "$busy_b") - first_b))
	# 39 against 16 in v2, where the weight is no line through zero.
	ratio=$((spent_b * 100 / spent_a))
	ok "400 shares get about twice the time of 200 ($ratio %)" [ "$ratio" -ge 140 -a "$ratio" -le 320 ]
	is "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$busy_a/status")" "$CPU" 'both were on this CPU only'
	kill "$pid" "$pid_a"
	finish
	wait "$pid_a"
else
	skip_cannot "no controller 'cpuset'" 'shares under load'
fi

# --- processes ------------------------------------------------------------------------------------------------------

start "$SV" run --name "$N" --pids-limit 20 -v "$BUILD/helpers:/srv:ro" "$ROOTFS" /srv/forks 300
ready '^forked'
# init and the program itself are two of them.
is "$(cat "$stdout")" 'forked 18, refused 282' 'a fork bomb gets as many processes as the limit leaves'
is "$(cat "$(group pids "$N")/pids.current")" 20 'and not one more'
kill "$pid"
finish
is "$status" 143 'init serves while no process can be made: TERM ends the container'

run timeout 20 "$SV" run --name "$N" --pids-limit 1 "$ROOTFS" /bin/true
is "$status" 125 'no process left for the command (INIT 2): an error, no hang'
like "$err" "^sv: cannot start '/bin/true': .*EAGAIN" 'which names the command and the reason'
run "$SV" run --name "$N" --pids-limit 2 "$ROOTFS" /bin/true
is "$status/$err" 0/ 'init and the command are two processes'
run "$SV" run --name "$N" --pids-limit -1 "$ROOTFS" /bin/true
is "$status/$err" 0/ 'a limit of -1 is none'

# --- devices --------------------------------------------------------------------------------------------------------

# Only opened, never read or written.
device=
for node in fuse loop-control net/tun kmsg; do
	[ -c "/dev/$node" ] && (: </dev/$node && : >>/dev/$node) 2>/dev/null && device=/dev/$node && break
done
probe='(: </dev/mine) 2>/dev/null && echo r; (: >>/dev/mine) 2>/dev/null && echo w'
if [ -z "$device" ]; then
	skip_cannot 'no device to try' '--device'
else
	run "$SV" run "$ROOTFS" /bin/sh -c 'ls /dev/mine'
	isnt "$status" 0 "$device isn't there unless asked for"
	for may in r w rw rwm; do
		run "$SV" run --name "$N" --device "$device:/dev/mine:$may" "$ROOTFS" /bin/sh -c "$probe"
		is "$(printf %s "$out" | tr -d '\n')" "${may%m}" "--device $device:/dev/mine:$may gives that and no more"
	done
	run "$SV" run --name "$N" --device "$device" "$ROOTFS" /bin/sh -c "ls -l $device"
	is "$status" 0 "--device $device gives it the same name inside"
	number=$(printf '%d, %d' "0x$(stat -c %t "$device")" "0x$(stat -c %T "$device")")
	is "$(printf '%s\n' "$out" | awk '{ print $5, $6 }')" "$number" 'and the same number'
	run "$SV" run --name "$N" --device "$device:/dev/mine:r" --cap-add MKNOD --userns host "$ROOTFS" /bin/sh -c \
		"mknod /dev/other c $(echo "$number" | tr -d ,) && (: </dev/other) && ! (: >>/dev/other) 2>/dev/null"
	is "$status/$err" 0/ 'a second node of the same number can do no more than the first'
fi

# --- where the group stands -------------------------------------------------------------------------------------------

mine=/svtest$$
top=/sys/fs/cgroup/memory
[ -z "$V2" ] || top=/sys/fs/cgroup
start "$SV" run --name "$N" --cgroup-parent "$mine/deep" -m 64m "$ROOTFS" /bin/sh -c 'echo ready; exec sleep 1000'
ready
ok '--cgroup-parent: the group stands below it' [ -d "$top$mine/deep/$N" ]
like "$(cat "/proc/$(children "$pid")/cgroup")" "(memory|^0:).*:$mine/deep/$N\$" 'and init stands in it'
kill "$pid"
finish
ok 'the parents that sv made go with it' [ ! -e "$top$mine" ]
if mkdir "$top$mine" 2>/dev/null; then
	run "$SV" run --name "$N" --cgroup-parent "$mine" "$ROOTFS" /bin/true
	is "$status" 0 '--cgroup-parent: one that is there'
	ok "a parent that sv didn't make stays" [ -d "$top$mine" ]
	rmdir "$top$mine"
fi
for parent in ../x /a/../b relative/..; do
	run "$SV" run --name "$N" --cgroup-parent "$parent" "$ROOTFS" /bin/true
	is "$status" 125 "--cgroup-parent $parent is refused"
done

# --- what the container sees --------------------------------------------------------------------------------------------

file=memory/memory.limit_in_bytes
[ -z "$V2" ] || file=memory.max
run "$SV" run --name "$N" -m 64m "$ROOTFS" /bin/sh -c "cat /sys/fs/cgroup/$file"
is "$status/$out" 0/67108864 'its own limit stands in /sys/fs/cgroup'
run "$SV" run --name "$N" -m 64m "$ROOTFS" /bin/sh -c "echo 99999999 >/sys/fs/cgroup/$file"
like "$err" 'Read-only file system' 'which it cannot write'
group=${file%memory.*}
run "$SV" run --name "$N" -m 64m "$ROOTFS" mkdir "/sys/fs/cgroup/${group}x"
like "$err" 'Read-only file system' 'nor make groups in'
run "$SV" run --name "$N" -m 64m --pids-limit 50 --cpus 0.5 "$ROOTFS" /bin/sh -c 'grep -E "memory|pids|:cpu:|^0:" /proc/self/cgroup'
unlike "$out" '[^/:]$' 'its own group is the root of what it sees in /proc/self/cgroup'
unlike "$out" '/\.\.' 'and nothing above it has a name'
run "$SV" run --name "$N" -m 64m "$ROOTFS" /bin/sh -c 'cat /proc/self/mountinfo'
unlike "$out" "/sv/$N" 'the path of its group on the host is nowhere in its mounts'

# --- no limit asked for -------------------------------------------------------------------------------------------------

start "$SV" run --name "$N" "$ROOTFS" /bin/sh -c 'echo ready; exec sleep 1000'
ready
if [ "$V2" ]; then
	is "$(cat "$(group - "$N")/pids.max")" 2048 'a run without limits: at most 2048 processes'
else
	is "$(cat "/proc/$(children "$pid")/cgroup")" "$(cat "/proc/$pid/cgroup")" "a run without limits stays in sv's groups"
	is "$(find /sys/fs/cgroup -name "$N")" '' 'and makes none'
fi
kill "$pid"
finish

# --- what cannot be set -------------------------------------------------------------------------------------------------

# cannot WHAT PATTERN OPTION...
cannot() {
	what=$1 pattern=$2
	shift 2
	run "$SV" run --name "$N" "$@" "$ROOTFS" /bin/echo ran
	is "$status/$out" 125/ "$what: an error, and the command doesn't run"
	like "$err" "$pattern" 'which names it'
	is "$(find /sys/fs/cgroup -name "$N")" '' 'and no group stays'
	ok 'nor a record' [ ! -e "/run/sv/$N" ]
}
cannot 'a CPU that is not there' '^sv: .*--cpuset-cpus' -m 64m --cpuset-cpus 4095
cannot 'a memory node that is not there' '^sv: .*--cpuset-mems' --pids-limit 10 --cpuset-mems 1023
cannot 'a rate for what is no disk' '^sv: .*(--device-read-bps|/dev/null)' --device-read-bps /dev/null:1m
cannot 'a device that is not there' "^sv: .*'/dev/nothing'" --device /dev/nothing
cannot 'memory and swap that are less than memory' '^sv: .*--memory-swap' -m 64m --memory-swap 32m

# The empty parent goes too, once nobody uses it.
stale=
for parent in /sys/fs/cgroup/sv /sys/fs/cgroup/*/sv; do
	[ ! -d "$parent" ] || [ -n "$(find "$parent" -mindepth 1 -type d 2>/dev/null)" ] || stale="$stale $parent"
done
is "$stale" '' "no empty 'sv' group stays"
# Killed before it has begun: nothing waits for it.
for options in '' '--sysctl kernel.msgmax=1000'; do
	# shellcheck disable=SC2086
	run timeout -s KILL 60 "$SV" run -m 4k $options "$ROOTFS" /bin/true
	like "$status:$err" '^(125:sv: .+|137:(sv: container .*: out of memory)?)$' "a limit that nothing starts with is an end, and no wait ($options)"
done

leftovers
done_testing
