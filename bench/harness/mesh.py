# SPDX-License-Identifier: Apache-2.0
"""W7: many programs on one machine become a full mesh; bench/formation measures it."""

import re

from bench.harness.programs import ROOT
from bench.harness.rows import amount

SIZES = (5, 10, 25, 50)
LARGEST = 100  # of sedge only: as many nodes of OTP want 5 GB
SIDES = (("sedge", "gossip"), ("sedge", "epmd"), ("otp", "epmd"), ("libcluster", "gossip"), ("libcluster", "epmd"))
# What the curve shows, as bench/formation calls it: (metric, heading, unit).
CURVE = (("last strategy up to full mesh", "last strategy up to full mesh", "ms"),
         ("CPU until full mesh", "CPU of all until then", "s"), ("RSS of all", "resident memory of all", "MB"),
         ("idle CPU of all", "idle CPU of all, of a core", "%"),
         ("packets at rest", "packets at rest, of all", "packets/s"))


# What a node should spend on its peers at most: (metric, its unit in that of the text, text for one more, budget).
BUDGET = (("RSS of all", 1024, "{:.0f} KiB of memory", 16),
          ("CPU until full mesh", 1000, "{:.2f} ms of CPU until it is connected", 1),
          ("idle CPU of all", 1, "{:.4f} % of a core at rest", 1))


def is_there():
    return (ROOT / "bench/formation").exists()


def measure(programs, side, strategy):
    """One cluster of each size. Figures: (metric, value, unit) with metrics `STRATEGY N=SIZE: ...`."""
    sizes = ",".join(map(str, (*SIZES, LARGEST) if side == "sedge" else SIZES))
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
        lines += one_more(found, sizes)
    return lines


def one_more(found, sizes):
    """What a node pays for one more peer, which is how the cost of each node grows from the smallest mesh to the
    largest; and how many peers it can have for what it should spend on them (docs/guide/scale.md)."""
    least, most = sizes[0], sizes[-1]
    costs, peers = [], []
    for metric, unit, what, most_of_it in BUDGET:
        if most == least or (least, metric) not in found or (most, metric) not in found:
            return []
        cost = (found[most, metric] / most - found[least, metric] / least) / (most - least)
        costs.append(what.format(max(0, cost) * unit))  # what is lost in the noise costs nothing
        peers.append(f"{most_of_it / cost:,.0f}" if cost > 0 else "any number")
    return ["", f"So one more peer costs a node {costs[0]}, {costs[1]} and {costs[2]}. For 16 MiB, a second of CPU and "
            f"1 % of a core a node can have {peers[0]}, {peers[1]} and {peers[2]} peers; the least of them counts."]


def section(measured, facts):
    return "\n".join([
        "What `scripts/bench W7 --write` measured: programs on this one machine that connect each to each, so that the",
        "work grows with the square of their number; where each program has a machine of its own, a node pays the work",
        "of all divided by their number.", "", facts, *curve(measured)])
