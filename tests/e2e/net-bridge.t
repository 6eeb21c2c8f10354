#!/bin/sh
# SPDX-License-Identifier: MIT
# --net bridge: links, addresses, routes; who reaches whom; what is given out, and that nothing stays.
. "${0%/*}/../lib.sh"
. "${0%/*}/net.sh"

own_network
need nsenter

show='ip -o addr show eth0; ip route; ip -6 route; cat /sys/class/net/eth0/mtu /sys/class/net/eth0/address'
show="$show /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range; ls /sys/class/net"

# --- one container ------------------------------------------------------------------------------------------------------

for options in '' '--userns host'; do
	# shellcheck disable=SC2086
	run "$SV" run --net bridge $options "$ROOTFS" /bin/sh -c "$show"
	is "$status" 0 "a container on a bridge runs $options" || note "$err"
	is "$err" '' 'without a word'
	like "$out" 'eth0 +inet 10\.10\.10\.2/24 brd 10\.10\.10\.255' 'it has the first free address'
	like "$out" '^default via 10\.10\.10\.1 dev eth0' 'its default route leads to the bridge'
	like "$out" '^02:73:0a:0a:0a:02$' 'its hardware address is made of the address'
	like "$out" '^1500$' 'its MTU is the usual where there is no uplink'
	like "$out" '^0$' 'it may listen on any port'
	like "$out" '^0	(65535|2147483647)$' 'all of its groups may ping'
	unlike "$out" 'inet6 [^f]' 'it has no IPv6 address but the link-local one'
	is "$(printf '%s\n' "$out" | tail -n 2 | tr '\n' ' ')" 'eth0 lo ' 'it sees its own links'
	is "$(links)" '' 'nothing is left of the links'
done
leftovers

# A root tree without idmapped mounts: sv starts a second time, and the first child's word is not the second's.
mkdir "$T/ram" && mount -t ramfs ramfs "$T/ram" && cp -a "$ROOTFS/." "$T/ram/" && chmod 755 "$T/ram" || bail 'no ramfs'
right=0
for _ in 1 2 3 4 5 6 7 8; do
	run "$SV" run --net bridge "$T/ram" ip -o addr show eth0
	case "$status:$out:$(ip -o link show eth0 2>/dev/null)" in 0:*"inet 10.10.10.2/24"*:) right=$((right + 1)) ;; esac
done
is "$right" 8 "the network is the container's, and not the machine's, also where it starts without a user namespace after all"
umount "$T/ram"

run "$SV" run --net bridge --ip 10.10.10.77 --mac-address 02:00:00:00:00:07 "$ROOTFS" /bin/sh -c "$show"
like "$out" 'inet 10\.10\.10\.77/24' '--ip'
like "$out" '^02:00:00:00:00:07$' '--mac-address'
run "$SV" run --net bridge --bridge-addr 172.20.0.9/22 --bridge-addr6 fd00:20::1/64 --ip6 fd00:20::77 "$ROOTFS" /bin/sh -c "$show"
like "$out" 'inet 172\.20\.0\.1/22 brd 172\.20\.3\.255' '--bridge-addr: another subnet'
like "$out" '^default via 172\.20\.0\.9 ' 'whose bridge is the router'
like "$out" 'inet6 fd00:20::77/64' '--ip6'
like "$out" '^default via fd00:20::1 ' '--bridge-addr6: a route for IPv6'
run "$SV" run --net bridge --sysctl net.ipv4.ip_unprivileged_port_start=99 "$ROOTFS" \
	cat /proc/sys/net/ipv4/ip_unprivileged_port_start
is "$out" 99 '--sysctl wins over the default'
run "$SV" run "$ROOTFS" cat /proc/sys/net/ipv4/ip_unprivileged_port_start
is "$out" 1024 'which a container without a network has not'
run "$SV" run --net bridge --pid host "$ROOTFS" cat /proc/sys/net/ipv4/ip_unprivileged_port_start
is "$status" 0 'it goes with --pid host'
run "$SV" run --net bridge --ipc host --uts host --privileged "$ROOTFS" true
is "$status" 0 'and with all else of the host' || note "$err"
run "$SV" run --net bridge --dry-run "$ROOTFS" /bin/true
like "$out" "^network +on bridge 'sv0'" '--dry-run tells of the network'
is "$(links)" '' 'and makes none'

# --- who reaches whom ----------------------------------------------------------------------------------------------------

for protocol in tcp udp; do
	for address in 10.10.10.1 fd00:10::1; do
		any=0.0.0.0 here=10.10.10.1 there=10.10.10.2
		[ "$address" = 10.10.10.1 ] || any=:: here=fd00:10::1 there=fd00:10::2
		serve web "$protocol" "$any" 80 --net bridge --bridge-addr6 fd00:10::1/64
		talk ask "$protocol" "$there" 80 hello
		is "$out" "$here hello" "this machine asks the container: $protocol, $there"
		inside --net bridge -- ask "$protocol" "$there" 80 hello
		like "$out" '[.:]3 hello$' "so does another container, with an address of its own: $protocol, $there"
		stop "$served"
		rm -f "$T/here" # what the last one said must not be taken for this one's
		"$TALK" serve "$protocol" "$any" 8080 >"$T/here" 2>&1 &
		here_pid=$!
		wait_for 30 has_line "$T/here" '^ready'
		inside --net bridge --bridge-addr6 fd00:10::1/64 -- ask "$protocol" "$here" 8080 hello
		is "$out" "$there hello" "and a container asks this machine: $protocol, $here"
		stop "$here_pid"
	done
done

serve web tcp 0.0.0.0 80 --net bridge
inside --net bridge -- ping 10.10.10.2
is "$status" 0 'a container pings another, without any capability'
inside --net bridge -u 1000:1000 -- ping 10.10.10.1
is "$status" 0 'a user pings this machine'
ok "the link's alias is the container's name" ip -o link show type veth
like "$(ip -d link show type veth)" 'alias web$' 'which is whole'
like "$(ip -o link show type veth)" ' sv[0-9a-f]{13}@' 'its name is a hash of that'
is "$(switch ipv6/conf/sv0/accept_ra)" 0 'no container can make itself the router of this machine'
run "$SV" run --net bridge "$ROOTFS" cat /proc/sys/net/ipv6/conf/eth0/accept_ra
is "$out" 0 'nor that of another'
first=$(ip -o link show type veth | sed 's/^[0-9]*: \([^@]*\).*/\1/')
stop "$served"
serve web tcp 0.0.0.0 80 --net bridge
is "$(ip -o link show type veth | sed 's/^[0-9]*: \([^@]*\).*/\1/')" "$first" 'the same each time'

# --- addresses ------------------------------------------------------------------------------------------------------------

run "$SV" net ls
is "$status" 0 'sv net ls'
like "$out" '^sv0 +10\.10\.10\.1/24 +web +10\.10\.10\.2$' 'names the bridge, its subnet, the container, its address'
run "$SV" run --net bridge --ip 10.10.10.2 "$ROOTFS" /bin/true
is "$status" 125 'an address that is in use is refused'
like "$err" "^sv: --ip: '10\.10\.10\.2' is in use by container 'web'$" 'by the name of who has it'
run "$SV" run --net bridge --ip 10.10.10.1 "$ROOTFS" /bin/true
like "$err" "'10\.10\.10\.1' is the address of 'sv0' itself" "so is the bridge's own"
run "$SV" net rm sv0
is "$status" 125 'a network in use is not removed'
like "$err" "^sv: network 'sv0' is in use by container 'web'$" 'and the message says whose'
stop "$served"
run "$SV" net ls
is "$(printf '%s\n' "$out" | wc -l)" 1 'afterwards there is none'
leftovers

serve one tcp 0.0.0.0 80 --net bridge:small --bridge-addr 10.5.0.1/30
run "$SV" run --net bridge:small "$ROOTFS" /bin/true
is "$status" 125 'no address is free'
like "$err" "^sv: no address of 10\.5\.0\.1/30 is free on 'small'; hint: " 'which is said'
stop "$served"
run "$SV" run --net bridge:small --bridge-addr 10.5.0.1/30 "$ROOTFS" ip -o addr show eth0
like "$out" 'inet 10\.5\.0\.2/30' 'until one is given back'

# --- what a killed sv leaves -------------------------------------------------------------------------------------------------

serve web tcp 0.0.0.0 80 --net bridge --bridge-addr6 fd00:10::1/64
kill -KILL "$served"
wait "$served"
like "$(links)" 'sv0 ' 'a killed sv leaves its bridge'
run "$SV" net ls
like "$out" '^sv0 +10\.10\.10\.1/24 +- +-$' 'which sv net ls shows without containers'
run "$SV" run --net bridge "$ROOTFS" ip -o addr show eth0
like "$out" 'inet 10\.10\.10\.2/24' 'the next one gets its address'
is "$(links)" '' 'and removes what was left'
leftovers
serve web tcp 0.0.0.0 80 --net bridge
kill -KILL "$served"
wait "$served"
run "$SV" run "$ROOTFS" /bin/true
is "$(links)" '' 'so does one without a network'
leftovers
serve web tcp 0.0.0.0 80 --net bridge
kill -KILL "$served"
wait "$served"
run "$SV" net rm sv0
is "$status" 0 'and sv net rm' || note "$err"
is "$(links)" '' 'at once'
run "$SV" run "$ROOTFS" /bin/true
leftovers

# --- another's bridge ----------------------------------------------------------------------------------------------------------

ip link add br7 type bridge
ip link set br7 mtu 1400
ip addr add 10.7.0.1/24 dev br7
ip link set br7 up
describe_br7() { ip -d link show br7 | grep -o 'mtu [0-9]*\|alias.*'; ip -o -4 addr show br7; }
before=$(describe_br7)
for option in '--net bridge:br7' '--bridge br7'; do
	# shellcheck disable=SC2086
	run "$SV" run $option "$ROOTFS" /bin/sh -c "$show"
	like "$out" 'inet 10\.7\.0\.254/24' "$option: an address from the other end of its subnet"
	like "$out" '^default via 10\.7\.0\.1 ' 'its address is the router'
	like "$out" '^1400$' 'its MTU is the link'"'"'s'
	is "$(describe_br7)" "$before" 'it stays as it was'
done
serve web tcp 0.0.0.0 80 --bridge br7
kill -KILL "$served"
wait "$served"
run "$SV" run "$ROOTFS" /bin/true
is "$(links)" 'br7 ' 'a killed sv leaves no link on it, and it is not removed'
run "$SV" run --bridge br7 --bridge-addr 10.7.0.2/24 "$ROOTFS" /bin/true
like "$err" "bridge 'br7' has address 10\.7\.0\.1/24 already, not 10\.7\.0\.2/24" 'it is given no other address'
run "$SV" run --bridge br7 --bridge-addr6 fd00:7::1/64 "$ROOTFS" /bin/true
like "$err" "bridge 'br7' has no address fd00:7::1/64; hint: it is not of sv's making" 'nor an additional one'
run "$SV" net rm br7
like "$err" "there is no network 'br7' of sv's" 'and sv net rm leaves it alone'
ip link add link br7 name plain type macvlan
run "$SV" run --bridge plain "$ROOTFS" /bin/true
like "$err" "^sv: link 'plain' is no bridge$" 'another link is no bridge'
ip link del plain
ip addr del 10.7.0.1/24 dev br7
run "$SV" run --bridge br7 "$ROOTFS" /bin/true
like "$err" "bridge 'br7' has no IPv4 address; hint: " 'a bridge without an address is of no use'
ip link del br7
leftovers

# --- the uplink ----------------------------------------------------------------------------------------------------------------

outside
ip link set eth9 mtu 1420
beyond ip link set eth9 mtu 1420
beyond ip route add 10.10.10.0/24 via 192.0.2.2
beyond ip -6 route add fd00:10::/64 via 2001:db8::2
all=$(switch ipv4/conf/all/forwarding) before=$(switch ipv4/conf/eth9/forwarding)
force=/proc/sys/net/ipv6/conf/eth9/force_forwarding
is "$all $before" '0 0' 'this namespace forwards nothing'
serve web tcp 0.0.0.0 80 --net bridge
is "$(cat "/sys/class/net/sv0/mtu" 2>/dev/null || ip -o link show sv0 | sed 's/.*mtu \([0-9]*\).*/\1/')" 1420 \
	"the bridge has the uplink's MTU"
is "$(switch ipv4/conf/eth9/forwarding) $(switch ipv4/conf/sv0/forwarding)" '1 1' 'bridge and uplink forward'
is "$(switch ipv4/conf/all/forwarding) $(switch ipv4/conf/lo/forwarding)" '0 0' 'and nothing else does'
inside --net bridge -- ping 192.0.2.1
is "$status" 0 'a container pings the outside'
stop "$served"
is "$(switch ipv4/conf/eth9/forwarding)" 0 'after the last container the uplink does not'

serve web tcp 0.0.0.0 80 --net bridge
web=$served
serve two tcp 0.0.0.0 80 --net bridge:sv9 --bridge-addr 10.9.0.1/24
two=$served
talk ask tcp 10.9.0.2 80 hello
is "$out" '10.9.0.1 hello' 'this machine reaches a container on another bridge'
inside --net bridge -- ask tcp 10.9.0.2 80 hello
is "$status" 1 'a container does not: bridges are apart'
inside --net bridge:sv9 -- ask tcp 10.10.10.2 80 hello
is "$status" 1 'from either side'
stop "$web"
is "$(switch ipv4/conf/eth9/forwarding)" 1 'another network still needs it'
kill -KILL "$two"
wait "$two"
run "$SV" run "$ROOTFS" /bin/true
is "$(switch ipv4/conf/eth9/forwarding)" 0 'what a killed sv switched on is put back by the next'

serve web tcp 0.0.0.0 80 --net bridge
echo 1 >/proc/sys/net/ipv4/conf/all/forwarding
stop "$served"
is "$(switch ipv4/conf/eth9/forwarding)" 1 'unless the whole machine was switched on meanwhile'
echo 0 >/proc/sys/net/ipv4/conf/all/forwarding
serve web tcp 0.0.0.0 80 --net bridge
echo 0 >/proc/sys/net/ipv4/conf/eth9/forwarding
stop "$served"
is "$(switch ipv4/conf/eth9/forwarding)" 0 'or somebody switched it off'
leftovers

# IPv6: by the link where the kernel can, else it is said.
serve web tcp :: 80 --net bridge --bridge-addr6 fd00:10::1/64
if [ -e "$force" ]; then
	is "$(cat "$force") $(switch ipv6/conf/all/forwarding)" '1 0' 'IPv6: the uplink forwards, the machine does not'
	inside --net bridge -- ping 2001:db8::1
	is "$status" 0 'a container pings the outside by IPv6'
else
	like "$(cat "$T/web")" '^sv: IPv6 of the containers ends at this machine: before Linux 6\.17 .*; hint: sysctl -w' \
		'IPv6: an older kernel can not, which is said'
	is "$(switch ipv6/conf/all/forwarding)" 0 'and the switch of the machine is not touched'
fi
stop "$served"
[ ! -e "$force" ] || is "$(cat "$force")" 0 'and it is put back'
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
echo 1 >/proc/sys/net/ipv6/conf/eth9/accept_ra
serve web tcp :: 80 --net bridge --bridge-addr6 fd00:10::1/64
like "$(cat "$T/web")" "^sv: accept_ra of link 'eth9' is 2 now \(was 1\)" 'a router that listens to others goes on to, which is said'
is "$(switch ipv6/conf/eth9/accept_ra)" 2 'by accept_ra'
inside --net bridge -- ping 2001:db8::1
is "$status" 0 'where the whole machine forwards the outside answers'
stop "$served"
is "$(switch ipv6/conf/eth9/accept_ra)" 1 'and that is put back'
leftovers
done_testing
