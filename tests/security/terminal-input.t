#!/bin/sh
# SPDX-License-Identifier: MIT
# TIOCSTI types into the terminal of whoever started the container (CVE-2005-4890, CVE-2017-5226). The filter of system
# calls refuses it; it looks at 32 bits of the request, as the kernel does (CVE-2019-10063).
. "${0%/*}/attack.sh"

attack <<'EOS'
try 'types into a terminal' $attack type
try 'types with other bits set' $attack type 100000000
try 'types with all bits set' $attack type ffffffff00000000
EOS
for mode in '' '--userns host' '-u 1000'; do
	# shellcheck disable=SC2086
	run timeout 60 "$SV" run $mode -v "$H:/srv:ro" "$ROOTFS" /bin/sh -c 'grep ^Seccomp: /proc/self/status; /srv/attack type'
	like "$out" '^Seccomp:[[:space:]]*2$' "${mode:-default}: there is a filter"
	is "$err" 'Operation not permitted' 'which is what refuses it'
done
attacks_end
