#!/bin/sh
# SPDX-License-Identifier: MIT
# Capabilities: all five sets, and what adds to them and takes from them.
. "${0%/*}/../lib.sh"

need_root
N=caps$$
R=$T/r
cp -a "$ROOTFS" "$R"
# A user namespace has all there are; without one there is what we were given.
all=$(printf '%016x' $(((1 << $(cat /proc/sys/kernel/cap_last_cap) + 1) - 1)))
ours=$(awk '/^CapBnd/ { print $2 }' /proc/self/status)
none=0000000000000000
default=00000000800405fb # the 11 of Podman

# sets INHERITABLE PERMITTED EFFECTIVE BOUNDING AMBIENT NAME OPTION...: of the command.
sets() {
	expected="$1 $2 $3 $4 $5" name=$6
	shift 6
	run "$SV" run "$@" "$R" sed -n 's/^Cap[A-Z][a-z]*:\t//p' /proc/self/status
	is "$status:$(printf '%s' "$out" | tr '\n' ' ')" "0:$expected" "$name" || note "$err"
}

# bits NAME...: the set of these numbers.
bits() {
	set_of=0
	for bit; do set_of=$((set_of | 1 << bit)); done
	printf '%016x' "$set_of"
}

# CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP
is "$(bits 0 1 3 4 5 6 7 8 10 18 31)" "$default" 'the default set is the eleven'
for options in '' '--userns host' '--net host' '--no-new-privs=false' '--seccomp none'; do
	# shellcheck disable=SC2086
	sets "$none" "$default" "$default" "$default" "$none" "root ${options:-by default}" $options
	# shellcheck disable=SC2086
	sets "$none" "$none" "$none" "$default" "$none" "-u 1000 ${options:-by default}" -u 1000 $options
done

# --- added and dropped ----------------------------------------------------------------------------------------------

added=$(bits 0 1 3 4 5 6 7 8 10 18 31 13)
sets "$none" "$added" "$added" "$added" "$none" '--cap-add NET_RAW' --cap-add NET_RAW
for word in net_raw CAP_NET_RAW cap_net_raw Net_Raw NET_RAW,net_raw; do
	sets "$none" "$added" "$added" "$added" "$none" "--cap-add $word is the same" --cap-add "$word"
done
asked=$(bits 13)
sets "$asked" "$asked" "$asked" "$added" "$asked" 'for another user what was asked, and ambient' -u 1000 --cap-add NET_RAW
few=$(bits 10 13)
sets "$few" "$few" "$few" "$added" "$few" 'also what is a default for root' -u 1000 --cap-add NET_RAW,NET_BIND_SERVICE
less=$(bits 1 3 4 5 6 7 8 10 18)
sets "$none" "$less" "$less" "$less" "$none" '--cap-drop' --cap-drop CHOWN --cap-drop SETFCAP
sets "$none" "$less" "$less" "$less" "$none" '--cap-drop, as a list' --cap-drop chown,setfcap
sets "$none" "$none" "$none" "$less" "$none" '--cap-drop for another user' -u 1000 --cap-drop chown,setfcap
sets "$none" "$none" "$none" "$none" "$none" '--cap-drop ALL' --cap-drop ALL
sets "$none" "$asked" "$asked" "$asked" "$none" '--cap-drop ALL --cap-add' --cap-drop ALL --cap-add NET_RAW
sets "$asked" "$asked" "$asked" "$asked" "$asked" 'and for another user' --cap-add NET_RAW --cap-drop ALL -u 1000
sets "$none" "$all" "$all" "$all" "$none" '--cap-add ALL' --cap-add ALL
sets "$none" "$ours" "$ours" "$ours" "$none" '--cap-add ALL --userns host: all that sv has' --cap-add ALL --userns host
sets "$none" "$none" "$none" "$all" "$none" '--cap-add ALL: for another user none is ambient' --cap-add ALL -u 1000
most=$(printf '%016x' $((0x$all & ~(1 << 13))))
sets "$none" "$most" "$most" "$most" "$none" '--cap-add ALL --cap-drop' --cap-add ALL --cap-drop NET_RAW

# --- what they are good for -----------------------------------------------------------------------------------------

run "$SV" run "$R" /bin/sh -c 'touch /tmp/f && chown 5:5 /tmp/f && rm /tmp/f'
is "$status:$err" 0: 'root may give files away'
run "$SV" run --cap-drop CHOWN "$R" /bin/sh -c 'touch /tmp/f && chown 5:5 /tmp/f; rm /tmp/f'
like "$err" 'Operation not permitted' 'and not without CHOWN'
run "$SV" run --cap-drop ALL "$R" /bin/sh -c 'cat /proc/1/cmdline >/dev/null; kill -0 1; echo $?'
is "$status:$out" 0:0 '--cap-drop ALL: the command runs'
run "$SV" run --cap-add SYS_ADMIN "$R" mount -t tmpfs tmpfs /mnt
is "$status:$err" 0: '--cap-add SYS_ADMIN: the filter lets mount through'
run "$SV" run "$R" mount -t tmpfs tmpfs /mnt
isnt "$status" 0 'which it doesn'\''t by default'

# Init, not busybox, which gives such rights back; with no_new_privs off the kernel would give root all that is bounded.
cp "$INIT" "$R/bin/suid-init" && chmod 4755 "$R/bin/suid-init"
# shellcheck disable=SC2016
user='/bin/suid-init sleep 60 & until grep -qs init "/proc/$!/comm" || ! kill -0 "$!"; do :; done
	sed -n "s/^Cap\(Prm\|Eff\|Bnd\):\t//p" "/proc/$!/status" | tr "\n" " "'
run "$SV" run --no-new-privs=false -u 1000 "$R" /bin/sh -c "$user"
is "$status:$out" "0:$default $default $default " 'a set-user-ID program gets the bounding set'
run "$SV" run --no-new-privs=false -u 1000 --cap-drop ALL --cap-add KILL "$R" /bin/sh -c "$user"
is "$status:$out" "0:$(bits 5) $(bits 5) $(bits 5) " 'and never more'
run "$SV" run -u 1000 "$R" /bin/sh -c "$user"
is "$status:$out" "0:$none $none $default " 'with no_new_privs nothing'

# --- init -----------------------------------------------------------------------------------------------------------

for options in '' '--privileged' '--cap-add ALL' '--cap-drop ALL' '-u 1000' '--userns host' '--pid host'; do
	# shellcheck disable=SC2086
	start "$SV" run --name "$N" $options "$R" /bin/sh -c 'echo ready; exec sleep 1000'
	ready
	init=$(children "$pid")
	has_kill_only() {
		[ "$(sed -n 's/^Cap\(Inh\|Prm\|Eff\|Amb\):\t//p' "/proc/$init/status" | tr '\n' ' ')" = "$none $(bits 5) $(bits 5) $none " ]
	}
	ok "init itself keeps KILL alone (${options:-by default})" wait_for 10 has_kill_only
	kill "$pid"
	finish
done

# --- words ----------------------------------------------------------------------------------------------------------

# refused PATTERN OPTION...
refused() {
	pattern=$1
	shift
	run "$SV" run "$@" "$R" /bin/echo it ran
	is "$status:$out:$(printf '%s\n' "$err" | wc -l)" 125::1 "refused: $*" || note "$err"
	like "$err" "^sv: $pattern" 'with the reason'
}
refused "--cap-add: 'NET_RAV' .*; hint: .*NET_RAW" --cap-add NET_RAV
refused "--cap-add: .*'net_rwa'.*; hint: .*NET_RAW" --cap-add kill,net_rwa
refused "--cap-drop: 'CAP_CHWON' .*; hint: .*CHOWN" --cap-drop CAP_CHWON
refused "--cap-add: 'CAP_' " --cap-add CAP_
refused "--cap-add: '' " --cap-add ''
refused "--cap-add: " --cap-add 'KILL,'
refused "--cap-add: 'x{60}" --cap-add "$(printf %0200d 0 | tr 0 x)"
refused "--cap-drop: 'ALLE' " --cap-drop ALLE

# --- privileged -----------------------------------------------------------------------------------------------------

run "$SV" run --privileged "$R" sed -n 's/^\(CapEff\|CapBnd\|NoNewPrivs\|Seccomp\):\t//p' /proc/self/status
is "$status:$(printf '%s' "$out" | tr '\n' ' ')" "0:$all $all 0 0" '--privileged: all capabilities, no filter, no_new_privs off'
is "$(printf '%s\n' "$err" | wc -l)" 1 'and one line that says so'
like "$err" '^sv: --privileged: all capabilities, no seccomp filter, nothing hidden or read-only in /proc and /sys$' 'what it gives away'
run "$SV" run --privileged --userns host "$R" /bin/true
like "$err" '^sv: --privileged: .*, every device: .*can take over this machine' 'and that with --userns host it is everything'
run "$SV" run --privileged "$R" awk '$1 == 0 { print $3 }' /proc/self/uid_map
is "$out" 65536 '--privileged alone keeps the user namespace'
run "$SV" run --privileged "$R" awk '{ print $5 }' /proc/self/mountinfo
unlike "$out" '^/proc/|^/sys/(firmware|dev)' '--privileged: nothing is hidden'
run "$SV" run --privileged -u 1000 "$R" sed -n 's/^Cap[A-Z][a-z]*:\t//p' /proc/self/status
is "$(printf '%s' "$out" | tr '\n' ' ')" "$none $none $none $all $none" '--privileged -u 1000: a user is a user'

leftovers
done_testing
