#!/bin/sh
# SPDX-License-Identifier: MIT
# The terminal: relay, keys, size, job control, every way out, hang-up. The cases are in tests/helpers/terminal.py,
# which has a pseudo-terminal to play the user's.
. "${0%/*}/../lib.sh"

need_root
need python3 bash
HELPERS=$BUILD/helpers
[ -x "$HELPERS/catch" ] || skip_all 'the helpers are not built (make helpers)'
export HELPERS T

# The cases given as arguments, or all of them.
python3 "$TOP/tests/helpers/terminal.py" "$@" >"$T/tap" 2>"$T/errors"
ended=$?
while IFS= read -r line; do
	case $line in
	'ok - '*) pass "${line#ok - }" ;;
	'not ok - '*) fail "${line#not ok - }" || true ;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$T/tap"
is "$ended $(tail -n 1 "$T/tap") $(cat "$T/errors")" '0 # end ' 'every case was played'
leftovers
done_testing
