# SPDX-License-Identifier: MIT
"""Where the time and the system calls of a run go: the kernel's own trace (tracefs, in an instance of its own), and strace."""
import collections
import os
import re
import statistics
import subprocess
import tempfile

import rows

TRACEFS = "/sys/kernel/tracing"
EVENTS = ("raw_syscalls/sys_enter", "raw_syscalls/sys_exit", "sched/sched_process_fork", "sched/sched_process_exec", "sched/sched_process_exit")
LINE = re.compile(r"^ *.+-(\d+) +\[\d+\] \S+ +([\d.]+): (\w+): (.*)$")
NULL = subprocess.DEVNULL


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def recorded(words, count):
    """The trace of `count` runs; None where there is no tracefs to be had."""
    if not os.path.isdir(f"{TRACEFS}/instances"):
        return None
    here = f"{TRACEFS}/instances/sv-bench"
    try:
        if os.path.isdir(here):  # of one that was killed
            os.rmdir(here)
        os.mkdir(here)
    except OSError:
        return None
    try:
        write(f"{here}/buffer_size_kb", "30000")
        write(f"{here}/options/event-fork", "1")
        write(f"{here}/set_event_pid", str(os.getpid()))
        for event in EVENTS:
            write(f"{here}/events/{event}/enable", "1")
        for _ in range(count):
            subprocess.run(words, stdin=NULL, stdout=NULL, stderr=NULL)
        write(f"{here}/tracing_on", "0")
        with open(f"{here}/trace") as file:
            return file.read().splitlines()
    finally:
        os.rmdir(here)


def parsed(lines, program):
    """[{(process, what): [(begin, end)]}] of each run, in microseconds since `program` was executed; processes in the order of their birth."""
    runs, roles, open_calls = [], {}, {}
    start = 0.0
    for line in lines:
        found = LINE.match(line)
        if not found:
            continue
        pid, at, event, text = int(found.group(1)), float(found.group(2)) * 1e6, found.group(3), found.group(4)
        if event == "sched_process_exec" and f"filename={program} " in text:
            runs.append(collections.defaultdict(list))
            roles, open_calls, start = {pid: 0}, {}, at
            continue
        if pid not in roles:
            continue
        role, run = roles[pid], runs[-1]
        if event == "sched_process_fork":
            roles[int(re.search(r"child_pid=(\d+)", text).group(1))] = len(roles)
        elif event == "sched_process_exec":
            run[role, "exec"].append((at - start, at - start))
        elif event == "sched_process_exit":
            run[role, "exit"].append((at - start, at - start))
        elif event == "sys_enter":
            open_calls[pid] = at
        elif event == "sys_exit":
            number = int(re.search(r"NR (-?\d+)", text).group(1))
            run[role, number].append((open_calls.pop(pid, at) - start, at - start))
    return runs


NUMBERS = {"x86_64": {"sendmsg": 46, "clone3": 435, "unshare": 272, "waitid": 247, "umount2": 166},
           "aarch64": {"sendmsg": 211, "clone3": 435, "unshare": 97, "waitid": 95, "umount2": 39}}
BEGIN, END = 0, 1


def phases():
    """{program: [(what, from, to)]}, each end a (process, event, which of them, BEGIN or END)."""
    call = NUMBERS[rows.ARCH]
    return {
        "sv run": [
            ("sv: program start, options, the name", None, (0, call["clone3"], 0, BEGIN)),
            ("sv: the child, root tree, ids, /dev, plan", (0, call["clone3"], 0, BEGIN), (0, call["sendmsg"], 0, END)),
            ("child: the namespaces", (1, call["unshare"], 0, BEGIN), (1, call["unshare"], 0, END)),
            ("child: init is executed", (1, call["unshare"], 0, END), (1, "exec", 0, BEGIN)),
            ("init: loopback, mounts, the host's tree off, masks", (1, "exec", 0, BEGIN), (1, call["sendmsg"], 0, END)),
            ("init: the command's process, its rights, its filter", (1, call["sendmsg"], 0, END), (2, "exec", 0, BEGIN)),
            ("the command", (2, "exec", 0, BEGIN), (2, "exit", 0, BEGIN)),
            ("init: notices, ends", (2, "exit", 0, BEGIN), (1, "exit", 0, BEGIN)),
            ("the kernel: the container's mounts go; sv is told", (1, "exit", 0, BEGIN), (0, call["waitid"], -1, END)),
            ("sv: gives back what it took", (0, call["waitid"], -1, END), (0, "exit", 0, BEGIN)),
            ("all of it", None, (0, "exit", 0, BEGIN)),
        ],
        "floor": [
            ("floor: program start", None, (0, call["clone3"], 0, BEGIN)),
            ("floor: the namespaces, with the child", (0, call["clone3"], 0, BEGIN), (1, call["clone3"], 0, END)),
            ("child: mounts, the host's tree off, masks", (1, call["clone3"], 0, END), (1, call["umount2"], 0, END)),
            ("child: the command is executed", (1, call["umount2"], 0, END), (1, "exec", 0, BEGIN)),
            ("the command", (1, "exec", 0, BEGIN), (1, "exit", 0, BEGIN)),
            ("the kernel: the container's mounts go", (1, "exit", 0, BEGIN), (0, "exit", 0, BEGIN)),
            ("all of it", None, (0, "exit", 0, BEGIN)),
        ],
    }


def moment(run, point):
    if point is None:
        return 0.0
    role, event, which, end = point
    return run[role, event][which][end]


def timeline(count=60):
    """{program: [(what, it begins, it takes)]}, medians in microseconds; None where the kernel can't be asked."""
    result = {}
    for name, words in (("sv run", rows.sv()), ("floor", [rows.FLOOR, rows.ROOTFS, *rows.COMMAND])):
        lines = recorded(words, count)
        if lines is None or rows.ARCH not in NUMBERS:
            return None
        table, runs = [], parsed(lines, words[0])
        for what, begin, end in phases()[name]:
            points = []
            for run in runs:
                try:
                    points.append((moment(run, begin), moment(run, end)))
                except IndexError:  # events were lost
                    continue
            if points:
                table.append((what, statistics.median(point[0] for point in points), statistics.median(point[1] - point[0] for point in points)))
        result[name] = table
    return result


# The first that fits decides. A row's call may be any process's, unless it says which: 0 sv, 1 its child and init, 2 the command.
CAUSES = (
    ("the command's own (busybox's start and end)", 3, r"."),
    ("processes and programs: clone, exec, libc's start, exit, wait", None,
     r"clone3?\(|execve|arch_prctl|set_tid_address|exit_group|waitid\(|PR_SET_(NAME|PDEATHSIG|DUMPABLE)|setsid|setpgid|close_range"),
    ("capabilities out of the bounding set, one by one", None, r"PR_CAPBSET_DROP"),
    ("the rest of the command's rights: ids, capabilities, no_new_privs, filter", None,
     r"capset|seccomp\(|NO_NEW_PRIVS|setgroups|setres[ug]id|keyctl|prctl"),
    ("signals and waiting", None, r"rt_sig|signalfd|ppoll|kill\("),
    ("/proc and /sys: hidden and closed paths", 1, r"driver|mount_setattr\(AT_FDCWD|mount\(\"(bus|fs|irq|sys|sysrq-trigger)\""),
    ("/dev", None, r"mknodat|symlinkat|mkdirat\(\d+|tmpfs|devpts|mqueue|\"mode\"|\"size\""),
    ("the namespaces, host name, loopback", None, r"unshare|sethostname|SIOCSIFFLAGS|socket\("),
    ("ids: a range taken, maps, mounts mapped", None, r"\.ids|sub[ug]id|F_OFD|_map|ns/user|MOUNT_ATTR_IDMAP|0 \d+ 65536"),
    ("the container's name, and that it is given back", 0, r"/run/sv|flock|unlinkat"),
    ("init and its plan: made, sealed, handed over, mapped", None, r"memfd|SEALS|ELF|svplan|sendmsg|recvmsg|socketpair|PROT_READ, MAP_PRIVATE, 3|munmap|F_SETFD|madvise"),
    ("root tree and mounts of /proc and /sys", None,
     r"open_tree|move_mount|fchdir|pivot_root|umount|fsopen|fsmount|fsconfig|mount_setattr|rootfs|\"proc\""),
    ("/etc/passwd and /etc/group of the tree", 0, r"etc/(passwd|group)|:x?:0:"),
)
OTHER = "what else sv looks at: its descriptors, the kernel's version, control groups; closing"


def causes(words):
    """[(cause, number of system calls)] of one run, as strace tells them apart."""
    with tempfile.NamedTemporaryFile("r") as log:
        subprocess.run(["strace", "-f", "-s", "64", "-o", log.name, *words], stdin=NULL, stdout=NULL, stderr=NULL)
        lines = log.read().splitlines()
    counted, roles = collections.Counter(), {}
    for line in lines:
        pid, text = line.split(None, 1)
        role = roles.setdefault(pid, len(roles))
        if text.startswith(("<...", "+++", "---")):
            continue
        cause = next((name for name, of, pattern in CAUSES if of in (None, role) and re.search(pattern, text)), OTHER)
        counted[cause] += 1
        if role == 2 and text.startswith("execve"):
            roles[pid] = 3
    return [(name, counted[name]) for name in [row[0] for row in CAUSES] + [OTHER] if counted[name]]
