# SPDX-License-Identifier: Apache-2.0
"""What is compared with what: the rows of the table, and the goal of each."""

import dataclasses
import statistics

COLUMNS = ("raw", "otp", "ei", "caf", "sedge")
NAMES = {"raw": "raw TCP", "otp": "OTP 25", "ei": "`ei`", "caf": "CAF", "sedge": "sedge"}


@dataclasses.dataclass(frozen=True)
class Goal:
    """`value` times what column `of` has, or `value` itself; at least or at most."""
    at_most: bool
    value: float
    of: str = ""

    def bound(self, medians):
        if not self.of:
            return self.value
        return self.value * medians[self.of] if medians.get(self.of) is not None else None

    def is_met(self, medians):
        """None: cannot be told, because one of the two was not measured."""
        bound, ours = self.bound(medians), medians.get("sedge")
        if bound is None or ours is None:
            return None
        return ours <= bound if self.at_most else ours >= bound

    def text(self, unit):
        sign = "≤" if self.at_most else "≥"
        if self.of:
            return f"{sign} {self.value:g} × {NAMES[self.of].replace('raw TCP', 'raw')}"
        return f"{sign} {amount(self.value, unit)}"


def at_most(value, of=""):
    return Goal(True, value, of)


def at_least(value, of=""):
    return Goal(False, value, of)


@dataclasses.dataclass(frozen=True)
class Row:
    workload: str
    title: str
    placement: str  # "" where there is only one program or where the kernel places
    metric: str
    unit: str
    goals: tuple = ()
    sides: tuple = ()  # pairs (column, side or (side, metric)) where they differ from the column's name and `metric`

    def keys(self):
        """Column -> (workload, side, placement, metric) of the samples in it."""
        special = dict(self.sides)
        keys = {}
        for column in COLUMNS:
            side = special.get(column, column if not self.sides or column == "sedge" else None)
            if side is None:
                continue
            side, metric = side if isinstance(side, tuple) else (side, self.metric)
            keys[column] = (self.workload, side, self.placement, metric)
        return keys

    def samples(self, measured):
        return {column: measured.get(key, []) for column, key in self.keys().items()}

    def medians(self, measured):
        return {column: statistics.median(values) for column, values in self.samples(measured).items() if values}

    def less_is_better(self):
        return self.unit in ("us", "ms", "ns", "B", "KiB", "MB", "s", "%", "Ir")


def same_columns(*columns):
    return tuple((column, column) for column in columns)


def remote_rows():
    network = same_columns("raw", "otp", "ei", "caf", "sedge")
    for placement in ("same", "split", "free"):
        goals = {"same": (at_most(1.35, "raw"),), "split": (at_most(1.1, "raw"),)}.get(placement, ())
        yield Row("W1", "round trip, mean", placement, "mean", "us", goals, network)
        goals = (at_most(2, "raw"),) if placement == "same" else ()
        yield Row("W1", "round trip, p99", placement, "p99", "us", goals, network)
        if placement == "split":
            both = (("raw", "raw spinning"), ("ei", "ei spinning"), ("sedge", "sedge spinning"))
            yield Row("W1", "round trip, both sides spinning, mean", placement, "mean", "us",
                      (at_most(1.5, "raw"),), both)
    for placement in ("same", "split", "free"):
        goals = {"same": (at_least(4e6),), "split": (at_least(8e6),)}.get(placement, ())
        yield Row("W2", "92 B one way", placement, "messages", "msg/s", goals, network)
    for placement in ("same", "split", "free"):
        goals = (at_least(0.8, "raw"),) if placement != "free" else ()
        yield Row("W3", "1 MiB one way", placement, "rate", "MB/s", goals, network)
    for verb, metric, unit in (("W1", "mean", "us"), ("W2", "messages", "msg/s"), ("W3", "rate", "MB/s")):
        goal = at_most if unit == "us" else at_least
        for placement in ("same", "split"):
            for side in ("sedge to otp", "otp to sedge"):
                factor = 1.4 if (verb, side) == ("W2", "sedge to otp") else 1
                yield Row("W11", f"{verb}, {side.replace('otp', 'OTP')}", placement, f"{verb} {metric}", unit,
                          (goal(factor, "otp"),), (("otp", "otp"), ("sedge", side)))


def all_rows():
    return list(remote_rows())


def amount(value, unit):
    """A figure as people write it."""
    if unit == "msg/s" or unit.endswith("/s") and unit != "MB/s":
        for size, letter in ((1e6, " M"), (1e3, " k")):
            if value >= size:
                return f"{digits(value / size)}{letter}{'' if unit == 'msg/s' else f' {unit}'}"
    if unit == "MB/s" and value >= 1000:
        return f"{digits(value / 1000)} GB/s"
    return f"{digits(value)} {unit.replace('us', 'µs')}".strip()


def digits(value):
    """Three significant digits, without exponents."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
