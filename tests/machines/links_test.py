#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many idle links at once on a network that loses packets: is anybody blamed who is there?

    tests/machines/links_test.py [--nodes 24] [--otp 8] [--minutes 16] [--percent 10] [--sedge PROGRAM]

prints the rows of docs/reliability.md. Nodes of sedge and of OTP on one segment, each on a machine of its own, each
connected to all others, with the usual tick time of 60 s. Loss begins when the mesh is full. Every end of a link is an
observer, and any `nodedown` is false: no fault but the loss happens.
"""

import argparse
import pathlib
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "soak")]
sys.dont_write_bytecode = True
import clusters  # noqa: E402
import measuring  # noqa: E402
import members  # noqa: E402
import nodes  # noqa: E402
from members import SedgeMember  # noqa: E402

KINDS = ("sedge, sedge", "sedge, OTP", "OTP, OTP")


def kind_of(one, other):
    return {0: KINDS[2], 1: KINDS[1], 2: KINDS[0]}[[one.kind, other.kind].count("sedge")]


class Mesh(clusters.Cluster):
    """All connected to all."""

    def begin(self):
        for one in self.lab.machines:
            for other in self.lab.machines:
                if other is not one:
                    one.know([other.address], other)
        for member in self.members:
            member.tick_time = 60 if member.kind == "sedge" else members.TICK_SECONDS
        self.start(busy=False, report=2000)
        self.expect(self.is_mesh, "a full mesh", 120)
        time.sleep(6)  # so that all know each other

    def more_to_tell(self):
        return f"; seen: {[(m.name, len(m.sees())) for m in self.members]}"

    def told(self, since):
        """{kind: [links, suspicions, ends of connections]} since then."""
        by_node = {m.node: m for m in self.members}
        out = {kind: [0, 0, 0] for kind in KINDS}
        for number, one in enumerate(self.members):
            for other in self.members[:number]:
                out[kind_of(one, other)][0] += 1
            for at, event, node in [*one.events, *one.states]:
                if at >= since and event in ("suspect", "nodedown"):
                    out[kind_of(one, by_node[node])][1 if event == "suspect" else 2] += 1
        return out


def measure(sedge, otp, percent, seconds):
    """{kind: (links, hours of links, suspicions, ends)}"""
    with Mesh("s" * sedge + "o" * otp) as mesh:
        mesh.lab.lose(percent)
        since = time.monotonic()
        time.sleep(seconds)
        hours = (time.monotonic() - since) / 3600
        if mesh.heard:
            raise RuntimeError(f"{mesh.heard}")
        return {kind: (links, links * hours, suspicions, ends)
                for kind, (links, suspicions, ends) in mesh.told(since).items() if links}


class Links(unittest.TestCase):
    def test_that_lose_a_tenth_of_all_frames_stay_up(self):
        members.use_program_beside(nodes.SEDGE)
        for kind, (_, _, _, ends) in measure(6, 2, 10, 30).items():
            self.assertEqual(ends, 0, kind)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=24, help="of sedge")
    parser.add_argument("--otp", type=int, default=8, help="nodes of OTP besides")
    parser.add_argument("--minutes", type=float, default=16)
    parser.add_argument("--percent", type=float, default=10, help="of all frames are lost, each way")
    parser.add_argument("--sedge", type=pathlib.Path, default=SedgeMember.program_file, help="the program soak_node")
    options = parser.parse_args()
    SedgeMember.program_file = options.sedge.resolve()
    members.TICK_SECONDS = 60
    told = measure(options.nodes, options.otp, options.percent, options.minutes * 60)
    print("| ends | links | link-hours | suspicions | blamed wrongly |\n|---|---|---|---|---|")
    for kind, (links, hours, suspicions, ends) in told.items():
        print(f"| {kind} | {links} | {hours:.1f} | {suspicions} | {ends} |", flush=True)


if __name__ == "__main__":
    measuring.run(main)
