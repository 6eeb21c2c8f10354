#!/bin/sh
# SPDX-License-Identifier: MIT
# Keys of the host: in the session's keyring of whoever started sv, and in the user's, which every process of that user in
# the same user namespace has: there it takes the filter of system calls to keep them.
. "${0%/*}/attack.sh"

name=sv-attack-$$
ok 'a key of the host' "$H/attack" make-key "$name"
at_exit "$H/attack drop-key $name 2>/dev/null"
ok 'is found on the host' "$H/attack" find-key "$name"
attack "$name" <<'EOS'
try 'a key of the host' $attack find-key "$1"
try 'the list of keys' shows /proc/keys
EOS
attacks_end
