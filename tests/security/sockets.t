#!/bin/sh
# SPDX-License-Identifier: MIT
# Kinds of sockets that lead out of the network namespace, or into parts of the kernel that nobody in a container needs.
. "${0%/*}/attack.sh"

attack <<'EOS'
try 'packets' $attack socket 17 3
try 'raw' $attack socket 2 3 1
EOS
# AF_VSOCK talks to the machine's host, AF_ALG to the kernel's ciphers: it takes the filter to refuse them.
attack <<'EOS'
try 'vsock' $attack socket 40 1
try 'ciphers' $attack socket 38 5
EOS
attacks_end
