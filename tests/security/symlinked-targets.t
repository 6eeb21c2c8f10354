#!/bin/sh
# SPDX-License-Identifier: MIT
# A root tree whose /proc, /sys, /dev or mount points are links out of it (CVE-2019-19921), or not what they should be.
. "${0%/*}/attack.sh"

outside=$T/outside
mkdir "$outside"
cp -a "$ROOTFS" "$T/r"
for name in proc sys dev dev/pts dev/shm; do
	case $name in */*) kept= ;; *) kept=1 ;; esac
	rm -rf "${T:?}/r/$name"
	for target in "$outside" / ../../../../../../../../tmp /proc/self/root; do
		mkdir -p "$T/r/${name%/*}"
		rm -rf "${T:?}/r/$name"
		ln -s "$target" "$T/r/$name"
		for userns in auto host; do
			run timeout 60 "$SV" run --userns "$userns" "$T/r" /bin/sh -c 'stat -f -c %T "/$1"' sh "$name"
			# What is below /dev is covered by it.
			if [ -n "$kept" ]; then
				is "$status" 125 "--userns $userns: /$name -> $target is refused"
				like "$err" "^sv: refused: '/$name' in the rootfs is or leads through a symbolic link" 'for what it is'
			else
				is "$status" 0 "--userns $userns: /$name -> $target is covered"
			fi
		done
	done
	rm -rf "${T:?}/r/$name"
	mkdir -p "$T/r/$name"
done
is "$(ls -A "$outside")" '' 'nothing was made outside'

# A volume's target leads out: it is looked up inside.
ln -s "$outside" "$T/r/link"
ln -s ../../../../../../../../../.. "$T/r/up"
mkdir "$T/volume"
run timeout 60 "$SV" run -v "$T/volume:/up/within" "$T/r" /bin/sh -c 'grep -c " /within " /proc/mounts'
is "$status:$out" 0:1 'a target through ".." stays in the root tree'
run timeout 60 "$SV" run -v "$T/volume:/link/within" "$T/r" /bin/true
is "$status:$(ls -A "$outside")" 125: 'one that leads to a path of the host is not made there'
run timeout 60 "$SV" run -v "$T/volume:/proc/self/root/etc" "$T/r" /bin/true
is "$status" 125 'nor is one reached through /proc/self'

# Files that sv reads itself.
for file in passwd group; do
	rm -f "$T/r/etc/$file"
	mkfifo "$T/r/etc/$file"
	run timeout 20 "$SV" run -u 1000 "$T/r" /bin/true
	is "$status" 125 "a pipe for /etc/$file holds nothing up"
	rm -f "$T/r/etc/$file"
	echo "mark:x:4242:4242::/:/bin/sh" >"$outside/$file"
	ln -s "$outside/$file" "$T/r/etc/$file"
	run timeout 20 "$SV" run -u mark "$T/r" /bin/true
	is "$status" 125 "/etc/$file of the host is not read"
	rm -f "$T/r/etc/$file"
	cp "$ROOTFS/etc/$file" "$T/r/etc/"
done
attacks_end
