# SPDX-License-Identifier: Apache-2.0
"""W7: many programs on one machine become a full mesh; bench/formation measures it."""

import re

from bench.harness.programs import ROOT
from bench.harness.rows import amount

SIZES = (5, 10, 25, 50, 100)
SIDES = (("sedge", "gossip"), ("sedge", "epmd"), ("otp", "epmd"), ("libcluster", "gossip"), ("libcluster", "epmd"))
# What the curve shows, as bench/formation calls it: (metric, heading, unit).
CURVE = (("last strategy up to full mesh", "last strategy up to full mesh", "ms"),
         ("CPU until full mesh", "CPU of all until then", "s"), ("RSS of all", "resident memory of all", "MB"),
         ("idle CPU of all", "idle CPU of all, of a core", "%"))


def is_there():
    return (ROOT / "bench/formation").exists()


def measure(programs, side, strategy):
    """One cluster of each size. Figures: (metric, value, unit) with metrics `STRATEGY N=SIZE: ...`."""
    sizes = ",".join(map(str, SIZES))
    told = programs.figures([str(ROOT / "bench/formation"), "--sides", side, "--strategies", strategy,
                             "--sizes", sizes, "--runs", "1", "--build", str(programs.bin.parent)],
                            seconds=900, gently=True)
    return [(metric, value, unit) for _, _, metric, value, unit in told]


def curve(measured):
    """Lines of Markdown: cost by the number of programs, a table for each side that was measured."""
    lines = []
    for side, strategy in SIDES:
        found = {}
        for (workload, name, _, metric), values in measured.items():
            match = re.fullmatch(rf"{strategy} N=(\d+): (.*)", metric)
            if workload == "W7" and name == side and match:
                found[int(match.group(1)), match.group(2)] = sorted(values)[len(values) // 2]
        sizes = sorted({size for size, _ in found})
        if not sizes:
            continue
        names = {"sedge": "sedge", "otp": "OTP", "libcluster": "OTP with libcluster"}
        lines += ["", f"{names[side]}, {strategy.capitalize()}:", "",
                  "| programs | connections | " + " | ".join(heading for _, heading, _ in CURVE) + " |",
                  "|" + "---|" * (2 + len(CURVE))]
        for size in sizes:
            cells = [amount(found[size, metric], unit) if (size, metric) in found else "–"
                     for metric, _, unit in CURVE]
            lines.append(f"| {size} | {size * (size - 1) // 2:,} | " + " | ".join(cells) + " |")
    return lines


def section(measured, facts):
    return "\n".join([
        "What `scripts/bench W7 --write` measured: programs on this one machine that connect each to each, so that the",
        "work grows with the square of their number; where each program has a machine of its own, a node pays the work",
        "of all divided by their number.", "", facts, *curve(measured)])
