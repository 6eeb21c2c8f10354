#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""report.py: makes docs/BENCHMARKS.md and its charts of build/bench/raw.json. Nothing in them is written by hand."""
import json
import sys

import rows

HEAD = """# Benchmarks

Made by `make bench` and `make bench-report` from raw figures; `make bench-check` holds the ratios that sv promises.

Every time is of a whole process, from its start to its end, of `/bin/true` (static busybox) in the same root tree, by hyperfine, in
rounds in which each runs once and none always follows the same. *floor* is a small C program that makes the same namespaces but
the user's, and the same mounts, devices and masks, by bare system calls, with no supervision, no control group, no filter and no
capability dropped (tests/bench/floor.c). `sv run` has everything on that is on by default: a user namespace, a seccomp filter, masks,
capabilities, a supervisor that outlives the command. crun and runc run a bundle with the same settings: namespaces (the user's
too), mounts, masks, capabilities, and as much of the filter as its format can say, which libseccomp compiles for them at each
start; *no filter* is without that. They make a control group, unless told otherwise. /run is a tmpfs.
"""


def table(head, lines):
    return "\n".join(["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"] +
                     ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines])


def times(measured, base="floor"):
    of = measured.get(base, {}).get("median_us") or 1
    own = measured.get("sv run", {}).get("median_us") or 1
    return table(["", "median", "+-", "CPU", f"x {base}", "x sv run"],
                 [[name, f"{row['median_us'] / 1000:.2f} ms", f"{row['spread']:.0%}", f"{row['cpu_us'] / 1000:.2f} ms",
                   f"{row['median_us'] / of:.2f}", f"{row['median_us'] / own:.2f}"] for name, row in measured.items()])


SHORT = """What was aimed at and is not reached. *200 system calls*: what each is for is in a table below; 31 drop capabilities one by one, for
which the kernel has no other call, 16 are the command's own, and some 50 make the nodes of /dev and the masks, as the floor's do.
*1.5 with rest, against bwrap*: more than half of bwrap's time is its waiting for the kernel (its CPU column), which takes no longer on a
machine that rested; all that sv does then takes longer, as all that the floor does. Of what sv takes over the floor about half is sv
itself, before and after the rest; the other half is one process and one program more (init, made, executed and ended), and what the
floor hasn't (loopback, filter, capabilities): the timeline below has it step by step. *A crowd's last tenth started half as fast as its first*
is held in some runs and missed in others: pivot_root(2) looks at every process of the machine, and the floor alone gets slower likewise."""


def promises(raw):
    lines = []
    for row, other, word, *promised in rows.PROMISES:
        cells = [f"{row} / {other}", f"{word} {promised[0]}" + (f", {promised[1]} with rest" if promised[0] != promised[1] else "")]
        for mode, bound in zip(("back_to_back", "with_rest"), promised):
            if (measured := raw["ratios"][mode].get(f"{row} / {other}")) is None:
                cells.append("-")
                continue
            ratio, noise = measured
            missed = ratio > bound * (1 + noise) if word == "at most" else ratio < bound * (1 - noise)
            cells.append(f"{ratio:.2f} +- {noise:.0%}" + (" (missed)" if missed else ""))
        lines.append(cells)
    lines.append(["system calls of sv run, all processes", f"at most {rows.SYSCALLS_PROMISED} (aim: 200)", raw["syscalls"]["sv run"], ""])
    lines.append(["sv and init of an idle container, PSS", f"at most {rows.IDLE_PROMISED_KB} KB", f"{raw['idle']['pss_kb']} KB", ""])
    return table(["", "promised", "back to back", "with rest"], lines)


def costs(raw):
    return table(["", "system calls", "peak memory of a process", "on disk"],
                 [[name, raw["syscalls"][name], f"{raw['peak_kb'][name]} KB",
                   f"{raw['disk'][key] / 1000:.0f} KB" if (key := name.split()[0]) in raw["disk"] and "," not in name else ""] for name in raw["syscalls"]])


WHERE = """Medians of 60 runs under the kernel's own trace, in microseconds; tracing makes each system call about a microsecond longer. On a
virtual machine whose processors sleep when idle the kernel mostly leaves a new process where its parent runs, so that little of this
happens side by side, though sv makes its child first of all and prepares the rest meanwhile."""


def timeline(raw):
    if not raw["timeline"]:
        return "The kernel's trace (tracefs) can't be had here."
    tables = [table([name, "begins", "takes"], [[what, f"{begin:.0f}", f"{takes:.0f}"] for what, begin, takes in rows])
              for name, rows in raw["timeline"].items()]
    return "\n\n".join([WHERE, *tables])


def single(raw):
    crowd, sequence, flow = raw["crowd"], raw["sequence"], raw["throughput"]
    lines = [[f"time to the first byte of the command, {name}", f"{value / 1000:.2f} ms"] for name, value in raw["first_instruction_us"].items()]
    lines += [
        ["time to stop (TERM to sv until all is removed)", f"{raw['stop_us'] / 1000:.2f} ms"],
        ["idle container after 10 s: sv + init, PSS", f"{raw['idle']['sv_kb']} + {raw['idle']['init_kb']} KB"],
        ["smallest --memory that starts /bin/true", f"{raw['smallest_memory_kb']} KB" if raw["smallest_memory_kb"] else "no such limit here"],
        [f"{crowd['count']} at once: up / answering / left behind", f"{crowd['up']} / {crowd['answered']} / {crowd['left']}"],
        ["started a second, the first tenth and the last", f"{crowd['rate_first']:.0f} and {crowd['rate_last']:.0f}"],
        ["the same of the floor, by the kernel alone", f"{raw['floor_crowd']['rate_first']:.0f} and {raw['floor_crowd']['rate_last']:.0f}"],
        ["memory a container, user (sv + init, PSS) and kernel", f"{crowd['user_kb']:.0f} and {crowd['kernel_kb']:.0f} KB"],
        ["CPU of all of them, idle", f"{crowd['idle_cpu_percent']:.1f} %"],
        ["time to stop all", f"{crowd['stop_seconds']:.2f} s"],
        [f"{sequence['count']} in sequence: more descriptors / groups / links / kernel memory",
         f"{sequence['descriptors']} / {sequence['groups']} / {sequence['links']} / {sequence['kernel_kb']} KB"],
        ["out of a container through a pipe (not relayed), a pty (relayed)", f"{flow['pipe_mb_s']:.0f} and {flow['pty_mb_s']:.0f} MB/s"],
    ]
    return table(["", ""], lines)


def inits(raw):
    return table(["", "orphans reaped a second", "signals forwarded a second"],
                 [[name, f"{row['reaped']:.0f}", f"{row['forwarded']:.0f}"] for name, row in raw["inits"].items()])


def text(raw, charts=False):
    machine = raw["machine"]
    where = (f"{machine['date']}, Linux {machine['kernel']}, {machine['cpus']} CPUs ({machine['cpu']}), {machine['memory_gb']} GB, load "
             f"{machine['load']:.1f} at the start; {raw['runs']} runs of each, twice as many back to back. " +
             ", ".join(f"{name} {version}" for name, version in machine["versions"].items()) + ".")
    left = "Left out: " + ", ".join(raw["left_out"]) + "." if raw["left_out"] else "Nobody is left out."
    chart = {key: f"\n![{key}](bench-{key}.svg)\n" if charts else "" for key in CHARTS}
    parts = [HEAD, where, left, "## What is promised", promises(raw), SHORT, "## Back to back", times(raw["back_to_back"]), chart["back_to_back"],
             "## With 0.1 s of rest before each", times(raw["with_rest"]), chart["with_rest"],
             "## sv run, with one thing changed", times(raw["variants"], "sv run"), chart["variants"],
             f"## Through a host's table of {raw['many_mounts']['mounts']} mounts",
             times({name: row for name, row in raw["many_mounts"].items() if name != "mounts"}),
             "## Where the time of a run goes", timeline(raw),
             "## What a run takes", costs(raw), "## What the system calls of `sv run` are for", table(["", "calls"], raw["causes"]), "## Single figures", single(raw), "## init beside others", inits(raw),
             "## What the filter costs a system call, in ns", table(["", "no filter", "one ALLOW", "the default"], raw["filter_cost"])]
    return "\n\n".join(part for part in parts if part) + "\n"


# --- charts ------------------------------------------------------------------------------------------------------------

CHARTS = ("back_to_back", "with_rest", "variants")
STYLE = """<style>text{font:13px sans-serif;fill:#24292f}rect{fill:#8c959f}rect.own{fill:#0969da}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#6e7681}rect.own{fill:#4493f8}}</style>"""


def escape(words):
    return words.replace("&", "&amp;").replace("<", "&lt;")


def svg(title, measured):
    """Horizontal bars, readable on light and on dark: the background is the page's."""
    largest = max(row["median_us"] for row in measured.values())
    lines = []
    for number, (name, row) in enumerate(measured.items()):
        y, width = 40 + number * 26, max(1, round(row["median_us"] / largest * 400))
        own = ' class="own"' if name.startswith("sv") else ""
        lines.append(f'<text x="190" y="{y + 14}" text-anchor="end">{escape(name)}</text><rect{own} x="200" y="{y}" width="{width}" height="18"/>'
                     f'<text x="{206 + width}" y="{y + 14}">{row["median_us"] / 1000:.2f} ms</text>')
    height = 50 + len(lines) * 26
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 690 {height}" role="img" aria-label="{escape(title)}">{STYLE}'
            f'<text x="10" y="22">{escape(title)}</text>' + "".join(lines) + "</svg>\n")


TITLES = {"back_to_back": "/bin/true, start to end, back to back (median)", "with_rest": "/bin/true, start to end, 0.1 s of rest before each (median)",
          "variants": "sv run with one thing changed, back to back (median)"}


def main():
    try:
        with open(f"{rows.WORK}/raw.json") as file:
            raw = json.load(file)
    except OSError:
        sys.exit("report: no raw figures: run 'sudo make bench' first")
    with open("docs/BENCHMARKS.md", "w") as file:
        file.write(text(raw, charts=True))
    for key in CHARTS:
        with open(f"docs/bench-{key}.svg", "w") as file:
            file.write(svg(TITLES[key], raw[key]))


if __name__ == "__main__":
    main()
