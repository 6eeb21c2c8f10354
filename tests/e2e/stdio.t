#!/bin/sh
# SPDX-License-Identifier: MIT
# The pipes and sockets that the command inherits are its user's; files, named pipes and devices stay whose they are.
. "${0%/*}/../lib.sh"

need_root
need python3
R=$T/r
cp -a "$ROOTFS" "$R"
chmod 755 "$tap_dir"

streams='echo out >/dev/stdout; echo err >/dev/stderr; echo fd >/proc/self/fd/1; read -r word </dev/stdin; echo "$word"'
for options in '' '-u 1000' '-u 1000:1000 --userns host' '--userns host' '--userns private -u 65535' '-u 1000 --pid host'; do
	# shellcheck disable=SC2016,SC2086
	run sh -c 'echo in | "$@" 2>&1 | cat' _ "$SV" run $options "$R" /bin/sh -c "$streams"
	is "$(printf '%s' "$out" | tr '\n' ' ')" 'out err fd in' "/dev/stdin, stdout and stderr open through pipes (${options:-by default})"
done

# A socket has no name to be opened by, but belongs to the user like a pipe; so does the other end, which is what it is.
cat >"$T/socket" <<'EOF'
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
subprocess.run(sys.argv[1:], stdin=theirs, stdout=theirs, stderr=theirs)
theirs_status = os.fstat(theirs.fileno())
ours.setblocking(False)
print(ours.recv(100).decode().strip(), theirs_status.st_uid, theirs_status.st_gid)
EOF
run python3 "$T/socket" "$SV" run --userns 3000000000:65536 -u 1000:1001 "$R" /bin/sh -c 'echo through'
is "$out" 'through 3000001000 3000001001' 'an inherited socket is the user'\''s'
run python3 "$T/socket" "$SV" run --userns host -u 1000:1001 "$R" /bin/sh -c 'echo through'
is "$out" 'through 1000 1001' 'without a user namespace as well'

# whose NAME: the owner on disk after a run with it as all three.
mkfifo -m 644 "$T/fifo"
touch "$T/file"
run sh -c '"$@" <>"$0" >&0 2>&0' "$T/fifo" "$SV" run -u 1000 "$R" /bin/sh -c 'echo written; read -r word; echo "$word" >&2'
is "$status:$(stat -c '%u:%g %a' "$T/fifo")" '0:0:0 644' 'a named pipe is used, and its owner on disk is as it was'
run sh -c '"$@" <"$0" >>"$0" 2>>"$0"' "$T/file" "$SV" run -u 1000 "$R" /bin/sh -c 'echo written'
is "$status:$(cat "$T/file"):$(stat -c '%u:%g %a' "$T/file")" '0:written:0:0 644' 'and so is a file'
before=$(stat -c '%u:%g %a' /dev/null)
"$SV" run -u 1000 "$R" /bin/true </dev/null >/dev/null 2>/dev/null
is "$(stat -c '%u:%g %a' /dev/null)" "$before" 'and a device'

python3 - "$T/named" <<'EOF' &
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
client, _ = server.accept()
client.recv(100)
EOF
server=$!
ok 'a socket with a name is made' wait_for 10 exists "$T/named"
run python3 -c 'import socket, subprocess, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
sys.exit(subprocess.run(sys.argv[2:], stdout=client).returncode)' "$T/named" "$SV" run -u 1000 "$R" echo written
is "$status:$(stat -c '%u:%g' "$T/named")" 0:0:0 'a connection'\''s end is the user'\''s, and its name as it was'
wait "$server"

# Closed ones are opened on /dev/null.
run sh -c '"$@" <&- >&- 2>&-' _ "$SV" run -u 1000 "$R" /bin/true
is "$status" 0 'none at all is fine'
run sh -c '"$@" >&- 2>&1 | cat' _ "$SV" run -u 1000 "$R" /bin/sh -c 'echo err >&2'
is "$status" 0 'and some'

leftovers
done_testing
