#!/bin/sh
# SPDX-License-Identifier: MIT
# What of /proc and /sys is hidden, and what can't be written to.
. "${0%/*}/../lib.sh"

own_mounts
R=$T/r
cp -a "$ROOTFS" "$R"

inside() { run "$SV" run --cap-add ALL --seccomp none "$R" /bin/sh -c "$1"; }

# The lists of Docker and Podman. What this machine's kernel lacks is neither hidden nor there.
hidden='/proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/scsi
/proc/timer_list /proc/timer_stats /sys/firmware /sys/devices/virtual/powercap /sys/fs/selinux /sys/dev/block'
for cpu in /sys/devices/system/cpu/cpu[0-9]*/thermal_throttle; do
	[ ! -e "$cpu" ] || hidden="$hidden $cpu"
done
closed='/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger'

# --- hidden ---------------------------------------------------------------------------------------------------------

for options in '' '-u 1000' '--userns host' '--pid host' '--read-only'; do
	# shellcheck disable=SC2016,SC2086
	run "$SV" run $options "$R" /bin/sh -c 'for path; do
			if [ -d "$path" ]; then ls -A "$path"; elif [ -e "$path" ]; then cat "$path"; fi
		done' sh $hidden
	is "$status:$out:$err" 0:: "what is hidden reads empty (${options:-by default})"
done
there=''
for path in $hidden; do [ ! -e "$path" ] || there="$there$path "; done
# shellcheck disable=SC2016,SC2086
run "$SV" run "$R" /bin/sh -c 'for path; do [ ! -e "$path" ] || printf "%s " "$path"; done' sh $hidden
is "$out" "$there" 'and is there where it is outside: programs find it, and nothing in it'
like "$there" '/proc/interrupts ' 'some of it is'
isnt "$(cat /proc/interrupts)" '' 'and has something to hide'
# shellcheck disable=SC2016,SC2086
inside "for path in $(printf '%s' "$hidden" | tr '\n' ' '); do"'
	if [ -d "$path" ]; then ! touch "$path/made"; elif [ -e "$path" ]; then ! (echo x >"$path"); fi || echo "$path"
done 2>/dev/null'
is "$status:$out" 0: 'nothing can be written there, with every capability'

# --- closed ---------------------------------------------------------------------------------------------------------

for options in '' '--userns host' '--pid host' '--net host'; do
	# shellcheck disable=SC2016,SC2086
	run "$SV" run $options "$R" /bin/sh -c 'for path; do
			[ ! -d "$path" ] || find "$path" -type f -perm -200 2>/dev/null | head -n 40 | while read -r file; do
				(exec 3>>"$file") 2>/dev/null && echo "$file"
			done
			if [ -f "$path" ] && (exec 3>>"$path") 2>/dev/null; then echo "$path"; fi
		done' sh $closed
	is "$status:$out" 0: "nothing of what is closed can be opened for writing (${options:-by default})"
done
if [ -e /proc/sysrq-trigger ]; then
	run "$SV" run --userns host "$R" /bin/sh -c 'exec 3>>/proc/sysrq-trigger'
	like "$err" 'Read-only file system' 'not even by root of the host'
else
	skip_cannot 'no /proc/sysrq-trigger' 'not even by root of the host'
fi
run "$SV" run --userns host "$R" /bin/sh -c 'exec 3>>/proc/sys/kernel/core_pattern'
like "$err" 'Read-only file system' 'nor can the host be told what to run'
run "$SV" run "$R" cat /proc/sys/kernel/ostype
is "$out" Linux 'it can be read'
run "$SV" run --privileged "$R" /bin/sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv4/ip_forward'
is "$status:$out" 0:1 '--privileged: the container'\''s own settings can be written'

settings='cd /proc/sys && cat net/ipv4/ip_forward kernel/msgmax'
run "$SV" run --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=1234 "$R" /bin/sh -c "$settings; echo 0 >net/ipv4/ip_forward"
is "$out" '1
1234' '--sysctl works, as it comes before'
like "$err" 'Read-only file system' 'and stays'

# --- what is not trusted --------------------------------------------------------------------------------------------

mkdir "$T/empty" "$T/trap"
touch "$T/trap/null"
cp -a "$ROOTFS" "$T/fake" && rm -rf "$T/fake/proc" && mkdir "$T/fake/real" && ln -s real "$T/fake/proc"
for options in "-v $T/empty:/dev" "-v $T/trap:/dev" "--device /dev/zero:/dev/null"; do
	# shellcheck disable=SC2086
	run "$SV" run $options "$R" /bin/sh -c 'cat /proc/interrupts; echo hidden; exec 2>&1 3>>/proc/interrupts'
	like "$out" '^hidden$' "$options: whatever /dev/null is, the files are hidden"
	is "$(printf '%s\n' "$out" | head -n 1)" hidden 'and read empty'
	unlike "$(cat "$T/trap/null")" . 'and nothing got there'
done
is "$(find "$T/empty" "$T/trap" -mindepth 1)" "$T/trap/null" 'in a /dev of the user'\''s nothing is left'
run "$SV" run "$T/fake" /bin/true
like "$status:$err" "^125:sv: .*'/proc'" 'a /proc that is a link is refused'
run "$SV" run -v "$T/empty:/proc/sys/fs" "$R" /bin/true
isnt "$status" 126 'a volume in /proc is the user'\''s affair'
run "$SV" run --dry-run "$R"
for path in $hidden; do
	case $path in
	*/thermal_throttle) ;;
	*) like "$out" "^hidden +$path\$" "--dry-run lists $path" ;;
	esac
done
for path in $closed; do like "$out" "^read-only +$path\$" "--dry-run lists $path"; done

leftovers
done_testing
