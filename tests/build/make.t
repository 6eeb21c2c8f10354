#!/bin/sh
# SPDX-License-Identifier: MIT
# The Makefile, in copies of the tree: the build is reproducible, incremental, and installs what it removes again.
. "${0%/*}/../lib.sh"

need make gcc
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES CC ARCH BUILD SV INIT ROOTFS

# copy FOLDER: the sources as they are, without what was built.
copy() {
	mkdir -p "$1"
	tar -C "$TOP" -cf - --exclude=./build --exclude=./sv --exclude=./rootfs --exclude='./rootfs.*' --exclude=./.git . |
		tar -C "$1" -xf -
}

one=$T/one two="$T/a longer name"
copy "$one"
copy "$two"
ok 'builds' make -j2 -C "$one" all
ok 'builds in a folder with spaces in its name' make -C "$two" all
for program in sv build/init; do
	ok "two builds in different folders give the same $program" cmp "$one/$program" "$two/$program"
done

is "$(make -C "$one" --no-print-directory all)" '' 'nothing is built twice'
touch "$one/init/plan.h"
like "$(make -C "$one" all)" 'CC +init/plan_check.c' 'a changed header rebuilds what includes it'
like "$(make -C "$one" all CFLAGS=-O1)" 'CC +supervisor/main.c' 'changed flags rebuild'
like "$(make -C "$one" V=1 all)" 'gcc .*-c .*-o .*supervisor/main.c' 'V=1 shows the commands'

targets='all run test bench bench-check bench-report compare-init deps deps-aarch64 rootfs install uninstall clean help
lint format stress fuzz image boot test-vm test-vagrant'
help=$(make -C "$one" --no-print-directory help)
for target in $targets; do
	like "$help" "^  $target +[^ ]" "help tells of $target"
done
printf '%s\n' "$targets" | tr ' ' '\n' | sort >"$T/wanted"
sed -nE 's/^([a-z][a-z0-9-]*):.*## .*/\1/p' "$TOP/Makefile" | sort >"$T/has"
is "$(comm -23 "$T/wanted" "$T/has")" '' 'every target is there'
is "$(printf '%s\n' "$help" | awk '{ print $1 }' | sort)" "$(cat "$T/has")" 'help names every target that has a text'

# --- deps ---
mkdir "$T/trap"
for manager in apt-get apk dnf pacman; do
	printf '#!/bin/sh\necho called >>"%s"\nexit 1\n' "$T/called" >"$T/trap/$manager"
	chmod +x "$T/trap/$manager"
done
run env PATH="$T/trap:$PATH" make -C "$one" --no-print-directory deps
is "$status$out" 0 'deps is silent where everything is there'
ok 'and calls no package manager' missing "$T/called"
run env PATH="$T/trap:/nowhere" /bin/sh -c 'exec "$0" build' "$TOP/.ci/deps"
isnt "$status" 0 'deps fails where a tool to build with is missing'

# --- install ---
root=$T/root
ok 'install' make -C "$one" install DESTDIR="$root" PREFIX=/usr
ok 'sv is installed as it was built' cmp "$root/usr/bin/sv" "$one/sv"
ok 'init is installed' cmp "$root/usr/lib/sv/init" "$one/build/init"
is "$(find "$root" -name init -type f | sed "s|^$root||")" /usr/lib/sv/init "never over the machine's own init"
for file in bin/sv lib/sv/init; do
	is "$(stat -c %a "$root/usr/$file")" 755 "$file is executable"
done
before=$(find "$root" -type f | wc -l)
is "$before" 7 'programs, man pages and completions are installed'
: >"$root/usr/bin/other"
ok 'uninstall' make -C "$one" uninstall DESTDIR="$root" PREFIX=/usr
is "$(find "$root" ! -type d)" "$root/usr/bin/other" 'uninstall removes what install put there, and nothing else'
ok "sv's folder is gone" missing "$root/usr/lib/sv"

# --- clean ---
ok 'clean' make -C "$one" clean
is "$(cd "$one" && ls -d build sv rootfs 2>/dev/null)" '' 'clean removes what was built'
done_testing
