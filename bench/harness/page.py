# SPDX-License-Identifier: Apache-2.0
"""docs/figures.md: one page, a section a tool. Each tool replaces its own section and leaves the others as they are."""

import contextlib
import datetime
import os
import pathlib
import platform
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/figures.md"
PICTURE = PAGE.with_suffix(".svg")
# In the order of the page: key, heading.
SECTIONS = (("figures", "Memory and times"), ("bench", "Beside its peers"), ("mesh", "A full mesh by its size"),
            ("scale", "Scale"))


def machine():
    model = "unknown processor"
    with contextlib.suppress(OSError):
        found = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        model = found.group(1) if found else platform.machine()
    return f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.machine()}"


def commit():
    done = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or "unknown"


def provenance():
    """Where and when figures were measured, for the head of a section."""
    return f"Date {datetime.date.today()}, commit {commit()}, {machine()}"


def write_section(key, text, page=PAGE):
    """Replaces the section `key` of the page by `text`, or puts it where it belongs."""
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    headings = dict(SECTIONS)
    kept = {}
    for name, heading in SECTIONS:
        found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", old, re.MULTILINE | re.DOTALL)
        if found:
            kept[name] = found.group(1).strip()
    kept[key] = text.strip()
    parts = ["# Figures\n\nMeasured, never guessed; each section by the command it names, with the release build."]
    parts += [f"## {headings[name]}\n\n{kept[name]}" for name, _ in SECTIONS if name in kept]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
