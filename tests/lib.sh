# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
#
# What every test in shell begins with:
#
#     #!/bin/sh
#     . "${0%/*}/../lib.sh"
#     run "$SV" run "$ROOTFS" /bin/true
#     is "$status" 0 'true ends with 0'
#     leftovers
#     done_testing
#
# It writes TAP. It holds: a folder of one's own in $T, removed at the end; $TOP, $SV, $INIT, $ROOTFS, $ARCH as absolute
# paths, $STRESS ("short" or "long"). Waiting is for events, with a deadline (wait_for), never a sleep and a hope.
# Deadlines are as an idle machine has them, and mean that something is wrong, never that it is slow: each is
# $PATIENCE times as long (6).
#
# SV_MUST_WORK=1 turns `skip` into a failure; what this machine truly can't do is left out with `skip_cannot`.

set -u
LC_ALL=C
export LC_ALL

TOP=$(cd "${0%/*}" && while [ ! -e tests/lib.sh ] && [ "$PWD" != / ]; do cd ..; done && pwd)
: "${ARCH:=$(uname -m)}"
: "${BUILD:=$TOP/build/$ARCH}"
: "${SV:=$TOP/sv}"
: "${INIT:=$TOP/build/init}"
: "${ROOTFS:=$TOP/build/rootfs}"
: "${STRESS:=short}"
: "${SV_MUST_WORK:=0}"
: "${PATIENCE:=6}"
export TOP ARCH BUILD SV INIT ROOTFS STRESS SV_MUST_WORK PATIENCE
umask 022

tap_count=0
tap_failed=0
tap_planned=

tap_dir=$(mktemp -d "${TMPDIR:-/tmp}/sv-test.XXXXXX") || exit 1
T=$tap_dir/t
mkdir "$T"
stdout=$tap_dir/out
stderr=$tap_dir/err

# --- test points --------------------------------------------------------------------------------------------------

# note TEXT: a line of diagnosis.
note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

pass() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s\n' "$tap_count" "$1"
}

fail() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	printf 'not ok %d - %s\n' "$tap_count" "$1"
	return 1
}

# ok NAME COMMAND...: the command succeeds.
ok() {
	tap_name=$1
	shift
	if "$@" >"$tap_dir/ok" 2>&1; then
		pass "$tap_name"
	else
		tap_status=$?
		fail "$tap_name" || note "'$*' ended with $tap_status"
		note "$(tail -n 20 "$tap_dir/ok")"
		return 1
	fi
}

# is ACTUAL EXPECTED NAME
is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3" || note "got:      $1"
		note "expected: $2"
		return 1
	fi
}

isnt() {
	if [ "$1" != "$2" ]; then
		pass "$3"
	else
		fail "$3" || note "got what it should not be: $1"
		return 1
	fi
}

# like TEXT PATTERN NAME: a line of the text matches the extended regular expression.
like() {
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		pass "$3"
	else
		fail "$3" || note "no line matches: $2"
		note "$1"
		return 1
	fi
}

unlike() {
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		fail "$3" || note "a line matches: $2"
		note "$1"
		return 1
	else
		pass "$3"
	fi
}

# near ACTUAL EXPECTED PERCENT NAME: whole numbers, off by at most so much.
near() {
	tap_off=$(($1 > $2 ? $1 - $2 : $2 - $1))
	if [ $((tap_off * 100)) -le $(($2 * $3)) ]; then
		pass "$4"
	else
		fail "$4" || note "got $1, expected $2 within $3 %"
		return 1
	fi
}

# skip REASON [NAME]: this point isn't tested here, though the machine could do it.
skip() {
	if [ "$SV_MUST_WORK" = 1 ]; then
		fail "${2:-skipped}" || note "skipped where nothing may be skipped: $1"
	else
		skip_cannot "$@"
	fi
}

# skip_cannot REASON [NAME]: this machine can't do it, whatever is installed.
skip_cannot() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tap_count" "${2:-skipped}" "$1"
}

# skip_all REASON, skip_all_cannot REASON: instead of all points of the file.
skip_all() {
	[ "$SV_MUST_WORK" != 1 ] || {
		skip "$1" 'the whole file'
		done_testing
	}
	skip_all_cannot "$1"
}

skip_all_cannot() {
	printf '1..0 # SKIP %s\n' "$1"
	tap_planned=0
	exit 0
}

# need COMMAND...: leaves the file out where a tool is missing.
need() {
	for tap_tool in "$@"; do
		command -v "$tap_tool" >/dev/null 2>&1 || skip_all "no $tap_tool"
	done
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip_all 'not root'
}

# own_mounts: starts the file once more, in a mount namespace of its own. What it mounts there is gone with it.
own_mounts() {
	need_root
	need unshare
	[ -z "${TAP_OWN_MOUNTS-}" ] || return 0
	rm -rf "$tap_dir"
	TAP_OWN_MOUNTS=1 exec unshare -m --propagation private "$0"
}

# own_network: starts the file once more, in a network namespace of its own, where loopback is up and nothing else is.
own_network() {
	need_root
	need unshare ip
	if [ -z "${TAP_OWN_NETWORK-}" ]; then
		rm -rf "$tap_dir"
		TAP_OWN_NETWORK=1 exec unshare -n -m --propagation private "$0"
	fi
	ip link set lo up
}

# plan N: so many points will come. done_testing: no more points come. One of the two is a must.
plan() {
	tap_planned=$1
	printf '1..%d\n' "$1"
}

done_testing() {
	[ -n "$tap_planned" ] || printf '1..%d\n' "$tap_count"
	tap_planned=${tap_planned:-$tap_count}
	[ "$tap_failed" -eq 0 ] && [ "$tap_planned" -eq "$tap_count" ]
	exit
}

bail() {
	printf 'Bail out! %s\n' "$*"
	exit 255
}

# --- running and waiting ------------------------------------------------------------------------------------------

# run COMMAND...: sets $status, $out and $err (without their last newlines; whole in the files $stdout and $stderr).
run() {
	"$@" >"$stdout" 2>"$stderr" </dev/null
	status=$?
	out=$(tr -d '\0' <"$stdout") err=$(tr -d '\0' <"$stderr")
	return 0
}

# wait_for SECONDS COMMAND...: until the command succeeds; 1, and a word on stderr, when it never did.
wait_for() {
	tap_end=$(($(date +%s%N) / 1000000 + $1 * 1000 * PATIENCE))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $(($(date +%s%N) / 1000000)) -lt "$tap_end" ] || {
			echo "# waited in vain: $*" >&2
			return 1
		}
		sleep 0.02
	done
}

# has_line FILE PATTERN; gone PID; alive PID; exists PATH: conditions to wait for.
has_line() { grep -Eq -e "$2" "$1"; }
exists() { [ -e "$1" ]; }
missing() { [ ! -e "$1" ]; }
# A zombie has ended.
alive() { grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null; }
gone() { ! alive "$1"; }

# start COMMAND...: in the background, as $pid; its output goes to the files $stdout and $stderr. finish [SECONDS]: waits for
# its end, at most so long (30), then kills it; sets $status, $out and $err as run does.
start() {
	: >"$stdout"
	"$@" >"$stdout" 2>"$stderr" </dev/null &
	pid=$!
}

finish() {
	wait_for "${1:-30}" gone "$pid" || {
		note "'$(tr '\0' ' ' <"/proc/$pid/cmdline")' didn't end by itself"
		kill -KILL "$pid"
	}
	wait "$pid"
	status=$?
	out=$(tr -d '\0' <"$stdout") err=$(tr -d '\0' <"$stderr")
}

# ready [PATTERN]: waits for a line of what was started ("ready").
ready() {
	wait_for 30 has_line "$stdout" "${1:-^ready}" || fail "a line '${1:-ready}' comes" || note "$(cat "$stdout" "$stderr")"
}

# children PID: the living ones.
children() {
	for tap_process in $(grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status 2>/dev/null); do
		tap_process=${tap_process#/proc/}
		! alive "${tap_process%/status}" || printf '%s\n' "${tap_process%/status}"
	done
}

# group CONTROLLER NAME: the directory of a container's control group.
group() {
	for tap_group in "/sys/fs/cgroup/$1/sv/$2" "/sys/fs/cgroup/sv/$2"; do
		[ ! -d "$tap_group" ] || printf '%s\n' "$tap_group"
	done
}

# at_exit COMMAND: run when the file ends, whichever way; the last one first.
at_exit() {
	tap_at_exit="$1
${tap_at_exit-}"
}

# shellcheck disable=SC2317
tap_end_file() {
	tap_status=$?
	trap - EXIT
	if [ -z "$tap_planned" ]; then
		note 'the file ended before done_testing'
		[ "$tap_status" -ne 0 ] || tap_status=1
	fi
	eval "${tap_at_exit-}"
	cd / && rm -rf --one-file-system "$tap_dir"
	exit "$tap_status"
}
trap tap_end_file EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# --- nothing is left behind -----------------------------------------------------------------------------------------

# All that sv makes on the host, a line each: cgroups, state, links, processes, mounts.
tap_snapshot() {
	find /sys/fs/cgroup -mindepth 1 -type d \( -path '*/sv/*' -o -name sv \) 2>/dev/null | sed 's/^/cgroup /'
	find /run/sv -mindepth 1 2>/dev/null | sed 's/^/state /'
	sed -n 's/^ *\(sv[^:]*\):.*/link \1/p' /proc/self/net/dev
	for tap_process in /proc/[0-9]*; do
		case $(readlink "$tap_process/exe" 2>/dev/null) in
		"$SV" | "$SV (deleted)" | "/memfd:init"* | "$INIT" | "$INIT (deleted)" | "$BUILD/helpers/"*)
			# A zombie is its parent's matter: it holds nothing.
			alive "${tap_process#/proc/}" || continue
			printf 'process %s %s\n' "${tap_process#/proc/}" \
				"$(tr '\0' ' ' <"$tap_process/cmdline" 2>/dev/null)"
			;;
		esac
	done
	awk '{ print "mount", $5, $3 }' /proc/self/mountinfo
}

# The one group that stays: the empty parent of all, and on v1 it may hold what the machine's other containers use.
tap_new() {
	tap_snapshot | grep -v '^cgroup .*/sv$' | sort >"$tap_dir/now"
	comm -13 "$tap_dir/before" "$tap_dir/now"
}

tap_nothing_new() { [ -z "$(tap_new)" ]; }

tap_snapshot | grep -v '^cgroup .*/sv$' | sort >"$tap_dir/before"

# leftovers: a test point: what wasn't there when the file began is gone again, at the latest 5 seconds from now
# (on an idle machine).
leftovers() {
	if wait_for 5 tap_nothing_new; then
		pass 'nothing is left behind'
	else
		fail 'nothing is left behind' || note "$(tap_new)"
	fi
}
