#!/bin/sh
# SPDX-License-Identifier: MIT
# Mount targets that a hostile container swaps for links, as fast as it can, while others start (CVE-2019-19921,
# CVE-2021-30465): on a volume that they share.
. "${0%/*}/attack.sh"

count=40
[ "$STRESS" != long ] || count=200

outside=$T/outside # a path that only the host has
mkdir -p "$outside" "$T/volume" "$T/inner"
touch "$T/inner/inner"
for target in '' "$outside" / /proc /proc/self/fd /dev ../../../../../../../..; do
	rm -rf "$T/volume/a" "$T/volume/b"
	mkdir -p "$T/volume/a"
	# The first time it is only there and gone.
	if [ -n "$target" ]; then ln -s "$target" "$T/volume/b"; else mkdir "$T/volume/b"; fi
	start "$SV" run -v "$T/volume:/data" -v "$H:/srv:ro" "$ROOTFS" /srv/attack swap /data/a /data/b
	swapper=$pid
	started=0 refused=0 bad=
	for _ in $(seq 1 $((count / 7 + 1))); do
		# Everything that is checked is the container's own: its root, /proc with its masks, /dev.
		run timeout 60 "$SV" run -v "$T/volume:/data" -v "$T/inner:/data/a/sub" "$ROOTFS" /bin/sh -c '
			[ ! -e "$1" ] || echo host
			[ ! -e /proc/1/cmdline ] || [ "$(stat -f -c %T /proc)" = proc ] || echo proc
			(: >>/proc/sys/kernel/core_pattern) 2>/dev/null && echo core_pattern
			[ ! -e /proc/kcore ] || [ -z "$(head -c 1 /proc/kcore)" ] || echo kcore
			true' sh "$T"
		case $status in
		0) started=$((started + 1)) ;;
		125) refused=$((refused + 1)) ;;
		*) bad="$bad $status:$err" ;;
		esac
		[ -z "$out" ] || bad="$bad $out"
	done
	note "$started started, $refused refused"
	is "$bad" '' "swapped for '$target': nothing of the host's in sight"
	is "$(ls -A "$outside")" '' 'nothing was made outside'
	ok 'the swapping went on' alive "$swapper"
	pid=$swapper
	kill "$pid"
	finish
done

# The same for what is mounted in every container, in its root tree, which another one may be changing: a mount point's name
# can be given to another folder while /proc is being set up, so that what is masked is not what was mounted.
cp -a "$ROOTFS" "$T/r"
for name in proc sys dev; do
	for kind in link folder; do
		rm -rf "${T:?}/r/$name" "$T/r/$name.other"
		mkdir -p "$T/r/$name"
		if [ "$kind" = link ]; then ln -s "$outside" "$T/r/$name.other"; else mkdir "$T/r/$name.other"; fi
		"$H/attack" swap "$T/r/$name" "$T/r/$name.other" &
		swapper=$!
		bad='' started=0 refused=0
		for _ in $(seq 1 "$count"); do
			run timeout 60 "$SV" run --userns host "$T/r" /bin/sh -c '
				for folder in /proc /proc.other; do
					cd $folder 2>/dev/null && [ "$(stat -f -c %T .)" = proc ] || continue
					(: >>sysrq-trigger) 2>/dev/null && echo sysrq-trigger
					(: >>sys/kernel/core_pattern) 2>/dev/null && echo core_pattern
					[ ! -e timer_list ] || [ -z "$(head -c 1 timer_list)" ] || echo timer_list
				done
				cd /
				for folder in /sys /sys.other; do
					[ -z "$(ls -A $folder/firmware 2>/dev/null)" ] || echo firmware
				done
				[ ! -e "$1" ] || echo host
				true' sh "$outside"
			case $status in
			0) started=$((started + 1)) ;;
			125) refused=$((refused + 1)) ;;
			*) bad="$bad $status:$err" ;;
			esac
			[ -z "$out" ] || bad="$bad $out"
		done
		kill -KILL "$swapper"
		wait "$swapper" 2>/dev/null
		note "$started started, $refused refused"
		is "$bad" '' "/$name swapped for a $kind: what is masked stays so, under whichever name, or nothing starts"
		is "$(ls -A "$outside")" '' 'and nothing outside'
	done
	rm -rf "${T:?}/r/$name" "$T/r/$name.other"
	mkdir "$T/r/$name"
done
attacks_end
