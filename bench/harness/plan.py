# SPDX-License-Identifier: Apache-2.0
"""What is run for which workload, in the order of a round."""

import dataclasses

from bench.harness import alone, life, load, mesh, remote

WORKLOADS = ("W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9", "W10", "W11", "scale")


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
    return {"otp" if part == "elixir" else part for part in side.removesuffix(" spinning").split(" to ")}


def remote_step(workload, side, placement):
    return Step(workload, side, placement, lambda programs: remote.measure(programs, workload, side, placement))


def both_ways_step(verb, side, placement):
    """W11: the metric is named after the workload that it repeats."""
    def how(programs):
        return [(f"{verb} {metric}", value, unit)
                for metric, value, unit in remote.measure(programs, verb, side, placement)]
    return Step("W11", side, placement, how)


def local_step(side, workers):
    return Step("W4", side, workers, lambda programs: alone.local(programs, side, workers))


def plain_step(workload, side, placement, job):
    return Step(workload, side, placement, lambda programs: job(programs, side))


def all_steps(workloads, placements):
    for placement in placements:
        for workload in (w for w in ("W1", "W2", "W3") if w in workloads):
            for side in ("raw", "otp", "ei", "caf", "sedge"):
                yield remote_step(workload, side, placement)
            if workload == "W1" and placement == "split":
                for side in ("raw spinning", "ei spinning", "sedge spinning"):
                    yield remote_step(workload, side, placement)
        if "W11" in workloads and placement != "free":
            for verb in ("W1", "W2", "W3"):
                for side in ("otp", "sedge to otp", "otp to sedge"):
                    yield both_ways_step(verb, side, placement)


    if "W4" in workloads:
        for workers in alone.WORKERS:
            for side in ("otp", "caf", "sedge"):
                yield local_step(side, workers)
    if "W5" in workloads:
        for side in ("raw", "otp", "ei", "sedge"):
            yield plain_step("W5", side, "", alone.codec)
    if "W6" in workloads:
        for side in ("otp", "elixir", "ei", "sedge"):
            yield plain_step("W6", side, "", life.start_and_idle)
    if "W7" in workloads and mesh.is_there():
        for side, strategy in mesh.SIDES:
            yield Step("W7", side, strategy,
                       lambda programs, s=side, how=strategy: mesh.measure(programs, s, how))
    if "W8" in workloads:
        for placement in placements:
            for side in ("otp", "ei", "sedge"):
                yield Step("W8", side, placement,
                           lambda programs, s=side, p=placement: life.kill_until_down(programs, s, p))
    if "W9" in workloads:
        for side in ("otp", "sedge"):
            yield plain_step("W9", side, "free", load.small_beside_large)
    if "W10" in workloads:
        for side in ("otp", "sedge"):
            yield plain_step("W10", side, "split", load.many_connections)


def steps(programs, workloads, placements, sides=None):
    """(those that can be run here, the peers without which others cannot). Only `sides` if they are given."""
    wanted = [step for step in all_steps(workloads, placements) if not sides or needs(step.side) & set(sides)]
    missing = {peer: why for peer, why in programs.missing.items() if any(peer in needs(step.side) for step in wanted)}
    return [step for step in wanted if not needs(step.side) & set(missing)], missing
