# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154
#
# What the attacks share: the loop over the ways to run a container, and the words in which an attack says what came of it.
# A file holds one attack:
#
#     . "${0%/*}/attack.sh"
#     attack <<'EOS'
#     try 'core_pattern' writes /proc/sys/kernel/core_pattern
#     EOS
#     attacks_end
#
# The script runs inside, by the container's root or user 1000. Each `try NAME COMMAND...` is a point for each mode: the
# command fails, or else the attack has succeeded. Attacks are harmless: they open for writing and stop there, or make
# calls whose arguments are refused behind the check of rights; bombs are bounded.
#
# In a virtual machine, and only there, the modes go on with `open`: without a user namespace, and --privileged. There
# the attacks must succeed, so that they prove something. Walls that stay up even then are named in $standing.
# ATTACK_MODES leaves all other modes out.

# The machine's /tmp is in memory, which kernels map the ids of since 6.3 only.
[ -z "${SV_IN_VM-}" ] || export TMPDIR=/src/build
. "${0%/*}/../lib.sh"

need_root
H=$BUILD/helpers
[ -x "$H/attack" ] || skip_all 'the helpers are not built'
# Attackers leave things about, and mount points stay.
cp -a "$ROOTFS" "$T/rootfs"
ROOTFS=$T/rootfs

modes='userns host user'
[ -z "${SV_IN_VM-}" ] || modes="$modes open"
options=       # of sv run, in every mode
open_options=  # what the attack needs beside them in the mode `open`
standing=      # patterns of names, by '|', that are refused there too
entry=         # the command's first words, before the shell
rootfs=$ROOTFS
limit=60       # seconds

# What an attack's script begins with.
# shellcheck disable=SC2016
prelude='
attack=/srv/attack
# try NAME COMMAND...
try() {
	name=$1
	shift
	if why=$("$@" 2>&1 >/dev/null); then
		echo "succeeded $name"
	else
		echo "refused $name ($(echo "$why" | tail -n 1))"
	fi
}
# Opens only.
writes() { [ -e "$1" ] || { echo absent >&2; return 1; }; : >>"$1"; }
reads() { [ -e "$1" ] || { echo absent >&2; return 1; }; : <"$1"; }
# Reads as something: what is masked by an empty file is not.
shows() { [ -e "$1" ] || { echo absent >&2; return 1; }; [ -n "$(head -c 1 "$1" | od -An -c)" ]; }
lists() { [ -e "$1" ] || { echo absent >&2; return 1; }; [ -n "$(ls -A "$1")" ]; }
echo "map $(cat /proc/self/uid_map)"
'

attack_options() {
	case $1 in
	userns) echo "$options" ;;
	host) echo "--userns host $options" ;;
	user) echo "-u 1000 $options" ;;
	open) echo "--privileged --userns host $options $open_options" ;;
	esac
}

# outcome MODE WORD NAME WHY: one point.
attack_outcome() {
	case $1:$2:$4 in
	open:refused:*'Function not implemented)' | open:refused:*'not supported by protocol)' | open:refused:*absent\))
		skip_cannot "this kernel has no such thing $4" "$1: $3"
		return
		;;
	esac
	attack_expected=refused
	if [ "$1" = open ]; then
		attack_expected=succeeded
		eval "case \$3 in ${standing:-''}) attack_expected=refused ;; esac"
	fi
	is "$2" "$attack_expected" "$1: $3" || note "$4"
}

# attack [ARG...] <SCRIPT: in each of the modes.
attack() {
	attack_script=$(cat)
	for attack_mode in $modes; do
		case " ${ATTACK_MODES:-$attack_mode} " in
		*" $attack_mode "*) ;;
		*) continue ;;
		esac
		# shellcheck disable=SC2046,SC2086
		run timeout -k 5 "$limit" "$SV" run -v "$H:/srv:ro" $(attack_options "$attack_mode") "$rootfs" \
			$entry /bin/sh -c "$prelude$attack_script
echo end" attack "$@"
		attack_shown=$(printf '%s\n' "$out" | tr -d '\r') # of a terminal
		attack_said=$err
		attack_status=$status
		case $attack_mode in
		userns | user) unlike "$out" '^map +0 +0 ' "$attack_mode: in a user namespace" || note "$err" ;;
		esac
		printf '%s\n' "$attack_shown" | grep -E '^(succeeded|refused) ' >"$T/outcomes"
		while read -r attack_word attack_name; do
			attack_why=
			case $attack_name in
			*' ('*) attack_why="(${attack_name#* (}" attack_name=${attack_name%% (*} ;;
			esac
			attack_outcome "$attack_mode" "$attack_word" "$attack_name" "$attack_why"
		done <"$T/outcomes"
		case $attack_shown in
		*end) [ -s "$T/outcomes" ] || fail "$attack_mode: something was tried" ;;
		*)
			fail "$attack_mode: the attack ran to its end" || note "status $attack_status"
			note "$attack_shown"
			note "$attack_said"
			;;
		esac
	done
}

attacks_end() {
	leftovers
	done_testing
}
