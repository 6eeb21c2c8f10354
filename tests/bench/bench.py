# SPDX-License-Identifier: MIT
"""Measures everything, keeps the raw figures in build/bench/raw.json, and prints what report.py makes of them.

BENCH=full takes longer: twice the rounds. BENCH=quick only shows that all works.
"""
import json
import os
import re
import subprocess
import sys
import time

import measure
import report
import rows
import timing
import where

# Runs of each command, containers at once, containers in sequence.
RUNS, CROWD, SEQUENCE = {"full": (200, 1000, 10000), "quick": (12, 40, 40)}.get(os.environ.get("BENCH"), (100, 1000, 10000))


def machine():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"^model name\s*: (.*)$", file.read(), re.M)
    with open("/proc/meminfo") as file:
        memory = int(re.search(r"MemTotal: +(\d+)", file.read()).group(1)) >> 20
    versions = {}
    for name, words in (("sv", [rows.SV, "--version"]), ("crun", ["crun", "--version"]), ("runc", ["runc", "--version"]),
                        ("bwrap", ["bwrap", "--version"]), ("systemd-nspawn", ["systemd-nspawn", "--version"]),
                        ("podman", ["podman", "--version"]), ("hyperfine", ["hyperfine", "--version"])):
        if rows.has(words[0]):
            text = subprocess.run(words, capture_output=True, text=True).stdout.split("\n")[0]
            versions[name] = (re.findall(r"\d[\w.~+-]*", text) or ["?"])[0]
    return {"date": time.strftime("%Y-%m-%d"), "kernel": os.uname().release, "cpu": model.group(1) if model else os.uname().machine,
            "cpus": os.cpu_count(), "memory_gb": memory, "load": os.getloadavg()[0], "versions": versions}


def summary(words, row):
    return {"median_us": timing.median(row) * 1e6, "spread": timing.spread(row), "cpu_us": row["cpu"] * 1e6}


def timed(commands, rest, runs=RUNS):
    measured = timing.rounds(commands, runs, rest)
    return {name: summary(words, measured[name]) for name, words in commands}, measured


def ratios(measured):
    """{"row / other": [ratio, noise]} of what is promised."""
    return {f"{row} / {other}": timing.ratio(measured[row], measured[other])
            for row, other, *_ in rows.PROMISES if row in measured and other in measured}


def step(what):
    print(f"bench: {what}", file=sys.stderr, flush=True)


def main():
    os.makedirs(rows.WORK, exist_ok=True)
    peers, left_out = rows.peers()
    working = [(name, words) for name, words in peers if timing.works(words)]
    left_out += [f"{name} (does not work here)" for name, words in peers if (name, words) not in working]
    variants = [(name, words) for name, words in rows.variants() if timing.works(words)]
    raw = {"machine": machine(), "runs": RUNS, "left_out": left_out}

    step("peers, back to back")
    raw["back_to_back"], measured = timed(working, 0, 2 * RUNS)
    raw["ratios"] = {"back_to_back": ratios(measured)}
    step("peers, with 0.1 s of rest")
    raw["with_rest"], measured = timed(working, 0.1)
    raw["ratios"]["with_rest"] = ratios(measured)
    step("one thing changed")
    raw["variants"], _ = timed(variants, 0)
    step("system calls, memory, disk")
    raw["syscalls"] = {name: measure.syscalls(words) for name, words in working}
    raw["peak_kb"] = {name: measure.peak_kb(words) for name, words in working}
    raw["disk"] = {name: measure.bytes_on_disk(programs) for name, programs in rows.files()}
    step("where they go")
    raw["timeline"] = where.timeline()
    raw["causes"] = where.causes(rows.sv())
    step("an idle container")
    raw["idle"] = measure.idle()
    step("first instruction, stop, limits, throughput")
    echo = ["/bin/echo", "x"]
    raw["first_instruction_us"] = {name: measure.first_instruction(words) * 1e6
                                   for name, words in (("floor", [rows.FLOOR, rows.ROOTFS, *echo]), ("sv run", rows.sv(command=echo)),
                                                       ("bwrap --unshare-all", rows.bwrap(echo))) if rows.has(words[0])}
    raw["stop_us"] = measure.stop_time() * 1e6
    raw["smallest_memory_kb"] = measure.smallest_memory()
    raw["throughput"] = measure.throughput()
    raw["filter_cost"] = measure.filter_cost()
    raw["inits"] = measure.inits()
    step(f"{CROWD} at once")
    raw["crowd"] = measure.crowd(CROWD)
    raw["floor_crowd"] = measure.floor_crowd(CROWD)
    step("one after another")
    raw["sequence"] = measure.sequence(SEQUENCE)
    step("through a table of 2,000 mounts")  # the last: they stay until this mount namespace ends
    mounts = measure.many_mounts()
    raw["many_mounts"], _ = timed([row for row in working if row[0] in ("floor", "sv run", "bwrap --unshare-all", "crun")], 0)
    raw["many_mounts"]["mounts"] = mounts
    with open(f"{rows.WORK}/raw.json", "w") as file:
        json.dump(raw, file, indent=1)
    print(report.text(raw))


if __name__ == "__main__":
    main()
