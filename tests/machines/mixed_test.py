# SPDX-License-Identifier: Apache-2.0
"""The same cluster with a real Elixir node on machine 2: sedge on 1 and 3, iex between them."""

import re

from nodes import OnMachines, epmd_topology, list_of, same_members


class BesideElixir(OnMachines):
    def start_all(self):
        elixir = self.iex(self.two)
        hosts = epmd_topology(self.one, self.two, self.three)
        first = self.sedge(self.one, hosts)
        third = self.sedge(self.three, hosts)
        self.expect_full(first, elixir, third)
        return first, elixir, third

    def expect_full(self, first, elixir, third, seconds=10):
        first.evaluate_until("Node.list", list_of(self.two, self.three), seconds)
        third.evaluate_until("Node.list", list_of(self.one, self.two), seconds)
        elixir.evaluate_until("Node.list", same_members(self.one, self.three), seconds)

    def test_elixir_and_sedge_see_each_other_alike(self):
        first, elixir, _ = self.start_all()
        self.assertEqual(elixir.evaluate(f'Node.ping :"{self.one.node}"'), ":pong")
        self.assertEqual(elixir.evaluate(f':rpc.call(:"{self.three.node}", Node, :self, [])'), f':"{self.three.node}"')
        self.assertTrue(first.has_shown(rf'\[sedge:clusters1\] connected to :"{self.two.node}"'))

    def test_elixir_dials_sedge(self):
        first = self.sedge(self.one)
        elixir = self.iex(self.two)
        self.assertEqual(elixir.evaluate(f'Node.connect :"{self.one.node}"'), "true")
        self.assertEqual(elixir.evaluate("Node.list"), list_of(self.one))
        first.evaluate_until("Node.list", list_of(self.two))

    def test_wrong_cookie_is_refused_on_both_sides_in_words(self):
        elixir = self.iex(self.two)
        first = self.sedge(self.one)
        self.assertEqual(elixir.evaluate("Node.set_cookie :another"), "true")
        self.assertEqual(elixir.evaluate(f'Node.connect :"{self.one.node}"'), "false")
        self.assertEqual(first.evaluate("Node.list"), "[]")

    def test_sedge_shows_the_process_of_iex_found_by_its_true_pid(self):
        first, elixir, _ = self.start_all()
        number = re.search(r"#PID<0\.(\d+)\.0>", elixir.evaluate("self")).group(1)
        self.assertEqual(elixir.evaluate("Process.register self(), :terminal"), "true")
        info = first.evaluate(f'pid("{self.two.node}", 0, {number}, 0) |> Process.info')
        for word in ("registered_name: :terminal", "current_function:", "initial_call:", "message_queue_len:"):
            self.assertIn(word, info)
        first.evaluate(f'send(pid("{self.two.node}", 0, {number}, 0), {{:hello, "from sedge"}})')
        self.assertIn('{:hello, "from sedge"}', elixir.evaluate("flush"))

    def test_iex_shows_the_process_of_sedge_found_by_its_true_pid(self):
        first, elixir, _ = self.start_all()
        shown = first.evaluate("self")
        number = re.search(r"#PID<[^>]*?\.(\d+)\.(\d+)>", shown)
        self.assertIsNotNone(number, shown)
        self.assertEqual(first.evaluate("Process.register(self(), :terminal)"), "true")
        info = elixir.evaluate(f':rpc.call(:"{self.one.node}", Process, :info, '
                               f'[:rpc.call(:"{self.one.node}", :erlang, :whereis, [:terminal])])')
        self.assertIn("registered_name: :terminal", info)
        seen = elixir.evaluate(f':rpc.call(:"{self.one.node}", :erlang, :whereis, [:terminal])')
        self.assertRegex(seen, rf"#PID<\d+\.{number.group(1)}\.{number.group(2)}>")

    def test_elixir_cut_off_and_healed_is_back_everywhere(self):
        first, elixir, third = self.start_all()
        self.two.cut()
        first.evaluate_until("Node.list", list_of(self.three), 12)
        third.evaluate_until("Node.list", list_of(self.one), 12)
        elixir.evaluate_until("Node.list", "[]", 12)
        self.two.mend()
        self.expect_full(first, elixir, third, 15)

    def test_elixir_killed_and_started_again_is_back_everywhere(self):
        first, elixir, third = self.start_all()
        elixir.kill()
        first.evaluate_until("Node.list", list_of(self.three), 5)
        third.evaluate_until("Node.list", list_of(self.one), 5)
        again = self.iex(self.two)
        self.expect_full(first, again, third)

    def test_sedge_killed_and_started_again_is_back_for_elixir(self):
        first, elixir, third = self.start_all()
        third.kill()
        elixir.evaluate_until("Node.list", list_of(self.one), 5)
        again = self.sedge(self.three, epmd_topology(self.one, self.two, self.three))
        self.expect_full(first, elixir, again)
