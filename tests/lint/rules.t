#!/bin/sh
# SPDX-License-Identifier: MIT
# The project's own rules, as far as text shows them.
. "${0%/*}/../lib.sh"

cd "$TOP" || exit 1

# none NAME PATTERN FOLDER... [! FILE...]: no line of C there matches; comments and strings don't count.
code() {
	# Takes comments and strings out, keeps the lines.
	sed 's/"[^"\\]*\(\\.[^"\\]*\)*"/""/g' "$1" | awk '
		{
			line = $0; out = ""
			while (line != "") {
				if (inside) {
					end = index(line, "*/")
					if (!end) { line = ""; break }
					line = substr(line, end + 2); inside = 0
				} else {
					start = index(line, "/*"); slashes = index(line, "//")
					if (slashes && (!start || slashes < start)) { out = out substr(line, 1, slashes - 1); line = "" }
					else if (start) { out = out substr(line, 1, start - 1); line = substr(line, start + 2); inside = 1 }
					else { out = out line; line = "" }
				}
			}
			print out
		}'
}

none() {
	name=$1 pattern=$2 except=$3
	shift 3
	found=
	for file in $(find "$@" -name '*.[ch]' | sort); do
		[ "$file" != "$except" ] || continue
		lines=$(code "$file" | grep -nE -e "$pattern") && found="$found$file: $lines
"
	done
	is "$found" '' "$name"
}

missing=
for file in $(find init supervisor tests -name '*.[chS]' | sort); do
	[ "$(head -n 1 "$file")" = '/* SPDX-License-Identifier: MIT */' ] || missing="$missing $file"
done
is "$missing" '' 'each C file begins with its license'

missing=
for file in $(find .ci tests rootfs-skel -type f \( -perm -u+x -o -name '*.sh' \) | sort) Makefile; do
	head -n 2 "$file" | grep -q '^# SPDX-License-Identifier: MIT$' || missing="$missing $file"
done
is "$missing" '' 'each script begins with its license'

none 'no goto' '(^|[^_[:alnum:]])goto[[:space:]]' '' init supervisor
none 'no alloca' '(^|[^_[:alnum:]])alloca[[:space:]]*\(' '' init supervisor
none 'syscall() is called in one header only' '(^|[^_[:alnum:]])syscall[[:space:]]*\(' init/lib/sys.h init supervisor
none 'errno is read in one header only' '(^|[^_[:alnum:]>.])errno([^_[:alnum:].]|$)' init/lib/sys.h init
none 'init waits by poll, never by the clock' '(^|[^_[:alnum:]])(u?sleep|nanosleep|alarm|setitimer)[[:space:]]*\(' '' init
none 'init installs no signal handler' '(^|[^_[:alnum:]])(sigaction|signal)[[:space:]]*\(' '' init
none 'nothing formats without a size' '(^|[^_[:alnum:]])(v?sprintf|gets)[[:space:]]*\(' '' init supervisor
none 'no shell is ever called' '(^|[^_[:alnum:]])(system|popen)[[:space:]]*\(' '' init supervisor

is "$(grep -nE '#[[:space:]]*include[[:space:]]*"[^"]*supervisor/' init/*.[ch] init/lib/*.[ch])" '' \
	'init includes nothing of the supervisor'
is "$(grep -nE '#[[:space:]]*include[[:space:]]*"\.\./' init/*.[ch] init/lib/*.[ch] | grep -v '\.\./plan\.h"')" '' \
	'nothing in init looks out of its folder'
is "$(grep -nE '#[[:space:]]*include[[:space:]]*"(\.\./)*init/' supervisor/*.[ch] |
	grep -vE '"(\.\./)*init/(plan\.h|lib/[a-z_]+\.h)"')" '' \
	'the supervisor includes of init only plan.h and lib/'
is "$(grep -nE '#[[:space:]]*include[[:space:]]*<(stdio|stdlib|pwd|grp|netdb|pthread|locale|wchar)\.h>' init/*.[ch] init/lib/*.[ch])" '' \
	'init uses no stdio, no allocation, no name service, no threads'
done_testing
