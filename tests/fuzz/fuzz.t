#!/bin/sh
# SPDX-License-Identifier: MIT
# Each fuzz target with AddressSanitizer and UndefinedBehaviorSanitizer: a fixed number of runs from a fixed seed, or
# FUZZ_SECONDS each. Inputs that once failed, and good ones to begin with, are in corpus/TARGET/.
. "${0%/*}/../lib.sh"

cd "$TOP" || exit 1
need clang
: "${FUZZ_RUNS:=20000}"

# clang's sanitizers of some versions can't map their shadow under high-entropy address randomisation.
fixed=
! setarch -R true 2>/dev/null || fixed='setarch -R'

found=
for source in tests/fuzz/*.c; do
	[ -e "$source" ] || continue
	found=1
	target=${source##*/}
	target=${target%.c}
	if [ ! -x "build/fuzz/$target" ]; then
		skip 'not built' "$target"
		continue
	fi
	corpus=$T/$target
	mkdir "$corpus"
	set -- "$corpus"
	[ ! -d "tests/fuzz/corpus/$target" ] || set -- "$@" "tests/fuzz/corpus/$target"
	[ ! -e "tests/fuzz/$target.dict" ] || set -- "$@" "-dict=tests/fuzz/$target.dict"
	if [ -n "${FUZZ_SECONDS-}" ]; then
		# New inputs are worth keeping for the next long run.
		mkdir -p "build/fuzz/corpus/$target"
		shift
		set -- "build/fuzz/corpus/$target" "$@" "-max_total_time=$FUZZ_SECONDS"
	else
		set -- "$@" "-runs=$FUZZ_RUNS" -seed=1
	fi
	# shellcheck disable=SC2086
	run $fixed "build/fuzz/$target" -artifact_prefix="$T/" -print_final_stats=1 -rss_limit_mb=1024 -timeout=10 "$@"
	is "$status" 0 "$target: no input breaks it" || {
		note "$(printf '%s\n' "$err" | grep -E 'ERROR|SUMMARY|runtime error|^ +#[0-9] ' | head -n 30)"
		for input in "$T"/crash-* "$T"/timeout-* "$T"/oom-*; do
			[ ! -e "$input" ] || note "${input##*/}: $(base64 -w 0 "$input" | head -c 4000)"
		done
	}
	rm -f "$T"/crash-* "$T"/timeout-* "$T"/oom-*
done
[ -n "$found" ] || skip_cannot 'there are no targets yet'
done_testing
