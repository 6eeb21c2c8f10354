#!/bin/sh
# SPDX-License-Identifier: MIT
# /dev: what stands in it, what it may do, and the host's devices that are asked for.
. "${0%/*}/../lib.sh"

need_root

inside() { run "$SV" run "$ROOTFS" /bin/sh -c "$1"; }

# --- what stands there ----------------------------------------------------------------------------------------------

inside 'cd /dev && ls -A | tr "\n" " "'
is "$out" 'core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero ' \
	'/dev holds exactly what the OCI specification asks for'
run "$SV" run -t "$ROOTFS" /bin/sh -c 'ls -A /dev | tr "\n" " "'
like "$out" '^console core fd ' 'with a terminal it holds the console too'

nodes='full 666 1:7 0:0
null 666 1:3 0:0
random 666 1:8 0:0
tty 666 5:0 0:0
urandom 666 1:9 0:0
zero 666 1:5 0:0'
show='cd /dev && stat -c "%n %a %t:%T %u:%g" full null random tty urandom zero'
for mask in 0 022 077 0777; do
	run sh -c 'umask "$0"; exec "$@"' "$mask" "$SV" run "$ROOTFS" /bin/sh -c "$show"
	is "$out" "$nodes" "with umask $mask the nodes are root's, 0666, and the right devices"
done
run sh -c 'umask 077; exec "$@"' _ "$SV" run "$ROOTFS" stat -c '%n %a %u:%g' /dev /dev/shm /dev/mqueue /dev/pts
# The root of an mqueue belongs to whoever made the IPC namespace, which in a user namespace is nobody in there.
is "$out" '/dev 755 0:0
/dev/shm 1777 0:0
/dev/mqueue 1777 65534:65534
/dev/pts 755 0:0' 'its folders have the usual modes whatever the umask'
run "$SV" run --userns host "$ROOTFS" stat -c '%a %u:%g' /dev/mqueue
is "$out" '1777 0:0' 'without a user namespace all are of root'

inside 'cd /dev && for link in core fd ptmx stderr stdin stdout; do echo "$link $(readlink $link)"; done'
is "$out" 'core /proc/kcore
fd /proc/self/fd
ptmx pts/ptmx
stderr /proc/self/fd/2
stdin /proc/self/fd/0
stdout /proc/self/fd/1' 'the links lead where they should'

# --- what it may do -------------------------------------------------------------------------------------------------

# Through a pipe: a file that the caller has open belongs to the host's root, who is nobody inside.
run sh -c '"$@" 2>&1 | cat' _ "$SV" run "$ROOTFS" /bin/sh -c 'echo x >/dev/null; cat /dev/null; head -c 3 /dev/zero | od -An -tx1; head -c 9 /dev/random | wc -c
	head -c 9 /dev/urandom | wc -c; echo x 2>/dev/null >/dev/full || echo full; echo out >>/dev/stdout; echo err >>/dev/stderr'
is "$out" ' 00 00 00
9
9
full
out
err' 'the devices work'
run "$SV" run -u 1000:1000 "$ROOTFS" /bin/sh -c 'echo x >/dev/null && head -c 3 /dev/urandom | wc -c'
is "$status:$out" 0:3 'they work for a user who is not root'

# The first pty of a new instance is number 0, however many there are outside.
run "$SV" run "$ROOTFS" ls -A /dev/pts
is "$out" ptmx '/dev/pts is an instance of its own'
run "$SV" run -t "$ROOTFS" /bin/sh -c 'tty; ls -A /dev/pts | tr "\n" " "; stat -c "%a %G" /dev/pts/0'
is "$(printf '%s' "$out" | tr -d '\r')" '/dev/pts/0
0 ptmx 620 tty' 'the terminal is the first pty of the container'
run "$SV" run -t "$ROOTFS" /bin/sh -c 'echo to the console >/dev/console'
like "$out" '^to the console' 'the console is the terminal'
inside 'exec 3<>/dev/ptmx && ls /dev/pts | tr "\n" " "'
is "$out" '0 ptmx ' '/dev/ptmx makes ptys in there'
run "$SV" run -u 1000:1000 "$ROOTFS" /bin/sh -c 'exec 3<>/dev/ptmx && ls /dev/pts | tr "\n" " "'
is "$out" '0 ptmx ' 'for any user'

# --- devices of the host --------------------------------------------------------------------------------------------

mknod -m 640 "$T/device" c 1 5
mknod -m 600 "$T/disk" b 7 200
run "$SV" run --device "$T/device:/dev/mine" --device "$T/disk:/dev/sub/disk:r" "$ROOTFS" \
	/bin/sh -c 'cd /dev && stat -c "%n %F %a %t:%T" mine sub/disk; head -c 2 mine | od -An -tx1'
is "$out" 'mine character special file 640 1:5
sub/disk block special file 600 7:c8
 00 00' '--device: the same device, with its mode, under the name asked for'
run sh -c 'umask 0777; exec "$@"' _ "$SV" run --device "$T/device:/dev/mine" "$ROOTFS" stat -c %a /dev/mine
is "$out" 640 '--device: its mode is the same whatever the umask'
run "$SV" run --device /dev/kmsg "$ROOTFS" stat -c '%n %t:%T' /dev/kmsg
is "$out" '/dev/kmsg 1:b' '--device: without a target it has the same name'
ln -s device "$T/link"
run "$SV" run --device "$T/link:/dev/mine" "$ROOTFS" stat -c '%F %t:%T' /dev/mine
is "$out" 'character special file 1:5' '--device: a link stands for the device it leads to'
run "$SV" run --device "$T/device:/dev/null" "$ROOTFS" stat -c %t:%T /dev/null
is "$status:$out" 0:1:5 '--device: takes the place of one that is always there'
run "$SV" run --device /dev/null "$ROOTFS" /bin/sh -c 'ls /dev | wc -l'
is "$status:$out" 0:15 '--device: asking for one that is there already changes nothing'

# refused NAME PATTERN OPTION...
refused() {
	name=$1 pattern=$2
	shift 2
	run "$SV" run "$@" "$ROOTFS" /bin/true
	is "$status:$(printf '%s\n' "$err" | wc -l)" 125:1 "$name: refused in one line" || note "$err"
	like "$err" "$pattern" "$name: says what is wrong"
}
touch "$T/file"
refused 'a regular file' "^sv: '$T/file' is no device; hint: .*--volume" --device "$T/file:/dev/mine"
refused 'a folder' "^sv: '$T' is no device" --device "$T:/dev/mine"
refused 'a missing device' "^sv: .*'$T/missing'.*ENOENT" --device "$T/missing:/dev/mine"
refused 'a relative device' '^sv: --device: ' --device device
refused 'an unknown access' '^sv: --device: ' --device "$T/device:/dev/mine:rx"
# A node in ROOTFS itself would outlive the container.
refused 'a target outside of /dev' "^sv: .*'/opt/mine'.*/dev" --device "$T/device:/opt/mine"
ok 'and no node is left in the rootfs' [ ! -e "$ROOTFS/opt/mine" ]
mkdir "$T/dev"
refused 'a target that a volume hides' "^sv: .*'/dev/mine'" -v "$T/dev:/dev" --device "$T/device:/dev/mine"
ok 'and no node is left in the volume' [ ! -e "$T/dev/mine" ]
ok 'nor in the rootfs' [ ! -e "$ROOTFS/dev/mine" ]

leftovers
done_testing
