#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# Processes of the host: signalled, traced, read.
. "${0%/*}/attack.sh"

sleep 1000 &
victim=$!
at_exit "kill $victim 2>/dev/null"
open_options='--pid host'
attack "$victim" <<'EOS'
try 'a process of the host gets a signal' kill -0 "$1"
try 'is traced' $attack ptrace "$1"
try 'has its memory read' $attack memory "$1"
try 'has a descriptor taken' $attack getfd "$1"
try 'shows its environment' shows "/proc/$1/environ"
try 'shows its root' ls "/proc/$1/root/"
try 'lends its namespaces' $attack enter "/proc/$1/ns/net"
EOS
ok 'it lives' alive "$victim"
kill "$victim"
wait "$victim" 2>/dev/null
attacks_end
