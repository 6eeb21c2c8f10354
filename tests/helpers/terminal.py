#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""terminal.py [CASE...]: sv on a pseudo-terminal, as a user would have it. Called by tests/e2e/terminal.t.

Each case prints lines "ok - NAME" or "not ok - NAME". Everything waits for something to be seen, with a deadline; a
case that waits in vain fails one point and the next case goes on. Names of events that are typed are written so
(u""p for up) that the terminal's echo of the typing isn't taken for the event.
"""
import errno
import fcntl
import hashlib
import os
import re
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import time
import traceback

SV, ROOTFS, HELPERS, TMP = (os.environ[name] for name in ("SV", "ROOTFS", "HELPERS", "T"))
DEADLINE = 20 * int(os.environ.get("PATIENCE", "6"))
SIZE = (30, 100)


class Failure(Exception):
    pass


def point(good, name, *notes):
    print(("ok" if good else "not ok") + " - " + name)
    if not good:
        for note in notes:
            print("# " + (repr(note) if isinstance(note, bytes) else str(note)))
    sys.stdout.flush()
    return good


def same(got, wanted, name):
    return point(got == wanted, name, b"got:", repr(got)[:3000], b"expected:", repr(wanted)[:3000])


def until(condition, what):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise Failure("in vain: " + what)


def sv(*words):
    return [SV, "run", "-v", HELPERS + ":/helpers:ro", *words]


def sh(script, *options):
    return sv(*options, ROOTFS, "sh", "-c", script)


class Terminal:
    """A terminal, and a program on it: leader of a session that it controls unless told otherwise."""

    def __init__(self, argv, files=None, control=True, environment=None):
        self.master, self.slave = os.openpty()
        self.seen = b""  # all that came
        self.at = 0  # what expect() has passed
        self.status = self.usage = None
        self.resize(*SIZE)
        settings = termios.tcgetattr(self.slave)
        settings[6][termios.VERASE] = b"\x08"  # not the kernel's default: a reset would show
        settings[3] &= ~termios.ECHOKE
        termios.tcsetattr(self.slave, termios.TCSANOW, settings)
        self.before = termios.tcgetattr(self.slave)
        os.set_blocking(self.master, False)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.child(argv, files or {}, control, environment)
            finally:
                os._exit(99)

    def child(self, argv, files, control, environment):
        os.setsid()
        if control:
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        for number in range(3):
            source = files.get(number, self.slave)
            os.dup2(source, number)
        os.closerange(3, 256)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.execvpe(argv[0], argv, dict(os.environ if environment is None else environment, TERM="test-term"))

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def settings(self):
        return termios.tcgetattr(self.slave)

    def is_raw(self):
        return not self.settings()[3] & (termios.ICANON | termios.ISIG | termios.ECHO)

    def read(self, timeout):
        """Takes what is there. False at the end of file."""
        if not select.select([self.master], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError as error:
            if error.errno == errno.EIO:
                return False
            raise
        self.seen += data
        return data != b""

    def expect(self, pattern):
        """Waits for the regular expression, behind what was expected before. Returns what stands before it too."""
        end = time.monotonic() + DEADLINE
        expression = re.compile(pattern, re.S)
        while True:
            found = expression.search(self.seen, self.at)
            if found:
                text = self.seen[self.at : found.end()]
                self.at = found.end()
                return text
            if time.monotonic() > end or not self.read(0.1):
                raise Failure("never seen: %r in %r" % (pattern, self.seen[self.at :][-2000:]))

    def type(self, data):
        """Types, and takes what is shown meanwhile: nobody could type into a terminal that is full."""
        end = time.monotonic() + DEADLINE
        data = memoryview(data)
        while data:
            _, writable, _ = select.select([], [self.master], [], 0.02)
            if writable:
                try:
                    data = data[os.write(self.master, data[:4096]) :]
                except BlockingIOError:
                    pass
            self.read(0)
            if time.monotonic() > end:
                raise Failure("nothing takes what is typed: %d bytes left" % len(data))

    def poll_end(self):
        if self.status is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.status, self.usage = os.waitstatus_to_exitcode(status), usage
        return self.status is not None

    def end(self):
        """Waits for the program's end. Its status; all of its output is in `seen`."""
        end = time.monotonic() + DEADLINE
        while not self.poll_end():
            if time.monotonic() > end:
                raise Failure("doesn't end; seen: %r" % self.seen[-2000:])
            self.read(0.02)
        self.after = self.settings()
        os.close(self.slave)
        self.slave = -1
        while self.read(DEADLINE):
            pass
        return self.status

    def hang_up(self):
        os.close(self.slave)
        os.close(self.master)
        self.slave = self.master = -1

    def close(self):
        """Whatever happened: nothing of it is left."""
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)
        self.master = self.slave = -1
        if not self.poll_end():
            for child in children(self.pid):
                kill(child, signal.SIGCONT)
                kill(child, signal.SIGTERM)
            kill(self.pid, signal.SIGCONT)
            kill(self.pid, signal.SIGTERM)
            try:
                until(self.poll_end, "its end")
            except Failure:
                kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Shell(Terminal):
    """An interactive bash that leaves the terminal's settings alone."""

    def __init__(self):
        super().__init__(["bash", "--norc", "--noprofile", "--noediting", "-i"], environment=dict(os.environ, PS1="host> "))
        self.expect(b"host> ")

    def run(self, *words):
        self.type((" ".join(words) + "\n").encode())

    def job(self):
        """The sv that bash has started."""
        return until(lambda: next(iter(children(self.pid)), None), "a job of bash")


def quote(word):
    return "'" + word.replace("'", "'\\''") + "'"


def line(argv):
    return " ".join(quote(word) for word in argv)


def kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def state(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


def cpu(pid):
    with open("/proc/%d/stat" % pid) as file:
        words = file.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def scratch():
    return tempfile.mkdtemp(dir=TMP)


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def feed(data):
    """A pipe that gives these bytes (few enough to fit in it), then its end."""
    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    return read


CASES = []


def case(function):
    CASES.append(function)
    return function


# --- what is inside ---------------------------------------------------------------------------------------------------


@case
def inside():
    script = r"""
        tty; stty size; echo "TERM=$TERM"
        echo "console $(stat -c '%t:%T %F' /dev/console) $(stat -c %t:%T /dev/pts/0)"
        echo by-console >/dev/console
        echo by-tty >/dev/tty
        for fd in /proc/1/fd/* /proc/$$/fd/*; do echo "fd $fd $(stat -L -c %d:%i $fd 2>/dev/null)"; done
        stty -a | grep -o 'erase = ^H'
        stty -a | grep -o -e '-echoke'
        test -t 0 && test -t 1 && test -t 2 && echo all-three
    """
    with Terminal(sh(script)) as it:
        host = os.fstat(it.slave)
        status = it.end()
        out = it.seen.replace(b"\r\n", b"\n")
        same(status, 0, "a script on a terminal ends with 0")
        lines = out.decode().split("\n")
        point("/dev/pts/0" in lines, "tty names the container's own pty", out)
        point("%d %d" % SIZE in lines, "the size is the terminal's from the start", out)
        point("TERM=test-term" in lines, "TERM is passed on", out)
        point("console 88:0 character special file 88:0" in lines, "/dev/console is the pty", out)
        same(out.count(b"by-console\n"), 1, "what is written to /dev/console is shown")
        same(out.count(b"by-tty\n"), 1, "what is written to /dev/tty is shown")
        point("all-three" in lines, "stdin, stdout and stderr are terminals", out)
        point("erase = ^H" in lines and "-echoke" in lines, "the pty has the settings of the user's terminal", out)
        fds = [text.split() for text in lines if text.startswith("fd ")]
        point(any("/proc/1/" in row[1] for row in fds), "init's descriptors can be listed", out)
        found = [row for row in fds if len(row) == 3 and row[2] == "%d:%d" % (host.st_dev, host.st_ino)]
        same(found, [], "no descriptor of the command or of init is the host's terminal")
        same(it.after, it.before, "the terminal is as it was")


@case
def other_users():
    script = "echo to-stderr >/dev/stderr; echo to-stdout >/dev/stdout; echo to-tty >/dev/tty; read x </dev/stdin; echo read-$x"
    with Terminal(sh(script, "-u", "1000")) as it:
        it.expect(b"to-tty")
        it.type(b"it\n")
        same(it.end(), 0, "another user's command ends well on a terminal")
        point(
            all(text in it.seen for text in (b"to-stderr\r\n", b"to-stdout\r\n", b"to-tty\r\n", b"read-it\r\n")),
            "it can open /dev/stdin, stdout, stderr and tty",
            it.seen,
        )


@case
def foreign_dev():
    folder = scratch()
    with Terminal(sh("tty; echo u''p", "-v", "/dev:/dev:dev", "--userns", "host")) as it:
        same(it.end(), 0, "the host's /dev as a volume has a terminal too")
        point(b"/dev/pts/" in it.seen and b"up\r\n" in it.seen, "it is a pty of that /dev", it.seen)
    with Terminal(sh("true", "-v", folder + ":/dev")) as it:
        same(it.end(), 125, "a /dev without pts can't have a terminal")
        point(b"cannot set up the terminal" in it.seen, "the message says so", it.seen)
        same(it.after, it.before, "the terminal is as it was, after that failure")
    same(os.listdir(folder), [], "nothing is made in that folder")


# --- keys, size, jobs -------------------------------------------------------------------------------------------------


def numbers(seen):
    return [tuple(row.split()[:2]) for row in seen.decode().replace("\r", "").split("\n") if re.match(r"\d+ \S+ ", row)]


@case
def keys_and_size():
    with Terminal(sv(ROOTFS, "/helpers/catch", "5")) as it:
        it.expect(b"ready\r\n")
        start = it.at
        point(it.is_raw(), "the user's terminal is raw while the command runs")
        for key, number in ((b"\x03", b"2"), (b"\x1c", b"3"), (b"\x1a", b"20")):
            it.type(key)
            it.expect(number + b" 128 ")
        it.resize(41, 123)
        it.expect(b"28 128 ")
        os.kill(it.pid, signal.SIGUSR1)
        same(it.end(), 0, "a command that catches everything ends with 0")
        text = re.sub(rb"\^[C\\Z]", b"", it.seen[start:])
        same(
            numbers(text),
            [("2", "128"), ("3", "128"), ("20", "128"), ("28", "128"), ("10", "user")],
            "^C, ^\\, ^Z and a new size arrive exactly once each",
        )
    with Terminal(sh("while read x; do stty size; done")) as it:
        it.type(b"\n")
        it.expect(b"30 100\r\n")
        it.resize(50, 132)
        it.type(b"\n")
        point(it.expect(b"\\d+ \\d+\r\n").endswith(b"50 132\r\n"), "the new size is seen inside")
        it.type(b"\x04")
        same(it.end(), 0, "^D is the end of file")
    for key, status in ((b"\x03", 130), (b"\x1c", 131)):
        with Terminal(sv(ROOTFS, "cat")) as it:  # no shell: they ignore QUIT
            it.type(b"up\n")
            it.expect(b"up\r\nup\r\n")
            it.type(key)
            same(it.end(), status, "the key %r ends a command as its signal does" % key)
            same(it.after, it.before, "the terminal is as it was, after %r" % key)


@case
def jobs_inside():
    with Terminal(sv(ROOTFS, "/bin/sh")) as it:
        it.expect(b"# ")
        it.type(b"sh -c 'echo u\"\"p; exec sleep 1000'\n")
        it.expect(b"up\r\n")
        it.type(b"\x03")
        it.expect(b"# ")
        it.type(b"echo st=$?\n")
        point(it.expect(b"st=\\d+\r\n").endswith(b"st=130\r\n"), "^C ends the shell's job and not the shell")
        it.type(b"sh -c 'echo u\"\"p; while read x; do echo r-$x; done'\n")
        it.expect(b"up\r\n")
        it.type(b"\x1a")
        it.expect(b"Stopped")
        it.type(b"jobs | wc -l; echo li\"\"st\n")
        point(b"1\r\n" in it.expect(b"list\r\n"), "^Z stops the job, and the shell lists it")
        # fg names the job before the terminal is the job's: an answer tells that it is
        it.type(b"fg\n")
        it.expect(b"done.?\r\n")
        it.type(b"a\n")
        it.expect(b"r-a\r\n")
        it.type(b"\x03")
        it.expect(b"# ")
        it.type(b"jobs; echo no\"\"ne; exit 5\n")
        point(b"Stopped" not in it.expect(b"none\r\n"), "fg takes it up again, and ^C ends it")
        same(it.end(), 5, "the shell's own status is sv's")
        point(b"job control" not in it.seen and b"can't access tty" not in it.seen, "the shell has job control", it.seen)
        same(it.after, it.before, "the terminal is as it was, after a shell")


LOOP = "echo u''p; while read x; do stty size; done"


@case
def stop_and_go_on():
    with Shell() as it:
        it.run(line(sh(LOOP)))
        it.expect(b"up\r\n")
        it.type(b"\x1a")
        it.expect(b"Stopped.*host> ")
        job = it.job()
        same(state(job), "T", "^Z stops sv")
        same(it.settings(), it.before, "the terminal is as it was while sv is stopped")
        it.resize(44, 144)
        it.run("fg")
        it.expect(b"done'?\r\n")
        until(it.is_raw, "sv takes the terminal up again")
        it.type(b"\n")
        point(it.expect(b"\\d+ \\d+\r\n").endswith(b"44 144\r\n"), "fg resumes, with the size as it is now")
        it.type(b"\x1a")
        it.expect(b"Stopped.*host> ")
        it.run("fg")
        until(it.is_raw, "a second time")
        it.type(b"\n")
        it.expect(b"44 144\r\n")
        it.type(b"\x03")
        it.expect(b"host> ")
        it.run("echo rc=$?")
        point(it.expect(b"rc=\\d+\r\n").endswith(b"rc=130\r\n"), "^C ends it with 130 then")
        same(it.settings(), it.before, "the terminal is as it was afterwards")
        it.run("exit")
        it.end()
    with Shell() as it:  # the plain case, as people have it
        it.run(line(sv(ROOTFS, "sleep", "1000")))
        until(it.is_raw, "sv takes the terminal")
        it.type(b"\x1a")
        it.expect(b"Stopped.*host> ")
        it.run("fg")
        it.expect(b"1000'?\r\n")
        until(it.is_raw, "sv takes the terminal up again")
        it.type(b"\x03")
        it.expect(b"host> ")
        it.run("echo rc=$?")
        point(it.expect(b"rc=\\d+\r\n").endswith(b"rc=130\r\n"), "sleep 1000: ^Z, fg, ^C end with 130")
        it.run("exit")
        it.end()


@case
def one_continue():
    folder = scratch()
    # Two handlers for the two signals: what it gets when it goes on is written down by a process of its group.
    script = "trap 'echo cont >>/out/log' CONT; trap '' USR1; echo u''p; while :; do read x </out/fifo; echo \"$x\" >>/out/log; done"
    os.mkfifo(folder + "/fifo")
    open(folder + "/log", "w").close()
    with Shell() as it:
        it.run(line(sh(script, "-v", folder + ":/out")))
        it.expect(b"up\r\n")
        it.type(b"\x1a")
        it.expect(b"Stopped.*host> ")
        it.run("fg")
        until(it.is_raw, "sv takes the terminal up again")
        # busybox's read is not restarted: the fifo is opened again, which O_NONBLOCK can tell
        for word in (b"one\n", b"two\n"):
            fd = until(lambda: open_fifo(folder + "/fifo"), "the command opens the fifo")
            os.write(fd, word)
            os.close(fd)
            until(lambda: word in read_file(folder + "/log"), "the command goes on")
        same(read_file(folder + "/log").count(b"cont"), 1, "the command is continued exactly once")
        it.type(b"\x03")
        it.expect(b"host> ")
        it.run("exit")
        it.end()


def open_fifo(path):
    try:
        return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None


@case
def background():
    folder = scratch()
    os.mkfifo(folder + "/fifo")
    with Shell() as it:
        it.run(line(sh("echo u''p; read x </out/fifo; echo went-on-$x", "-v", folder + ":/out")))
        it.expect(b"up\r\n")
        it.type(b"\x1a")
        it.expect(b"Stopped.*host> ")
        it.run("bg")
        it.expect(b"&\r\n.*host> ")
        same(it.settings(), it.before, "bg leaves the terminal to the shell")
        fd = until(lambda: open_fifo(folder + "/fifo"), "the command opens the fifo")
        os.write(fd, b"far\n")
        os.close(fd)
        it.expect(b"went-on-far\r+\n")
        point(True, "a command in the background goes on, and its output shows")
        it.run("wait; echo rc=$?")
        point(it.expect(b"rc=\\d+\r\n").endswith(b"rc=0\r\n"), "its status is right")
        it.run(line(sh("echo u''p; read x; echo got-$x")) + " &")
        it.expect(b"up\r+\n")
        same(os.tcgetpgrp(it.master), it.pid, "started in the background, sv doesn't take the terminal")
        same(it.settings(), it.before, "nor does it change its settings")
        it.run("echo mi''ne")
        it.expect(b"mine\r\n")
        point(True, "what is typed is still the shell's")
        it.run("fg")
        until(it.is_raw, "sv takes the terminal once it is in the foreground")
        it.type(b"hello\n")
        it.expect(b"got-hello\r\n")
        point(True, "after fg what is typed is the command's")
        it.expect(b"host> ")
        same(it.settings(), it.before, "the terminal is as it was after that")
        it.run("exit")
        it.end()


@case
def stopped_from_outside():
    with Shell() as it:
        it.run(line(sh("echo u''p; while read x; do echo r-$x; done; echo e''of")))
        it.expect(b"up\r\n")
        until(it.is_raw, "raw")
        os.kill(it.job(), signal.SIGSTOP)
        it.expect(b"Stopped.*host> ")
        # bash has the terminal as it likes it, whatever sv had made of it
        termios.tcsetattr(it.slave, termios.TCSANOW, it.before)
        it.run("bg")
        it.expect(b"&\r\n.*host> ")
        it.run("echo mi''ne")
        it.expect(b"mine\r\n")
        point(state(it.job()) in "SR", "sv stopped from outside and continued in the background lives", state(it.job()))
        same(it.settings(), it.before, "and leaves the terminal alone")
        it.run("fg")
        until(it.is_raw, "raw again")
        it.type(b"a\n")
        it.expect(b"r-a\r\n")
        os.kill(it.job(), signal.SIGSTOP)
        it.expect(b"Stopped.*host> ")
        termios.tcsetattr(it.slave, termios.TCSANOW, it.before)
        it.run("fg")
        until(it.is_raw, "raw a third time")
        it.type(b"b\n")
        it.expect(b"r-b\r\n")
        point(True, "continued in the foreground it takes the terminal up again")
        it.type(b"\x03")
        it.expect(b"host> ")
        same(it.settings(), it.before, "the terminal is as it was at the end")
        it.run("exit")
        it.end()


@case
def stops_itself():
    with Shell() as it:
        it.run(line(sh("echo u''p; kill -STOP $$; echo went-on")))
        it.expect(b"up\r\n.*Stopped.*host> ")
        it.run("fg")
        it.expect(b"went-on\r\n")
        point(True, "a command that stops itself stops sv, and fg takes both up again")
        it.expect(b"host> ")
        it.run("exit")
        it.end()


@case
def orphaned_group():
    with Terminal(sh("echo u''p; while read x; do echo r-$x; done")) as it:
        it.expect(b"up\r\n")
        it.type(b"\x1a")
        it.expect(b"\\^Z")
        it.type(b"a\n")
        it.expect(b"r-a\r\n")
        point(True, "with no shell above, ^Z leaves it running")
        it.type(b"\x04")
        same(it.end(), 0, "and it ends as usual")
        same(it.after, it.before, "the terminal is as it was")


# --- every way out ----------------------------------------------------------------------------------------------------


@case
def ways_out():
    def ends(name, argv, status, act=None):
        with Terminal(argv) as it:
            if act is not None:
                it.expect(b"up\r\n")
                point(it.is_raw(), name + ": raw before")
                act(it)
            same(it.end(), status, name + ": the status")
            same(it.after, it.before, name + ": the terminal is as it was")

    up = "echo u''p; "
    ends("normal end", sh(up + "read x; exit 3"), 3, lambda it: it.type(b"\n"))
    ends("killed", sh(up + "read x; kill -KILL $$"), 137, lambda it: it.type(b"\n"))
    ends("sv gets TERM", sh(up + "exec sleep 1000"), 143, lambda it: os.kill(it.pid, signal.SIGTERM))
    ends("sv gets INT", sh(up + "exec sleep 1000"), 130, lambda it: os.kill(it.pid, signal.SIGINT))
    ends("init is killed", sh(up + "exec sleep 1000"), 137, lambda it: os.kill(children(it.pid)[0], signal.SIGKILL))
    ends("--timeout", sh(up + "exec sleep 1000", "--timeout", "1"), 143, lambda it: None)
    ends("command not found", sv(ROOTFS, "no-such-command"), 127)
    ends("not executable", sv(ROOTFS, "/etc/passwd"), 126)
    ends("no such directory", sv("-w", "/nowhere", ROOTFS, "true"), 125)
    ends("no such volume", sv("-v", "/no-such:/mnt", ROOTFS, "true"), 125)


# --- some on a terminal, some not -------------------------------------------------------------------------------------

WHICH = "for fd in 0 1 2; do test -t $fd && echo t$fd >&2; done; test -c /dev/console && echo console >&2; "


@case
def redirected():
    folder = scratch()

    def opened(name):
        return os.open(folder + "/" + name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)

    with Terminal(sh(WHICH + "echo out; read x; echo x-$x"), files={1: opened("a")}) as it:
        it.expect(b"console\r\n")
        it.type(b"typed\n")
        same(it.end(), 0, "stdout in a file: 0")
        same(read_file(folder + "/a"), b"out\nx-typed\n", "stdout in a file: the bytes as they are")
        same(it.seen, b"t0\r\nt2\r\nconsole\r\ntyped\r\n", "stdout in a file: stderr and echo on the terminal, newlines once")
        same(it.after, it.before, "stdout in a file: the terminal is as it was")

    read, write = os.pipe()
    with Terminal(sh(WHICH + "echo out; read x; echo x-$x"), files={1: write, 2: write}) as it:
        os.close(write)
        until(it.is_raw, "raw")
        it.type(b"typed\n")
        same(it.end(), 0, "only stdin a terminal: 0")
        same(os.read(read, 65536), b"t0\nconsole\nout\nx-typed\n", "only stdin a terminal: the bytes as they are")
        same(it.seen, b"typed\r\n", "only stdin a terminal: the echo shows, newlines once")
        same(it.after, it.before, "only stdin a terminal: it is as it was")
    os.close(read)

    with Terminal(sh(WHICH + "cat"), files={0: feed(b"a\nb\n")}) as it:
        same(it.end(), 0, "stdin from a pipe: 0")
        same(it.seen, b"t1\r\nt2\r\nconsole\r\na\r\nb\r\n", "stdin from a pipe: not the pty, and newlines once")
        same(it.after, it.before, "stdin from a pipe: the terminal is as it was")

    with Terminal(sh(WHICH + "cat"), files={0: feed(b"a\nb\n"), 1: opened("c")}) as it:
        same(it.end(), 0, "only stderr a terminal: 0")
        same(it.seen, b"t2\r\nconsole\r\n", "only stderr a terminal: newlines once")
        same(read_file(folder + "/c"), b"a\nb\n", "only stderr a terminal: stdout as it is")

    with Terminal(sh(WHICH + "cat"), files={0: feed(b"a\nb\n"), 2: opened("d")}) as it:
        same(it.end(), 0, "only stdout a terminal: 0")
        same(it.seen, b"a\r\nb\r\n", "only stdout a terminal: newlines once")
        same(read_file(folder + "/d"), b"t1\nconsole\n", "only stdout a terminal: stderr as it is")

    read, write = os.pipe()
    with Terminal(sh("echo u''p; sleep 1000; echo x"), files={0: read}) as it:
        it.expect(b"up\r\n")
        it.type(b"\x03")
        same(it.end(), 130, "^C with stdin from a pipe ends the command")
        point(b"x\r\n" not in it.seen, "and not only its child", it.seen)
    with Terminal(sv(ROOTFS, "/helpers/catch", "3"), files={0: read}) as it:
        it.expect(b"ready\r\n")
        start = it.at
        it.type(b"\x03")
        it.expect(b"2 ")
        it.resize(20, 70)
        it.expect(b"28 ")
        os.kill(it.pid, signal.SIGUSR1)
        it.end()
        same(
            [row[0] for row in numbers(it.seen[start:].replace(b"^C", b""))],
            ["2", "28", "10"],
            "stdin from a pipe: ^C and the size arrive once",
        )
    os.close(read)
    os.close(write)


@case
def two_terminals():
    master, slave = os.openpty()
    with Terminal(sh("echo out; echo err >&2; tty; read x; echo x-$x"), files={1: slave}) as it:
        until(it.is_raw, "raw")
        it.type(b"typed\n")
        same(it.end(), 0, "stdout on another terminal: 0")
        os.close(slave)
        other = b""
        while select.select([master], [], [], DEADLINE)[0]:
            try:
                other += os.read(master, 65536)
            except OSError:
                break
        point(b"out\r\n" in other and b"x-typed\r\n" in other and b"\r\r" not in other, "stdout on another terminal: the output is there", other, it.seen)
        point(b"out" not in it.seen, "and not here", it.seen)
        same(it.after, it.before, "the first one is as it was")
    os.close(master)


@case
def forced():
    def run(data, argv):
        read, write = os.pipe()
        source = feed(data)
        pid = os.fork()
        if pid == 0:
            os.setsid()
            os.dup2(source, 0)
            os.dup2(write, 1)
            os.dup2(write, 2)
            os.closerange(3, 256)
            os.execv(argv[0], argv)
        os.close(write)
        os.close(source)
        out, end = b"", time.monotonic() + DEADLINE
        while True:
            if not select.select([read], [], [], max(0, end - time.monotonic()))[0]:
                kill(pid, signal.SIGTERM)
                os.waitpid(pid, 0)
                os.close(read)
                return -1, out
            data = os.read(read, 65536)
            if not data:
                break
            out += data
        os.close(read)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out

    status, out = run(b"hello\n", sh("tty; stty -echo; cat; echo e''nd", "-t"))
    same(status, 0, "-t without any terminal: 0, for the end of file is passed on")
    point(b"/dev/pts/0\r\n" in out, "-t without any terminal: a pty", out)
    point(b"hello\r\n" in out and out.endswith(b"end\r\n"), "-t without any terminal: input is relayed", out)
    status, out = run(b"no newline", sh("stty -echo; cat; echo -e''nd", "-t"))
    same(status, 0, "-t: the end of file in the middle of a line is one")
    point(b"no newline-end\r\n" in out, "-t: and the line is whole", out)
    status, out = run(b"", sh("read x || echo n''one", "-t"))
    point(status == 0 and b"none\r\n" in out, "-t: an empty input ends at once", out)
    folder = scratch()
    out = os.open(folder + "/out", os.O_CREAT | os.O_WRONLY, 0o600)
    with Terminal(sh("test -t 1 && echo is-terminal; read x; echo got-$x", "-t"), files={1: out}) as it:
        until(it.is_raw, "raw")
        it.type(b"typed\n")
        same(it.end(), 0, "-t with stdout in a file: 0")
        text = read_file(folder + "/out")
        point(b"is-terminal\r\n" in text and b"got-typed\r\n" in text, "-t with stdout in a file: the pty's output goes there", text)
        same(it.after, it.before, "-t with stdout in a file: the terminal is as it was")
    os.close(out)


@case
def forbidden():
    with Terminal(sh("test -t 0 && echo is-t''erm; test -c /dev/console || echo no-c''onsole; echo u''p; sleep 1000; echo x", "-T")) as it:
        it.expect(b"up\r\n")
        point(b"is-term\r\n" in it.seen and b"no-console\r\n" in it.seen, "-T: the terminal itself, and no console", it.seen)
        same(it.settings(), it.before, "-T: its settings are left alone")
        it.type(b"\x03")
        same(it.end(), 130, "-T: ^C ends the command")
        point(b"x\r\n" not in it.seen.split(b"up\r\n")[1], "-T: and its children", it.seen)
    with Terminal(sv("-T", ROOTFS, "/helpers/catch", "3")) as it:
        it.expect(b"ready\r\n")
        start = it.at
        it.type(b"\x03")
        it.expect(b"2 ")
        it.resize(20, 70)
        it.expect(b"28 ")
        os.kill(it.pid, signal.SIGUSR1)
        it.end()
        same([row[0] for row in numbers(it.seen[start:].replace(b"^C", b""))], ["2", "28", "10"], "-T: ^C and the size arrive once")
    with Shell() as it:
        it.run(line(sh("echo u''p; sleep 1000; echo x", "-T")))
        it.expect(b"up\r\n")
        it.type(b"\x1a")
        it.expect(b"Stopped.*host> ")
        it.run("fg")
        it.expect(b"echo x'?\r\n")
        until(lambda: os.tcgetpgrp(it.master) == it.job() and state(it.job()) == "S", "sv is in the foreground")
        it.type(b"\x03")
        it.expect(b"host> ")
        it.run("echo rc=$?")
        point(it.expect(b"rc=\\d+\r\n").endswith(b"rc=130\r\n"), "-T: ^Z, fg and ^C end with 130")
        it.run("exit")
        it.end()


@case
def not_controlling():
    with Terminal(sh("tty; stty size; echo u''p; read x; echo got-$x; exec sleep 1000"), control=False) as it:
        it.expect(b"/dev/pts/0\r\n30 100\r\nup\r\n")
        point(it.is_raw(), "a terminal that isn't sv's controlling one is relayed")
        it.type(b"it\n")
        it.expect(b"got-it\r\n")
        it.type(b"\x03")
        same(it.end(), 130, "with its keys")
        same(it.after, it.before, "it is as it was")


# --- many bytes -------------------------------------------------------------------------------------------------------


@case
def pipes():
    folder = scratch()
    data = os.urandom(10 << 20)
    with open(folder + "/in", "wb") as file:
        file.write(data)
    command = "cat %s | %s | cat >%s" % (folder + "/in", line(sv(ROOTFS, "cat")), folder + "/out")
    status = os.waitstatus_to_exitcode(os.system("set -e; " + command))
    same(status, 0, "10 MB through pipes: 0")
    same(
        hashlib.sha256(read_file(folder + "/out")).hexdigest(),
        hashlib.sha256(data).hexdigest(),
        "10 MB through pipes: not a byte is changed",
    )


@case
def raw_both_ways():
    data = os.urandom(1 << 20)
    with Terminal(sh("stty raw -echo; printf R''DY; head -c %d; printf E''ND" % len(data))) as it:
        it.expect(b"RDY")
        start = it.at
        it.type(data)
        # Nothing is looked for in what comes back: random bytes hold any word.
        same(it.end(), 0, "1 MB both ways through a raw pty: 0")
        got = it.seen[start:]
        same(
            hashlib.sha256(got[: len(data)]).hexdigest(),
            hashlib.sha256(data).hexdigest(),
            "1 MB both ways through a raw pty: not a byte is changed",
        )
        same(len(got), len(data) + 3, "and none is added")


@case
def paste():
    text = b"".join(b"%063d\n" % i for i in range(1024))
    with Terminal(sh("echo u''p; cat >/tmp/p; stty -opost; sha256sum </tmp/p", "--tmpfs", "/tmp")) as it:
        it.expect(b"up\r\n")
        it.type(text)
        it.type(b"\x04")
        same(it.end(), 0, "64 KB pasted: 0")
        point(hashlib.sha256(text).hexdigest().encode() in it.seen, "64 KB pasted: the command reads what was pasted", it.seen[-300:])


@case
def stalled_reader():
    wanted = b"".join(b"%d\n" % i for i in range(1, 200001))
    with Terminal(sh("stty -opost; printf R''DY; seq 1 200000")) as it:
        it.expect(b"RDY")
        full = select.poll()
        full.register(it.slave, select.POLLOUT)
        until(lambda: not full.poll(50), "the terminal is full")
        command = children(children(it.pid)[0])[0]
        until(lambda: all(state(pid) == "S" for pid in (it.pid, command)), "everybody waits")
        before = cpu(it.pid)
        for _ in range(50):
            full.poll(10)
        point(cpu(it.pid) - before < 0.2, "sv doesn't spin while the terminal takes nothing", cpu(it.pid) - before)
        same(it.poll_end(), False, "nor does it end")
        start = it.at
        same(it.end(), 0, "a reader that goes on after a while sees the end")
        same(it.seen[start:] == wanted, True, "and every byte")
    # At the end too: what the pty still holds when the command is dead.
    wanted = b"".join(b"%d\n" % i for i in range(1, 5001))
    with Terminal(sh("stty -opost; printf R''DY; seq 1 5000")) as it:
        it.expect(b"RDY")
        until(lambda: not children(it.pid) or state(children(it.pid)[0]) in ("Z", "gone"), "the container has ended")
        start = it.at
        same(it.end(), 0, "a reader that is late for the end: 0")
        same(it.seen[start:] == wanted, True, "and every byte there too")


@case
def typing_at_the_end():
    wanted = b"".join(b"%d\n" % i for i in range(1, 20001))
    lost = []
    for _ in range(8):
        with Terminal(sh("stty raw -echo; printf R''DY; seq 1 20000")) as it:
            it.expect(b"RDY")
            start = it.at
            end = time.monotonic() + DEADLINE
            while not it.poll_end() and time.monotonic() < end:
                try:
                    os.write(it.master, b"z" * 64)
                except BlockingIOError:
                    pass
                it.read(0.0005)
            it.end()
            got = it.seen[start:].rstrip(b"z")  # what was typed after sv had put the terminal back is echoed
            if got != wanted:
                lost.append(len(got) - len(wanted))
    same(lost, [], "typing while the command ends loses nothing of its output")


# --- hang-up ----------------------------------------------------------------------------------------------------------


@case
def hang_up():
    folder = scratch()

    def log():
        return numbers(read_file(folder + "/log"))

    def counts(name, start):
        open(folder + "/log", "w").close()
        catch = sv("-v", folder + ":/out", ROOTFS, "sh", "-c", "exec /helpers/catch 3 >/out/log")
        it, job = start(catch)
        with it:
            until(lambda: b"ready" in read_file(folder + "/log"), "ready")
            until(it.is_raw, "raw")
            it.hang_up()
            if job is not None:
                until(it.poll_end, "the end of bash")
            until(lambda: ("1", "128") in [row[:2] for row in log()] or ("1", "user") in log(), "HUP")
            until(lambda: "18" in [row[0] for row in log()], "CONT")
            kill(job or it.pid, signal.SIGUSR1)
            until(lambda: state(job or it.pid) in ("gone", "Z"), "the end of sv")
            same([row[0] for row in log()], ["1", "18", "10"], name + ": HUP and CONT come exactly once")

    def alone(argv):
        return Terminal(argv), None

    def under_bash(argv):
        it = Shell()
        it.run(line(argv))
        return it, it.job()

    for _ in range(5):
        counts("hang-up of sv's own terminal", alone)
        counts("hang-up below a shell", under_bash)

    with Terminal(sh("echo u''p; read x; sleep 1000")) as it:
        it.expect(b"up\r\n")
        it.hang_up()
        until(it.poll_end, "the end of sv")
        same(it.status, 129, "a hang-up ends the container")
        point(it.usage.ru_utime + it.usage.ru_stime < 5, "without spinning", it.usage)

    os.mkfifo(folder + "/fifo")
    with Terminal(sh("trap '' HUP; echo u''p; read x </out/fifo; exit 7", "-v", folder + ":/out")) as it:
        it.expect(b"up\r\n")
        it.hang_up()
        before, end = cpu(it.pid), time.monotonic() + 0.7
        until(lambda: time.monotonic() > end, "a while")
        point(cpu(it.pid) - before < 0.2, "nor while a command that ignores HUP goes on", cpu(it.pid) - before)
        same(it.poll_end(), False, "it does go on")
        fd = until(lambda: open_fifo(folder + "/fifo"), "the command opens the fifo")
        os.write(fd, b"\n")
        os.close(fd)
        until(it.poll_end, "the end of sv")
        same(it.status, 7, "and its status is kept")


def main():
    wanted = sys.argv[1:]
    for function in CASES:
        if wanted and function.__name__ not in wanted:
            continue
        try:
            function()
        except Failure as failure:
            point(False, "%s comes to its end" % function.__name__, str(failure)[:3000])
        except Exception:
            point(False, "%s runs" % function.__name__, *traceback.format_exc().split("\n"))
    print("# end")


if __name__ == "__main__":
    main()
