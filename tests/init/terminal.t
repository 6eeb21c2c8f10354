#!/bin/sh
# SPDX-License-Identifier: MIT
# init on a terminal, without sv (lines 21 to 23). The cases are in tests/helpers/init_terminal.py.
. "${0%/*}/common.sh"

need_root
need python3 bash unshare
HELPERS=$H
export HELPERS T

python3 "$TOP/tests/helpers/init_terminal.py" "$@" >"$T/tap" 2>"$T/errors"
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
