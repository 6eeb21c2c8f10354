#!/bin/sh
# SPDX-License-Identifier: MIT
# A kernel without the links that a network is made of: the message names them, and nothing is left.
. "${0%/*}/../../lib.sh"

need_root
need rmmod insmod
loaded=/lib/modules/loaded

# without MODULE: takes it out for the rest of the file.
without() {
	rmmod "$1" 2>"$T/rmmod" || {
		skip_cannot "$(cat "$T/rmmod")" "a kernel without $1"
		return 1
	}
	at_exit "insmod $loaded/*-$1.ko"
}

! without veth || {
	run "$SV" run --net bridge "$ROOTFS" /bin/true
	is "$status" 125 'without veth links there is no container on a bridge'
	like "$err" "^sv: cannot make a link on 'sv0'.*EOPNOTSUPP.*; hint: this kernel has no veth links: 'modprobe veth'$" \
		'and the message names the module'
	run "$SV" doctor
	like "$out" "^missing +veth links: 'modprobe veth' first; no --net bridge" 'so does sv doctor'
	is "$(ip -o link show type bridge)" '' 'the bridge does not stay'
}
! without bridge || {
	run "$SV" run --net bridge "$ROOTFS" /bin/true
	is "$status" 125 'nor without bridges'
	like "$err" "^sv: cannot make bridge 'sv0'.*EOPNOTSUPP.*; hint: this kernel has no bridge links: 'modprobe bridge'$" \
		'the same'
}
run "$SV" run "$ROOTFS" /bin/true
is "$status" 0 'a container without a network needs neither'
leftovers
done_testing
