#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Run as root inside of a machine that Vagrant made, each time that it is provisioned: builds sv from /sv, tests it, and
# leaves what `cd /sv && sudo ./sv run rootfs /bin/sh` needs. SV_TESTS: "all", "none", or test files.

set -eu
cd "${SV_SOURCE:-/sv}"

# make is what installs everything else.
command -v make >/dev/null || {
	if command -v apt-get >/dev/null; then
		apt-get -q update
		DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends install make
	elif command -v dnf >/dev/null; then
		dnf -y -q install make
	elif command -v apk >/dev/null; then
		apk add --no-progress make
	elif command -v pacman >/dev/null; then
		pacman -Sy --noconfirm --needed make
	fi
}

make deps
make all rootfs
case ${SV_TESTS:-all} in
all) make test ;;
none) ;;
*)
	make build-for-tests
	# shellcheck disable=SC2086
	tests/run $SV_TESTS
	;;
esac

./sv doctor
echo "Try it: vagrant ssh -c 'cd /sv && sudo ./sv run rootfs /bin/sh' -- -t"
