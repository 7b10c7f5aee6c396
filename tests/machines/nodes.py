# SPDX-License-Identifier: Apache-2.0
"""How the tests start nodes on the machines of the lab: `sedge` and `iex`, both with a shell on a terminal."""

import pathlib
import unittest

from lab import Lab

COOKIE = "edge-servers"
TICK_SECONDS = 4  # a silent peer is down after 3 to 5 s; the default of 60 s would make the tests last minutes
SEDGE = pathlib.Path(__file__).resolve().parents[2] / "build/release/bin/sedge"

EPMD_TOPOLOGY = """
[topologies.clusters1]
strategy = "epmd"
config = {{ hosts = [{hosts}] }}
"""
# The secret stands in for trust: who does not know it is not dialled.
GOSSIP_TOPOLOGY = """
[topologies.clusters1]
strategy = "gossip"
config = { port = 45892, secret = "a secret that only these three machines share" }
"""


def epmd_topology(*machines):
    return EPMD_TOPOLOGY.format(hosts=", ".join(f'"{m.node}"' for m in machines))


def start_sedge(machine, topology="", tick=TICK_SECONDS, wait=True):
    """`sedge shell` with a node of its own, as the article starts iex."""
    arguments = [str(SEDGE), "shell", "--name", machine.node, "--cookie", COOKIE, "--tick-time", str(tick)]
    if topology:
        arguments += ["--config", machine.write("sedge.toml", topology)]
    terminal = machine.open_terminal(arguments, r"^sedge\([^)\n]*\)\d*> ?")
    return terminal.ready() if wait else terminal


def start_iex(machine, tick=TICK_SECONDS, wait=True):
    terminal = machine.open_terminal(
        ["iex", "--name", machine.node, "--cookie", COOKIE, "--erl", f"-kernel net_ticktime {tick}"],
        r"^iex\([^)\n]*\)\d+> ")
    return terminal.ready() if wait else terminal


def list_of(*machines):
    """What `Node.list` shows where these are connected."""
    return "[" + ", ".join(f':"{m.node}"' for m in machines) + "]"


def members(shown):
    """The names in what `Node.list` showed, in any order: OTP promises none."""
    return sorted(part.strip() for part in shown.strip("[]").split(",") if part.strip())


def same_members(*machines):
    wanted = members(list_of(*machines))
    return lambda shown: shown.startswith("[") and members(shown) == wanted


class OnMachines(unittest.TestCase):
    """A test on a lab of its own; `self.one`, `self.two`, `self.three` are the machines."""

    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.tear_down)
        self.lab.build()
        self.one, self.two, self.three = self.lab.machines
        self.terminals = []

    def started(self, terminal):
        self.addCleanup(terminal.close)
        return terminal

    def sedge(self, machine, topology="", **options):
        return self.started(start_sedge(machine, topology, **options))

    def iex(self, machine, **options):
        return self.started(start_iex(machine, **options))
