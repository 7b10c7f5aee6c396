# SPDX-License-Identifier: Apache-2.0
"""The article's walkthrough with sedge on all machines: the list of hosts in node1's configuration only."""

import re

from nodes import OnMachines, epmd_topology, list_of

CONNECTED = r'\[sedge:clusters1\] connected to :"{}"'
UNABLE = r'\[sedge:clusters1\] unable to connect to :"{}"'


class Article(OnMachines):
    def test_node1_with_the_list_connects_to_node2_and_both_show_it(self):
        second = self.sedge(self.two)
        first = self.sedge(self.one, epmd_topology(self.one, self.two))
        first.evaluate_until("Node.list", list_of(self.two))
        self.assertEqual(second.evaluate("Node.list"), list_of(self.one))
        self.assertTrue(first.has_shown(CONNECTED.format(self.two.node)))
        self.assertEqual(first.evaluate("Node.self"), f':"{self.one.node}"')

    def test_absent_node2_is_told_once_it_cannot_be_reached_and_nothing_else_breaks(self):
        first = self.sedge(self.one, epmd_topology(self.one, self.two), wait=False)
        first.expect(UNABLE.format(self.two.node), 10)
        first.type("")
        first.ready()
        self.assertEqual(first.evaluate("Node.list"), "[]")

    def test_node2_that_starts_after_the_others_is_picked_up(self):
        first = self.sedge(self.one, epmd_topology(self.one, self.two), wait=False)
        first.expect(UNABLE.format(self.two.node), 10)
        self.sedge(self.two)
        first.expect(CONNECTED.format(self.two.node), 10)
        first.type("")
        first.ready()
        first.evaluate_until("Node.list", list_of(self.two))

    def test_third_node_is_one_more_entry_and_every_node_sees_every_other(self):
        second = self.sedge(self.two)
        third = self.sedge(self.three)
        first = self.sedge(self.one, epmd_topology(self.one, self.two, self.three))
        first.evaluate_until("Node.list", list_of(self.two, self.three))
        second.evaluate_until("Node.list", list_of(self.one, self.three))
        third.evaluate_until("Node.list", list_of(self.one, self.two))

    def test_node_that_was_killed_and_came_back_returns_by_itself(self):
        second = self.sedge(self.two)
        first = self.sedge(self.one, epmd_topology(self.one, self.two))
        first.evaluate_until("Node.list", list_of(self.two))
        second.kill()
        first.evaluate_until("Node.list", "[]", 5)
        again = self.sedge(self.two)
        first.evaluate_until("Node.list", list_of(self.two), 10)
        self.assertEqual(again.evaluate("Node.list"), list_of(self.one))

    def test_process_on_the_other_machine_is_found_by_its_true_pid(self):
        second = self.sedge(self.two)
        first = self.sedge(self.one, epmd_topology(self.one, self.two))
        first.evaluate_until("Node.list", list_of(self.two))
        shown = second.evaluate("self")
        pid = re.search(r"#PID<.*\.(\d+)\.(\d+)>", shown)
        self.assertIsNotNone(pid, shown)
        number, serial = pid.groups()
        self.assertEqual(second.evaluate("Process.register(self(), :terminal_of_node2)"), "true")
        info = first.evaluate(f'pid("{self.two.node}", 0, {number}, {serial}) |> Process.info')
        for word in ("registered_name: :terminal_of_node2", "current_function:", "initial_call:", "status:",
                     "message_queue_len:", "links:", "dictionary:"):
            self.assertIn(word, info)
        # A pid as node1's own shell prints it works pasted, too.
        printed = first.evaluate(f'pid("{self.two.node}", 0, {number}, {serial})')
        self.assertIn("registered_name: :terminal_of_node2", first.evaluate(f"{printed} |> Process.info"))
        # And it is that process: what is sent to the pid arrives there.
        first.evaluate(f'send(pid("{self.two.node}", 0, {number}, {serial}), {{:hello, "from node1"}})')
        second.evaluate_until("flush", lambda shown: '{:hello, "from node1"}' in shown, 5)
