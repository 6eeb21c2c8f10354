#!/bin/sh
# SPDX-License-Identifier: MIT
# Images: importing them from all that they come from, listing, exporting and removing them.
. "${0%/*}/../lib.sh"

own_mounts
need python3 tar gzip
cd "$T" || exit 1
STORE=$T/store
archives() { "$TOP/tests/helpers/archives.py" "$@"; }
# image VERB [WORD...]: in the store of this test.
image() {
	image_verb=$1
	shift
	run "$SV" image "$image_verb" --root "$STORE" "$@"
}
# imports NAME SOURCE TEST: works and complains of nothing.
imports() {
	image import "$1" "$2"
	is "$status:$err" 0: "$3"
}
# refused TEST PATTERN: what was run failed with one line, and left no image and no work.
refused() {
	is "$status:$(printf '%s\n' "$err" | wc -l)" 125:1 "$1: refused in one line" || note "$err"
	like "$err" "^sv: $2" "$1: says why"
	is "$(ls "$STORE/tmp")" '' "$1: no work is left"
}
# top NAME: the tree of an image's topmost layer.
top() { echo "$STORE/layers/$(sed -n 's/^layer //p' "$STORE/images/$1" | tail -n 1)/fs"; }
# layer NAME N: of its Nth layer.
layer() { echo "$STORE/layers/$(sed -n 's/^layer //p' "$STORE/images/$1" | sed -n "$2p")/fs"; }

# --- a tree with all that there is ----------------------------------------------------------------------------------

mkdir tree && cd tree || exit 1
mkdir -p dir/empty opt
echo hello >dir/file
chmod 4751 dir/file && chown 12:34 dir/file
chmod 1777 opt
chown 70000:80000 opt
ln dir/file dir/hard
ln -s ../dir/file opt/link && chown -h 5:6 opt/link
ln -s nowhere 'opt/a b, c:d'
mkfifo -m 600 opt/pipe
truncate -s 20M hole && printf x | dd of=hole bs=1 seek=10000000 conv=notrunc status=none
truncate -s 5M all-hole
: >nothing
printf 'caf\303\251\n' >"$(printf 'caf\303\251')"
long=$(printf 'n%.0s' $(seq 1 200))
mkdir -p "$long/$long" && echo deep >"$long/$long/$long"
ln -s "$long/$long/$long" long-link
touch -d '2001-02-03 04:05:06.123456789' dir/file
touch -d '1969-12-31 23:59:58.25 UTC' nothing
touch -h -d '2002-02-02 02:02:02.5' opt/link
python3 - <<'PYTHON' || bail 'no attributes can be set here'
import os
os.setxattr("dir", b"user.of-dir", b"v\0\n=\xff")
os.setxattr("dir/file", b"user.x", b"y" * 3000)
os.setxattr("dir/file", b"security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
PYTHON
chmod 4751 dir/file
touch -d '2001-02-03 04:05:06.123456789' dir/file
touch -d '2003-03-03 03:03:03.75' dir dir/empty opt "$long/$long" "$long" .
cd .. || exit 1

# facts DIR: all that is to be kept of it, a line each.
facts() {
	python3 - "$1" <<'PYTHON'
import hashlib, os, sys
root = sys.argv[1]
seen = {}
def show(path):
    s = os.lstat(path)
    name = os.path.relpath(path, root)
    row = [name, oct(s.st_mode), s.st_uid, s.st_gid, s.st_mtime_ns, s.st_nlink if not os.path.isdir(path) else "-"]
    if os.path.islink(path):
        row.append(os.readlink(path))
    elif os.path.isfile(path):
        data = open(path, "rb").read()
        row += [len(data), hashlib.sha256(data).hexdigest(), "holes" if s.st_blocks * 512 < s.st_size else "dense",
                seen.setdefault(s.st_ino, name)]
    if not os.path.islink(path):
        row += sorted((k, os.getxattr(path, k)) for k in os.listxattr(path) if "overlay" not in k)
    print(ascii(row))
show(root)
for folder, folders, files in os.walk(root):
    folders.sort()
    for name in sorted(folders + files):
        show(os.path.join(folder, name))
PYTHON
}
facts tree >want

# same NAME TEST: the image's only layer has all of it.
same() {
	facts "$(top "$1")" >got
	if diff want got >difference; then
		pass "$2"
	else
		fail "$2" || note "$(cat difference)"
	fi
}

imports dir tree 'a directory is imported'
same dir 'with owners, modes, times, attributes, links and holes'
like "$out" '^dir  [0-9a-f]{12}  1 layer  [0-9.]+ [kM]?B$' 'and what came of it is told'
image export dir
cp "$stdout" first.tar
is "$status:$err" 0: 'it is exported'
imports again first.tar 'what was exported is imported'
same again 'and is the same once more'
is "$(sed -n '/^layer/p' "$STORE/images/dir")" "$(sed -n '/^layer/p' "$STORE/images/again")" 'down to the digest'
is "$(find "$STORE/layers" -mindepth 1 -maxdepth 1 | wc -l)" 1 'so it is stored once'
is "$(sha256sum <first.tar | cut -d ' ' -f 1)" "$(sed -n 's/^layer //p' "$STORE/images/dir")" 'which is that of the archive'
mkdir unpacked && tar -C unpacked --warning=no-timestamp --xattrs --xattrs-include='*' --same-owner -xpf first.tar
facts unpacked >got
is "$(diff want got)" '' 'tar(1) reads the archive and finds the same'
is "$(stat -c %a "$STORE")" 700 'the store is private'

# What tar(1) writes, in all its formats.
for format in gnu pax; do
	for sparse in '' --sparse '--sparse --sparse-version=0.0' '--sparse --sparse-version=0.1' '--sparse --sparse-version=1.0'; do
		case $format$sparse in gnu*version*) continue ;; esac
		# shellcheck disable=SC2086
		tar -C tree --format=$format $sparse -cf tar.tar . 2>/dev/null
		imports tar tar.tar "tar --format=$format $sparse"
		facts "$(top tar)" | sed -E 's/, \(.*\)//; s/(, [0-9-]+)[0-9]{9},/\1,/' >got
		# GNU's own format has whole seconds (so the file of before 1970 is another) and no attributes; without
		# --sparse a hole is as many zeros.
		sed -E 's/, \(.*\)//; s/(, [0-9-]+)[0-9]{9},/\1,/' want >'cut'
		sed -i "/'nothing'/d" 'cut' got
		[ -n "$sparse" ] || sed -i "s/'holes'/'dense'/" 'cut' got
		is "$(diff 'cut' got)" '' "and nothing is lost ($format $sparse)"
	done
done
tar -C tree --format=ustar --exclude=nothing --exclude="$long" --exclude=long-link -cf tar.tar .
imports tar tar.tar 'tar --format=ustar'
is "$(cat "$(top tar)/dir/file")" hello 'has the files'
mkdir whole && touch -d @1000000000 whole/file
tar -C whole --format=pax --pax-option=globexthdr.name=g,mtime=1234567890.5 -cf tar.tar file
imports tar tar.tar 'a global header'
is "$(stat -c %.2Y "$(top tar)/file")" 1234567890.50 'is for every file'

for program in gzip xz zstd; do
	command -v "$program" >/dev/null || {
		skip "no $program" "compressed by $program"
		continue
	}
	"$program" -c first.tar >compressed
	imports packed compressed "compressed by $program, whatever its name"
	run sh -c '"$1" image import --root "$2" packed - <compressed' _ "$SV" "$STORE"
	is "$status:$err" 0: "and from a redirected file"
	run sh -c 'cat compressed | "$1" image import --root "$2" packed -' _ "$SV" "$STORE"
	is "$status:$err" 0: "and from a pipe"
	same packed 'and is the same'
done
run sh -c '(head -c 1 first.tar; tail -c +2 first.tar) | "$1" image import --root "$2" piped -' _ "$SV" "$STORE"
is "$status:$err" 0: 'a plain archive from a pipe'
gzip -c first.tar >first.tar.gz
run env PATH=/nowhere "$SV" image import --root "$STORE" missing first.tar.gz
refused 'no gzip' '.*gzip.*not installed'
head -c "$(($(wc -c <first.tar.gz) / 2))" first.tar.gz >cut.gz
image import cut cut.gz
refused 'a cut off gzip file' '.*: gzip cannot decompress it'
ok 'and there is no such image' [ ! -e "$STORE/images/cut" ]

# --- images of others -----------------------------------------------------------------------------------------------

# is_the_image NAME: all layers and all of the config.
is_the_image() {
	is "$(sed -n '/^layer/!p' "$STORE/images/$1" | sort | tr '\n' '|')" \
		'command -c|command echo|created 2026-01-02T03:04:05.678Z|entrypoint /bin/entry|env PATH=/bin|env TWO=a\nb \\ c|expose 80/tcp|label a=b|stop-signal SIGINT|user 1000:1000|version 1|volume /data|workdir /work|' \
		"$1: its config"
	is "$(grep -c ^layer "$STORE/images/$1")" 3 "$1: its layers, the same one once"
	below=$(layer "$1" 1) above=$(layer "$1" 2)
	is "$(cat "$below/etc/kept" "$below/gone/file" "$above/etc/changed" "$above/dir/above" | tr '\n' ' ')" 'kept gone new above ' "$1: its files"
	is "$(stat -c '%a %u %g' "$below/etc/kept" "$below/bin/sh" | tr '\n' ' ')" '640 1 2 4755 0 0 ' "$1: and whose they are"
	is "$(stat -c '%F %t %T' "$above/etc/deleted" "$above/gone" | tr '\n' ' ')" \
		'character special file 0 0 character special file 0 0 ' "$1: what is deleted, as overlayfs has it"
	is "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], b"trusted.overlay.opaque"))' "$above/dir")" "b'y'" "$1: and the opaque directory"
	is "$(ls -A "$above/dir")" above "$1: no marks are left"
}
for kind in docker docker-links oci oci-index; do
	archives $kind $kind.tar
	imports $kind $kind.tar "$kind: an archive"
	is_the_image $kind
done
archives oci layout
imports layout layout 'oci: a directory'
is_the_image layout
gzip -c docker.tar >docker.tar.gz
imports docker-gz docker.tar.gz 'docker: compressed'
is "$(grep -h ^layer "$STORE"/images/docker* "$STORE"/images/oci* "$STORE/images/layout" | sort -u | wc -l)" 3 'they share their layers'
image export docker
mkdir merged && tar -C merged -xf "$stdout"
is "$(cd merged && find . | sort | tr '\n' ' ')" '. ./bin ./bin/sh ./dir ./dir/above ./etc ./etc/changed ./etc/kept ' 'an export merges the layers'
is "$(cat merged/etc/changed)" new 'with what is on top'

archives docker-two two.tar
image import other two.tar
refused 'an archive of two images' ".*has 2 images: example.org/x/one:latest, two:2.0"
imports two:2.0 two.tar 'one of them by its name and tag'
is "$(sed -n 's/^user //p' "$STORE/images/two:2.0")" two 'is that one'
imports one two.tar 'the other by its name'
is "$(sed -n 's/^user //p' "$STORE/images/one")" 1000:1000 'is that one'
archives oci-two two.tar
imports two two.tar 'one of an OCI layout of two'
is "$(sed -n 's/^user //p' "$STORE/images/two")" two 'is that one'
archives oci-index arch.tar machine
image import arch arch.tar
refused 'an image for other machines' '.*none for this machine'

# One that tells what it is, and then does it.
mkdir -m 755 tools && chmod 711 "$T/.." "$T" && : >tools/told && chmod 666 tools/told
cat >tools/gzip <<'END'
#!/bin/sh
grep -E '^(Uid|Gid|Groups|NoNewPrivs|CapPrm|CapEff):' /proc/self/status | tr -d ' \t\n' >"${0%/*}/told"
PATH=/usr/bin:/bin exec gzip "$@"
END
chmod 755 tools/gzip
gzip -c first.tar >told.tar.gz
run env PATH="$T/tools:$PATH" "$SV" image import --root "$STORE" told told.tar.gz
is "$status:$(cat tools/told)" \
	'0:Uid:65534655346553465534Gid:65534655346553465534Groups:CapPrm:0000000000000000CapEff:0000000000000000NoNewPrivs:1' \
	'a decompressor has no rights'
image rm told

# A flaw each; with a store of its own, where no layer is already.
for row in 'docker diff-id digest' 'docker config digest' 'docker count not.as.many' 'docker sha512 SHA-256' 'docker json not.JSON' \
	'docker outside cannot.open' 'docker missing cannot.open' 'oci diff-id digest' 'oci blob digest' 'oci count not.as.many' \
	'docker env not.NAME=VALUE' 'oci env-name not.NAME=VALUE'; do
	# shellcheck disable=SC2086
	set -- $row
	archives "$1" flaw.tar "$2"
	STORE=$T/flaw
	image import flaw flaw.tar
	refused "$1 with a flaw: $2" ".*$3"
	is "$(find "$STORE/images" "$STORE/layers" -mindepth 1 -maxdepth 1)" '' "$1 with a flaw: $2: nothing is there"
	rm -rf "$STORE"
	STORE=$T/store
done

# --- names ----------------------------------------------------------------------------------------------------------

image ls
is "$(printf '%s\n' "$out" | head -n 1 | tr -s ' ')" 'NAME DIGEST LAYERS SIZE CREATED' 'ls has a heading'
like "$out" '^two:2.0 +[0-9a-f]{12} +3 +[0-9.]+ kB  2026-01-02T03:04:05' 'and a line for each image'
image inspect dir:latest
is "$(printf '%s\n' "$out" | sed -E 's/[0-9a-f]{64}/HEX/; s/(layer HEX|size) [0-9]+$/\1 N/; s/ 20[0-9-]+T[0-9:]+Z$/ DATE/' | tr '\n' '|')" \
	'name dir|digest sha256:HEX|size N|created DATE|layer HEX N|' 'inspect; :latest is what has no tag'
digest=$(printf '%s\n' "$out" | sed -n 's/^digest sha256://p')
image inspect "$(printf %.9s "$digest")"
refused 'digits of a digest that several images have' '.*ambiguous'
imports only-one layout 'another name'
image rm only-one layout docker-links docker-gz oci oci-index docker one two
is "$status:$out:$err" 0:: 'rm takes several names'
image inspect sha256:
refused 'no digits' 'there is no image'
image inspect dri
refused 'a slip' "there is no image 'dri'.*did you mean 'dir'"
image inspect zzzzzzzz
refused 'no such image' "there is no image 'zzzzzzzz'.*sv image ls"
image rm zzz dir
refused 'rm of none' 'there is no image'
ok 'and the one behind it stays' [ -e "$STORE/images/dir" ]
for name in Dir ../x a/b '' x: :x .x "$(printf 'x%.0s' $(seq 1 70))"; do
	image import "$name" tree
	refused "the name '$name'" '.*is not a name for an image'
done
for words in 'import x' 'import x tree y' 'inspect' 'ls x' 'rm' 'export' 'import --devies x tree' 'import x no-such'; do
	# shellcheck disable=SC2086
	image $words
	refused "image $words" '.'
done
run "$SV" image improt
like "$status:$err" "^125:sv: unknown verb 'image improt'.*did you mean 'import'" 'a slip in the verb'
for words in 'image --help' 'image import --help' 'help image'; do
	# shellcheck disable=SC2086
	run "$SV" $words
	like "$status:$out" '^0:Usage: sv image VERB' "sv $words"
	like "$out" '^ +--devices ' "sv $words: options"
done

# --- removing -------------------------------------------------------------------------------------------------------

count() { find "$STORE/layers" -mindepth 1 -maxdepth 1 | wc -l; }
image rm two:2.0
is "$(count)" "$(cat "$STORE"/images/* | grep ^layer | sort -u | wc -l)" 'rm takes layers that nothing else uses'
ok 'and leaves those that something uses' [ -d "$(top dir)" ]
image rm tar again packed piped
run "$SV" gc --root "$STORE"
is "$status:$out" '0:removed 0 layers, 0 B' 'so gc finds nothing'
mkdir -p "$STORE/containers/box"
printf 'image dir\nkept\nlayer %s\n' "$(sed -n 's/^layer //p' "$STORE/images/dir")" >"$STORE/containers/box/image"
image rm dir
refused 'an image that a container uses' "image 'dir' is in use by container 'box'"
image inspect dir
like "$out" 'used-by box' 'inspect says so'
rm "$STORE/images/dir"
run "$SV" gc --root "$STORE"
is "$out:$(count)" 'removed 0 layers, 0 B:1' 'gc leaves what a container uses, image or not'
rm -r "$STORE/containers/box"
run "$SV" gc --root "$STORE"
like "$out:$(count)" '^removed 1 layers, [0-9.]+ [kM]B:0' 'and takes it when the container is gone'
imports dir first.tar 'an image again'
echo garbage >"$STORE/images/bad"
mkdir "$STORE/layers/stray"
run "$SV" gc --root "$STORE"
ok 'gc removes a layer that nobody knows' [ ! -e "$STORE/layers/stray" ]
ok 'and not those of a good image' [ -d "$(top dir)" ]
image ls
like "$out" 'bad +\(unreadable\)' 'an image that is none is listed as such'
image inspect bad
refused 'and refused' ".*not the text of an image"
image rm bad
is "$status" 0 'and can be removed'

# --- export to a file, and a store that can't be written to ----------------------------------------------------------

image export dir out.tar
is "$status:$(cmp first.tar out.tar)" 0: 'an export to a file'
image export dir out.tar
refused 'one that is there already' "cannot make 'out.tar'"
run sh -c 'exec "$1" image export --root "$2" dir >/dev/full' _ "$SV" "$STORE"
refused 'an export that finds no room' 'cannot write the archive'
mount --bind "$STORE" "$STORE" && mount -o remount,bind,ro "$STORE" || bail 'no read-only mount'
image ls
is "$status" 0 'a read-only store: ls'
image export dir
is "$status:$(cmp "$stdout" first.tar)" 0: 'a read-only store: export'
image import more tree
refused 'a read-only store' 'cannot use the store.*Read-only.*--root DIR'
image rm dir
is "$status:$(printf '%s\n' "$err" | wc -l)" 125:1 'a read-only store: rm is refused'
umount "$STORE"
chmod 777 "$STORE"
image ls
is "$status" 125 'a store that others may write to is refused'
chmod 700 "$STORE"
image ls --root "$T/none"
run "$SV" image ls --root "$T/none"
is "$status:$out:$(ls -d "$T/none" 2>/dev/null)" 0:: 'a store that is not there is empty, and stays away'
leftovers
done_testing
