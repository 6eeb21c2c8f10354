#!/bin/sh
# SPDX-License-Identifier: MIT
# /etc/hosts, /etc/hostname and /etc/resolv.conf of a container with a network, and the names of its neighbours.
. "${0%/*}/../lib.sh"
. "${0%/*}/../net.sh"

own_network
make_outside
R=$T/r
cp -a "$ROOTFS" "$R"
rm -f "$R/etc/hosts" "$R/etc/hostname" "$R/etc/resolv.conf"

# --- the files ------------------------------------------------------------------------------------------------------

run "$SV" run --net bridge --name box "$R" /bin/sh -c '
	cat /etc/hosts /etc/hostname /etc/resolv.conf; stat -c "%n %a %u:%g" /etc/hosts /etc/hostname /etc/resolv.conf'
is "$status:$out" '0:127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
10.10.10.2	box
box
nameserver 192.0.2.53
search example.org
/etc/hosts 644 0:0
/etc/hostname 644 0:0
/etc/resolv.conf 644 0:0' 'each container has its own, owned by its root'
is "$(stat -c '%s %a' "$R/etc/hosts" "$R/etc/hostname" "$R/etc/resolv.conf" | sort -u)" '0 644' 'only empty mount points stay in the root tree'
(umask 077 && "$SV" run --net bridge "$R" stat -c %a /etc/hosts) >"$T/mode"
is "$(cat "$T/mode")" 644 'whatever the umask'
run "$SV" run --net bridge "$R" /bin/sh -c 'echo 10.0.0.1 x >>/etc/hosts && echo changed >/etc/hostname && >/etc/resolv.conf && grep -c x /etc/hosts
	dd if=/dev/zero of=/etc/hosts bs=64k count=1000 2>&1 | grep -o "No space left"'
is "$status:$out" '0:1
No space left' 'they can be written to inside, as far as their memory goes'
run "$SV" run --userns host --net bridge --name box "$R" /bin/sh -c 'stat -c %u /etc/hosts; cat /etc/hostname'
is "$out" '0
box' 'without a user namespace'
run "$SV" run --read-only --net bridge "$R" /bin/sh -c 'echo 1.2.3.4 y >>/etc/hosts; tail -n 1 /etc/hosts; touch /etc/x'
like "$out:$err" '^1.2.3.4 y:touch: /etc/x: Read-only file system' 'under --read-only too'
run "$SV" run --net bridge --name box --hostname front --add-host db:10.0.0.5 --add-host six:2001:db8::5 --add-host 'b:[2001:db8::6]' \
	--add-host gate:host-gateway "$R" cat /etc/hosts
is "$(echo "$out" | tail -n +3)" '10.0.0.5	db
2001:db8::5	six
2001:db8::6	b
10.10.10.1	gate
10.10.10.2	front box' '--add-host, and both names where there are two'
run "$SV" run --net bridge --dns 9.9.9.9 --dns 2620:fe::fe --dns-search a.test --dns-search b.test "$R" cat /etc/resolv.conf
is "$out" 'nameserver 9.9.9.9
nameserver 2620:fe::fe
search a.test b.test' '--dns and --dns-search'
run "$SV" run --net bridge --dns-search . "$R" cat /etc/resolv.conf
is "$out" 'nameserver 192.0.2.53' "'.' is no search"

run "$SV" run --net bridge -v "$T/resolv:/etc/resolv.conf" "$R" cat /etc/resolv.conf
like "$status" 125 'a volume that is not there'
echo mine >"$T/mine"
run "$SV" run --net bridge -v "$T/mine:/etc/resolv.conf" --tmpfs /opt "$R" cat /etc/resolv.conf
is "$status:$out" 0:mine 'a volume in the place of a file stays'
mkdir "$T/etc"
run "$SV" run --net bridge -v "$T/etc:/etc" "$R" ls /etc
is "$status:$out:$(ls "$T/etc")" '0::' 'a volume in the place of /etc stays as it is'

# Images have a link here, often one that leads nowhere.
for link in ../run/systemd/resolve/stub-resolv.conf /run/resolvconf/resolv.conf; do
	rm -rf "$R/etc/resolv.conf" "$R/run/systemd" "$R/run/resolvconf"
	ln -s "$link" "$R/etc/resolv.conf"
	run "$SV" run --net bridge "$R" /bin/sh -c 'cat /etc/resolv.conf; readlink /etc/resolv.conf'
	is "$status:$out" "0:nameserver 192.0.2.53
search example.org
$link" "behind a link to $link"
done
ln -sf ../../../../../../../../../etc/../../escape "$R/etc/resolv.conf"
run "$SV" run --net bridge "$R" cat /etc/resolv.conf
is "$status:$(find / -maxdepth 1 -name escape)" 0: 'a link can not lead out of the root tree'
rm -f "$R/etc/resolv.conf"

run "$SV" run "$R" /bin/sh -c 'cat /etc/hosts; grep -c " /etc/" /proc/self/mountinfo'
is "$out" 0 'without a network there is none of them'
for words in '--dns 1.1.1.1' '--add-host a:1.1.1.1' '--dns-search x'; do
	# shellcheck disable=SC2086
	run "$SV" run $words "$R" /bin/true
	like "$status:$err" '^125:sv: --(dns|add-host): there is no network to use it; hint: --net bridge' "'$words' without a network"
done
run "$SV" run --net host --add-host b:1.1.1.1 "$R" /bin/sh -c 'cat /etc/hosts /etc/resolv.conf'
is "$(echo "$out" | grep -cE '^1.1.1.1|192.0.2.53')" 2 "--net host: the machine's resolvers, and names of its own"
like "$out" "$(grep -E '^127.0.0.1' /etc/hosts | head -n 1)" "and the machine's names"

while IFS='|' read -r words message; do
	# shellcheck disable=SC2086
	run "$SV" run --net bridge $words "$R" /bin/true
	like "$status:$err" "^125:sv: $message" "refused: $words"
done <<'TABLE'
--dns x|--dns: 'x' is no address; hint: one address
--dns 1.2.3|--dns: '1.2.3' is no address
--dns-search a#b|--dns-search: 'a#b' is no domain
--add-host a|--add-host: 'a' is no name and address
--add-host :1.1.1.1|--add-host: ':1.1.1.1' is no name
--add-host a:b|--add-host: 'a:b' is no name and address
TABLE

# --- resolvers that no container can reach ----------------------------------------------------------------------------

resolv=$(readlink -f /etc/resolv.conf)
printf 'nameserver 127.0.0.53\noptions edns0\nsearch lan\n' >"$resolv"
run "$SV" run --net bridge "$R" cat /etc/resolv.conf
like "$err" "^sv: the machine's resolver is on its loopback.* 8.8.8.8 and 8.8.4.4; hint: --dns ADDRESS names another" 'is said'
is "$out" 'nameserver 8.8.8.8
nameserver 8.8.4.4
search lan
options edns0' 'and replaced'
run "$SV" run --net bridge --dns 9.9.9.9 "$R" cat /etc/resolv.conf
is "$err:$(echo "$out" | head -n 1)" ':nameserver 9.9.9.9' '--dns makes that unneeded'
run "$SV" run --net host "$R" cat /etc/resolv.conf
is "$err:$(echo "$out" | head -n 1)" ':nameserver 127.0.0.53' "with the machine's network it is reached"
mkdir -p /run/systemd/resolve
mount -t tmpfs tmpfs /run/systemd/resolve
printf 'nameserver 192.0.2.9\nnameserver fe80::1%%eth0\n' >/run/systemd/resolve/resolv.conf
run "$SV" run --net bridge "$R" cat /etc/resolv.conf
like "$err" 'asks those of /run/systemd/resolve/resolv.conf' 'whom systemd-resolved asks is asked'
is "$(echo "$out" | grep nameserver)" 'nameserver 192.0.2.9' 'but for what only the machine can'
umount /run/systemd/resolve
rmdir -p /run/systemd/resolve 2>/dev/null
printf 'nameserver 192.0.2.53\n' >"$resolv"

# --- neighbours -------------------------------------------------------------------------------------------------------

hosts() { nsenter -t "$1" -m cat /etc/hosts | tail -n +3; }
inner() { children "$(children "$1" | head -n 1)" | head -n 1; }
start "$SV" run --net bridge --bridge-addr6 fd00:10::1/64 --name one "$R" /bin/sh -c 'echo ready; exec sleep 1000'
ready
one=$pid one_in=$(inner "$pid")
start "$SV" run --net bridge --name two --hostname second "$R" /bin/sh -c 'cat /etc/hosts; echo ready; exec sleep 1000'
ready
two=$pid two_in=$(inner "$pid")
is "$(sed -n '3,/ready/p' "$stdout")" '10.10.10.3	second two
fd00:10::3	second two
10.10.10.2	one
fd00:10::2	one
ready' 'a later one has the names of the earlier from its start'
knows() { hosts "$1" | grep -q "	$2\$"; }
ok 'and an earlier one gets that of a later' wait_for 10 knows "$one_in" two
is "$(hosts "$one_in")" '10.10.10.2	one
fd00:10::2	one
10.10.10.3	two
fd00:10::3	two' 'with both addresses'
nsenter -t "$two_in" -m sh -c 'echo 192.0.2.7 own >>/etc/hosts'
start "$SV" run --net bridge --name three "$R" /bin/sh -c 'echo ready; exec sleep 1000'
ready
three=$pid
ok 'a third one' wait_for 10 knows "$one_in" three
is "$(hosts "$two_in" | grep -c three)" 0 'whoever changed the file has it to himself'
start "$SV" run --net bridge:sv7 --bridge-addr 10.7.0.1/24 --name four "$R" /bin/sh -c 'cat /etc/hosts; echo ready; exec sleep 1000'
ready
is "$(tail -n +3 "$stdout")" '10.7.0.2	four
ready' "another bridge's names are not its own"
kill "$pid"
wait "$pid"
kill "$three"
wait "$three"
forgot() { ! knows "$1" "$2"; }
ok 'a name goes with its container' wait_for 10 forgot "$one_in" three
kill -KILL "$two"
wait "$two" 2>/dev/null
run "$SV" run --net bridge --name five "$R" cat /etc/hosts
is "$(echo "$out" | grep -c two)" 0 'that of a killed one too'
ok 'everywhere' wait_for 10 forgot "$one_in" two
kill "$one"
wait "$one"
leftovers
done_testing
