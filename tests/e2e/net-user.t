#!/bin/sh
# SPDX-License-Identifier: MIT
# --net user: the outside without any right, by pasta or slirp4netns, as root and as an ordinary user.
. "${0%/*}/../lib.sh"
. "${0%/*}/../net.sh"

own_network
need setpriv python3
[ -x "$talk" ] || skip_all 'no helpers are built'
[ -c /dev/net/tun ] || skip_all_cannot 'no /dev/net/tun'
make_outside
nsenter -t "$outside" -n "$talk" serve tcp :: 80 >"$T/out" 2>&1 &
server=$!
wait_for 10 has_line "$T/out" ready

# An ordinary user's: a tree of its own, and a tunnel that it may open.
R=$T/r
cp -a "$ROOTFS" "$R" && chown -R 1000:1000 "$R" && chmod 755 "$tap_dir" "$T"
mkdir "$T/net"
cp -a /dev/net/tun "$T/net/tun" && chmod 666 "$T/net/tun"
mount --bind "$T/net" /dev/net
at_exit 'umount /dev/net 2>/dev/null'

# A folder with the one program and no other.
for program in pasta slirp4netns; do
	mkdir "$T/$program"
	! command -v "$program" >/dev/null || ln -s "$(command -v "$program")" "$T/$program/$program"
done

# as WHO ARG...: sv, with the words before it that make it somebody's.
as() {
	as_who=$1
	shift
	set -- --net user -v "$BUILD/helpers:/helpers:ro" "$@"
	case $as_who in
	user) set -- setpriv --reuid 1000 --regid 1000 --clear-groups env PATH="$T/$program" "$SV" run "$@" ;;
	root) set -- env PATH="$T/$program" "$SV" run "$@" ;;
	*) set -- env PATH="$T/$program" "$SV" run --userns host "$@" ;;
	esac
	$as_start "$@"
}
gone_all() { ! pgrep -x "$1"; }

for program in pasta slirp4netns; do
	command -v "$program" >/dev/null || {
		skip "no $program" "$program"
		continue
	}
	for who in user root root_host; do
		as_start=run
		as $who "$R" /bin/sh -c '/helpers/talk ask tcp 192.0.2.2 80 ping; cat /etc/resolv.conf'
		like "$status:$out" '^0:(::ffff:)?192.0.2.1 ping' "$program, $who: the outside is reached" || note "$err"
		is "$err" '' 'and there is nothing to say'
		like "$out" '^nameserver (169.254.1.1|10.0.2.3)$' 'the resolver is the one that the program passes on'
		as_start=start
		as $who -p 8080:80 -p 5000:5000/udp "$R" /bin/sh -c '
			/helpers/talk serve udp 0.0.0.0 5000 >/dev/null & exec /helpers/talk serve tcp 0.0.0.0 80'
		ready
		like "$(ask tcp 127.0.0.1 8080)" ' ping$' 'a published port is reached'
		like "$(out_ask tcp 192.0.2.1 8080)" ' ping$' 'from outside too'
		like "$(ask udp 127.0.0.1 5000)" ' ping$' 'and one of UDP'
		like "$(out_ask udp 192.0.2.1 5000)" ' ping$' 'from outside too'
		run "$SV" run --net user -p 8080:80 "$R" /bin/true
		like "$status:$err" '^125:sv: cannot publish port 8080/tcp: .*EADDRINUSE' 'which nobody else gets'
		kill -KILL "$pid"
		wait "$pid" 2>/dev/null
		ok "$program ends with a killed sv" wait_for 10 gone_all "$program"
	done
done

# --- what goes wrong --------------------------------------------------------------------------------------------------

run env PATH=/nowhere "$SV" run --net user "$ROOTFS" /bin/true
like "$status:$err" '^125:sv: --net user: neither pasta nor slirp4netns is installed; hint: install the package passt' \
	'without either: which they are'
cat >"$T/broken" <<'SCRIPT'
#!/bin/sh
echo 'first' >&2
echo 'this is why' >&2
exit 1
SCRIPT
chmod 755 "$T/broken"
mkdir "$T/bad"
cp "$T/broken" "$T/bad/pasta"
run env PATH="$T/bad" "$SV" run --net user "$ROOTFS" /bin/true
like "$status:$err" "^125:sv: $T/bad/pasta can't make the container's network: this is why\$" "what the program said is passed on"
unlike "$err" first 'its last line'

if [ -e "$T/pasta/pasta" ] || [ -e "$T/slirp4netns/slirp4netns" ]; then
	doctor() { run setpriv --reuid 1000 --regid 1000 --clear-groups "$SV" doctor; }
	doctor
	like "$out" '^ok +--net user, by ' 'doctor: --net user works for an ordinary user'
	chmod 600 "$T/net/tun"
	doctor
	like "$out" '^missing +/dev/net/tun \(EACCES\): no --net user; ' 'doctor: not where the tunnel is closed to him'
fi

kill "$server"
umount /dev/net
run "$SV" run "$ROOTFS" /bin/true
run setpriv --reuid 1000 --regid 1000 --clear-groups env -u XDG_RUNTIME_DIR "$SV" run "$R" /bin/true
is "$status" 0 'an ordinary user'\''s next one'
ok 'takes what his killed one left' [ ! -e /tmp/sv-1000 ]
leftovers
done_testing
