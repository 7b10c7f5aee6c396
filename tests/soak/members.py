# SPDX-License-Identifier: Apache-2.0
"""The nodes of the soak and of the partition experiment: one of each kind, started on a machine of the lab, read line
by line, killed, started again."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/machines"))
from lab import Lab  # noqa: E402, F401
from measuring import wait_until  # noqa: E402, F401

COOKIE = "a cookie of the soak".replace(" ", "-")
TICK_SECONDS = 8  # both kinds: a silent peer is down after 6 to 10 s


def compile_worker(folder):
    """Compiles the OTP side into `folder`."""
    done = subprocess.run(["erlc", "-Werror", "-o", str(folder), *map(str, sorted(HERE.glob("*.erl")))],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"erlc: {done.stdout}{done.stderr}")


class Member:
    """A node with a fixed place. Each start of its program is one incarnation of it."""

    kind = None
    summed = ("sent", "received", "bytes", "strays", "lost", "again", "damaged", "calls", "calls_failed", "monitors",
              "downs", "greeted")

    def __init__(self, machine, hears):
        self.machine = machine
        self.node = machine.node
        self.name = machine.node.split("@", maxsplit=1)[0]
        self.hears = hears  # called with (member, what) for whatever should not have happened
        self.tick_time = TICK_SECONDS
        self.program = None
        self.began = 0.0
        self.incarnations = 0
        self.up = threading.Event()
        self.up_at = 0.0
        self.report = {}
        self.report_at = 0.0
        self.past = dict.fromkeys(self.summed, 0)  # of the incarnations before this one
        # Times are the node's own: the clock is the same on all machines of the lab, and this program may be busy.
        self.events = []  # (when, "nodeup" or "nodedown", node), of all incarnations
        self.states = []  # (when, "suspect", "up" or "draining", node): what a node of sedge thinks of one that is up
        self.reasons = []  # (when, node, reason) of each `nodedown` of a node of sedge
        self.pressure = {}  # the last answer to the command `pressure`
        self.memory = []  # (seconds since its start, kilobytes) of this incarnation
        self.ending = False
        self.log = machine.home / "log"

    def start(self, peers, busy=True, reconnect=True, rate=10, report=1000, extra=()):
        """`report`: milliseconds between reports. `extra`: more options, for a node of sedge."""
        self.again = lambda: self._start(self.command(peers, busy, reconnect, rate, report, extra))
        self.again()

    def _start(self, command):
        for key in self.summed:
            self.past[key] += self.report.get(key, 0)
        self.report, self.memory, self.ending = {}, [], False
        self.up = threading.Event()
        self.incarnations += 1
        self.began = time.monotonic()
        with open(self.machine.home / "output", "ab") as errors:
            self.program = subprocess.Popen(
                self.machine.command(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                cwd=self.machine.home, env=self.machine.environment({"ERL_CRASH_DUMP_SECONDS": "0"}),
                start_new_session=True)
        threading.Thread(target=self._read, args=(self.program, self.up), daemon=True).start()

    def _read(self, program, up):
        for line in program.stdout:
            if program is not self.program:
                return
            try:
                said = json.loads(line)
            except ValueError:
                self.hears(self, f"wrote: {line.strip()[:300]}")
                continue
            at = said.pop("at", None) or time.monotonic()
            if "violation" in said:
                self.hears(self, said["violation"])
            elif "report" in said:
                self.report, self.report_at = said["report"], time.monotonic()
                self._measure(program.pid)
            elif "state" in said:
                self.states.append((at, said["state"], said["node"]))
            elif "pressure" in said:
                self.pressure = said["pressure"]
            elif "up" in said:
                self.up_at = at
                up.set()
            else:
                if "reason" in said:
                    self.reasons.append((at, said["nodedown"], said.pop("reason")))
                self.events.append((at, *next(iter(said.items()))))
        if program is self.program and not self.ending:
            self.hears(self, f"ended by itself, with {program.wait()}")
        program.stdout.close()
        with contextlib.suppress(OSError):  # what was not yet written is for nobody
            program.stdin.close()

    def _measure(self, pid):
        try:
            status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        except OSError:
            return
        found = re.search(r"VmRSS:\s+(\d+)", status)
        if found:
            self.memory.append((time.monotonic() - self.began, int(found.group(1))))

    def tell(self, command):
        try:
            self.program.stdin.write(command + "\n")
            self.program.stdin.flush()
        except OSError:
            self.hears(self, f"could not be told {command!r}")

    def signal(self, number):
        """To its program and all that it has started."""
        with contextlib.suppress(OSError):
            os.killpg(self.program.pid, number)

    def kill(self):
        """SIGKILL, as the power switch: no goodbye."""
        self.ending = True
        os.killpg(self.program.pid, signal.SIGKILL)
        self.program.wait(10)

    def lose_power(self):
        """The whole machine is gone; `machine.power_on` and `again` bring it back."""
        self.ending = True
        self.machine.power_off()
        self.program.wait(10)

    def total(self, key):
        return self.past[key] + self.report.get(key, 0)

    def sees(self):
        return set(self.report.get("nodes", ()))

    def output(self):
        path = self.machine.home / "output"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


class SedgeMember(Member):
    kind = "sedge"
    program_file = ROOT / "build/release/bin/soak_node"

    def command(self, peers, busy, reconnect, rate, report, extra):
        settings = {"node.name": self.node, "node.cookie": COOKIE, "node.tick_time": self.tick_time}
        set_all = (word for key, value in settings.items() for word in ("--set", f"{key}={value}"))
        return [str(self.program_file), *set_all, "--rate", str(rate if busy else 0), "--report", str(report),
                *([] if reconnect else ["--once"]), *extra, *peers]

    def complaints(self):
        """Log lines of warnings and errors, without their times."""
        lines = re.finditer(r"^(?:.*\[)?(warning|error)\]?(.*)$", self.output(), re.MULTILINE)
        return ["".join(match.groups()) for match in lines]


def use_program_beside(sedge):
    """For tests that are told which `sedge` to test: the node of the soak that was built with it."""
    SedgeMember.program_file = sedge.parent / "soak_node"
    if not SedgeMember.program_file.exists():
        raise RuntimeError(f"{SedgeMember.program_file} is not there; scripts/soak builds it")


class OtpMember(Member):
    kind = "otp"
    beams = None  # where compile_worker has put the modules

    def command(self, peers, busy, reconnect, rate, report, extra):
        options = (f"#{{peers => [{','.join(repr(p) for p in peers)}], busy => {str(busy).lower()}, "
                   f"reconnect => {str(reconnect).lower()}, rate => {rate}, report => {report}}}")
        handler = (f'[{{handler,default,logger_std_h,#{{config=>#{{file=>"{self.log}"}},formatter=>{{logger_formatter,'
                   '#{single_line=>true,template=>[level," ",msg,"\\n"]}}}}]')
        return ["erl", "-noshell", "-name", self.node, "-setcookie", COOKIE, "-pa", str(self.beams),
                "-kernel", "net_ticktime", str(self.tick_time), "-kernel", "logger", handler,
                "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none",
                "-eval", f"soak_worker:start({options})."]

    def complaints(self):
        """Log lines of warnings and worse; each event is one line."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return [line for line in text.splitlines() if re.match(r"(warning|error|critical|alert|emergency)\b", line)]
