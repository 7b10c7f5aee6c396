# SPDX-License-Identifier: Apache-2.0
"""What is compared with what: the rows of the table, and the goal of each."""

import dataclasses
import statistics

COLUMNS = ("raw", "otp", "ei", "caf", "sedge")
NAMES = {"raw": "raw", "otp": "OTP 25", "ei": "`ei`", "caf": "CAF", "sedge": "sedge", "libcluster": "libcluster"}


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
            return f"{sign} {self.value:g} × {NAMES[self.of]}"
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
    measured_by: str = ""  # another workload, whose programs tell this, too

    def keys(self):
        """Column -> (workload, side, placement, metric) of the samples in it."""
        special = dict(self.sides)
        keys = {}
        for column in COLUMNS:
            side = special.get(column, column if not self.sides or column == "sedge" else None)
            if side is None:
                continue
            side, metric = side if isinstance(side, tuple) else (side, self.metric)
            keys[column] = (self.measured_by or self.workload, side, self.placement, metric)
        return keys

    def full_title(self):
        """With the placement, where that is not told by the title."""
        return self.title + (f", {self.placement}" if self.placement and self.workload != "W7"
                             and not self.measured_by else "")

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


def local_rows():
    beside = same_columns("otp", "caf", "sedge")
    for workers in ("1 worker", "2 workers"):
        goals = (at_least(16e6),) if workers == "1 worker" else ()
        yield Row("W4", "two processes send to each other", workers, "pingpong", "msg/s", goals, beside)
        yield Row("W4", "100 processes send to one", workers, "fanin", "msg/s", (at_least(15e6),), beside)
    yield Row("W4", "the two on different workers", "2 workers", "pingpong apart", "msg/s", (), beside)
    yield Row("W4", "spawn", "1 worker", "spawn", "proc/s", (at_least(3e6),), beside)
    yield Row("W4", "spawn, in memory that it has", "1 worker", "spawn again", "proc/s", (at_least(3e6),), beside)
    yield Row("W4", "memory for a process, only touched", "1 worker", "the memory for it, only touched", "proc/s", (),
              beside)
    yield Row("W4", "memory of an idle process", "1 worker", "bytes per process", "B", (at_most(512),), beside)


def codec_rows():
    """`ei` reads into local variables as `read` does; OTP builds terms as `build` does: compared is like with like."""
    goals_of_a = {"encode": (at_most(35),), "read": (at_most(25),), "build": (at_most(120),)}
    for name, what in (("a_small", "a call, 126 B"), ("b_map1k", "a map, 1,000 B"), ("c_ints10k", "10,000 integers"),
                       ("e_atoms200", "200 atoms")):
        for job in ("encode", "read", "build"):
            goals = goals_of_a[job] if name == "a_small" else (at_most(0.25, "ei"),) if job != "build" else ()
            sides = (("raw", ("raw", f"{name} copy")), ("sedge", "sedge"))
            if job != "read":
                sides += (("otp", ("otp", f"{name} {'encode' if job == 'encode' else 'decode'}")),)
            if job != "build":
                sides += (("ei", ("ei", f"{name} {'encode' if job == 'encode' else 'decode'}")),)
            yield Row("W5", f"{what}: {job}", "", f"{name} {job}", "ns", goals, sides)


def life_rows():
    beside = same_columns("otp", "ei", "sedge")
    elixir = (("otp", "elixir"), ("sedge", "sedge"))
    yield Row("W6", "start until it accepts", "", "start", "ms", (at_most(10),), beside)
    yield Row("W6", "start until it accepts, beside Elixir", "", "start", "ms", (), elixir)
    yield Row("W6", "idle, resident memory", "", "RSS", "MB", (at_most(6),), beside)
    yield Row("W6", "idle, resident memory, beside Elixir", "", "RSS", "MB", (), elixir)
    for placement in ("same", "split", "free"):
        yield Row("W8", "killed until its peer says so", placement, "down", "ms", (at_most(1),), beside)


def mesh_rows():
    """OTP's side of Gossip is libcluster; of Epmd, a list of nodes that each node pings, as libcluster's Epmd does."""
    for strategy, other in (("gossip", "libcluster"), ("epmd", "otp")):
        name, sides = strategy.capitalize(), (("otp", other), ("sedge", "sedge"))
        for metric, title, unit, goals in (
                ("last strategy up to full mesh", "last strategy up to full mesh", "ms", (at_most(60),)),
                ("CPU until full mesh", "CPU of all until then", "s", (at_most(1.0),)),
                ("RSS of all", "resident memory of all", "MB", (at_most(300),)),
                ("idle CPU of all", "idle CPU of all, of a core", "%", (at_most(0.5),))):
            yield Row("W7", f"50 programs, {name}: {title}", strategy, f"{strategy} N=50: {metric}", unit,
                      goals if strategy == "gossip" else (), sides)
        yield Row("W7", f"100 programs, {name}: idle CPU of all", strategy, f"{strategy} N=100: idle CPU of all", "%",
                  (at_most(1.0),) if strategy == "gossip" else (), sides)
        yield Row("W8", f"50 programs, {name}: killed until all others say so", strategy,
                  f"{strategy} N=50: kill -9 until all others know", "ms", (), sides, "W7")
        yield Row("W8", f"50 programs, {name}: started again until full mesh", strategy,
                  f"{strategy} N=50: started again until full mesh", "ms", (), sides, "W7")


def load_rows():
    beside = same_columns("otp", "sedge")
    yield Row("W9", "small call beside 200 MB both ways, p99", "free", "p99", "ms",
              (at_most(2), at_most(0.5, "otp")), beside)
    yield Row("W9", "the 200 MB, each way", "free", "rate", "MB/s", (), beside)
    yield Row("W10", "1,000 connections: memory of one", "split", "memory of a connection", "KiB", (at_most(64),),
              beside)
    yield Row("W10", "1,000 connections: p99", "split", "p99", "ms", (at_most(5),), beside)
    yield Row("W10", "1,000 connections: CPU", "split", "CPU", "%", (at_most(0.5, "otp"),), beside)


def all_rows():
    rows = [*remote_rows(), *local_rows(), *codec_rows(), *life_rows(), *mesh_rows(), *load_rows()]
    return sorted(rows, key=lambda row: int(row.workload[1:]))


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
