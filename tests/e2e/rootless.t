#!/bin/sh
# SPDX-License-Identifier: MIT
# Run by an ordinary user, and by root of somebody else's user namespace.
. "${0%/*}/../lib.sh"

own_mounts
need setpriv unshare python3
N=rootless$$
ID=61234
as_user() { setpriv --reuid "$ID" --regid "$ID" --clear-groups "$@"; }
chmod 755 "$tap_dir"
cp "$SV" "$T/sv" && SV=$T/sv
R=$T/home/r
mkdir "$T/home" "$T/home/run" && cp -a "$ROOTFS" "$R" && chown -R "$ID:$ID" "$T/home"
unset XDG_RUNTIME_DIR
cp -a /etc "$T/etc" && mount --bind "$T/etc" /etc || bail 'no /etc of our own'
printf 'rootless%d:x:%d:%d::/:/bin/sh\n' "$ID" "$ID" "$ID" >>/etc/passwd
: >/etc/subuid
: >/etc/subgid

run as_user unshare -Ur true
[ "$status" = 0 ] || skip_all_cannot 'ordinary users may not make user namespaces here'

user_run() { run as_user "$SV" run --name "$N" "$@"; }
# gives EXPECTED NAME OPTION... ROOTFS COMMAND...: ends with 0, printed that, and complained of nothing.
gives() {
	expected=$1 name=$2
	shift 2
	user_run "$@"
	is "$status:$out:$err" "0:$expected:" "$name"
}
# refused NAME PATTERN OPTION...
refused() {
	name=$1 pattern=$2
	shift 2
	user_run "$@" "$R" /bin/echo it ran
	is "$status:$out:$(printf '%s\n' "$err" | wc -l)" 125::1 "$name: refused in one line" || note "$err"
	like "$err" "^sv: $pattern" "$name: says what is wrong"
}

# --- with the user's own id -----------------------------------------------------------------------------------------

# shellcheck disable=SC2016
gives "0 $ID 1
0 $ID 1
0:0 1 $N" 'root inside is the user, and PID 1 and the name are as ever' "$R" /bin/sh -c \
	'for map in uid gid; do echo $(cat /proc/self/${map}_map); done; echo "$(id -u):$(id -g) $(ls /proc | grep -c "^1$") $(hostname)"'
user_run "$R" /bin/sh -c 'exit 7'
is "$status:$err" 7: 'the exit status comes through'
user_run "$R" /no/such
is "$status" 127 'a missing command as ever'
gives 'NoNewPrivs: 1 Seccomp: 2 CapEff: 00000000800405fb' 'with the walls of everybody' "$R" /bin/sh -c \
	'echo $(grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status; grep CapEff: /proc/self/status)'
all='mnt pid uts ipc net cgroup user'
user_run "$R" /bin/sh -c "for ns in $all; do readlink /proc/self/ns/\$ns; done"
is "$(for ns in $all; do readlink "/proc/self/ns/$ns"; done | grep -cxF "$out")" 0 'and namespaces of its own'
gives 'core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero ' 'the /dev of everybody' "$R" /bin/sh -c \
	'ls /dev | tr "\n" " "'
gives ' 00 00
full' 'whose devices work' "$R" /bin/sh -c 'echo x >/dev/null; head -c 2 /dev/zero | od -An -tx1; echo x 2>&- >/dev/full || echo full; head -c 1 /dev/urandom >/dev/null'
user_run "$R" /bin/sh -c 'touch /tmp/made; mkdir /opt/made'
is "$status:$(stat -c %u:%g "$R/tmp/made" "$R/opt/made" | sort -u)" "0:$ID:$ID" 'what it makes is the user'\''s'
mkdir "$T/home/volume" "$T/foreign" && chown "$ID" "$T/home/volume" && echo seen >"$T/foreign/file"
gives seen 'volumes, a tmpfs, a read-only root, a sysctl, a limit and a folder' -v "$T/home/volume:/mnt/v" -v "$T/foreign:/mnt/f:ro" \
	--tmpfs /tmp --read-only --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=1234 --ulimit nofile=64 -w /tmp "$R" \
	/bin/sh -c 'touch /mnt/v/made here; touch /here 2>/dev/null && echo writable; touch /mnt/f/x 2>/dev/null && echo writable
	[ "$(pwd):$(ulimit -n):$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax | tr "\n" ".")" = /tmp:64:1.1234. ] || echo settings
	cat /mnt/f/file'
ok 'written to the volume as the user' [ "$(stat -c %u "$T/home/volume/made")" = "$ID" ]
run as_user sh -c 'echo hello | "$@" | cat' _ "$SV" run "$R" /bin/sh -c 'cat; echo out >/dev/stdout; cat </dev/stdin'
is "$out$err" 'hello
out' 'standard input and output through pipes'
user_run -t "$R" /bin/sh -c 'tty; test -c /dev/console && echo console; echo shown >/dev/tty'
is "$status:$(printf '%s' "$out" | tr -d '\r' | tr '\n' ' ')" '0:/dev/pts/0 console shown' 'a terminal of its own'
for kind in net ipc pid uts; do
	gives "$(readlink "/proc/self/ns/$kind")" "--$kind host" "--$kind" host "$R" readlink "/proc/self/ns/$kind"
done
gives 0 '--cap-add ALL: as root of its own namespace' --cap-add ALL "$R" id -u
user_run --cap-add ALL --seccomp none "$R" /bin/sh -c 'mknod /tmp/node c 1 3; chown 1:1 /tmp/made; hostname inner; mount -t tmpfs x /mnt && echo mounted'
is "$(printf '%s\n' "$err" | wc -l):$out" 2:mounted 'which makes no device and gives nothing away'
echo secret >"$T/secret" && chmod 600 "$T/secret"
user_run --cap-add ALL -v "$T/secret:/secret" "$R" cat /secret
isnt "$status:$out" 0:secret 'nor opens what the user may not open'

# --- what takes root ------------------------------------------------------------------------------------------------

refused '--privileged' '--privileged needs root; hint: .*sudo' --privileged
refused '--userns host' '--userns host needs root; hint: .*sudo' --userns host
refused '--userns START:SIZE' '--userns START:SIZE needs root; hint: .*sudo' --userns 3000000000:65536
refused 'another id' 'id 1000 is outside of the container.s range of 1; hint: .*/etc/subuid and /etc/subgid.*newuidmap' -u 1000
refused 'another group' 'id 5 is outside of the container.s range of 1; hint: .*/etc/subuid' --group-add 5
refused 'a lower score' 'cannot set --oom-score-adj.*EACCES' --oom-score-adj -500
refused "somebody else's device" 'cannot (share|look at) device' --device "$T/no-such:/dev/mine"
for limit in '-m 64m' '--pids-limit 10' '--cpus 0.5'; do
	# shellcheck disable=SC2086
	refused "$limit" 'cannot .*cgroup.*; hint: .*systemd-run --user --scope -p Delegate=yes sv run' $limit
done
run as_user "$SV" run --dry-run -m 64m "$R"
is "$status:$err" 0: '--dry-run takes nothing'
mkdir "$T/closed" && cp -a "$ROOTFS/bin" "$T/closed" && chmod 700 "$T/closed"
user_run "$T/closed" /bin/true
like "$status:$err" "^125:sv: .*.*EACCES" 'a root tree that the user may not enter'

# --- what the machine forbids ---------------------------------------------------------------------------------------

# The setting is each user namespace's own: in one that maps everybody, root lowers it, and the user runs into it.
cat >"$T/forbid" <<'EOF'
import os, sys
inner, outer = os.pipe(), os.pipe()
pid = os.fork()
if pid == 0:
    import ctypes
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):  # CLONE_NEWUSER
        os._exit(99)
    os.write(inner[1], b"x")
    os.read(outer[0], 1)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")
    os.setresgid(int(sys.argv[1]), int(sys.argv[1]), int(sys.argv[1]))
    os.setresuid(int(sys.argv[1]), int(sys.argv[1]), int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
os.read(inner[0], 1)
for kind in "uid", "gid":
    with open("/proc/%d/%s_map" % (pid, kind), "w") as file:
        file.write("0 0 100000\n")
os.write(outer[1], b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF
run python3 "$T/forbid" "$ID" "$SV" run "$R" /bin/true
is "$status:$(printf '%s\n' "$err" | wc -l)" 125:1 'user.max_user_namespaces=0: an error'
like "$err" '^sv: cannot create a user namespace as an ordinary user: .*ENOSPC.*; hint: .*user.max_user_namespaces=0' 'that names the setting'

# --- with ranges ----------------------------------------------------------------------------------------------------

if command -v newuidmap >/dev/null && command -v newgidmap >/dev/null; then
	printf 'other:1:1\nrootless%d:3400000000:65536\n' "$ID" >/etc/subuid
	printf '%d:3500000000:65536\n' "$ID" >/etc/subgid
	gives "0 $ID 1 1 3400000000 65536
0 $ID 1 1 3500000000 65536
1000:1000" 'with newuidmap: the ranges of /etc/subuid and /etc/subgid, by name or number' -u 1000:1000 "$R" /bin/sh -c \
		'for map in uid gid; do echo $(cat /proc/self/${map}_map); done; echo "$(id -u):$(id -g)"'
	gives '5 29 100 1000 ' 'groups can be set' -u user --group-add tty "$R" sed -n 's/Groups:\t//p' /proc/self/status
	user_run -u 1000:1000 "$R" touch /tmp/ranged
	is "$status:$(stat -c %u:%g "$R/tmp/ranged")" 0:3400000999:3500000999 'a user'\''s files are of the range on disk'
	user_run "$R" /bin/sh -c 'touch /tmp/chowned && chown 33:44 /tmp/chowned && rm /tmp/ranged'
	is "$status:$(stat -c %u:%g "$R/tmp/chowned")" 0:3400000032:3500000043 'root gives files away'
	user_run "$R" rm /tmp/chowned
	user_run -t "$R" stat -c %a:%g /dev/pts/0
	is "$(printf %s "$out" | tr -d '\r')" 620:5 'the terminal is of group tty'
	refused 'an id past them' 'id 70000 is outside of the container.s range of 65537' -u 70000
	run as_user sh -c '"$@" 2>&1 | cat' _ "$SV" run -u 1000 "$R" /bin/sh -c 'echo err >/dev/stderr'
	is "$out" err 'who is not root inside opens /dev/stderr as well'
	run sh -c '"$@" 2>&1 | cat' _ setpriv --reuid "$ID" --regid "$ID" --clear-groups "$SV" run -u 1000 "$R" /bin/echo written
	is "$out" written 'a pipe that is not the user'\''s can be written to all the same'
	printf 'rootless%d:x:65536\n' "$ID" >/etc/subuid
	refused 'a line that is no range' 'id 1000 is outside' -u 1000
	: >/etc/subuid
	: >/etc/subgid
else
	skip 'no newuidmap and newgidmap' 'ranges of /etc/subuid'
fi

# --- what is left ---------------------------------------------------------------------------------------------------

rm -rf "/tmp/sv-$ID"
hold() {
	start setpriv --reuid "$ID" --regid "$ID" --clear-groups env "$@" "$SV" run --name "$N" "$R" /bin/sh -c 'echo ready; exec sleep 1000'
	ready
}
hold A=1
ok "it is recorded in /tmp/sv-UID" [ -e "/tmp/sv-$ID/$N" ]
is "$(stat -c '%a %u' "/tmp/sv-$ID")" "700 $ID" 'which is the user'\''s alone'
refused 'the same name' "name '$N' is in use" -u 0
kill "$pid"
finish
is "$status" 143 'it ends as ever'
ok 'and the folder is gone' [ ! -e "/tmp/sv-$ID" ]
hold "XDG_RUNTIME_DIR=$T/home/run"
ok 'or in XDG_RUNTIME_DIR' [ -e "$T/home/run/sv/$N" -a ! -e "/tmp/sv-$ID" ]
init=$(children "$pid")
inner=$(children "$init")
kill -KILL "$pid"
finish
ok 'a killed sv'\''s container ends' wait_for 10 gone "$init"
ok 'all of it' wait_for 10 gone "$inner"
run as_user env "XDG_RUNTIME_DIR=$T/home/run" "$SV" run --name "$N" "$R" /bin/true
is "$status:$err" 0: 'its name can be used at once'
is "$(find "$T/home/run" -mindepth 1)" '' 'and nothing of it is left'
mkdir -m 777 "/tmp/sv-$ID"
refused 'a folder of somebody else'\''s in its place' "cannot .*'?/tmp/sv-$ID" -u 0
rmdir "/tmp/sv-$ID"
ln -s "$T/home/run" "/tmp/sv-$ID"
refused 'a link in its place' "cannot .*'?/tmp/sv-$ID" -u 0
rm "/tmp/sv-$ID"

# --- root of a namespace --------------------------------------------------------------------------------------------

run as_user env "XDG_RUNTIME_DIR=$T/home/run" unshare -Ur "$SV" run "$R" /bin/sh -c 'id -u; hostname >/dev/null; echo x >/dev/null'
like "$status:$out" '^(0:0|125:)' 'root of a namespace whose /run is not its own: runs, or says so'
run as_user unshare -Urm sh -c 'mount -t tmpfs run /run && exec "$@"' _ "$SV" run "$R" /bin/sh -c 'readlink /proc/self/ns/pid; echo x >/dev/null && echo "$$"'
is "$status:$(printf '%s\n' "$out" | tail -n 1):$err" 0:2: 'root of a user namespace can run one'
run as_user unshare -Urm sh -c 'mount -t tmpfs run /run && exec "$@"' _ "$SV" run --userns private "$R" /bin/true
like "$status:$err" '^125:sv: --userns private: sv is in a user namespace itself; hint: ' 'but not have a namespace in the namespace'

umount /etc
leftovers
done_testing
