# SPDX-License-Identifier: Apache-2.0
"""Instructions of the steps that a program marks, counted by valgrind's callgrind."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile


class Failed(Exception):
    """The program failed below callgrind; says with what."""


def installed():
    return shutil.which("valgrind") is not None


def run(program, seconds):
    """(what the program printed, name of a step -> instructions). The last count of a step stands: the ones before
    warmed it up. Programs that it forks are counted too."""
    with tempfile.TemporaryDirectory(prefix="sedge-callgrind-") as folder:
        # No randomised addresses and an environment of its own: nothing of this machine's day enters the counts.
        done = subprocess.run(
            ["setarch", "-R", "valgrind", "--tool=callgrind", "--collect-atstart=no", "--quiet",
             f"--callgrind-out-file={folder}/%p", str(program)],
            capture_output=True, text=True, check=False, timeout=seconds,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": folder})
        if done.returncode != 0:
            raise Failed(f"{program} failed below valgrind ({done.returncode}):\n{done.stdout}{done.stderr}")
        counts = {}
        dumps = (path for path in pathlib.Path(folder).iterdir() if path.suffix)  # PID.1, PID.2, ...
        for path in sorted(dumps, key=lambda one: int(one.suffix[1:])):
            text = path.read_text(encoding="utf-8")
            step = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.MULTILINE)
            total = re.search(r"^(?:summary|totals): (\d+)", text, re.MULTILINE)
            if step and total:
                counts[step.group(1)] = int(total.group(1))
        return done.stdout, counts
