#!/bin/sh
# SPDX-License-Identifier: MIT
# The cross build for aarch64, and the unit tests under emulation. `make deps-aarch64` brings what this needs.
. "${0%/*}/../lib.sh"

unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
case $ARCH in aarch64) skip_all_cannot 'this machine is one' ;; esac
cd "$TOP" || exit 1
if ! command -v aarch64-linux-musl-gcc >/dev/null && [ ! -x build/aarch64-sysroot/musl-gcc ]; then
	skip_all_cannot "no cross compiler: 'make deps-aarch64' fetches one"
fi

run env -u CC -u ARCH make -j2 ARCH=aarch64 WERROR=1 all unit
is "$status" 0 'builds for aarch64 without a warning' || note "$(tail -n 20 "$stderr")"
for program in sv init; do
	headers=$(readelf -hlW "build/aarch64/$program")
	like "$headers" 'Machine: +AArch64' "$program is for aarch64"
	unlike "$headers" 'INTERP|DYNAMIC| RWE ' "$program is static, nothing is writable and executable"
done
size=$(wc -c <build/aarch64/init)
ok 'init is smaller than 49152 bytes' test "$size" -lt 49152 || note "it has $size"

if ! command -v qemu-aarch64-static >/dev/null; then
	skip_cannot "no qemu-aarch64-static: 'make deps-aarch64' fetches it" 'unit tests under emulation'
	done_testing
fi
for unit in build/aarch64/unit/*; do
	name=${unit##*/}
	case $name in
	*_live | users | tree) skip_cannot 'user-mode emulation lacks openat2, open_tree and clone3' "$name under emulation" ;;
	*)
		run qemu-aarch64-static "$unit"
		is "$status" 0 "$name under emulation" || note "$(printf '%s\n' "$out" | grep -A3 '^not ok' | head -n 20)"
		;;
	esac
done
done_testing
