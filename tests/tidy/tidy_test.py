#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the sources and tells where they leave the style of the project.

Each test is one rule; a failure lists `file:line: what`. With `--build DIR` the rule "every source is built" reads
DIR/compile_commands.json; without it that rule reads the CMake files.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = None

# A layer may include its own headers and those its arrow reaches, directly or through another layer.
ARROWS = {
    "base": [],
    "term": ["base"],
    "wire": ["base"],
    "dist": ["term", "wire"],
    "epmd": ["wire"],
    "process": ["dist"],
    "otp": ["process"],
    "cluster": ["otp", "epmd", "wire"],
    "postgres": ["cluster"],
}
CODE = (".cpp", ".hpp", ".in")
SCRIPT_FOLDERS = ("scripts/", ".ci/", "tests/package/run", "tests/machines/run")
LINE_MAX = 120
HEADER_LINES_MAX = 400
SOURCE_LINES_MAX = 700

# Words that style says have another name here, looked for in public headers only. "client", "server" and "heartbeat"
# have a legitimate use (gen_server, an EPMD server, the gossip packet), so only what is never right stands here.
FORBIDDEN_WORDS = {
    r"\bactor system\b": "node",
    r"\bPassw(or)?d\b": "cookie",
    r"\bepoch\b": "creation",
    r"\bthread of the actor\b": "process",
    r"\bkeep-?alive packet\b": "tick",
    r"\bget_(?!return_object)[a-z_]+\(": "no get_: a noun",
    r"\bset_[a-z_]+\(\) const": "no const setter",
}


def reach(layer):
    seen, todo = set(), [layer]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo.extend(ARROWS[current])
    return seen


def tracked():
    """Files of the project: those git knows, or all outside build/ in an unpacked archive."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        names = listed.stdout.splitlines()
    else:
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file()]
        names = [n for n in names if not n.startswith(("build/", ".git/"))]
    return sorted(n for n in names if (ROOT / n).is_file())


FILES = tracked()


def lines_of(name):
    return (ROOT / name).read_text(encoding="utf-8").splitlines()


def code_files():
    return [n for n in FILES if n.endswith((".cpp", ".hpp", ".hpp.in"))]


def is_script(name):
    if name.endswith((".py", ".sh")):
        return True
    path = ROOT / name
    if "." in path.name or not name.startswith(SCRIPT_FOLDERS):
        return False
    return path.read_bytes()[:2] == b"#!"


class Tidy(unittest.TestCase):
    def expect_none(self, findings):
        if findings:
            self.fail("\n" + "\n".join(findings))

    def test_every_source_and_script_begins_with_its_licence(self):
        missing = []
        for name in FILES:
            if name.endswith((".cpp", ".hpp", ".hpp.in")):
                first = (lines_of(name) or [""])[0]
                if first != "// SPDX-License-Identifier: Apache-2.0":
                    missing.append(f"{name}:1: no SPDX line")
            elif is_script(name):
                if "# SPDX-License-Identifier: Apache-2.0" not in lines_of(name)[:2]:
                    missing.append(f"{name}:1: no SPDX line")
        self.expect_none(missing)

    def test_lines_fit_and_carry_no_tabs_or_trailing_blanks(self):
        found = []
        for name in FILES:
            if not (name in code_files() or is_script(name) or name.endswith((".cmake", "CMakeLists.txt"))):
                continue
            for number, line in enumerate(lines_of(name), 1):
                if len(line) > LINE_MAX:
                    found.append(f"{name}:{number}: {len(line)} characters, at most {LINE_MAX}")
                if "\t" in line:
                    found.append(f"{name}:{number}: a tab")
                if line != line.rstrip():
                    found.append(f"{name}:{number}: blanks at the end")
        self.expect_none(found)

    def test_files_can_be_read_in_one_sitting(self):
        found = []
        for name in code_files() + [n for n in FILES if is_script(n)]:
            most = HEADER_LINES_MAX if name.endswith(".hpp") else SOURCE_LINES_MAX
            count = len(lines_of(name))
            if count > most:
                found.append(f"{name}: {count} lines, at most {most}; a core wants to move out")
        self.expect_none(found)

    def test_no_unfinished_work_is_left_behind(self):
        words = re.compile(r"\b(TO" r"DO|FIX" r"ME|X{3}|HA" r"CK)\b|\bnot (yet )?imple" r"mented\b|\bplace" r"holder\b")
        found = []
        for name in code_files() + [n for n in FILES if is_script(n) or n.endswith(".md")]:
            if name == "CHANGELOG.md":
                continue
            for number, line in enumerate(lines_of(name), 1):
                if words.search(line):
                    found.append(f"{name}:{number}: {line.strip()}")
        self.expect_none(found)

    def test_no_test_is_switched_off(self):
        words = re.compile(r"GTEST_" r"SKIP|DISABLED" r"_|#if" r" 0\b|unittest\.sk" r"ip")
        found = []
        for name in FILES:
            if name.startswith("tests/") and (name.endswith((".cpp", ".hpp")) or is_script(name)):
                for number, line in enumerate(lines_of(name), 1):
                    if words.search(line):
                        found.append(f"{name}:{number}: {line.strip()}")
        self.expect_none(found)

    def test_tests_do_not_wait_for_time(self):
        words = re.compile(r"std::this_thread::sl" r"eep|\busl" r"eep\(")
        found = []
        for name in FILES:
            if name.startswith("tests/") and not name.startswith("tests/interop/") and name.endswith((".cpp", ".hpp")):
                for number, line in enumerate(lines_of(name), 1):
                    if words.search(line):
                        found.append(f"{name}:{number}: {line.strip()}")
        self.expect_none(found)

    def test_layers_include_only_what_their_arrow_reaches(self):
        include = re.compile(r'#include [<"](?:sedge/)?(base|term|wire|epmd|dist|process|otp|cluster)/')
        found = []
        for layer in ARROWS:
            allowed = reach(layer)
            for name in code_files():
                if not name.startswith((f"include/sedge/{layer}/", f"src/{layer}/")):
                    continue
                for number, line in enumerate(lines_of(name), 1):
                    match = include.match(line)
                    if match and match.group(1) not in allowed:
                        found.append(f"{name}:{number}: {layer} does not reach {match.group(1)}")
        self.expect_none(found)

    def test_links_of_the_layers_follow_the_arrows(self):
        found = []
        for layer in ARROWS:
            name = f"src/{layer}/CMakeLists.txt"
            for linked in re.findall(r"\bsedge_([a-z]+)\b", (ROOT / name).read_text(encoding="utf-8")):
                if linked not in ("layer", "options") and linked not in reach(layer):
                    found.append(f"{name}: {layer} links {linked}")
        self.expect_none(found)

    def test_tools_and_examples_stand_on_public_headers(self):
        found = []
        own = {p.name for p in (ROOT / "tools").rglob("*.hpp")} | {p.name for p in (ROOT / "examples").rglob("*.hpp")}
        for name in code_files():
            if not name.startswith(("tools/", "examples/")):
                continue
            for number, line in enumerate(lines_of(name), 1):
                match = re.match(r'#include "([^"]+)"', line)
                if match and pathlib.PurePath(match.group(1)).name not in own:
                    found.append(f"{name}:{number}: {match.group(1)} is not public")
        self.expect_none(found)

    def test_public_headers_know_neither_boost_nor_openssl(self):
        found = []
        for name in code_files():
            if name.startswith("include/"):
                for number, line in enumerate(lines_of(name), 1):
                    if re.match(r"#include <(boost|openssl|ares|spdlog|fmt|toml|CLI)\b", line):
                        found.append(f"{name}:{number}: {line}")
        self.expect_none(found)

    def test_public_headers_use_the_words_of_the_field(self):
        found = []
        for name in code_files():
            if not name.startswith("include/"):
                continue
            for number, line in enumerate(lines_of(name), 1):
                for word, instead in FORBIDDEN_WORDS.items():
                    if re.search(word, line):
                        found.append(f"{name}:{number}: {line.strip()} ({instead})")
        self.expect_none(found)

    def test_every_header_says_pragma_once(self):
        found = [f"{n}: no #pragma once" for n in code_files()
                 if n.endswith((".hpp", ".hpp.in")) and "#pragma once" not in lines_of(n)]
        self.expect_none(found)

    def test_every_source_belongs_to_a_target(self):
        found = []
        for name in code_files():
            if not name.endswith(".cpp") or name.startswith("tests/package/"):
                continue
            folder = (ROOT / name).parent
            local = pathlib.PurePath(name).name
            listed = False
            # A source is named by the CMake file of its folder, or of one above it.
            while folder != ROOT.parent and not listed:
                cmake = folder / "CMakeLists.txt"
                if cmake.is_file():
                    text = cmake.read_text(encoding="utf-8")
                    fuzz = re.fullmatch(r"(.+)_fuzz\.cpp", local)
                    listed = local in text or bool(fuzz and f"sedge_fuzz({fuzz.group(1)} " in text)
                    example = re.fullmatch(r"(\d\d_.+)\.cpp", local)
                    listed = listed or bool(example and re.search(rf"\b{example.group(1)}\b", text))
                folder = folder.parent
            if not listed:
                found.append(f"{name}: no target builds it")
        self.expect_none(found)

    def test_no_file_list_is_globbed_for_sources(self):
        found = []
        for name in FILES:
            if name.endswith("CMakeLists.txt") and re.search(r"GLOB[A-Z_]* .*\.cpp", (ROOT / name).read_text()):
                found.append(f"{name}: sources are written out")
        self.expect_none(found)

    def test_links_and_paths_in_the_documents_exist(self):
        found = []
        for name in (n for n in FILES if n.endswith(".md")):
            text = (ROOT / name).read_text(encoding="utf-8")
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if target.startswith(("http:", "https:", "#", "mailto:")):
                    continue
                path = (ROOT / name).parent / target.split("#")[0]
                if not path.exists():
                    found.append(f"{name}: link to {target}")
            for path in re.findall(r'(?:src|srcset)="([^"]+)"', text):
                if not path.startswith("http") and not ((ROOT / name).parent / path).exists():
                    found.append(f"{name}: picture {path}")
        self.expect_none(found)

    def test_documents_that_sources_name_exist(self):
        found = []
        for name in code_files() + [n for n in FILES if is_script(n)]:
            for number, line in enumerate(lines_of(name), 1):
                for path in re.findall(r"\bdocs/[\w./-]+\.(?:md|svg)\b", line):
                    if not (ROOT / path).exists():
                        found.append(f"{name}:{number}: {path}")
        self.expect_none(found)

    def test_paths_named_in_the_tours_and_the_header_map_exist(self):
        found = []
        for name in ("docs/architecture.md", "README.md", "README.ja.md", "CONTRIBUTING.md"):
            for number, line in enumerate(lines_of(name), 1):
                folders = "include|src|tests|docs|tools|examples|scripts|packaging"
                for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", line):
                    if not (ROOT / path).exists():
                        found.append(f"{name}:{number}: {path}")
                for path in re.findall(r"`((?:base|term|wire|epmd|dist|process|otp|cluster)/[\w./]+\.[hc]pp)`", line):
                    if not any((ROOT / base / path).exists() for base in ("include/sedge", "src")):
                        found.append(f"{name}:{number}: {path}")
        self.expect_none(found)

    def test_the_header_map_lists_every_public_header(self):
        text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
        found = []
        for name in code_files():
            if name.startswith("include/sedge/") and name.endswith(".hpp"):
                short = name[len("include/sedge/"):]
                if f"`{short}`" not in text:
                    found.append(f"docs/architecture.md: no line for {short}")
        self.expect_none(found)

    def test_the_version_stands_in_one_place(self):
        version = re.search(r"project\(sedge VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
        found = []
        for name in code_files():
            for number, line in enumerate(lines_of(name), 1):
                if f'"{version}"' in line and not name.startswith("tests/"):
                    found.append(f"{name}:{number}: {line.strip()}")
        self.expect_none(found)
        self.assertIn(f"[{version}]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))

    def test_compile_commands_cover_what_the_build_was_asked_for(self):
        if BUILD is None or not (BUILD / "compile_commands.json").is_file():
            return  # run by hand, outside of a build
        compiled = {pathlib.Path(entry["file"]).resolve()
                    for entry in json.loads((BUILD / "compile_commands.json").read_text())}
        found = []
        for name in code_files():
            if name.endswith(".cpp") and name.startswith("src/") and (ROOT / name).resolve() not in compiled:
                found.append(f"{name}: not compiled")
        self.expect_none(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--build", type=pathlib.Path)
    known, rest = parser.parse_known_args()
    BUILD = known.build
    unittest.main(argv=[sys.argv[0], *rest])
