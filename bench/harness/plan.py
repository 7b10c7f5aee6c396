# SPDX-License-Identifier: Apache-2.0
"""What is run for which workload, in the order of a round."""

import dataclasses

from bench.harness import remote

WORKLOADS = ("W1", "W2", "W3", "W11")


@dataclasses.dataclass(frozen=True)
class Step:
    """One measurement of one side. `run` gives (side, metric, value)."""
    workload: str
    side: str
    placement: str
    how: object = dataclasses.field(compare=False)

    def run(self, programs):
        for metric, value, _ in self.how(programs):
            yield self.side, metric, value

    def __str__(self):
        return " ".join(word for word in (self.workload, self.side, self.placement) if word)


def needs(side):
    """The peers that a side is made of."""
    return set(side.removesuffix(" spinning").split(" to "))


def remote_step(workload, side, placement):
    return Step(workload, side, placement, lambda programs: remote.measure(programs, workload, side, placement))


def both_ways_step(verb, side, placement):
    """W11: the metric is named after the workload that it repeats."""
    def how(programs):
        return [(f"{verb} {metric}", value, unit)
                for metric, value, unit in remote.measure(programs, verb, side, placement)]
    return Step("W11", side, placement, how)


def all_steps(workloads, placements):
    for placement in placements:
        for workload in (w for w in ("W1", "W2", "W3") if w in workloads):
            for side in ("raw", "otp", "ei", "caf", "sedge"):
                yield remote_step(workload, side, placement)
            if workload == "W1" and placement == "split":
                # sedge has no such option so far; its cell stays empty.
                for side in ("raw spinning", "ei spinning"):
                    yield remote_step(workload, side, placement)
        if "W11" in workloads and placement != "free":
            for verb in ("W1", "W2", "W3"):
                for side in ("otp", "sedge to otp", "otp to sedge"):
                    yield both_ways_step(verb, side, placement)


def steps(programs, workloads, placements, sides=None):
    """Those that can be run here: all peers of a side are installed, and it is one of `sides` if those are given."""
    return [step for step in all_steps(workloads, placements)
            if not needs(step.side) & set(programs.missing) and (not sides or needs(step.side) & set(sides))]
