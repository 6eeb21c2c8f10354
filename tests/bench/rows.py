# SPDX-License-Identifier: MIT
"""What is measured: the commands, in tables. Whoever isn't installed is left out and named."""
import json
import os
import shutil

ARCH = os.environ.get("ARCH") or os.uname().machine
SV = os.environ.get("SV") or "./sv"
ROOTFS = os.path.abspath(os.environ.get("ROOTFS") or "build/rootfs")
FLOOR = f"build/{ARCH}/bench/floor"
WORK = "build/bench"
COMMAND = ["/bin/true"]

# What sv promises (README, docs/BENCHMARKS.md): the ratio of medians of one run, back to back and with rest.
# (row, against, "at most" or "at least", back to back, with rest). Of bwrap's time with rest more than half is its waiting for the
# kernel, which does not grow with what else a machine that rested takes longer for; the aim is 1.5 there too.
PROMISES = [
    ("sv run", "floor", "at most", 1.6, 1.6),
    ("crun", "sv run", "at least", 4.0, 4.0),
    ("runc", "sv run", "at least", 10.0, 10.0),
    ("bwrap --unshare-all", "sv run", "at least", 1.5, 1.3),
    ("crun, with limits", "sv run, with limits", "at least", 1.0, 1.0),
]
# What they are for is in the report; a few more where strace makes a run so slow that sv begins to save memory. The aim is 200.
SYSCALLS_PROMISED = 255
IDLE_PROMISED_KB = 150

LIMITS = ["--memory", "64m", "--cpus", "1", "--pids-limit", "64"]


def has(*programs):
    return all(shutil.which(program) for program in programs)


def filter_of(kept):
    """
    sv's default policy as an OCI bundle says it. Two things that format can't say are left out: rules of one call that are tried in an
    order (of `socket` and `ioctl` the first refusal is kept), and an errno of its own for clone3.
    """
    errors = {"EPERM": 1, "ENOSYS": 38}
    conditions = {"clone": {"index": 0, "value": 0x7e020000, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"},
                  "ioctl": {"index": 1, "value": 0x5412, "op": "SCMP_CMP_NE"},
                  "socket": {"index": 0, "value": 40, "op": "SCMP_CMP_NE"},
                  "socketpair": {"index": 0, "value": 40, "op": "SCMP_CMP_NE"}}
    decided, rules = set(conditions) | {"personality", "clone3"}, []
    for name, condition in conditions.items():
        rules.append({"names": [name], "action": "SCMP_ACT_ALLOW", "args": [condition]})
    for value in (0, 8, 0x20000, 0x20008, 0xffffffff):
        rules.append({"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": value, "op": "SCMP_CMP_EQ"}]})
    with open("supervisor/seccomp_default.policy") as file:
        lines = [line.split("#")[0].split() for line in file]
    for words in lines:
        if not words or words[0] not in ("allow", "errno") or "if" in words:
            continue
        action, names = words[0], words[1 if words[0] == "allow" else 2:]
        if "with" in names:
            at = names.index("with")
            if f"CAP_{names[at + 1]}" not in kept:
                continue
            names = names[:at]
        names = [name for name in names if name not in decided]
        decided.update(names)
        rule = {"names": names, "action": "SCMP_ACT_ALLOW" if action == "allow" else "SCMP_ACT_ERRNO"}
        if names:
            rules.append(rule if action == "allow" else {**rule, "errnoRet": errors[words[1]]})
    return {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": errors["ENOSYS"],
            "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"] if ARCH == "x86_64" else ["SCMP_ARCH_AARCH64"],
            "syscalls": rules}


def bundle(name, limits=False, filtered=True, mapped=True):
    """An OCI bundle with the namespaces, mounts, masks, capabilities and filter of `sv run`."""
    folder = os.path.join(WORK, name)
    os.makedirs(folder, exist_ok=True)
    quiet = ["nosuid", "noexec", "nodev"]
    linux = {
        "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
        "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block",
                        "/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/selinux"],
        "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    }
    if limits:
        linux["resources"] = {"memory": {"limit": 64 << 20}, "cpu": {"quota": 100000, "period": 100000}, "pids": {"limit": 64}}
    kept = [f"CAP_{cap}" for cap in ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
                                     "NET_BIND_SERVICE", "SYS_CHROOT", "SETFCAP")]
    if filtered:
        linux["seccomp"] = filter_of(kept)
    if mapped:
        linux["namespaces"].append({"type": "user"})
        linux["uidMappings"] = linux["gidMappings"] = [{"containerID": 0, "hostID": 0x70000000, "size": 65536}]
    config = {
        "ociVersion": "1.0.2",
        "process": {"terminal": False, "user": {"uid": 0, "gid": 0}, "args": COMMAND, "cwd": "/", "noNewPrivileges": True,
                    "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                    "capabilities": {kind: kept for kind in ("bounding", "effective", "permitted")}},
        "root": {"path": ROOTFS, "readonly": False},
        "hostname": "box",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc", "options": quiet},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
             "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": quiet + ["mode=1777", "size=65536k"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": quiet},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": quiet + ["ro"]},
        ],
        "linux": linux,
    }
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file)
    return folder


def oci(tool, name, *options, **settings):
    return [tool, *options, "run", "--bundle", bundle(name, **settings), f"bench-{tool}-{name}"]


def sv(*options, command=COMMAND):
    return [SV, "run", *options, ROOTFS, *command]


def bwrap(command=COMMAND):
    return ["bwrap", "--unshare-all", "--bind", ROOTFS, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/dev/shm", *command]


def unshare():
    return ["unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork", "--kill-child", "chroot", ROOTFS, *COMMAND]


def peers():
    """[(name, words)], those that are installed, and the names of the others. The first is what all are held against."""
    rows = [("floor", [FLOOR, ROOTFS, *COMMAND], ()),
            ("sv run", sv(), ()),
            ("sv run, with limits", sv(*LIMITS), ()),
            ("bwrap --unshare-all", bwrap(), ("bwrap",)),
            ("unshare + chroot", unshare(), ("unshare", "chroot")),
            ("crun", oci("crun", "bundle"), ("crun",)),
            ("crun, no filter", oci("crun", "plain", filtered=False), ("crun",)),
            ("crun, no filter, no cgroup", oci("crun", "plain", "--cgroup-manager", "disabled", filtered=False), ("crun",)),
            ("crun, with limits", oci("crun", "limits", limits=True), ("crun",)),
            ("runc", oci("runc", "bundle"), ("runc",)),
            ("runc, no filter", oci("runc", "plain", filtered=False), ("runc",)),
            ("systemd-nspawn", ["systemd-nspawn", "-q", "--register=no", "--keep-unit", "-D", ROOTFS, *COMMAND], ("systemd-nspawn",)),
            ("podman run", ["podman", "run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--rootfs", ROOTFS, *COMMAND], ("podman",))]
    return ([(name, words) for name, words, needs in rows if has(*needs)], [name for name, words, needs in rows if not has(*needs)])


def variants():
    """The same with one thing changed. Options that this sv doesn't know are left out."""
    return [("sv run", sv()),
            ("without seccomp", sv("--seccomp", "none")),
            ("without a user namespace", sv("--userns", "host")),
            ("with the host's network", sv("--net", "host")),
            ("with a bridge", sv("--net", "bridge")),
            ("with a layer of its own, as over an image", sv("--root", os.path.abspath(os.path.join(WORK, "store")), "--ephemeral")),
            ("with a pty", sv("-t")),
            ("read-only", sv("--read-only")),
            ("with limits", sv(*LIMITS))]


def files():
    """What has to be on the disk: [(name, programs)]; libraries are added."""
    rows = [("sv", [SV]), ("crun", ["crun"]), ("runc", ["runc"]), ("bwrap", ["bwrap"]), ("systemd-nspawn", ["systemd-nspawn"])]
    return [(name, [shutil.which(program) for program in programs]) for name, programs in rows if has(*programs)]
