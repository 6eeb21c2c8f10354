#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""init_terminal.py [CASE...]: init without sv on a pseudo-terminal. Called by tests/init/terminal.t; see terminal.py."""
import os
import select
import signal
import time

import terminal
from terminal import HELPERS, Shell, Terminal, case, children, cpu, kill, line, point, read_file, same, scratch, state, until

INIT = os.environ["INIT"]
NAMES = ("init", "tini", "dumb-init", "catatonit")
terminal.CASES.clear()


def called(name):
    path = os.path.join(os.environ["T"], name)
    if not os.path.lexists(path):
        os.symlink(INIT, path)
    return path


# As an engine has it: PID 1 leads a session, and its terminal is that session's.
PID1 = ["unshare", "-pf", "--mount-proc", "--propagation", "private", "setsid", "-c"]


def kinds():
    """(what, words): init as an ordinary process and as PID 1, under each name."""
    for name in NAMES:
        yield name, [called(name)]
        yield name + " as PID 1", PID1 + [called(name)]


def inner(it, words):
    """The pid of init itself, when it has executed."""
    if words[:1] != ["unshare"]:
        return it
    return until(lambda: next((pid for pid in children(it) if os.path.realpath("/proc/%d/exe" % pid) == INIT), None), "init")


def is_sleep(pid):
    """Executed, and past what it inherited from the shell that forked it."""
    try:
        return read_file("/proc/%d/comm" % pid) == b"sleep\n"
    except OSError:
        return False


def terminal_of(pid):
    """The number of a process' controlling terminal; 0 for none."""
    with open("/proc/%d/stat" % pid) as file:
        return int(file.read().rpartition(")")[2].split()[4])


def caught(seen):
    """The numbers of the signals that catch has printed."""
    return [int(text.split(b" ")[0]) for text in seen.replace(b"^C", b"").replace(b"^\\", b"").split(b"\r\n") if text[:1].isdigit()]


@case
def shells():
    for what, words in kinds():
        with Terminal(words + ["bash", "--norc", "--noprofile", "--noediting", "-i"], environment=dict(os.environ, PS1="in> ")) as it:
            it.expect(b"in> ")
            point(b"no job control" not in it.seen, what + ": an interactive shell has job control (21)", it.seen)
            it.type(b"sleep 1000\n")
            it.expect(b"sleep 1000\r\n")
            bash = children(inner(it.pid, words))[0]
            until(lambda: children(bash) and os.tcgetpgrp(it.master) == children(bash)[0] and is_sleep(children(bash)[0]), "sleep has the terminal")
            it.type(b"\x1a")
            it.expect(b"Stopped.*in> ")
            it.type(b"fg\n")
            it.expect(b"sleep 1000\r\n")
            until(lambda: os.tcgetpgrp(it.master) == children(bash)[0] and state(children(bash)[0]) == "S", "it goes on")
            it.type(b"\x03")
            it.expect(b"in> ")
            it.type(b"exit 23\n")
            same(it.end(), 23, what + ": ^Z, fg, ^C, exit (21)")


@case
def once():
    for what, words in list(kinds()) + [("dumb-init -c", [called("dumb-init"), "-c"])]:
        with Terminal(words + [HELPERS + "/catch", "4"]) as it:
            it.expect(b"ready\r\n")
            start = it.at
            it.type(b"\x03")
            it.expect(b"(\\n|C)2 ")
            it.type(b"\x1c")
            it.expect(b"(\\n|\\\\)3 ")
            it.resize(20, 70)
            it.expect(b"\n28 ")
            until(lambda: state(inner(it.pid, words)) == "S", "init has done what it does")
            kill(inner(it.pid, words), signal.SIGUSR1)
            same(it.end(), 0, what + ": the command ends")
            same(caught(it.seen[start:]), [2, 3, 28, 10], what + ": ^C, ^\\ and the new size arrive exactly once (21)")


@case
def given_back():
    for what, words in ((name, [called(name)]) for name in NAMES):
        for command in (["true"], ["sh", "-c", "kill -9 $$"], ["/no/such/command"]):
            with Terminal(["sh", "-c", line(words + command) + "; echo g''ot; read x && echo line-$x"]) as it:
                it.expect(b"got\r\n")
                it.type(b"abc\n")
                status = it.end()
                point(status == 0 and b"line-abc\r\n" in it.seen, what + ": the terminal is given back after %s (22)" % command[0], status, it.seen)
    with Terminal(["sh", "-c", line([called("init"), "bash", "--norc", "--noprofile", "-i"]) + "; read x && echo line-$x"]) as it:
        it.expect(b"[$#] ")
        it.type(b"sleep 0\nexit\n")
        it.expect(b"exit\r\n")
        it.type(b"abc\n")
        point(it.end() == 0 and b"line-abc\r\n" in it.seen, "also from a command that moved it about (22)", it.seen)


@case
def background():
    for name in NAMES:
        with Shell() as it:
            it.run(line([called(name), "sleep", "1000"]) + " & echo st''arted")
            it.expect(b"started\r\n")
            it.expect(b"host> ")
            init = it.job()
            until(lambda: children(init) and is_sleep(children(init)[0]), "the command runs")
            same(os.tcgetpgrp(it.master), it.pid, name + " in the background doesn't take the terminal (22)")
            it.run("echo al''ive; kill %1; wait %1; echo rc=$?")
            it.expect(b"alive\r\n")
            it.expect(b"rc=143\r\n")
            same(os.tcgetpgrp(it.master), it.pid, name + " in the background doesn't take it at its end either (22)")
            it.run("exit")
            it.end()


@case
def stop_and_go_on():
    for name in ("init", "tini", "catatonit", "dumb-init"):
        with Shell() as it:
            it.run(line([called(name), "sleep", "1000"]))
            init = it.job()
            command = until(lambda: next(iter(children(init)), None), "the command")
            front = init if name == "dumb-init" else command  # whose command has a session of its own
            for number in range(3):
                until(lambda: is_sleep(command) and state(command) == "S" and os.tcgetpgrp(it.master) == front, "the command has the terminal")
                it.type(b"\x1a")
                it.expect(b"Stopped.*host> ")
                same((state(init), state(command)), ("T", "T"), name + ": ^Z under a shell stops both, time %d (22)" % (number + 1))
                it.run("fg")
                until(lambda: state(init) == "S" and state(command) == "S", "both go on")
            point(True, name + ": fg resumes both (22)")
            until(lambda: os.tcgetpgrp(it.master) == front, "the command has the terminal")
            it.type(b"\x03")
            it.expect(b"host> ")
            it.run("echo rc=$?")
            point(it.expect(b"rc=\\d+\r\n").endswith(b"rc=130\r\n"), name + ": and ^C ends it")
            it.run("exit")
            it.end()
    with Shell() as it:
        it.run(line([called("init"), "sh", "-c", "echo u''p; read x; echo got-$x; exec sleep 1000"]))
        it.expect(b"up\r\n")
        init = it.job()
        command = children(init)[0]
        it.type(b"\x1a")
        it.expect(b"Stopped.*host> ")
        it.run("bg; echo al''ive")
        it.expect(b"alive\r\n")
        until(lambda: state(init) == "T", "the command reads in the background, is stopped, and init with it")
        same(os.tcgetpgrp(it.master), it.pid, "neither takes the terminal from the shell (22)")
        it.run("fg")
        until(lambda: os.tcgetpgrp(it.master) == command and state(command) == "S", "it goes on")
        it.run("text")
        point(b"got-text\r\n" in it.expect(b"got-text\r\n"), "bg and fg: the command has the terminal again (22)", it.seen)
        until(lambda: is_sleep(command), "sleep")
        it.type(b"\x1a")
        it.expect(b"Stopped.*host> ")
        it.run("bg; echo al''ive")
        it.expect(b"alive\r\n")
        until(lambda: state(command) == "S", "it goes on in the background")
        it.hang_up()
        until(lambda: state(command) in ("gone", "Z"), "the hang-up")
        point(True, "a hang-up reaches a command in the background, by the shell (23)")
    # As PID 1 nobody could continue it.
    with Terminal(PID1 + [called("init"), "sleep", "1000"]) as it:
        init = inner(it.pid, PID1)
        command = until(lambda: next(iter(children(init)), None), "the command")
        until(lambda: os.tcgetpgrp(it.master) == command and is_sleep(command) and state(command) == "S", "the command has the terminal")
        it.type(b"\x1a\x03")
        same(it.end(), 130, "as PID 1 ^Z leaves nothing stopped for ever: ^C still ends it")


@case
def hang_up():
    folder = scratch()

    def log():
        return caught(read_file(folder + "/log").replace(b"\n", b"\r\n"))

    def counts(name, it, job, words):
        with it:
            init = inner(job or it.job(), words)
            until(lambda: b"ready" in read_file(folder + "/log"), "ready")
            it.hang_up()
            if job is None:
                until(it.poll_end, "the end of bash")
            until(lambda: 1 in log(), "HUP")
            until(lambda: 18 in log(), "CONT")
            until(lambda: state(init) in ("S", "gone"), "init has done what it does")
            kill(children(init)[0], signal.SIGUSR1)
            until(lambda: 10 in log(), "USR1")
            same(log().count(1), 1, name + ": HUP comes exactly once (23)")
            same(log().count(18), 1, name + ": CONT too (23)")
            before = cpu(init)
            end = time.monotonic() + 0.5
            until(lambda: time.monotonic() > end, "a while")
            point(cpu(init) - before < 0.2, name + ": init doesn't spin (23)", cpu(init) - before)
            for pid in children(init) + [init]:
                kill(pid, signal.SIGKILL)

    for what, words in kinds():
        catch = words + ["sh", "-c", "exec %s/catch 1000 >%s/log" % (HELPERS, folder)]
        for _ in range(3):
            open(folder + "/log", "w").close()
            it = Terminal(catch)
            counts("hang-up of " + what, it, it.pid, words)
    # Where the command has a session of its own (dumb-init) both come to init, the shell's and the kernel's.
    for name in ("init", "tini", "catatonit"):
        catch = [called(name), "sh", "-c", "exec %s/catch 1000 >%s/log" % (HELPERS, folder)]
        for _ in range(3):
            open(folder + "/log", "w").close()
            it = Shell()
            it.run(line(catch))
            counts("hang-up below a shell, " + name, it, None, [])
    with Terminal([called("init"), "sleep", "1000"]) as it:
        until(lambda: children(it.pid) and is_sleep(children(it.pid)[0]), "the command")
        it.hang_up()
        until(it.poll_end, "the end of init")
        same(it.status, 129, "a hang-up ends the command, and init with it (23)")


@case
def not_ours():
    with Terminal([called("init"), HELPERS + "/catch", "1"], control=False) as it:
        it.expect(b"ready\r\n")
        same(it.settings(), it.before, "a terminal that isn't ours is left alone (23)")
        command = children(it.pid)[0]
        same(terminal_of(command), 0, "the command doesn't get it either (23)")
        kill(it.pid, signal.SIGUSR1)
        same(it.end(), 0, "and the command has it as it is (23)")
    # One that another session controls, and whose foreground the shell's job is.
    for name in NAMES:
        with Shell() as it:
            it.run(line(["setsid", "-w", called(name), HELPERS + "/catch", "1"]))
            it.expect(b"ready\r\n")
            job = it.job()
            init = children(job)[0]
            same(terminal_of(children(init)[0]), 0, name + ": a terminal of another session isn't the command's (23)")
            same(os.tcgetpgrp(it.master), job, name + ": and its foreground stays (23)")
            kill(init, signal.SIGUSR1)
            it.expect(b"host> ")
            it.run("exit")
            it.end()


@case
def stopped_terminal():
    log = scratch() + "/log"
    with Terminal([called("init"), "-v", "-v", "sh", "-c", "exec %s/catch 201 >%s" % (HELPERS, log)]) as it:
        until(lambda: os.path.exists(log) and b"ready" in read_file(log), "ready")
        it.type(b"\x13")
        full = select.poll()
        full.register(it.slave, select.POLLOUT)
        until(lambda: not full.poll(0), "the terminal is stopped")
        for _ in range(200):
            kill(it.pid, 40)
        until(lambda: read_file(log).count(b"40 user 0\n") == 200, "200 signals")
        point(not full.poll(0), "a stopped terminal doesn't hold init up: 200 signals arrive meanwhile (13)")
        it.type(b"\x11")
        until(lambda: full.poll(0), "the terminal goes on")
        kill(it.pid, signal.SIGUSR1)
        same(it.end(), 0, "and it ends when the terminal goes on (13)")
        same(caught(read_file(log).replace(b"\n", b"\r\n")), [40] * 200 + [10], "with all that came, and nothing else (13)")
        point(b"forwarding signal 10\r\n" in it.seen, "what it has to say is said again (13)", it.seen)


terminal.main()
