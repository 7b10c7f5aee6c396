#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The C++ of README and the guides, compiled against the installed headers.

A block of a guide is a part of somebody's program. AROUND has the rest of it: what stands before the block and behind
it. Every block has to be there; one that is a whole program, as README's, needs nothing.
Usage: documents.py CHECKOUT FLAG..., the flags being those with which a program of sedge is compiled.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

HEAD = """#include <sedge/sedge.hpp>
using namespace sedge;
using namespace sedge::literals;
"""
IN_MAIN = ("void block(application& app) {", "}")
IN_PROCESS = ("task<> block(process& self, application& app, term reading) {", "co_return; }")
GLOBAL = ("task<> calibrate();task<> block(process& self, otp::kernel& kernel, time_point deadline) {", "}")

AROUND = {
    "README.md": [("", "")],
    "README.ja.md": [("", "")],
    "docs/guide/calls.md": [IN_MAIN, ("result<term> mean(term);" + IN_MAIN[0], "}")],
    "docs/guide/events.md": [
        ("void turn_on_the_lamp(const std::string&);" + IN_MAIN[0], "}"),
        ("struct line { std::uint64_t plates() const; };void block(application& app, line& press) {", "}"),
    ],
    "docs/guide/global.md": [
        GLOBAL, (GLOBAL[0] + "auto names = kernel.global();", "}"),
    ],
    "docs/guide/groups.md": [IN_PROCESS,
                             ("task<> block(process& self, otp::pg& groups) {", "co_return; }"), IN_PROCESS],
    "docs/guide/roles.md": [IN_MAIN],
    "docs/guide/workers.md": [
        ("task<> watch_camera(process&); task<> resize(process&);void block(node& node) {", "}"),
    ],
}


def blocks_of(page):
    return re.findall(r"^```cpp\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def compiles(text, flags):
    command = ["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable",
               "-Wno-unused-but-set-variable", "-Wno-unused-parameter", *flags]
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([*command, file.name], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr[:4000])
    return done.returncode == 0


def main():
    root, flags = pathlib.Path(sys.argv[1]), sys.argv[2:]
    pages = [root / "README.md", root / "README.ja.md", *sorted((root / "docs").rglob("*.md"))]
    found = {str(page.relative_to(root)): blocks for page in pages if (blocks := blocks_of(page))}
    wrong = 0
    for name, blocks in found.items():
        around = AROUND.get(name, [])
        if len(around) != len(blocks):
            print(f"{name} has {len(blocks)} blocks of C++, and AROUND has the rest of {len(around)} programs")
            wrong += 1
        for number, (block, (before, behind)) in enumerate(zip(blocks, around), 1):
            alone = "int main" in block
            if not compiles(block if alone else f"{HEAD}{before}\n{block}{behind}\n", flags):
                print(f"block {number} of {name} does not compile:\n{block}")
                wrong += 1
    for name in sorted(AROUND.keys() - found.keys()):
        print(f"{name} has no C++ any more; take it out of AROUND")
        wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
