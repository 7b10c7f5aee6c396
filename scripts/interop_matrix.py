#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/protocol/interop.md from the results of the tests against real OTP nodes.

Reads the JSON files that the interop tests leave in RESULTS, and in them the rows that each test names with `proves`.
Without --write the page is compared with what the results say; exit code 1 if they differ.
"""

import argparse
import collections
import difflib
import json
import pathlib
import sys

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs" / "protocol" / "interop.md"
HEAD = """# What works between sedge and OTP

Each row is a test against real Erlang/OTP 25 and Elixir 1.14 that passed. *To sedge*: the OTP side begins;
*from sedge*: ours does. `scripts/test --only interop` runs the tests and fails if this page says something else than
they; `scripts/interop_matrix.py --write` makes it anew from their results.
"""


def results(folder):
    """(area, feature, direction, test, passed) of all rows in all files."""
    for file in sorted(folder.glob("*.json")):
        for suite in json.loads(file.read_text(encoding="utf-8")).get("testsuites", []):
            for test in suite["testsuite"]:
                passed = "failures" not in test and test.get("result") == "COMPLETED"
                for key, row in test.items():
                    if key.startswith("proves_"):
                        area, feature, direction = row.split("|")
                        yield area, feature, direction, f'{suite["name"]}.{test["name"]}', passed


def page(rows):
    areas = collections.defaultdict(lambda: collections.defaultdict(dict))
    for area, feature, direction, test, passed in rows:
        for side in ("to sedge", "from sedge"):
            if direction in (side, "both"):
                verdicts = areas[area][feature].setdefault(side, set())
                verdicts.add("yes" if passed else f"**no** ({test})")
    text = HEAD
    for area in sorted(areas):
        text += f"\n## {area}\n\n| | to sedge | from sedge |\n|---|---|---|\n"
        for feature, sides in sorted(areas[area].items()):
            cells = []
            for side in ("to sedge", "from sedge"):
                failed = sorted(v for v in sides.get(side, ()) if v != "yes")
                cells.append(failed[0] if failed else "yes" if side in sides else "")
            text += f"| {feature} | {cells[0]} | {cells[1]} |\n"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=pathlib.Path, default=PAGE.parents[2] / "build" / "test-logs" / "interop")
    parser.add_argument("--write", action="store_true", help="write the page instead of comparing it")
    options = parser.parse_args()
    rows = list(results(options.results))
    if not rows:
        print(f"{options.results} holds no results; run scripts/test --only interop first")
        return 1
    made = page(rows)
    if options.write:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    written = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if made == written:
        print(f"docs/protocol/interop.md says what {len(rows)} rows of the tests say")
        return 0
    told = difflib.unified_diff(written.splitlines(True), made.splitlines(True), "the page", "the tests")
    sys.stdout.writelines(told)
    print("docs/protocol/interop.md differs from the tests; scripts/interop_matrix.py --write makes it anew")
    return 1


if __name__ == "__main__":
    sys.exit(main())
