#!/bin/sh
# SPDX-License-Identifier: MIT
# What takes every capability, CAP_SYS_RESOURCE above all, which a developer's machine may not grant to root.
. "${0%/*}/../../lib.sh"

need_root
need setpriv
bounding=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
[ "$((0x$bounding >> 24 & 1))" = 1 ] || skip_all_cannot 'no CAP_SYS_RESOURCE'

# --- limits raised ------------------------------------------------------------------------------------------------------

run sh -c 'ulimit -n 100; exec "$@"' sh "$SV" run --ulimit nofile=500:1000 "$ROOTFS" /bin/sh -c 'ulimit -Sn; ulimit -Hn'
is "$status:$(echo $out)" '0:500 1000' '--ulimit raises a hard limit'
run "$SV" run --ulimit core=unlimited:unlimited --ulimit memlock=1000000000:2000000000 "$ROOTFS" cat /proc/self/limits
like "$out" '^Max core file size +unlimited +unlimited' '--ulimit core=unlimited'
like "$out" '^Max locked memory +1000000000 +2000000000' '--ulimit memlock'
run setpriv --bounding-set -sys_resource --inh-caps -sys_resource sh -c 'ulimit -n 100; exec "$@"' sh \
	"$SV" run --ulimit nofile=500:1000 "$ROOTFS" /bin/true
is "$status" 125 'without the capability that is an error'
like "$err" '^sv: cannot set --ulimit.*EPERM.*; hint: .*CAP_SYS_RESOURCE' 'which names it'

# --- the score for want of memory ---------------------------------------------------------------------------------------

for score in -1000 -500 0 500 1000; do
	run "$SV" run --oom-score-adj "$score" "$ROOTFS" cat /proc/self/oom_score_adj
	is "$status:$out" "0:$score" "--oom-score-adj $score"
done
run sh -c 'echo 300 >/proc/self/oom_score_adj; exec "$@"' sh "$SV" run --oom-score-adj -300 "$ROOTFS" cat /proc/self/oom_score_adj
is "$status:$out" '0:-300' 'below what sv itself has'
run setpriv --bounding-set -sys_resource --inh-caps -sys_resource "$SV" run --oom-score-adj -500 "$ROOTFS" /bin/true
is "$status" 125 'without the capability that is an error'
like "$err" '^sv: cannot set --oom-score-adj.*; hint: .*CAP_SYS_RESOURCE' 'which names it'

# --- init alone -----------------------------------------------------------------------------------------------------------

# What it was started with is the command's (INIT 5), also where it is more than the usual.
run sh -c 'ulimit -n 4321; ulimit -c 12345; umask 027; echo -321 >/proc/self/oom_score_adj; exec nice -n -7 "$@"' sh \
	"$INIT" -- /bin/sh -c 'ulimit -n; ulimit -c; umask; cat /proc/self/oom_score_adj; nice'
is "$(echo $out)" '4321 12345 0027 -321 -7' 'init passes limits, umask, score and niceness on'

# --- sets of capabilities -------------------------------------------------------------------------------------------------

# The kernel's own list, whole: nothing is lost on the way through sv and init.
last=$(cat /proc/sys/kernel/cap_last_cap)
all=$(printf '%016x' $(((1 << (last + 1)) - 1)))
is "$bounding" "$all" 'root has all capabilities on this machine'
run "$SV" run "$ROOTFS" sed -n 's/^CapEff:[[:space:]]*//p' /proc/1/status
isnt "$out" '' 'init has a set of capabilities'
run "$INIT" -- sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status
is "$out" "$all" 'init alone takes none away'

leftovers
done_testing
