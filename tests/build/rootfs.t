#!/bin/sh
# SPDX-License-Identifier: MIT
# make rootfs, by the script behind it.
. "${0%/*}/../lib.sh"

cd "$T" || exit 1
lay() { "$TOP/rootfs-skel/lay-down" "$@"; }

ok 'lays out a tree' lay tree
for path in /bin/sh /bin/ls /bin/ps /bin/hostname /usr/bin/id /sbin/ip /bin/mount /usr/bin/env /usr/sbin/chroot; do
	ok "$path is there" test -x "tree$path"
done
is "$(cd tree && find . -type l -printf '%l\n' | grep -c '^/')" 0 'no link in it leads out when seen from outside'
is "$(stat -c %a tree tree/tmp tree/root tree/etc/passwd | tr '\n' ' ')" '755 1777 700 644 ' 'modes'
like "$(cat tree/etc/passwd)" '^root:x:0:0:' 'passwd knows root'
like "$(cat tree/etc/passwd)" '^user:x:1000:1000:' 'and a user'
like "$(cat tree/etc/group)" '^[a-z]+:x:[0-9]+:.*user' 'who has a further group'
if [ "$(id -u)" -eq 0 ]; then
	is "$(chroot tree /bin/sh -c 'echo works')" works 'its shell works'
	is "$(chroot tree /usr/bin/env - /bin/sh -lc 'printf %s "$PS1"')" '\u@\h:\w# ' 'a login shell shows user@hostname'
	is "$(chroot tree /usr/bin/id -Gn user)" 'user audio users' 'groups are found'
else
	skip 'not root' 'what works inside'
fi

inode=$(stat -c %i tree/bin/busybox)
: >tree/etc/mine
is "$(lay tree)" '' 'a second time does nothing'
is "$(stat -c %i tree/bin/busybox)" "$inode" 'not even to a file'
touch -d '2001-01-01' tree/etc/rootfs-skel
ok 'a tree older than what it is made of is made anew' lay tree
ok 'and the old one is kept aside' exists tree.old/etc/mine
ok 'the new one is new' missing tree/etc/mine

mkdir -p own/bin
: >own/bin/mine
is "$(lay own)$(ls own)" bin "somebody's own tree is left alone"
mkdir empty
ok 'an empty folder is filled' lay empty
ok 'with a tree' test -x empty/bin/sh

for kind in gz xz; do
	case $kind in gz) tar -C tree -czf "tree.tar.$kind" . ;; xz) tar -C tree -cJf "tree.tar.$kind" . ;; esac
	ok "unpacks .tar.$kind" lay "from-$kind" "tree.tar.$kind"
	is "$(ls "from-$kind")" "$(ls tree)" 'the same tree comes out'
done
run lay from-gz
is "$status$out" 0 'a tree from an archive is left alone afterwards'

# bad NAME PATTERN ARGUMENT...: fails with one line, leaves nothing.
bad() {
	name=$1 pattern=$2
	shift 2
	run lay "$@"
	is "$status" 1 "$name is refused"
	like "$err" "$pattern" 'with the reason'
	is "$(ls -d bad* 2>/dev/null)" '' 'and nothing is left'
}
: >file
mkdir -p layers
echo '[]' >layers/manifest.json
tar -cf image.tar -C layers .
tar -cf other.tar file
bad 'a missing archive' "no such archive: 'nowhere.tar'" bad nowhere.tar
bad 'what is no archive' "cannot unpack" bad tree/bin/busybox
bad 'an image made of layers' 'image made of layers' bad image.tar
bad 'an archive of something else' 'no root filesystem' bad other.tar
run lay file
like "$err" "'file' is not a folder" 'a file in its place is refused'
done_testing
