#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""init.py [--only SCENARIO] [INIT...]: the same scenarios on several inits, and what they cost. Called by tests/compare/run.

Prints a table in Markdown: a row a scenario, a column an init. Each scenario gets the words that start an init and says
True or False; what hangs or fails in any other way is False as well. Ours is also called by the name of each of the others,
with their options. Ends with 0 when ours passes them all, when by another's name it passes what that one passes and answers
to its options as it does, and when it is as fast as the others and not far from the least that an init can do.
"""
import os
import random
import re
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HELPERS, INIT, TMP = (os.environ[name] for name in ("HELPERS", "INIT", "T"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "helpers"))
from terminal import Failure, Shell, Terminal, children, line, read_file, state  # noqa: E402

CATCH, WITH, SEND, ORPHANS, TRUE, BARE = (os.path.join(HELPERS, name) for name in ("catch", "with", "send", "orphans", "true", "bare"))
PID1 = ["unshare", "-pf", "--mount-proc", "--propagation", "private"]
# Quiet, and as loud as each can be.
INITS = {
    "tini": (["tini", "--"], ["tini", "-vvv", "--"]),
    "dumb-init": (["dumb-init"], ["dumb-init", "-v"]),
    "catatonit": (["catatonit", "--"], ["catatonit", "--"]),
    "init": ([INIT, "--"], [INIT, "-v", "-v", "--"]),
}
SCENARIOS = []
# How much longer than a bare fork, exec and wait ours may take from start to exit.
BARE_FACTOR = 1.5
QUIET = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in range(3)]


def until(condition, what, seconds=5):
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Failure("in vain: " + what)
        time.sleep(0.002)


def scenario(text):
    def add(function):
        SCENARIOS.append((text, function))
        return function

    return add


def status(words, timeout=10, **more):
    """As a shell has it. None where it doesn't end."""
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **more) as it:
        try:
            code = it.wait(timeout)
            return code if code >= 0 else 128 - code
        except subprocess.TimeoutExpired:
            os.killpg(it.pid, signal.SIGKILL)
            return None


def output(words, timeout=10, **more):
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True, **more) as it:
        try:
            return it.communicate(timeout=timeout)[0]
        except subprocess.TimeoutExpired:
            os.killpg(it.pid, signal.SIGKILL)
            return None


class Running:
    """An init with a command whose output goes to a file; gone at the end."""

    def __init__(self, words, pid1=False, stderr=None):
        self.log = tempfile.NamedTemporaryFile(dir=TMP, delete=False)
        self.it = subprocess.Popen(
            (PID1 if pid1 else []) + words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=stderr or subprocess.DEVNULL, start_new_session=True
        )
        try:
            until(lambda: "ready" in self.text(), "ready")
            self.init = until(lambda: next(iter(children(self.it.pid)), None), "init") if pid1 else self.it.pid
        except Failure:
            self.__exit__()
            raise

    def text(self):
        with open(self.log.name, errors="replace") as file:
            return file.read()

    def command(self):
        return children(self.init)[0]

    def end(self, timeout=10):
        try:
            code = self.it.wait(timeout)
            return code if code >= 0 else 128 - code
        except subprocess.TimeoutExpired:
            return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in [*descendants(self.it.pid), self.it.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.it.wait()
        self.log.close()


def called(words):
    return os.path.basename(words[0])


def descendants(pid):
    found = children(pid)
    for child in list(found):
        found += descendants(child)
    return found


def send(pid, *words):
    subprocess.run([SEND, str(pid), *map(str, words)], check=True)


def caught(text):
    return [tuple(row.split()) for row in text.splitlines() if re.match(r"\d+ \S+ -?\d+$", row)]


# --- start ------------------------------------------------------------------------------------------------------------


@scenario("statuses 0 to 255 pass through")
def statuses(quiet, loud):
    return all(status(quiet + ["sh", "-c", "exit %d" % number]) == number for number in (0, 1, 42, 127, 128, 143, 255))


@scenario("128+N when a signal ends the command, real-time ones too")
def ended_by_signal(quiet, loud):
    return all(status(quiet + ["sh", "-c", "kill -%d $$" % number]) == 128 + number for number in (9, 15, 34, 64))


@scenario("127 for a missing command, 126 for one that can't be executed")
def missing(quiet, loud):
    return (status(quiet + ["/no/such/command"]), status(quiet + ["/etc/passwd"]), status(quiet + ["/etc"])) == (127, 126, 126)


@scenario("PATH is searched on behind a file that may not be executed")
def path(quiet, loud):
    folder = tempfile.mkdtemp(dir=TMP)
    for name, mode in (("a", 0o644), ("b", 0o755)):
        os.mkdir(os.path.join(folder, name))
        with open(os.path.join(folder, name, "tool"), "w") as file:
            file.write("#!/bin/sh\nexit 5\n")
        os.chmod(file.name, mode)
    program = [shutil.which(quiet[0]), *quiet[1:]]
    return status(program + ["tool"], env={"PATH": folder + "/a:" + folder + "/b"}) == 5


@scenario("the command gets the signal mask that init got, exactly")
def mask(quiet, loud):
    got = output([WITH, "-b", "10", "-b", "34", "-b", "64"] + quiet + ["grep", "^SigBlk", "/proc/self/status"])
    return "8000000200000200" in (got or "")


@scenario("and the ignored signals (nohup works)")
def ignored(quiet, loud):
    got = output([WITH, "-i", "1", "-i", "13", "-i", "21", "-i", "40"] + quiet + ["grep", "^SigIgn", "/proc/self/status"])
    return "0000008000101001" in (got or "")


@scenario("started with CHLD ignored: the status is right")
def child_ignored(quiet, loud):
    return status([WITH, "-i", "17"] + quiet + ["sh", "-c", "exit 42"], timeout=3) == 42


@scenario("LISTEN_PID becomes the command's")
def listen_pid(quiet, loud):
    got = output(["sh", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "sh", *quiet, "sh", "-c", "echo $((LISTEN_PID - $$))"])
    return got == "0\n"


@scenario("lets go of an inherited pipe")
def pipe(quiet, loud):
    read, write = os.pipe()
    os.set_inheritable(write, True)
    words = [sys.executable, "-c", "import os, time; os.close(%d); time.sleep(1000)" % write]
    it = subprocess.Popen(quiet + words, pass_fds=[write], stderr=subprocess.DEVNULL, start_new_session=True)
    os.close(write)
    ended = bool(select.select([read], [], [], 2)[0])
    for pid in descendants(it.pid) + [it.pid]:
        os.kill(pid, signal.SIGKILL)
    it.wait()
    os.close(read)
    return ended


@scenario("lets go of the folder it was started in")
def folder(quiet, loud):
    with Running(["sh", "-c", 'cd "$0" && exec "$@"', TMP, *quiet, "sh", "-c", "echo ready; exec sleep 1000"]) as it:
        time.sleep(0.1)
        return os.readlink("/proc/%d/cwd" % it.init) == "/"


# --- signals ----------------------------------------------------------------------------------------------------------


@scenario("forwards 61 signals as PID 1: all but KILL, STOP, CHLD")
def all_signals(quiet, loud):
    wanted = [number for number in range(1, 65) if number not in (9, 17, 19)]
    # One after the other: stops and CONT discard each other. dumb-init stops with TSTP, TTIN and TTOU, and is continued.
    with Running(quiet + [CATCH, "61"], pid1=True) as it:
        for count, number in enumerate(wanted):
            send(it.init, number)
            until(lambda: len(caught(it.text())) > count, "signal %d" % number, 2)
        return [int(row[0]) for row in caught(it.text())] == wanted and it.end() == 0


@scenario("keeps the values of sigqueue, in order")
def values(quiet, loud):
    with Running(quiet + [CATCH, "4"]) as it:
        send(it.init, "34=1", "34=2", "34=-3", "34=4")
        return it.end() == 0 and caught(it.text()) == [("34", "queue", text) for text in ("1", "2", "-3", "4")]


@scenario("TERM in the first moments isn't lost (300 times)")
def early(quiet, loud):
    program = [shutil.which(quiet[0]), *quiet[1:], "sleep", "1000"]
    for _ in range(300):
        pid = os.posix_spawn(program[0], program, os.environ, setpgroup=0, setsigdef=[signal.SIGTERM], file_actions=QUIET)
        time.sleep(random.random() * 0.002)
        os.kill(pid, signal.SIGTERM)
        try:
            until(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT), "the end", 2)
        except Failure:
            for other in [*descendants(pid), pid]:
                os.kill(other, signal.SIGKILL)
            return False
        finally:
            os.waitpid(pid, 0)
    return True


@scenario("goes on when it may not send a signal (the command changed its user)")
def not_permitted(quiet, loud):
    setuid = os.path.join(TMP, "with-other")
    if not os.path.exists(setuid):
        shutil.copy(WITH, setuid)
        os.chmod(setuid, 0o4755)
    program = [shutil.which(quiet[0]), *quiet[1:]]
    if os.path.samefile(program[0], INIT):
        # Where the other user may execute it.
        program[0] = os.path.join(TMP, "own", called(quiet))
        os.makedirs(os.path.dirname(program[0]), exist_ok=True)
        shutil.copy(INIT, program[0])
    with Running(["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", *program, setuid, "-u", "54322", CATCH, "1"]) as it:
        command = it.command()
        send(it.init, 10)
        time.sleep(0.2)
        lives = it.it.poll() is None
        send(command, 12)
        return lives and it.end() == 0


@scenario("a closed pipe for its messages does no harm")
def closed_pipe(quiet, loud):
    read, write = os.pipe()
    os.close(read)
    try:
        with Running(loud + [CATCH, "3"], stderr=write) as it:
            send(it.init, 10)
            until(lambda: len(caught(it.text())) >= 1, "the first")
            send(it.init, 12)
            until(lambda: len(caught(it.text())) >= 2, "the second")
            send(it.init, 15)
            return it.end() == 0 and sorted(row[0] for row in caught(it.text())) == ["10", "12", "15"]
    finally:
        os.close(write)


@scenario("a stopped command ends by TERM")
def stopped(quiet, loud):
    with Running(quiet + ["sh", "-c", "echo ready; exec sleep 1000"]) as it:
        command = it.command()
        os.kill(command, signal.SIGSTOP)
        until(lambda: state(command) == "T", "the stop")
        os.kill(it.init, signal.SIGTERM)
        return it.end(3) == 143


@scenario("strace attached and detached, STOP and CONT: nothing is lost")
def attached(quiet, loud):
    with Running(quiet + [CATCH, "-s", "12"]) as it:
        sender = subprocess.Popen([SEND, "-n", "2000", "-s", "1", str(it.init), "40"], stdout=subprocess.DEVNULL)
        for _ in range(10):
            tracer = subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-p", str(it.init)], stderr=subprocess.DEVNULL)
            time.sleep(0.02)
            tracer.terminate()
            tracer.wait()
            os.kill(it.init, signal.SIGSTOP)
            os.kill(it.init, signal.SIGCONT)
        sender.wait()
        time.sleep(0.2)
        send(it.init, 12)
        it.end()
        return "wrong 0" in it.text() and re.search(r"received (\d+)", it.text()) is not None and int(re.search(r"received (\d+)", it.text())[1]) >= 2000


# --- reaping ----------------------------------------------------------------------------------------------------------


@scenario("10,000 orphans: all reaped, 100 signals forwarded meanwhile")
def orphans(quiet, loud):
    with Running(quiet + [ORPHANS, "10000", "100"], pid1=True) as it:
        for _ in range(100):
            send(it.init, 40)
        it.end(120)
        return re.search(r"signals 100, .*zombies left 0$", it.text(), re.M) is not None


@scenario("no orphan's status is taken for the command's")
def orphan_status(quiet, loud):
    return status(PID1 + quiet + ["sh", "-c", '"$0" 1000; exit 77', ORPHANS], timeout=30) == 77


@scenario("adopts orphans where it isn't PID 1")
def adopts(quiet, loud):
    if called(quiet) == "tini":
        quiet = [quiet[0], "-s", "--"]
    return adopted(quiet)


def adopted(words):
    with Running(words + ["sh", "-c", "echo ready; (setsid sh -c 'sleep 0.1; echo parent $(cut -d\" \" -f4 /proc/$$/stat)' &) ; sleep 1000"]) as it:
        until(lambda: "parent" in it.text(), "the orphan")
        return "parent %d" % it.init in it.text()


@scenario("idle for 3 s: no wake-up")
def idle(quiet, loud):
    return wakeups(quiet, 3) == 0


# --- terminal ---------------------------------------------------------------------------------------------------------


@scenario("`sh -c 'INIT true; read x'`: the terminal is given back")
def given_back(quiet, loud):
    with Terminal(["sh", "-c", line(quiet + ["true"]) + "; echo g''ot; read x && echo line-$x"]) as it:
        it.expect(b"got\r\n")
        it.type(b"abc\n")
        return it.end() == 0 and b"line-abc\r\n" in it.seen


@scenario("an interactive shell has job control")
def job_control(quiet, loud):
    with Terminal(quiet + ["bash", "--norc", "--noprofile", "--noediting", "-i"], environment=dict(os.environ, PS1="in> ")) as it:
        it.expect(b"in> ")
        it.type(b"set -o | grep monitor\n")
        it.expect(b"monitor +\tonn?|monitor +on")
        it.type(b"exit 5\n")
        return it.end() == 5 and b"no job control" not in it.seen


@scenario("^C arrives exactly once")
def once(quiet, loud):
    if called(quiet) == "dumb-init":
        quiet = [quiet[0], "-c"]
    with Terminal(quiet + [CATCH, "2"]) as it:
        it.expect(b"ready\r\n")
        it.type(b"\x03")
        it.expect(b"2 (128|user)")
        time.sleep(0.1)
        send(it.pid, 12)
        it.end()
        text = it.seen.decode().replace("^C", "").replace("\r", "")
        return sorted(row[0] for row in caught(text)) == ["12", "2"]


@scenario("^Z under a shell stops both, fg resumes both")
def stop_and_go(quiet, loud):
    with Shell() as it:
        it.run(line(quiet + ["sleep", "1000"]))
        init = it.job()
        command = until(lambda: next(iter(children(init)), None), "the command")
        until(lambda: read_file("/proc/%d/comm" % command) == b"sleep\n" and state(command) == "S", "sleep")
        it.type(b"\x1a")
        it.expect(b"Stopped.*host> ")
        if (state(init), state(command)) != ("T", "T"):
            return False
        it.run("fg")
        until(lambda: (state(init), state(command)) == ("S", "S"), "both go on")
        it.type(b"\x03")
        it.expect(b"host> ")
        return True


@scenario("started in the background it doesn't take the terminal")
def background(quiet, loud):
    with Shell() as it:
        it.run(line(quiet + ["sleep", "1000"]) + " & echo st''arted")
        it.expect(b"started\r\n")
        it.expect(b"host> ")
        init = it.job()
        until(lambda: children(init) and read_file("/proc/%d/comm" % children(init)[0]) == b"sleep\n", "sleep")
        good = os.tcgetpgrp(it.master) == it.pid
        it.run("kill -9 %1; echo al''ive")
        it.expect(b"alive\r\n")
        for pid in children(init):
            os.kill(pid, signal.SIGKILL)
        return good


# --- in place of another ----------------------------------------------------------------------------------------------

# Each looks at an init that is started by these words, and says what it saw: to be compared, whatever it is.


def by_term(words):
    return status(words + ["sh", "-c", "kill -TERM $$"])


def by_seven(words):
    return status(words + ["sh", "-c", "exit 7"])


def alone(words):
    return status(words)


def answer(words):
    """The text is each one's own."""
    it = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=10)
    return it.returncode, bool(it.stdout)


def version_told(words):
    """What engines look for: the name, and a number behind it."""
    it = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=10)
    return it.returncode, re.match(r"(tini version |dumb-init v)\d+\.\d+\.\d+", it.stdout) is not None


def leads(words):
    """Whether the command leads a process group, and a session."""
    return output(words + ["sh", "-c", "set -- $(cat /proc/$$/stat); echo $(($5 == $1)) $(($6 == $1))"])


def to_group(words):
    """Whether a signal reaches the command's child too: when the command has said that it came, it came there or never will."""
    with Running(words + ["sh", "-c", 'trap "echo outer" USR1; "$0" 1000 & while :; do wait $!; done', CATCH]) as it:
        send(it.init, 10)
        until(lambda: "outer" in it.text(), "the command's")
        child = next(pid for pid in descendants(it.init) if read_file("/proc/%d/comm" % pid) == b"catch\n")
        send(child, 12)
        until(lambda: ("12", "user", "0") in caught(it.text()), "the child's own")
        return caught(it.text())


def forwarded(words):
    """What INT and TERM become; USR2 comes last."""
    with Running(words + [CATCH, "1000"]) as it:
        send(it.init, 2, 15)
        send(it.init, 12)
        until(lambda: ("12", "user", "0") in caught(it.text()), "USR2")
        return sorted(row[0] for row in caught(it.text()))


def parent_death(words):
    with Running(["sh", "-c", '"$@" & wait', "sh", *words, CATCH, "1"]) as it:
        left = descendants(it.init)
        os.kill(it.init, signal.SIGKILL)
        try:
            return until(lambda: caught(it.text()), "the signal")
        finally:
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


def start_folder(words):
    with Running(["sh", "-c", 'cd "$0" && exec "$@"', TMP, *words, "sh", "-c", "echo ready; exec sleep 1000"]) as it:
        return until(lambda: os.readlink("/proc/%d/cwd" % it.init) == "/", "/")


def warnings(words):
    """Whether it tells of orphans; of how many depends on which have ended before the command."""
    it = subprocess.run(PID1 + words + ["sh", "-c", '"$0" 25', ORPHANS], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    return it.returncode, re.search("reaped", it.stderr, re.I) is not None


def pauses(words):
    ends = []
    for number in (signal.SIGTERM, signal.SIGINT):
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as it:
            try:
                until(lambda: state(it.pid) == "S", "the pause")
                it.send_signal(number)
                ends.append(it.wait(5))
            finally:
                it.kill()
    return ends


# Options, variables, and what shows them. Without "--" tini and catatonit take the command's flags for their own.
OWN = {
    "tini": [
        ("-e 143 --", "", by_term),
        ("-e 143 -e 7 --", "", by_seven),
        ("-e 143 --", "", by_seven),
        ("--", "", adopted),
        ("-s --", "", adopted),
        ("--", "TINI_SUBREAPER=", adopted),
        ("--", "", to_group),
        ("-g --", "", to_group),
        ("--", "TINI_KILL_PROCESS_GROUP=", to_group),
        ("--", "", leads),
        ("-p SIGUSR1 --", "", parent_death),
        ("-vvv --", "", by_seven),
        ("--", "TINI_VERBOSITY=3", by_seven),
        ("--", "", warnings),
        ("-w --", "", warnings),
        ("--", "", alone),
        ("-Z", "", alone),
        ("-h", "", answer),
        ("-l", "", answer),
        ("--version", "", version_told),
    ],
    "dumb-init": [
        ("", "", to_group),
        ("-c", "", to_group),
        ("--single-child", "", to_group),
        ("", "DUMB_INIT_SETSID=0", to_group),
        ("", "", leads),
        ("", "", adopted),
        ("", "", forwarded),
        ("-r 15:3", "", forwarded),
        ("--rewrite 15:0 -r 2:1", "", forwarded),
        ("", "", start_folder),
        ("-v", "", by_seven),
        ("--verbose", "", by_seven),
        ("", "DUMB_INIT_DEBUG=1", by_seven),
        ("", "", alone),
        ("-Z", "", alone),
        ("-h", "", answer),
        ("--help", "", answer),
        ("-V", "", version_told),
        ("--version", "", version_told),
    ],
    "catatonit": [
        ("--", "", to_group),
        ("-g --", "", to_group),
        ("--", "", by_seven),
        ("--", "", leads),
        ("--", "", adopted),
        ("-P", "", pauses),
        ("--", "", alone),
        ("-Z", "", alone),
        ("-h", "", answer),
        ("-L", "", answer),
        ("-V", "", version_told),
        ("--version", "", version_told),
    ],
}


def stand_in(name):
    """A path by which ours is called so."""
    path = os.path.join(TMP, "as", name)
    if not os.path.lexists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(INIT, path)
    return path


def seen(look, program, options, variable):
    try:
        return look([*(["env", variable] if variable else []), program, *options.split()])
    except Exception as error:  # nothing that was seen, and like nothing else
        print("# %s, %s: %r" % (program, look.__name__, error), file=sys.stderr)
        return None


def own_options(name):
    """How many of an init's own options do the same with ours."""
    same = 0
    for options, variable, look in OWN[name]:
        theirs, ours = (seen(look, program, options, variable) for program in (shutil.which(name), stand_in(name)))
        alike = theirs is not None and theirs == ours
        same += alike
        if not alike:
            print("# %s %s %s, %s: %r, and ours: %r" % (variable, name, options, look.__name__, theirs, ours), file=sys.stderr)
    return same


# --- costs ------------------------------------------------------------------------------------------------------------


def file_size(quiet):
    return "%d KB" % ((os.stat(shutil.which(quiet[0])).st_size + 1023) // 1024)


def held(quiet):
    """An idle init as PID 1: its pid, and what ends it."""
    return Running(quiet + ["sh", "-c", "echo ready; exec sleep 1000"], pid1=True)


def resident(quiet):
    with held(quiet) as it:
        time.sleep(0.3)
        with open("/proc/%d/status" % it.init) as file:
            return "%d KB" % sum(int(row.split()[1]) for row in file if re.match("Rss(Anon|File|Shmem):", row))


def switches(pid):
    with open("/proc/%d/status" % pid) as file:
        return sum(int(row.split()[1]) for row in file if "ctxt_switches" in row)


def wakeups(quiet, seconds=10):
    with held(quiet) as it:
        time.sleep(0.3)
        before = switches(it.init)
        time.sleep(seconds)
        return switches(it.init) - before


def syscalls(quiet):
    with tempfile.NamedTemporaryFile(dir=TMP) as trace:
        subprocess.run(["strace", "-f", "-qq", "-o", trace.name, *quiet, TRUE], check=True, stderr=subprocess.DEVNULL)
        return sum(1 for row in open(trace.name) if not re.search(r"resumed>|\+\+\+|---", row))


def times(inits, rounds=400):
    """Start to exit, in us, the median; one after the other, so that what else goes on meets them alike."""
    program = {name: [shutil.which(words[0][0]), *words[0][1:], TRUE] for name, words in inits.items()}
    program["bare"] = [BARE, TRUE]
    taken = {name: [] for name in program}
    for _ in range(rounds):
        for name, words in program.items():
            since = time.perf_counter_ns()
            pid = os.posix_spawn(words[0], words, os.environ, file_actions=QUIET)
            os.waitpid(pid, 0)
            taken[name].append((time.perf_counter_ns() - since) / 1000)
    return {name: statistics.median(values) for name, values in taken.items()}


def attempt(function, words):
    try:
        return bool(function(*words))
    except Exception as error:  # whatever it is, it didn't work
        print("# %s, %s: %r" % (words[0][0], function.__name__, error), file=sys.stderr)
        return False


def version(name):
    if name == "init":
        return subprocess.run([INIT, "--version"], capture_output=True, text=True).stdout.split()[-1]
    text = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True).stdout
    return text or "?"


def row(cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    arguments = sys.argv[1:]
    only = arguments.pop(1) if arguments[:1] == ["--only"] and arguments.pop(0) else None
    inits = {name: words for name, words in INITS.items() if shutil.which(words[0][0]) and (not arguments or name in arguments)}
    print("%s, Linux %s, %s\n" % (time.strftime("%Y-%m-%d"), os.uname().release, ", ".join("%s %s" % (name, version(name)) for name in inits)))
    row(["", *inits])
    row(["---"] * (len(inits) + 1))
    good = True
    passed = dict.fromkeys(inits, 0)
    others = {name: [[stand_in(name), *some[1:]] for some in words] for name, words in inits.items() if name in OWN}
    kept = dict.fromkeys(others, 0)
    for text, function in SCENARIOS:
        if only and function.__name__ != only:
            continue
        results = {name: attempt(function, words) for name, words in inits.items()}
        for name in results:
            passed[name] += results[name]
        good = good and results.get("init", True)
        for name, words in others.items():
            if results[name] and attempt(function, words):
                kept[name] += 1
        row([text, *("yes" if result else "**no**" for result in results.values())])
    row(["**passed of %d**" % len(SCENARIOS) if not only else "passed", *(str(count) for count in passed.values())])
    row(["of those, `init` called by its name passes", *(str(kept.get(name, "")) for name in inits)])
    good = good and all(kept[name] == passed[name] for name in others)
    if not only:
        same = {name: own_options(name) for name in others}
        row(["of its own options, `init` so called does as it", *("%d of %d" % (same[name], len(OWN[name])) if name in same else "" for name in inits)])
        good = good and all(same[name] == len(OWN[name]) for name in others)
        row(["size of the file", *(file_size(words[0]) for words in inits.values())])
        row(["resident, idle as PID 1", *(resident(words[0]) for words in inits.values())])
        row(["system calls of `INIT true` (2 to 3 of them a static true's)", *(str(syscalls(words[0])) for words in inits.values())])
        row(["wake-ups in 10 s", *(str(wakeups(words[0])) for words in inits.values())])
        taken = times(inits)
        row(["start to exit, us (median)", *("%d" % taken[name] for name in inits)])
        row(["relative to a bare fork, exec and wait (%d us)" % taken["bare"], *("%.1f" % (taken[name] / taken["bare"]) for name in inits)])
        if "init" in taken:
            row(["relative to ours", *("%.1f" % (taken[name] / taken["init"]) for name in inits)])
            good = good and taken["init"] <= min(taken[name] for name in inits) * 1.05 and taken["init"] <= taken["bare"] * BARE_FACTOR
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
