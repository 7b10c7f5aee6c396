# SPDX-License-Identifier: Apache-2.0
"""The table of what a node costs when it has many of something; bench/scale.cpp measures it."""

import textwrap

from bench.harness.rows import amount


def measure(programs, runs):
    """(what, unit) -> count -> values."""
    measured = {}
    for _ in range(runs):
        for _, _, metric, value, unit in programs.figures(programs.program("bench_scale"), "1"):
            what, count = metric.split("|")
            measured.setdefault((what, unit), {}).setdefault(int(count), []).append(value)
    return measured


def table(measured):
    """Lines of Markdown: for each thing its cost with few, more and many, and how much it grew."""
    lines = ["| of each | with a hundredth | with a tenth | with all | how many | growth |", "|" + "---|" * 6]
    for (what, unit), by_count in measured.items():
        counts = sorted(by_count)
        medians = [sorted(by_count[count])[len(by_count[count]) // 2] for count in counts]
        growth = f"{medians[-1] / medians[0]:.1f} ×" if medians[0] > 0 else "–"
        cells = [what, *(amount(median, unit) for median in medians), f"{counts[-1]:,}", growth]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def section(measured, facts):
    told = ("What `scripts/bench scale --write` measured: the cost of each one, with a hundredth, a tenth and all of "
            "the greatest count. What does not depend on the count has the growth 1; what is found in sorted order "
            "grows with the logarithm, and what no longer fits into the processor's caches by what memory takes. "
            "Memory is what became resident. Peers are in virtual time, in one program with the node: both ends.")
    return "\n".join([textwrap.fill(told, 115), "", facts, "", *table(measured)])
