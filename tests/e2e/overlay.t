#!/bin/sh
# SPDX-License-Identifier: MIT
# A layer of the container's own over an image or a directory: what is below stays as it is.
. "${0%/*}/../lib.sh"

own_mounts
need python3
N=overlay$$
S=$T/store
mkdir -m 700 "$S"

# layer NAME: the folder of a layer of the store, as $layer, to be filled. image NAME LAYER...: an image of them, the lowest first.
layer() {
	layer_hex=$(printf %s "$1" | sha256sum | cut -c 1-64)
	layer=$S/layers/$layer_hex/fs
	mkdir -p "$layer"
	echo 'size 1' >"$S/layers/$layer_hex/layer"
}
image() {
	mkdir -p "$S/images"
	image_file=$S/images/$1
	shift
	{
		echo 'version 1'
		for of; do printf 'layer %s\n' "$(printf %s "$of" | sha256sum | cut -c 1-64)"; done
	} >"$image_file"
}

# digest FOLDER: all that can be seen of a tree, in a line.
digest() {
	(cd "$1" && {
		find . -printf '%P %y %m %U %G %n %T@ %l\n' | sort
		find . -type f -exec sha256sum {} + | sort
		python3 -c 'import os
for folder, folders, files in os.walk("."):
    for name in sorted(files + folders + ["."]):
        path = os.path.join(folder, name)
        print(path, [(key, os.getxattr(path, key, follow_symlinks=False)) for key in sorted(os.listxattr(path, follow_symlinks=False))])' | sort
	}) | sha256sum
}

# attribute FILE NAME VALUE
attribute() { python3 -c 'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], sys.argv[3].encode())' "$@"; }

with() { run "$SV" run --root "$S" "$@"; }

layer base
cp -a "$ROOTFS/." "$layer"
base=$layer
mkdir -p "$base/data/deep/er" "$base/gone/with/all"
echo first >"$base/data/file"
echo second >"$base/data/other"
ln "$base/data/file" "$base/data/hard"
ln -s file "$base/data/soft"
echo deep >"$base/data/deep/er/file"
chown 1000:1000 "$base/data/other"
chmod 640 "$base/data/other"
touch "$base/gone/with/all/this"
image box base
before=$(digest "$base")

# What can be done to a tree. It prints what is there afterwards.
cat >"$T/change" <<'END'
set -e
echo more >>/data/file
echo new >/data/new
mkdir -p /made/by/me
chmod 600 /data/deep/er/file
chown 1000:1000 /data/deep
mv /data/other /data/moved
ln /data/hard /data/harder
echo through >>/data/soft
rm -r /gone
mkdir /gone
touch /gone/again
rm -r /data/deep/er && mkdir /data/deep/er
: >/data/hard
echo "$(cat /data/file | wc -l) $(cat /data/moved) $(stat -c %U:%a /data/moved) $(ls /gone) $(ls /data/deep/er | wc -l) $(ls /data | tr '\n' ' ')"
END
cp "$T/change" "$base/change"
before=$(digest "$base")
expected='3 second user:640 again 0 deep file hard harder moved new soft '

# --- copy on write ------------------------------------------------------------------------------------------------------

for userns in private host; do
	with --userns "$userns" box /bin/sh /change
	is "$status:$out:$err" "0:$expected:" "--userns $userns: everything can be changed"
	is "$(digest "$base")" "$before" 'and the image is as it was, to the byte'
	is "$(ls "$S/containers")" '' 'what was written is gone at the end'
	with --userns "$userns" box cat /data/file /data/other
	is "$status:$out" '0:first
second' 'the next one sees the image'
done
with box cat /proc/self/mountinfo
like "$out" ' / / [^ ]*nodev.* - overlay ' 'the root is an overlay without devices'
unlike "$out" "$S" 'no path of the store is seen inside'
unlike "$(cat /proc/self/mountinfo)" "$S" 'nor is anything mounted in it'
with box /bin/sh -c 'touch /x && stat -c %u:%g /x; cat /proc/self/uid_map'
like "$out" '^0:0$' 'root inside owns what it makes'
like "$out" ' 65536$' 'in a user namespace of its own'
with -u 1000:1000 box /bin/sh -c 'id -u; cat /data/other; echo x >>/data/other; tail -n 1 /data/other; echo x >>/data/file'
is "$out" '1000
second
x' 'files have their owners: a user writes to his own'
like "$err" 'Permission denied' 'and to no others'
with --read-only box /bin/sh -c 'touch /x'
like "$err" 'Read-only file system' '--read-only: nothing can be written'
with --userns host --cap-add MKNOD box /bin/sh -c 'mknod /null c 1 3; echo x >/null'
like "$err" 'Permission denied|Operation not permitted' 'a node that is made in it is no device'
with --workdir /not/there/yet box pwd
is "$status:$out" '0:/not/there/yet' 'a missing --workdir is made'
with --workdir /not/there/yet --read-only -u 1000 box /bin/sh -c 'pwd; stat -c %u /not/there/yet'
is "$status:$out" '0:/not/there/yet
0' 'also under --read-only, by root'
is "$(digest "$base")" "$before" 'the image is as it was'
with --dry-run box /bin/echo x
is "$status:$(ls "$S/containers")" 0: '--dry-run makes no container'
like "$out" '^command     /bin/echo x$' 'and prints the plan'
with box /no/such/command
is "$status:$(ls "$S/containers")" 127: 'nor does a command that is not there leave one'
with --user nobody-at-all box /bin/true
is "$status:$(ls "$S/containers")" 125: 'or a user who is not'

# --- layers -------------------------------------------------------------------------------------------------------------

layers=base
for i in $(seq 1 39); do
	layer "number $i"
	mkdir "$layer/numbers"
	echo "$i" >"$layer/numbers/$i"
	echo "$i" >"$layer/last"
	layers="$layers
number $i"
done
mknod "$layer/numbers/7" c 0 0
mkdir -p "$layer/data/deep" && attribute "$layer/data/deep" trusted.overlay.opaque y
IFS='
'
# shellcheck disable=SC2086
image forty $layers
unset IFS
for userns in private host; do
	with --userns "$userns" forty /bin/sh -c 'ls /numbers | wc -l; cat /last; ls -A /data/deep; ls /data; rm -r /numbers; touch /x'
	is "$status:$out:$err" '0:38
39
deep
file
hard
other
soft:' "--userns $userns: 40 layers, one over the other, with what they delete"
done

# --- names --------------------------------------------------------------------------------------------------------------

for name in 'two words' 'a,b' 'a:b' 'back\slash' 'quote"d' "it's" 'lower=x' "line
feed"; do
	odd=$T/$name
	mkdir "$odd" && cp -a "$ROOTFS/bin" "$ROOTFS/etc" "$odd/"
	shown=$(printf %s "$name" | tr '\n' '?')
	run "$SV" run --root "$odd/store" --ephemeral "$odd" /bin/sh -c 'echo here; touch /x'
	is "$status:$out:$err" 0:here: "a directory and a store may be called '$shown'"
	ok 'with nothing written to it' [ ! -e "$odd/x" ]
done

# --- a directory --------------------------------------------------------------------------------------------------------

R=$T/r
cp -a "$base" "$R"
before=$(digest "$R")
for userns in private host; do
	with --userns "$userns" --ephemeral "$R" /bin/sh /change
	is "$status:$out:$err" "0:$expected:" "--ephemeral, --userns $userns: everything can be changed"
	is "$(digest "$R")" "$before" 'and the directory is as it was'
done
with --keep "$R" /bin/true
like "$status:$err" "^125:sv: --keep: '$R' is a directory; hint: .*--ephemeral" '--keep is of no use in a directory'

# --- kept ---------------------------------------------------------------------------------------------------------------

with --keep --name "$N" box /bin/sh -c 'echo once >/kept; rm /data/other; mv /data/deep /data/deeper'
is "$status:$err" 0: '--keep: it ran'
is "$(ls "$S/containers")" "$N" 'and left its folder'
is "$(stat -c %a "$S/containers/$N" "$S/containers" "$S" | tr '\n' ' ')" '700 700 700 ' 'which is root'\''s alone'
with --name "$N" box /bin/sh -c 'cat /kept; ls /data; echo twice >>/kept'
is "$status:$out" '0:once
deeper
file
hard
soft' 'the next run of that name goes on with it'
with --name "$N" </dev/null
is "$status:$err" 0: 'also without saying the image'
with --userns host --name "$N" box cat /kept
is "$out" 'once
twice' 'whatever ids it has'
run "$SV" diff --root "$S" "$N"
is "$status:$out" '0:C /data
D /data/deep
A /data/deeper
A /data/deeper/er
A /data/deeper/er/file
D /data/other
A /kept' 'sv diff lists what it wrote'
with --keep --name driving box /bin/sh -c 'touch "/$(printf "a\302\2332m\033\nb\303\251")"'
run "$SV" diff --root "$S" driving
is "$status:$out" "$(printf '0:A /a\302?2m??b\303\251')" 'and a name drives no terminal'
"$SV" rm --root "$S" driving
with --name "$N" "$R" /bin/true
like "$status:$err" "^125:sv: container '$N' is kept, over a layer of its own; hint: .*--ephemeral.*'sv rm $N'" 'a directory that is used in place has no such layer'
with --name "$N-3" "$R" /bin/true
is "$status" 0 'under another name it runs'
image other base "number 1"
with --name "$N" other /bin/true
like "$status:$err" "^125:sv: container '$N' is kept over another than this image 'other'; hint: .*'box'" 'another image is refused'
image box base "number 1"
with --name "$N" box ls /numbers
is "$status" 1 'it stays with the layers that it was made over'
image box base
with --name "$N-2" box ls /kept
is "$status" 1 'another name has nothing of it'
start "$SV" run --root "$S" --name "$N" box /bin/sh -c 'echo ready; exec sleep 1000'
ready
with --name "$N" box /bin/true
like "$status:$err" "^125:sv: name '$N' is in use" 'one name runs once at a time'
run "$SV" rm --root "$S" "$N"
like "$status:$err" "^125:sv: name '$N' is in use" 'and is not removed meanwhile'
kill -KILL "$pid"
finish
is "$status" 137 'killed'
with --name "$N" box cat /kept
is "$status:$(printf '%s\n' "$out" | head -n 1)" 0:once 'a kept one outlives its sv'
run "$SV" rm --root "$S" "$N-3"
like "$status:$err" "^125:sv: no container '$N-3' is kept; hint: these are: $N" 'sv rm: an unknown name'
run "$SV" rm --root "$S" ../images
like "$status:$err" "^125:sv: '../images' is no container's name" 'sv rm: no path'
run "$SV" rm --root "$S" "$N"
is "$status:$err:$(ls "$S/containers")" 0:: 'sv rm removes it'
with --name "$N" </dev/null
like "$status:$err" "^125:sv: no ROOTFS is given, and no container '$N' is kept" 'then there is nothing to go on with'
with --ephemeral --keep --name "$N" "$R" /bin/sh -c 'echo mine >/kept'
with --name "$N" --ephemeral "$R" cat /kept
is "$status:$out" 0:mine '--ephemeral --keep does the same over a directory'
run "$SV" diff --root "$S" "$N"
is "$status:$out" '0:A /kept' 'sv diff as well'
run "$SV" rm --root "$S" "$N"
with --keep box /bin/true
like "$err" "^sv: container [0-9a-f]{12} is kept" 'a name that sv made up is told'
run "$SV" rm --root "$S" "$(ls "$S/containers")"
is "$status:$err" 0: 'and can be removed'

# --- a killed sv --------------------------------------------------------------------------------------------------------

start "$SV" run --root "$S" --name "$N" box /bin/sh -c 'mkdir /a /a/b; touch /a/b/c; echo ready; exec sleep 1000'
ready
is "$(ls "$S/containers")" "$N" 'a running one has its folder'
with box /bin/true
is "$(ls "$S/containers")" "$N" 'which others let alone'
kill -KILL "$pid"
finish
is "$(ls "$S/containers")" "$N" 'its sv killed, the folder is there'
with box /bin/true
is "$status:$(ls "$S/containers")" 0: 'and is removed by the next run'
start "$SV" run --root "$S" --name "$N" box /bin/sh -c 'echo ready; exec sleep 1000'
ready
kill -KILL "$pid"
finish
run "$SV" run "$ROOTFS" /bin/true
is "$status:$(ls "$S/containers")" 0: 'also by one that has nothing to do with images'
start "$SV" run --root "$S" --name "$N" box /bin/sh -c 'echo ready; exec sleep 1000'
ready
kill -KILL "$pid"
finish
with --name "$N" box /bin/true
is "$status:$(ls "$S/containers")" 0: 'and by one of the same name'

# --- many ---------------------------------------------------------------------------------------------------------------

size() { du -sk "$S" | cut -f 1; }
one=$(size)
pids=''
mkfifo "$T/hold"
exec 9<>"$T/hold"
for i in $(seq 1 100); do
	"$SV" run --root "$S" --name "$N-$i" box /bin/sh -c 'echo ready; read line' <"$T/hold" >"$T/out.$i" 2>&1 9<&- &
	pids="$pids $!"
done
for i in $(seq 1 100); do
	wait_for 120 has_line "$T/out.$i" '^ready' || fail "container $i starts" || note "$(cat "$T/out.$i")"
done
all=$(size)
is "$(ls "$S/containers" | wc -l)" 100 '100 containers of one image run'
ok 'and take not the room of three copies of it' [ $((all - one)) -lt $(($(du -sk "$base" | cut -f 1) * 3)) ] ||
	note "alone $one KB, with them $all KB"
note "100 containers take $(((all - one) / 100)) KB each"
yes '' | head -n 200 >&9
for pid in $pids; do wait "$pid" || fail "container ends with 0"; done
exec 9>&-
is "$(ls "$S/containers")" '' 'and leave nothing'
is "$(digest "$base")" "$(digest "$base")" 'the image is as it was'

# --- not possible -------------------------------------------------------------------------------------------------------

with nothing /bin/true
like "$status:$err" "^125:sv: cannot open rootfs 'nothing': .*ENOENT.*hint: .*no image in '$S'" 'an unknown image: what was looked at'
with boxx /bin/true
like "$err" "did you mean 'box'" 'and what was meant'
with ./nothing /bin/true
like "$status:$err" "^125:sv: cannot open rootfs './nothing': .*ENOENT.*hint: .*slash" 'what has a slash is no image'
cd "$T" || exit 1
mkdir box
with box /bin/true
like "$status:$err" "^125:sv: 'box' is ambiguous: a directory here, and an image; hint: ./box is the directory, box:latest the image" \
	'a directory that is called as an image'
with box:latest cat /data/file
is "$status:$out" 0:first 'box:latest is the image'
rmdir box
touch box
with box /bin/true
like "$status:$err" "^125:sv: 'box' is ambiguous: a file here" 'a file that is'
rm box
cd "$TOP" || exit 1
mkdir "$T/ram"
mount -t ramfs ramfs "$T/ram"
run "$SV" run --root "$T/ram/s" --ephemeral "$R" /bin/true
like "$status:$err" '^125:sv: cannot map the ids of rootfs .*--userns host' 'a store that can not be mapped: what to do'
is "$(ls "$T/ram/s/containers")" '' 'with nothing left in it'
umount "$T/ram"
mkdir "$T/open" && chmod 777 "$T/open"
run "$SV" run --root "$T/open" --ephemeral "$R" /bin/true
like "$status:$err" "^125:sv: cannot use the store '$T/open'.*nobody else" 'a store that everybody may write to is refused'

leftovers
done_testing
