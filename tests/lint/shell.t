#!/bin/sh
# SPDX-License-Identifier: MIT
# Scripts: shellcheck, and a parse by dash (the shell that tests run in).
. "${0%/*}/../lib.sh"

need shellcheck
cd "$TOP" || exit 1
for file in $(find .ci tests rootfs-skel vagrant -type f 2>/dev/null | sort); do
	case $(head -n 1 "$file" | tr -d '\0') in
	'#!/bin/sh' | '#!/bin/bash' | '#!/usr/bin/env bash') ;;
	*) [ "${file##*.}" = sh ] || continue ;;
	esac
	# Left out: lib.sh is found at run time, its run() sets out, err, status; dash and busybox have -nt.
	ok "shellcheck finds nothing in $file" shellcheck -S warning -e SC1091,SC2154,SC3013 "$file"
	case $(head -n 1 "$file") in
	*bash) ;;
	*) ok "$file is sh" sh -n "$file" ;;
	esac
done
done_testing
