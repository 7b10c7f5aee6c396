#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Somebody on the network without the cookie floods a node: what does it cost the node, and can others still join it?

    chrt -r 1 tests/machines/floods_test.py [--seconds 30] [--trials 20] [--only 27,30,...]

prints the table of docs/reliability.md. Three machines: a node under attack, a friend that is started again and again
while the attack goes on, and the attacker (attacker.cpp). The attacker has the addresses .20 to .219 of the segment,
because one address is not let in often enough to matter. Attacks are aimed at sedge only.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import measuring  # noqa: E402
import nodes  # noqa: E402
from lab import NETWORK, Lab, run  # noqa: E402
from measuring import shown  # noqa: E402
from nodes import COOKIE, GOSSIP_TOPOLOGY, epmd_topology  # noqa: E402

PORT = 9100  # of the node under attack
SOURCES = [f"{NETWORK}.{host}" for host in range(20, 220)]
GOSSIP_PLAIN = '[topologies.clusters1]\nstrategy = "gossip"\ntrust = "lan"\nconfig = { port = 45892 }\n'
TICKS = os.sysconf("SC_CLK_TCK")


class Program:
    """A `sedge start` on a machine; keeps the time at which each line of its log was seen."""

    def __init__(self, machine, topology="", port=0):
        self.lines = []
        command = [str(nodes.SEDGE), "start", "--name", machine.node, "--cookie", COOKIE]
        if topology:
            command += ["--config", machine.write("sedge.toml", topology)]
        if port:
            command += ["--port-min", str(port), "--port-max", str(port)]
        self.program = subprocess.Popen(machine.command(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, cwd=machine.home,
                                        env=machine.environment(), start_new_session=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.program.stdout:
            self.lines.append((time.monotonic(), line.rstrip()))
        self.program.stdout.close()

    def told(self, part):
        """The time of day in its log of the first line with this in it, in seconds."""
        line = next((line for _, line in list(self.lines) if part in line and "unable" not in line), None)
        if line is None:
            return None
        hours, minutes, rest = line.split(" ", maxsplit=1)[0].split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(rest)

    def until_connected(self, machine, seconds=30):
        """Seconds from the moment when its node is up: until then a program of a busy machine waits for a processor."""
        until = time.monotonic() + seconds
        while (at := self.told(f'connected to :"{machine.node}"')) is None:
            if time.monotonic() > until:
                raise AssertionError(f"not connected to {machine.node} after {seconds} s: {self.lines[-5:]}")
            time.sleep(0.002)
        return (at - self.told(" is up, port ")) % 86400

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.program.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self):
        """Megabytes of 2^20 bytes, but for pages of files: a node at rest lets go of code, which then comes back."""
        text = pathlib.Path(f"/proc/{self.program.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"RssAnon:\s+(\d+)", text).group(1)) / 1024

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.program.pid, signal.SIGKILL)
        self.program.wait()
        self.reader.join(2)


class Field:
    """The three machines, and the node under attack."""

    def __init__(self, topology="", friends_topology=None):
        self.lab = Lab()
        self.topology = topology
        self.friends_topology = friends_topology

    def __enter__(self):
        try:
            self.lab.build()
            self.victim, self.friend, self.attacker = self.lab.machines
            for address in SOURCES:
                run("ip", "-n", self.attacker.namespace, "addr", "add", f"{address}/24", "dev", "eth0")
            self.victim.know(SOURCES, self.attacker)
            self.node = Program(self.victim, self.topology, PORT)
            until = time.monotonic() + 10
            while self.victim.call([str(nodes.SEDGE), "epmd", "names"])[0] != 0 and time.monotonic() < until:
                time.sleep(0.05)
            self.join()  # once, so that what a first connection allocates is there
        except BaseException:
            self.lab.tear_down()
            raise
        return self

    def __exit__(self, *_):
        self.node.end()
        self.lab.tear_down()

    def join(self):
        """Seconds from the moment when the friend's node is up until it is connected to the node under attack."""
        friend = Program(self.friend, self.friends_topology or epmd_topology(self.victim))
        try:
            return friend.until_connected(self.victim)
        finally:
            friend.end()

    def attack(self, *arguments):
        program = str(nodes.SEDGE.parent / "attacker")
        return subprocess.Popen(self.attacker.command([program, *map(str, arguments)]), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, text=True, start_new_session=True)


class Outcome:
    """What an attack did."""

    def __init__(self, field, attack, trials, pause):
        self.calm = [field.join() for _ in range(min(trials, 5))]
        time.sleep(0.5)
        memory, lines = field.node.memory(), len(field.node.lines)
        attack = field.attack(*attack)
        time.sleep(1)
        cpu, begun = field.node.cpu(), time.monotonic()
        self.joins, self.memory_most = [], memory
        try:
            for _ in range(trials):
                self.joins.append(field.join())
                time.sleep(pause)
                self.memory_most = max(self.memory_most, field.node.memory())
            self.cpu = (field.node.cpu() - cpu) / (time.monotonic() - begun)
            if attack.poll() is not None:
                raise AssertionError("the attack ended before the trials did")
        finally:
            attack.terminate()
            said, _ = attack.communicate(timeout=10)
        time.sleep(1)
        self.did = json.loads(said)
        self.memory_added = max(self.memory_most, field.node.memory()) - memory
        # Joins and leaves of the friend are told as well; an attack may cost a few lines, not one each.
        self.lines = len([line for _, line in field.node.lines[lines:] if "node2@" not in line])

    def worst_join(self):
        return max(self.joins)


ATTACKS = {
    # row: (title, topology of the node, of its friend, attack for so many seconds)
    "27": ("10,000 connections that say nothing", "", None,
           lambda seconds: ("idle", f"{NETWORK}.1", PORT, 10000, seconds, *SOURCES)),
    "30": ("5,000 handshakes a second with random names", "", None,
           lambda seconds: ("handshake", f"{NETWORK}.1", PORT, 5000, seconds, "random", *SOURCES)),
    "31": ("100 claims a second to be the friend", "", None,
           lambda seconds: ("handshake", f"{NETWORK}.1", PORT, 100, seconds, f"node2@{NETWORK}.2", *SOURCES)),
    "40": ("50,000 datagrams of garbage a second, gossip with a secret", GOSSIP_TOPOLOGY, GOSSIP_TOPOLOGY,
           lambda seconds: ("gossip", "233.252.1.32", 45892, 50000, seconds, f"{NETWORK}.3")),
    "40 plain": ("the same, gossip without a secret", GOSSIP_PLAIN, GOSSIP_PLAIN,
                 lambda seconds: ("gossip", "233.252.1.32", 45892, 50000, seconds, f"{NETWORK}.3")),
}


def measure(row, trials, seconds):
    """`seconds`: of the attack, more or less; trials are spread over it."""
    _, topology, friends, attack = ATTACKS[row]
    with Field(topology, friends) as field:
        return Outcome(field, attack(seconds + trials * 30), trials, seconds / trials)


class FloodedNode(unittest.TestCase):
    """Bounds have room for a machine on which other programs run; docs/reliability.md has the figures."""

    def flood(self, row, join, memory, cpu):
        outcome = measure(row, trials=3, seconds=2)
        self.assertGreater(outcome.did["begun"], 100)
        self.assertLess(outcome.worst_join(), join)
        self.assertLess(outcome.memory_added, memory)
        self.assertLess(outcome.cpu, cpu)
        self.assertLess(outcome.lines, 60)
        return outcome

    def test_that_holds_ten_thousand_silent_connections_is_joined(self):
        self.flood("27", join=3, memory=8, cpu=0.9)

    def test_that_is_sent_five_thousand_handshakes_a_second_is_joined(self):
        self.flood("30", join=3, memory=8, cpu=0.95)

    def test_whose_friend_is_impersonated_is_joined_by_the_friend(self):
        self.flood("31", join=2, memory=4, cpu=0.5)

    def test_that_hears_fifty_thousand_datagrams_of_garbage_a_second_is_joined(self):
        self.flood("40", join=8, memory=4, cpu=0.95)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30, help="of each attack, at least")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--only", default=",".join(ATTACKS))
    parser.add_argument("--sedge", type=pathlib.Path, default=nodes.SEDGE)
    options = parser.parse_args()
    nodes.SEDGE = options.sedge.resolve()
    print("| row | attack | reached the node | join: median; longest (calm) | memory | CPU | log lines |\n"
          "|---|---|---|---|---|---|---|", flush=True)
    for row in options.only.split(","):
        outcome = measure(row, options.trials, options.seconds)
        did = outcome.did
        reached = f"{did['begun']} datagrams" if row.startswith("40") else \
            f"{did['established']} of {did['begun']} connections, {did['answered']} challenges"
        print(f"| {row} | {ATTACKS[row][0]} | {reached} | {shown(statistics.median(outcome.joins))}; "
              f"{shown(outcome.worst_join())} ({shown(statistics.median(outcome.calm))}) | "
              f"{outcome.memory_added:+.1f} MB | {outcome.cpu * 100:.0f} % of a core | {outcome.lines} |", flush=True)


if __name__ == "__main__":
    measuring.run(main)
