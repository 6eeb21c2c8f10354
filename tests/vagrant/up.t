#!/bin/sh
# SPDX-License-Identifier: MIT
#
# vagrant/ for real: a machine comes up from a box that is made here, is provisioned (builds sv, tests it), runs a
# container, is provisioned again, and is destroyed. libvirt, under emulation. Some minutes: not part of `make test`, and
# of the tests only those named below run inside; `make test-vm` runs them all in a machine, and sooner.
#
# libvirtd and everything else run in mount, network and PID namespaces of their own, which the end of the file ends.
. "${0%/*}/../lib.sh"

PATH=$PATH:/usr/sbin:/sbin
need_root
need vagrant libvirtd virsh dnsmasq mmdebstrap mke2fs qemu-img ssh-keygen rsync qemu-system-x86_64
[ "$ARCH" = x86_64 ] || skip_all_cannot "machines are of x86-64 so far, this is $ARCH"

W=$TOP/build/vm/vagrant
if [ -z "${SV_VAGRANT_INSIDE-}" ]; then
	"$TOP/tests/vagrant/box" "$W" >"$T/box" 2>&1 || {
		note "$(cat "$T/box")"
		skip_all "no box: $(tail -n 1 "$T/box")"
	}
	rm -rf "$tap_dir"
	SV_VAGRANT_INSIDE=1 exec unshare -m -n -p -f --kill-child=KILL --mount-proc --propagation private "$0"
fi

# --- libvirt of our own ---------------------------------------------------------------------------------------------

ip link set lo up
# Sockets, networks, images and logs of the machine's own libvirt, if it has one, are out of reach.
rm -rf "$W/libvirt"
at_exit 'rm -rf "$W"/libvirt/*'
for folder in /run /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt; do
	mkdir -p "$folder"
	case $folder in
	/var/lib/libvirt)
		mkdir -p "$W/libvirt"
		mount --bind "$W/libvirt" "$folder"
		;;
	*) mount -t tmpfs tmpfs "$folder" ;;
	esac
done
mkdir -p /var/lib/libvirt/images /var/lib/libvirt/qemu /run/libvirt /run/lock
cat >/etc/libvirt/libvirtd.conf <<'END'
auth_unix_rw = "none"
auth_unix_ro = "none"
END
cat >/etc/libvirt/qemu.conf <<'END'
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
stdio_handler = "file"
END
libvirtd --config /etc/libvirt/libvirtd.conf >"$T/libvirtd" 2>&1 &
ok 'libvirtd answers' wait_for 60 virsh -c qemu:///system version || {
	note "$(tail -n 20 "$T/libvirtd")"
	done_testing
}

export VAGRANT_HOME="$T/home" VAGRANT_DOTFILE_PATH="$T/dot" VAGRANT_CHECKPOINT_DISABLE=1 VAGRANT_CWD="$TOP/vagrant"
export VAGRANT_DEFAULT_PROVIDER=libvirt SV_BOX=sv-test SV_TESTS='tests/e2e/isolation.t tests/e2e/mounts.t'
mkdir "$VAGRANT_HOME"
at_exit 'timeout 60 vagrant destroy -f >/dev/null 2>&1'

# shows NAME COMMAND...: succeeds; what it printed is in $out, and shown where it failed.
shows() {
	name=$1
	shift
	timeout 2400 "$@" >"$stdout" 2>&1 </dev/null
	status=$?
	out=$(tr -d '\r' <"$stdout")
	is "$status" 0 "$name" || note "$(tail -n 60 "$stdout")"
}
guest() { shows "$1" vagrant ssh -c "$2" debian; }

shows 'the box is added' vagrant box add --name sv-test "$W/debian.box"
shows 'vagrant up' vagrant up debian
like "$out" '[1-9][0-9]* passed, 0 failed' 'builds and tests'
guest 'a container runs' "cd /sv && sudo ./sv run --hostname box rootfs /bin/sh -c 'hostname; echo \$\$'"
like "$out" '^box$' 'with a name of its own'
like "$out" '^2$' 'and processes of its own'
vagrant ssh -c "cd /sv && sudo ./sv run rootfs /bin/sh -c 'exit 7'" debian </dev/null >/dev/null 2>&1
is "$?" 7 'its status comes through'
guest 'sv doctor' 'cd /sv && sudo ./sv doctor'
guest 'a mark' 'echo mark | sudo tee /sv/build/mark'
SV_TESTS=none shows 'vagrant provision repeats' vagrant provision debian
like "$out" 'sv run works here' 'and ends with a machine that works'
guest 'without building anything anew' '[ /sv/build/mark -nt /sv/sv ] && cd /sv && sudo ./sv run rootfs /bin/true'
shows 'vagrant destroy' vagrant destroy -f debian
is "$(virsh -c qemu:///system list --all --name)" '' 'leaves no machine'
is "$(find /var/lib/libvirt/images -type f ! -name '*_vagrant_box_image_*')" '' 'and no disk but the box it was made from'

done_testing
