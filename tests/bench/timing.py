# SPDX-License-Identifier: MIT
"""Timing by hyperfine: one run of each command in turn, so that all meet the same machine."""
import json
import os
import random
import statistics
import subprocess
import sys


def works(words):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode == 0


def quote(words):
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def rounds(commands, count, rest):
    """
    {name: {"times": [seconds], "cpu": seconds}} of `count` rounds; `rest` seconds before every run. In a round each runs once, in an
    order of its own: what one leaves the kernel to do in the background falls on another, and on all of them alike.
    """
    result = {name: {"times": [], "cpu": []} for name, words in commands}
    table = "build/bench/hyperfine.json"
    for number in range(count):
        words = ["hyperfine", "--shell=none", "--style", "none", "--runs", "1", "--export-json", table]
        words += ["--prepare", f"sleep {rest}"] if rest else []
        order = random.Random(number).sample(commands, len(commands))
        for name, command in order:
            words += ["-n", name, quote(command)]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit("bench: hyperfine: " + done.stderr.strip())
        with open(table) as file:
            for row, (name, command) in zip(json.load(file)["results"], order):
                result[name]["times"] += row["times"]
                result[name]["cpu"].append(row["user"] + row["system"])
    os.remove(table)
    return {name: {"times": row["times"], "cpu": statistics.median(row["cpu"])} for name, row in result.items()}


def median(row):
    return statistics.median(row["times"])


def spread(row):
    """Half of what the middle half of the runs spans, as a part of the median: what noise alone may do to it."""
    quarters = statistics.quantiles(row["times"], n=4)
    return (quarters[2] - quarters[0]) / 2 / median(row)


def ratio(row, other, blocks=12):
    """
    How many times `other` row takes, and what noise may do to that figure, as a part of it: twice the standard error of the same
    figure of blocks of rounds, which slow changes of the machine are in.
    """
    size = len(row["times"]) // blocks
    parts = [statistics.median(row["times"][at:at + size]) / statistics.median(other["times"][at:at + size])
             for at in range(0, blocks * size, size)]
    whole = median(row) / median(other)
    return whole, 2 * statistics.stdev(parts) / blocks ** 0.5 / whole
