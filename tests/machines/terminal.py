# SPDX-License-Identifier: Apache-2.0
"""A program under a terminal, typed at and read like a person would, with a limit on every wait."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>()][0-9A-Za-z]?|\x1b\][^\x07]*\x07")


class Waited(AssertionError):
    """What was expected did not appear in time; says what appeared instead."""


class Terminal:
    """`prompt` is a regular expression for the prompt of the program."""

    def __init__(self, command, prompt, cwd=None, env=None):
        self.prompt = re.compile(prompt, re.MULTILINE)
        self.command = command
        self.raw = b""
        self.read_to = 0  # what of the text has been looked at
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 1000, 0, 0))  # wide: no line is wrapped
        self.program = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=cwd, env=env,
                                        start_new_session=True, close_fds=True, preexec_fn=own_terminal)
        os.close(slave)

    @property
    def text(self):
        shown = ESCAPES.sub("", self.raw.decode("utf-8", "replace")).replace("\r\n", "\n")
        # A line editor that draws the line again goes back to its beginning; what was there before is overwritten.
        return re.sub(r"[^\n]*\r(?=[^\n])", "", shown).replace("\r", "")

    def _read(self, seconds):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the other end is closed
            data = b""
        self.raw += data
        return bool(data)

    def expect(self, pattern, seconds=10):
        """Waits until the text after what was looked at last matches; gives the match."""
        wanted = re.compile(pattern, re.MULTILINE) if isinstance(pattern, str) else pattern
        until = time.monotonic() + seconds
        alive = True
        while True:
            text = self.text
            match = wanted.search(text, self.read_to)
            if match:
                self.read_to = match.end()
                return match
            left = until - time.monotonic()
            if not alive or left <= 0:
                what = "ended" if not alive else f"{seconds} s passed"
                raise Waited(f"{what} before {wanted.pattern!r} was shown by {' '.join(self.command)}; "
                             f"shown since then:\n{text[self.read_to:][-3000:]}\n-- before it:\n"
                             f"{text[:self.read_to][-1500:]}")
            alive = self._read(min(left, 0.2))

    def ready(self, seconds=20):
        """Waits for the prompt."""
        self.expect(self.prompt, seconds)
        return self

    def has_shown(self, pattern):
        """Whether it was shown at any time so far."""
        while select.select([self.master], [], [], 0)[0] and self._read(0):
            pass
        return re.search(pattern, self.text, re.MULTILINE) is not None

    def type(self, line):
        os.write(self.master, line.encode() + b"\n")

    def evaluate(self, line, seconds=10):
        """Types a line at the prompt and gives what is shown up to the next prompt, without log lines."""
        self.has_shown("$^")
        self.read_to = len(self.text)
        self.type(line)
        begin = self.expect(re.escape(line) + r"[ ]*\n", seconds).end()
        end = self.expect(self.prompt, seconds).start()
        shown = [part for part in self.text[begin:end].split("\n") if part.strip()]
        return "\n".join(part for part in shown if not re.match(r"^(\d\d:\d\d:\d\d|.*\[(sedge|libcluster):)", part))

    def evaluate_until(self, line, wanted, seconds=10):
        """Types a line again and again until what is shown equals `wanted` (or fulfils it); gives the seconds taken."""
        begin = time.monotonic()
        fits = wanted if callable(wanted) else lambda shown: shown == wanted
        while True:
            shown = self.evaluate(line)
            taken = time.monotonic() - begin
            if fits(shown):
                return taken
            if taken > seconds:
                raise Waited(f"{line} was {shown!r} after {seconds} s, expected "
                             f"{'something else' if callable(wanted) else repr(wanted)}\n{self.text[-2000:]}")
            time.sleep(0.1)

    def kill(self):
        """SIGKILL, as the power switch: no goodbye."""
        os.killpg(self.program.pid, signal.SIGKILL)
        self.program.wait(5)

    def close(self, seconds=5):
        if self.program.poll() is None:
            os.killpg(self.program.pid, signal.SIGTERM)
            try:
                self.program.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(self.program.pid, signal.SIGKILL)
                self.program.wait(5)
        os.close(self.master)
        return self.program.returncode


def own_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
