#!/bin/sh
# SPDX-License-Identifier: MIT
# The layout of the C files is clang-format's.
. "${0%/*}/../lib.sh"

need clang-format
cd "$TOP" || exit 1
for file in $(find init supervisor tests -name '*.[ch]' | sort); do
	ok "$file is laid out by clang-format" clang-format --dry-run -Werror "$file"
done
done_testing
