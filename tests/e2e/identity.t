#!/bin/sh
# SPDX-License-Identifier: MIT
# Who the command is, where it stands, what it is called, and what it is told: user, groups, names, folder, mask,
# environment, limits of its own, sysctls, clocks.
. "${0%/*}/../lib.sh"

need_root
need setpriv prlimit

R=$T/r
cp -a "$ROOTFS" "$R"

# gives EXPECTED NAME OPTION... ROOTFS COMMAND...: the container ends with 0 and printed that.
gives() {
	expected=$1 name=$2
	shift 2
	run "$SV" run "$@"
	is "$status:$out" "0:$expected" "$name" || note "$err"
}

# refused PATTERN OPTION...: in one line, before anything runs.
refused() {
	pattern=$1
	shift
	run "$SV" run "$@" "$R" /bin/echo it ran
	is "$status:$out:$(printf '%s\n' "$err" | wc -l)" 125::1 "refused: $(printf %s "$*" | cut -c 1-60)" || note "$err"
	like "$err" "^sv: $pattern" 'with the reason'
}

# --- user and groups ------------------------------------------------------------------------------------------------

who='set -- $(sed -n "s/Groups:.//p" /proc/self/status)
	echo "$(id -ru):$(id -rg) $(id -u):$(id -g) [$*] $HOME ${USER-unset}"'
while IFS='|' read -r user expected; do
	gives "$expected" "-u $user" -u "$user" "$R" /bin/sh -c "$who"
done <<'EOF'
0|0:0 0:0 [0] /root root
root|0:0 0:0 [0] /root root
user|1000:1000 1000:1000 [29 100 1000] /home/user user
1000|1000:1000 1000:1000 [29 100 1000] /home/user user
user:user|1000:1000 1000:1000 [1000] /home/user user
user:5|1000:5 1000:5 [5] /home/user user
1000:tty|1000:5 1000:5 [5] /home/user user
0:users|0:100 0:100 [100] /root root
4321|4321:0 4321:0 [0] / unset
4321:8765|4321:8765 4321:8765 [8765] / unset
65535:65535|65535:65535 65535:65535 [65535] / unset
EOF
gives '4294967294:4294967294 4294967294:4294967294 [4294967294] / unset' '--userns host: every id there is' \
	--userns host -u 4294967294:4294967294 "$R" /bin/sh -c "$who"
for user in 65536 0:65536 4294967294; do
	refused "id ${user#0:} is outside of the container's range of 65536; hint: .*--userns START:SIZE" -u "$user"
done
refused "id 65536 is outside of the container's range" --group-add 65536
run setpriv --groups 7,8,9 "$SV" run "$R" grep Groups /proc/self/status
is "$(printf %s "$out" | tr -d ' \t')" Groups:0 'the groups of the caller stay outside'
gives '5 6 4242 8765 ' '--group-add by name, by number, repeated' -u 4321:8765 --group-add tty --group-add disk --group-add 4242 \
	--group-add 5 "$R" sed -n 's/Groups:\t//p' /proc/self/status
gives '5 29 100 1000 ' '--group-add adds to the groups of /etc/group' -u user --group-add tty "$R" sed -n 's/Groups:\t//p' /proc/self/status
run "$SV" run -u 1000 "$R" touch /root/x
isnt "$status" 0 'who is not root has not the rights of root'
gives 0000000000000000 'nor its capabilities' -u 1000 "$R" sed -n 's/CapEff:\t//p' /proc/self/status

refused "there is no user 'nosuch' in the container's /etc/passwd" -u nosuch
refused "there is no group 'nosuch' in the container's /etc/group" -u 0:nosuch
refused "there is no group 'nosuch' in the container's /etc/group" --group-add nosuch
refused "the user id '4294967295' is out of range" -u 4294967295
refused "the group id '4294967295' is out of range" -u 0:4294967295
refused "the user id '99999999999999999999' is out of range" -u 99999999999999999999
refused "there is no user '-1'" -u -1
refused '' -u ''
refused '' -u :0
refused '' -u 0:
refused "there is no group '0:0'" -u 0:0:0

rm "$R/etc/passwd" "$R/etc/group"
gives '4321:8765 4321:8765 [8765] / unset' 'numbers need no /etc/passwd' -u 4321:8765 "$R" /bin/sh -c "$who"
gives '0:0 0:0 [0] / unset' 'nor does root' "$R" /bin/sh -c "$who"
refused "there is no user 'user'" -u user
printf 'outsider:x:0:0::/:/bin/sh\n' >"$T/passwd"
ln -s "$T/passwd" "$R/etc/passwd"
refused "there is no user 'outsider'" -u outsider
rm "$R/etc/passwd" && mkfifo "$R/etc/passwd"
refused "the container's /etc/passwd|the container's /etc/passwd is not" -u outsider
rm "$R/etc/passwd"
printf 'broken\nbad:x:9999999999:0::/:\n#no:x:1:1::/x:\nfine:x:77:88::/f:/bin/sh' >"$R/etc/passwd"
gives '77:88 77:88 [88] /f fine' 'lines of /etc/passwd that make no sense are passed over' -u fine "$R" /bin/sh -c "$who"
cp "$ROOTFS/etc/passwd" "$ROOTFS/etc/group" "$R/etc/"

# --- names ----------------------------------------------------------------------------------------------------------

names='hostname; echo "$HOSTNAME"; cat /proc/sys/kernel/domainname'
gives 'web-1
web-1
(none)' 'the host name is the container'\''s name' --name web-1 "$R" /bin/sh -c "$names"
gives 'other.example
other.example
some.domain' '--hostname and --domainname' --name web-1 --hostname other.example --domainname some.domain "$R" /bin/sh -c "$names"
run "$SV" run "$R" hostname
like "$out" '^[0-9a-f]{12}$' 'a container without a name is given one'
first=$out
run "$SV" run "$R" hostname
isnt "$out" "$first" 'another one each time'
long=$(printf '%063d' 0)
gives "$long" 'a host name may be 63 bytes long' --hostname "$long" "$R" hostname
gives "$(hostname)" '--uts host: the name of the host' --uts host "$R" hostname
refused "--hostname: '0{65}'" --hostname "${long}00"
refused "--hostname: 'a b'" --hostname 'a b'
refused "--hostname: '-a'" --hostname -a
refused "--hostname: ''" --hostname ''
refused "--hostname can't go with --uts host" --hostname x --uts host
refused "--domainname can't go with --uts host" --domainname x --uts host

# --- working directory and mask -------------------------------------------------------------------------------------

gives / 'the command starts in /' "$R" pwd
gives /home/user '--workdir' -w /home/user "$R" /bin/sh -c 'pwd -P'
ln -s / "$R/up"
gives /tmp '--workdir through a link stays inside' -w /up/tmp "$R" /bin/sh -c 'pwd -P'
(umask 077 && chmod 700 "$R/root")
run "$SV" run -w /nosuch "$R" /bin/true
is "$status:$(printf '%s\n' "$err" | wc -l)" 125:1 'a missing --workdir ends with 125'
like "$err" "^sv: cannot enter the working directory '/nosuch': No such file or directory \(ENOENT\); hint: " 'in words'
run "$SV" run -w /etc/passwd "$R" /bin/true
like "$status:$err" "^125:sv: cannot enter the working directory '/etc/passwd': Not a directory" 'a file is none'
run "$SV" run -u 1000 -w /root "$R" /bin/true
like "$status:$err" "^125:sv: cannot enter the working directory '/root': Permission denied" \
	'the command'\''s user must be able to enter it'
refused "--workdir: 'tmp'" -w tmp
refused "--workdir: '/tmp/\.\.'" -w /tmp/..

for mask in 0 077 0777; do
	run sh -c 'umask "$0"; exec "$@"' "$mask" "$SV" run "$R" /bin/sh -c umask
	is "$out" 0022 "the mask is 022 where the caller's is $mask"
done
gives '0027
640' '--umask' --umask 027 "$R" /bin/sh -c 'umask; touch /tmp/new; stat -c %a /tmp/new; rm /tmp/new'
refused "--umask: '8'" --umask 8
refused "--umask: '1000'" --umask 1000

# --- environment ----------------------------------------------------------------------------------------------------

# variables OPTION...: sorted, of a program that no shell started. The caller has a secret and other things not to pass on.
variables() {
	run env SECRET=outside LD_PRELOAD=/nosuch LD_LIBRARY_PATH=/nosuch BASH_ENV=/nosuch HOME=/outside USER=outsider \
		PATH="/outside:$PATH" TERM=dumb LANG=xx HOSTNAME=outside EMPTY= "$SV" run --name "sv-env-$$" "$@" "$R" cat /proc/self/environ
	out=$(tr '\0' '\n' <"$stdout" | grep -vE '^(PATH|HOSTNAME)=' | sort | tr '\n' ' ')
}
run env SECRET=outside PATH="/outside:$PATH" HOSTNAME=outside "$SV" run --name "sv-env-$$" "$R" cat /proc/self/environ
is "$(tr '\0' '\n' <"$stdout" | sort)" "HOME=/root
HOSTNAME=sv-env-$$
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER=root" 'the environment is clean'
variables
is "$out" 'HOME=/root USER=root ' 'nothing of the caller'\''s leaks'
run env SECRET=outside "$SV" run "$R" /bin/sh -c 'grep -l out[s]ide /proc/*/environ /proc/*/cmdline'
is "$out" '' 'nor is it to be found in any process'
run env TERM=dumb "$SV" run -t "$R" /bin/sh -c 'echo "$TERM"'
is "$(printf %s "$out" | tr -d '\r')" dumb 'with a terminal, TERM is passed on'

variables -e A=1 --env B=two=2 --env=C= -e 'D=a b  c' -eE=5
is "$out" 'A=1 B=two=2 C= D=a b  c E=5 HOME=/root USER=root ' '-e NAME=VALUE'
variables -e SECRET -e NOSUCH -e EMPTY
is "$out" 'EMPTY= HOME=/root SECRET=outside USER=root ' '-e NAME takes the caller'\''s, and nothing where it has none'
variables -e A=1 -e A=2 -e HOME=/mine -e USER=
is "$out" 'A=2 HOME=/mine USER= ' 'the last one counts, also for what is always set'
run "$SV" run -e PATH=/nosuch "$R" /bin/sh -c 'echo "$PATH"'
is "$out" /nosuch '-e PATH'
run "$SV" run -e PATH=/nosuch "$R" ls
is "$status" 127 'in which the command is looked for'
run "$SV" run -e PATH=/nosuch:/bin "$R" ls /etc/passwd
is "$status:$out" 0:/etc/passwd 'folder by folder'

printf '# comment\n\nA=1\r\n  B=two words  \nSECRET\nNOSUCH\nC=a=b#c\nQ="quoted"\nLAST=end' >"$T/env"
variables --env-file "$T/env"
is "$out" 'A=1 B=two words   C=a=b#c HOME=/root LAST=end Q="quoted" SECRET=outside USER=root ' \
	'--env-file: comments, empty lines, names alone, values as they are'
printf 'A=file\nB=file\n' >"$T/env2"
variables -e A=line --env-file "$T/env2"
is "$out" 'A=line B=file HOME=/root USER=root ' '--env wins over --env-file, whatever the order'
variables --env-file "$T/env" --env-file "$T/env2" -e LAST= -e C= -e Q= -e SECRET=
is "$out" 'A=file B=file C= HOME=/root LAST= Q= SECRET= USER=root ' 'a later --env-file over an earlier one'
refused "--env-file: .*'$T/nosuch'.*ENOENT" --env-file "$T/nosuch"
printf 'FINE=1\nbad name=x\n' >"$T/env3"
refused "--env-file: $T/env3:2: " --env-file "$T/env3"
printf 'FINE=1\n\n=x\n' >"$T/env3"
refused "--env-file: $T/env3:3: " --env-file "$T/env3"
printf 'A=x\0y\n' >"$T/env3"
refused "--env-file: $T/env3:1: .*NUL" --env-file "$T/env3"
refused "--env: '=x'" -e =x
refused "--env: ''" -e ''

# --- limits of processes --------------------------------------------------------------------------------------------

gives '100 200 0 unlimited' '--ulimit' --ulimit nofile=100:200 --ulimit core=0 --ulimit cpu=unlimited "$R" \
	/bin/sh -c 'echo $(ulimit -Sn) $(ulimit -Hn) $(ulimit -Hc) $(ulimit -St)'
gives '50 50' '--ulimit: one number is both, the last one counts' --ulimit nofile=100:200 --ulimit nofile=50 "$R" \
	/bin/sh -c 'echo $(ulimit -Sn) $(ulimit -Hn)'
run sh -c 'ulimit -n 77; exec "$@"' _ "$SV" run "$R" /bin/sh -c 'ulimit -n'
is "$out" 77 'without it the limits are the caller'\''s'
run setpriv --bounding-set=-sys_resource prlimit --nofile=100:200 "$SV" run --ulimit nofile=300 "$R" /bin/true
like "$status:$err" '^125:sv: cannot set --ulimit.*EPERM.*hint: .*CAP_SYS_RESOURCE' 'a limit that can not be raised is an error'
refused "--ulimit: 'nosuch=3'" --ulimit nosuch=3
refused "--ulimit: 'nofile'" --ulimit nofile
refused "--ulimit: 'nofile=x'" --ulimit nofile=x
refused "--ulimit: 'nofile=3:2'" --ulimit nofile=3:2
gives '500' '--oom-score-adj' --oom-score-adj 500 "$R" cat /proc/self/oom_score_adj
run setpriv --bounding-set=-sys_resource "$SV" run --oom-score-adj -900 "$R" /bin/true
like "$status:$err" '^125:sv: cannot set --oom-score-adj.*EACCES.*hint: .*CAP_SYS_RESOURCE' \
	'a score that can not be lowered is an error'
refused "--oom-score-adj: '1001'" --oom-score-adj 1001

# --- entry point ----------------------------------------------------------------------------------------------------

gives 'a -b' '--entrypoint runs with COMMAND as its arguments' --entrypoint /bin/echo "$R" a -b
gives '' '--entrypoint runs without COMMAND' --entrypoint /bin/echo "$R"
gives hello '--entrypoint is looked for in PATH' --entrypoint echo "$R" hello

# --- sysctls --------------------------------------------------------------------------------------------------------

settings='cd /proc/sys && cat net/ipv4/ip_forward net/ipv4/ping_group_range kernel/msgmax kernel/shmmax fs/mqueue/msg_max'
before=$(sh -c "$settings")
gives '1
0	100
1234
4321
77' '--sysctl' --sysctl net.ipv4.ip_forward=1 --sysctl 'net/ipv4/ping_group_range=0 100' --sysctl kernel.msgmax=1234 \
	--sysctl kernel/shmmax=4321 --sysctl fs.mqueue.msg_max=77 "$R" /bin/sh -c "$settings"
is "$(sh -c "$settings")" "$before" 'the settings of the host stay as they are'
for key in kernel.pid_max vm.swappiness fs.file-max kernel.core_pattern net ../kernel/pid_max net/../kernel/pid_max kernel.shm; do
	refused "--sysctl: '$key=1' is " --sysctl "$key=1"
done
refused "--sysctl: 'kernel.hostname=x' is refused; hint: use --hostname" --sysctl kernel.hostname=x
refused "--sysctl: 'net.ipv4.ip_forward'" --sysctl net.ipv4.ip_forward
refused "--sysctl 'net.*can't go with --net host" --net host --sysctl net.ipv4.ip_forward=1
refused "--sysctl 'kernel.*can't go with --ipc host" --ipc host --sysctl kernel.msgmax=1
for key in net.nosuch.thing net.ipv4.ip_forward; do
	run "$SV" run --sysctl "$key=x" "$R" /bin/true
	like "$status:$err" "^125:sv: cannot set sysctl '$(echo "$key" | tr . /)': (No such|Invalid)" "what the kernel refuses is an error: $key=x"
done
run "$SV" run --sysctl kernel.msgmax=x "$R" /bin/true
like "$status:$err" "^125:sv: cannot set sysctl 'kernel/msgmax': Invalid" 'for the IPC namespace too'

# --- clocks ---------------------------------------------------------------------------------------------------------

[ -x "$BUILD/helpers/clock" ] || bail "no $BUILD/helpers/clock: make helpers"

# shifted MONOTONIC BOOTTIME OPTION...: the clocks inside, read between two readings outside, are off by so many seconds.
shifted() {
	monotonic=$1 boottime=$2
	shift 2
	read -r m1 b1 <<-EOF
		$("$BUILD/helpers/clock")
	EOF
	run "$SV" run -v "$BUILD/helpers/clock:/clock" "$@" "$R" /clock
	read -r m2 b2 <<-EOF
		$("$BUILD/helpers/clock")
	EOF
	m=${out% *} b=${out#* }
	ok "$*: CLOCK_MONOTONIC is off by $monotonic s" \
		[ "$status" -eq 0 -a "$((m1 + monotonic * 1000))" -le "$m" -a "$m" -le "$((m2 + monotonic * 1000))" ]
	ok "$*: CLOCK_BOOTTIME is off by $boottime s" \
		[ "$status" -eq 0 -a "$((b1 + boottime * 1000))" -le "$b" -a "$b" -le "$((b2 + boottime * 1000))" ]
}
shifted 0 0
shifted 86400 0 --monotonic-offset 86400
shifted 0 1000000 --boottime-offset 1000000
shifted 7 -1 --monotonic-offset 7 --boottime-offset -1
up1=$(cut -d. -f1 /proc/uptime)
run "$SV" run --boottime-offset 5000 "$R" cut -d. -f1 /proc/uptime
up2=$(cut -d. -f1 /proc/uptime)
ok '/proc/uptime is shifted too' [ "$((up1 + 5000))" -le "$out" -a "$out" -le "$((up2 + 5000))" ]
run "$SV" run --boottime-offset -4000000000 "$R" /bin/true
is "$status:$(printf '%s\n' "$err" | wc -l)" 125:1 'a clock below zero is an error'
like "$err" '^sv: cannot set the time namespace' 'in words'
refused "--monotonic-offset: '1.5'" --monotonic-offset 1.5

leftovers
done_testing
