#!/bin/sh
# SPDX-License-Identifier: MIT
# A storm of orphans: PID 1 reaps them all, few are zombies at any moment, and signals get through meanwhile.
. "${0%/*}/../lib.sh"

need_root
H=$BUILD/helpers
count=5000 signals=200
[ "$STRESS" != long ] || count=50000

since=$(date +%s%N)
start "$SV" run -v "$H:/srv:ro" "$ROOTFS" /srv/orphans "$count" "$signals"
ready
"$H/send" -n "$signals" -s 0 "$pid" 40 >/dev/null
finish 600
took=$((($(date +%s%N) - since) / 1000000))
note "$(tail -n 1 "$stdout") in $took ms"
number() { sed -n "s/.*$1 \\([0-9]*\\).*/\\1/p" "$stdout"; }
is "$status" 0 'a storm of orphans ends'
ok "$(number orphans) of them" [ "$(number orphans)" -ge "$count" ]
is "$(number signals)" "$signals" "$signals signals are forwarded while it lasts"
is "$(number wrong)" 0 'in order'
ok "few are zombies at any moment ($(number 'most zombies'))" [ "$(number 'most zombies')" -le 1000 ]
is "$(number 'zombies left')" 0 'none is left'
leftovers
done_testing
