#!/bin/sh
# SPDX-License-Identifier: MIT
. "${0%/*}/../lib.sh"

need cppcheck
cd "$TOP" || exit 1
ok 'cppcheck finds nothing' cppcheck --quiet --error-exitcode=1 --std=c11 --language=c -j "$(nproc)" \
	--enable=warning,performance,portability --inline-suppr --suppressions-list=.cppcheck-suppressions \
	-D_GNU_SOURCE -DSV_VERSION='"0"' -D__linux__ -D__x86_64__ -I. -I"build/$ARCH/generated" init supervisor
done_testing
