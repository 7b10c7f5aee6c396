# SPDX-License-Identifier: Apache-2.0
"""Nodes that announce themselves: machines appear, lose their cable, lose their power, and come back."""

from nodes import GOSSIP_TOPOLOGY, OnMachines, list_of


class Gossip(OnMachines):
    def start_two(self):
        first = self.sedge(self.one, GOSSIP_TOPOLOGY)
        second = self.sedge(self.two, GOSSIP_TOPOLOGY)
        first.evaluate_until("Node.list", list_of(self.two), 10)
        return first, second

    def start_three(self):
        first, second = self.start_two()
        third = self.sedge(self.three, GOSSIP_TOPOLOGY)
        first.evaluate_until("Node.list", list_of(self.two, self.three), 10)
        second.evaluate_until("Node.list", list_of(self.one, self.three), 10)
        third.evaluate_until("Node.list", list_of(self.one, self.two), 10)
        return first, second, third

    def test_machine_that_appears_joins_without_being_listed_anywhere(self):
        self.start_three()

    def test_machine_whose_cable_was_cut_rejoins_when_it_is_mended(self):
        first, second, third = self.start_three()
        self.two.cut()
        first.evaluate_until("Node.list", list_of(self.three), 12)
        third.evaluate_until("Node.list", list_of(self.one), 12)
        second.evaluate_until("Node.list", "[]", 12)
        self.two.mend()
        first.evaluate_until("Node.list", list_of(self.two, self.three), 15)
        second.evaluate_until("Node.list", list_of(self.one, self.three), 15)
        third.evaluate_until("Node.list", list_of(self.one, self.two), 15)

    def test_machine_that_was_unplugged_rejoins_when_it_is_plugged_in(self):
        first, second, third = self.start_three()
        self.three.unplug()
        first.evaluate_until("Node.list", list_of(self.two), 12)
        third.evaluate_until("Node.list", "[]", 12)
        self.three.plug_in()
        first.evaluate_until("Node.list", list_of(self.two, self.three), 15)
        second.evaluate_until("Node.list", list_of(self.one, self.three), 15)
        third.evaluate_until("Node.list", list_of(self.one, self.two), 15)

    def test_machine_that_lost_power_returns(self):
        first, second, third = self.start_three()
        third.kill()
        first.evaluate_until("Node.list", list_of(self.two), 5)
        second.evaluate_until("Node.list", list_of(self.one), 5)
        again = self.sedge(self.three, GOSSIP_TOPOLOGY)
        again.evaluate_until("Node.list", list_of(self.one, self.two), 10)
        first.evaluate_until("Node.list", list_of(self.two, self.three), 10)
        second.evaluate_until("Node.list", list_of(self.one, self.three), 10)

    def test_stranger_without_the_secret_stays_outside(self):
        first, _ = self.start_two()
        stranger = self.sedge(self.three, GOSSIP_TOPOLOGY.replace("only these three machines share", "nobody knows"))
        first.evaluate_until("Node.list", list_of(self.two), 1)
        self.assertEqual(stranger.evaluate("Node.list"), "[]")
        # Three more announcements of his would have to be heard by now.
        stranger.expect(r"$^|.*", 1)
        self.assertEqual(first.evaluate("Node.list"), list_of(self.two))

    def test_network_without_trust_is_shown_but_not_dialled(self):
        open_gossip = '[topologies.clusters1]\nstrategy = "gossip"\n'
        first = self.sedge(self.one, open_gossip, wait=False)
        self.sedge(self.two, open_gossip)
        first.expect(rf'\[sedge:clusters1\] .*discovered.*"{self.two.node}"|'
                     rf'\[sedge:clusters1\] .*"{self.two.node}".*discovered', 12)
        first.type("")
        first.ready()
        self.assertEqual(first.evaluate("Node.list"), "[]")
