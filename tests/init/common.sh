# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
#
# What the tests of init share: init stand-alone, as an ordinary process and as PID 1 of a namespace. Numbers in the names
# of test points: the lines of what a correct PID 1 does. `leftovers` sees processes of "$INIT" here as well.
. "${0%/*}/../lib.sh"

H=$BUILD/helpers
[ -x "$H/catch" ] || bail "no $H/catch: make helpers"
[ -x "$INIT" ] || bail "no $INIT: make"

# called NAME: a path by which init is called so.
called() {
	[ -e "$T/called/$1" ] || { mkdir -p "$T/called" && ln -s "$INIT" "$T/called/$1"; }
	printf '%s\n' "$T/called/$1"
}

# as HOW COMMAND [ARG...]: runs it as "process", or as "pid1" of a new namespace. exec_as: the same, in the shell's place, for
# `start`, whose $pid is then the command's, or its parent's as PID 1 (init_of). as_words: the words that do it.
as() {
	how_to=$1
	shift
	# shellcheck disable=SC2046
	set -- $(as_words "$how_to") "$@"
	"$@"
}

exec_as() {
	how_to=$1
	shift
	# shellcheck disable=SC2046
	set -- $(as_words "$how_to") "$@"
	exec "$@"
}

as_words() { [ "$1" = process ] || echo unshare -pf --mount-proc --propagation private; }

init_of() {
	if [ "$1" = process ]; then echo "$pid"; else children "$pid"; fi
}

# launch HOW ARG...: starts init, waits for its command's "ready"; $init is init's own pid, $pid what finish() waits for.
launch() {
	launch_how=$1
	shift
	start exec_as "$launch_how" "$INIT" "$@"
	ready
	init=$(init_of "$launch_how")
}

lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }
state_is() { grep -q "^State:[[:space:]]*[$2]" "/proc/$1/status"; }
# The one line of an error, and nothing else.
one_line() { [ "$(printf '%s\n' "$1" | wc -l)" -eq 1 ] && [ -n "$1" ]; }
