#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a cluster takes to notice a fault, and to be whole again: nodes of sedge, nodes of OTP, and both together,
by the same steps on the same machine. Prints the table of docs/reliability.md.

    tests/soak/rows.py [--trials N] [--clusters N] [--only ROW[,ROW...]] [--kinds KIND[,KIND...]] [--sedge PROGRAM]

Nodes of OTP dial those they do not see once a second, as libcluster's users have them do; those of sedge by their
topology. net_ticktime is 8 s on both: a node of OTP gives a silent peer up after 6 to 10 s.
"""

import argparse
import pathlib
import statistics
import sys
import time

sys.dont_write_bytecode = True
from members import SedgeMember  # noqa: E402
import measuring  # noqa: E402
from clusters import Cluster, first, is_mesh, last_before  # noqa: E402
from quiet import differences  # noqa: E402
from row_names import newcomer, newcomer_here  # noqa: E402
from row_pressure import stops_reading  # noqa: E402

KINDS = {"sedge": "sss", "OTP": "ooo", "both": "sos"}
FIVE = {"sedge": "sssss", "OTP": "ooooo", "both": "sosso"}  # split after the third
REPORT = 100  # milliseconds
SLOW = 5.5  # seconds; an end that takes longer to miss the other side of a split is told of, with what it went through


class Meshed(Cluster):
    """All connected, and dialling whom they do not see."""

    def __init__(self, kinds, busy=False):
        super().__init__(kinds)
        self.busy = busy

    def begin(self):
        self.start(busy=self.busy, report=REPORT)
        self.expect(self.is_mesh, "a full mesh at first")

    def differences(self):
        return differences({m.node: m.report for m in self.members})

    def more_to_tell(self):
        return f"; {self.differences()}" if all(m.report for m in self.members) else ""


def seen_by_all(cluster, victim, what, since):
    """Seconds from `since` until the last of the others has told it."""
    at = {m: None for m in cluster.others(victim)}

    def complete():
        for member in at:
            at[member] = at[member] or first(member, what, victim.node, since)
        return all(at.values())

    cluster.expect(complete, f"{what} of {victim.name}")
    return max(at.values()) - since


# -- the rows: each gives {figure: [what each trial gave]}; in seconds, unless the figure says what --------------------

def killed(kinds, trials):
    """A node is killed (SIGKILL), its machine lives on"""
    out = {"all others have `nodedown`": [], "started again: all others have `nodeup`, after it is up": []}
    with Meshed(KINDS[kinds]) as cluster:
        for trial in range(trials):
            victim = cluster.members[trial % 3]
            time.sleep(0.5)
            since = time.monotonic()
            victim.kill()
            down, up = out.values()
            down.append(seen_by_all(cluster, victim, "nodedown", since))
            up.append(back(cluster, victim))
    return out


def back(cluster, victim):
    """Starts it again; seconds from the moment its node was up until all others have it."""
    asked = time.monotonic()
    victim.again()
    seen_by_all(cluster, victim, "nodeup", asked)
    cluster.expect(victim.up.is_set, f"{victim.name} to be up")
    last = max(first(m, "nodeup", victim.node, asked) for m in cluster.others(victim))
    cluster.expect(cluster.is_mesh, "a full mesh after a restart")
    return max(0.0, last - victim.up_at)


def cut_off(kinds, trials):
    """The cable of a node is cut, and nobody is told"""
    out = {"all others have `nodedown`": [], "mended: full mesh again": []}
    with Meshed(KINDS[kinds]) as cluster:
        for trial in range(trials):
            victim = cluster.members[trial % 3]
            since = time.monotonic()
            victim.machine.cut()
            out["all others have `nodedown`"].append(seen_by_all(cluster, victim, "nodedown", since))
            cluster.expect(lambda v=victim: not v.sees(), "the one cut off to be alone")
            victim.machine.mend()
            mended = time.monotonic()
            cluster.expect(cluster.is_mesh, "a full mesh after the cut")
            out["mended: full mesh again"].append(time.monotonic() - mended)
    return out


def power_cycle(kinds, trials):
    """A machine loses its power and is back after 3 s, under the same name"""
    out = {"all others have `nodeup` of the new one, after it is up": []}
    with Meshed(KINDS[kinds], busy=True) as cluster:  # messages of one incarnation must not reach the next
        for trial in range(trials):
            victim = cluster.members[trial % 3]
            since = time.monotonic()
            victim.lose_power()
            time.sleep(3)
            victim.machine.power_on()
            out[next(iter(out))].append(back(cluster, victim))
            for member in cluster.others(victim):
                told = [what for at, what, node in member.events if at >= since and node == victim.node]
                if told[0] != "nodedown" or told != ["nodedown", "nodeup"] * (len(told) // 2):
                    cluster.hear(member, f"{victim.name}: {told}")
        if cluster.heard:
            raise RuntimeError(f"{kinds}, power cycle: {cluster.heard}")
    return out


def split(kinds, trials):
    """Five nodes are split into three and two for 20 s"""
    found, mesh, agreed = "split: all of sedge have `nodedown` of the other side", "healed: full mesh", \
        "healed: names and groups agree too"
    out = {found: [], mesh: [], agreed: []}
    with Meshed(FIVE[kinds], busy=True) as cluster:
        time.sleep(10)  # names are registered, groups have members
        for member in cluster.members:
            member.tell("quiet")
        time.sleep(5)
        sides = cluster.members[:3], cluster.members[3:]
        across = [(a, b) for a in sides[0] for b in sides[1]]
        for _ in range(trials):
            since = time.monotonic()
            cluster.lab.drop({tuple(sorted((a.machine.port, b.machine.port))) for a, b in across})
            is_known = time.monotonic() - since < 0.2  # else nobody knows when it was
            cluster.expect(lambda: all(is_mesh(side) for side in sides), "two clusters", 40)
            told = lost_across(across, since)
            if told and is_known:
                out[found].append(max(told))
            time.sleep(max(0.0, since + 20 - time.monotonic()))
            cluster.lab.mend_all()
            healed = time.monotonic()
            cluster.expect(cluster.is_mesh, "a full mesh after the split")
            out[mesh].append(time.monotonic() - healed)
            cluster.expect(lambda: not cluster.differences(), "agreement", 120)
            out[agreed].append(time.monotonic() - healed)
    return out


def lost_across(across, since):
    """Seconds until each end of sedge had lost the other; those that took long are told of."""
    told = []
    for one, other in [*across, *((b, a) for a, b in across)]:
        at = first(one, "nodedown", other.node, since)
        if one.kind != "sedge" or at is None:
            continue  # of OTP, or not connected when the cable was cut
        told.append(at - since)
        if told[-1] > SLOW:
            suspect, up = first(one, "suspect", other.node, since), last_before(one, "nodeup", other.node, since)
            why = next((reason for when, node, reason in one.reasons if (when, node) == (at, other.node)), "")
            print(f"  slow: {one.name} lost {other.name} ({other.kind}) after {told[-1]:.2f} s: {why}; suspect after "
                  f"{suspect - since if suspect else -1:.2f} s, connected for {since - up if up else -1:.1f} s",
                  file=sys.stderr, flush=True)
    return told


ROWS = {"1": killed, "2": cut_off, "10": power_cycle, "11 here": newcomer_here, "11": newcomer, "14": split,
        "25": stops_reading}


def together(measure, kinds, trials, clusters):
    """The trials shared out among so many clusters at a time."""
    parts = measuring.together(lambda _: measure(kinds, -(-trials // clusters)), clusters)
    figures = {figure: None for part in parts for figure in part}
    return {figure: sorted(value for part in parts for value in part.get(figure, ())) for figure in figures}


def shown(figure, value):
    """A figure that is no time ends with its unit, behind a comma."""
    unit = figure.rpartition(", in ")[2] if ", in " in figure else ""
    return f"{value:.4g} {unit}" if unit else measuring.shown(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10, help="of each row; those of row 1 are three times as many")
    parser.add_argument("--clusters", type=int, default=1, help="at a time")
    parser.add_argument("--only", default=",".join(ROWS), help=f"of {', '.join(ROWS)}")
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"of {', '.join(KINDS)}")
    parser.add_argument("--sedge", type=pathlib.Path, default=SedgeMember.program_file, help="the program soak_node")
    options = parser.parse_args()
    SedgeMember.program_file = options.sedge.resolve()
    print("| row | fault | figure | nodes | trials | median | 99 % | longest |\n|---|---|---|---|---|---|---|---|",
          flush=True)
    for number in options.only.split(","):
        measure = ROWS[number]
        for kinds in options.kinds.split(","):
            figures = together(measure, kinds, options.trials * (3 if number == "1" else 1), options.clusters)
            for figure, values in figures.items():
                if values:
                    columns = (statistics.median(values), measuring.quantile(values, 0.99), values[-1])
                    print(f"| {number} | {measure.__doc__} | {figure} | {kinds} | {len(values)} | "
                          + " | ".join(shown(figure, value) for value in columns) + " |", flush=True)


if __name__ == "__main__":
    measuring.run(main)
