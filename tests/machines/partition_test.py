#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One link of four nodes A, B, C, x is cut: who loses whom, in clusters of OTP alone and in mixed ones?

OTP 25 prevents overlapping partitions: who loses a node tells the others, and these drop the node as well. So one cut
link can cost a healthy node its place. Which end of the link goes depends on who notices first: that one tells on the
other, and with the other gone from everywhere its own loss of the first concerns nobody any more. If both notice within
the same moment, both go. The same steps are run with and without sedge, and the outcomes compared.

    tests/machines/partition_test.py [--trials N]    prints the tables of docs/reliability.md
"""

import argparse
import collections
import dataclasses
import pathlib
import statistics
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "soak")]
sys.dont_write_bytecode = True
import logs  # noqa: E402
import measuring  # noqa: E402
import members  # noqa: E402
import nodes  # noqa: E402
from lab import Lab  # noqa: E402
from members import OtpMember, SedgeMember, wait_until  # noqa: E402

ROLES = "ABCx"
SETTLED = 5.0  # seconds: the nodes see each other at once, `global` has paired them after 1.5 s
OBSERVED = 15.0  # a silent peer is given up after 6 to 10 s


@dataclasses.dataclass(frozen=True)
class Case:
    sedge: str  # which of the four are nodes of sedge
    link: str  # the two ends of the cut link
    reports: str = ""  # what nodes of sedge report: one of REPORTS; "" is their default
    dialling: bool = False  # whether every node dials those it does not see, each second, as libcluster users want it
    seconds: float = OBSERVED

    def __str__(self):
        kinds = f"{self.sedge} of sedge" if self.sedge else "OTP alone"
        return f"{kinds}, {self.link[0]}-{self.link[1]} cut" + (f", report {self.reports}" if self.reports else "")


@dataclasses.dataclass
class Outcome:
    case: Case
    sees: dict  # role -> roles seen in the end
    logged: dict  # role of an OTP node -> short names of what it logged
    unexpected: list  # sentences
    downs: int  # losses of a node over a link that was not cut, counted at both ends

    def views(self):
        return " ".join(f"{role}:{''.join(self.sees[role]) or '-'}" for role in ROLES)

    def alone(self):
        return "".join(role for role in ROLES if not self.sees[role])

    def is_overlap(self):
        """Whether those that are not alone do not all see each other."""
        left = [role for role in ROLES if self.sees[role]]
        return any(self.sees[role] != [r for r in left if r != role] for role in left)

    def logged_by(self, at_the_cut):
        return {what for role, lines in self.logged.items() if (role in self.case.link) == at_the_cut for what in lines}


def run(case):
    with Lab(4) as lab:
        members.compile_worker(lab.folder)
        unexpected = []
        four = {}
        for role, machine in zip(ROLES, lab.machines):
            kind = SedgeMember if role in case.sedge else OtpMember
            four[role] = kind(machine, lambda member, what: unexpected.append(f"{member.name}: {what}"))
            four[role].beams = lab.folder
        outcome = observe(case, lab, four)
        outcome.unexpected += unexpected
        return outcome


def observe(case, lab, four):
    role_of = {member.node: role for role, member in four.items()}
    for role, member in four.items():
        extra = ["--set", f"node.lost_connections={case.reports}"] if case.reports and role in case.sedge else []
        member.start(list(role_of), busy=False, reconnect=case.dialling, extra=extra)
    if not all(member.up.wait(30) for member in four.values()):
        raise RuntimeError(f"{case}: a node did not start")
    for later in ROLES[1:]:  # each joins by dialling those that are there
        for earlier in ROLES[:ROLES.index(later)]:
            four[later].tell(f"connect {four[earlier].node}")
    if not wait_until(lambda: all(len(member.sees()) == 3 for member in four.values()), 30):
        raise RuntimeError(f"{case}: no full mesh: { {r: sorted(m.sees()) for r, m in four.items()} }")
    time.sleep(SETTLED)
    before = {role: dict(member.report.get("node_downs", {})) for role, member in four.items()}
    lab.cut_between(*(four[role].machine for role in case.link))
    time.sleep(case.seconds)
    asked = time.monotonic()
    wait_until(lambda: all(member.report_at > asked for member in four.values()), 5)
    logged, unknown, downs = {}, [], 0
    for role, member in four.items():
        member.ending = True
        known, strange = logs.sort_out(member.kind, member.complaints())
        unknown += [f"{role} logged: {line}" for line in strange]
        if member.kind == "otp":
            logged[role] = set(known)
        for node, count in member.report["node_downs"].items():
            if {role, role_of[node]} != set(case.link):
                downs += count - before[role].get(node, 0)
    sees = {role: sorted(role_of[node] for node in member.sees()) for role, member in four.items()}
    return Outcome(case, sees, logged, unknown, downs)


def run_all(cases, jobs):
    # Four idle nodes cost next to nothing, so several of these clusters stand side by side.
    return measuring.together(lambda number: run(cases[number]), len(cases), jobs)


REFERENCE = [Case("", "AB"), Case("", "Ax"), Case("", "Cx")]
MIXED = [("x", "AB"), ("x", "Ax"), ("Cx", "AB"), ("Cx", "Ax"), ("Cx", "Cx")]
REPORTS = ("always", "one_end", "never")  # otp::loss_reports


class OneLinkIsCut(unittest.TestCase):
    """Of a mixed cluster nothing is expected but what OTP alone does in the same place."""

    @classmethod
    def setUpClass(cls):
        members.use_program_beside(nodes.SEDGE)
        mixed = [Case(sedge, link) for sedge, link in MIXED] + [Case("x", "Ax", "always"), Case("Cx", "Cx", "always")]
        cls.outcomes = run_all(REFERENCE + mixed, jobs=5)
        cls.pure = [o for o in cls.outcomes if not o.case.sedge]
        cls.mixed = [o for o in cls.outcomes if o.case.sedge]

    def test_one_end_of_the_link_is_dropped_by_all_or_both_are_as_in_otp(self):
        for outcome in self.outcomes:
            with self.subTest(str(outcome.case)):
                self.assertIn(outcome.alone(), [*outcome.case.link, outcome.case.link], outcome.views())
                self.assertFalse(outcome.is_overlap(), outcome.views())

    def test_otp_nodes_log_nothing_that_they_do_not_log_among_themselves(self):
        for outcome in self.mixed:
            with self.subTest(str(outcome.case)):
                self.assertEqual(outcome.unexpected, [])
                for at_the_cut in (True, False):
                    known = {what for pure in self.pure for what in pure.logged_by(at_the_cut)}
                    self.assertLessEqual(outcome.logged_by(at_the_cut), known)


def table(outcomes):
    rows = ["| nodes of sedge | link cut | sedge reports | trials | alone in the end | overlaps | "
            "losses over good links | OTP logged |", "|---|---|---|---|---|---|---|---|"]
    for case in dict.fromkeys(outcome.case for outcome in outcomes):
        of_it = [outcome for outcome in outcomes if outcome.case == case]
        alone = collections.Counter(outcome.alone() or "nobody" for outcome in of_it)
        logged = sorted({what for o in of_it for what in [*o.logged_by(True), *o.logged_by(False), *o.unexpected]})
        rows.append(" | ".join([
            f"| {' and '.join(case.sedge) or 'none'}", "-".join(case.link), case.reports or "-", str(len(of_it)),
            ", ".join(f"{' and '.join(who) if who in (case.link,) else who}: {n}" for who, n in sorted(alone.items())),
            str(sum(o.is_overlap() for o in of_it)), f"{statistics.mean(o.downs for o in of_it):.1f}",
            f"{'; '.join(logged) or 'nothing'} |"]))
    return "\n".join(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=5, help="of each case")
    parser.add_argument("--jobs", type=int, default=5, help="clusters at a time")
    parser.add_argument("--sedge", type=pathlib.Path, default=SedgeMember.program_file, help="the program soak_node")
    options = parser.parse_args()
    SedgeMember.program_file = options.sedge.resolve()
    cases = REFERENCE + [Case(sedge, link, reports) for sedge, link in MIXED for reports in REPORTS]
    dialling = [dataclasses.replace(case, dialling=True, seconds=45.0) for case in cases]
    print("No node dials, 15 s after the cut:\n")
    print(table(run_all(cases * options.trials, options.jobs)), flush=True)
    print("\nEvery node dials those it does not see, each second; 45 s after the cut:\n")
    print(table(run_all(dialling * options.trials, options.jobs)))


if __name__ == "__main__":
    measuring.run(main)
