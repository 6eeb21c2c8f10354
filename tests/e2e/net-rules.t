#!/bin/sh
# SPDX-License-Identifier: MIT
# Packet rules: the way out by masquerading, what isn't forwarded, --isolate, and that other people's rules stay theirs.
. "${0%/*}/../lib.sh"
. "${0%/*}/../net.sh"

own_network
[ -x "$talk" ] || skip_all 'no helpers are built'
make_outside
# Somebody else's rules, which must be there to the end as they are.
nft -f - <<'NFT'
table inet other {
	chain input {
		type filter hook input priority 0; policy accept;
		tcp dport 1 drop
	}
	chain forward {
		type filter hook forward priority 0; policy accept;
		tcp dport 2 drop
	}
}
NFT
net_state >"$T/before"
tidy() { net_state >"$T/after" && cmp -s "$T/before" "$T/after"; }
# Not as the parent of what is started: that is sv itself.
bridge() { "$SV" run --net bridge -v "$BUILD/helpers:/helpers:ro" "$@"; }
start_bridge() { start "$SV" run --net bridge -v "$BUILD/helpers:/helpers:ro" "$@"; }

for place in 'tcp :: 80' 'udp :: 80'; do
	rm -f "$T/out" # what the last one said must not be taken for this one's
	# shellcheck disable=SC2086
	nsenter -t "$outside" -n "$talk" serve $place >"$T/out" 2>&1 &
	servers="${servers-} $!"
	wait_for 10 has_line "$T/out" ready
done

# --- the way out ----------------------------------------------------------------------------------------------------

run bridge --bridge-addr6 fd00:10::1/64 "$ROOTFS" /bin/sh -c '
	for to in 192.0.2.2 2001:db8::2; do for kind in tcp udp; do /helpers/talk ask $kind $to 80 ping; done; done'
is "$(echo "$out" | sed 's/^::ffff://' | tr '\n' ' ')" '192.0.2.1 ping 192.0.2.1 ping 2001:db8::1 ping 2001:db8::1 ping ' \
	'the outside is reached with the address of the machine, TCP and UDP, IPv4 and IPv6'
is "$err" '' 'and there was nothing to be said'
ok 'all is as before' wait_for 5 tidy || note "$(diff "$T/before" "$T/after")"

# Another network of the machine's: neither the containers nor the outside come through to it.
make_namespace
side=$made
connect side0 198.51.100.1/24 2001:db8:1::1/64 "$side" 198.51.100.2/24 2001:db8:1::2/64
nsenter -t "$side" -n ip route add default via 198.51.100.1
nsenter -t "$side" -n "$talk" serve tcp :: 80 >"$T/side" 2>&1 &
servers="$servers $!"
wait_for 10 has_line "$T/side" ready
out ip route add 198.51.100.0/24 via 192.0.2.1
# What comes from there is passed on: only a rule stands in the way.
echo 1 >/proc/sys/net/ipv4/conf/side0/forwarding
start_bridge --name web "$ROOTFS" /bin/sh -c '/helpers/talk serve tcp :: 80'
ready

isnt "$(timeout 2 nsenter -t "$outside" -n "$talk" ask tcp 198.51.100.2 80 ping)" '192.0.2.2 ping' 'the outside is not forwarded to a third network'
run bridge "$ROOTFS" /bin/sh -c 'timeout 2 /helpers/talk ask tcp 198.51.100.2 80 ping; /helpers/talk ask tcp 10.10.10.2 80 ping'
is "$(echo "$out" | sed 's/^::ffff://')" '10.10.10.3 ping' 'nor is a container, which reaches its neighbour'
isnt "$(timeout 2 nsenter -t "$side" -n "$talk" ask tcp 10.10.10.2 80 ping)" '198.51.100.2 ping' 'nor the third network to a container'
out ip route add 10.10.10.0/24 via 192.0.2.1
isnt "$(timeout 2 nsenter -t "$outside" -n "$talk" ask tcp 10.10.10.2 80 ping)" '192.0.2.2 ping' 'nor the outside to a port that is not published'
out ip route del 10.10.10.0/24
ip link del side0

# --- tables ---------------------------------------------------------------------------------------------------------

like "$(nft list table inet sv_sv0)" 'masquerade' 'a table of its own for the bridge'
nft flush ruleset
nft -f - <<'NFT'
table inet other {
	chain input {
		type filter hook input priority 0; policy accept;
		tcp dport 1 drop
	}
	chain forward {
		type filter hook forward priority 0; policy accept;
		tcp dport 2 drop
	}
}
NFT
run bridge -p 8080:80 "$ROOTFS" /helpers/talk ask tcp 192.0.2.2 80 ping
is "$(echo "$out" | sed 's/^::ffff://')" '192.0.2.1 ping' 'the next start heals what somebody has flushed'
is "$(nft list ruleset | grep -c 'chain masquerade')" 1 'and every start leaves one'
kill "$pid"
wait "$pid"
ok 'the last container takes the table along' wait_for 5 tidy || note "$(diff "$T/before" "$T/after")"

start_bridge --name web --isolate -p 8080:80 "$ROOTFS" /bin/sh -c 'echo ready; exec sleep 1000'
ready
is "$(nft list tables | grep -c ' sv')" 4 'ports and isolation have tables too'
nft delete table inet "$(nft list tables inet | sed -n 's/table inet \(sv[0-9a-f]*\)$/\1/p')" 2>"$T/denied"
like "$(cat "$T/denied")" 'not permitted' 'which nobody else can remove'
kill -KILL "$pid"
wait "$pid" 2>/dev/null
left() { [ "$(nft list tables | grep -c ' sv')" = 2 ]; }
ok 'SIGKILL: the kernel removes them' wait_for 5 left
"$SV" run "$ROOTFS" /bin/true
ok 'and the next sv what is left of the bridge' wait_for 5 tidy || note "$(diff "$T/before" "$T/after")"

# The default route moves while sv's network is up: both links forward then, and both are guarded.
make_namespace
second=$made
connect up1 203.0.113.1/24 2001:db8:2::1/64 "$second" 203.0.113.2/24 2001:db8:2::2/64
make_namespace
third=$made
connect side1 198.51.100.1/24 2001:db8:1::1/64 "$third" 198.51.100.2/24 2001:db8:1::2/64
nsenter -t "$third" -n ip route add default via 198.51.100.1
nsenter -t "$third" -n "$talk" serve tcp :: 80 >"$T/third" 2>&1 &
servers="$servers $!"
wait_for 10 has_line "$T/third" ready
echo 1 >/proc/sys/net/ipv4/conf/side1/forwarding
nsenter -t "$second" -n ip route add 198.51.100.0/24 via 203.0.113.1
start_bridge --name web "$ROOTFS" /bin/sh -c '/helpers/talk serve tcp :: 80'
ready
ip route replace default via 203.0.113.2
run "$SV" run --net bridge:sv9 --bridge-addr 10.9.0.1/24 "$ROOTFS" /bin/true
# The one that knew of the second way out is gone, the first network is there.
is "$status $(cat /proc/sys/net/ipv4/conf/up0/forwarding /proc/sys/net/ipv4/conf/up1/forwarding | tr -d '\n')" '0 11' \
	'after the default route has moved both links forward'
isnt "$(timeout 2 nsenter -t "$outside" -n "$talk" ask tcp 198.51.100.2 80 ping | sed 's/^::ffff://')" '192.0.2.2 ping' \
	'the link that was the way out passes nothing on'
isnt "$(timeout 2 nsenter -t "$second" -n "$talk" ask tcp 198.51.100.2 80 ping | sed 's/^::ffff://')" '203.0.113.2 ping' \
	'nor does the one that is it now'
nft delete table inet sv_
nft delete table inet sv_sv0
run bridge "$ROOTFS" /helpers/talk ask tcp 203.0.113.2 1 ping
isnt "$(timeout 2 nsenter -t "$outside" -n "$talk" ask tcp 198.51.100.2 80 ping | sed 's/^::ffff://')" '192.0.2.2 ping' \
	'the next start heals the rules of both'
is "$(nft list table inet sv_ | grep -c 'iifname "up[01]".* drop')" 2 'in one table'
ip route replace default via 192.0.2.2
kill "$pid"
wait "$pid"
unguarded() { ! nft list table inet sv_ >/dev/null 2>&1 && [ "$(cat /proc/sys/net/ipv4/conf/up1/forwarding)" = 0 ]; }
ok 'with the last network forwarding and its rules are gone' wait_for 5 unguarded
ip link del up1
ip link del side1

# A bridge that was there has its own routing: sv switches none on, and makes no rules.
ip link add br9 type bridge
ip addr add 10.99.0.1/24 dev br9
ip link set br9 up
start "$SV" run --net bridge:br9 -p 8085:80 -v "$BUILD/helpers:/helpers:ro" "$ROOTFS" /bin/sh -c '/helpers/talk serve tcp :: 80'
ready
is "$(cat /proc/sys/net/ipv4/conf/up0/forwarding /proc/sys/net/ipv4/conf/br9/forwarding | tr -d '\n')" 00 \
	'with a bridge of somebody else'"'"'s nothing is made to forward'
is "$(out_ask tcp 192.0.2.1 8085) $(ask tcp 127.0.0.1 8085)" '10.99.0.1 ping 10.99.0.1 ping' \
	'a published port is reached from outside nevertheless, by the relay'
kill "$pid"
wait "$pid"
ip link del br9

# --- --isolate ------------------------------------------------------------------------------------------------------

for filter in 1 0; do
	# Bridged packets pass the rules of routed ones, or don't: a matter of br_netfilter.
	[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || {
		echo "$filter" >/proc/sys/net/bridge/bridge-nf-call-iptables
		echo "$filter" >/proc/sys/net/bridge/bridge-nf-call-ip6tables
	}
	start_bridge --name open --bridge-addr6 fd00:10::1/64 -p 8080:80 "$ROOTFS" /bin/sh -c '/helpers/talk serve tcp :: 80'
	ready
	open=$pid
	run bridge --name free "$ROOTFS" /bin/sh -c '
		for to in 10.10.10.2 fd00:10::2; do /helpers/talk ask tcp $to 80 ping; done; /helpers/talk ask tcp 192.0.2.1 8080 ping'
	is "$(echo "$out" | sed 's/^::ffff://' | tr '\n' ' ')" '10.10.10.3 ping fd00:10::3 ping 10.10.10.1 ping ' \
		"containers reach each other (br_netfilter $filter)"
	local=$(ip -o -6 addr show dev sv0 scope link | awk '{ sub("/.*", "", $4); print $4 }')
	run bridge --name free "$ROOTFS" /helpers/talk ask tcp "$local%eth0" 8080 ping
	like "$out" ' ping$' "and a published port by the machine's link-local address (br_netfilter $filter)"
	run bridge --name apart --isolate "$ROOTFS" /bin/sh -c '
		for to in 10.10.10.2 fd00:10::2; do timeout 2 /helpers/talk ask tcp $to 80 ping; done
		timeout 2 /helpers/talk ask tcp 192.0.2.1 8080 ping; echo; /helpers/talk ask tcp 192.0.2.2 80 ping'
	is "$(echo "$out" | sed 's/^::ffff://' | tr '\n' ' ')" ' 192.0.2.1 ping ' \
		"one that is isolated reaches the outside only (br_netfilter $filter)"
	start_bridge --name lonely --isolate -p 8081:80 "$ROOTFS" /bin/sh -c '/helpers/talk serve tcp :: 80'
	ready
	address=$("$SV" net ls | awk '$3 == "lonely" { print $4 }')
	run bridge --name free "$ROOTFS" /bin/sh -c "
		timeout 2 /helpers/talk ask tcp $address 80 ping; timeout 2 /helpers/talk ask tcp 192.0.2.1 8081 ping
		timeout 2 /helpers/talk ask tcp $local%eth0 8081 ping"
	is "$out" '' "and is not reached by others (br_netfilter $filter)"
	is "$(out_ask tcp 192.0.2.1 8081) $(ask tcp 127.0.0.1 8081)" '192.0.2.2 ping 10.10.10.1 ping' \
		"but by the outside and the machine, where it is published (br_netfilter $filter)"
	kill "$pid" "$open"
	wait "$pid" "$open"
done
ok 'all is as before' wait_for 5 tidy || note "$(diff "$T/before" "$T/after")"

# --- other people's policies ----------------------------------------------------------------------------------------

warned() {
	run bridge "$ROOTFS" /bin/true
	like "$status:$err" "$1" "$2"
}
nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'
warned "^0:sv: chain 'FORWARD' of table 'filter' drops what bridge 'sv0' sends and gets; hint: iptables -I FORWARD -i sv0 -j ACCEPT; " \
	'a policy of dropping is said, with the commands that help'
like "$("$SV" doctor)" "^note     chain 'FORWARD' of table 'filter' drops" "'sv doctor' says it too"
nft insert rule ip filter FORWARD iifname sv0 accept
nft insert rule ip filter FORWARD oifname sv0 accept
run bridge "$ROOTFS" /helpers/talk ask tcp 192.0.2.2 80 ping
is "$err:$(echo "$out" | sed 's/^::ffff://')" ':192.0.2.1 ping' 'once they were followed all works, and nothing is said'
nft delete table ip filter
nft 'add table inet fw; add chain inet fw pass { type filter hook forward priority 5; policy drop; }'
warned "table 'fw' drops .*hint: nft insert rule inet fw pass iifname sv0 accept; nft insert rule inet fw pass oifname sv0 accept" \
	'one of nftables'
nft delete table inet fw
nft 'add table inet firewalld; add chain inet firewalld filter_FORWARD { type filter hook forward priority 10; policy accept; }'
warned "table 'firewalld' drops .*hint: firewall-cmd --zone=trusted --add-interface=sv0" 'one of firewalld, which ends with a rule'
nft delete table inet firewalld
if command -v iptables-legacy >/dev/null && iptables-legacy -P FORWARD DROP 2>/dev/null; then
	warned "table 'filter' drops .*hint: iptables-legacy -I FORWARD -i sv0 -j ACCEPT" 'one of iptables before nf_tables'
	iptables-legacy -I FORWARD -o sv0 -j ACCEPT
	run bridge "$ROOTFS" /bin/true
	is "$status:$err" 0: 'and the rule that was added is seen'
	iptables-legacy -F FORWARD
	iptables-legacy -P FORWARD ACCEPT
else
	skip_cannot 'no iptables of old' 'one of iptables before nf_tables'
fi
nft 'add table inet fw; add chain inet fw pass { type filter hook forward priority 5; policy drop; }'
run "$SV" run "$ROOTFS" /bin/true
is "$status:$err" 0: 'without a bridge nothing is said'
nft delete table inet fw

ok 'the rules of others are as they were' tidy || note "$(diff "$T/before" "$T/after")"
# shellcheck disable=SC2086
kill $servers
leftovers
done_testing
