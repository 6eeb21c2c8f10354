#!/bin/sh
# SPDX-License-Identifier: MIT
# The user namespace: a range of ids of one's own, files that keep their owners, and what can't be mapped.
. "${0%/*}/../lib.sh"

own_mounts
N=userns$$
R=$T/r
cp -a "$ROOTFS" "$R"
maps='cat /proc/self/uid_map /proc/self/gid_map'
first=1879048192 # of the default ranges: 0x70000000

# Files of our own for everybody in this mount namespace.
cp -a /etc "$T/etc" && mount --bind "$T/etc" /etc || bail 'no /etc of our own'
# given LINE...: the lines of both files.
given() {
	for file in /etc/subuid /etc/subgid; do printf '%s\n' "$@" >"$file"; done
}
given '# nobody'

# mapped: the maps that the last run printed, in short: START:SIZE of the users and of the groups.
mapped() { printf '%s\n' "$out" | awk '$1 == 0 && NF == 3 { printf "%s:%s ", $2, $3 }'; }

# hold NAME OPTION...: a container that prints its maps and stays until it is ended, as $pid; let_go ends it.
hold() {
	name=$1
	shift
	start "$SV" run --name "$N-$name" "$@" "$R" /bin/sh -c "$maps; echo ready; exec sleep 1000"
	ready
	out=$(cat "$stdout")
}
let_go() {
	kill "$pid"
	finish
	is "$status" 143 'it ends as ever'
}

# refused NAME PATTERN OPTION...: ends with 125 and one line.
refused() {
	name=$1 pattern=$2
	shift 2
	run "$SV" run "$@" "$R" /bin/true
	is "$status:$(printf '%s\n' "$err" | wc -l)" 125:1 "$name: refused in one line" || note "$err"
	like "$err" "^sv: $pattern" "$name: says what is wrong"
}

# --- the range ------------------------------------------------------------------------------------------------------

run "$SV" run "$R" /bin/sh -c "$maps"
is "$(printf '%s\n' "$out" | awk '{ print NR, $1, $3 }' | tr '\n' ' ')" '1 0 65536 2 0 65536 ' '65,536 ids, from 0 on, of users and of groups'
start=$(printf '%s\n' "$out" | awk 'NR == 1 { print $2 }')
ok 'it is one of the default ranges' [ $((start % 65536)) -eq 0 -a "$start" -ge "$first" -a "$start" -lt 2415919104 ]
is "$(printf '%s\n' "$out" | awk '{ print $2 }' | sort -u)" "$start" 'the same ones for both'

hold own
start=$(printf '%s\n' "$out" | awk 'NR == 1 { print $2 }')
inner=$(children "$(children "$pid")")
is "$(awk '/^[UG]id/ { print $2, $3, $4, $5 }' "/proc/$inner/status" | sort -u)" "$start $start $start $start" \
	'to the host its root is the first of them'
is "$(awk '/^[UG]id/ { print $2, $3, $4, $5 }' "/proc/$(children "$pid")/status" | sort -u)" "$start $start $start $start" 'and so is init'
run "$SV" run --userns "$start:65536" "$R" /bin/true
like "$status:$err" "^125:sv: --userns: ids of $start:65536 belong to another container" 'nobody else gets them meanwhile'
let_go
run "$SV" run --userns "$start:65536" "$R" /bin/sh -c "$maps"
is "$status:$(mapped)" "0:$start:65536 $start:65536 " 'then they are free'

pids=''
for i in $(seq 1 20); do
	"$SV" run --name "$N-$i" "$R" /bin/sh -c "$maps; echo ready; exec sleep 1000" >"$T/out.$i" 2>&1 </dev/null &
	pids="$pids $!"
done
for i in $(seq 1 20); do
	wait_for 60 has_line "$T/out.$i" '^ready' || fail "container $i starts" || note "$(cat "$T/out.$i")"
done
is "$(cat "$T"/out.* | awk '$1 == 0 { print $2 }' | sort | uniq -c | awk '{ print $1 }' | sort | uniq -c | tr -s ' ')" ' 20 2' \
	'20 at once: 20 different ranges'
# shellcheck disable=SC2086
kill $pids
for pid in $pids; do
	wait "$pid"
	[ $? = 143 ] || fail 'all of them end as ever'
done

# Two names whose search begins at the same place, with little room: they can but collide, and never do.
given "other:$first:$((10 * 65536))" "other:$((first + 12 * 65536)):$((0x80000000 + 4096 * 65536 - first - 12 * 65536))"
both="$((first + 10 * 65536)) $((first + 11 * 65536))"
hold left
one=$(printf '%s\n' "$out" | awk 'NR == 1 { print $2 }')
left=$pid
run "$SV" run "$R" /bin/sh -c "$maps"
two=$(printf '%s\n' "$out" | awk 'NR == 1 { print $2 }')
is "$(printf '%s\n' "$one" "$two" | sort | tr '\n' ' ')" "$both " 'ranges that are given to others are passed over'
hold right --userns "$two:1"
is "$(mapped)" "$two:1 $two:1 " 'a range of one id is enough for root'
refused 'where all are taken' 'no range of 65536 ids is free; hint: .*/etc/subuid'
let_go
pid=$left
let_go
given '# nobody'

hold killed --userns 3000000000:1000
init=$(children "$pid")
kill -KILL "$pid"
wait "$pid"
ok 'a killed sv'\''s container ends' wait_for 10 gone "$init"
run "$SV" run --userns 3000000000:1000 "$R" /bin/sh -c "$maps"
is "$status:$(mapped)" '0:3000000000:1000 3000000000:1000 ' 'and its range is free at once'

# --- chosen ---------------------------------------------------------------------------------------------------------

run "$SV" run --userns 3000000000:1000 -u 999:999 "$R" id -u
is "$status:$out" 0:999 'START:SIZE: the last id of a range can be used'
refused 'the one after it' 'id 1000 is outside of the container.s range of 1000; hint: .*--userns START:SIZE' --userns 3000000000:1000 -u 1000
hold chosen --userns 3000000000:1000
for range in 3000000000:1000 3000000999:1 2999999999:2 3000000010:10 1:4294967294; do
	refused "$range overlaps one that is in use" "--userns: ids of $range belong to another container that runs" --userns "$range"
done
for range in 3000001000:10 2999999999:1; do
	run "$SV" run --userns "$range" "$R" /bin/sh -c "$maps"
	is "$status:$(mapped)" "0:$range $range " "$range only touches it"
done
let_go
for range in 0:65536 x : 1: :1 1:0 1:x -1:5 4294967294:2 1:4294967295 1:2:3 '1: 2' ''; do
	refused "'$range'" "--userns: '$range' is .*; hint: .*START" --userns "$range"
done

# --- /etc/subuid ----------------------------------------------------------------------------------------------------

given 'other:100000:65536' 'sv:300000:65536' '' '# two more' 'sv:500000:131072'
wanted='300000 500000 565536'
got=''
rm -f "$T"/out.*
for i in 1 2 3; do
	"$SV" run --name "$N-$i" "$R" /bin/sh -c "$maps; echo ready; exec sleep 1000" >"$T/out.$i" 2>&1 </dev/null &
	eval "pid$i=\$!"
	wait_for 30 has_line "$T/out.$i" '^ready' || note "$(cat "$T/out.$i")"
	got="$got$(awk 'NR == 1 { print $2 }' "$T/out.$i") "
done
is "$(printf '%s' "$got" | tr ' ' '\n' | sort | tr '\n' ' ')" "$wanted " 'the ranges of the user sv are taken, one after the other'
refused 'when they are used up' 'no range of 65536 ids is free; hint: .*/etc/subuid'
# shellcheck disable=SC2154
kill "$pid1" "$pid2" "$pid3"
wait "$pid1" "$pid2" "$pid3"

printf 'sv:300000:65536\n' >/etc/subuid
printf 'sv:700000:65536\n' >/etc/subgid
run "$SV" run "$R" /bin/sh -c "$maps"
is "$(mapped)" '300000:65536 700000:65536 ' 'users and groups may come from different ones'
: >/etc/subgid
refused 'one file only' "/etc/subuid gives the user 'sv' 65536 ids, /etc/subgid does not"
rm /etc/subuid /etc/subgid
run "$SV" run "$R" /bin/sh -c "$maps"
is "$status:$err" 0: 'neither is needed'
for line in nonsense 'sv:300000' 'sv:x:65536' 'sv:300000:' 'sv:-1:65536' 'sv:300000:65536:1' 'sv:4294901760:65536' 'sv: 1:65536'; do
	given '# fine' 'other:1:1' "$line" 'sv:300000:65536'
	refused "'$line'" '/etc/subuid:3: not of the form NAME:START:COUNT; hint: ' -u 0
done
run "$SV" run --userns host "$R" /bin/true
is "$status:$err" 0: 'which matters to nobody who needs no range'
given 'sv:300000:1000'
run "$SV" run "$R" /bin/sh -c "$maps"
like "$status:$(mapped)" '^0:[12][0-9]{9}:65536 ' 'lines that are too small for a range give none'
given '# nobody'

# --- owners ---------------------------------------------------------------------------------------------------------

mkdir -m 1777 "$T/volume" "$R/work"
owners() { (cd "$1" && stat -c '%n %u:%g' -- *) | tr '\n' ' '; }
for where in "$R/work" "$T/volume"; do
	touch "$where/of-root" "$where/of-1000" "$where/of-70000"
	chown 1000:1001 "$where/of-1000"
	chown 70000:70000 "$where/of-70000"
done
# shellcheck disable=SC2016
make='touch "$0/root"; touch "$0/given"; chown 33:44 "$0/given"; mkdir "$0/folder"; ln -s x "$0/link"; chown -h 5:6 "$0/link"'
for where in /work /volume; do
	on_disk=$T/volume
	[ "$where" = /volume ] || on_disk=$R/work
	run "$SV" run -v "$T/volume:/volume" "$R" /bin/sh -c "$make" "$where"
	is "$status:$err" 0: "$where: root makes files"
	run "$SV" run -v "$T/volume:/volume" -u 1000:1000 "$R" /bin/sh -c 'umask 0; touch "$0/user"; echo x >>"$0/of-1000"' "$where"
	is "$status:$err" 0: "$where: so does a user, and writes to what was the user's"
	is "$(owners "$on_disk")" 'folder 0:0 given 33:44 link 5:6 of-1000 1000:1001 of-70000 70000:70000 of-root 0:0 root 0:0 user 1000:1000 ' \
		"$where: on disk the owners are those seen inside"
	run "$SV" run -v "$T/volume:/volume" "$R" /bin/sh -c "cd $where && stat -c '%n %u:%g' of-* | tr '\n' ' '; chown 0:0 of-70000"
	is "$out" 'of-1000 1000:1001 of-70000 65534:65534 of-root 0:0 ' "$where: an id outside of the range is nobody's"
	is "$(stat -c %u "$on_disk/of-70000")" 70000 "$where: and stays what it is"
done
is "$(find "$R" -uid +65535 ! -name of-70000 | head -n 5)" '' 'nothing of the root tree was given to the range'

# Init, not busybox, which gives such rights back.
cp "$INIT" "$R/bin/suid-init" && chmod 4755 "$R/bin/suid-init"
# shellcheck disable=SC2016
user='/bin/suid-init sleep 60 & until grep -qs init "/proc/$!/comm" || ! kill -0 "$!"; do :; done
	awk "/^Uid/ { print \$2, \$3 }" "/proc/$!/status"'
run "$SV" run --no-new-privs=false -u 1000 "$R" /bin/sh -c "$user"
is "$status:$out" '0:1000 0' 'a set-user-ID program makes root of the container'
run "$SV" run -u 1000 "$R" /bin/sh -c "$user"
is "$status:$out" '0:1000 1000' 'but not with no_new_privs'
rm "$R/bin/suid-init"

# --- without --------------------------------------------------------------------------------------------------------

run "$SV" run --userns host "$R" /bin/sh -c 'cat /proc/self/uid_map; readlink /proc/self/ns/user'
is "$status:$out" "0:$(cat /proc/self/uid_map; readlink /proc/self/ns/user)" '--userns host: the host'\''s'
ok 'and no range is taken for it' [ ! -e /run/sv/.ids ]

# ramfs has no idmapped mounts.
mkdir "$T/ram" "$T/sub" "$T/sub/deep" "$T/sub/deep/ram"
mount -t ramfs ramfs "$T/ram" && cp -a "$ROOTFS/." "$T/ram/" && chmod 755 "$T/ram"
for options in '' '--userns auto'; do
	# shellcheck disable=SC2086
	run "$SV" run $options "$T/ram" /bin/sh -c 'readlink /proc/self/ns/user'
	is "$status:$out" "0:$(readlink /proc/self/ns/user)" "a root tree that can't be mapped runs without (${options:-by default})"
	is "$(printf '%s\n' "$err" | wc -l)" 1 'with one line'
	like "$err" "^sv: rootfs '$T/ram' .*without a user namespace, so root inside is root of this machine; hint: .*--userns private.*--userns host" 'that says how to have none, or to insist'
done
run "$SV" run --userns host "$T/ram" /bin/true
is "$status:$err" 0: '--userns host says nothing'
for option in private 3000000000:65536; do
	run "$SV" run --userns "$option" "$T/ram" /bin/echo it ran
	is "$status:$out:$(printf '%s\n' "$err" | wc -l)" 125::1 "--userns $option: an error" || note "$err"
	like "$err" "^sv: cannot map the ids of rootfs '$T/ram': .*EINVAL.*hint: .*--userns host" 'that says how to run without'
done
run "$SV" run --userns private "$R" /bin/sh -c "$maps"
like "$status:$(mapped)" '^0:[0-9]+:65536 ' '--userns private: with a tree that can be mapped as ever'
mount -t ramfs ramfs "$R/opt"
run "$SV" run --userns private "$R" /bin/true
like "$status:$err" "^125:sv: cannot map the ids of rootfs '$R'.*mounted below" 'what is mounted below counts'
umount "$R/opt"

echo seen >"$T/ram/file"
run "$SV" run -v "$T/ram:/mnt" "$R" /bin/echo it ran
is "$status:$out:$(printf '%s\n' "$err" | wc -l)" 125::1 "a volume that can't be mapped: an error, and not fewer walls" || note "$err"
like "$err" "^sv: cannot map the ids of volume '$T/ram': .*EINVAL.*hint: add ':noidmap'.*--userns host" 'that says what to do'
mount -t ramfs ramfs "$T/sub/deep/ram" && chmod 755 "$T/sub/deep/ram"
refused 'a volume with such a mount in it' "cannot map the ids of volume '$T/sub' \(of what is mounted on '$T/sub/deep/ram' in it\): .*:noidmap" -v "$T/sub:/mnt"
for volume in "$T/ram" "$T/sub"; do
	run "$SV" run -v "$volume:/mnt:noidmap" "$R" /bin/sh -c 'cat /proc/self/uid_map; stat -c %u:%g /mnt; touch /mnt/new'
	like "$out" '^ +0 +[0-9]+ +65536$' ":noidmap: the container has its namespace"
	like "$out" '^65534:65534$' 'and root'\''s files are nobody'\''s'
	like "$err" 'Permission denied' 'which it can'\''t write to'
done
run "$SV" run -v "$T/ram:/mnt:noidmap,ro" "$R" cat /mnt/file
is "$status:$out" 0:seen 'but read, if everybody may'
run "$SV" run --userns host -v "$T/ram:/mnt" "$R" /bin/sh -c 'touch /mnt/new'
is "$status:$err" 0: '--userns host: nothing needs to be mapped'
umount "$T/sub/deep/ram" "$T/ram"

# --- with namespaces of the host --------------------------------------------------------------------------------------

for kind in net ipc pid uts; do
	run "$SV" run "--$kind" host "$R" /bin/sh -c "$maps; readlink /proc/self/ns/$kind; ls /proc/self/fd >/dev/null && ls /sys/class >/dev/null && ls /dev >/dev/null"
	is "$status:$err" 0: "--$kind host: it runs, with /proc, /sys and /dev"
	like "$out" '^ +0 +[0-9]+ +65536$' "--$kind host: has a range of its own"
	like "$out" "^$(readlink "/proc/self/ns/$kind" | sed 's/[][]/\\&/g')$" "--$kind host: and the host's namespace"
done
run "$SV" run --pid host "$R" /bin/sh -c "kill -0 $$; echo x >/proc/sys/kernel/sysrq; echo x >/proc/self/oom_score_adj"
is "$status:$(printf '%s\n' "$err" | grep -Ec 'Operation not permitted|Read-only file system|Permission denied|nonexistent')" 1:3 \
	'--pid host: its root is nobody to the host'\''s processes' || note "$err"
run "$SV" run --net host --cap-add NET_ADMIN "$R" ip link set lo mtu 65535
isnt "$status" 0 '--net host: and to its network'
run "$SV" run --uts host --cap-add SYS_ADMIN "$R" hostname broken
isnt "$status" 0 '--uts host: and to its name'

umount /etc
ok 'no range is taken when nothing runs' missing /run/sv/.ids
leftovers
done_testing
