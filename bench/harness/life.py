# SPDX-License-Identifier: Apache-2.0
"""W6 and W8: how a node begins, what it weighs while it idles, and when others notice that it was killed."""

import contextlib
import os
import pathlib
import re
import select
import signal
import socket
import struct
import time

from bench.harness import remote
from bench.harness.programs import COOKIE, HOST, PLACEMENTS, Failed

IDLE_SECONDS = 1.0


def published_port(programs, alive):
    """The port under which the port mapper knows a node; None while it does not."""
    request = b"z" + alive.encode()
    with contextlib.suppress(OSError):
        mapper_port = int(programs.environment["ERL_EPMD_PORT"])
        with socket.create_connection((HOST, mapper_port), timeout=1) as mapper:
            mapper.sendall(struct.pack(">H", len(request)) + request)
            answer = mapper.recv(64)
        if len(answer) >= 4 and answer[:2] == b"w\0":
            return struct.unpack(">H", answer[2:4])[0]
    return None


def node_command(programs, side):
    if side == "sedge":
        config = programs.folder / "sedge.toml"
        config.write_text(f'[node]\ncookie = "{COOKIE}"\n', encoding="utf-8")
        config.chmod(0o600)
        return [*programs.program("sedge"), "start", "--name", f"idle@{HOST}", "--config", str(config)]
    if side == "ei":
        return [*programs.program("bench_ei_node"), "serve", "idle"]
    kernel = ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"]
    if side == "elixir":
        return ["elixir", "--name", f"idle@{HOST}", "--cookie", COOKIE, "--erl", " ".join(kernel), "--no-halt", "-e",
                "1"]
    return ["erl", "-noshell", "-name", f"idle@{HOST}", "-setcookie", COOKIE, *kernel]


def start_and_idle(programs, side):
    """W6, the second of two starts: the first brings the program's files into memory, if the system has dropped them
    since they were last used."""
    start_once(programs, side)
    return start_once(programs, side)


def start_once(programs, side):
    """From exec until its name is registered and it accepts; memory a second later."""
    begun = time.monotonic()
    program = programs.start(node_command(programs, side), ready=None)
    try:
        while (port := published_port(programs, "idle")) is None:
            if time.monotonic() > begun + 20 or program.poll() is not None:
                raise Failed(f"{side} did not register")
            time.sleep(0.0002)
        socket.create_connection((HOST, port), timeout=5).close()
        took = (time.monotonic() - begun) * 1000
        time.sleep(IDLE_SECONDS)
        text = pathlib.Path(f"/proc/{program.pid}/smaps_rollup").read_text(encoding="ascii")
    finally:
        programs.stop(program)
    memory = {key: int(re.search(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE).group(1)) / 1024 for key in ("Rss", "Pss")}
    while published_port(programs, "idle") is not None:  # the next one wants the name
        time.sleep(0.01)
    return [("start", took, "ms"), ("RSS", memory["Rss"], "MB"), ("PSS", memory["Pss"], "MB")]


def kill_until_down(programs, side, placement):
    """W8: from SIGKILL for a node until its peer says that it is down."""
    here, there = PLACEMENTS[placement]
    victim = programs.start(remote.server(programs, side, False), there)
    watcher = None
    try:
        watcher = programs.start(watch_command(programs, side), here, ready="WATCHING")
        time.sleep(0.2)
        killed = time.time_ns()
        os.kill(victim.pid, signal.SIGKILL)
        told = b""
        while select.select([watcher.stdout], [], [], 20)[0]:
            part = os.read(watcher.stdout.fileno(), 4096)
            told += part
            if not part or (found := re.search(rb"DOWN (\d+)\n", told)):
                break
        if not (found := re.search(rb"DOWN (\d+)\n", told)):
            raise Failed(f"{side} did not notice: {told.decode(errors='replace')}")
        return [("down", (int(found.group(1)) - killed) / 1e6, "ms")]
    finally:
        for program in (watcher, victim):
            if program:
                programs.stop(program)


def watch_command(programs, side):
    at = f"server@{HOST}"
    if side == "ei":
        return [*programs.program("bench_ei_node"), "watch", "client", at]
    if side == "otp":
        return programs.erl("bench_remote", "watch", at, name="client")
    return [*programs.program("bench_remote"), "watch", f"client@{HOST}", at]
