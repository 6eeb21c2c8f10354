#!/bin/sh
# SPDX-License-Identifier: MIT
# Networks under load: many containers on a bridge, short ones, killed ones, a bridge that is full.
. "${0%/*}/../lib.sh"
. "${0%/*}/../e2e/net.sh"

own_network
need nsenter
count=30 times=60 kills=15
[ "$STRESS" != long ] || { count=200 times=500 kills=100; }
outside

# --- many at once -----------------------------------------------------------------------------------------------------------

all=
for number in $(seq 1 "$count"); do
	"$SV" run --net bridge --bridge-addr6 fd00:10::1/64 --name "n$number" -v "$BUILD/helpers:/h:ro" "$ROOTFS" \
		/h/talk serve tcp 0.0.0.0 80 >"$T/out.$number" 2>"$T/err.$number" </dev/null &
	all="$all $!"
done
all_serve() { [ "$(cat "$T"/out.* | grep -c ready)" -eq "$count" ]; }
ok "$count containers on one bridge start at once" wait_for 200 all_serve || note "$(cat "$T"/err.* | sort | uniq -c)"
run "$SV" net ls
is "$(printf '%s\n' "$out" | grep -c '^sv0 ')" "$count" 'sv net ls has them all'
addresses=$(printf '%s\n' "$out" | awk '$1 == "sv0" { print $4 }' | sort -u)
is "$(printf '%s\n' "$addresses" | wc -l)" "$count" 'each has an address of its own'
is "$(printf '%s\n' "$out" | awk '$1 == "sv0" { print $5 }' | sort -u | wc -l)" "$count" 'by IPv6, too'
is "$(ip -o link show type veth | grep -c ' sv[0-9a-f]\{13\}@')" "$count" 'and a link'
answered=0
for address in $addresses; do
	[ "$("$TALK" ask tcp "$address" 80 hello)" != '10.10.10.1 hello' ] || answered=$((answered + 1))
done
is "$answered" "$count" 'all of them answer'
# shellcheck disable=SC2086
kill $all
for process in $all; do wait "$process"; done
is "$(cat "$T"/err.*)" '' 'not one has anything to say'
is "$(links)" 'eth9 ' 'all links are gone'
is "$(switch ipv4/conf/eth9/forwarding)" 0 'forwarding is as it was'
leftovers

# --- one after the other, and five at a time ------------------------------------------------------------------------------------

failed=0
for number in $(seq 1 "$times"); do
	"$SV" run --net bridge "$ROOTFS" /bin/true || failed=$((failed + 1))
done
is "$failed" 0 "/bin/true $times times"
# The network stands before the command runs: its first packet is answered.
failed=0
for number in $(seq 1 $((times / 4))); do
	"$SV" run --net bridge -v "$BUILD/helpers:/h:ro" "$ROOTFS" /h/talk ping 10.10.10.1 || failed=$((failed + 1))
done
is "$failed" 0 "a ping as the first thing, $((times / 4)) times"
all=
for worker in 1 2 3 4 5; do
	(for number in $(seq 1 $((times / 5))); do
		"$SV" run --net bridge "$ROOTFS" /bin/true 2>>"$T/worker.$worker" || echo failed >>"$T/worker.$worker"
	done) &
	all="$all $!"
done
# shellcheck disable=SC2086
wait $all
is "$(cat "$T"/worker.* 2>/dev/null)" '' "five at a time make and remove the bridge, $((times / 5)) times each"
is "$(links)" 'eth9 ' 'nothing is left of it'
leftovers

# --- killed at any moment -----------------------------------------------------------------------------------------------------------

for number in $(seq 1 "$kills"); do
	"$SV" run --net bridge --bridge-addr6 fd00:10::1/64 --name "k$((number % 3))" "$ROOTFS" /bin/sleep 5 \
		>/dev/null 2>&1 </dev/null &
	process=$!
	sleep "0.0$((number * 7 % 10))"
	kill -KILL "$process"
	wait "$process"
done
run "$SV" run --net bridge "$ROOTFS" ip -o addr show eth0
is "$status" 0 "after $kills that were killed the next one runs" || note "$err"
like "$out" 'inet 10\.10\.10\.2/24' 'with the first address'
run "$SV" run "$ROOTFS" /bin/true
is "$(links)" 'eth9 ' 'and nothing is left'
is "$(switch ipv4/conf/eth9/forwarding)" 0 'forwarding is as it was'
leftovers

# --- full -------------------------------------------------------------------------------------------------------------------------------

if [ "$STRESS" = long ]; then
	ip link add full type bridge
	ip addr add 10.20.0.1/16 dev full
	ip link set full up
	for number in $(seq 1 512); do
		echo "link add name a$number type veth peer name b$number"
		echo "link set a$number master full"
		[ "$number" -eq 512 ] || echo "link set b$number master full"
	done >"$T/batch"
	ok 'a bridge of 1,023 ports' ip -batch "$T/batch"
	run "$SV" run --bridge full "$ROOTFS" /bin/true
	is "$status" 125 'takes no more'
	like "$err" "^sv: cannot make a link on 'full'.*; hint: a bridge has 1023 ports at most" 'which is said'
	is "$(links | tr ' ' '\n' | grep -c '^sv')" 0 'and no link is left'
	leftovers
fi
done_testing
