#!/bin/sh
# SPDX-License-Identifier: MIT
# Networks on an ordinary kernel of the distribution: links, nf_tables and what translates addresses are modules, and there is
# no br_netfilter. tests/e2e/net-*.t have the rest; a machine runs them too with `make test-vm`.
. "${0%/*}/../../lib.sh"
. "${0%/*}/../../net.sh"

own_network
make_outside
net_state >"$T/before"
tidy() { net_state >"$T/after" && cmp -s "$T/before" "$T/after"; }
bridge() { "$SV" run --net bridge -v "$BUILD/helpers:/helpers:ro" "$@"; }
start_bridge() { start "$SV" run --net bridge -v "$BUILD/helpers:/helpers:ro" "$@"; }

for kind in tcp udp; do
	nsenter -t "$outside" -n "$talk" serve "$kind" :: 80 >"$T/$kind" 2>&1 &
	servers="${servers-} $!"
	wait_for 10 has_line "$T/$kind" ready
done

# --- a bridge -------------------------------------------------------------------------------------------------------

ok 'this kernel has no br_netfilter' [ ! -e /proc/sys/net/bridge ]
run bridge --bridge-addr6 fd00:10::1/64 "$ROOTFS" /bin/sh -c '
	for to in 192.0.2.2 2001:db8::2; do for kind in tcp udp; do /helpers/talk ask $kind $to 80 ping; done; done'
is "$(echo "$out" | sed 's/^::ffff://' | tr '\n' ' ')" '192.0.2.1 ping 192.0.2.1 ping 2001:db8::1 ping 2001:db8::1 ping ' \
	'the outside is reached with the address of the machine, TCP and UDP, IPv4 and IPv6'
is "$err" '' 'and there was nothing to be said'
ok 'all is as before' wait_for 5 tidy || note "$(diff "$T/before" "$T/after")"

start_bridge --name open -p 8080:80 "$ROOTFS" /bin/sh -c '/helpers/talk serve tcp :: 80'
ready
open=$pid
is "$(out_ask tcp 192.0.2.1 8080) $(ask tcp 127.0.0.1 8080)" '192.0.2.2 ping 10.10.10.1 ping' \
	'a published port is reached from outside and from the machine'
run bridge "$ROOTFS" /helpers/talk ask tcp 10.10.10.2 80 ping
is "$(echo "$out" | sed 's/^::ffff://')" '10.10.10.3 ping' 'containers reach each other'
run bridge --isolate "$ROOTFS" /bin/sh -c '
	timeout 2 /helpers/talk ask tcp 10.10.10.2 80 ping; echo; /helpers/talk ask tcp 192.0.2.2 80 ping'
is "$(echo "$out" | sed 's/^::ffff://' | tr '\n' ' ')" ' 192.0.2.1 ping ' 'one that is isolated reaches the outside only'
init=$(children "$open" | head -n 1)
run "$SV" run --net container:open -v "$BUILD/helpers:/helpers:ro" "$ROOTFS" /bin/sh -c 'readlink /proc/self/ns/net; /helpers/talk ask tcp 127.0.0.1 80 ping'
is "$(echo "$out" | sed 's/^::ffff://' | tr '\n' ' ')" "$(readlink "/proc/$init/ns/net") 127.0.0.1 ping " 'one that joins another shares its network'
pid=$open
kill "$pid"
finish
ok 'all is as before' wait_for 5 tidy || note "$(diff "$T/before" "$T/after")"

# --- macvlan --------------------------------------------------------------------------------------------------------

start "$SV" run --net macvlan:up0 --ip 192.0.2.9 -v "$BUILD/helpers:/helpers:ro" "$ROOTFS" /bin/sh -c '
	ip -o addr show eth0; ip route; /helpers/talk serve tcp :: 80'
ready
like "$(cat "$stdout")" 'inet 192\.0\.2\.9/24' "macvlan: the prefix is the link's"
like "$(cat "$stdout")" '^default via 192\.0\.2\.2 ' "the default route is this machine's"
is "$(out_ask tcp 192.0.2.9 80)" '192.0.2.2 ping' 'the outside reaches it'
kill "$pid"
finish
ok 'all is as before' wait_for 5 tidy || note "$(diff "$T/before" "$T/after")"

# shellcheck disable=SC2086
kill $servers
leftovers
done_testing
