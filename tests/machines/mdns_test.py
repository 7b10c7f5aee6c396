# SPDX-License-Identifier: Apache-2.0
"""Nodes as services of multicast DNS, among themselves and beside Avahi; gossip in an IPv6 group."""

import os
import signal
import subprocess
import time

from nodes import OnMachines, list_of

MDNS_TOPOLOGY = """
[topologies.clusters1]
strategy = "mdns"
trust = "lan"
"""
GOSSIP6_TOPOLOGY = """
[topologies.clusters1]
strategy = "gossip"
config = { multicast_addr = "ff02::5ed9:e", secret = "a secret that only these three machines share" }
"""
# Tells the TTL of the first datagram that comes to the group.
HEAR_TTL = """
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("0.0.0.0", 45892))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("233.252.1.32") + socket.inet_aton("{here}"))
s.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
print(next(struct.unpack("i", data)[0] for _, _, data in s.recvmsg(2000, 100)[1]))
"""
BUS = """<busconfig>
  <type>system</type> <listen>unix:path={socket}</listen> <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/> <allow own="*"/> <allow send_type="method_call"/> <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/> <allow receive_type="method_return"/>
    <allow receive_type="error"/> <allow receive_type="signal"/>
  </policy>
</busconfig>
"""
AVAHI = """[server]
host-name=box{number}
use-ipv4=yes
use-ipv6=yes
allow-interfaces=eth0
[publish]
publish-hinfo=no
publish-workstation=no
"""


class Avahi:
    """avahi-daemon on a machine, on a bus of its own, with the tools that talk to it."""

    def __init__(self, test, machine):
        self.machine = machine
        socket = machine.home / "bus"
        bus = machine.write("bus.conf", BUS.format(socket=socket))
        config = machine.write("avahi.conf", AVAHI.format(number=machine.number))
        self.extra = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={socket}"}
        self.start(test, ["dbus-daemon", f"--config-file={bus}", "--nofork", "--nopidfile"])
        until = time.monotonic() + 10
        while not socket.exists() and time.monotonic() < until:
            time.sleep(0.05)
        # Its lock file stands at one place for all of the computer; here it gets that place for itself.
        self.start(test, ["sh", "-c", "mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon && exec "
                          f"avahi-daemon --no-drop-root --no-chroot --no-rlimits -f {config}"])
        while time.monotonic() < until and "box" not in self.run(["avahi-resolve", "-n", f"box{machine.number}.local"]):
            time.sleep(0.2)

    def environment(self):
        return {**self.machine.environment(self.extra),
                "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}

    def start(self, test, arguments):
        log = open(self.machine.home / "avahi.log", "ab")
        test.addCleanup(log.close)
        # The programs end with the machine's namespace.
        return subprocess.Popen(self.machine.command(arguments), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                cwd=self.machine.home, env=self.environment())

    def run(self, arguments):
        done = subprocess.run(self.machine.command(arguments), capture_output=True, text=True, check=False, timeout=20,
                              cwd=self.machine.home, env=self.environment(), stdin=subprocess.DEVNULL)
        return done.stdout

    def browse(self):
        """Lines of `avahi-browse`: `=;eth0;IPv4;NAME;_sedge._tcp;local;HOST;ADDRESS;PORT;"TXT"`."""
        lines = self.run(["avahi-browse", "--resolve", "--parsable", "--terminate", "_sedge._tcp"]).splitlines()
        return [line for line in lines if line.startswith("=")]

    def browse_until(self, test, holds, seconds=15):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            lines = self.browse()
            if holds(lines):
                return lines
            time.sleep(0.3)
        test.fail(f"not within {seconds} s; last shown: {lines}\n"
                  + (self.machine.home / "avahi.log").read_text(errors="replace")[-2000:])


class Mdns(OnMachines):
    def test_machines_that_know_nothing_of_each_other_meet_lose_each_other_and_meet_again(self):
        first = self.sedge(self.one, MDNS_TOPOLOGY)
        second = self.sedge(self.two, MDNS_TOPOLOGY)
        third = self.sedge(self.three, MDNS_TOPOLOGY)
        first.evaluate_until("Node.list", list_of(self.two, self.three), 10)
        second.evaluate_until("Node.list", list_of(self.one, self.three), 10)
        self.two.cut()
        first.evaluate_until("Node.list", list_of(self.three), 12)
        self.two.mend()
        first.evaluate_until("Node.list", list_of(self.two, self.three), 15)
        third.kill()
        first.evaluate_until("Node.list", list_of(self.two), 5)
        self.sedge(self.three, MDNS_TOPOLOGY)
        first.evaluate_until("Node.list", list_of(self.two, self.three), 10)

    def test_avahi_sees_a_node_and_sees_it_leave(self):
        avahi = Avahi(self, self.two)
        node = self.sedge(self.one, MDNS_TOPOLOGY)
        lines = avahi.browse_until(self, lambda found: any("172.24.176.1" in line for line in found))
        shown = next(line for line in lines if self.one.address in line.split(";")[7])
        self.assertIn(f'"node={self.one.node}"', shown)
        self.assertEqual(shown.split(";")[8], "4369")
        self.assertIn(self.one.node.replace("@", "\\064").replace(".", "\\."), shown)
        os.killpg(node.program.pid, signal.SIGTERM)
        node.program.wait(5)
        avahi.browse_until(self, lambda found: not found)

    def test_node_and_avahi_share_a_machine_and_what_avahi_announces_is_heard(self):
        avahi = Avahi(self, self.one)
        first = self.sedge(self.one, MDNS_TOPOLOGY)
        avahi.browse_until(self, lambda found: any(self.one.node.split("@")[1] in line for line in found))
        # Somebody else's node, announced by Avahi: named by its instance alone, without our TXT record.
        avahi.start(self, ["avahi-publish", "-s", self.two.node, "_sedge._tcp", "4369"])
        second = self.sedge(self.two)  # with no topology of its own
        first.evaluate_until("Node.list", list_of(self.two), 15)
        second.evaluate_until("Node.list", list_of(self.one), 5)

    def test_gossip_in_a_group_of_ipv6_makes_a_cluster(self):
        first = self.sedge(self.one, GOSSIP6_TOPOLOGY)
        self.sedge(self.two, GOSSIP6_TOPOLOGY)
        self.sedge(self.three, GOSSIP6_TOPOLOGY)
        first.evaluate_until("Node.list", list_of(self.two, self.three), 15)
        self.three.cut()
        first.evaluate_until("Node.list", list_of(self.two), 12)
        self.three.mend()
        first.evaluate_until("Node.list", list_of(self.two, self.three), 15)

    def test_ttl_of_gossip_is_what_the_option_says(self):
        self.sedge(self.one, '[topologies.clusters1]\nstrategy = "gossip"\nconfig = { multicast_ttl = 7 }\n')
        self.assertEqual(self.two.call(["python3", "-c", HEAR_TTL.format(here=self.two.address)])[1].strip(), "7")
