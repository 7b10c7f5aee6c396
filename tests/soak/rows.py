#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a cluster takes to notice a fault, and to be whole again: nodes of sedge, nodes of OTP, and both together,
by the same steps on the same machine. Prints the table of docs/reliability.md.

    tests/soak/rows.py [--trials N] [--only ROW[,ROW...]] [--sedge PROGRAM]

Nodes of OTP dial those they do not see once a second, as libcluster's users have them do; those of sedge by their
topology. net_ticktime is 8 s on both: a silent peer is given up after 6 to 10 s.
"""

import argparse
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
SIX = {"sedge": "ssssss", "OTP": "oooooo", "both": "sososo"}
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
    """Six nodes are split into three and three for 20 s"""
    out = {"healed: full mesh": [], "healed: names and groups agree too": []}
    with Cluster(SIX[kinds], busy=True) as cluster:
        time.sleep(10)  # names are registered, groups have members
        for member in cluster.members:
            member.tell("quiet")
        time.sleep(5)
        for _ in range(trials):
            half = cluster.members[:3], cluster.members[3:]
            cluster.lab.drop({tuple(sorted((a.machine.port, b.machine.port))) for a in half[0] for b in half[1]})
            cluster.expect(lambda h=half: all(is_mesh(side) for side in h), "two clusters of three", 40)
            time.sleep(8)
            cluster.lab.mend_all()
            healed = time.monotonic()
            cluster.expect(cluster.is_mesh, "a full mesh after the split")
            out["healed: full mesh"].append(time.monotonic() - healed)
            cluster.expect(lambda: not cluster.differences(), "agreement", 120)
            out["healed: names and groups agree too"].append(time.monotonic() - healed)
    return out


ROWS = {"1": killed, "2": cut_off, "10": power_cycle, "14": split}


def shown(seconds):
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10, help="of each row; those of row 1 are three times as many")
    parser.add_argument("--only", default=",".join(ROWS), help=f"of {', '.join(ROWS)}")
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"of {', '.join(KINDS)}")
    parser.add_argument("--sedge", type=pathlib.Path, default=SedgeMember.program_file, help="the program soak_node")
    options = parser.parse_args()
    SedgeMember.program_file = options.sedge.resolve()

    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    print("| row | fault | figure | nodes | trials | median | longest |\n|---|---|---|---|---|---|---|", flush=True)
    for number in options.only.split(","):
        measure = ROWS[number]
        for kinds in options.kinds.split(","):
            figures = measure(kinds, options.trials * (3 if number == "1" else 1))
            for figure, seconds in figures.items():
                print(f"| {number} | {measure.__doc__} | {figure} | {kinds} | {len(seconds)} | "
                      f"{shown(statistics.median(seconds))} | {shown(max(seconds))} |", flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        try:
            main()
        finally:
            for standing in list(Lab.standing):
                standing.tear_down()
