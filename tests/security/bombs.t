#!/bin/sh
# SPDX-License-Identifier: MIT
# Bombs of processes, memory and descriptors, each bounded in number, size and time: they meet the limit, and the machine
# never notices.
. "${0%/*}/attack.sh"

N=bomb-$$
H2=-v\ $H:/srv:ro
for mode in '' '--userns host' '-u 1000'; do
	# shellcheck disable=SC2086
	start timeout 60 "$SV" run $mode --name "$N" --pids-limit 64 $H2 "$ROOTFS" \
		/bin/sh -c '/srv/forks 300 & /srv/forks 300 & /srv/forks 300'
	all_said() { [ "$(grep -c '^forked' "$stdout")" = 3 ]; }
	ok "${mode:-default}: processes: the bomb goes off" wait_for 30 all_said
	is "$(awk '{ sum += $2 } END { print sum < 64 }' "$stdout")" 1 'and forks no more than the limit'
	ok 'the host forks' /bin/true
	run timeout 60 "$SV" run "$ROOTFS" /bin/true
	is "$status" 0 'and another container starts'
	kill "$(children "$pid")"
	finish 30
	is "$status" 143 'TERM ends it'

	# shellcheck disable=SC2086
	run timeout 60 "$SV" run $mode --name "$N" -m 24m --memory-swap 24m "$ROOTFS" dd if=/dev/zero of=/dev/null bs=128M count=1
	is "$status" 137 "${mode:-default}: memory: the bomb is killed"
	like "$err" "^sv: container $N: out of memory\$" 'by its own limit'
	# What lies in the file systems of memory counts too.
	# shellcheck disable=SC2086
	run timeout 60 "$SV" run $mode --name "$N" -m 24m --memory-swap 24m --shm-size 1g "$ROOTFS" \
		dd if=/dev/zero of=/dev/shm/bomb bs=1M count=128
	isnt "$status" 0 'nor is /dev/shm a way around it'

	# shellcheck disable=SC2086
	run timeout 60 "$SV" run $mode --ulimit nofile=256:256 $H2 "$ROOTFS" /srv/attack open-many 1000
	is "$status:$err" '1:No file descriptors available' "${mode:-default}: descriptors: --ulimit nofile ends the bomb"
done

# Without CAP_SYS_RESOURCE on the host a hard limit stays, whoever is root in there.
run timeout 60 sh -c 'ulimit -n 300; exec "$@"' sh "$SV" run -v "$H:/srv:ro" "$ROOTFS" /srv/attack open-many 1000
is "$status" 1 'the hard limit that sv was started with holds'
is "$(cut -f 1 /proc/sys/fs/file-nr | awk '{ print $1 < 100000 }')" 1 'the machine has descriptors left'
attacks_end
