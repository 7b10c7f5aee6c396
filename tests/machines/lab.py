# SPDX-License-Identifier: Apache-2.0
"""Machines on one cable segment, as network namespaces: 172.24.176.1 and following, the addresses of the article.

    machine 1            machine 2            machine 3
    eth0 172.24.176.1    eth0 172.24.176.2    eth0 172.24.176.3    ...
      |                    |                    |
    port1 ------------- bridge br0 in a namespace of its own ------------- port3

Nothing of it is in the host's own network. A cable is cut in two ways: `unplug` takes the carrier away, which the
machine's kernel can see; `cut` drops every frame and tells nobody, as a broken switch does. `cut_between` does the
latter for the frames of two machines to each other, and nobody else notices.
"""

import itertools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from terminal import Terminal

NETWORK = "172.24.176"


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Machine:
    """One namespace with one network card, a home directory of its own, and the programs that run there."""

    def __init__(self, lab, number):
        self.lab = lab
        self.number = number
        self.namespace = f"{lab.tag}-{number}"
        self.address = f"{NETWORK}.{number}"
        self.node = f"node{number}@{self.address}"
        self.port = f"port{number}"
        self.mac = f"02:00:00:00:00:{number:02x}"
        self.home = lab.folder / f"machine{number}"
        self.home.mkdir()

    def attach(self):
        inside = ("ip", "-n", self.namespace)
        run("ip", "netns", "add", self.namespace)
        run("ip", "-n", self.lab.segment, "link", "add", self.port, "type", "veth",
            "peer", "name", "eth0", "address", self.mac, "netns", self.namespace)
        run("ip", "-n", self.lab.segment, "link", "set", self.port, "master", "br0", "up")
        run(*inside, "link", "set", "lo", "up")
        run(*inside, "addr", "add", f"{self.address}/24", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")
        # A machine in a real network has a default route, and multicast follows it.
        run(*inside, "route", "add", "default", "dev", "eth0")

    def know(self, addresses, other):
        """These addresses are those of another machine: written down, not asked for. The kernel remembers at most 1,024
        answers for all namespaces together, and what is written down does not count."""
        lines = "".join(f"neigh replace {address} lladdr {other.mac} dev eth0 nud permanent\n" for address in addresses)
        subprocess.run(["ip", "-n", self.namespace, "-batch", "-"], input=lines, text=True, check=True,
                       capture_output=True)

    def environment(self, extra=None):
        keep = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS")}
        return {**keep, "HOME": str(self.home), "TERM": "dumb", "LC_ALL": "C.UTF-8", **(extra or {})}

    def command(self, arguments):
        return ["ip", "netns", "exec", self.namespace, *arguments]

    def open_terminal(self, arguments, prompt, environment=None):
        """A program under a terminal, as a person starts it."""
        return Terminal(self.command(arguments), prompt, cwd=self.home, env=self.environment(environment))

    def call(self, arguments, timeout=15):
        """Runs a command to its end: (exit code, output, error output)."""
        done = subprocess.run(self.command(arguments), capture_output=True, text=True, check=False, timeout=timeout,
                              cwd=self.home, env=self.environment(), stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def write(self, name, text, mode=0o600):
        path = self.home / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return str(path)

    def unplug(self):
        run("ip", "-n", self.lab.segment, "link", "set", self.port, "down")

    def plug_in(self):
        run("ip", "-n", self.lab.segment, "link", "set", self.port, "up")

    def power_off(self):
        """All programs and the whole kernel of the machine are gone at once; nothing says goodbye."""
        self.cut()
        signal_all(self.namespace, signal.SIGKILL)
        # The kernel takes a namespace apart when it finds the time; the cable has to be gone now.
        run("ip", "-n", self.lab.segment, "link", "del", self.port)
        run("ip", "netns", "del", self.namespace)
        self.mend()

    def power_on(self):
        self.attach()

    def cut(self):
        self.lab.drop(self.lab.dropped | {(self.port, None)})

    def mend(self):
        self.lab.drop(self.lab.dropped - {(self.port, None)})


def programs_of(namespace):
    return [int(pid) for pid in run("ip", "netns", "pids", namespace, check=False).split()]


def signal_all(namespace, number):
    for pid in programs_of(namespace):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # it has ended meanwhile, as the helpers of a BEAM do when that is gone


def end_programs(namespace):
    for sent in (signal.SIGTERM, signal.SIGKILL):
        signal_all(namespace, sent)
        until = time.monotonic() + 1
        while programs_of(namespace) and time.monotonic() < until:
            time.sleep(0.02)


def sweep():
    """Removes what a test run that was killed has left behind."""
    for namespace in re.findall(r"^(sedge\d+-[\w-]+)", run("ip", "netns", "list"), re.MULTILINE):
        owner = re.match(r"sedge(\d+)-", namespace).group(1)
        if not pathlib.Path(f"/proc/{owner}").exists():
            end_programs(namespace)
            run("ip", "netns", "del", namespace, check=False)


class Lab:
    """The segment and its machines, three unless told otherwise. Use it as a context, or call `build` and
    `tear_down`."""

    standing = []  # built and not yet torn down; whoever ends early tears them down
    ended = False  # no more are built
    numbers = itertools.count(1)

    def __init__(self, machines=3):
        self.tag = f"sedge{os.getpid()}-{next(Lab.numbers)}"
        self.segment = f"{self.tag}-lan"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sedge-machines-"))
        self.dropped = frozenset()  # what `drop` was last given
        self.machines = [Machine(self, n) for n in range(1, machines + 1)]

    @classmethod
    def end_all(cls):
        cls.ended = True
        for lab in list(cls.standing):
            lab.tear_down()

    def build(self):
        if Lab.ended:
            raise RuntimeError("the program ends")
        sweep()
        Lab.standing.append(self)
        run("ip", "netns", "add", self.segment)
        # Without snooping the bridge floods multicast like a plain switch, and nobody needs to be a querier.
        run("ip", "-n", self.segment, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0",
            "forward_delay", "0")
        run("ip", "-n", self.segment, "link", "set", "br0", "up")
        for machine in self.machines:
            machine.attach()
        return self

    def cut_between(self, one, other):
        self.drop(self.dropped | {tuple(sorted((one.port, other.port)))})

    def mend_all(self):
        self.drop(frozenset())

    def drop_one_way(self, sender, receiver):
        """Drops the frames of one machine to another, and no others, until something else is dropped or mended."""
        self.apply([f'iifname "{sender.port}" oifname "{receiver.port}" drop'])

    def drop(self, cuts):
        """Drops all frames of these cuts, and no others: pairs of ports, or a port and None for all of that port."""
        rules = []
        for one, other in sorted(cuts, key=str):
            if other is None:
                rules += [f'iifname "{one}" drop', f'oifname "{one}" drop']
            else:
                rules += [f'iifname "{one}" oifname "{other}" drop', f'iifname "{other}" oifname "{one}" drop']
        self.apply(rules)
        self.dropped = frozenset(cuts)

    def apply(self, rules):
        chain = "".join(f"    {rule}\n" for rule in ["type filter hook forward priority 0;", *rules])
        # One transaction: what was dropped and still is to be is not let through in between.
        script = ("add table bridge cables\ndelete table bridge cables\n"
                  f"table bridge cables {{\n  chain frames {{\n{chain}  }}\n}}\n")
        done = subprocess.run(["ip", "netns", "exec", self.segment, "nft", "-f", "-"], input=script, text=True,
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"nft: {done.stderr.strip()}")

    def lose(self, percent):
        """Every frame is lost with that probability at each port it comes in by: so each way of two machines."""
        script = ("add table bridge loss\ndelete table bridge loss\ntable bridge loss {\n  chain frames {\n"
                  "    type filter hook forward priority -1;\n"
                  f"    numgen random mod 1000 < {int(percent * 10)} drop\n  }}\n}}\n")
        subprocess.run(["ip", "netns", "exec", self.segment, "nft", "-f", "-"], input=script, text=True, check=True,
                       capture_output=True)

    def tear_down(self):
        if self in Lab.standing:
            Lab.standing.remove(self)
        for machine in self.machines:
            end_programs(machine.namespace)
        for namespace in [m.namespace for m in self.machines] + [self.segment]:
            run("ip", "netns", "del", namespace, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            return self.build()
        except BaseException:
            self.tear_down()
            raise

    def __exit__(self, *_):
        self.tear_down()
