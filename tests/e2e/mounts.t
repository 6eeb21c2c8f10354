#!/bin/sh
# SPDX-License-Identifier: MIT
# The container's own mounts, and what kinds of root filesystem it starts from.
. "${0%/*}/../lib.sh"

own_mounts
need mountpoint

# mount_of PATH: "TYPE OPTIONS SUPER-OPTIONS" of the mount there, from the mountinfo in $out.
mount_of() {
	printf '%s\n' "$out" | awk -v at="$1" '$5 == at { for (i = 7; $i != "-"; i++); print $(i + 1), $6, $(i + 3) }' | tail -n 1
}

# has_flags TEXT FLAG...: each of the words, in a list with commas. lacks_flags TEXT FLAG...: none of them.
has_flags() {
	list=$1
	shift
	for flag; do
		case ",$(printf %s "$list" | tr ' ' ,)," in *",$flag,"*) ;; *) echo "no $flag in $list" && return 1 ;; esac
	done
}
lacks_flags() {
	list=$1
	shift
	for flag; do
		! has_flags "$list" "$flag" >/dev/null || { echo "$flag in $list" && return 1; }
	done
}

in_rootfs() {
	run "$SV" run "$@"
}

# --- flags: config-linux.md, "Default Filesystems", and the mounts of runc's example --------------------------------

# The kernel shows the groups of devpts by their numbers on the host.
run "$SV" run "$ROOTFS" cat /proc/self/gid_map
start=$(printf '%s\n' "$out" | awk '{ print $2 }')
run "$SV" run --userns "$start:65536" "$ROOTFS" cat /proc/self/mountinfo
out=$(printf '%s\n' "$out" | sed "s/gid=$((start + 5))/gid=5/")
while read -r where type flags; do
	# shellcheck disable=SC2086
	ok "$where is a $type, $flags" has_flags "$(mount_of "$where")" "$type" $flags
done <<'EOF'
/proc proc rw nosuid noexec nodev
/sys sysfs ro nosuid noexec nodev
/dev tmpfs rw nosuid mode=755 size=65536k
/dev/pts devpts rw nosuid noexec mode=620 ptmxmode=666 gid=5
/dev/shm tmpfs rw nosuid noexec nodev size=65536k
/dev/mqueue mqueue rw nosuid noexec nodev
EOF
ok '/dev has strict times, and programs and devices' lacks_flags "$(mount_of /dev)" relatime noatime noexec nodev
is "$(printf '%s\n' "$out" | grep -E ' (shared|master|propagate_from|unbindable):?' )" '' 'no mount belongs to a peer group'

in_rootfs "$ROOTFS" /bin/sh -c 'mkdir /sys/made; echo x >/sys/kernel/profiling'
is "$(printf '%s\n' "$err" | grep -c 'Read-only file system')" 2 '/sys can not be written to'
in_rootfs --shm-size 1m "$ROOTFS" /bin/sh -c 'df -k /dev/shm | awk "NR == 2 { print \$2 }"; dd if=/dev/zero of=/dev/shm/x bs=64k count=17'
like "$out" '^1024$' '--shm-size is the size of /dev/shm'
like "$err" 'No space left' 'and its end'

# --- mount points ---------------------------------------------------------------------------------------------------

# bare DIR: a tree with a shell and no mount points.
bare() {
	mkdir -p "$1/bin"
	cp "$ROOTFS/bin/busybox" "$1/bin/"
	for applet in sh true cat ls mkdir touch stat; do
		ln -s busybox "$1/bin/$applet"
	done
}

bare "$T/bare"
run sh -c 'umask 077; exec "$@"' _ "$SV" run "$T/bare" /bin/sh -c 'cat /proc/1/comm; ls /sys/kernel >/dev/null && ls /dev/null'
is "$status:$out" '0:init
/dev/null' 'missing mount points are made'
is "$(cd "$T/bare" && stat -c '%n %a %U %F' proc sys dev)" 'proc 755 root directory
sys 755 root directory
dev 755 root directory' 'as plain folders, whatever the umask'
is "$(cd "$T/bare" && find . -mindepth 1 ! -path './bin*' | sort | tr '\n' ' ')" './dev ./proc ./sys ' 'and nothing else'

bare "$T/fixed"
mount --bind "$T/fixed" "$T/fixed"
mount -o remount,bind,ro "$T/fixed"
in_rootfs "$T/fixed" /bin/true
is "$status:$(printf '%s\n' "$err" | wc -l)" 125:1 'where they can not be made, one line says so'
like "$err" "^sv: cannot create mount point '/proc' in the rootfs: Read-only file system \(EROFS\); hint: " 'and which'
mount -o remount,bind,rw "$T/fixed"
mkdir "$T/fixed/proc" "$T/fixed/sys" "$T/fixed/dev"
mount -o remount,bind,ro "$T/fixed"
in_rootfs "$T/fixed" cat /proc/1/comm
is "$status:$out" 0:init 'where they are there, the tree may be read-only'
umount "$T/fixed"

mkdir "$T/elsewhere" "$T/fixed/inside"
for name in proc sys dev; do
	for to in "$T/elsewhere" /inside inside ../../inside missing; do
		rmdir "$T/fixed/$name"
		ln -s "$to" "$T/fixed/$name"
		in_rootfs "$T/fixed" /bin/true
		like "$status:$err" "^125:sv: refused: '/$name' in the rootfs is .*symbolic link; hint: " "/$name that is a link to $to is refused"
		rm "$T/fixed/$name"
		mkdir "$T/fixed/$name"
	done
	rmdir "$T/fixed/$name"
	touch "$T/fixed/$name"
	in_rootfs "$T/fixed" /bin/true
	like "$status:$err" "^125:sv: cannot open mount point '/$name' in the rootfs: Not a directory" "/$name that is a file is refused"
	rm "$T/fixed/$name"
	mkdir "$T/fixed/$name"
done
ok 'nothing was mounted where the links led' [ -z "$(awk -v d="$T/" 'index($5, d) == 1' /proc/self/mountinfo)" ]
is "$(find "$T/elsewhere" "$T/fixed/inside" -mindepth 1)" '' 'and nothing made there'

# --- read-only ------------------------------------------------------------------------------------------------------

cp -a "$ROOTFS" "$T/r"
mount -t tmpfs below "$T/r/mnt"
in_rootfs --read-only --tmpfs /tmp "$T/r" /bin/sh -c '
	for where in / /etc /mnt /tmp /dev /dev/shm; do touch "$where/new" && echo "$where"; done'
is "$(printf '%s' "$out" | tr '\n' ' ')" '/tmp /dev /dev/shm' '--read-only: only what is mounted by sv can be written to'
is "$(printf '%s\n' "$err" | grep -c 'Read-only file system')" 3 '--read-only: what was mounted in the rootfs neither'
in_rootfs "$T/r" touch /new /mnt/new
ok '--read-only was the container'\''s alone: the next may write' [ -e "$T/r/mnt/new" ]
rm "$T/r/new"
umount "$T/r/mnt"
bare "$T/bare2"
in_rootfs --read-only "$T/bare2" cat /proc/1/comm
is "$status:$out" 0:init '--read-only: missing mount points are made nevertheless'

# --- kinds of root --------------------------------------------------------------------------------------------------

mkdir "$T/r/mnt/sub"
mount -t tmpfs below "$T/r/mnt/sub" && touch "$T/r/mnt/sub/seen" && mkdir "$T/r/mnt/sub/deep"
mount -t tmpfs deeper "$T/r/mnt/sub/deep" && touch "$T/r/mnt/sub/deep/seen"
in_rootfs "$T/r" ls /mnt/sub/seen /mnt/sub/deep/seen
is "$status" 0 'what is mounted in the rootfs is there inside'
umount "$T/r/mnt/sub/deep" "$T/r/mnt/sub"

mkdir "$T/fs"
mount -t tmpfs whole "$T/fs"
cp -a "$ROOTFS/." "$T/fs"
in_rootfs "$T/fs" cat /proc/1/comm
is "$status:$out" 0:init 'the rootfs may be a whole filesystem'
umount "$T/fs"

mkdir "$T/layers" "$T/layers/upper" "$T/layers/work" "$T/o"
if mount -t overlay overlay -o "lowerdir=$ROOTFS,upperdir=$T/layers/upper,workdir=$T/layers/work" "$T/o" 2>/dev/null; then
	in_rootfs "$T/o" touch /made
	umount "$T/o"
	ok 'the rootfs may be an overlay' [ -e "$T/layers/upper/made" ]
else
	skip_cannot 'no overlay here' 'the rootfs may be an overlay'
fi

line='a
b'
for name in 'two words' 'a,b:c' "$line" "it's \"quoted\" \\ back" '-dash' 'ünï'; do
	shown=$(printf %s "$name" | tr '\n' '?')
	mv "$T/r" "$T/$name"
	in_rootfs "$T/$name" cat /proc/1/comm
	is "$status:$out" 0:init "a rootfs may be called '$shown'"
	mv "$T/$name" "$T/r"
done

cd "$T" || exit 1
for name in r ./r r/ r/. r/../r "../${T##*/}/r" "$T/r/" "/proc/self/cwd/r"; do
	in_rootfs "$name" /bin/sh -c 'cat /proc/1/comm; pwd'
	is "$status:$out" '0:init
/' "a rootfs may be named by ${name#"$T"}"
done
cd r || exit 1
in_rootfs . cat /proc/1/comm
is "$status:$out" 0:init 'a rootfs may be the working directory'
cd "$TOP" || exit 1
ln -s r "$T/link"
in_rootfs "$T/link" cat /proc/1/comm
is "$status:$out" 0:init 'a rootfs may be named by a link'

in_rootfs / /bin/sh -c 'cat /proc/1/comm; ls /dev | wc -l; echo $$'
is "$status:$out" '0:init
15
2' 'a rootfs may be the host'\''s own root'
ok 'whose mounts stay as they are' mountpoint -q /proc

leftovers
done_testing
