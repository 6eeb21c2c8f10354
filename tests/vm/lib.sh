# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154
#
# What the tests of virtual machines have in common, on top of tests/lib.sh.

PATH=$PATH:/usr/sbin:/sbin
VM=$TOP/tests/vm
IMAGE=${IMAGE:-$BUILD/image.cpio.gz}
KERNEL=${KERNEL:-$TOP/build/vm/kernel}
VM_ROOT=$TOP/build/vm/root.ext4
export KERNEL

# need_machine KIND...: leaves the file out where machines of the kind (qemu, uml, root) can't be had. What can be made
# here is made.
need_machine() {
	need cpio gzip
	[ "$ARCH" = x86_64 ] || skip_all_cannot "machines are of x86-64 so far, this is $ARCH"
	for vm_kind in "$@"; do
		case $vm_kind in
		qemu)
			need qemu-system-x86_64
			vm_make kernel "$VM/kernel"
			;;
		uml) need linux.uml ;;
		root)
			need mke2fs mmdebstrap
			vm_make root "$VM/root"
			;;
		esac
	done
	vm_make image make -s -C "$TOP" image
}

vm_make() {
	vm_what=$1
	shift
	"$@" >"$tap_dir/made" 2>&1 || {
		note "$(tail -n 20 "$tap_dir/made")"
		skip_all "cannot make the $vm_what of a machine: $(tail -n 1 "$tap_dir/made")"
	}
}

# archive FILE FOLDER: packs a folder as a piece of an initramfs.
archive() {
	(cd "$2" && find . | cpio --quiet -o -H newc -R 0:0 | gzip -1n) >"$1"
}
