# SPDX-License-Identifier: Apache-2.0
"""The mixed cluster soak: nodes of sedge and of OTP in namespaces, traffic, a fault every few seconds, a verdict.

Started by scripts/soak, which builds the node of sedge first. README.md beside this file says what is promised and how
it is checked.
"""

import argparse
import json
import pathlib
import random
import shutil
import signal
import statistics
import sys
import time

sys.dont_write_bytecode = True
import members  # noqa: E402
from members import Lab, OtpMember, SedgeMember, wait_until  # noqa: E402
from logs import sort_out  # noqa: E402
from quiet import differences, unequal_contested  # noqa: E402

FAULT_EVERY = 5.0
FAULTED_AT_ONCE = 3
MESH_WITHIN = 60.0  # after the last fault; what it took is told
AGREE_WITHIN = 60.0
TALK_ON = 8.0  # in the whole cluster, before all falls quiet
MEMORY_WARM_UP = 30.0  # seconds of a node's life
MEMORY_GROWTH_MAX = 8 * 1024  # kilobytes, between the first and the last quarter of the time after that


class Soak:
    def __init__(self, options, lab):
        self.options = options
        self.chance = random.Random(options.seed)
        self.lab = lab
        self.violations = []
        self.faults = {"kill": 0, "power": 0, "cut": 0}
        self.due = []  # (when, what, member): "start", "power on" or "mend"
        sedge, otp = options.nodes
        kinds = [SedgeMember] * sedge + [OtpMember] * otp
        self.members = [kind(machine, self.hear) for kind, machine in zip(kinds, lab.machines)]
        # Memory can be judged only in a node that lives long; this one has its cable cut, but is not killed.
        self.spared = self.members[0]
        self.turns = []  # whose turn it is to be faulted, and how: all come equally often, in any order
        self.hows = []
        self.began = time.monotonic()

    def hear(self, member, what):
        self.violations.append(f"{time.monotonic() - self.began:.1f} s, {member.name}: {what}")
        if len(self.violations) <= 20:
            self.show(f"VIOLATION  {member.name}: {what}")

    def show(self, text):
        print(f"{time.monotonic() - self.began:7.1f} s  {text}", flush=True)

    def totals(self):
        return {key: sum(m.total(key) for m in self.members) for key in members.Member.summed}

    # -- the run ---------------------------------------------------------------------------------------------------

    def run(self):
        everybody = [m.node for m in self.members]
        for member in self.members:
            extra = self.mistake(member)
            member.start(everybody, rate=self.options.rate, extra=extra)
        if not all(member.up.wait(30) for member in self.members):
            raise RuntimeError("a node did not start; " + "; ".join(m.output()[-500:] for m in self.members))
        if not wait_until(self.is_mesh, MESH_WITHIN):
            self.violations.append(f"no full mesh after start: {self.missing()}")
        self.show(f"{len(everybody)} nodes see each other")
        self.work()
        calm = time.monotonic()
        self.end_faults()
        meshed = wait_until(self.is_mesh, MESH_WITHIN)
        mesh = time.monotonic() - calm
        if not meshed:
            self.violations.append(f"no full mesh {MESH_WITHIN:.0f} s after the last fault: {self.missing()}")
        self.show(f"full mesh {mesh:.1f} s after the last fault; all talk on")
        time.sleep(TALK_ON)
        for member in self.members:
            member.tell("quiet")
        quiet = time.monotonic()
        time.sleep(3)  # calls and messages under way come to their end
        agreed = wait_until(lambda: not self.disagreements(quiet), AGREE_WITHIN, every=0.5)
        self.violations += [] if agreed else self.disagreements(quiet)
        self.show(f"agreed {time.monotonic() - quiet:.1f} s after falling quiet" if agreed else "no agreement")
        return self.verdict(mesh)

    def end(self):
        for member in self.members:
            member.ending = True

    def mistake(self, member):
        return ["--mistake", self.options.mistake] if self.options.mistake and member is self.spared else []

    def work(self):
        self.faults_began = time.monotonic()
        end = self.faults_began + self.options.minutes * 60
        fault_at = self.faults_began + FAULT_EVERY
        while time.monotonic() < end:
            self.carry_out_due()
            if time.monotonic() >= fault_at:
                fault_at += FAULT_EVERY
                self.show(f"{self.fault():<28}{self.progress()}")
            time.sleep(0.05)

    def drawn(self, deck, cards, fits=lambda card: True):
        """The next card of the deck that fits; the deck is filled and shuffled when it has none."""
        if not any(fits(card) for card in deck):
            deck += self.chance.sample(cards, len(cards))
        return deck.pop(next(at for at, card in enumerate(deck) if fits(card)))

    def fault(self):
        faulted = {member for _, _, member in self.due}
        if len(faulted) >= FAULTED_AT_ONCE:
            return ""
        member = self.drawn(self.turns, self.members, lambda m: m not in faulted)
        kind = "cut" if member is self.spared else self.drawn(self.hows, ["cut", "cut", "kill", "kill", "power"])
        self.faults[kind] += 1
        # Some cuts are shorter than it takes to notice them: then nothing may be lost.
        seconds = 1 if kind == "kill" else self.chance.choice([1, 3, 5, 12])
        after = {"cut": "mend", "kill": "start", "power": "power on"}[kind]
        if kind == "cut":
            member.machine.cut()
        elif kind == "kill":
            member.kill()
        else:
            member.lose_power()
        self.due.append((time.monotonic() + seconds, after, member))
        return f"{kind} {member.name} ({member.kind}), {seconds} s"

    def carry_out_due(self, everything=False):
        now = time.monotonic()
        for entry in [e for e in self.due if everything or e[0] <= now]:
            self.due.remove(entry)
            _, what, member = entry
            if what == "mend":
                member.machine.mend()
            else:
                if what == "power on":
                    member.machine.power_on()
                member.again()

    def end_faults(self):
        self.carry_out_due(everything=True)
        for member in self.members:
            member.up.wait(30)

    def progress(self):
        sums = self.totals()
        return (f"{sums['received']} messages, {sums['bytes'] >> 20} MiB, {sums['calls']} calls, {sums['downs']} DOWN, "
                f"{len(self.violations)} violations")

    # -- what holds ------------------------------------------------------------------------------------------------

    def is_mesh(self):
        return not self.missing()

    def missing(self):
        everybody = {m.node for m in self.members}
        return {m.name: sorted(everybody - {m.node} - m.sees()) for m in self.members
                if everybody - {m.node} != m.sees()}

    def disagreements(self, since):
        late = [m.name for m in self.members if m.report_at < since]
        if late:
            return [f"no report of {', '.join(late)}"]
        return differences({m.node: m.report for m in self.members})

    def growth(self):
        """Of each node of sedge that lived long enough: kilobytes between the first and the last quarter."""
        out = {}
        for member in self.members:
            warm = [kilobytes for at, kilobytes in member.memory if at >= MEMORY_WARM_UP]
            if member.kind == "sedge" and len(warm) >= 20:
                part = len(warm) // 4
                out[member.name] = round(statistics.median(warm[-part:]) - statistics.median(warm[:part]))
        return out

    def by_minute(self):
        """Of the node of sedge that is never killed: kilobytes in the median, for each minute of its life."""
        minutes = {}
        for at, kilobytes in self.members[0].memory:
            minutes.setdefault(int(at // 60), []).append(kilobytes)
        return [round(statistics.median(minutes[minute])) for minute in sorted(minutes)]

    def verdict(self, mesh):
        sums = self.totals()
        logged = {"sedge": {}, "otp": {}}
        for member in self.members:
            known, unknown = sort_out(member.kind, member.complaints())
            for why, count in known.items():
                logged[member.kind][why] = logged[member.kind].get(why, 0) + count
            self.violations += [f"{member.name} logged: {line[:400]}" for line in unknown]
        contested = unequal_contested({m.node: m.report for m in self.members})
        growth = self.growth()
        self.violations += [f"{name} has grown by {by} kB" for name, by in growth.items() if by > MEMORY_GROWTH_MAX]
        for idle in (key for key in ("received", "calls", "downs") if sums[key] == 0):
            self.violations.append(f"there were no {idle}: nothing was tried")
        return {
            "soak": "+".join(map(str, self.options.nodes)), "seed": self.options.seed,
            "seconds": round(self.options.minutes * 60), "faults": self.faults, **sums,
            "contested_names_unequal": len(contested), "memory_growth_kb": growth,
            "memory_kb": {m.name: m.memory[-1][1] for m in self.members if m.memory},
            "memory_kb_by_minute": self.by_minute(),
            "seconds_to_mesh": round(mesh, 1), "logged": logged, "violations": self.violations[:50],
            "verdict": "failed" if self.violations else "passed"}


def node_counts(text):
    sedge, _, otp = text.partition("+")
    return int(sedge), int(otp)


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak", description=(
        "Nodes of sedge and of OTP in one cluster, each on a machine of its own (a network namespace), with messages, "
        "calls, monitors, groups and names between all of them, and a fault every 5 s: SIGKILL of a node, power that "
        "goes, a cut cable. Exit code 0 only if every promise was kept. Needs root."))
    parser.add_argument("--minutes", type=float, default=30, help="of faults; some 30 s come before and after")
    parser.add_argument("--nodes", type=node_counts, default=(3, 3), metavar="SEDGE+OTP", help="3+3 unless given")
    parser.add_argument("--seed", type=int, default=None, help="of the faults; any unless given")
    parser.add_argument("--rate", type=int, default=10, help="messages a second from each node to each other")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="the result goes there too")
    parser.add_argument("--mistake", choices=["lost", "twice", "swapped", "damaged"],
                        help="a node of sedge makes it once: to see that it is found")
    parser.add_argument("--sedge", type=pathlib.Path, default=SedgeMember.program_file, help="the program soak_node")
    options = parser.parse_args()
    SedgeMember.program_file = options.sedge.resolve()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 31)
    if options.mistake and not options.nodes[0]:
        parser.error("--mistake needs a node of sedge")

    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    lab = Lab(sum(options.nodes))
    try:
        members.compile_worker(lab.folder)
        OtpMember.beams = lab.folder
        lab.build()
        print(f"seed {options.seed}", flush=True)
        soak = Soak(options, lab)
        try:
            result = soak.run()
        finally:
            soak.end()
        if result["verdict"] != "passed":
            kept = members.ROOT / "build/soak-logs"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(lab.folder, kept)
            print(f"what the nodes wrote is in {kept.relative_to(members.ROOT)}")
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    finally:
        lab.tear_down()
    for violation in result["violations"]:
        print(f"  {violation}")
    print(json.dumps(result), flush=True)
    if options.json:
        options.json.write_text(json.dumps(result) + "\n", encoding="utf-8")
    print("1 passed, 0 failed" if result["verdict"] == "passed" else "0 passed, 1 failed")
    return 0 if result["verdict"] == "passed" else 1


if __name__ == "__main__":
    sys.exit(main())
