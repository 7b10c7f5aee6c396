# SPDX-License-Identifier: Apache-2.0
"""Row 11: a second node starts under a name that a living one has."""

import contextlib
import time

import members
from clusters import Cluster, first
from lab import run

TWINS = {"sedge": "sss", "OTP": "ooo", "both": "sos"}  # the one that was there, the newcomer, who knows them
SHARED = "172.24.176.100"  # an address of both their machines, so that each has a port mapper that knows no other
FRESH = 6.0  # seconds; a connection of that age is like any older one


class Twins(Cluster):
    """Two nodes of one name on two machines, or on one, and a third node that the first is connected to."""

    def __init__(self, kinds, one_machine=False):
        super().__init__(kinds)
        self.one_machine = one_machine
        self.old, self.new, self.other = self.members
        if one_machine:
            self.new.machine = self.old.machine
        for twin in (self.old, self.new):
            twin.node = f"twin@{self.old.machine.address if one_machine else SHARED}"
            twin.name = f"the {'first' if twin is self.old else 'second'} twin"

    def begin(self):
        if not self.one_machine:
            for twin in (self.old, self.new):
                run("ip", "-n", twin.machine.namespace, "addr", "add", f"{SHARED}/32", "dev", "lo")
        for member in (self.old, self.other):
            self.begin_one(member)
        self.old.tell(f"connect {self.other.node}")
        self.expect(lambda: self.old.node in self.other.sees(), "the first to be connected")
        time.sleep(FRESH)

    def begin_one(self, member):
        member.start([self.old.node, self.other.node], busy=False, reconnect=False, report=100)
        self.expect(member.up.is_set, f"{member.name} to start")


def newcomer_here(kinds, trials):
    """A second node of the same name starts on the same machine"""
    ended, downs = "the second has ended, after its start", "times the first lost a connection, in losses"
    out = {ended: [], downs: [], "the second ended with, in exit code": []}
    with Twins(TWINS[kinds], one_machine=True) as twins:
        for _ in range(trials):
            since = time.monotonic()
            start_in_vain(twins.new, [twins.other.node])
            code = twins.new.program.wait(30)
            out[ended].append(time.monotonic() - since)
            out["the second ended with, in exit code"].append(code)
            time.sleep(1)
            out[downs].append(sum(at >= since and event == "nodedown" for at, event, _ in twins.other.events))
            if not twins.old.sees() or twins.old.program.poll() is not None:
                raise RuntimeError(f"the first was harmed: {twins.heard}")
    return out


def start_in_vain(member, peers):
    with contextlib.suppress(BrokenPipeError):
        member.start(peers, busy=False, reconnect=False)
    member.ending = True  # so that its end is no surprise


def newcomer(kinds, trials):
    """A second node of the same name starts on another machine, and dials who is connected to the first"""
    taken, lost = "the third has the newcomer in place of the first", "the first has `nodedown` of the third"
    back = "the first dials again: the third has it in place of the newcomer"
    order = "of `nodedown` and `nodeup` on the third out of order, in trials"
    out = {taken: [], lost: [], back: [], order: []}
    for _ in range(trials):
        with Twins(TWINS[kinds]) as twins:
            twins.begin_one(twins.new)
            since = time.monotonic()
            twins.new.tell(f"connect {twins.other.node}")
            out[taken].append(replaced(twins, since, by=twins.new))
            twins.expect(lambda: first(twins.old, "nodedown", twins.other.node, since), "the first to notice")
            out[lost].append(first(twins.old, "nodedown", twins.other.node, since) - since)
            time.sleep(FRESH)
            again = time.monotonic()
            twins.old.tell(f"connect {twins.other.node}")
            out[back].append(replaced(twins, again, by=twins.old))
            time.sleep(1)
            told = [event for at, event, node in twins.other.events if at >= since and node == twins.old.node]
            out[order].append(int(told != ["nodedown", "nodeup"] * 2))
            if twins.heard:
                raise RuntimeError(f"{kinds}: {twins.heard}")
    return out


def replaced(twins, since, by):
    """Seconds until the third node had told of the loss of one twin, and of the other that has its place."""
    def is_so():
        return all(first(twins.other, what, twins.old.node, since) for what in ("nodedown", "nodeup")) \
            and first(by, "nodeup", twins.other.node, since)

    twins.expect(is_so, f"{by.name} to take the place of its twin", members.TICK_SECONDS * 3)
    return first(twins.other, "nodeup", twins.old.node, since) - since
