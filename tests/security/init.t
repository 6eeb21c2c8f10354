#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# init, which belongs to the container's root: looked into, traced, ended, made to act.
. "${0%/*}/attack.sh"

standing="'its environ'" # it has none
attack <<'EOS'
for file in environ maps auxv stack; do
	try "its $file" shows /proc/1/$file
done
try 'its memory' $attack open /proc/1/mem 2
for link in exe cwd root ns/mnt; do
	try "its $link" readlink /proc/1/$link
done
try 'its descriptors' sh -c 'ls -l /proc/1/fd 2>/dev/null | grep " -> "'
try 'its program' reads /proc/1/exe
try 'it is traced' $attack ptrace 1
try 'its memory is read' $attack memory 1
try 'a descriptor is taken' $attack getfd 1
try 'its namespaces are entered' $attack enter /proc/1/ns/mnt
EOS

# What ends others doesn't end it, whoever sends it.
standing='*'
attack <<'EOS'
ends() { kill "-$1" 1; sleep 0.05; [ "$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' /proc/1/status)" = S ] && return 1; return 0; }
for signal in KILL STOP SEGV ABRT BUS ILL TRAP; do
	trap '' $signal 2>/dev/null
	try "SIG$signal" ends $signal
done
EOS
standing=

# Who may trace may trace it, but gains nothing: it has no capability but to kill, for good, and nothing of the host's open.
for mode in '' '--userns host'; do
	# shellcheck disable=SC2086
	run timeout 60 "$SV" run $mode --cap-add SYS_PTRACE -v "$H:/srv:ro" "$ROOTFS" /bin/sh -c '
		/srv/attack ptrace 1 && echo traced
		grep -E "^(CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs):" /proc/1/status | tr -s "\t" " "
		for fd in /proc/1/fd/*; do readlink $fd; done'
	like "$out" '^traced$' "${mode:-default}: with CAP_SYS_PTRACE init can be traced"
	is "$(printf '%s\n' "$out" | grep -E '^(Cap|NoNew)' | tr '\n' ';')" \
		'CapInh: 0000000000000000;CapPrm: 0000000000000020;CapEff: 0000000000000020;CapAmb: 0000000000000000;NoNewPrivs: 1;' \
		'all that it can do is to kill, and no exec gives it more'
	is "$(printf '%s\n' "$out" | grep '^/' | sed 's/ (deleted)$//')" "$([ -n "$mode" ] || echo /run/sv/.ids)" \
		'of files it holds open at most the one that locks its ids'
done

# It is so before the command's first instruction.
for _ in $(seq 1 20); do
	timeout 60 "$SV" run --userns host --cap-add SYS_PTRACE -v "$H:/srv:ro" "$ROOTFS" \
		/bin/cat /proc/1/status </dev/null | sed -n 's/^CapPrm:[[:space:]]*//p'
done >"$T/early"
is "$(sort -u "$T/early")" 0000000000000020 'init has let its rights go before the command runs'
attacks_end
