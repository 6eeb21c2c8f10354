#!/bin/sh
# SPDX-License-Identifier: MIT
# Capabilities that sv was started with, inheritable and ambient ones above all, show up inside (CVE-2022-24769).
. "${0%/*}/attack.sh"

need setpriv
default=00000000800405fb # the eleven
caps() { printf '%s\n' "$out" | sed -n "s/^$1:[[:space:]]*//p"; }
# All, or what root has here.
some=$(setpriv --inh-caps=+all --ambient-caps=+all true 2>/dev/null && echo +all || echo +chown,+setuid,+net_raw,+sys_admin)
check() {
	name=$1 effective=$2
	shift 2
	run timeout 60 setpriv --inh-caps="$some" --ambient-caps="$some" "$SV" run "$@" "$ROOTFS" cat /proc/self/status
	is "$status" 0 "$name: runs"
	is "$(caps CapInh):$(caps CapAmb)" 0000000000000000:0000000000000000 "$name: none is inheritable, none ambient"
	is "$(caps CapPrm):$(caps CapEff)" "$effective:$effective" "$name: what there is is the default"
	is "$(caps CapBnd)" "$default" "$name: and nothing more can be gained"
}
check userns "$default"
check host "$default" --userns host
check user 0000000000000000 -u 1000
check 'user, host' 0000000000000000 -u 1000 --userns host
attacks_end
