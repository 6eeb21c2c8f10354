#!/bin/sh
# SPDX-License-Identifier: MIT
# What IMAGE can be: a name, an archive, standard input, a file that is a file system; and what an image says of its command.
. "${0%/*}/../lib.sh"

own_mounts
S=$T/store
mkdir -m 700 "$S"
with() { run "$SV" run --root "$S" "$@"; }
# left: what is in the store of containers and of work in progress; spare folders don't count.
left() { find "$S/containers" "$S/tmp" -mindepth 1 -maxdepth 1 ! -name '.*'; }

# image NAME LINE...: an image of the one layer that is there, with lines of its own.
hex=$(printf base | sha256sum | cut -c 1-64)
mkdir -p "$S/layers/$hex/fs" "$S/images"
cp -a "$ROOTFS/." "$S/layers/$hex/fs"
echo 'size 1' >"$S/layers/$hex/layer"
image() {
	image_file=$S/images/$1
	shift
	{
		echo 'version 1'
		echo "layer $hex"
		for line; do printf '%s\n' "$line"; done
	} >"$image_file"
}

# --- what an image says -------------------------------------------------------------------------------------------------

image cmd 'command /bin/echo' 'command from the image'
with cmd
is "$status:$out" '0:from the image' 'the command of the image'
with cmd /bin/echo given
is "$status:$out" 0:given 'one that is given takes its place'
with --entrypoint /bin/echo cmd
is "$status:$out" 0: 'an entry point that is given as well'
image entry 'entrypoint /bin/echo' 'entrypoint always' 'command default'
with entry
is "$status:$out" '0:always default' 'the entry point of the image goes before its command'
with entry a b
is "$status:$out" '0:always a b' 'and before one that is given'
with --entrypoint /bin/ls entry /bin/sh
is "$status:$out" 0:/bin/sh 'one that is given replaces both'
image plain
run "$SV" run --root "$S" plain </dev/null
is "$status" 0 'an image without a command has /bin/sh'
image env 'env A=image' 'env B=image' 'env PATH=/sbin:/bin' 'env C=two\nlines'
with -e B=given -e D=new env /bin/sh -c 'echo "$A $B $D $PATH"; echo "$C"'
is "$status:$out" '0:image given new /sbin:/bin
two
lines' 'its environment, where nothing was given'
image user 'user 1000:1000' 'workdir /var/made'
with user /bin/sh -c 'id -u; id -g; pwd'
is "$status:$out" '0:1000
1000
/var/made' 'its user and working directory'
with -u 0 -w / user /bin/sh -c 'id -u; pwd'
is "$status:$out" '0:0
/' 'unless others were given'
for bad in 'up /a/../b' 'relative a/b' "long /$(printf '%05000d' 0)" "deep $(printf '/%02000d' 0 0 0)"; do
	image "${bad%% *}" "workdir ${bad#* }"
	with "${bad%% *}" /bin/true
	is "$status:$(printf '%s\n' "$err" | wc -l)" 125:1 "a working directory that is none: ${bad%% *}"
	like "$err" "^sv: image '?${bad%% *}'?: its --workdir" 'says whose'
	is "$(left)" '' 'and leaves nothing'
done
with -w / up /bin/pwd
is "$status:$out" 0:/ 'unless another was given'
image slashes 'workdir //srv/./x/'
with slashes /bin/pwd
is "$status:$out" 0:/srv/x 'slashes and dots are as in an option'
image driving "env A=$(printf '\033[31m\302\2332m')\\nuser root" "created $(printf '\033]0;x\007')"
run "$SV" image inspect --root "$S" driving
is "$(printf '%s\n' "$out" | grep -a -e '^created' -e '^env' -e '^user')" "created ?]0;x?
env A=?[31m$(printf '\302')?2m?user root" 'what an image says does not drive a terminal, nor make a line of its own'
run "$SV" image ls --root "$S"
like "$out" '^driving .*  \?]0;x\?$' 'nor in the list'
image unknown 'user somebody'
with unknown /bin/true
like "$status:$err" "^125:sv: .*'somebody'" 'a user that it names and has not'
image stop 'stop-signal SIGUSR1'
start "$SV" run --root "$S" stop /bin/sh -c 'trap "echo usr1; exit 3" USR1; echo ready; while :; do sleep 0.1; done'
ready
kill "$pid"
finish
is "$status:$out" '3:ready
usr1' 'its stop signal'
image badstop 'stop-signal SIGNONE'
with badstop /bin/true
like "$status:$err" "^125:sv: the image's stop signal 'SIGNONE' is no signal; hint: .*--stop-signal" 'one that is none'
with --stop-signal TERM badstop /bin/true
is "$status" 0 'another can be given'
echo 'no image' >"$S/images/broken"
with broken /bin/true
like "$status:$err" "^125:sv: .*images/broken' is not the text of an image" 'a text that is no image'
printf 'version 1\nlayer %s\n' "$(printf gone | sha256sum | cut -c 1-64)" >"$S/images/gone"
with gone /bin/true
like "$status:$err" "^125:sv: image 'gone' lacks its layer.*import it again" 'a layer that is missing'
printf 'version 1\n' >"$S/images/hollow"
with hollow /bin/true
like "$status:$err" "^125:sv: image 'hollow' has no layers" 'an image without layers'
with --dry-run user /bin/true
like "$out" '^user        1000:1000' '--dry-run shows what the image says'

# --- archives -----------------------------------------------------------------------------------------------------------

tar -C "$ROOTFS" -cf "$T/root.tar" .
gzip -c "$T/root.tar" >"$T/root.tar.gz"
for archive in root.tar root.tar.gz; do
	with "$T/$archive" /bin/sh -c 'echo unpacked; touch /x'
	is "$status:$out:$err" 0:unpacked: "$archive: runs"
done
cd "$T" || exit 1
with root.tar /bin/echo here
is "$status:$out" 0:here 'by a name without a slash as well'
cp root.tar plain
with plain /bin/true
like "$status:$err" "^125:sv: 'plain' is ambiguous: a file here, and an image; hint: ./plain is the file, plain:latest the image" \
	'unless an image has the name'
with ./plain /bin/echo the file
is "$status:$out" '0:the file' './plain is the file'
rm plain
cd "$TOP" || exit 1
"$SV" run --root "$S" - /bin/echo piped <"$T/root.tar.gz" >"$stdout" 2>"$stderr"
is "$?:$(cat "$stdout" "$stderr")" 0:piped 'standard input'
is "$(ls "$S/layers" | wc -l):$(left)" 2: 'its layer is in the store once'
with --keep --name "kept$$" "$T/root.tar" /bin/sh -c 'echo written >/file'
with --name "kept$$" "$T/root.tar" cat /file
is "$status:$out" 0:written 'a container over an archive can be kept'
rm "$T/root.tar"
echo 'cat /file' | "$SV" run --root "$S" --name "kept$$" >"$stdout" 2>"$stderr"
is "$?:$(cat "$stdout")" 0:written 'and goes on when the archive is gone'
run "$SV" rm --root "$S" "kept$$"
head -c 5000 "$T/root.tar.gz" >"$T/short.tar.gz"
with "$T/short.tar.gz" /bin/true
like "$status:$err" "^125:sv: cannot open rootfs '$T/short.tar.gz': " 'an archive that ends early'
echo text >"$T/text"
with "$T/text" /bin/true
like "$status:$err" "^125:sv: cannot open rootfs '$T/text': .*not a tar archive" 'a file that is no archive'
: >"$T/nothing"
with "$T/nothing" /bin/true
is "$status" 125 'an empty one'
is "$(left)" '' 'nothing of them is left'
with --dry-run "$T/root.tar.gz" /bin/true
like "$status:$err" "^125:sv: --dry-run can't look into archive" '--dry-run looks into no archive'

# --- files that are file systems ----------------------------------------------------------------------------------------

digest() { sha256sum "$1" | cut -d ' ' -f 1; }
# The devices that are in use, but those of others.
loops() { losetup -a 2>/dev/null | grep -c "$T/"; }
for kind in squashfs erofs; do
	file=$T/root.$kind
	case $kind in
	squashfs) maker=mksquashfs ;;
	erofs) maker=mkfs.erofs ;;
	esac
	command -v "$maker" >/dev/null || {
		skip "no $maker" "$kind"
		continue
	}
	case $kind in
	squashfs) mksquashfs "$ROOTFS" "$file" -quiet -no-progress >/dev/null 2>&1 ;;
	erofs) mkfs.erofs "$file" "$ROOTFS" >/dev/null 2>&1 ;;
	esac
	modprobe -q loop 2>/dev/null
	modprobe -q "$kind" 2>/dev/null
	if [ ! -e /dev/loop-control ] || ! grep -qw "$kind" /proc/filesystems; then
		skip_cannot "this kernel has no $kind, or no loop devices" "$kind"
		continue
	fi
	before=$(digest "$file")
	for userns in private host; do
		with --userns "$userns" "$file" /bin/sh -c 'rm -r /etc; touch /x; ls -d /etc /x 2>/dev/null; stat -c %u:%g /x'
		if [ "$userns:$status" = private:125 ] && [ "$(uname -r | cut -d . -f 1)" -lt 7 ] &&
			printf '%s\n' "$err" | grep -q 'does not support idmapped mounts: --userns host'; then
			skip_cannot "this kernel maps no ids of a $kind" "$kind, --userns $userns"
			continue
		fi
		is "$status:$out:$err" '0:/x
0:0:' "$kind, --userns $userns: mounted below a layer of its own"
	done
	is "$(digest "$file")" "$before" "$kind: the file is as it was"
	with --userns host "$file" cat /etc/passwd
	is "$status:$(printf '%s\n' "$out" | head -n 1)" "0:$(head -n 1 "$ROOTFS/etc/passwd")" "$kind: the next one sees all of it"
	with --userns host --keep --name "fs$$" "$file" /bin/sh -c 'echo kept >/kept'
	echo 'cat /kept' | "$SV" run --userns host --root "$S" --name "fs$$" >"$stdout" 2>"$stderr"
	is "$?:$(cat "$stdout")" 0:kept "$kind: kept, and gone on with"
	run "$SV" diff --root "$S" "fs$$"
	is "$status:$out" '0:A /kept' "$kind: sv diff"
	run "$SV" rm --root "$S" "fs$$"
	ok "$kind: no loop device stays" wait_for 5 test "$(loops)" = 0
	dd if=/dev/zero of="$file" bs=1 seek=1100 count=2000 conv=notrunc 2>/dev/null
	with --userns host "$file" /bin/true
	isnt "$status" 0 "$kind: a damaged one does not run"
	is "$(ls "$S/containers")" '' 'and leaves nothing'
done

leftovers
done_testing
