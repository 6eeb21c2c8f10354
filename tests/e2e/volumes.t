#!/bin/sh
# SPDX-License-Identifier: MIT
# --volume and --tmpfs.
. "${0%/*}/../lib.sh"

own_mounts
need mountpoint

R=$T/r
cp -a "$ROOTFS" "$R"
mkdir "$T/src" "$T/src/sub"
echo content >"$T/src/file"

# options_of PATH...: the mount's own options and its optional fields, a line each, from the mountinfo in $out.
options_of() {
	for at; do
		printf '%s\n' "$out" | awk -v at="$at" '$5 == at { print $6, ($7 == "-" ? "" : $7) }' | tail -n 1
	done
}
volume() { run "$SV" run -v "$@"; }
# mounted NAME TARGET: a mount of its own, of a folder on the disk: before Linux 6.3 no tmpfs has its ids mapped.
mounted() {
	mkdir -p "$T/disks/$1"
	mount --bind "$T/disks/$1" "$2"
}

# --- what is mounted ------------------------------------------------------------------------------------------------

volume "$T/src:/mnt/new/deep" "$R" /bin/sh -c 'cat /mnt/new/deep/file; echo from inside >/mnt/new/deep/made'
is "$status:$out:$(cat "$T/src/made")" '0:content:from inside' 'a folder is shared both ways'
is "$(cd "$R/mnt" && find . -mindepth 1 -type d ! -perm 755)$(find "$R/mnt" -mindepth 1 | wc -l)" 2 \
	'the mount point is made, folders of mode 755'
volume "$T/src/file:/opt/etc/file" "$R" /bin/sh -c 'cat /opt/etc/file; echo more >>/opt/etc/file'
is "$status:$out:$(cat "$T/src/file")" '0:content:content
more' 'a file is shared both ways'
is "$(stat -c '%F %a' "$R/opt/etc/file")" 'regular empty file 644' 'its mount point is an empty file'
(umask 077 && "$SV" run -v "$T/src:/opt/a/b" -v "$T/src/file:/opt/a/c" "$R" /bin/true)
is "$(stat -c %a "$R/opt/a" "$R/opt/a/b" "$R/opt/a/c" | tr '\n' ' ')" '755 755 644 ' 'whatever the umask'
mkfifo "$T/fifo"
volume "$T/fifo:/opt/fifo" "$R" stat -c %F /opt/fifo
is "$status:$out" 0:fifo 'a fifo is mounted as a file is'
run "$SV" run -v "$T/src:/mnt" -v "$T/src/file:/mnt/sub" "$R" /bin/true
like "$status:$err" "^125:sv: cannot open mount point '/mnt/sub' in the rootfs: Is a directory.*hint" 'a file can not be mounted on a folder'
volume "$T/src:/etc/passwd" "$R" /bin/true
like "$status:$err" "^125:sv: cannot open mount point '/etc/passwd' in the rootfs: Not a directory.*hint" \
	'nor a folder on a file'

# --- flags ----------------------------------------------------------------------------------------------------------

volume "$T/src:/mnt" "$R" cat /proc/self/mountinfo
is "$(options_of /mnt)" 'rw,nosuid,nodev,relatime,idmapped ' 'a volume is nosuid and nodev, and private'
for word in suid,dev dev,suid; do
	volume "$T/src:/mnt:$word" "$R" cat /proc/self/mountinfo
	is "$(options_of /mnt)" 'rw,relatime,idmapped ' "'$word' allows both"
done
volume "$T/src:/mnt:suid" "$R" cat /proc/self/mountinfo
is "$(options_of /mnt)" 'rw,nodev,relatime,idmapped ' "'suid' allows that only"
volume "$T/src:/mnt:noexec,ro" "$R" cat /proc/self/mountinfo
is "$(options_of /mnt)" 'ro,nosuid,nodev,noexec,relatime,idmapped ' "'noexec,ro' are set"
cp "$ROOTFS/bin/busybox" "$T/src/true"
volume "$T/src:/mnt:noexec" "$R" /mnt/true
is "$status" 126 "'noexec': no program of it can be executed"
volume "$T/src:/mnt" "$R" /mnt/true
is "$status" 0 'without it they can'
# busybox gives such rights back, init does not.
cp "$INIT" "$T/src/init" && chmod 4755 "$T/src/init"
user='/mnt/init sleep 60 & until grep -qs init "/proc/$!/comm" || ! kill -0 "$!"; do :; done
	awk "/^Uid/ { print \$2, \$3 }" "/proc/$!/status"'
volume "$T/src:/mnt" --no-new-privs=false -u 1000 "$R" /bin/sh -c "$user"
is "$status:$out" '0:1000 1000' 'a set-user-ID program of a volume gives no rights'
volume "$T/src:/mnt:suid" --no-new-privs=false -u 1000 "$R" /bin/sh -c "$user"
is "$status:$out" '0:1000 0' "unless 'suid' was asked"
mknod -m 666 "$T/src/zero" c 1 5
volume "$T/src:/mnt" "$R" head -c 1 /mnt/zero
isnt "$status" 0 'a device of a volume can not be opened'
volume "$T/src:/mnt:dev" "$R" head -c 1 /mnt/zero
is "$status" 0 "unless 'dev' was asked"
rm "$T/src/zero" "$T/src/init" "$T/src/true"

mounted below "$T/src/sub" && mkdir "$T/src/sub/deep"
mounted deeper "$T/src/sub/deep" && touch "$T/src/sub/deep/seen"
volume "$T/src:/mnt" "$R" ls /mnt/sub/deep/seen
is "$status" 0 'what is mounted in a volume comes along'
volume "$T/src:/mnt" "$R" cat /proc/self/mountinfo
like "$(options_of /mnt/sub)" '^rw,nosuid,nodev' 'with the flags of the volume'
volume "$T/src:/mnt:ro" "$R" /bin/sh -c 'for where in /mnt /mnt/sub /mnt/sub/deep; do touch "$where/x"; done
	touch /mnt/file'
is "$(printf '%s\n' "$err" | grep -c 'Read-only file system')" 4 "'ro' holds for all that is mounted below"
is "$(find "$T/src" -name x)" '' 'and nothing was made there'
touch "$T/src/sub/deep/x"
ok "'ro' is the container's alone" [ -e "$T/src/sub/deep/x" ]
umount "$T/src/sub/deep" "$T/src/sub"

# --- propagation ----------------------------------------------------------------------------------------------------

mkdir "$T/shared"
mounted shared "$T/shared"
mount --make-shared "$T/shared"
mkdir "$T/shared/early" "$T/shared/late" "$T/shared/inner"
mkfifo "$R/go"
for mode in rprivate rslave; do
	mounted early "$T/shared/early"
	"$SV" run --cap-add SYS_ADMIN -v "$T/shared:/mnt:$mode" "$R" /bin/sh -c '
		exec 9<>/go
		mount -t tmpfs inner /mnt/inner && touch /mnt/inner/made /ready
		read go <&9
		ls /mnt/late; echo early; ls /mnt/early' >"$T/out" 2>&1 </dev/null &
	pid=$!
	ok "$mode: the container runs" wait_for 10 exists "$R/ready"
	ok "$mode: what is mounted inside stays there" [ ! -e "$T/shared/inner/made" ]
	mounted late "$T/shared/late" && touch "$T/shared/late/seen"
	touch "$T/shared/early/before" && umount "$T/shared/early"
	echo go 1<>"$R/go"
	wait "$pid"
	case $mode in
	rslave) is "$(tr '\n' ' ' <"$T/out")" 'seen early ' 'rslave: mounts and unmounts of the host are followed' ;;
	*) is "$(tr '\n' ' ' <"$T/out")" 'early before ' 'rprivate: mounts and unmounts of the host are not followed' ;;
	esac
	umount "$T/shared/late"
	rm "$R/ready"
done
"$SV" run -v "$T/shared:/mnt" "$R" cat /proc/self/mountinfo >"$T/info"
unlike "$(cat "$T/info")" '(shared|master):' 'unless asked, a volume hears of nothing'
umount "$T/shared"

# --- order ----------------------------------------------------------------------------------------------------------

mkdir "$T/a" "$T/b" "$T/c" && echo a >"$T/a/it" && echo b >"$T/b/it" && echo c >"$T/c/it"
run "$SV" run -v "$T/c:/v/x/y" -v "$T/b:/v/x" -v "$T/a:/v" "$R" cat /v/it /v/x/it /v/x/y/it
is "$status:$out" '0:a
b
c' 'a volume does not hide one below it, whatever the order'
run "$SV" run -v "$T/b:/w/x" --tmpfs /w "$R" /bin/sh -c 'cat /w/x/it; touch /w/new'
is "$status:$out" 0:b 'nor does a tmpfs'
ok 'whose mount points are made in memory' [ ! -e "$R/w/x" ]
run "$SV" run -v "$T/a:/tmp/v" -v "$T/b:/dev/v" "$R" /bin/sh -c 'cat /tmp/v/it /dev/v/it; ls /dev/null'
is "$status:$out" '0:a
b
/dev/null' 'a volume may lie in /dev'
mkdir "$T/d" && touch "$T/d/it"
run "$SV" run -v "$T/d:/dev" "$R" ls /dev
is "$out" it 'a volume may take the place of /dev'
run "$SV" run -v "$T/d:/dev/shm" "$R" ls /dev/shm
is "$out" it 'or of what is mounted there'
is "$(cd "$T" && find a b -mindepth 1 | sort | tr '\n' ' ')" 'a/it a/x b/it b/y ' 'in the volumes themselves are only the mount points'

# --- no way out -----------------------------------------------------------------------------------------------------

mkdir "$T/outside" "$R/real"
i=0
for to in "$T/outside" "../../../../../../..$T/outside" "/proc/1/root$T/outside" "../..$T/outside"; do
	i=$((i + 1))
	ln -s "$to" "$R/link$i"
	mkdir -p "$R$T/outside"
	run "$SV" run -v "$T/a:/link$i/sub" -v "$T/a/it:/link$i/file" --tmpfs "/link$i/tmp" "$R" cat "$T/outside/sub/it"
	case $to in
	/proc/*) like "$status:$err" '^125:sv: cannot ' "a target through a link to $i, a process's root, is refused" ;;
	*) is "$status:$out" 0:a "a target through link $i is in the rootfs" ;;
	esac
	is "$(find "$T/outside" -mindepth 1)" '' "and never outside of it ($i)"
	rm -r "$R${T%/*}"
done
ln -s "$T/outside/made" "$R/dangling"
ln -s "$T/outside/made" "$R/real/dangling"
for target in /dangling /dangling/sub /real/dangling; do
	for source in "$T/a" "$T/a/it"; do
		run "$SV" run -v "$source:$target" "$R" /bin/true
		like "$status:$err" "^125:sv: cannot .*'$target'" "a target that is a dead link is refused: $target"
	done
done
is "$(find "$T/outside" -mindepth 1)" '' 'and nothing is made where it leads'
ln -s real "$R/plain"
run "$SV" run -v "$T/a:/plain/v" "$R" cat /real/v/it
is "$status:$out" 0:a 'a link within the rootfs is followed'
ln -s "$T/a" "$T/tosource"
run "$SV" run -v "$T/tosource:/mnt" "$R" cat /mnt/it
is "$status:$out" 0:a 'a source may be a link'
ln -s loop "$R/loop"
run "$SV" run -v "$T/a:/loop/x" "$R" /bin/true
like "$status:$err" '^125:sv: cannot .*/loop/x.*ELOOP' 'a target through a loop of links is refused'

# --- words ----------------------------------------------------------------------------------------------------------

line='a
b'
for name in 'two words' 'a,b' "$line" "it's" 'a=b'; do
	mkdir "$T/$name" && touch "$T/$name/seen"
	run "$SV" run -v "$T/$name:/mnt/$name" "$R" ls "/mnt/$name"
	is "$status:$out" 0:seen "source and target may be called '$(printf %s "$name" | tr '\n' '?')'"
done
cd "$T" || exit 1
for name in ./a b/../a; do
	run "$SV" run -v "$name:/mnt" "$R" cat /mnt/it
	is "$status:$out" 0:a "a source may be relative: $name"
done
cd "$TOP" || exit 1
run "$SV" run -v "$T/a:/mnt//x/./y/" "$R" cat /mnt/x/y/it
is "$status:$out" 0:a 'a target may have needless slashes and dots'

# refused PATTERN OPTION...: in one line that names the value.
refused() {
	pattern=$1
	shift
	run "$SV" run "$@" "$R" /bin/true
	is "$status:$(printf '%s\n' "$err" | wc -l)" 125:1 "refused: $(printf %s "$*" | sed "s,$T,T,g")"
	like "$err" "^sv: $pattern" 'with the reason'
}
refused "cannot open volume source '$T/missing': No such file or directory \(ENOENT\)" -v "$T/missing:/mnt"
ok 'a missing source is not made' [ ! -e "$T/missing" ]
refused "--volume: '$T/a:mnt'" -v "$T/a:mnt"
refused "--volume: '$T/a:\./mnt'" -v "$T/a:./mnt"
refused "--volume: '$T/a:/'.*hint" -v "$T/a:/"
refused "--volume: '$T/a://\.'.*hint" -v "$T/a://."
refused "--volume: '$T/a:/mnt/\.\./x'.*hint" -v "$T/a:/mnt/../x"
refused "--volume: '$T/a'" -v "$T/a"
refused "--volume: '$T/a:'" -v "$T/a:"
refused "--volume: ':/mnt'" -v :/mnt
refused "--volume: '$T/a:/mnt:rx'.*hint" -v "$T/a:/mnt:rx"
refused "--volume: '$T/a:/mnt:ro,'" -v "$T/a:/mnt:ro,"
refused "--volume: '$T/a:/mnt:ro:rw'" -v "$T/a:/mnt:ro:rw"
refused "--tmpfs: 'mnt'" --tmpfs mnt
refused "--tmpfs: '/'" --tmpfs /
refused "--tmpfs: '/mnt:size=0'" --tmpfs /mnt:size=0
refused "--tmpfs: '/mnt:size=1q'" --tmpfs /mnt:size=1q
refused "--tmpfs: '/mnt:mode=9'" --tmpfs /mnt:mode=9
refused "--tmpfs: '/mnt:uid=3'.*hint" --tmpfs /mnt:uid=3

# --- tmpfs ----------------------------------------------------------------------------------------------------------

run "$SV" run --tmpfs /mnt/t "$R" /bin/sh -c 'cat /proc/self/mountinfo; echo "mode $(stat -c "%a %u:%g" /mnt/t)"'
is "$(options_of /mnt/t)" 'rw,nosuid,nodev,noexec,relatime ' '--tmpfs is nosuid, nodev and noexec'
like "$out" '^mode 1777 0:0$' 'and everybody may write to it'
run "$SV" run --tmpfs /mnt/t:size=1m,mode=0750,exec "$R" /bin/sh -c 'df -k /mnt/t | awk "NR == 2 { print \$2 }"
	stat -c %a /mnt/t; cp /bin/busybox /mnt/t/true 2>/dev/null; ln -s /bin/busybox /mnt/t/true 2>/dev/null; cat /proc/self/mountinfo'
like "$out" '^1024$' '--tmpfs size='
like "$out" '^750$' '--tmpfs mode='
is "$(options_of /mnt/t)" 'rw,nosuid,nodev,relatime ' '--tmpfs exec'
run "$SV" run --tmpfs /mnt/t:ro,suid,dev "$R" cat /proc/self/mountinfo
is "$(options_of /mnt/t)" 'ro,noexec,relatime ' '--tmpfs ro,suid,dev'
run "$SV" run --tmpfs /mnt/t "$R" touch /mnt/t/x
is "$(find "$R/mnt/t" -mindepth 1)" '' 'what is written there is gone with the container'

leftovers
done_testing
