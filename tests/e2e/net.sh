# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154
#
# What the tests of networks share: containers that serve, an outside world, and questions between them.

TALK=$BUILD/helpers/talk

# serve NAME PROTOCOL ADDRESS PORT OPTION...: a container of that name that answers there, in the background; its sv is $served.
serve() {
	serve_name=$1 serve_protocol=$2 serve_address=$3 serve_port=$4
	shift 4
	: >"$T/$serve_name"
	"$SV" run --name "$serve_name" -v "$BUILD/helpers:/h:ro" "$@" "$ROOTFS" \
		/h/talk serve "$serve_protocol" "$serve_address" "$serve_port" >"$T/$serve_name" 2>&1 </dev/null &
	served=$!
	wait_for 30 has_line "$T/$serve_name" '^ready' || fail "$serve_name serves" || note "$(cat "$T/$serve_name")"
}

# talk WORD...: the helper on this machine. inside OPTION... -- WORD...: in a container.
talk() { run "$TALK" "$@"; }
inside() {
	inside_options=
	while [ "$1" != -- ]; do
		inside_options="$inside_options $1"
		shift
	done
	shift
	# shellcheck disable=SC2086
	run "$SV" run -v "$BUILD/helpers:/h:ro" $inside_options "$ROOTFS" /h/talk "$@"
}

# stop PID: ends an sv, and waits for its end.
stop() {
	kill "$1"
	wait "$1"
}

# outside: a namespace beyond the link eth9, which the default routes lead to: 192.0.2.1 and 2001:db8::1 are there, .2 and
# ::2 here. It has no way back to the containers' subnets. $outside is a process there; beyond COMMAND... runs there.
outside() {
	unshare -n sleep 1000 &
	outside=$!
	at_exit "kill $outside"
	wait_for 10 own_namespace "$outside"
	ip link add eth9 type veth peer name eth9 netns "$outside"
	ip addr add 192.0.2.2/24 dev eth9
	ip addr add 2001:db8::2/64 dev eth9 nodad
	ip link set eth9 up
	beyond ip link set lo up
	beyond ip addr add 192.0.2.1/24 dev eth9
	beyond ip addr add 2001:db8::1/64 dev eth9 nodad
	beyond ip link set eth9 up
	ip route add default via 192.0.2.1
	ip -6 route add default via 2001:db8::1
}
own_namespace() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
beyond() { nsenter -t "$outside" -n "$@"; }

# switch KEY: what it says. Keys are those below /proc/sys/net.
switch() { cat "/proc/sys/net/$1"; }

# links: the names of all links here but loopback.
links() { ip -o link | sed -n 's/^[0-9]*: \([^:@]*\).*/\1/p' | grep -vx lo | sort | tr '\n' ' '; }
