#!/bin/sh
# SPDX-License-Identifier: MIT
# make run, as a person calls it.
. "${0%/*}/../lib.sh"

need make python3
need_root
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES CC
cd "$TOP" || exit 1

# A tree of its own: ./rootfs may be somebody's.
tree=$T/rootfs
run make -s run ROOTFS="$tree" CMD='exit 0'
is "$status" 0 'a command that ends with 0 is a make that ends with 0' || note "$err"
# What make itself may print was printed by now: everything is built.
run make -s run ROOTFS="$tree" CMD='echo "it'\''s $((6 * 7)) #\"$(id -un)\""; echo to stderr >&2; exit 7'
is "$out" "it's 42 #\"root\"" 'the shell gets CMD as it stands'
like "$err" 'Error 7$' 'a status is in what make says'
is "$status" 2 "and make's own status says that it failed"
is "$(printf '%s\n' "$err" | wc -l)" 2 'nothing else is printed' || note "$err"

cat >"$T/interactive.py" <<'PYTHON'
import os, pty, re, select, sys, time

pid, fd = pty.fork()
if pid == 0:
    os.execvp("make", ["make", "-s", "run", "ROOTFS=" + sys.argv[1]])
text = b""

def until(pattern):
    global text
    end = time.monotonic() + 30
    while not re.search(pattern, text):
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            sys.exit("no %r in %r" % (pattern, text))
        try:
            text += os.read(fd, 4096)
        except OSError:
            sys.exit("ended before %r: %r" % (pattern, text))
    text = b""

until(rb"root@[0-9a-z-]+:/# ")
os.write(fd, b"cd /tmp && echo $((6 * 7))\n")
until(rb"42[\r\n]+root@[0-9a-z-]+:/tmp# ")
os.write(fd, b"sh\n")
until(rb"root@[0-9a-z-]+:/tmp# ")
os.write(fd, b"exit\n")
until(rb"root@[0-9a-z-]+:/tmp# ")
os.write(fd, b"exit 5\n")
until(rb"Error 5")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
run python3 "$T/interactive.py" "$tree"
is "$status" 2 'without CMD there is a shell with user@hostname in its prompt, and its status' || note "$err"
leftovers
done_testing
