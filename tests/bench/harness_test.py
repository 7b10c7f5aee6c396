# SPDX-License-Identifier: Apache-2.0
"""What scripts/bench says of figures: goals, ratios, the page, the picture. No program is measured here."""

import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
sys.dont_write_bytecode = True

from bench.harness import mesh, page, picture, plan, report, rows, scale  # noqa: E402


def row(**changes):
    fields = {"workload": "W1", "title": "round trip", "placement": "same", "metric": "mean", "unit": "us",
              "goals": (rows.at_most(1.35, "raw"),), "sides": rows.same_columns("raw", "otp", "sedge")}
    return rows.Row(**{**fields, **changes})


def figures(of, **by_side):
    return {(of.workload, side, of.placement, of.metric): values for side, values in by_side.items()}


class Goals(unittest.TestCase):
    def test_a_goal_beside_another_side_is_met_up_to_its_ratio_and_not_beyond(self):
        for ours, told in ((13.4, "met"), (13.6, "**not met**")):
            measured = figures(row(), raw=[10.0], sedge=[ours])
            self.assertEqual(report.verdict(row(), row().medians(measured)), ("≤ 1.35 × raw", told))

    def test_a_goal_beside_a_side_that_is_missing_is_not_told(self):
        self.assertEqual(report.verdict(row(), row().medians(figures(row(), sedge=[1.0])))[1], "not measured")

    def test_all_goals_of_a_row_must_hold(self):
        both = row(goals=(rows.at_most(2), rows.at_most(0.5, "otp")))
        measured = figures(both, otp=[2.0], sedge=[1.5])
        self.assertEqual(report.verdict(both, both.medians(measured))[1], "**not met**")

    def test_the_median_counts(self):
        measured = figures(row(), raw=[10.0, 10.0, 500.0], sedge=[1.0, 13.0, 99.0])
        self.assertEqual(report.verdict(row(), row().medians(measured))[1], "met")

    def test_a_rate_is_better_when_it_is_more_and_a_time_when_it_is_less(self):
        rate = row(unit="msg/s")
        self.assertEqual(report.ratio(rate, {"sedge": 8e6, "otp": 4e6}, "otp"), "2.00 ×")
        self.assertEqual(report.ratio(row(), {"sedge": 8, "otp": 4}, "otp"), "0.50 ×")


class Tables(unittest.TestCase):
    def test_figures_are_written_as_people_write_them(self):
        for value, unit, text in ((5.02, "us", "5.02 µs"), (8.31e6, "msg/s", "8.31 M"), (347e3, "msg/s", "347 k"),
                                  (3.4e6, "proc/s", "3.40 M proc/s"), (1234.0, "MB/s", "1.23 GB/s"),
                                  (69318, "ns", "69,318 ns"), (44.1, "MB", "44.1 MB")):
            self.assertEqual(rows.amount(value, unit), text)

    def test_a_range_stands_in_the_unit_of_its_median(self):
        rate = row(unit="msg/s", goals=())
        measured = figures(rate, sedge=[0.9e6, 1.5e6, 2e6])
        self.assertIn("1.50 M (0.90–2.00)", report.cells(rate, measured, True))

    def test_the_text_table_of_all_rows_has_a_line_for_each_that_was_measured(self):
        measured = {key: [5.0] for each in rows.all_rows() for key in each.keys().values()}
        lines = report.text_table(rows.all_rows(), measured).splitlines()
        self.assertEqual(len(lines), 1 + len(rows.all_rows()))

    def test_each_sample_of_the_table_is_measured_by_a_step(self):
        steps = {(step.workload, step.side, step.placement)
                 for step in plan.all_steps(plan.WORKLOADS, ("same", "split", "free"))}
        found = [f"{each.workload} {each.title}: {column}" for each in rows.all_rows()
                 for column, key in each.keys().items()
                 if key[:3] not in steps and key[0] != "W7"]
        self.assertEqual(found, [])

    def test_growth_is_that_from_the_fewest_to_the_most(self):
        lines = scale.table({("names: look up", "ns"): {100: [20.0], 1000: [30.0], 10000: [40.0]}},
                            {"names: look up": {100: 250.0, 1000: 240.0, 10000: 225.0}})
        self.assertEqual(lines[-1],
                         "| names: look up | 20.0 ns | 30.0 ns | 40.0 ns | 10,000 | 2.0 × | 250 → 225 (0.9 ×) |")

    def test_the_curve_of_the_mesh_has_a_line_for_each_size(self):
        measured = {("W7", "sedge", "gossip", f"gossip N={size}: CPU until full mesh"): [0.1] for size in (5, 50)}
        found = [line.split("|")[1:3] for line in mesh.curve(measured)[-2:]]
        self.assertEqual(found, [[" 5 ", " 10 "], [" 50 ", " 1,225 "]])

    def test_the_price_of_a_peer_is_what_a_node_of_the_largest_mesh_has_more_than_one_of_the_smallest(self):
        found = {}
        for size in (5, 105):
            found[size, "RSS of all"] = size * (3 + size / 1024)
            found[size, "CPU until full mesh"] = size * (0.01 + size * 0.002)
            found[size, "idle CPU of all"] = size * (0.001 + size * 0.0001)
        told = " ".join(mesh.one_more(found, [5, 105]))
        self.assertIn("1 KiB of memory, 2.00 ms of CPU until it is connected and 0.0001 % of a core at rest", told)
        self.assertIn("16,384, 500 and 10,000 peers", told)
        self.assertEqual(mesh.one_more(found, [5]), [])


class Page(unittest.TestCase):
    def test_a_tool_replaces_its_own_section_and_no_other(self):
        with tempfile.TemporaryDirectory() as folder:
            where = pathlib.Path(folder) / "figures.md"
            page.write_section("scale", "many", where)
            page.write_section("figures", "memory", where)
            page.write_section("bench", "| peers |", where)
            page.write_section("figures", "less memory\n\n### of which\n\nsome", where)
            text = where.read_text(encoding="utf-8")
        order = [text.index(part) for part in ("## Memory", "less memory", "### of which", "## Beside", "| peers |",
                                               "## Scale", "many")]
        self.assertEqual(order, sorted(order))
        self.assertNotIn("\nmemory", text)


class Picture(unittest.TestCase):
    def test_it_is_well_formed_and_shows_each_row_that_has_a_peer(self):
        measured = {key: [5.0 if key[1] == "sedge" else 10.0] for each in rows.all_rows()
                    for key in each.keys().values()}
        drawn = picture.draw(rows.all_rows(), measured, "one day & one machine")
        words = " ".join(xml.etree.ElementTree.fromstring(drawn).itertext())
        self.assertIn("W3 1 MiB one way, split", words)
        self.assertIn("one day & one machine", words)

    def test_without_peers_there_is_none(self):
        self.assertIsNone(picture.draw(rows.all_rows(), {}, ""))


if __name__ == "__main__":
    unittest.main()
