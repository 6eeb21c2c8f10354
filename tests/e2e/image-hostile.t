#!/bin/sh
# SPDX-License-Identifier: MIT
# Archives that nobody should make: nothing is ever written outside of the store, and nothing is left of what is refused.
. "${0%/*}/../lib.sh"

own_mounts
need python3
cd "$T" || exit 1
STORE=$T/store
OUTSIDE=$T/outside
export OUTSIDE
mkdir "$OUTSIDE" && echo untouched >"$OUTSIDE/victim"
archives() { "$TOP/tests/helpers/archives.py" "$@"; }
image() {
	image_verb=$1
	shift
	run "$SV" image "$image_verb" --root "$STORE" "$@"
}
top() { echo "$STORE/layers/$(sed -n 's/^layer //p' "$STORE/images/$1" | tail -n 1)/fs"; }
entries() { (cd "$1" && find tmp images layers -mindepth 1 -maxdepth 1); }
unharmed() {
	is "$(ls "$OUTSIDE"):$(cat "$OUTSIDE/victim"):$(stat -c '%h %a' "$OUTSIDE/victim" "$OUTSIDE" | tr '\n' ' '):$(
		ls -d /escaped /tmp/escaped "$T/../escaped" "$T/escaped" "$STORE/escaped" "$STORE"/*/escaped "$STORE"/tmp/*/escaped 2>/dev/null)" \
		"victim:untouched:1 644 2 755 :" "$1: nothing outside was touched"
}

# refuses NAME PATTERN: one line, and no trace.
refuses() {
	archives hostile "$1" "$1.tar"
	image import x "$1.tar"
	is "$status:$(printf '%s\n' "$err" | wc -l)" 125:1 "$1 is refused in one line" || note "$err"
	like "$err" "^sv: .*$2" "$1: says why"
	is "$(entries "$STORE")" '' "$1: nothing is left"
	unharmed "$1"
}
# takes NAME CHECK...: it is imported, nothing outside was touched, and the check holds in its tree.
takes() {
	name=$1
	shift
	archives hostile "$name" "$name.tar"
	image import x "$name.tar"
	is "$status" 0 "$name is taken" || note "$err"
	unharmed "$name"
	(cd "$(top x)" 2>/dev/null && "$@") >"$T/check" 2>&1
	is "$?" 0 "$name: $*" || note "$(cat "$T/check"; ls -laR "$(top x)")"
	image rm x
}

refuses parent 'leads out of it'
refuses parent-within 'leads out of it'
takes absolute grep -q x escaped
# As in the image, which has no such folder; what is above its root is its root.
refuses link-absolute "cannot unpack 'out/escaped': No such file"
refuses link-parent "cannot unpack 'out/escaped': No such file"
takes link-inside grep -q x etc/escaped
takes link-is-file grep -q changed out
refuses link-twice ELOOP
takes link-folder test -d out
refuses hard-outside 'leads out of it'
refuses hard-absolute 'hard link to'
refuses hard-through-link 'hard link to'
takes hard-to-link test -L hard
refuses hard-to-itself 'hard link to'
refuses whiteout-parent 'cannot unpack'
refuses whiteout-nothing 'cannot unpack'
for name in long-gnu long-pax long-deep; do refuses $name 'a name of [0-9]{4} bytes'; done
refuses long-part 'a name of 300 bytes'
refuses root-is-file 'name that is none|damaged'
for name in size-negative size-word; do refuses $name damaged; done
refuses size-huge 'damaged|ends early|cannot unpack'
refuses type-unknown 'type that is not known'
refuses meta-huge 'more than 1 MiB'
refuses bytes 'not a tar archive'
refuses empty 'empty'
takes zeros test -d .
refuses hole-too-large 'cannot unpack|damaged'
takes hole sh -c '[ "$(stat -c %s hole)" = 10737418240 ] && [ "$(stat -c %b hole)" -lt 100 ]'
takes owner-huge sh -c '[ "$(stat -c %u file)" = 0 ]'
takes overlay-mark python3 -c 'import os; assert not os.listxattr("file")'
takes security-mark python3 -c 'import os; assert not os.listxattr("file")'
takes overlay-user-mark python3 -c 'import os; assert not os.listxattr("file")'

archives hostile devices devices.tar
image import x devices.tar
like "$status:$err" '^0:sv: 2 device nodes were left out; hint: --devices' 'devices are left out, and that is said'
is "$(ls "$(top x)")" pipe 'a pipe is not'
image import --devices y devices.tar
like "$status:$err" '^125:sv: cannot import .*: the store has layer .* already, without its devices; hint: remove' 'the same with them would be another tree'
image rm x
image import --devices x devices.tar
is "$status:$err:$(cd "$(top x)" && stat -c '%n %F %t %T' * | tr '\n' ' ')" \
	'0::disk block special file 8 0 null character special file 1 3 pipe fifo 0 0 ' '--devices makes them'
image rm x
is "$(ls "$STORE/layers")" '' 'nothing is left of all that'

# --- cut off --------------------------------------------------------------------------------------------------------

mkdir -p small/dir && echo text >small/dir/file && ln -s file small/dir/link && truncate -s 3000 small/hole
tar -C small --format=pax --sparse -b 1 -cf small.tar .
size=$(wc -c <small.tar)
# what comes behind the mark of the end, which is two blocks, tells nothing
whole=$((size - 1024))
cut=0 bad=
while [ "$cut" -le "$whole" ]; do
	head -c "$cut" small.tar >cut.tar
	"$SV" image import --root "$STORE" x cut.tar >/dev/null 2>"$T/err" && bad="$bad $cut"
	[ "$(wc -l <"$T/err")" = 1 ] || bad="$bad lines-$cut"
	cut=$((cut + 512))
done
is "$bad" '' "cut off at each of $((whole / 512)) blocks it is refused"
is "$(entries "$STORE")" '' 'and nothing is left'
image import x small.tar
is "$status" 0 'whole it is taken'
image rm x

# Any byte of a header changed is seen, by its sum.
bad=
for at in 0 5 100 107 124 148 156 257 345; do
	python3 - "$at" <<'PYTHON'
import sys
data = bytearray(open("small.tar", "rb").read())
data[int(sys.argv[1])] ^= 1
open("changed.tar", "wb").write(data)
PYTHON
	"$SV" image import --root "$STORE" x changed.tar >/dev/null 2>&1 && bad="$bad $at"
done
is "$bad" '' 'a changed header is refused'

# --- much -----------------------------------------------------------------------------------------------------------

COUNT=20000
[ "${STRESS-}" != long ] || COUNT=1000000
archives many "$COUNT" many.tar
image import x many.tar
is "$status:$err:$(find "$(top x)" ! -type d | wc -l)" "0::$COUNT" "$COUNT entries"
image rm x
is "$status:$(ls "$STORE/layers")" 0: 'are removed'

mkdir full && mount -t tmpfs -o size=4m,mode=700 tmpfs full || bail 'no tmpfs'
head -c 200M /dev/zero >bomb/file 2>/dev/null || { mkdir -p bomb && head -c 200M /dev/zero >bomb/file; }
tar -cf - bomb | gzip -9 >bomb.tar.gz
rm -r bomb
run "$SV" image import --root full x bomb.tar.gz
is "$status:$(printf '%s\n' "$err" | wc -l)" 125:1 'an archive that unpacks to more than there is room for: one line' || note "$err"
like "$err" "cannot unpack 'bomb/file'.*No space left.*make room" 'says why'
is "$(entries full)" '' 'nothing is left'
run "$SV" image import --root full y small.tar
is "$status" 0 'and there is room again'
umount full
leftovers
done_testing
