#!/bin/sh
# SPDX-License-Identifier: MIT
# init as engines start it: Docker's --init puts it at /sbin/docker-init, Podman's at /run/podman-init.
. "${0%/*}/common.sh"

own_mounts
need unshare
cd "$T" || exit 1
cp -a "$ROOTFS" root && mkdir -p root/sbin root/run root/helpers
cp "$H/catch" "$H/orphans" root/helpers/

# --- Docker: PID 1 of a session of its own, in the image's root, nothing on the command line but "--" and the command --------------

# The engine asks for the version first, and wants to read tini's.
rm -f root/sbin/docker-init && cp "$INIT" root/sbin/docker-init
run chroot root /sbin/docker-init --version
like "$out" '^tini version [0-9]+\.[0-9]+\.[0-9]+' 'Docker reads a version of tini'
docker() {
	exec unshare -m -p -u -i -f --propagation private sh -c \
		'mount -t proc proc root/proc && exec setsid chroot root /sbin/docker-init -- "$@"' sh "$@"
}
run unshare -m -p -f --propagation private sh -c 'mount -t proc proc root/proc && exec setsid chroot root /sbin/docker-init -- sh -c "echo \$PPID; exit 9"'
is "$status/$out" 9/1 'docker-init -- COMMAND: PID 1, and the status'
start docker /helpers/catch 2
ready
init=$(children "$pid")
"$H/send" "$init" 15 40=6
finish
is "$status/$(sed 1d "$stdout")" '0/15 user 0
40 queue 6' 'docker stop: TERM reaches the command'
start docker sh -c 'trap "" TERM; echo ready; while :; do sleep 1; done'
ready
init=$(children "$pid")
command=$(children "$init")
kill -KILL "$init"
finish
ok 'docker kill: nothing is left of it' gone "$command"
start docker /helpers/orphans 500
finish
like "$out" 'zombies left 0$' 'orphans are reaped'
run env INIT_EXIT_MAP=143:0 unshare -m -p -f --propagation private sh -c 'mount -t proc proc root/proc && exec setsid chroot root /sbin/docker-init -- sh -c "kill -TERM \$\$; sleep 9"'
is "$status" 0 'what no flag can say, a variable can'

# --- Podman, where it is installed -------------------------------------------------------------------------------------------------

if ! command -v podman >/dev/null || ! command -v conmon >/dev/null; then
	skip_cannot 'podman is not installed (apt-get install podman)' 'podman run --init'
	leftovers
	done_testing
fi
cat >containers.conf <<'C'
[containers]
default_ulimits = []
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
C
CONTAINERS_CONF=$T/containers.conf
export CONTAINERS_CONF
# Its runtime refuses a host with cgroups of both versions; it needs none here.
podman() {
	# shellcheck disable=SC2016
	command unshare -m --propagation private sh -c \
		'[ ! -e /sys/fs/cgroup/unified ] || mount -t tmpfs none /sys/fs/cgroup; exec podman "$@"' sh --root "$T/store" --runroot "$T/state" --tmpdir "$T/tmp" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend file "$@"
}
pod() {
	podman run --init --init-path "$INIT" --network none --cgroups disabled "$@"
}
run pod --rm --rootfs "$T/root" sh -c 'cat /proc/1/comm; exit 5'
is "$status/$out" 5/podman-init 'podman run --init --init-path: ours is PID 1, and the status is the command'"'"'s' || note "$err"
run pod --rm --rootfs "$T/root" /helpers/orphans 500
like "$status/$(printf '%s\n' "$out" | tail -n 1)" '^0/orphans .*zombies left 0$' 'podman: orphans are reaped'
start pod --rm --name "sv-test$$" --rootfs "$T/root" sh -c 'trap "echo got-TERM; exit 8" TERM; echo ready; while :; do sleep 0.05; done'
ready
podman stop -t 20 "sv-test$$" >"$T/stopped" 2>&1
finish
is "$status/$(tail -n 1 "$stdout")" 8/got-TERM 'podman stop: TERM reaches the command' || note "$(cat "$T/stopped" "$stderr")"
run pod --rm --rootfs "$T/root" /no/such/command
is "$status" 127 'podman: a missing command is 127'
run pod --rm -e INIT_EXIT_MAP=3:0 --rootfs "$T/root" sh -c 'exit 3'
is "$status" 0 'podman: variables are options'
leftovers
done_testing
