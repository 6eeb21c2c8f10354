#!/bin/sh
# SPDX-License-Identifier: MIT
# Images, kept containers and volumes of an ordinary user: overlay in a user namespace.
. "${0%/*}/../lib.sh"

own_mounts
need setpriv unshare
N=user$$
ID=61235
as_user() { setpriv --reuid "$ID" --regid "$ID" --clear-groups env HOME="$T/home" "$@"; }
chmod 755 "$tap_dir"
cp "$SV" "$T/sv" && SV=$T/sv
R=$T/home/r
mkdir "$T/home" && cp -a "$ROOTFS" "$R" && tar -C "$ROOTFS" -cf "$T/root.tar" . && chown -R "$ID:$ID" "$T/home"
unset XDG_RUNTIME_DIR XDG_DATA_HOME
cp -a /etc "$T/etc" && mount --bind "$T/etc" /etc || bail 'no /etc of our own'
printf 'overlay%d:x:%d:%d::/:/bin/sh\n' "$ID" "$ID" "$ID" >>/etc/passwd
: >/etc/subuid
: >/etc/subgid

run as_user unshare -Ur true
[ "$status" = 0 ] || skip_all_cannot 'ordinary users may not make user namespaces here'
# What the tests do, in an overlay that a user mounts: kernels before 5.11 refuse it, and some hosts do.
run as_user unshare -Urm sh -c 'mkdir /tmp/o && mount -t tmpfs t /tmp/o && mkdir /tmp/o/l /tmp/o/u /tmp/o/w &&
	mount -t overlay -o userxattr,lowerdir=/tmp/o/l,upperdir=/tmp/o/u,workdir=/tmp/o/w o /tmp/o/l'
rm -rf /tmp/o
[ "$status" = 0 ] || skip_all_cannot 'ordinary users may not mount an overlay here'

S=$T/home/.local/share/sv
user_run() { run as_user "$SV" run "$@"; }
digest() { (cd "$1" && { find . -printf '%P %y %m %U %G %n %T@ %l\n'; find . -type f -exec sha256sum {} +; } | sort) | sha256sum; }

change='rm -r /etc; mkdir /etc; echo new >/etc/new; cp /bin/busybox /bin/copy; mv /home /moved; ln /bin/busybox /linked; rm /bin/copy; chmod 700 /moved; touch /x; ls -A /etc'
before=$(digest "$R")
user_run --ephemeral "$R" /bin/sh -c "$change"
is "$status:$out:$err" 0:new: '--ephemeral: everything can be changed'
is "$(digest "$R")" "$before" 'and the directory is as it was'
is "$(stat -c '%a %u' "$S" "$S/containers" | tr '\n' ' ')" "700 $ID 700 $ID " 'the store is the user'\''s own'
run as_user "$SV" image import box "$T/root.tar"
is "$status" 0 'sv image import'
before=$(digest "$S/layers")
user_run box /bin/sh -c "$change"
is "$status:$out:$err" 0:new: 'an image: everything can be changed'
is "$(digest "$S/layers"):$(ls "$S/containers")" "$before:" 'and the image is as it was, with nothing left'
user_run --keep --name "$N" box /bin/sh -c "$change"
user_run --name "$N" box /bin/sh -c 'ls -A /etc; ls /linked'
is "$status:$out" '0:new
/linked' 'a kept container: what was emptied stays empty'
run as_user "$SV" diff "$N"
like "$out" '^D /etc/passwd$' 'sv diff'
run as_user "$SV" commit "$N" mine
user_run mine /bin/sh -c 'ls -A /etc; ls /linked'
is "$status:$out" '0:new
/linked' 'sv commit'
run as_user "$SV" rm "$N"
is "$status:$err:$(ls "$S/containers")" 0:: 'sv rm'
mkdir "$T/home/c" && printf 'FROM box\nCOPY file /copied\nRUN cat /copied >/ran; id -u >>/ran\n' >"$T/home/c/Recipe" && echo text >"$T/home/c/file"
chown -R "$ID:$ID" "$T/home/c"
run as_user "$SV" image build made "$T/home/c"
is "$status" 0 'sv image build' || note "$err"
user_run made cat /ran
is "$status:$out" '0:text
0' 'with what was copied and run'
if command -v newuidmap >/dev/null && command -v newgidmap >/dev/null; then
	printf 'overlay%d:400000:65536\n' "$ID" | tee /etc/subuid >/etc/subgid
	printf 'FROM box\nRUN touch /given && chown 1000:1001 /given\n' >"$T/home/c/Recipe"
	run as_user "$SV" image build given "$T/home/c"
	is "$status" 0 'with a range of ids, RUN has all of them' || note "$err"
	user_run given stat -c %u:%g /given
	is "$status:$out" 0:1000:1001 'and so have those who run it'
	run as_user "$SV" image rm given
	: >/etc/subuid
	: >/etc/subgid
else
	skip 'no newuidmap and newgidmap' 'a range of ids in RUN'
fi
user_run -v data:/data box /bin/sh -c 'echo kept >/data/file'
user_run -v data:/data:ro box cat /data/file
is "$status:$out" 0:kept 'named volumes'
printf 'hsqs' >"$T/home/fs"
user_run "$T/home/fs" /bin/true
like "$status:$err" "^125:sv: cannot .*'$T/home/fs'.*hint: mounting a squashfs file needs root" 'a squashfs file needs root'
start as_user "$SV" run --name "$N" box /bin/sh -c 'touch /x; echo ready; exec sleep 1000'
ready
kill -KILL "$(pgrep -P "$pid" || echo "$pid")" 2>/dev/null
kill -KILL "$pid" 2>/dev/null
finish
user_run box /bin/true
is "$status:$(ls "$S/containers")" 0: 'what a killed one left is gone'
umount /etc
leftovers
done_testing
