#!/bin/sh
# SPDX-License-Identifier: MIT
# Files by handle: inode 2 is the root folder of the file system that the container's root is on, however deep (the "Shocker").
. "${0%/*}/attack.sh"

attack <<'EOS'
try 'the root of the file system' $attack handle
EOS
attacks_end
