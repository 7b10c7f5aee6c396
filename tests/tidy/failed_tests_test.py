#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What scripts/failed_tests.py tells of logs."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))

import failed_tests  # noqa: E402


class FailedTests(unittest.TestCase):
    def test_of_googletest_under_ctest_the_test_and_its_expectations_are_told(self):
        log = """51: [ RUN      ] Names.Good
51: [       OK ] Names.Good (3 ms)
51: [ RUN      ] Names.Bad
51: /somewhere/sedge/tests/otp/names_test.cpp:64: Failure
51: Expected equality of these values:
51:   node
51:     Which is: "badarg"
51:
51: [  FAILED  ] Names.Bad, where GetParam() = 2 (400 ms)
51: [  FAILED  ] 1 test, listed below:
51: [  FAILED  ] Names.Bad
""".splitlines()
        self.assertEqual(
            failed_tests.failures(log),
            [
                "Names.Bad",
                "  tests/otp/names_test.cpp:64: Failure",
                "    Expected equality of these values:",
                "      node",
                '        Which is: "badarg"',
            ],
        )

    def test_of_unittest_the_end_of_the_traceback_is_told(self):
        log = """ok
======================================================================
FAIL: test_cut (cables.Cables)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "cables.py", line 7, in test_cut
    self.assertEqual(1, 2)
AssertionError: 1 != 2

----------------------------------------------------------------------
Ran 2 tests in 0.1s
""".splitlines()
        told = failed_tests.failures(log)
        self.assertEqual(told[0], "test_cut (cables.Cables)")
        self.assertEqual(told[-1], "  AssertionError: 1 != 2")

    def test_compilers_and_sanitizers_are_told(self):
        log = ["src/base/a.cpp:3:1: error: expected ';'", "3: ==12==ERROR: AddressSanitizer: heap-use-after-free"]
        self.assertEqual(
            failed_tests.failures(log),
            ["src/base/a.cpp:3:1: error: expected ';'", "==12==ERROR: AddressSanitizer: heap-use-after-free"],
        )

    def test_a_good_log_tells_nothing(self):
        self.assertEqual(failed_tests.failures(["1: [       OK ] A.B (0 ms)", "100% tests passed"]), [])


if __name__ == "__main__":
    unittest.main()
