#!/bin/sh
# SPDX-License-Identifier: MIT
# The store and a loss of power: a machine that makes and removes images is halted at any moment, without a sync, and what its
# disk holds then is read by the next one. No image may be torn, and gc leaves nothing that isn't one's.

# Two minutes: not in every run of the tests.
[ "${VM_TESTS-}" = all ] || {
	echo '1..0 # SKIP takes long: make test-vm'
	exit 0
}
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

need_machine uml
need mke2fs e2fsck python3

rounds=6
[ "$STRESS" != long ] || rounds=60

up() {
	run "$VM/boot" --uml --image "$IMAGE" --add "$T/added.gz" --timeout 120 --disk-keep "$T/disk" "$@"
	out=$(printf '%s\n' "$out" | tr -d '\r')
}

# Four trees of which no two share a file; each file says which one it is.
mkdir -p "$T/added/bin"
cp "$SV" "$T/added/bin/sv"
sums=
for name in kept x0 x1 x2; do
	i=0
	while [ $i -lt 100 ]; do
		mkdir -p "$T/$name/d$((i % 20))"
		seq -s " of $i in $name " 1 $((i * 9 + 10)) >"$T/$name/d$((i % 20))/$i"
		i=$((i + 1))
	done
	tar -C "$T/$name" -cf "$T/added/$name.tar" .
	sums="$sums
image $name $(cd "$T/$name" && find . -type f -exec md5sum {} + | sort | md5sum)"
done
gzip "$T/added/x1.tar"
cat >"$T/added/check" <<'CHECK'
mount -t ext4 /dev/ubda /mnt || exit 2
mount -t tmpfs tmpfs /run
sv image ls --root /mnt/store >/tmp/images || echo 'unreadable: the list'
# One line an image: its name, and one sum of all names and bytes in it.
for name in $(sed '1d; s/ .*//' /tmp/images); do
	rm -rf /tmp/tree && mkdir /tmp/tree
	sv image export --root /mnt/store "$name" | tar -x -C /tmp/tree -f - || echo "unreadable: $name"
	echo "image $name $(cd /tmp/tree && find . -type f -exec md5sum {} + | sort | md5sum)"
done
CHECK
cat >"$T/added/work" <<'WORK'
# Not on a terminal: it would be shown bars.
try() { "$@" >/tmp/said 2>&1 || echo "unmade: $* $(cat /tmp/said)"; }
sv image rm --root /mnt/store x0 x1 x2 >/dev/null 2>&1
i=0
while :; do
	for source in /x*.tar*; do
		name=${source#/}
		name=${name%%.*}
		try sv image import --root /mnt/store "$name" "$source"
		echo "has $name"
	done
	echo "done $i"
	for name in x0 x1; do
		echo "removes $name"
		try sv image rm --root /mnt/store $name
	done
	[ $((i % 2)) = 0 ] || try sv gc --root /mnt/store
	echo "removes x2"
	try sv image rm --root /mnt/store x2
	i=$((i + 1))
done
WORK
archive "$T/added.gz" "$T/added"
mke2fs -q -F -t ext4 "$T/disk" 64M >/dev/null 2>&1

up -- '. /check; sv image import --root /mnt/store kept /kept.tar && echo imported'
is "$status" 0 'the first machine makes an image'
like "$out" '^imported$' 'and ends in order'

cut=0 promised=0 wrong='' lost=''
for round in $(seq 1 "$rounds"); do
	rm -f "$T/typed" "$T/monitor"
	mkfifo "$T/typed"
	"$VM/boot" --uml --image "$IMAGE" --add "$T/added.gz" --timeout 120 --disk-keep "$T/disk" --monitor "$T/monitor" -- \
		'. /check; . /work' <"$T/typed" >"$stdout" 2>"$stderr" &
	pid=$!
	exec 9>"$T/typed"
	wait_for 15 has_line "$stdout" "^done $((round % 3))" || fail "round $round: it works" || note "$(cat "$stdout")"
	# Somewhere in what it does next: no moment is better than another.
	sleep "0.$((round * 37 % 50 + 10))"
	"$VM/mconsole" "$(readlink "$T/monitor")" halt || fail "round $round: it is halted"
	exec 9>&-
	wait "$pid"
	[ "$?" != 125 ] || cut=$((cut + 1))
	tr -d '\r' <"$stdout" >"$T/worked"
	wrong=$wrong$(grep -E '^(unmade|unreadable)' "$T/worked")
	up -- '. /check; sv gc --root /mnt/store
		for dir in images layers tmp containers; do echo "entry $dir $(ls -A /mnt/store/$dir | wc -l)"; done'
	[ "$status" = 0 ] || wrong="$wrong $out"
	images=$(printf '%s\n' "$out" | grep '^image ')
	wrong=$wrong$(printf '%s\n' "$images" | grep -vxF "$sums")$(printf '%s\n' "$out" | grep '^unreadable')
	# What an import has said to be there is there, until its removal begins.
	for name in kept $(awk '$1 == "has" { has[$2] = 1 } $1 == "removes" { has[$2] = 0 } END { for (name in has) if (has[name]) print name }' "$T/worked"); do
		promised=$((promised + 1))
		printf '%s\n' "$images" | grep -q "^image $name " || lost="$lost $name (round $round)"
	done
	count=$(printf '%s\n' "$images" | wc -l)
	entries=$(printf '%s\n' "$out" | sed -n 's/^entry //p' | tr '\n' ' ')
	note "round $round: $entries"
	[ "$entries" = "images $count layers $count tmp 0 containers 0 " ] || wrong="$wrong round $round: $entries"
done
is "$cut" "$rounds" "the power went $rounds times while it worked"
is "$wrong" '' 'every image is whole or not there, and gc leaves their layers and nothing else'
is "$lost" '' "and the $promised that were done are there"
done_testing
