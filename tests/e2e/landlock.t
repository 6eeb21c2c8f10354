#!/bin/sh
# SPDX-License-Identifier: MIT
# --landlock: what it lets the command use, and that nothing else is left, whoever the command becomes.
. "${0%/*}/../lib.sh"

need_root
version=$("$SV" doctor | sed -n 's/^.* Landlock version \([0-9]*\).*/\1/p')
if [ -z "$version" ]; then
	run "$SV" run --landlock rw:/ "$ROOTFS" /bin/true
	is "$status" 125 'without Landlock in the kernel --landlock is an error'
	like "$err" '^sv: --landlock: .*; hint: ' 'which says what is missing'
	leftovers
	done_testing
fi

programs=ro:/bin,ro:/sbin,ro:/lib,ro:/usr
# inside SCRIPT OPTION...
inside() {
	script=$1
	shift
	run "$SV" run "$@" "$ROOTFS" /bin/sh -c "$script"
}

mkdir "$T/data" "$T/data/sub" "$T/other"
echo data >"$T/data/file"
echo other >"$T/other/file"
chmod -R a+rwX "$T/data" "$T/other"
# noidmap: before Linux 6.3 tmpfs has no idmapped mounts, and the test's folder may be one.
set_up="-v $T/data:/mnt:noidmap --tmpfs /tmp"

# --- what is allowed, and what not ----------------------------------------------------------------------------------

# shellcheck disable=SC2086
inside 'cat /mnt/file && ls /mnt' $set_up --landlock "$programs,ro:/mnt"
is "$status:$out" '0:data
file
sub' 'ro: files are read, folders listed, programs run'
# shellcheck disable=SC2086
inside 'for try in "echo x >/mnt/file" "echo x >/mnt/new" "mkdir /mnt/sub/new" \
	"rm /mnt/file" "rmdir /mnt/sub" "ln -s x /mnt/link" "mkfifo /mnt/fifo" "mv /mnt/file /mnt/sub/file"; do
		(eval "$try") 2>/dev/null && echo "$try"; done; true' $set_up --landlock "$programs,ro:/mnt"
is "$status:$out" 0: 'ro: nothing is written, made, moved or removed'
is "$(cat "$T/data/file")" data 'nor has it been'
if [ "$version" -ge 3 ]; then
	# shellcheck disable=SC2086
	inside 'truncate -c -s 0 /mnt/file; cat /mnt/file' $set_up --landlock "$programs,ro:/mnt"
	is "$out" data 'ro: nor cut short'
else
	skip_cannot "Landlock $version here does not know of it" 'ro: nor cut short'
fi
# shellcheck disable=SC2086
inside 'cd /mnt && echo x >new && mkdir a && ln -s x a/link && mv new sub/moved && \
	cp /bin/busybox a/cat && a/cat sub/moved && truncate -s 0 sub/moved && rm -r a sub/moved && ls' $set_up --landlock "$programs,rw:/mnt"
[ "$version" -ge 2 ] || out=$(printf '%s\n' "$out" | sed '/cross-device/d')
is "$status:$out" '0:x
file
sub' 'rw: everything'

# shellcheck disable=SC2086
inside 'for path in / /etc/passwd /tmp /proc/self/status /proc/1/root /dev/null /sys; do
	(cat "$path" || ls "$path" || echo x >"$path") >&2 2>/dev/null && echo "$path"; done; true' $set_up --landlock "$programs,ro:/mnt"
is "$status:$out" 0: 'what is not named is denied, /proc and /dev with it'
# Links lead where they lead: a rule is for what is there, by whatever name.
# shellcheck disable=SC2086
inside 'ln -s /etc/passwd /tmp/link && ! cat /tmp/link 2>/dev/null && ! cat /tmp/../etc/passwd' $set_up --landlock "$programs,rw:/tmp"
is "$status" 0 'a link or .. is no way around'
# shellcheck disable=SC2086
inside 'cat /mnt/sub/file' $set_up -v "$T/other:/mnt/sub:noidmap" --landlock "$programs,ro:/mnt"
is "$status:$out" 0:other 'a rule holds for what is mounted below as well'
# shellcheck disable=SC2086
inside 'cat /mnt/file; ! ls /mnt 2>/dev/null' $set_up --landlock "$programs,ro:/mnt/file"
is "$status:$out" 0:data 'a single file'
# shellcheck disable=SC2086
inside 'echo more >>/mnt/file && cat /mnt/file; ! rm /mnt/file 2>/dev/null' $set_up --landlock "$programs,rw:/mnt/file"
is "$status:$out" '0:data
more' 'a single file, to write to'
echo data >"$T/data/file"
run "$SV" run --landlock ro:/ "$ROOTFS" /bin/sh -c 'cat /etc/passwd >&2 && ls / >&2 && ! touch /etc/new'
is "$status" 0 'ro:/ is all of it'
run "$SV" run --landlock ro:/bin,ro:/lib --landlock rw:/dev "$ROOTFS" /bin/sh -c 'echo x >/dev/null && head -c 1 /dev/zero | wc -c'
is "$status:$out" 0:1 'it is repeatable'

# --- no way out of it -----------------------------------------------------------------------------------------------

hostile='for try in "cat /etc/passwd" "mount -t tmpfs none /mnt" "mount -o bind / /mnt" "chroot / cat /etc/passwd" \
	"unshare -r -m cat /etc/passwd" "unshare -m cat /etc/passwd" "cat /proc/1/root/etc/passwd" \
	"nsenter -t 1 -m cat /etc/passwd" "su -c id"; do (eval "$try") >/dev/null 2>&1 </dev/null && echo "$try"; done; true'
# shellcheck disable=SC2086
inside "$hostile" $set_up --cap-add ALL --landlock "$programs,ro:/mnt,ro:/proc"
is "$status:$out" 0: 'root with every capability stays in it'
# shellcheck disable=SC2086
inside "$hostile" $set_up --cap-add ALL --userns host --landlock "$programs,ro:/mnt,ro:/proc"
is "$status:$out" 0: 'and without a user namespace'
# shellcheck disable=SC2086
inside "$hostile" $set_up --privileged --landlock "$programs,ro:/mnt,ro:/proc"
is "$status:$out" 0: 'and under --privileged, when it is asked for'
# shellcheck disable=SC2086
inside 'id -u; cat /mnt/file; ! cat /etc/passwd 2>/dev/null' $set_up -u 1000 --landlock "$programs,ro:/mnt"
is "$status:$out" '0:1000
data' 'a user who is not root has the same'
run "$SV" run -t --landlock "$programs" "$ROOTFS" /bin/sh -c 'test -t 0 && echo on the terminal'
like "$out" '^on the terminal' 'a terminal stays usable'
echo hi >"$T/open"
run sh -c 'exec 3<"$1"; shift; exec "$@"' _ "$T/open" "$SV" run --preserve-fds 1 --landlock "$programs" "$ROOTFS" \
	/bin/sh -c 'cat <&3; ls /proc'
is "$out" hi 'what it inherits it may use'
run "$SV" run --ulimit nofile=3 --landlock "$programs" "$ROOTFS" /bin/true
is "$status:$err" 0: 'a limit of descriptors is no hindrance'

# --- what can't be --------------------------------------------------------------------------------------------------

# refused NAME PATTERN STATUS WORDS...
refused() {
	name=$1 pattern=$2 wanted=$3
	shift 3
	run "$SV" run "$@" "$ROOTFS" /bin/true
	is "$status:$(printf '%s\n' "$err" | wc -l)" "$wanted:1" "$name: refused in one line" || note "$err"
	like "$err" "$pattern" "$name: says what is wrong"
}
refused 'a path that is not there' "^sv: .*'/nothing/here' \(--landlock\).*ENOENT" 125 --landlock ro:/,rw:/nothing/here
refused 'the command not named' "^sv: .*'/bin/true'.*EACCES.*--landlock" 126 --landlock rw:/tmp
refused 'an unknown access' "^sv: --landlock: 'rx:/bin'.*hint: ro:PATH" 125 --landlock rx:/bin
refused 'no access' "^sv: --landlock: '/bin'" 125 --landlock /bin
refused 'no path' "^sv: --landlock: 'ro:'" 125 --landlock ro:
refused 'a relative path' "^sv: --landlock: 'ro:bin'" 125 --landlock ro:bin
refused 'a path with ..' "^sv: --landlock: " 125 --landlock ro:/bin/../etc
refused 'an empty rule' "^sv: --landlock: " 125 --landlock ro:/bin,

run "$SV" run --dry-run --landlock ro:/bin --landlock rw:/data/x "$ROOTFS"
like "$out" '^landlock    rw /data/x$' '--dry-run shows the rules'

leftovers
done_testing
