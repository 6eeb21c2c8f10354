#!/bin/sh
# SPDX-License-Identifier: MIT
# A storm of signals with values from several senders at once: each arrives, in its sender's order.
. "${0%/*}/../lib.sh"

need_root
H=$BUILD/helpers
count=2000
# All that is on its way at once must fit the kernel's queue (RLIMIT_SIGPENDING of root, 16 a megabyte or so).
[ "$STRESS" != long ] || count=10000

for round in 1 2 3; do
	start "$SV" run -v "$H:/srv:ro" "$ROOTFS" /srv/catch -s 64
	ready
	senders=''
	for sender in 1 2 3 4; do
		"$H/send" -n "$count" -s "$sender" "$pid" $((33 + sender)) >"$T/sent.$sender" &
		senders="$senders $!"
	done
	# The classic ones merge: none is counted, and none may disturb.
	while [ "$(cat "$T"/sent.* | wc -l)" -lt 4 ]; do kill -USR1 "$pid" && kill -WINCH "$pid"; done
	for sender in $senders; do wait "$sender"; done
	"$H/send" "$pid" 64
	finish 60
	sent=$(cat "$T"/sent.* | awk '{ n += $2 } END { print n }')
	note "sent $sent; $(tail -n 1 "$stdout")"
	is "$status/$sent" "0/$((4 * count))" "round $round: four senders, $sent signals"
	like "$out" "^received [0-9]+, values $sent, wrong 0\$" 'all arrive, with their values, each sender'\''s in order'
done
leftovers
done_testing
