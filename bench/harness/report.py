# SPDX-License-Identifier: Apache-2.0
"""The measured figures as one table: for the terminal, and as a section of docs/figures.md."""

import textwrap

from bench.harness.rows import COLUMNS, NAMES, amount, digits


def ratio(row, medians, other):
    """How many times better (more than 1) or worse sedge is; empty where one of the two is missing."""
    if not medians.get("sedge") or not medians.get(other):
        return ""
    value = medians[other] / medians["sedge"] if row.less_is_better() else medians["sedge"] / medians[other]
    return digits(value) + " ×"


def verdict(row, medians):
    goals = "; ".join(goal.text(row.unit) for goal in row.goals)
    if not goals:
        return "", ""
    met = [goal.is_met(medians) for goal in row.goals]
    if None in met:
        return goals, "not measured"
    return goals, "met" if all(met) else "**not met**"


def cells(row, measured, ranges):
    samples, medians = row.samples(measured), row.medians(measured)
    line = [row.workload, row.full_title()]
    for column in COLUMNS:
        values = samples.get(column)
        if not values:
            line.append("–")
            continue
        text = amount(medians[column], row.unit)
        if ranges and len(values) > 1:
            text += f" ({digits(min(values) / scale(row, values))}–{digits(max(values) / scale(row, values))})"
        line.append(text)
    line += [ratio(row, medians, other) for other in ("raw", "otp", "ei")]
    return [*line, *verdict(row, medians)]


def scale(row, values):
    """The range stands in the unit of the median."""
    middle = sorted(values)[len(values) // 2]
    if row.unit == "MB/s":
        return 1000 if middle >= 1000 else 1
    if row.unit.endswith("/s"):
        return 1e6 if middle >= 1e6 else 1e3 if middle >= 1e3 else 1
    return 1


HEADS = ["", "what, placement", *(NAMES[c] for c in COLUMNS), "to raw", "to OTP", "to `ei`", "goal", "goal met"]


def of_interest(rows, measured):
    """Rows of which something was measured."""
    return [row for row in rows if any(row.samples(measured).values())]


def text_table(rows, measured):
    lines = [[cell.replace("**", "").replace("`", "") for cell in line]
             for line in [HEADS, *(cells(row, measured, False) for row in of_interest(rows, measured))]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADS))]
    return "\n".join("  ".join(cell.ljust(width) if i < 2 or i > 9 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def markdown(rows, measured, missing, facts):
    """The section of docs/figures.md without its heading. `facts`: date, commit, machine and how it was measured."""
    told = textwrap.fill(facts, 115)
    lines = [
        "What `scripts/bench --write` measured: the same workloads with each peer, in turns, on loopback.",
        "Cells are medians with the range of all runs. *To raw*, *to OTP*, *to `ei`*: how many times better sedge is",
        "(below 1: worse). Placement: *same*, both programs on one core; *split*, a core each; *free*, as the kernel",
        "likes. Compare like with like: a wake-up across cores can cost more than all the rest of a round trip. What",
        "each workload does is in [bench/README.md](../bench/README.md).", "", told, ""]
    lines += [f"Not measured: {NAMES[peer]}, because {why}." for peer, why in missing.items()]
    lines += ["", "![sedge beside its peers](figures.svg)", "",
              "| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
    lines += ["| " + " | ".join(cells(row, measured, True)) + " |" for row in of_interest(rows, measured)]
    return "\n".join(lines)


def summary(rows, measured):
    """(met, not met, not measured) over all goals of rows that were measured."""
    verdicts = [verdict(row, row.medians(measured))[1] for row in of_interest(rows, measured) if row.goals]
    return (verdicts.count("met"), verdicts.count("**not met**"), verdicts.count("not measured"))
