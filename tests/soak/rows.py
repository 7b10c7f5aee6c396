#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a cluster takes to notice a fault, and to be whole again: nodes of sedge, nodes of OTP, and both together,
by the same steps on the same machine. Prints the table of docs/reliability.md.

    tests/soak/rows.py [--trials N] [--clusters N] [--only ROW[,ROW...]] [--kinds KIND[,KIND...]] [--sedge PROGRAM]

Nodes of OTP dial those they do not see once a second, as libcluster's users have them do; those of sedge by their
topology. net_ticktime is 8 s on both: a node of OTP gives a silent peer up after 6 to 10 s.
"""

import argparse
import concurrent.futures
import contextlib
import pathlib
import signal
import statistics
import sys
import time

sys.dont_write_bytecode = True
import members  # noqa: E402
from members import Lab, OtpMember, SedgeMember, wait_until  # noqa: E402
from quiet import differences  # noqa: E402

KINDS = {"sedge": "sss", "OTP": "ooo", "both": "sos"}
FIVE = {"sedge": "sssss", "OTP": "ooooo", "both": "sosso"}  # split after the third
REPORT = 100  # milliseconds


class Cluster:
    """Nodes on machines of their own, all connected."""

    def __init__(self, kinds, busy=False):
        self.lab = Lab(len(kinds))
        self.heard = []
        members.compile_worker(self.lab.folder)
        OtpMember.beams = self.lab.folder
        self.members = [(SedgeMember if kind == "s" else OtpMember)(machine, self.hear)
                        for kind, machine in zip(kinds, self.lab.machines)]
        self.busy = busy

    def hear(self, member, what):
        self.heard.append(f"{member.name}: {what}")

    def __enter__(self):
        try:
            self.lab.build()
            for member in self.members:
                member.start([m.node for m in self.members], busy=self.busy, report=REPORT)
            self.expect(lambda: all(m.up.is_set() for m in self.members), "all to start")
            self.expect(self.is_mesh, "a full mesh at first")
        except BaseException:
            self.lab.tear_down()
            raise
        return self

    def __exit__(self, *_):
        for member in self.members:
            member.ending = True
        self.lab.tear_down()

    def is_mesh(self):
        return is_mesh(self.members)

    def expect(self, holds, what, seconds=60):
        if not wait_until(holds, seconds, every=0.005):
            raise RuntimeError(f"{seconds} s passed waiting for {what}; heard: {self.heard}; {self.differences()}")

    def differences(self):
        return differences({m.node: m.report for m in self.members})

    def others(self, member):
        return [m for m in self.members if m is not member]


def is_mesh(some):
    names = {member.node for member in some}
    return all(member.sees() == names - {member.node} for member in some)


def first(member, what, node, since):
    """When `member` told it after `since`; None if it has not yet."""
    return next((at for at, event, peer in list(member.events) if at >= since and (event, peer) == (what, node)), None)


def seen_by_all(cluster, victim, what, since):
    """Seconds from `since` until the last of the others has told it."""
    at = {m: None for m in cluster.others(victim)}

    def complete():
        for member in at:
            at[member] = at[member] or first(member, what, victim.node, since)
        return all(at.values())

    cluster.expect(complete, f"{what} of {victim.name}")
    return max(at.values()) - since


# -- the rows: each gives {figure: [seconds of each trial]} ------------------------------------------------------------

def killed(kinds, trials):
    """A node is killed (SIGKILL), its machine lives on"""
    out = {"all others have `nodedown`": [], "started again: all others have `nodeup`, after it is up": []}
    with Cluster(KINDS[kinds]) as cluster:
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
    with Cluster(KINDS[kinds]) as cluster:
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
    with Cluster(KINDS[kinds], busy=True) as cluster:  # messages of one incarnation must not reach the next
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
    with Cluster(FIVE[kinds], busy=True) as cluster:
        time.sleep(10)  # names are registered, groups have members
        for member in cluster.members:
            member.tell("quiet")
        time.sleep(5)
        sides = cluster.members[:3], cluster.members[3:]
        across = [(a, b) for a in sides[0] for b in sides[1]]
        for _ in range(trials):
            time.sleep(2)  # a connection is to be older than the look at who dialled; see src/dist/detector.cpp
            since = time.monotonic()
            cluster.lab.drop({tuple(sorted((a.machine.port, b.machine.port))) for a, b in across})
            cluster.expect(lambda: all(is_mesh(side) for side in sides), "two clusters", 40)
            ends = [(one, other) for a, b in across for one, other in ((a, b), (b, a)) if one.kind == "sedge"]
            told = [first(one, "nodedown", other.node, since) for one, other in ends]
            if told:
                out[found].append(max(told) - since)
            time.sleep(max(0.0, since + 20 - time.monotonic()))
            cluster.lab.mend_all()
            healed = time.monotonic()
            cluster.expect(cluster.is_mesh, "a full mesh after the split")
            out[mesh].append(time.monotonic() - healed)
            cluster.expect(lambda: not cluster.differences(), "agreement", 120)
            out[agreed].append(time.monotonic() - healed)
    return {figure: seconds for figure, seconds in out.items() if seconds}


ROWS = {"1": killed, "2": cut_off, "10": power_cycle, "14": split}


def together(measure, kinds, trials, clusters):
    """The trials shared out among so many clusters at a time."""
    with concurrent.futures.ThreadPoolExecutor(clusters) as pool:
        parts = list(pool.map(lambda _: measure(kinds, -(-trials // clusters)), range(clusters)))
    return {figure: sorted(s for part in parts for s in part[figure]) for figure in parts[0]}


def shown(seconds):
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10, help="of each row; those of row 1 are three times as many")
    parser.add_argument("--clusters", type=int, default=1, help="at a time")
    parser.add_argument("--only", default=",".join(ROWS), help=f"of {', '.join(ROWS)}")
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"of {', '.join(KINDS)}")
    parser.add_argument("--sedge", type=pathlib.Path, default=SedgeMember.program_file, help="the program soak_node")
    options = parser.parse_args()
    SedgeMember.program_file = options.sedge.resolve()

    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    print("| row | fault | figure | nodes | trials | median | 99 % | longest |\n|---|---|---|---|---|---|---|---|",
          flush=True)
    for number in options.only.split(","):
        measure = ROWS[number]
        for kinds in options.kinds.split(","):
            figures = together(measure, kinds, options.trials * (3 if number == "1" else 1), options.clusters)
            for figure, seconds in figures.items():
                print(f"| {number} | {measure.__doc__} | {figure} | {kinds} | {len(seconds)} | "
                      f"{shown(statistics.median(seconds))} | {shown(seconds[len(seconds) * 99 // 100])} | "
                      f"{shown(seconds[-1])} |", flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        try:
            main()
        finally:
            for standing in list(Lab.standing):
                standing.tear_down()
