#!/bin/sh
# SPDX-License-Identifier: MIT
# --publish: who reaches a container's port, by which way, and what a port costs others.
. "${0%/*}/../lib.sh"
. "${0%/*}/../net.sh"

own_network
need python3
[ -x "$talk" ] || skip_all 'no helpers are built'
make_outside
net_state >"$T/before"

# Not as the parent of what is started: that is sv itself.
bridge() { "$SV" run --net bridge -v "$BUILD/helpers:/helpers:ro" "$@"; }
start_bridge() { start "$SV" run --net bridge -v "$BUILD/helpers:/helpers:ro" "$@"; }
servers='/helpers/talk serve tcp :: 80 >/tmp/a & /helpers/talk serve udp :: 5000 >/tmp/b & /helpers/talk serve tcp 0.0.0.0 84 >/tmp/c &
	nc -ll -p 81 -e md5sum & nc -ll -p 82 -e cat /tmp/big &
	head -c 30000000 /dev/urandom >/tmp/big
	until grep -q ready /tmp/a && grep -q ready /tmp/b && grep -q ready /tmp/c; do sleep 0.1; done
	md5sum </tmp/big | cut -c 1-32; echo ready; exec sleep 1000'

start_bridge --name web --bridge-addr6 fd00:10::1/64 --tmpfs /tmp:size=64m -p 8080:80 -p 5000:5000/udp -p 127.0.0.1:8081:80 \
	-p 192.0.2.1:8082:80 -p '[::1]:8083:80' -p 8181-8182:81-82 -p 84:84 -p 8099:99 "$ROOTFS" /bin/sh -c "$servers"
ready
web=$pid
sum=$(sed -n 1p "$stdout")

# --- who reaches it -------------------------------------------------------------------------------------------------

is "$(ask tcp 127.0.0.1 8080)" '10.10.10.1 ping' 'loopback reaches it, by the relay'
is "$(ask tcp ::1 8080)" 'fd00:10::1 ping' 'that of IPv6 too'
is "$(ask tcp 192.0.2.1 8080)" '192.0.2.1 ping' "the machine's own address reaches it, by translation"
is "$(ask tcp 2001:db8::1 8080)" '2001:db8::1 ping' 'that of IPv6 too'
is "$(out_ask tcp 192.0.2.1 8080)" '192.0.2.2 ping' 'the outside reaches it, and its address is seen inside'
is "$(out_ask tcp 2001:db8::1 8080)" '2001:db8::2 ping' 'by IPv6 too'
is "$(ask udp 127.0.0.1 5000)" '10.10.10.1 ping' 'UDP: loopback'
is "$(ask udp ::1 5000)" 'fd00:10::1 ping' 'UDP: loopback of IPv6'
is "$(ask udp 192.0.2.1 5000)" '192.0.2.1 ping' 'UDP: own address'
is "$(out_ask udp 192.0.2.1 5000)" '192.0.2.2 ping' 'UDP: the outside'
is "$(out_ask udp 2001:db8::1 5000)" '2001:db8::2 ping' 'UDP: the outside, by IPv6'
is "$(ask tcp ::1 84)" '10.10.10.1 ping' 'a program that listens on IPv4 only is reached over ::1 too'
is "$(ask tcp 127.0.0.1 8081)" '10.10.10.1 ping' 'one that is published on loopback'
isnt "$(out_ask tcp 192.0.2.1 8081)" '192.0.2.2 ping' 'is not reached from outside'
is "$(out_ask tcp 192.0.2.1 8082)" '192.0.2.2 ping' 'one that is published on an address'
isnt "$(ask tcp 127.0.0.1 8082)" '10.10.10.1 ping' 'is not reached by loopback'
is "$(ask tcp ::1 8083)" 'fd00:10::1 ping' 'one that is published on ::1'
isnt "$(ask tcp 127.0.0.1 8083)" '10.10.10.1 ping' 'is not reached by 127.0.0.1'
isnt "$(out_ask tcp 192.0.2.1 80)" '192.0.2.2 ping' 'a port that is not published is not reached'
is "$(cat /proc/sys/net/ipv4/conf/all/route_localnet /proc/sys/net/ipv4/conf/up0/route_localnet \
	/proc/sys/net/ipv4/conf/sv0/route_localnet | tr -d '\n')" 000 'route_localnet stays off'

# A link that is no way out: packets aren't forwarded from there, the relay passes them on.
make_namespace
side=$made
connect side0 198.51.100.1/24 2001:db8:1::1/64 "$side" 198.51.100.2/24 2001:db8:1::2/64
is "$(timeout 20 nsenter -t "$side" -n "$talk" ask tcp 198.51.100.1 8080 ping | sed 's/^::ffff://')" '10.10.10.1 ping' \
	'another link of the machine reaches it, by the relay'
is "$(timeout 20 nsenter -t "$side" -n "$talk" ask udp 198.51.100.1 5000 ping | sed 's/^::ffff://')" '10.10.10.1 ping' \
	'with UDP, and the answer comes from the address that was asked'

run bridge --name client "$ROOTFS" /bin/sh -c '
	for to in 192.0.2.1 10.10.10.1 2001:db8::1 fd00:10::1; do /helpers/talk ask tcp $to 8080 ping; done
	/helpers/talk ask udp 192.0.2.1 5000 ping; /helpers/talk ask tcp web 80 ping'
is "$(echo "$out" | sed 's/^::ffff://' | grep -c ' ping$')" 5 "another container reaches it by the machine's addresses"
run bridge --name self -p 8090:80 "$ROOTFS" /bin/sh -c '
	/helpers/talk serve tcp :: 80 >/tmp/o & until grep -q ready /tmp/o; do sleep 0.1; done
	/helpers/talk ask tcp 192.0.2.1 8090 ping; rm /tmp/o'
is "$(echo "$out" | sed 's/^::ffff://')" '10.10.10.1 ping' 'a container reaches itself so'

# --- the relay ------------------------------------------------------------------------------------------------------

cat >"$T/client.py" <<'PYTHON'
import hashlib, socket, sys, threading
what, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
def whole(s):
    data = []
    while True:
        piece = s.recv(65536)
        if not piece: return b''.join(data)
        data.append(piece)
def connect():
    s = socket.create_connection((host, port), 20)
    return s
if what == 'upload':       # says all, ends its half, and only then hears the answer
    data = open(sys.argv[4], 'rb').read()
    s = connect(); s.sendall(data); s.shutdown(socket.SHUT_WR)
    print(whole(s).decode().split()[0] == hashlib.md5(data).hexdigest())
elif what == 'download':
    print(hashlib.md5(whole(connect())).hexdigest())
elif what == 'slow':       # the other half may be slow: nothing gets lost meanwhile
    s = connect(); s.shutdown(socket.SHUT_WR)
    threading.Event().wait(1)
    print(hashlib.md5(whole(s)).hexdigest())
elif what == 'many':
    all = [connect() for i in range(int(sys.argv[4]))]
    for s in all: s.sendall(b'x')
    print(sum(1 for s in all if s.recv(100).endswith(b' x')))
elif what == 'datagrams':
    all = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(int(sys.argv[4]))]
    got = 0
    for i, s in enumerate(all):
        s.settimeout(10); s.connect((host, port)); s.send(b'%d' % i)
        got += s.recv(100).endswith(b' %d' % i)
    print(got)
elif what == 'refused':
    try:
        print('end' if connect().recv(1) == b'' else 'data')
    except ConnectionResetError: print('reset')
PYTHON
head -c 20000000 /dev/urandom >"$T/up"
for host in 127.0.0.1 ::1 192.0.2.1; do
	is "$(timeout 60 python3 "$T/client.py" upload $host 8181 "$T/up")" True "20 MB to $host, the half-close passes on, and the answer comes back"
	is "$(timeout 60 python3 "$T/client.py" download $host 8182)" "$sum" "30 MB from $host"
done
is "$(timeout 60 python3 "$T/client.py" slow 127.0.0.1 8182)" "$sum" 'a slow reader that has ended its half gets it all'
is "$(timeout 60 python3 "$T/client.py" many 127.0.0.1 8080 1)" 1 'a connection at a time'
is "$(timeout 60 python3 "$T/client.py" datagrams 127.0.0.1 5000 700)" 700 '700 clients of UDP get their answers'
relay=$(children "$web" | while read -r child; do
	[ "$(readlink "/proc/$child/exe")" != "$SV" ] || echo "$child"; done)
is "$(awk '/^(Uid|CapEff|NoNewPrivs):/ { print $2 }' "/proc/$relay/status" | tr '\n' ' ')" '65534 0000000000000000 1 ' \
	'the relay is nobody, and can do nothing'
ok 'its sessions are bounded' [ "$(find "/proc/$relay/fd" | wc -l)" -lt 620 ]
is "$(find "/proc/$relay/fd" -lname '/*' | wc -l)" 0 'it has no file open'

kill -STOP "$relay"
is "$(out_ask tcp 192.0.2.1 8080)" '192.0.2.2 ping' 'what is translated needs no relay'
kill -CONT "$relay"

is "$(timeout 20 python3 "$T/client.py" refused 127.0.0.1 8099)" reset 'a port that nobody listens on inside resets the connection'

# --- ports in use ---------------------------------------------------------------------------------------------------

for publish in 8080:80 127.0.0.1:8080:80 192.0.2.1:8080:81 5000:5000/udp '[::]:8080:1' 8179-8185:1179-1185; do
	run bridge --name second -p "$publish" "$ROOTFS" /bin/true
	like "$status:$err" "^125:sv: cannot publish port (8080|5000|8181)/(tcp|udp).*EADDRINUSE.*hint: 'ss -l[tu]np sport = :(8080|5000|8181)'" \
		"'$publish' is in use"
done
run bridge --name second -p 8080:80/udp "$ROOTFS" /bin/true
is "$status:$err" 0: 'the same number of the other protocol is free'
run bridge --name second -p 203.0.113.9:80:80 "$ROOTFS" /bin/true
like "$status:$err" "^125:sv: cannot publish port 80/tcp of 203.0.113.9: .*EADDRNOTAVAIL.*hint: 'ip address'" \
	'an address that is not the machine'"'"'s'

# --- the end --------------------------------------------------------------------------------------------------------

kill "$web"
wait "$web"
ip link del side0
kill "$side"
wait_for 10 gone "$relay"
tidy() { net_state >"$T/after" && cmp -s "$T/before" "$T/after"; }
ok 'links, addresses, rules and state are as before' wait_for 5 tidy || note "$(diff "$T/before" "$T/after")"
is "$(ask tcp 127.0.0.1 8080 | grep -c ping)" 0 'the port is free again'

for i in 1 2 3; do
	start_bridge --name web -p 8080:80 "$ROOTFS" /bin/sh -c 'echo ready; exec sleep 1000'
	ready
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	run bridge --name "next$i" -p 8080:80 "$ROOTFS" /bin/true
	is "$status:$err" 0: "after SIGKILL ($i) the port is free at once"
done
run "$SV" run "$ROOTFS" /bin/true
ok 'and nothing is left' wait_for 10 tidy || note "$(diff "$T/before" "$T/after")"

if [ ! -e /proc/sys/net/ipv6/conf/up0/force_forwarding ]; then
	echo 0 >/proc/sys/net/ipv6/conf/all/forwarding
	start_bridge --name web --bridge-addr6 fd00:10::1/64 -p 8080:80 "$ROOTFS" /bin/sh -c '/helpers/talk serve tcp :: 80'
	ready
	is "$(out_ask tcp 2001:db8::1 8080)" 'fd00:10::1 ping' 'where IPv6 is not forwarded the relay serves the outside'
	kill "$pid"
	wait "$pid"
else
	skip_cannot 'this kernel forwards for single links' 'where IPv6 is not forwarded the relay serves the outside'
fi

# --- bad input ------------------------------------------------------------------------------------------------------

while IFS='|' read -r words message; do
	# shellcheck disable=SC2086
	run "$SV" run $words "$ROOTFS" /bin/true
	like "$status:$err" "^125:sv: --publish: $message" "refused: $words"
done <<'TABLE'
--net bridge -p 0:80|'0:80' has a port out of range; hint: ports are 1 to 65535
--net bridge -p 80:70000|'80:70000' has a port out of range
--net bridge -p 80|'80' is no pair of ports; hint
--net bridge -p :80|':80' is no pair of ports
--net bridge -p 80:|'80:' is no pair of ports
--net bridge -p a:80|'a:80' is no pair of ports
--net bridge -p 80:80/sctp|'80:80/sctp' has an unknown protocol; hint: tcp or udp
--net bridge -p 1.2.3:80:80|'1.2.3:80:80' has an address that is none
--net bridge -p ::1:80:80|'::1:80:80' has an address that is none
--net bridge -p [1.2.3.4]:80:80|'\[1.2.3.4\]:80:80' has an address that is none
--net bridge -p 80-90:80-91|'80-90:80-91' has ranges of different lengths
--net bridge -p 90-80:90-80|'90-80:90-80' has a port out of range
--net bridge -p 1000-2000:1000-2000|'1000-2000:1000-2000' is more than can be published
--net bridge -p 80:80 -p 80:81|port 80/tcp is there twice
--net bridge -p 80:80 -p 127.0.0.1:70-90:70-90|port 80/tcp is there twice
-p 80:80|this network has no ports to be published; hint: --net bridge
--net host -p 80:80|with --net host every port is the machine
TABLE

leftovers
done_testing
