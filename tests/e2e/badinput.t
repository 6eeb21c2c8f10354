#!/bin/sh
# SPDX-License-Identifier: MIT
# Bad input and bad surroundings: one clear line, the right status, nothing left behind. (Bad plans are in plan.t.)
. "${0%/*}/../lib.sh"

own_mounts
need setpriv prlimit setarch

R=$T/r
cp -a "$ROOTFS" "$R"
mkdir "$T/src"

# says STATUS PATTERN NAME COMMAND...: one whole line on standard error, nothing on standard output.
says() {
	expected=$1 pattern=$2 name=$3
	shift 3
	run "$@"
	is "$status:$out:$(wc -l <"$stderr")" "$expected::1" "$name: status $expected, one line" || note "$err"
	like "$err" "^sv: $pattern" "$name: says what it is"
}
bad() {
	words=$(printf %s "$*" | sed "s,$T,T,g" | tr -c '[:print:]' '?' | cut -c 1-60)
	pattern=$1
	shift
	says 125 "$pattern" "${words#"$pattern "}" "$SV" run "$@"
}

# --- ROOTFS ---------------------------------------------------------------------------------------------------------

bad 'no ROOTFS is given; hint: sv run ' -m 64m
bad 'no ROOTFS is given; hint: sv run '
bad 'no ROOTFS is given; hint: sv run ' ''
touch "$T/file"
bad "cannot open rootfs '$T/file': it is empty: not a tar archive" "$T/file" /bin/true
bad "cannot open rootfs '$T/missing': No such file or directory \(ENOENT\); hint: " "$T/missing" /bin/true
bad "cannot open rootfs 'x{100,}.*ENAMETOOLONG" "$(printf '%05000d' 0 | tr 0 x)" /bin/true
bad "cannot open rootfs '\?\[31m'" "$(printf '\033[31m')" /bin/true
mkdir -p "$T/closed/r"
cp -a "$R/." "$T/closed/r"
chown -R 1000 "$T/closed"
no_dac='setpriv --bounding-set=-dac_override,-dac_read_search'
chmod 0 "$T/closed"
# shellcheck disable=SC2086
says 125 "cannot open rootfs '$T/closed/r': Permission denied \(EACCES\)" 'an unreachable ROOTFS' \
	$no_dac "$SV" run "$T/closed/r" /bin/true
chmod 755 "$T/closed"
chmod 0 "$T/closed/r"
# shellcheck disable=SC2086
says 125 'cannot .*Permission denied \(EACCES\)' 'an unreadable ROOTFS' $no_dac "$SV" run "$T/closed/r" /bin/true
mkdir "$T/empty"
says 127 "rootfs '$T/empty' is empty" 'an empty ROOTFS' "$SV" run "$T/empty" /bin/true
is "$(find "$T/empty" -mindepth 1)" '' 'it stays empty'
mkdir "$T/home"
echo letter >"$T/home/letter"
says 127 "rootfs '$T/home' has neither '/bin/sh' nor '/proc'; hint: " 'a directory that is no root tree' "$SV" run "$T/home" /bin/sh
is "$(find "$T/home" -mindepth 1 -printf %P)" letter 'nothing is made in it'
cp "$R/bin/busybox" "$T/home/busybox"
run "$SV" run "$T/home" /busybox echo works
is "$status:$out" 0:works 'a root tree of one program'
run "$SV" run -v "$R/bin:/bin" "$T/home" /bin/busybox echo works
is "$status:$out" 0:works 'and one whose program is in a volume'

# --- the command ----------------------------------------------------------------------------------------------------

says 127 "cannot execute '/bin/nosuch': No such file or directory \(ENOENT\); hint: " 'a missing command' "$SV" run "$R" /bin/nosuch
says 127 "cannot execute 'nosuch': No such file or directory \(ENOENT\); hint: .*PATH" 'one that is not in PATH' "$SV" run "$R" nosuch
says 127 "cannot execute '/bin/busybox/x': " 'one below a file' "$SV" run "$R" /bin/busybox/x
says 127 "cannot execute '': No such file or directory" 'an empty command' "$SV" run "$R" ''
says 127 "cannot execute '/bin/nosuch'" 'a missing entry point' "$SV" run --entrypoint /bin/nosuch "$R" x
mkdir "$R/test"
printf '#!/bin/sh\n' >"$R/test/plain"
printf '#!/bin/nosuch\n' >"$R/test/script"
printf 'no program\n' >"$R/test/text"
printf '\177ELF no program either' >"$R/test/elf"
chmod 755 "$R/test/script" "$R/test/text" "$R/test/elf"
ln -s loop "$R/test/loop"
says 126 "cannot execute '/test/plain': Permission denied \(EACCES\); hint: " 'a file that is not executable' "$SV" run "$R" /test/plain
says 126 "cannot execute '/bin': Permission denied \(EACCES\)" 'a folder' "$SV" run "$R" /bin
says 126 "cannot execute '/test/script': .*interpreter is missing; hint: " 'a script without its interpreter' "$SV" run "$R" /test/script
says 126 "cannot execute '/test/text': Exec format error \(ENOEXEC\); hint: " 'a text' "$SV" run "$R" /test/text
says 126 "cannot execute '/test/elf': Exec format error \(ENOEXEC\); hint: " 'a broken program' "$SV" run "$R" /test/elf
says 126 "cannot execute '/test/loop': .*ELOOP" 'a loop of links' "$SV" run "$R" /test/loop
says 126 "cannot execute 'plain': Permission denied" 'one in PATH that is not executable' "$SV" run -e PATH=/test:/nosuch "$R" plain
run "$SV" run -e PATH=/test:/bin -v "$R/test/plain:/test/true" "$R" true
is "$status" 0 'the search goes on behind one that is not executable'

# --- options --------------------------------------------------------------------------------------------------------

bad "unknown option '--memroy'; hint: did you mean '--memory'" --memroy 64m "$R" /bin/true
bad "unknown option '-Z'" -Z "$R" /bin/true
for value in 64q -1 99999999999999999999 0 '' k 1.2.3m 0x10 '64 m' +64m; do
	bad "--memory: '$(printf %s "$value" | sed 's/[+.]/\\&/g')' " -m "$value" "$R" /bin/true
done
for value in 0 abc -1 '' 0.001 1e3 99999999999999999999 nan; do
	bad "--cpus: '$value' " --cpus "$value" "$R" /bin/true
done
bad "--pids-limit: '-2' is out of range; hint: " --pids-limit -2 "$R" /bin/true
bad "--cpu-shares: '1' is out of range; hint: 2 to 262144" --cpu-shares 1 "$R" /bin/true
bad "--cpuset-cpus: '3-1' " --cpuset-cpus 3-1 "$R" /bin/true
bad "--volume: '$T/src:mnt'" -v "$T/src:mnt" "$R" /bin/true
bad "cannot open volume source '$T/missing': No such file or directory \(ENOENT\)" -v "$T/missing:/mnt" "$R" /bin/true
bad "there is no user 'nosuch' in the container's /etc/passwd" -u nosuch "$R" /bin/true
long=$(printf '%0300d' 0)
for name in a/b /a .. . a..b '' -a "$long" 'a b' "$(printf 'a\nb')" "$(printf 'a\033b')" 'ä'; do
	bad "--name: '[^']{0,90}' is no container's name; hint: " --name "$name" "$R" /bin/true
done
bad "--stop-signal: 'NOSUCH'" --stop-signal NOSUCH "$R" /bin/true
bad "--timeout: '-1'" --timeout -1 "$R" /bin/true
bad "--net: 'nosuch' " --net nosuch "$R" /bin/true
unlike "$err" "$(printf '\033')" 'control bytes never reach the terminal'
is "$(find "$R" -path "$R/test" -prune -o -newer "$R/test/loop" -print)" '' 'nothing was changed in the rootfs'

# --- rights and kernel ----------------------------------------------------------------------------------------------

chmod 755 "$tap_dir" "$T"
for option in --privileged '--userns host' '--userns 1879048192:65536'; do
	# shellcheck disable=SC2086
	says 125 "--(privileged|userns host|userns START:SIZE) needs root; hint: run it with sudo" "not root: $option" \
		setpriv --reuid=65534 --clear-groups "$SV" run $option "$R" /bin/true
done
says 125 'cannot .*EPERM.*; hint: .*CAP_SYS_ADMIN' 'root without CAP_SYS_ADMIN' setpriv --bounding-set=-sys_admin "$SV" run "$R" /bin/true
says 125 'kernel 2\.6\.[0-9.]+[^ ]* is too old: sv needs Linux 5\.12 or newer' 'an old kernel' setarch --uname-2.6 "$SV" run "$R" /bin/true
says 125 'cannot .*E(PERM|AGAIN)' 'as many processes as there may be' \
	setpriv --bounding-set=-sys_resource,-sys_admin prlimit --nproc=1 "$SV" run "$R" /bin/true

# --- full disks -----------------------------------------------------------------------------------------------------

mkdir "$T/full"
mount -t tmpfs -o nr_inodes=3,size=4m full "$T/full"
mkdir "$T/full/bin"
cp "$R/bin/busybox" "$T/full/bin/true"
says 125 "cannot create mount point '/proc' in the rootfs: No space left on device \(ENOSPC\); hint: " 'a full rootfs' \
	"$SV" run --userns host "$T/full" /bin/true # before Linux 6.3 a tmpfs maps no ids
is "$(find "$T/full" | wc -l)" 3 'nothing was made in it'
umount "$T/full"

mount -t tmpfs -o nr_inodes=1 full /run
says 125 "cannot use '/run/sv': No space left on device \(ENOSPC\)" 'a full /run' "$SV" run "$R" /bin/true
umount /run
mount -t tmpfs -o nr_inodes=2 full /run
says 125 "cannot make '/run/sv/full-$$': No space left on device \(ENOSPC\)" 'a full /run/sv' "$SV" run --name "full-$$" "$R" /bin/true
is "$(find /run -mindepth 1)" '' 'nothing is left in it'
umount /run
mount -t tmpfs -o size=4k full /run
head -c 4096 /dev/zero >/run/ballast
says 125 "cannot write '/run/sv/full-$$': No space left on device \(ENOSPC\)" 'no room for a record' \
	"$SV" run --name "full-$$" --pids-limit 100 "$R" /bin/true
is "$(find /run -mindepth 1)" /run/ballast 'nothing is left in it'
umount /run
mount -t tmpfs -o ro full /run
says 125 "cannot use '/run/sv': Read-only file system \(EROFS\); hint: " 'a /run that can not be written to' "$SV" run "$R" /bin/true
umount /run

for words in --help --version 'help run' version 'run --help' "run --dry-run $R /bin/true"; do
	# shellcheck disable=SC2016,SC2086
	says 125 'cannot write to standard output: No space left on device \(ENOSPC\)' "sv $words to a full disk" \
		sh -c 'exec "$@" >/dev/full' _ "$SV" $words
	# shellcheck disable=SC2016,SC2086
	says 125 'cannot write to standard output: Bad file descriptor \(EBADF\)' "sv $words with standard output closed" \
		sh -c 'exec "$@" >&-' _ "$SV" $words
done
# shellcheck disable=SC2016
run sh -c 'exec "$@" >&-' _ "$SV" run "$R" /bin/sh -c 'exit 3'
is "$status:$err" 3: 'with standard output closed a container runs'
# shellcheck disable=SC2016
run sh -c 'exec "$@" 2>&-' _ "$SV" run "$T/missing" /bin/true
is "$status:$out" 125: 'with standard error closed the status is the same'
# shellcheck disable=SC2016
run sh -c 'exec "$@" 2>/dev/full' _ "$SV" run "$T/missing" /bin/true
is "$status:$out" 125: 'where it is full as well'
# shellcheck disable=SC2016
run sh -c 'exec "$@" <&- >&- 2>&-' _ "$SV" run "$R" /bin/sh -c 'exit 4'
is "$status" 4 'with all three closed a container runs'

# --- too many, too much ---------------------------------------------------------------------------------------------

# From no descriptor at all to enough: it works, or it says why.
odd='' worked=0 failed=0
for limit in $(seq 3 32); do
	for option in -T -t; do
		run prlimit --nofile="$limit" "$SV" run "$option" -v "$T/src:/mnt" "$R" /bin/true
		case $status:$(wc -l <"$stderr"):$err in
		0:0:) worked=$((worked + 1)) ;;
		125:1:'sv: '*'(EMFILE)'*) failed=$((failed + 1)) ;;
		*) odd="$odd
$limit $option: $status $err" ;;
		esac
	done
done
is "$odd" '' 'with few descriptors it works, or one line says that there are too few'
ok 'it was tried from too few to enough' [ "$worked" -gt 0 -a "$failed" -gt 0 ]

line=$(head -c 100000 /dev/zero | tr '\0' x)
for i in $(seq 1000); do
	printf 'V%d=%s\n' "$i" "$line"
done >"$T/env"
says 126 "cannot execute '/bin/true': Argument list too long \(E2BIG\); hint: " '100 MB of environment' \
	"$SV" run --env-file "$T/env" "$R" /bin/true
says 125 '.*ENOMEM' 'too little memory for it' prlimit --as=50000000 "$SV" run --env-file "$T/env" "$R" /bin/true
head -c 200000 "$T/env" | tr -d '\n' >"$T/env1"
says 126 "cannot execute '/bin/true': Argument list too long \(E2BIG\); hint: " 'one variable of 200 KB' \
	"$SV" run --env-file "$T/env1" "$R" /bin/true
truncate -s 300M "$T/env1"
bad "--env-file: cannot read '$T/env1': File too large \(EFBIG\)" --env-file "$T/env1" "$R" /bin/true
bad "cannot read the configuration file '$T/env1': File too large \(EFBIG\)" -f "$T/env1" "$R" /bin/true
rm "$T/env" "$T/env1"

leftovers
done_testing
