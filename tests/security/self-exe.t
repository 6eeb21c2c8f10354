#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# The host's program overwritten through /proc/PID/exe of what runs inside (CVE-2019-5736).
. "${0%/*}/attack.sh"

standing='*' # init runs from a sealed memory file, whoever asks
before=$(cksum <"$SV")
attack <<'EOS'
try "init's program" $attack overwrite /proc/1/exe
EOS

# The command itself is what /proc/self/exe was at its exec: init once more.
entry=/proc/self/exe
attack <<'EOS'
[ "$(cat /proc/$PPID/comm)" != sh ] || echo 'succeeded not at all: the shell has no init above it'
try 'its program, executed by the command' $attack overwrite /proc/$PPID/exe
EOS
is "$(cksum <"$SV")" "$before" 'sv is what it was'
attacks_end
