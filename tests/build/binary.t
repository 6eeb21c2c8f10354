#!/bin/sh
# SPDX-License-Identifier: MIT
# What the two programs are as files: static, hardened, small, and of init: without what it must not have.
. "${0%/*}/../lib.sh"

need readelf nm
cd "$TOP" || exit 1
for program in "$BUILD/sv" "$BUILD/init"; do
	name=${program##*/}
	if [ ! -x "$program" ]; then
		fail "$name is built"
		continue
	fi
	headers=$(readelf -lW "$program")
	unlike "$headers$(readelf -dW "$program")" 'INTERP|NEEDED' "$name needs no library and no loader"
	unlike "$headers" 'LOAD .* RWE ' "$name has no segment that is writable and executable"
	like "$headers" 'GNU_STACK .* RW +0x' "$name has a stack that isn't executable"
	# By relro, or from the start, among its constants (init/init.ld, supervisor/sv.ld).
	like "$headers" 'GNU_RELRO|00 .*\.rodata.* \.got' "$name has its relocated data read-only"
	unlike "$(readelf -SW "$program")" '\.(symtab|debug_info|comment)' "$name is stripped"
	ok "$name holds no path of the machine that built it" sh -c '! grep -qaF "$1" "$2"' sh "$TOP" "$program"
done

# Budgets in bytes; the file counts, since it is what one copies.
for budget in init:49152 sv:409600; do
	program=$BUILD/${budget%:*}
	size=$(wc -c <"$program")
	ok "${budget%:*} is smaller than ${budget#*:} bytes" test "$size" -lt "${budget#*:}" || note "it has $size"
done

# init: no allocation, no stdio, no name service, no threads, no signal handlers.
symbols=$(nm "$BUILD/init.debug" | awk '{ print $NF }')
found=$(printf '%s\n' "$symbols" | grep -xE \
	'malloc|calloc|realloc|free|aligned_alloc|posix_memalign|__libc_malloc.*|v?[fsd]?n?printf|__stdio_(read|write|seek|open)|fopen|fdopen|fwrite|fputs|puts|perror|pthread_create|thrd_create|getpwnam|getpwuid|getgrnam|getgrgid|getaddrinfo|gethostbyname|sigaction|__libc_sigaction|signal|system|popen|setlocale')
is "$found" '' 'init has no malloc, stdio, name service, thread or signal handler'

# No variable of a file keeps state, but in a program's main file and in that of the verb whose whole process is one
# container. (Each has a section of its own; a scratch buffer that is static within a function has a dot more in its name.)
found=
for source in init/*.c init/lib/*.c supervisor/*.c; do
	case $source in */main.c | supervisor/run.c) continue ;; esac
	state=$(readelf -SW "$BUILD/obj/${source%c}o" | grep -oE ' \.(data|bss)\.[A-Za-z0-9_]+ ' | tr -d '\n')
	[ -z "$state" ] || found="$found$source: $state
"
done
is "$found" '' 'only main files have variables that keep state'
done_testing
