#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs end-to-end tests inside of a machine: init as PID 1, a pure cgroup v2, every capability, an ordinary kernel of the
# distribution. Always those in tests/vm/guest/, which need that, and of the others those that `tagged` lists; all
# of them with VM_TESTS=all, or those that VM_TESTS names.
. "${0%/*}/../lib.sh"
. "${0%/*}/lib.sh"

need_root
need_machine qemu root

cd "$TOP" || exit 1
case ${VM_TESTS-} in
all) files=$(echo tests/vm/guest/*.t tests/e2e/*.t tests/security/*.t) each=1200 all=6600 ;;
'') files=$(echo tests/vm/guest/*.t; sed -n 's/^\(tests[^ ]*\).*/\1/p' tests/vm/tagged) each=300 all=780 ;;
*) files=$VM_TESTS each=600 all=3000 ;;
esac

# What the tests may look at: the sources, what was built, and a root filesystem.
tree=$T/tree
mkdir -p "$tree/build/$ARCH"
git -c safe.directory="$TOP" ls-files -z --cached --others --exclude-standard 2>/dev/null >"$T/list"
[ -s "$T/list" ] || find . -path ./build -prune -o -path ./rootfs -prune -o -type f -print0 >"$T/list"
# A file that is listed may be gone by now.
tar -c --null --ignore-failed-read -T "$T/list" -f - 2>/dev/null | tar -x -C "$tree"
cp -a sv "$tree/"
cp -a build/init build/rootfs "$tree/build/"
for built in sv init unit helpers; do
	[ ! -e "$BUILD/$built" ] || cp -a "$BUILD/$built" "$tree/build/$ARCH/"
done
echo "export SV_MUST_WORK=$SV_MUST_WORK SV_IN_VM=1 ${VM_EXPORT-}" >"$tree/build/vm-environment"
mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$tree" "$T/tree.ext4" "$(($(du -sm "$tree" | cut -f 1) * 3 / 2 + 200))M" >/dev/null

mkdir "$T/loader"
cp "$VM/loader" "$T/loader/init"
archive "$T/loader.cpio.gz" "$T/loader"

mkdir -p build/vm
"$VM/boot" --image "$IMAGE" --timeout "$all" --memory 2048 --add "$KERNEL/modules.cpio.gz" --add "$T/loader.cpio.gz" \
	--disk "$VM_ROOT" --disk "$T/tree.ext4" --port build/vm/guest.tap -- \
	sh /src/tests/vm/in-guest "$each" $files >build/vm/guest.log 2>&1 </dev/null
status=$?

# One stream of points out of many: every file that was asked for has to have begun, ended, and kept to its plan.
awk -v files="$files" '
	function point(good, name) { printf "%s %d - %s: %s\n", good ? "ok" : "not ok", ++count, file, name; failed += !good }
	function close_file(status) {
		done[file] = 1
		if (status == "") point(0, "ended")
		else if (plan != points && !skipped) point(0, "ran the " plan " points that it planned, not " points)
		else if (status != 0 && !bad) point(0, "ended with 0, not " status)
		file = ""
	}
	{ sub(/\r$/, "") }
	/^## file / { if (file != "") close_file(""); file = $3; plan = -1; points = bad = skipped = 0; next }
	/^## end / { print "# " file ": " $4 " s"; close_file($3); next }
	file == "" { next }
	/^1\.\.0/ { skipped = 1; sub(/^1\.\.0/, ""); printf "ok %d - %s%s\n", ++count, file, $0; next }
	/^1\.\./ { plan = substr($1, 4) + 0; next }
	/^(not )?ok / {
		points++
		good = $1 == "ok"
		bad += !good
		sub(/^(not )?ok *[0-9]* *-? */, "")
		point(good, $0)
		next
	}
	/^#/ || /^Bail/ { print "# " $0 }
	END {
		if (file != "") close_file("")
		wanted = split(files, list, " ")
		for (i = 1; i <= wanted; i++) if (!(list[i] in done)) { file = list[i]; point(0, "began") }
		printf "%d %d\n", count, failed >"/dev/stderr"
	}
' build/vm/guest.tap 2>"$T/counts"
# shellcheck disable=SC2034
read -r tap_count tap_failed <"$T/counts"
is "$status" 0 'the machine ran them all and powered off' || note "$(tail -n 30 build/vm/guest.log)"
done_testing
