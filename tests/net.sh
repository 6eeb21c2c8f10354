# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
#
# For the tests of networks, after lib.sh: everything happens in a network namespace of the file's own, so the machine's
# links, routes and rules stay as they are.
#
#     own_network     starts the file once more, in such a namespace, with a mount namespace of its own, where
#                     /etc/resolv.conf has 192.0.2.53 and example.org
#     make_outside    an uplink `up0`, 192.0.2.1 and 2001:db8::1, and behind it a namespace `out` with 192.0.2.2 and
#                     2001:db8::2; default routes lead there. `out COMMAND...` runs something in it

own_network() {
	need_root
	need unshare nsenter ip nft
	[ -z "${TAP_OWN_NETWORK-}" ] || {
		ip link set lo up
		return 0
	}
	rm -rf "$tap_dir"
	# shellcheck disable=SC2016
	TAP_OWN_NETWORK=1 exec unshare -n -m --propagation private sh -c '
		file=$(mktemp) &&
		printf "nameserver 192.0.2.53\nsearch example.org\n" >"$file" &&
		mount --bind "$file" "$(readlink -f /etc/resolv.conf)" && rm "$file" && exec "$0"' "$0"
}

# has_namespace PID: it has left this one.
has_namespace() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }

# make_namespace: a network namespace more, held by a process whose number is then in $made.
make_namespace() {
	unshare -n sleep 1000 </dev/null >/dev/null 2>&1 &
	made=$!
	at_exit "kill $made 2>/dev/null"
	wait_for 10 has_namespace "$made" || bail 'no network namespace'
	nsenter -t "$made" -n ip link set lo up
}

# connect LINK ADDRESS4 ADDRESS6 PID FAR4 FAR6: a wire from here to the namespace of that process, where it ends in eth0.
connect() {
	ip link add "$1" type veth peer name eth0 netns "$4"
	# A router's news would come from nobody, and sv would have to say what becomes of them.
	echo 0 >"/proc/sys/net/ipv6/conf/$1/accept_ra"
	ip addr add "$2" dev "$1"
	ip addr add "$3" dev "$1" nodad
	nsenter -t "$4" -n ip addr add "$5" dev eth0
	nsenter -t "$4" -n ip addr add "$6" dev eth0 nodad
	ip link set "$1" up
	nsenter -t "$4" -n ip link set eth0 up
}

make_outside() {
	make_namespace
	outside=$made
	connect up0 192.0.2.1/24 2001:db8::1/64 "$outside" 192.0.2.2/24 2001:db8::2/64
	ip route add default via 192.0.2.2
	ip -6 route add default via 2001:db8::2
	# Before Linux 6.17 sv can't switch IPv6's forwarding on for single links.
	[ -e /proc/sys/net/ipv6/conf/up0/force_forwarding ] || echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
}

out() { nsenter -t "$outside" -n "$@"; }

talk=$BUILD/helpers/talk

# ask WHERE...: what the server says, which is the address that it sees and the word.
ask() { timeout 20 "$talk" ask "$@" ping 2>&1 | sed 's/^::ffff://'; }
out_ask() { timeout 20 nsenter -t "$outside" -n "$talk" ask "$@" ping 2>&1 | sed 's/^::ffff://'; }

# rules: all packet rules, as nft prints them.
rules() { nft list ruleset; }

# net_state: what of a network could be left behind.
net_state() {
	ip -o link show | cut -d : -f 2
	ip -o addr show | awk '{ print $2, $4 }'
	rules
	find /run/sv -mindepth 1 2>/dev/null
	cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/up0/forwarding /proc/sys/net/ipv6/conf/up0/forwarding 2>/dev/null
}
