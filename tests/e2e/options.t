#!/bin/sh
# SPDX-License-Identifier: MIT
# The command line: where options end, the configuration file, --dry-run, help.
. "${0%/*}/../lib.sh"

need_root
need setpriv

R=$T/r
cp -a "$ROOTFS" "$R"

# gives EXPECTED NAME WORD...: sv, called so, ends with 0 and printed that.
gives() {
	expected=$1 name=$2
	shift 2
	run "$SV" "$@"
	is "$status:$out" "0:$expected" "$name" || note "$err"
}

# refused PATTERN WORD...: 125 and one line, which the pattern describes.
refused() {
	pattern=$1
	shift
	run "$SV" "$@"
	is "$status:$out:$(printf '%s\n' "$err" | wc -l)" 125::1 "refused: $(printf %s "$*" | sed "s,$T,T,g" | cut -c 1-60)" || note "$err"
	like "$err" "^sv: $pattern" 'with the reason'
}

# --- where options end ----------------------------------------------------------------------------------------------

gives '-m --help -- -x --name y' 'the flags of the command are its own' run "$R" /bin/echo -m --help -- -x --name y
gives '-- a' 'one -- behind ROOTFS is no word of the command' run "$R" -- /bin/echo -- a
gives '-h' 'nor is one before it' run -- "$R" /bin/echo -h
gives '-h' 'nor are both' run --name x -- "$R" -- /bin/echo -h
printf '#!/bin/sh\necho "$1"\n' >"$R/bin/-x"
chmod 755 "$R/bin/-x"
gives 'y' 'the command may begin with a dash' run "$R" -- -x y
gives 'y' 'with -- or without' run "$R" -x y
gives '-n' 'so may its argument' run --entrypoint /bin/sh "$R" -c 'printf %s "$0"' -n
line='a
b'
gives "[][a b][$line][*][\$x][-]" 'words arrive as they are' run "$R" /bin/sh -c 'printf "[%s]" "$@"' _ '' 'a b' "$line" '*' '$x' -
words=$(seq 1 20000)
# shellcheck disable=SC2086
gives "20000 $(printf %s "$words" | tr -d '\n' | md5sum)" '20,000 of them too' run "$R" /bin/sh -c \
	'echo "$# $(printf %s "$@" | md5sum)"' _ $words

# By itself: a shell, which reads its script from standard input.
for words in "$R" "$R --" "-- $R" "-- $R --"; do
	# shellcheck disable=SC2086
	printf 'echo "$0"; exit 3\n' | "$SV" run $words >"$T/out" 2>&1
	is "$?:$(cat "$T/out")" 3:/bin/sh "without a command: /bin/sh ($(printf %s "$words" | sed "s,$R,ROOTFS,"))"
done

gives one '--name=value' run --hostname=one "$R" hostname
gives one '--name value' run --hostname one "$R" hostname
gives /tmp '-xvalue' run -w/tmp "$R" pwd
gives /tmp '-x value' run -w /tmp "$R" pwd
gives /tmp '-x=value' run -w=/tmp "$R" pwd
gives /tmp 'letters in one word' run -Tw/tmp "$R" pwd
gives three 'the last one counts' run --hostname one --hostname two --hostname three "$R" hostname

# --- unknown ones ---------------------------------------------------------------------------------------------------

refused "unknown option '--memroy'; hint: did you mean '--memory'\?" run --memroy 64m "$R" /bin/true
refused "unknown option '--host-name'; hint: did you mean '--hostname'\?" run --host-name=x "$R" /bin/true
refused "unknown option '--volumes'; hint: did you mean '--volume'\?" run --volumes "$T:/mnt" "$R" /bin/true
refused "unknown option '--xyzzyplugh'; hint: 'sv run --help'" run --xyzzyplugh "$R" /bin/true
refused "unknown option '--'" run --=x "$R" /bin/true
refused "unknown option '-Z'" run -Z "$R" /bin/true
refused "unknown option '-Z'" run -TZ "$R" /bin/true
refused '--memory needs a value' run --memory
refused '--memory needs a value' run -m
refused "--tty: 'maybe' is neither" run --tty=maybe "$R" /bin/true
gives '' 'a flag may be given its value' run --tty=false --read-only=true "$R" /bin/true
refused "unknown verb 'rnu'; hint: did you mean 'run'\?" rnu "$R"
refused "unknown verb 'xyzzyplugh'" xyzzyplugh
refused "unknown option '-i'; hint: standard input is always connected" run -it "$R" /bin/true
refused "unknown option '--rm'; hint: nothing is kept anyway" run --rm "$R" /bin/true
refused "unknown option '--init'; hint: init is always there" run --init "$R" /bin/true
refused "unknown option '--volumes-from'; hint: 'sv run --help' lists" run --volumes-from x "$R" /bin/true
for verb in ps exec stop logs kill; do
	refused "unknown verb '$verb'; hint: a container lives as long as its sv" "$verb" x
done
for option in -v -V; do
	refused "unknown option '$option'; hint: did you mean '--version'\?" "$option"
done
refused "unknown option '--hepl'" --hepl

# --- help -----------------------------------------------------------------------------------------------------------

run "$SV"
is "$status:$out" 125: 'without a verb: 125, and nothing on standard output'
like "$err" '^Usage: sv ' 'but the usage'
run "$SV" --help
is "$status:$err" 0: '--help ends with 0'
verbs=$(printf '%s\n' "$out" | sed -n 's/^  \([a-z]*\) .*/\1/p')
like "$(echo "$verbs" | tr '\n' ' ')" '^run .*doctor ' 'it lists the verbs'
for verb in $verbs; do
	for words in "$verb --help" "$verb -h" "help $verb"; do
		# shellcheck disable=SC2086
		run "$SV" $words
		is "$status:$err" 0: "sv $words ends with 0"
		like "$out" "^Usage: sv $verb" 'and explains it'
	done
done
run "$SV" --version
like "$status:$out" '^0:sv [0-9]+\.[0-9]+' '--version'
gives "$out" 'sv version prints the same' version
refused "unexpected argument 'x'" version x
refused "unknown verb 'nosuch'" help nosuch
for words in '-m nonsense --help' '--help --nosuch'; do
	# shellcheck disable=SC2086
	run "$SV" run $words
	is "$status:$err" 0: "--help wins over what is wrong: $words"
done

run "$SV" run --help
help=$out
for option in hostname name env env-file workdir user volume tmpfs read-only ulimit domainname shm-size device sysctl group-add \
	entrypoint umask oom-score-adj preserve-fds stop-signal stop-timeout timeout monotonic-offset boottime-offset memory \
	memory-swap cpus cpu cpu-shares cpu-period cpu-quota cpuset-cpus cpuset-mems memory-reservation pids-limit blkio-weight \
	device-read-bps device-write-bps cgroup-parent dry-run file verbose net ipc uts pid tty no-tty help; do
	like "$help" "(^| )--$option( |=|\$|\))" "the help has --$option"
done
is "$(printf '%s\n' "$help" | awk 'length > 100')" '' 'no line of the help is longer than 100 columns'

# --- configuration file ---------------------------------------------------------------------------------------------

cat >"$T/conf" <<EOF
# a comment

rootfs = $R
hostname = from-file
  workdir=/tmp
env = A=file
env = B=two words
read-only = true
command = /bin/sh
command = -c
command = echo "\$(hostname) \$(pwd) \$A \$B"; touch /x
EOF
run "$SV" run -f "$T/conf"
is "$status:$out" '1:from-file /tmp file two words' '-f: options, lists, flags, rootfs and command'
like "$err" 'Read-only file system' 'each is in force'
run "$SV" run --file="$T/conf" --hostname line -e A=line --read-only=false -w / "$R" /bin/sh -c 'echo "$(hostname) $(pwd) $A $B"; touch /x'
is "$status:$out" '0:line / line two words' 'the command line wins'
run "$SV" run --hostname line --file "$T/conf" "$R" hostname
is "$status:$out" 0:line 'wherever -f stands'
ok 'a flag too' [ -e "$R/x" ]
rm "$R/x"
printf 'hostname = crlf\r\nrootfs = %s\r\ncommand = hostname' "$R" >"$T/crlf"
gives crlf 'lines may end as on Windows, and the last one not at all' run -f "$T/crlf"
printf 'rootfs = r\ncommand = hostname\nhostname=rel\n' >"$T/rel"
run sh -c 'cd "$1" && "$2" run -f rel' _ "$T" "$SV"
is "$status:$out" 0:rel 'paths in it are relative to where sv is started'

i=0
while IFS='|' read -r text pattern; do
	i=$((i + 1))
	printf '# first\nhostname = fine\n%s\n' "$text" >"$T/bad$i"
	refused "$T/bad$i:3: $pattern" run -f "$T/bad$i" "$R" /bin/echo ran
done <<'EOF'
memroy = 64m|unknown key 'memroy'; hint: did you mean 'memory'
--memory = 64m|unknown key '--memory'
memory = 64q|memory: '64q' is not a size
memory|'memory' has no value
read-only = yes|read-only: 'yes' is neither
read-only|'read-only' has no value; hint: KEY = true
= x|unknown key
file = other|file: can only stand on the command line
help = true|help: can only stand on the command line
m = 64m|unknown key 'm'
rootfs =|rootfs: the value is empty
volume = a:b|volume: 'a:b' 
EOF
refused "cannot read the configuration file '$T/nosuch': No such file.*ENOENT" run -f "$T/nosuch" "$R"
refused "cannot read the configuration file '$T': .*EISDIR" run -f "$T" "$R"
printf 'hostname = x\n' >"$T/noroot"
refused 'no ROOTFS is given' run -f "$T/noroot"

# --- --dry-run ------------------------------------------------------------------------------------------------------

mkdir "$T/bare" "$T/bare/etc" "$T/src"
touch -d @1 "$T/bare" "$T/bare/etc" "$T/src"
dry() {
	run "$SV" run --dry-run --name dry-x --hostname dry-host --domainname dry.domain -e SHOWN=value -w /work -u 12:34 --group-add 56 \
		-v "$T/src:/data:ro" --tmpfs /scratch:size=1m --read-only --ulimit nofile=10:20 --shm-size 2m --device /dev/fuse \
		--sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=99 --umask 077 --oom-score-adj 7 --monotonic-offset 5 \
		--memory 64m --cpus 0.5 --pids-limit 50 "$T/bare" /bin/command 'an argument'
}
dry
plan=$out
is "$status:$err" 0: '--dry-run ends with 0'
while read -r pattern; do
	like "$plan" "$pattern" "--dry-run shows $pattern"
done <<'EOF'
^container +dry-x
^rootfs +.*/bare \(read-only, nodev\)
^ids +0-65535 inside are a range chosen at the start$
^namespaces .*mount.*pid.*uts.*ipc.*net.*cgroup.*time
monotonic \+5
^hostname +dry-host
^domainname +dry\.domain
^cgroup .*= *67108864
^cgroup .*50000
^cgroup .*pids.*= *50
^mount +/proc +proc .*created
^mount +/sys +sysfs ro nosuid .*created
^mount +/dev/shm .*size=2097152
^mount +/data +.*/src ro nosuid nodev .*created
^mount +/scratch +tmpfs .*size=1048576.*created
^device +/dev/null +c 1:3 0666
^device +/dev/fuse +c 10:229
^link +/dev/fd -> /proc/self/fd
^sysctl +net/ipv4/ip_forward = 1
^sysctl +kernel/msgmax = 99
^user +12:34 groups 34,56
^workdir +/work
^umask +0077
^ulimit +nofile = 10:20$
^oom.* 7
^env +SHOWN=value
^command +/bin/command .*an argument
EOF
dry
is "$out" "$plan" 'it says the same each time'
is "$(cd "$T" && find bare src -printf '%p %T@\n' | sort)" 'bare 1.0000000000
bare/etc 1.0000000000
src 1.0000000000' 'and changes nothing'
ok 'not even a record of itself' [ ! -e /run/sv/dry-x ]
is "$(find /sys/fs/cgroup -name dry-x)" '' 'nor a control group'
chmod 755 "$tap_dir" "$T"
run setpriv --reuid=65534 --clear-groups "$SV" run --dry-run "$R" /bin/true
is "$status:$err" 0: '--dry-run needs no root'
like "$out" '^ids +0 inside is this user' 'and shows whose id root is'
run "$SV" run --dry-run --userns host --cap-drop ALL --ulimit core=unlimited "$R" /bin/true
like "$out" "^ids +the host's$" '--dry-run: no user namespace'
like "$out" '^capability  none$' '--dry-run: no capabilities'
like "$out" '^ulimit +core = unlimited:unlimited$' '--dry-run: no limit'
run "$SV" run --dry-run --userns 200000:1000 "$R" /bin/true
like "$out" '^ids +0-999 inside are 200000-200999$' '--dry-run: a range of its own'
run "$SV" run --dry-run --privileged --userns host "$R" /bin/true
like "$out" '^rootfs .*/r$' '--dry-run: --privileged lets device nodes be used'

# --- doctor ---------------------------------------------------------------------------------------------------------

run "$SV" doctor
is "$status" 0 'doctor: sv run works for root'
like "$out" '^ok +/run can be written to$' 'doctor: root keeps its names in /run'
mkdir -m 700 "$T/session"
chown 65534:65534 "$T/session"
user() {
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
user unshare -U -m true
if [ "$status" = 0 ]; then
	user env XDG_RUNTIME_DIR="$T/session" "$SV" doctor
	is "$status" 0 'doctor: sv run works for an ordinary user' || note "$out"
	like "$out" '^note +not root: one id inside unless ' 'doctor: says what it costs'
	like "$out" '^ok +a user namespace of your own$' 'doctor: makes one'
	like "$out" "^ok +state folder $T/session/sv$" "doctor: the names go to the user's own folder"
	like "$out" '^(ok|note) +([0-9]+ ids|one id) inside' 'doctor: tells the ids'
	unlike "$out" '/run can be written to' 'doctor: /run is no matter then'
	ok 'doctor makes nothing' [ ! -e "$T/session/sv" ]
	mkdir -m 777 "$T/session/sv"
	chmod 777 "$T/session/sv"
	user env XDG_RUNTIME_DIR="$T/session" "$SV" doctor
	is "$status" 1 "doctor: a state folder of somebody else's is no use"
	like "$out" "^missing +state folder $T/session/sv: " 'doctor: says which'
else
	skip_cannot 'users may not make user namespaces here' 'doctor for an ordinary user'
fi
refused "cannot open rootfs '$T/nosuch'" run --dry-run "$T/nosuch"

run "$SV" run --verbose --name "sv-verbose-$$" "$R" /bin/true
like "$status:$err" "^0:sv: container sv-verbose-$$: init is process [0-9]+" '--verbose says what is done'

leftovers
done_testing
