# SPDX-License-Identifier: Apache-2.0
"""Row 25: a peer stops reading while it is sent much."""

import signal
import time

from clusters import Cluster, first
from measuring import wait_until

KINDS = {"sedge": "sss", "OTP": "ooo", "both": "sos"}  # the sender, who stops reading, a third that is called
ALONE = 4.0  # seconds of calls to the third before, and of calls beside the flood
SMALL = 1000  # processes that send one small message each to the one that stopped (pressure.cpp)
PATIENCE = 90.0  # seconds until the one that stopped is down


class Pressed(Cluster):
    def begin(self):
        self.sender, self.stopped, self.third = self.members
        for member in self.members:
            member.tick_time = 60  # the usual one: it is not what this is about
        self.start(busy=False, reconnect=False, report=100)
        for peer in (self.stopped, self.third):
            self.sender.tell(f"connect {peer.node}")
            self.expect(lambda p=peer: p.node in self.sender.sees() and self.sender.node in p.sees(), "connections")
        self.sender.tell(f"call_often {self.third.node}")
        time.sleep(6)  # so that all know each other

    def pressure(self, seconds):
        """What the sender counts in so many seconds."""
        for _ in range(2):
            self.sender.pressure = {}
            self.sender.tell("pressure")
            self.expect(lambda: self.sender.pressure, "an answer")
            told = self.sender.pressure
            if seconds:
                time.sleep(seconds)
                seconds = 0
        return told

    def memory(self):
        """Megabytes of the sender, now."""
        self.sender.memory.clear()
        self.expect(lambda: self.sender.memory, "a report")
        return self.sender.memory[-1][1] / 1024


def stops_reading(kinds, trials):
    """A node stops reading (SIGSTOP) while another sends it 64 KiB after 64 KiB"""
    taken, waiting = "taken before the sender had to wait, in MB", f"of {SMALL} other processes that sent there once " \
        "have to wait, in processes"
    memory, down = "the sender's program grew by, in MB", "the one that stopped is down"
    before, beside = "calls to a third node before: 99 of 100 within, in ms", "and meanwhile, in ms"
    out = {taken: [], waiting: [], memory: [], before: [], beside: [], down: []}
    for _ in range(trials):
        with Pressed(KINDS[kinds]) as nodes:
            out[before].append(nodes.pressure(ALONE)["p99_us"] / 1000)
            grown_from = nodes.memory()
            since = time.monotonic()
            nodes.stopped.signal(signal.SIGSTOP)
            nodes.sender.tell(f"flood {nodes.stopped.node}")
            time.sleep(2)
            nodes.sender.tell(f"send_small {nodes.stopped.node}")
            told = nodes.pressure(ALONE)
            out[taken].append(told["flooded"] / 1e6)
            out[waiting].append(SMALL - told["passed"])
            out[beside].append(told["p99_us"] / 1000)
            out[memory].append(nodes.memory() - grown_from)
            if wait_until(lambda: lost(nodes, since), since + PATIENCE - time.monotonic()):
                out[down].append(lost(nodes, since) - since)
            if nodes.heard:
                raise RuntimeError(f"{kinds}: {nodes.heard}")
    return out


def lost(nodes, since):
    return first(nodes.sender, "nodedown", nodes.stopped.node, since)
