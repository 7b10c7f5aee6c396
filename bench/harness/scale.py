# SPDX-License-Identifier: Apache-2.0
"""The table of what a node costs when it has many of something; bench/scale.cpp measures it."""

import textwrap

from bench.harness import callgrind
from bench.harness.rows import amount


def measure(programs, runs):
    """(what, unit) -> count -> values."""
    measured = {}
    for _ in range(runs):
        for _, _, metric, value, unit in programs.figures(programs.program("bench_scale"), "1"):
            what, count = metric.split("|")
            measured.setdefault((what, unit), {}).setdefault(int(count), []).append(value)
    return measured


def instructions(programs):
    """what -> count -> instructions for each; empty where valgrind is not installed."""
    if not callgrind.installed():
        return {}
    told, counts = callgrind.run(programs.bin / "bench_scale", seconds=1200)
    counted = {}
    for line in told.splitlines():
        cells = line.split("\t")
        if len(cells) == 6 and cells[5] == "times" and cells[3] in counts:
            what, count = cells[3].split("|")
            counted.setdefault(what, {})[int(count)] = counts[cells[3]] / float(cells[4])
    return counted


def grown(by_count):
    """`1,445 → 1,445 (1.0 ×)`: from the least count to the greatest."""
    if not by_count:
        return "–"
    few, many = by_count[min(by_count)], by_count[max(by_count)]
    return f"{few:,.0f} → {many:,.0f} ({many / few:.1f} ×)"


def table(measured, counted):
    """Lines of Markdown: for each thing its cost with few, more and many, and how much it grew."""
    lines = ["| of each | with a hundredth | with a tenth | with all | how many | growth | instructions |",
             "|" + "---|" * 7]
    for (what, unit), by_count in measured.items():
        counts = sorted(by_count)
        medians = [sorted(by_count[count])[len(by_count[count]) // 2] for count in counts]
        growth = f"{medians[-1] / medians[0]:.1f} ×" if medians[0] > 0 else "–"
        cells = [what, *(amount(median, unit) for median in medians), f"{counts[-1]:,}", growth,
                 grown(counted.get(what))]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def section(measured, counted, facts):
    told = ("What `scripts/bench scale --write` measured: the cost of each one, with a hundredth, a tenth and all of "
            "the greatest count. What does not depend on the count has the growth 1; what is found in sorted order "
            "grows with the logarithm. Instructions, counted by callgrind with a hundredth and with all, tell what "
            "has to be done; where time grows and they do not, memory is what takes it: that many no longer fit into "
            "the processor's caches. Memory is what became resident. Peers are in virtual time, in one program with "
            "the node: both ends.")
    return "\n".join([textwrap.fill(told, 115), "", facts, "", *table(measured, counted)])
