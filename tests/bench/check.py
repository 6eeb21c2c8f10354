# SPDX-License-Identifier: MIT
"""Holds what was promised: ends with 1 when a ratio is worse than that by more than the noise of the measurement."""
import sys

import measure
import rows
import timing

ROUNDS = (240, 120)  # back to back, with rest


def main():
    peers, left_out = rows.peers()
    names = {name for promise in rows.PROMISES for name in promise[:2]}
    peers = [(name, words) for name, words in peers if name in names and timing.works(words)]
    failed = 0
    for number, (mode, rest) in enumerate((("back to back", 0), ("with rest", 0.1))):
        times = timing.rounds(peers, ROUNDS[number], rest)
        for row, other, word, *both in rows.PROMISES:
            promised = both[number]
            if row not in times or other not in times:
                print(f"left out  {row} / {other}, {mode}: not installed, or not working here")
                continue
            ratio, noise = timing.ratio(times[row], times[other])
            bound = promised * (1 + noise) if word == "at most" else promised * (1 - noise)
            good = ratio <= bound if word == "at most" else ratio >= bound
            failed += not good
            print(f"{'ok' if good else 'NOT ok':9} {row} / {other}, {mode}: {ratio:.2f}, promised {word} {promised} (noise {noise:.0%})")
    for what, got, promised in (("system calls of sv run", measure.syscalls(rows.sv()), rows.SYSCALLS_PROMISED),
                                ("KB of an idle container", measure.idle()["pss_kb"], rows.IDLE_PROMISED_KB)):
        failed += got > promised
        print(f"{'ok' if got <= promised else 'NOT ok':9} {what}: {got}, promised at most {promised}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
