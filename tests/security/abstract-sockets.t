#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# Abstract sockets of the host, which belong to the network namespace and to no file system (CVE-2020-15257).
. "${0%/*}/attack.sh"

name=sv-attack-$$
"$H/attack" listen "$name" >"$T/listening" &
listener=$!
at_exit "kill $listener 2>/dev/null"
ok 'a socket of the host listens' wait_for 10 has_line "$T/listening" ready
ok 'on the host it is reached' "$H/attack" connect "$name"
open_options='--net host'
attack "$name" <<'EOS'
try 'a socket of the host' $attack connect "$1"
EOS
run timeout 60 "$SV" run --net host -v "$H:/srv:ro" "$ROOTFS" /srv/attack connect "$name"
is "$status" 0 '--net host, which is less isolation, reaches it'
kill "$listener"
wait "$listener" 2>/dev/null
attacks_end
