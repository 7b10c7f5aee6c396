# SPDX-License-Identifier: Apache-2.0
"""Nodes on machines of their own, for programs that measure what faults do to them: rows.py, and detection_test.py and
links_test.py of tests/machines."""

import signal

import members
from lab import Lab
from members import OtpMember, SedgeMember
from measuring import wait_until


class Cluster:
    """One node for each letter: s of sedge, o of OTP. To be entered as a context."""

    def __init__(self, kinds):
        self.lab = Lab(len(kinds))
        self.heard = []  # what should not have happened
        self.members = [(SedgeMember if kind == "s" else OtpMember)(machine, self.hear)
                        for kind, machine in zip(kinds, self.lab.machines)]

    def hear(self, member, what):
        self.heard.append(f"{member.name}: {what}")

    def __enter__(self):
        try:
            members.compile_worker(self.lab.folder)
            for member in self.members:
                member.beams = self.lab.folder
            self.lab.build()
            self.begin()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def begin(self):
        """What is done once the machines stand; others do more."""
        self.start()

    def end(self):
        for member in self.members:
            member.ending = True
            if member.program:
                member.signal(signal.SIGCONT)
        self.lab.tear_down()

    def start(self, **how):
        for member in self.members:
            member.start([m.node for m in self.members], **how)
        self.expect(lambda: all(m.up.is_set() for m in self.members), "all to start")

    def is_mesh(self):
        return is_mesh(self.members)

    def others(self, member):
        return [m for m in self.members if m is not member]

    def expect(self, holds, what, seconds=60):
        if not wait_until(holds, seconds, every=0.005):
            raise RuntimeError(f"{seconds} s passed waiting for {what}; heard: {self.heard}{self.more_to_tell()}")

    def more_to_tell(self):
        """For who has waited in vain."""
        return ""


def is_mesh(some):
    names = {member.node for member in some}
    return all(member.sees() == names - {member.node} for member in some)


def first(member, what, node, since):
    """When `member` told it of `node`, at `since` or later; None if not yet. `what`: nodeup, nodedown, suspect."""
    told = [*member.events, *member.states]
    return min((at for at, event, peer in told if at >= since and (event, peer) == (what, node)), default=None)


def last_before(member, what, node, until):
    """When `member` last told it of `node` before `until`; None if never."""
    return max((at for at, event, peer in [*member.events] if at < until and (event, peer) == (what, node)),
               default=None)
