#!/bin/sh
# SPDX-License-Identifier: MIT
# Networks that can't be: one line each, that names the thing and the way out, and nothing is made.
. "${0%/*}/../lib.sh"
. "${0%/*}/net.sh"

own_network
need setpriv

# bad PATTERN WORD...: refused, with that line.
bad() {
	bad_pattern=$1
	shift
	run "$SV" run "$@" "$ROOTFS" /bin/true
	is "$status" 125 "refused: $*"
	is "$(printf '%s\n' "$err" | wc -l)" 1 'in one line'
	like "$err" "^sv: $bad_pattern" 'that says why'
}

bad "--net: 'nosuch' is none of the choices; hint: none \(the default\), bridge, " --net nosuch
bad "--net: 'bridge:' lacks what is behind the colon" --net bridge:
bad "--net: 'container' is none of the choices" --net container
bad "--net: '\.\./x' is no container's name" --net container:../x
bad "--net: 'bridge:sixteen-bytes-xx' names no link; hint: 1 to 15 bytes" --net bridge:sixteen-bytes-xx
bad "--bridge: 'sixteen-bytes-xx' is no link's name; hint: 1 to 15 bytes" --bridge sixteen-bytes-xx
bad "--bridge-addr: '10\.10\.10\.1' is no IPv4 address with a prefix; hint: " --net bridge --bridge-addr 10.10.10.1
bad "--bridge-addr: '10\.10\.10\.1/33' is no IPv4" --net bridge --bridge-addr 10.10.10.1/33
bad "--bridge-addr: '10\.10\.10\.300/24' is no IPv4" --net bridge --bridge-addr 10.10.10.300/24
bad "--bridge-addr: '10\.10\.10\.0/24' has no address that a host can have" --net bridge --bridge-addr 10.10.10.0/24
bad "--bridge-addr: '10\.10\.10\.1/31' is no subnet with room" --net bridge --bridge-addr 10.10.10.1/31
bad "--bridge-addr6: '10\.10\.10\.1/24' is no IPv6" --net bridge --bridge-addr6 10.10.10.1/24
bad "--ip: '10\.10\.10' is no IPv4 address" --net bridge --ip 10.10.10
bad "--ip: '10\.10\.11\.2' is no address for a host of 10\.10\.10\.1/24, which 'sv0' has" --net bridge --ip 10.10.11.2
bad "--ip: '10\.10\.10\.255' is no address for a host" --net bridge --ip 10.10.10.255
bad "--ip6: bridge 'sv0' has no IPv6 address; hint: give it one with --bridge-addr6" --net bridge --ip6 fd00::2
bad "--ip6: 'fd01::2' is no address for a host of fd00::1/64" --net bridge --bridge-addr6 fd00::1/64 --ip6 fd01::2
bad "--mac-address: '01:00:00:00:00:01' is the address of no single link" --net bridge --mac-address 01:00:00:00:00:01
bad "there is no bridge 'nosuch'; hint: with --bridge-addr CIDR one" --net bridge:nosuch
bad "link 'lo' is no bridge" --bridge lo
bad "--ip is of no use without such a network; hint: it goes with --net bridge" --ip 10.10.10.2
bad "--bridge-addr is of no use" --net host --bridge-addr 10.10.10.1/24
bad "--bridge 'a' and --net bridge:b are two bridges" --net bridge:b --bridge a
is "$(links)" '' 'no link was made'

# --- what is there already -----------------------------------------------------------------------------------------------------

ip link add name va type veth peer name vb
ip addr add 10.10.10.9/28 dev va
ip link set va up
ip link set vb up
bad "--bridge-addr: '10\.10\.10\.1/24' overlaps 10\.10\.10\.9/28, which link 'va' leads to; hint: choose another subnet" --net bridge
ip addr del 10.10.10.9/28 dev va
ip addr add 192.0.2.1/24 dev va
ip route add 10.8.0.0/13 via 192.0.2.2
bad "--bridge-addr: '10\.10\.10\.1/24' overlaps 10\.8\.0\.0/13, which link 'va'" --net bridge
ip route del 10.8.0.0/13
ip route add default via 192.0.2.2
run "$SV" run --net bridge "$ROOTFS" /bin/true
is "$status" 0 'a default route is no overlap' || note "$err"
ip addr add fd00::9/64 dev va nodad
bad "--bridge-addr6: 'fd00::1/60' overlaps fd00::/64|--bridge-addr6: 'fd00::1/60' overlaps fd00::9/64" \
	--net bridge --bridge-addr6 fd00::1/60
is "$(links)" 'va vb ' 'what was there is there, and no more'
ip link add br0 type bridge
ip addr del 192.0.2.1/24 dev va
ip addr add 192.0.2.1/24 dev br0
ip link set br0 up
ip route replace default via 192.0.2.2
bad "bridge 'br0' leads to this machine's own network, where sv can't know .*; hint: choose the container's with --ip" --bridge br0
run "$SV" run --bridge br0 --ip 192.0.2.7 "$ROOTFS" ip route
like "$out" '^default via 192\.0\.2\.2 dev eth0' 'with --ip it has the router of this machine'
ip link del br0
ip link del va

# --- rights ---------------------------------------------------------------------------------------------------------------------

chmod 755 "$tap_dir" "$T"
for mode in bridge macvlan:lo container:x ns:/proc/self/ns/net; do
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$SV" run --net "$mode" "$ROOTFS" /bin/true
	is "$status" 125 "not root: --net $mode"
	like "$err" '^sv: .*needs root; hint: ' 'is refused'
done
run setpriv --bounding-set=-net_admin "$SV" run --net bridge "$ROOTFS" /bin/true
is "$status" 125 'root without CAP_NET_ADMIN'
like "$err" "^sv: cannot make bridge 'sv0'.*EPERM.*; hint: links need CAP_NET_ADMIN" 'is told what is missing'
run setpriv --reuid=65534 --clear-groups "$SV" net ls
like "$err" '^sv: sv net needs root' 'sv net needs root'
for words in '' nosuch 'rm' 'ls x' 'rm nosuch' 'rm a-name-of-more-than-fifteen-bytes'; do
	# shellcheck disable=SC2086
	run "$SV" net $words
	is "$status" 125 "sv net $words"
done
mount -o bind,ro /proc/sys /proc/sys 2>/dev/null && {
	bad "cannot set accept_ra of link 'sv0' to 0: .*EROFS.*; hint: /proc/sys has to be writable" --net bridge
	umount /proc/sys
}
is "$(links)" '' 'no link was made'
run "$SV" run "$ROOTFS" /bin/true
leftovers
done_testing
