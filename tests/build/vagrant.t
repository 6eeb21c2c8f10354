#!/bin/sh
# SPDX-License-Identifier: MIT
# The Vagrantfile is one that Vagrant takes. `make test-vagrant` brings it up.
. "${0%/*}/../lib.sh"

command -v vagrant >/dev/null || skip_all_cannot 'no vagrant'

# Nothing of this machine's own Vagrant takes part, and nothing is left in the folder.
export VAGRANT_HOME="$T/home" VAGRANT_DOTFILE_PATH="$T/dot" VAGRANT_CHECKPOINT_DISABLE=1 VAGRANT_CWD="$TOP/vagrant"
mkdir "$VAGRANT_HOME"
ok 'vagrant validate' vagrant validate --ignore-provider
run vagrant status --machine-readable
is "$(printf '%s\n' "$out" | awk -F , '$3 == "metadata" && $4 == "provider" || $3 == "state" { print $2 }' | sort -u | tr '\n' ' ')" \
	'debian fedora ' 'there are two machines'
cp -r "$TOP/vagrant" "$T/wrong"
echo 'nonsense(' >>"$T/wrong/Vagrantfile"
export VAGRANT_CWD="$T/wrong"
run vagrant validate --ignore-provider
isnt "$status" 0 'one that is wrong is not taken'
done_testing
