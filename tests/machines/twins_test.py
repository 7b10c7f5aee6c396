# SPDX-License-Identifier: Apache-2.0
"""A second node under the name of a living one: row 11 of docs/reliability.md, once each."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "soak")]
import members  # noqa: E402
import nodes  # noqa: E402
import row_names  # noqa: E402

NAME_IN_USE = 6  # exit code of sedge


class SecondNodeOfOneName(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        members.use_program_beside(nodes.SEDGE)

    def test_on_the_same_machine_is_refused_and_harms_nobody(self):
        ended, losses, code = row_names.newcomer_here("sedge", 1).values()
        self.assertLess(ended[0], 5)
        self.assertEqual((losses, code), ([0], [NAME_IN_USE]))

    def test_on_another_machine_takes_the_place_as_with_otp(self):
        for kinds in ("sedge", "both", "OTP"):
            taken, lost, back, out_of_order = row_names.newcomer(kinds, 1).values()
            self.assertLess(max(taken + lost + back), 5, kinds)
            self.assertEqual(out_of_order, [0], kinds)
