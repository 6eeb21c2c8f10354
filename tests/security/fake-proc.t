#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# A /proc that somebody prepared: what sv and init write or read there would go astray (CVE-2019-16884, CVE-2025-52881).
. "${0%/*}/attack.sh"

cp -a "$ROOTFS" "$T/r"
fake() {
	mkdir -p "$1/self/attr" "$1/thread-self" "$1/1" "$1/sys/net/ipv4" "$1/sys/kernel"
	for file in self/oom_score_adj self/uid_map self/timens_offsets self/mountinfo sys/net/ipv4/ip_forward kcore keys; do
		echo untouched >"$1/$file"
	done
}
untouched() { [ "$(find "$1" -type f -exec cat {} + | sort -u)" = untouched ]; }

# In the root tree: covered.
fake "$T/r/proc"
rootfs=$T/r
modes='userns host user'
attack <<'EOS'
try 'a prepared /proc is seen' grep -q untouched /proc/self/oom_score_adj
try 'it is not a procfs' [ "$(stat -f -c %T /proc)" != proc ]
EOS
run timeout 60 "$SV" run --oom-score-adj 500 --sysctl net.ipv4.ip_forward=1 "$T/r" \
	cat /proc/self/oom_score_adj /proc/sys/net/ipv4/ip_forward
is "$status:$(echo $out)" '0:500 1' 'what was asked for is set in the true one'
ok 'and nothing is written to the other' untouched "$T/r/proc"

# On a volume, as the user asked for: then nothing may be taken for done that wasn't.
fake "$T/fake"
for option in '--oom-score-adj 500' '--sysctl net.ipv4.ip_forward=1' '--monotonic-offset 5'; do
	# shellcheck disable=SC2086
	run timeout 60 "$SV" run $option -v "$T/fake:/proc" "$ROOTFS" /bin/true
	is "$status" 125 "$option with a volume for /proc is an error"
done
ok 'nothing was written there' untouched "$T/fake"
attacks_end
