#!/bin/sh
# SPDX-License-Identifier: MIT
# Imports that are killed, interrupted, or not alone: at any moment an image is all there or not at all.
. "${0%/*}/../lib.sh"

own_mounts
need python3
cd "$T" || exit 1
STORE=$T/store
archives() { "$TOP/tests/helpers/archives.py" "$@"; }
entries() { (cd "$STORE" && find tmp images layers -mindepth 1 -maxdepth 1 | sort); }
remove_images() {
	# shellcheck disable=SC2046
	"$SV" image rm --root "$STORE" $(cd "$STORE/images" && ls -d x* 2>/dev/null) >/dev/null 2>&1
}

archives many 2000 many.tar
archives docker docker.tar
gzip -c many.tar >many.tar.gz
"$SV" image import --root "$STORE" kept docker.tar >/dev/null || bail 'no image can be imported'
before=$(entries)

# whole: each image that is there has all its layers, and each layer all its files.
whole() {
	for image in "$STORE"/images/*; do
		sed -n 's/^layer //p' "$image" | while read -r hex; do
			[ -e "$STORE/layers/$hex/layer" ] || echo "$image lacks $hex"
		done
	done
	for layer in "$STORE"/layers/*; do
		[ "$(cat "$layer/layer")" != "size $(wc -c <many.tar)" ] ||
			[ "$(find "$layer/fs" ! -type d | wc -l)" = 2000 ] || echo "$layer is a part"
	done
}

times=100 killed=0 done=0 broken=
for i in $(seq 1 "$times"); do
	case $((i % 3)) in 0) source=many.tar ;; 1) source=many.tar.gz ;; 2) source=docker.tar ;; esac
	"$SV" image import --root "$STORE" "x$i" "$source" >/dev/null 2>&1 &
	pid=$!
	sleep "0.0$((i * 7 % 10))$((i * 3 % 10))"
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	if [ -e "$STORE/images/x$i" ]; then done=$((done + 1)); else killed=$((killed + 1)); fi
	[ $((i % 5)) != 0 ] || broken=$broken$(whole)
	[ $((i % 10)) != 0 ] || remove_images
done
note "$killed were killed before they were done, $done after"
ok 'some were killed on their way' [ "$killed" -gt 10 ]
is "$broken" '' "killed $times times: no half image, no half layer"
remove_images
run "$SV" gc --root "$STORE"
is "$status" 0 'gc'
is "$(entries)" "$before" 'leaves what was there before, and no more'
is "$(pgrep -c -P $$ gzip)" 0 'no decompressor is left'

# --- interrupted ----------------------------------------------------------------------------------------------------

mkfifo pipe
for row in INT:130 TERM:143 HUP:129; do
	signal=${row%:*}
	for source in - pipe; do
		# a shell's background commands ignore INT
		python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$SV" image import --root "$STORE" never $source <pipe >"$stdout" 2>"$stderr" &
		pid=$!
		exec 3>pipe
		head -c 100000 many.tar >&3
		wait_for 20 sh -c "ls $STORE/tmp/*/new-layer/fs/d1" || fail 'it begins'
		kill -"$signal" "$pid"
		wait_for 20 gone "$pid" || fail 'it ends'
		exec 3>&-
		wait "$pid"
		is "$?:$(entries)" "${row#*:}:$before" "$signal from $source: ends by it, and leaves nothing"
	done
done
mkdir wide && (cd wide && seq 1 20000 | xargs touch)
"$SV" image import --root "$STORE" never wide >/dev/null 2>&1 &
pid=$!
wait_for 20 sh -c "ls $STORE/tmp/*/new-layer/fs"
kill -TERM "$pid"
wait "$pid"
is "$?:$(entries)" "143:$before" 'a directory, too'
archives oci hole
truncate -s 1T hole/blobs/sha256/*
start "$SV" image import --root "$STORE" never hole
wait_for 20 sh -c "ls -l /proc/$pid/fd | grep -q blobs" || fail 'it reads a blob'
kill -TERM "$pid"
finish
is "$status:$(entries)" "143:$before" 'and a blob that has no end'

# --- together -------------------------------------------------------------------------------------------------------

for round in 1 2 3; do
	for i in 1 2 3 4; do
		"$SV" image import --root "$STORE" same many.tar.gz >"$T/out.$i" 2>&1 &
		eval "pid$i=\$!"
		"$SV" gc --root "$STORE" >/dev/null 2>&1
	done
	failed=
	for i in 1 2 3 4; do
		eval "wait \$pid$i" || failed="$failed $(cat "$T/out.$i")"
	done
	is "$failed:$(whole)" : "four imports of the same at once, and gc beside them: round $round"
	ok 'the image is there' [ -e "$STORE/images/same" ]
	"$SV" image rm --root "$STORE" same
	is "$(entries)" "$before" 'and goes without a trace'
done
leftovers
done_testing
