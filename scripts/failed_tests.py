#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tells in few lines what failed in a stage's log: each failed test with its first failed expectations.

Reads what `ctest -V`, GoogleTest, Python's unittest, the sanitizers and compilers print. Prints at most LINES lines.
"""

import re
import sys

LINES = 24
OF_ONE_FAILURE = 7
OF_CTEST = re.compile(r"^\d+: ?")
EXPECTATION = re.compile(r"^\S+:\d+: Failure$")
GTEST_FAILED = re.compile(r"^\[  FAILED  \] (\S+).* \(\d+ ms\)$")
GTEST_OTHER = re.compile(r"^\[[ =\-A-Z]{8,10}\] ")
UNITTEST = re.compile(r"^(?:FAIL|ERROR): (.*)$")
OTHER = re.compile(r"error:|runtime error|ERROR: \w*Sanitizer|WARNING: ThreadSanitizer|SUMMARY: |"
                   r"\*\*\*(?:Timeout|Exception)")


def short_path(line):
    """The file without the directories that every file of the checkout has in common."""
    return re.sub(r"^\S*?/((?:src|tests|include|examples|tools|bench)/)", r"\1", line)


def of_unittest(lines, at):
    """The last lines of a traceback that begins at `at`: where it was, and what."""
    end = at + 2
    while end < len(lines) and not lines[end].startswith(("=====", "-----")):
        end += 1
    return [line for line in lines[at + 2 : end] if line.strip()][-4:]


def failures(lines):
    lines = [OF_CTEST.sub("", line.rstrip("\n")) for line in lines]
    told = []
    pending = []
    for at, line in enumerate(lines):
        if EXPECTATION.match(line):
            pending.append(short_path(line))
            for after in lines[at + 1 : at + OF_ONE_FAILURE]:
                if not after.strip() or EXPECTATION.match(after) or GTEST_OTHER.match(after):
                    break
                pending.append("  " + after)
        elif match := GTEST_FAILED.match(line):
            told += [match.group(1).rstrip(",")] + ["  " + each for each in pending]
            pending = []
        elif match := UNITTEST.match(line):
            told += [match.group(1)] + ["  " + each for each in of_unittest(lines, at)]
        elif OTHER.search(line):
            told.append(short_path(line.strip()))
    return told + pending


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
        found = failures(log)
    for line in found[:LINES]:
        print(line[:200])
    if len(found) > LINES:
        print(f"... and {len(found) - LINES} lines more")
