#!/bin/sh
# SPDX-License-Identifier: MIT
# --net container:NAME, ns:PATH and macvlan:LINK: networks that are there already.
. "${0%/*}/../lib.sh"
. "${0%/*}/net.sh"

own_network
need nsenter

namespace() { run "$SV" run "$@" "$ROOTFS" readlink /proc/self/ns/net; }

# --- another container's ---------------------------------------------------------------------------------------------------

serve web tcp 127.0.0.1 80 --net bridge
init=$(children "$served" | head -n 1)
for options in '' '--userns host'; do
	# shellcheck disable=SC2086
	namespace --net container:web $options
	is "$status" 0 "--net container:web $options" || note "$err"
	is "$out" "$(readlink "/proc/$init/ns/net")" "is in that container's network namespace"
	# shellcheck disable=SC2086
	inside --net container:web $options -- ask tcp 127.0.0.1 80 hello
	is "$out" '127.0.0.1 hello' 'shares its loopback'
	# shellcheck disable=SC2086
	run "$SV" run --net container:web $options "$ROOTFS" /bin/sh -c 'ls /sys/class/net; cat /proc/net/dev'
	is "$(printf '%s\n' "$out" | head -n 2 | tr '\n' ' ')" 'eth0 lo ' '/sys shows its links'
	like "$out" '^ *eth0:' 'and so does /proc'
	# shellcheck disable=SC2086
	run "$SV" run --net container:web $options "$ROOTFS" touch /sys/class/net/eth0/mtu
	isnt "$status" 0 'it can change none'
done
run "$SV" run --net container:web --cap-add NET_ADMIN "$ROOTFS" ip link set eth0 down
isnt "$status" 0 'not even with a capability of its own'
inside --net bridge -- ping 10.10.10.2
is "$status" 0 'which the other one goes on with'
run "$SV" run --net container:web "$ROOTFS" cat /proc/sys/net/ipv4/ip_unprivileged_port_start
is "$out" 0 'its settings are as they were'

serve inner tcp 127.0.0.1 81 --net container:web
namespace --net container:inner
is "$out" "$(readlink "/proc/$init/ns/net")" 'one that joined another can be joined'
stop "$served"
inside --net container:web -- ask tcp 127.0.0.1 80 hello
is "$out" '127.0.0.1 hello' 'what joined leaves nothing and takes nothing along'

serve lonely tcp 127.0.0.1 80
lonely=$served
inside --net container:lonely -- ask tcp 127.0.0.1 80 hello
is "$out" '127.0.0.1 hello' 'a container without a network can be joined'
stop "$lonely"
serve open tcp 127.0.0.1 8099 --net host
run "$SV" run --net container:open "$ROOTFS" /bin/true
is "$status" 125 'one with the network of this machine can not'
like "$err" "^sv: --net: container 'open' has no network namespace of its own; hint: .*--net host" 'which is said'
stop "$served"
run "$SV" run --net container:nosuch "$ROOTFS" /bin/true
like "$err" "^sv: --net: no container 'nosuch' runs$" 'nor one that there is not'
kill "$(pgrep -x -f "$SV run --name web .*")"
wait_for 30 missing /run/sv/web
leftovers

serve web tcp 127.0.0.1 80
kill -KILL "$served"
wait "$served"
run "$SV" run --net container:web "$ROOTFS" /bin/true
like "$err" "^sv: --net: no container 'web' runs$" 'nor one that is dead'
run "$SV" run "$ROOTFS" /bin/true
leftovers

# --- a namespace by its path -------------------------------------------------------------------------------------------------

outside
for options in '' '--userns host'; do
	# shellcheck disable=SC2086
	namespace --net "ns:/proc/$outside/ns/net" $options
	is "$out" "$(readlink "/proc/$outside/ns/net")" "--net ns:PATH $options"
	# shellcheck disable=SC2086
	run "$SV" run --net "ns:/proc/$outside/ns/net" $options "$ROOTFS" ls /sys/class/net
	like "$out" '^eth9$' 'sees its links'
done
touch "$T/name"
mount --bind "/proc/$outside/ns/net" "$T/name"
namespace --net "ns:$T/name"
is "$out" "$(readlink "/proc/$outside/ns/net")" 'a name that it is mounted on'
umount "$T/name"
run "$SV" run --net "ns:$T/name" "$ROOTFS" /bin/true
like "$err" "^sv: --net: '$T/name' is no network namespace; hint: " 'a file that is none'
run "$SV" run --net ns:/proc/self/ns/uts "$ROOTFS" /bin/true
like "$err" "^sv: --net: '/proc/self/ns/uts' is no network namespace" 'a namespace of another kind'
run "$SV" run --net "ns:$T/missing" "$ROOTFS" /bin/true
like "$err" "^sv: --net: cannot open network namespace '$T/missing': .*ENOENT" 'a path that leads nowhere'
is "$(readlink /proc/self/ns/net)" "$(readlink "/proc/$$/ns/net")" 'sv itself stays where it is'
leftovers

# --- macvlan --------------------------------------------------------------------------------------------------------------------

run "$SV" run --net macvlan:eth9 "$ROOTFS" ip -o addr show eth0
is "$status" 0 '--net macvlan:eth9' || note "$err"
unlike "$out" 'inet [0-9]' 'has no address'
run "$SV" run --net macvlan:eth9 "$ROOTFS" ip -o link show eth0
like "$out" 'eth0@.*UP' 'but a link that is up'
run "$SV" run --net macvlan:eth9 --ip 192.0.2.9 --mac-address 02:00:00:00:00:09 "$ROOTFS" \
	/bin/sh -c 'ip -o addr show eth0; ip route; cat /sys/class/net/eth0/address'
like "$out" 'inet 192\.0\.2\.9/24' "--ip: the prefix is the link's"
like "$out" '^default via 192\.0\.2\.1 ' "the default route is this machine's"
like "$out" '^02:00:00:00:00:09$' '--mac-address'
serve wire tcp 0.0.0.0 80 --net macvlan:eth9 --ip 192.0.2.9
is "$(beyond "$TALK" ask tcp 192.0.2.9 80 hello)" '192.0.2.1 hello' 'the outside reaches it'
run "$SV" run --net macvlan:eth9 --ip 192.0.2.9 "$ROOTFS" /bin/true
like "$err" "'192\.0\.2\.9' is in use by container 'wire'" 'its address is nobody else'"'"'s'
run "$SV" run --net macvlan:eth9 --ip 192.0.2.1 "$ROOTFS" /bin/true
like "$err" "'192\.0\.2\.1' is the address of 'eth9' itself" "nor is the router's"
run "$SV" net ls
like "$out" '^eth9 .* wire +192\.0\.2\.9$' 'sv net ls'
stop "$served"
run "$SV" run --net macvlan:eth9 --ip 10.99.0.1 "$ROOTFS" /bin/true
like "$err" "^sv: --ip: '10\.99\.0\.1' is in no subnet of link 'eth9'$" 'an address of another subnet'
run "$SV" run --net macvlan:nosuch "$ROOTFS" /bin/true
like "$err" "^sv: --net: there is no link 'nosuch'$" 'a link that there is not'
run "$SV" run --net macvlan:lo "$ROOTFS" /bin/true
is "$status" 125 'a link that can not have any'
is "$(links)" 'eth9 ' 'the link stays'
leftovers
done_testing
