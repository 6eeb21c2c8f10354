#!/bin/sh
# SPDX-License-Identifier: MIT
# Named volumes, and volumes' flags that make something.
. "${0%/*}/../lib.sh"

own_mounts
S=$T/store
R=$T/r
cp -a "$ROOTFS" "$R"
with() { run "$SV" run --root "$S" "$@"; }
volume() { run "$SV" volume "$@"; }

with -v data:/data "$R" /bin/sh -c 'stat -c "%u:%g %a" /data; echo kept >/data/file; chown 1000:1000 /data/file'
is "$status:$out:$err" '0:0:0 755:' 'a volume is made at its first use, for root inside'
is "$(stat -c %a "$S" "$S/volumes" | tr '\n' ' ')" '700 700 ' 'in a store that is root'\''s alone'
is "$(stat -c %u:%g "$S/volumes/data" "$S/volumes/data/file" | tr '\n' ' ')" '0:0 1000:1000 ' 'files have the owners that are seen inside'
for userns in private host; do
	with --userns "$userns" -v data:/other "$R" /bin/sh -c 'cat /other/file; stat -c %u:%g /other/file'
	is "$status:$out" '0:kept
1000:1000' "--userns $userns: it is kept, and seen the same"
done
with -v data:/data:ro "$R" touch /data/x
like "$status:$err" '^1:.*Read-only file system' 'with the flags of a volume'
with -v data:/a -v data:/b -v more.2:/c "$R" /bin/sh -c 'echo x >/a/shared; cat /b/shared; touch /c/x'
is "$status:$out" 0:x 'one may be used twice, and beside another'
volume ls --root "$S"
is "$status:$out" '0:data
more.2' 'sv volume ls'
start "$SV" run --root "$S" -v data:/data "$R" /bin/sh -c 'echo ready; exec sleep 1000'
ready
with -v data:/data "$R" cat /data/file
is "$status:$out" 0:kept 'two containers share it'
volume rm --root "$S" data
like "$status:$err" "^125:sv: volume 'data' is in use by a container" 'sv volume rm: not while it is used'
kill "$pid"
finish
volume rm --root "$S" data more.2
is "$status:$out$err:$(ls "$S/volumes")" 0:: 'sv volume rm'
volume rm --root "$S" data
like "$status:$err" "^125:sv: there is no volume 'data'; hint: 'sv volume ls'" 'an unknown one'
volume rm --root "$S" ../images
like "$status:$err" "^125:sv: '../images' is no volume's name" 'no path'
volume frob
like "$status:$err" '^125:sv: volume: unknown word frob; hint: sv volume ls' 'an unknown word'
volume ls x
like "$status:$err" '^125:sv: ls: unexpected argument x' 'a word too many'
cd "$T" || exit 1
mkdir here
with -v here:/mnt "$R" /bin/true
like "$status:$err" "^125:sv: --volume: there is no volume 'here', but a file here; hint: ./here" 'a folder here of the name: which is meant?'
with -v ./here:/mnt "$R" touch /mnt/x
ok './here is the folder' [ -e here/x ]
cd "$TOP" || exit 1
with --dry-run -v new:/mnt "$R" /bin/true
like "$status:$err" "^125:sv: cannot open volume 'new'" '--dry-run makes none'

# --- create -------------------------------------------------------------------------------------------------------------

with -v "$T/made/by/sv:/mnt:create" "$R" /bin/sh -c 'stat -c "%u:%g %a" /mnt; touch /mnt/x'
is "$status:$out" '0:0:0 755' 'create: the folder is made, with what leads to it'
ok 'and written to' [ -e "$T/made/by/sv/x" ]
with -v "$T/made/by/sv:/mnt:create,ro" "$R" ls /mnt
is "$status:$out" 0:x 'one that is there is taken'
touch "$T/plain"
with -v "$T/plain:/opt/plain:create" "$R" stat -c %F /opt/plain
is "$status" 0 'a file as well'
with -v "$T/plain/x:/mnt:create" "$R" /bin/true
like "$status:$err" "^125:sv: cannot create volume source '$T/plain/x': Not a directory" 'where it can not be made'
with --dry-run -v "$T/dry:/mnt:create" "$R" /bin/true
ok '--dry-run makes nothing' [ ! -e "$T/dry" ]

# --- ro-nonrecursive ----------------------------------------------------------------------------------------------------

mkdir -p "$T/tree/sub"
mount -t tmpfs below "$T/tree/sub"
with --userns host -v "$T/tree:/mnt:ro-nonrecursive" "$R" /bin/sh -c 'touch /mnt/x; touch /mnt/sub/x && echo below'
is "$out" below 'ro-nonrecursive: what is mounted below can be written to'
like "$err" '/mnt/x: Read-only file system' 'but not the volume itself'
umount "$T/tree/sub"

leftovers
done_testing
