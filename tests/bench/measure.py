# SPDX-License-Identifier: MIT
"""Everything that isn't a plain time of a whole run. Each function measures one thing and leaves nothing behind."""
import os
import pty
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import time

import rows

NULL = subprocess.DEVNULL


def run(words, **options):
    return subprocess.run(words, stdin=NULL, stdout=NULL, stderr=NULL, **options)


def syscalls(words):
    """In all processes, as strace counts them."""
    with tempfile.NamedTemporaryFile("r") as table:
        run(["strace", "-f", "-c", "-o", table.name, *words])
        return int(re.search(r"^100\.00 +\S+ +\S+ +(\d+).*total$", table.read(), re.M).group(1))


def peak_kb(words):
    """The largest that any one process of it was; through busybox, since a child of this interpreter counts as large as that."""
    busybox = f"{rows.ROOTFS}/bin/busybox"
    text = subprocess.run([busybox, "time", "-f", "peak %M", *words], stdin=NULL, stdout=NULL, stderr=subprocess.PIPE, text=True).stderr
    found = re.search(r"peak (\d+)", text)
    return int(found.group(1)) if found else 0


def bytes_on_disk(programs):
    """The programs and the libraries that they load."""
    paths = set()
    for program in programs:
        paths.add(os.path.realpath(program))
        for line in subprocess.run(["ldd", program], capture_output=True, text=True).stdout.splitlines():
            found = re.search(r"(/\S+) \(0x", line)
            if found:
                paths.add(os.path.realpath(found.group(1)))
    return sum(os.path.getsize(path) for path in paths)


def pss_kb(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return int(re.search(r"^Pss: +(\d+)", file.read(), re.M).group(1))
    except (OSError, AttributeError):
        return 0


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat") as file:
        return sum(int(word) for word in file.read().rsplit(")", 1)[1].split()[11:13])


class Container:
    """One that echoes lines, so that it can be asked whether it is there. One descriptor: starting another copies all of them."""

    def __init__(self, *options, words=None):
        self.socket, other = socket.socketpair()
        self.process = subprocess.Popen(words or rows.sv(*options, command=["/bin/cat"]), stdin=other, stdout=other, stderr=NULL)
        other.close()

    def answers(self, seconds=30):
        self.socket.settimeout(seconds)
        try:
            self.socket.sendall(b"there?\n")
            return self.socket.recv(64) == b"there?\n"
        except OSError:
            return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        self.socket.close()
        return self.process.wait(60)


def idle(seconds=10):
    """Proportional memory of sv and init, when nothing has happened for a while. The command's own isn't counted."""
    container = Container()
    container.answers()
    time.sleep(seconds)
    init = children(container.process.pid)[0]
    result = {"sv_kb": pss_kb(container.process.pid), "init_kb": pss_kb(init)}
    result["pss_kb"] = result["sv_kb"] + result["init_kb"]
    container.stop()
    container.wait()
    return result


def first_instruction(words, count=60):
    """Median seconds from the start until the command's first byte comes out."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        process = subprocess.Popen(words, stdin=NULL, stdout=subprocess.PIPE, stderr=NULL)
        os.read(process.stdout.fileno(), 1)
        times.append(time.perf_counter() - start)
        process.stdout.close()
        process.wait()
    return statistics.median(times)


def stop_time(count=30):
    """Median seconds from SIGTERM to sv until sv has ended and removed everything."""
    times = []
    for _ in range(count):
        container = Container()
        container.answers()
        start = time.perf_counter()
        container.stop()
        container.process.wait()
        times.append(time.perf_counter() - start)
        container.wait()
    return statistics.median(times)


def kernel_kb():
    with open("/proc/meminfo") as file:
        values = dict(re.findall(r"^(\w+): +(\d+)", file.read(), re.M))
    return sum(int(values[key]) for key in ("Slab", "KernelStack", "PageTables", "Percpu"))


def start_crowd(count, words=None):
    """`count` containers, each when the one before answers; and how many started a second, in the first tenth and in the last."""
    containers, ready = [], [time.perf_counter()]
    for _ in range(count):
        containers.append(Container(words=words))
        if not containers[-1].answers():
            break
        ready.append(time.perf_counter())
    part = max(1, count // 10)
    return containers, {"rate_first": part / (ready[part] - ready[0]), "rate_last": part / (ready[-1] - ready[-part - 1])}


def floor_crowd(count):
    """The same of the floor: what more containers cost the kernel alone."""
    containers, rates = start_crowd(count, [rows.FLOOR, rows.ROOTFS, "/bin/cat"])
    for container in containers:
        container.wait()  # its command reads the end
    return rates


def crowd(count):
    """`count` containers at once: how fast they start, what they hold, what they do while idle, how fast they go."""
    before = kernel_kb()
    containers, rates = start_crowd(count)
    up = sum(container.process.poll() is None for container in containers)
    answered = sum(container.answers() for container in containers)
    kernel = (kernel_kb() - before) / max(1, up)
    pids = [container.process.pid for container in containers]
    pids += [pid for parent in pids for pid in children(parent)]
    user = sum(pss_kb(pid) for pid in pids) / max(1, up)
    ticks = sum(cpu_ticks(pid) for pid in pids)
    time.sleep(5)
    ticks = sum(cpu_ticks(pid) for pid in pids) - ticks
    stopping = time.perf_counter()
    for container in containers:
        container.stop()
    for container in containers:
        container.wait()
    return {"count": count, "up": up, "answered": answered, **rates, "user_kb": user, "kernel_kb": kernel,
            "idle_cpu_percent": ticks / os.sysconf("SC_CLK_TCK") / 5 * 100, "stop_seconds": time.perf_counter() - stopping,
            "left": int(os.path.exists("/run/sv"))}


def held():
    """What a run could leave behind."""
    with open("/proc/sys/fs/file-nr") as file:
        descriptors = int(file.read().split()[0])
    groups = sum(len(folders) for _, folders, _ in os.walk("/sys/fs/cgroup"))
    return {"descriptors": descriptors, "groups": groups, "links": len(os.listdir("/sys/class/net")), "kernel_kb": kernel_kb()}


def sequence(count):
    """`count` containers one after another, after a hundred that fill the kernel's caches."""
    for _ in range(100):
        run(rows.sv())
    time.sleep(2)
    before = held()
    for _ in range(count):
        run(rows.sv())
    time.sleep(2)
    after = held()
    return {"count": count, **{key: after[key] - before[key] for key in before}}


def smallest_memory():
    """The least --memory with which /bin/true starts, in KB; None where there is no such limit."""
    least = None
    for kb in (4096, 2048, 1024, 768, 512, 384, 256, 192, 128, 96, 64):
        if run(rows.sv("--memory", f"{kb}k")).returncode != 0:
            break
        least = kb
    return least


def many_mounts(count=2000):
    """Adds that many mounts to the host's table; the caller's own mount namespace ends them."""
    folder = tempfile.mkdtemp(dir="/run")
    for number in range(count):
        path = f"{folder}/{number}"
        os.mkdir(path)
        if run(["mount", "--bind", "/run", path]).returncode != 0:
            return number
    return count


def drain(source, size):
    got, start = 0, time.perf_counter()
    while got < size:
        try:
            part = len(os.read(source, 1 << 16))
        except OSError:
            break
        if part == 0:
            break
        got += part
    return got / (time.perf_counter() - start) / 1e6


def throughput(size=64 << 20):
    """MB a second out of a container: through its own pipe, which nobody relays, and through a pty, which sv does."""
    command = ["/bin/dd", "if=/dev/zero", "bs=65536", f"count={size >> 16}"]
    process = subprocess.Popen(rows.sv(command=command), stdin=NULL, stdout=subprocess.PIPE, stderr=NULL)
    pipe = drain(process.stdout.fileno(), size)
    process.stdout.close()
    process.wait()
    master, slave = pty.openpty()
    process = subprocess.Popen(rows.sv("-t", command=["/bin/sh", "-c", "stty -opost; exec " + " ".join(command)]), stdin=slave, stdout=slave, stderr=NULL)
    os.close(slave)
    relayed = drain(master, size // 4)
    process.terminate()
    process.wait()
    os.close(master)
    return {"pipe_mb_s": pipe, "pty_mb_s": relayed}


def filter_cost():
    """Nanoseconds a system call: [(call, without a filter, with one ALLOW, with the default)]."""
    table = subprocess.run([f"build/{rows.ARCH}/helpers/filter_cost", "15"], capture_output=True, text=True).stdout
    return [line.split()[:4] for line in table.splitlines()[1:] if line.strip()]


INITS = {"init (ours)": ["build/init", "--"], "tini": ["tini", "-s", "--"], "dumb-init": ["dumb-init"], "catatonit": ["catatonit", "--"]}


def inits(orphans=5000, signals=20000):
    """{init: orphans reaped a second, signals forwarded a second}, each with the same helper as its command."""
    helpers = f"build/{rows.ARCH}/helpers"
    result = {}
    for name, words in INITS.items():
        if not rows.has(words[0]):
            continue
        words = [os.path.abspath(words[0]) if "/" in words[0] else words[0], *words[1:]]
        start = time.perf_counter()
        run(["unshare", "-pf", "--mount-proc", "--propagation", "private", *words, f"{helpers}/orphans", str(orphans)])
        reaped = orphans / (time.perf_counter() - start)
        process = subprocess.Popen([*words, f"{helpers}/catch", "-s", "12"], stdin=NULL, stdout=subprocess.PIPE, stderr=NULL)
        process.stdout.readline()
        start = time.perf_counter()
        run([f"{helpers}/send", "-n", str(signals), "-s", "1", str(process.pid), "40"])
        forwarded = signals / (time.perf_counter() - start)
        time.sleep(0.2)
        process.send_signal(12)
        process.wait()
        process.stdout.close()
        result[name] = {"reaped": reaped, "forwarded": forwarded}
    return result
