#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-tidy sees what the compiler sees: musl's headers, the kernel's, and clang's own, none of the machine's libc.

tidy() {
	# shellcheck disable=SC2086
	clang-tidy --quiet "$1" -- $HEADERS -std=gnu17 -D_GNU_SOURCE -DSV_VERSION='"0"' -I. -Ibuild/"$ARCH"/generated -Wall -Wextra
}

# What xargs runs below.
if [ "${1-}" = --one ]; then
	name=$(printf %s "$3" | tr / _)
	tidy "$3" >"$2/$name" 2>&1 || : >"$2/$name.failed"
	exit 0
fi

. "${0%/*}/../lib.sh"

need clang clang-tidy musl-gcc
cd "$TOP" || exit 1
musl=$(musl-gcc -E -v -x c /dev/null 2>&1 | sed -n 's/^ \(\/[^ ]*\)$/\1/p' | head -n 1)
HEADERS="--target=$ARCH-linux-musl -nostdinc -isystem $musl"
[ ! -d "build/$ARCH/kernel-headers" ] || HEADERS="$HEADERS -isystem build/$ARCH/kernel-headers"
HEADERS="$HEADERS -isystem $(clang -print-resource-dir)/include"
export HEADERS

# tests/vm: what is in there is built with the machine's own libc.
files=$(find init supervisor tests -name '*.c' ! -path 'tests/vm/*' | sort)
# Two at a time: this is the longest of the checks.
printf '%s\n' "$files" | xargs -n 1 -P "$(nproc)" "tests/lint/${0##*/}" --one "$T"
for file in $files; do
	name=$(printf %s "$file" | tr / _)
	if [ -e "$T/$name" ] && [ ! -e "$T/$name.failed" ]; then
		pass "clang-tidy finds nothing in $file"
	else
		fail "clang-tidy finds nothing in $file" || note "$(grep -v 'warnings.* generated' "$T/$name")"
	fi
done
done_testing
