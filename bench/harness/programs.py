# SPDX-License-Identifier: Apache-2.0
"""Starts the programs that are compared, each on the cores that a placement gives it, and ends what it started."""

import contextlib
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from tests.support.free_port import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
COOKIE = "sedge_bench"
# The cores of client and server; None: the kernel chooses.
PLACEMENTS = {"same": ("0", "0"), "split": ("0", "1"), "free": (None, None)}


class Failed(Exception):
    """A program that did not do what it was started for."""


class Programs:
    """The programs under way, the folder of their files, and a port mapper of their own. A context manager."""

    def __init__(self, build, realtime=False):
        self.bin = pathlib.Path(build) / "bin"
        self.realtime = realtime
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sedge-bench-"))
        self.running = []
        self.environment = dict(os.environ, ERL_EPMD_PORT=str(free_port()), ERL_EPMD_ADDRESS=HOST,
                                ERL_CRASH_DUMP="/dev/null", HOME=str(self.folder))
        self.environment.pop("SEDGE_NODE", None)
        self.missing = {}  # peer -> why it does not take part

    def __enter__(self):
        try:
            self._look_for_peers()
            self._start_mapper()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start_mapper(self):
        mapper = shutil.which("epmd", path="/usr/lib/erlang/bin:/usr/local/lib/erlang/bin:" + os.environ["PATH"])
        command = [mapper, "-address", HOST] if mapper else [str(self.bin / "sedge"), "epmd"]
        self.start(command, ready=None)
        port = int(self.environment["ERL_EPMD_PORT"])
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
                return
            time.sleep(0.05)
        raise Failed("no port mapper answers")

    def __exit__(self, *_):
        for program in reversed(self.running):
            self.stop(program)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _look_for_peers(self):
        if not shutil.which("erl"):
            self.missing["otp"] = "Erlang/OTP is not installed"
        else:
            made = subprocess.run(["erlc", "-o", str(self.folder), *map(str, (ROOT / "bench/peers/otp").glob("*.erl"))],
                                  capture_output=True, text=True, check=False)
            if made.returncode != 0:
                raise Failed(f"erlc: {made.stdout}{made.stderr}")
        if not (self.bin / "bench_ei_node").exists():
            self.missing["ei"] = "erl_interface is not installed (Debian: erlang-dev)"
        if not self.environment.get("LIBCLUSTER_EBIN"):
            self.missing["libcluster"] = "LIBCLUSTER_EBIN does not say where its compiled modules are"
        if not (self.bin / "bench_caf").exists():
            self.missing["caf"] = "CAF was not installed (Debian: libcaf-dev, or CAF_PREFIX says where it is)"

    def caf_version(self):
        """`CAF 0.17.6`; empty without it."""
        if "caf" in self.missing:
            return ""
        return "CAF " + subprocess.run(self.program("bench_caf") + ["version"], capture_output=True, text=True,
                                       check=True).stdout.strip()

    # -- commands of the peers ----------------------------------------------------------------------------------------

    def program(self, name):
        return [str(self.bin / name)]

    def erl(self, *arguments, name=None, flags=()):
        """An `erl` that runs a function of bench/peers/otp."""
        named = ["-name", f"{name}@{HOST}", "-setcookie", COOKIE,
                 "-kernel", "inet_dist_use_interface", "{127,0,0,1}"] if name else []
        return ["erl", *flags, "-noshell", *named, "-pa", str(self.folder), "-run", *map(str, arguments)]

    # -- running ------------------------------------------------------------------------------------------------------

    def at(self, core):
        """Words before a command that put it where it belongs."""
        words = ["taskset", "-c", core] if core is not None else []
        # Round robin above all ordinary programs, so that those of other people do not disturb; both sides alike.
        return ["chrt", "--rr", "1", *words] if self.realtime else words

    def start(self, command, core=None, ready="READY", seconds=20):
        """Starts a program and waits for a line that begins with `ready`; gives the program, with that line."""
        program = subprocess.Popen([*self.at(core), *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, env=self.environment, start_new_session=True)
        self.running.append(program)
        program.line = ""
        if ready is None:
            return program
        told, until = b"", time.monotonic() + seconds
        while not (found := re.search(rf"^{ready}.*\n".encode(), told, re.MULTILINE)):
            left = until - time.monotonic()
            part = b""
            if left > 0 and select.select([program.stdout], [], [], left)[0]:
                part = os.read(program.stdout.fileno(), 65536)
            if not part:
                self.stop(program)
                raise Failed(f"{' '.join(command)} is not ready: {told.decode(errors='replace').strip()}")
            told += part
        program.line = found.group().decode().strip()
        return program

    def stop(self, program, gently=False):
        """Ends a program and what it started; `gently`: it has time to do so itself."""
        if program in self.running:
            self.running.remove(program)
        if gently and program.poll() is None:
            program.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        program.stdout.close()

    @contextlib.contextmanager
    def serving(self, command, core):
        program = self.start(command, core)
        try:
            yield program
        finally:
            self.stop(program)

    def figures(self, command, core=None, seconds=180, gently=False):
        """Runs a program to its end, or stops it; gives what it told: (workload, peer, metric, value, unit)."""
        program = self.start(command, core, ready=None)
        try:
            told, _ = program.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"{' '.join(command)} was not done after {seconds} s") from late
        finally:
            self.stop(program, gently)
        text = told.decode(errors="replace")
        lines = [line.split("\t") for line in text.splitlines() if line.startswith("R\t")]
        if program.returncode != 0 or not lines:
            raise Failed(f"{' '.join(command)} failed ({program.returncode}): {text.strip()[-500:]}")
        return [(w, peer, metric, float(value), unit) for _, w, peer, metric, value, unit in lines]
