#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the tests in a stage's log: prints `PASSED FAILED`.

Reads what `ctest -V`, GoogleTest, Python's unittest and a plain line `N passed, N failed` print. A test program that
says nothing of single tests counts as one; one that broke down without a failed test counts as one failure.
"""

import re
import sys

CTEST_OUTPUT = re.compile(r"^(\d+): (.*)$")
CTEST_RESULT = re.compile(r"^\s*\d+/\d+ Test\s+#(\d+): \S+ \.*\s*(\**\w[\w ]*?)\s+[\d.]+ sec")
GTEST_PASSED = re.compile(r"^\[       OK \] ")
GTEST_FAILED = re.compile(r"^\[  FAILED  \] .* \(\d+ ms\)$")
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in ")
UNITTEST_FAILED = re.compile(r"^FAILED \((.*)\)$")
PLAIN = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed")


class Counter:
    def __init__(self):
        self.passed = self.failed = 0

    def read(self, line):
        if GTEST_PASSED.match(line):
            self.passed += 1
        elif GTEST_FAILED.match(line):
            self.failed += 1
        elif match := UNITTEST_RAN.match(line):
            self.passed += int(match.group(1))
        elif match := UNITTEST_FAILED.match(line):
            broken = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", match.group(1)))
            self.passed -= broken
            self.failed += broken
        elif match := PLAIN.match(line):
            self.passed += int(match.group(1))
            self.failed += int(match.group(2))


def count(lines):
    loose, programs, results = Counter(), {}, {}
    for line in lines:
        line = line.rstrip("\n")
        if match := CTEST_OUTPUT.match(line):
            programs.setdefault(match.group(1), Counter()).read(match.group(2))
        elif match := CTEST_RESULT.match(line):
            results[match.group(1)] = match.group(2) == "Passed"
        else:
            loose.read(line)
    passed, failed = loose.passed, loose.failed
    for number, good in results.items():
        program = programs.get(number, Counter())
        if good and program.passed + program.failed == 0:
            program.passed = 1
        if not good and program.failed == 0:
            program.failed = 1
        passed += program.passed
        failed += program.failed
    return passed, failed


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
        print(*count(log))
