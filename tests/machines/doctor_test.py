# SPDX-License-Identifier: Apache-2.0
"""Mistakes in a cluster, each provoked on purpose: `sedge why` and `sedge doctor` have to find each by its name.

Machine 1 asks, machine 2 has the node. The machines' /etc/hosts and /etc/resolv.conf are their own (/etc/netns).
"""

import json
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

import nodes
from lab import Lab, run

COOKIE = "a-cookie-for-machines-that-are-ill"
PORT = 9100
# Takes connections on a port and says what it was given, or nothing.
TALKER = """
import socket, sys
server = socket.create_server(("", int(sys.argv[1])))
print("listens", flush=True)
kept = []
while True:
    kept.append(server.accept()[0])
    if sys.argv[2]:
        kept[-1].sendall(sys.argv[2].encode() + b"\\r\\n")
"""
# Holds a name at the port mapper that leads to a port of its choice: ALIVE2_REQ of EPMD.
REGISTRANT = """
import socket, struct, sys, time
name, port = sys.argv[1].encode(), int(sys.argv[2])
body = struct.pack(">BHBBHHH", 120, port, 77, 0, 6, 5, len(name)) + name + b"\\0\\0"
mapper = socket.create_connection(("127.0.0.1", 4369))
mapper.sendall(struct.pack(">H", len(body)) + body)
print("registered", mapper.recv(16)[1], flush=True)
time.sleep(600)
"""
# A name server that knows nobody.
KNOWS_NOBODY = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
print("answers", flush=True)
while True:
    asked, who = server.recvfrom(512)
    server.sendto(asked[:2] + b"\\x81\\x83\\0\\1\\0\\0\\0\\0\\0\\0" + asked[12:asked.index(0, 12) + 5], who)
"""


class Ill(unittest.TestCase):
    """Two machines that stay for all tests of a class; each test mends what it broke."""

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(2)
        cls.addClassCleanup(cls.lab.tear_down)
        cls.lab.build()
        cls.one, cls.two = cls.lab.machines
        for machine in cls.lab.machines:
            machine.write("cookie", COOKIE, 0o400)
            folder = pathlib.Path("/etc/netns") / machine.namespace
            folder.mkdir(parents=True)
            cls.addClassCleanup(shutil.rmtree, folder)

    def setUp(self):
        for machine in self.lab.machines:
            self.hosts(machine, "")

    # -- what a test arranges ----------------------------------------------------------------------------------------

    def hosts(self, machine, lines, name_server="127.0.0.1"):
        folder = pathlib.Path("/etc/netns") / machine.namespace
        (folder / "hosts").write_text("127.0.0.1 localhost\n" + lines, encoding="utf-8")
        (folder / "resolv.conf").write_text(f"nameserver {name_server}\n", encoding="utf-8")

    def rule(self, machine, text):
        """One nftables rule for what comes in to a machine, until the test ends."""
        script = f"table inet ill {{\n  chain c {{\n    type filter hook input priority 0;\n    {text}\n  }}\n}}\n"
        self.in_machine(machine, ["nft", "-f", "-"], script)
        self.addCleanup(self.in_machine, machine, ["nft", "delete", "table", "inet", "ill"])

    def in_machine(self, machine, arguments, text=None):
        done = subprocess.run(machine.command(arguments), input=text, capture_output=True, text=True, check=False,
                              cwd=machine.home, env=machine.environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def start(self, machine, arguments, wait_for):
        """A program that runs until the test ends."""
        started = subprocess.Popen(machine.command(arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, cwd=machine.home, env=machine.environment(), stdin=subprocess.DEVNULL)
        self.addCleanup(self.end, started)
        said = ""
        while wait_for not in said:
            line = started.stdout.readline()
            self.assertTrue(line, f"{arguments[0]} ended: {said}")
            said += line
        return started

    def end(self, program):
        program.send_signal(signal.SIGCONT)
        program.terminate()
        try:
            program.wait(10)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
        program.stdout.close()

    def sedge(self, machine, *arguments, name=None):
        arguments = ["--cookie-file", "cookie", *arguments] if "--cookie-file" not in arguments else arguments
        name = name or ("--name", machine.node)
        return self.start(machine, [str(nodes.SEDGE), "start", *name, *arguments], "is up, port")

    def script(self, machine, text, *arguments):
        return self.start(machine, ["python3", "-c", text, *map(str, arguments)], "\n")

    def mapper(self, machine):
        self.start(machine, [str(nodes.SEDGE), "epmd", "--listen", "0.0.0.0"], "port mapper on")

    def erlang(self, machine, *arguments, evaluate="io:format(\"up~n\")"):
        self.mapper(machine)  # else it starts one that outlives the test
        return self.start(machine, ["erl", "-noinput", "-name", machine.node, "-setcookie", COOKIE, *arguments,
                                    "-eval", evaluate + "."], "up")

    # -- what is found -----------------------------------------------------------------------------------------------

    def asked(self, machine, command, *arguments):
        if "--cookie-file" not in arguments:
            arguments = [*arguments, "--cookie-file", "cookie"]
        code, out, err = machine.call([str(nodes.SEDGE), command, *arguments, "--json"], timeout=60)
        self.assertTrue(out.startswith("{"), out + err)
        found = {(f["step"], f["cause"]): f for s in json.loads(out)["sections"] for f in s["findings"] if "cause" in f}
        return code, found, out

    def expect(self, asked, step, cause, status):
        """The cause is found at that step, with evidence and advice, and the program ends with that status."""
        code, found, out = asked
        self.assertIn((step, cause), found, out)
        self.assertTrue(found[(step, cause)]["evidence"], out)
        self.assertTrue(found[(step, cause)]["advice"], out)
        self.assertEqual(code, status, out)

    def expect_only(self, asked, step, cause, status):
        self.expect(asked, step, cause, status)
        self.assertEqual(list(asked[1]), [(step, cause)], asked[2])

    def why(self, *arguments, machine=None):
        return self.asked(machine or self.one, "why", *(arguments or [self.two.node]))

    def doctor(self, *arguments, name=True, machine=None):
        machine = machine or self.one
        return self.asked(machine, "doctor", *(["--name", machine.node] if name else []), *arguments)


class Why(Ill):
    def test_nothing_is_wrong(self):
        self.sedge(self.two)
        code, found, out = self.why()
        self.assertEqual((code, found), (0, {}), out)

    # -- name and host

    def test_name_without_host(self):
        self.expect_only(self.why("node2"), "name", "bad_name", 2)

    def test_short_name_asked_from_a_node_with_long_names(self):
        self.expect_only(self.why("node2@box2", "--name", self.one.node), "name", "name_forms", 3)

    def test_node_with_short_names_asked_by_a_long_one(self):
        self.hosts(self.two, f"{self.two.address} box2\n")
        self.sedge(self.two, name=("--sname", "node2@box2"))
        self.expect_only(self.why(), "handshake", "name_forms", 3)

    def test_host_that_nobody_knows(self):
        self.script(self.one, KNOWS_NOBODY)
        self.expect_only(self.why("node2@box2.example"), "host", "unknown_host", 3)

    def test_name_server_that_does_not_answer(self):
        self.hosts(self.one, "", name_server=self.two.address)
        self.rule(self.two, "udp dport 53 drop")
        self.expect_only(self.why("node2@box2.example"), "host", "resolver_silent", 4)

    # -- route

    def test_address_that_no_machine_has(self):
        self.expect_only(self.why("node2@172.24.176.99"), "route", "no_route", 3)

    def test_wrong_route(self):
        run("ip", "-n", self.one.namespace, "route", "add", "unreachable", "10.9.9.0/24")
        self.addCleanup(run, "ip", "-n", self.one.namespace, "route", "del", "10.9.9.0/24")
        self.expect_only(self.why("node2@10.9.9.2"), "route", "no_route", 3)

    # -- port mapper

    def test_nothing_runs_there(self):
        self.expect_only(self.why(), "port mapper", "no_port_mapper", 3)

    def test_firewall_drops_the_port_mappers_port(self):
        self.sedge(self.two)
        self.rule(self.two, "tcp dport 4369 drop")
        self.expect_only(self.why(), "port mapper", "port_mapper_silent", 4)

    def test_firewall_prohibits_the_port_mappers_port(self):
        self.sedge(self.two)
        self.rule(self.two, "tcp dport 4369 reject with icmp type admin-prohibited")
        self.expect_only(self.why(), "port mapper", "firewall", 3)

    def test_another_program_has_the_port_mappers_port(self):
        self.script(self.two, TALKER, 4369, "HTTP/1.1 400 Bad Request")
        self.expect_only(self.why(), "port mapper", "not_a_port_mapper", 3)

    def test_node_runs_under_another_name(self):
        self.sedge(self.two, name=("--name", f"gateway@{self.two.address}"))
        self.expect_only(self.why(), "port mapper", "name_not_registered", 3)

    # -- port

    def test_firewall_rejects_the_nodes_port(self):
        self.sedge(self.two, "--port-min", str(PORT))
        self.rule(self.two, f"tcp dport {PORT} reject with tcp reset")
        self.expect_only(self.why(), "port", "port_refused", 3)

    def test_firewall_drops_the_nodes_port(self):
        self.sedge(self.two, "--port-min", str(PORT))
        self.rule(self.two, f"tcp dport {PORT} drop")
        self.expect_only(self.why(), "port", "port_silent", 4)

    def test_firewall_prohibits_the_nodes_port(self):
        self.sedge(self.two, "--port-min", str(PORT))
        self.rule(self.two, f"tcp dport {PORT} reject with icmp type admin-prohibited")
        self.expect_only(self.why(), "port", "firewall", 3)

    def test_registration_that_outlived_its_node(self):
        self.mapper(self.two)
        self.script(self.two, REGISTRANT, "node2", 1)
        self.expect_only(self.why(machine=self.two), "port", "stale_registration", 3)
        self.expect_only(self.why(), "port", "port_refused", 3)
        self.expect(self.doctor(machine=self.two), "registration", "stale_registration", 1)

    def test_node_that_listens_on_one_family_of_its_host(self):
        for machine, address in ((self.one, "fd00::1"), (self.two, "fd00::2")):
            run("ip", "-n", machine.namespace, "addr", "add", f"{address}/64", "dev", "eth0", "nodad")
            self.addCleanup(run, "ip", "-n", machine.namespace, "addr", "del", f"{address}/64", "dev", "eth0")
            self.hosts(machine, f"{self.two.address} box2.example\nfd00::2 box2.example\n")
        self.sedge(self.two, "--listen", "fd00::2", name=("--name", "node2@box2.example"))
        self.expect_only(self.why("node2@box2.example"), "port", "one_address_family", 0)

    # -- handshake and cookie

    def test_node_that_hangs(self):
        self.mapper(self.two)
        self.sedge(self.two).send_signal(signal.SIGSTOP)
        self.expect_only(self.why("--setup-time", "2000", self.two.node), "handshake", "handshake_silent", 4)

    def test_another_program_took_the_port_of_a_registration(self):
        self.mapper(self.two)
        self.script(self.two, TALKER, PORT, "SSH-2.0-OpenSSH_9.2p1")
        self.script(self.two, REGISTRANT, "node2", PORT)
        self.expect_only(self.why(), "handshake", "not_a_node", 3)

    def test_name_that_leads_to_another_machine(self):
        self.hosts(self.one, f"{self.two.address} box3.example\n")
        self.sedge(self.two)
        self.expect_only(self.why("node2@box3.example"), "handshake", "another_node", 3)

    def test_wrong_cookie(self):
        self.sedge(self.two)
        self.one.write("other", "a cookie of another cluster altogether", 0o400)
        self.expect_only(self.why(self.two.node, "--cookie-file", "other"), "cookie", "wrong_cookie", 3)

    def test_shut_out_after_several_attempts_with_a_wrong_cookie(self):
        self.sedge(self.two)
        self.one.write("other", "another-cookie-than-the-machines-have", 0o400)
        for _ in range(5):
            self.expect(self.why(self.two.node, "--cookie-file", "other"), "cookie", "wrong_cookie", 3)
        self.expect(self.why(self.two.node, "--cookie-file", "other"), "handshake", "closed", 3)

    def test_list_of_allowed_nodes(self):
        self.erlang(self.two, evaluate="net_kernel:allow(['other@172.24.176.9']), io:format(\"up~n\")")
        self.expect_only(self.why(), "handshake", "not_allowed", 3)

    def test_cookie_that_cannot_be_used_leaves_the_other_steps(self):
        self.sedge(self.two)
        self.one.write("open", COOKIE, 0o644)
        asked = self.why(self.two.node, "--cookie-file", "open")
        self.expect_only(asked, "own settings", "cookie_unusable", 5)
        self.assertIn('"step":"port mapper","verdict":"ok"', asked[2])

    # -- what ends connections later

    def test_tick_times_differ(self):
        self.erlang(self.two, "-kernel", "net_ticktime", "15")
        self.expect_only(self.why(), "tick", "tick_times_differ", 0)

    def test_path_that_loses_packets_of_full_size(self):
        self.sedge(self.two)
        self.rule(self.two, "meta length > 1000 drop")
        self.expect_only(self.why(), "large packets", "large_packets_lost", 4)

    def test_way_back_is_closed(self):
        self.sedge(self.one)
        self.sedge(self.two)
        self.rule(self.one, f"ip saddr {self.two.address} tcp flags syn / syn,ack drop")
        self.expect(self.why(self.two.node, "--name", self.one.node), "way back", "one_way", 4)

    # -- two other nodes

    def test_other_end_tells_what_it_sees(self):
        self.sedge(self.two)
        asked = self.why(self.two.node, "node9@172.24.176.1")
        self.expect(asked, "port mapper", "no_port_mapper", 3)
        seen = [s for s in json.loads(asked[2])["sections"] if s["from"] == self.two.node]
        self.assertEqual([(s["to"], s["cause"]) for s in seen], [("node9@172.24.176.1", "no_port_mapper")])

    def test_other_end_of_otp_tells_what_it_sees(self):
        self.erlang(self.two)
        self.sedge(self.one)
        asked = self.why(self.two.node, "node9@172.24.176.1")
        seen = [s for s in json.loads(asked[2])["sections"] if s["from"] == self.two.node]
        self.assertEqual([(s["to"], s["cause"]) for s in seen], [("node9@172.24.176.1", "name_not_registered")])
        code, found, out = self.why(self.two.node, self.one.node)
        self.assertEqual((code, found), (0, {}), out)
        self.assertIn("OTP 25", out)


class WhyWithTls(Ill):
    def setUp(self):
        super().setUp()
        self.make_authority("ca")

    def make_authority(self, name):
        code, out, err = self.one.call([str(nodes.SEDGE), "cert", "init", name, "--force"])
        self.assertEqual(code, 0, out + err)

    def issue(self, machine, *more, authority="ca", node=None):
        """The options that give a node a certificate."""
        self.one.call(["rm", "-rf", f"tls{machine.number}"])
        code, out, err = self.one.call([str(nodes.SEDGE), "cert", "issue", node or machine.node, "--ca", authority,
                                        "--out", f"tls{machine.number}", *more])
        self.assertEqual(code, 0, out + err)
        folder = self.one.home / f"tls{machine.number}"
        key = next(folder.glob("*.key"))
        return self.options(key.with_suffix(".crt"), key, self.one.home / authority / "ca.crt")

    def options(self, certificate, key, authority):
        return ["--tls-certificate", str(certificate), "--tls-key", str(key), "--tls-ca", str(authority)]

    def dated(self, start, end):
        """A certificate for machine 2 with these dates, which `sedge cert` has no option for."""
        home = self.one.home
        (home / "index.txt").write_text("", encoding="utf-8")
        (home / "serial").write_text("01", encoding="utf-8")
        (home / "ca.cnf").write_text(
            "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
            "policy=p\nunique_subject=no\n[p]\ncommonName=supplied\n[x]\n"
            f"subjectAltName=IP:{self.two.address},DNS:{self.two.address}\nextendedKeyUsage=serverAuth,clientAuth\n",
            encoding="utf-8")
        for step in (["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=node2",
                      "-keyout", "dated.key", "-out", "dated.csr"],
                     ["ca", "-batch", "-config", "ca.cnf", "-cert", "ca/ca.crt", "-keyfile", "ca/ca.key", "-notext",
                      "-startdate", start, "-enddate", end, "-extensions", "x", "-in", "dated.csr",
                      "-out", "dated.crt"]):
            self.in_machine(self.one, ["openssl", *step])
        (home / "dated.key").chmod(0o400)
        return self.options(home / "dated.crt", home / "dated.key", home / "ca" / "ca.crt")

    def test_nothing_is_wrong(self):
        self.sedge(self.two, *self.issue(self.two))
        code, found, out = self.why(self.two.node, *self.issue(self.one))
        self.assertEqual((code, found), (0, {}), out)

    def test_tls_here_and_not_there(self):
        self.sedge(self.two)
        self.expect_only(self.why(self.two.node, *self.issue(self.one)), "TLS", "tls_on_one_side", 3)

    def test_tls_there_and_not_here(self):
        self.sedge(self.two, *self.issue(self.two))
        self.expect_only(self.why(), "handshake", "tls_on_one_side", 3)

    def test_certificate_of_another_authority(self):
        self.make_authority("other")
        self.sedge(self.two, *self.issue(self.two, authority="other"))
        self.expect_only(self.why(self.two.node, *self.issue(self.one)), "TLS", "certificate_untrusted", 3)

    def test_certificate_of_another_machine(self):
        self.sedge(self.two, *self.issue(self.two))
        self.hosts(self.one, f"{self.two.address} box2.example\n")
        asked = self.why("node2@box2.example", *self.issue(self.one))
        self.expect_only(asked, "TLS", "certificate_name", 3)

    def test_certificate_that_has_expired(self):
        self.sedge(self.two, *self.dated("20200101000000Z", "20210101000000Z"))
        self.expect_only(self.why(self.two.node, *self.issue(self.one)), "TLS", "certificate_expired", 3)

    def test_clock_behind_the_date_of_a_certificate(self):
        ahead = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 86400))
        self.sedge(self.two, *self.dated(ahead, "20400101000000Z"))
        self.expect_only(self.why(self.two.node, *self.issue(self.one)), "TLS", "certificate_not_yet_valid", 3)

    def test_key_that_others_can_read(self):
        options = self.issue(self.one)
        pathlib.Path(options[3]).chmod(0o644)
        self.expect(self.doctor(*options), "TLS", "tls_files", 5)


class Doctor(Ill):
    def test_nothing_is_wrong(self):
        code, found, out = self.doctor()
        self.assertEqual((code, found), (0, {}), out)

    def test_mistyped_key(self):
        config = self.one.write("wrong.toml", "[node]\ncokie_file = \"cookie\"\n")
        code, out, err = self.one.call([str(nodes.SEDGE), "doctor", "--config", config, "--json"])
        self.assertIn('"cause":"configuration"', out, err)
        self.assertEqual(code, 5)

    def test_name_of_another_machine(self):
        self.expect_only(self.doctor("--name", "node1@172.24.176.9", name=False), "name", "another_machine", 1)

    def test_host_name_that_leads_to_loopback(self):
        self.hosts(self.one, "127.0.1.1 box1.example\n")
        self.expect_only(self.doctor("--name", "node1@box1.example", name=False), "name", "loopback_name", 0)

    def test_cookie_file_that_others_can_read(self):
        self.one.write("open", COOKIE, 0o644)
        self.expect_only(self.doctor("--cookie-file", "open"), "cookie", "cookie_open", 5)

    def test_cookie_file_that_is_empty(self):
        self.one.write("empty", "", 0o400)
        self.expect_only(self.doctor("--cookie-file", "empty"), "cookie", "cookie_unusable", 5)

    def test_cookie_that_can_be_guessed(self):
        self.one.write("short", "secret", 0o400)
        self.expect_only(self.doctor("--cookie-file", "short"), "cookie", "cookie_weak", 0)

    def test_another_program_has_the_port_mappers_port(self):
        self.script(self.one, TALKER, 4369, "SSH-2.0-OpenSSH_9.2p1")
        self.expect_only(self.doctor(), "port mapper", "not_a_port_mapper", 1)

    def test_node_of_that_name_runs(self):
        self.sedge(self.one)
        self.expect_only(self.doctor(), "registration", "name_in_use", 0)

    def test_another_program_has_the_nodes_port(self):
        self.script(self.one, TALKER, PORT, "")
        self.expect_only(self.doctor("--port-min", str(PORT)), "port", "port_taken", 1)

    def test_few_file_descriptors(self):
        command = f"ulimit -n 128; {nodes.SEDGE} doctor --name {self.one.node} --cookie-file cookie --json"
        code, out, err = self.one.call(["sh", "-c", command])
        self.assertIn('"cause":"few_descriptors"', out, err)
        self.assertEqual(code, 0)

    def test_small_mtu(self):
        run("ip", "-n", self.one.namespace, "link", "set", "eth0", "mtu", "1000")
        self.addCleanup(run, "ip", "-n", self.one.namespace, "link", "set", "eth0", "mtu", "1500")
        self.expect_only(self.doctor(), "interface eth0", "small_mtu", 0)

    def test_interface_without_multicast(self):
        run("ip", "-n", self.one.namespace, "link", "set", "eth0", "multicast", "off")
        self.addCleanup(run, "ip", "-n", self.one.namespace, "link", "set", "eth0", "multicast", "on")
        self.expect_only(self.doctor(), "multicast", "no_multicast", 0)

    def test_firewall_drops_multicast(self):
        self.rule(self.one, "ip daddr 233.252.1.32 drop")
        self.expect_only(self.doctor(), "multicast on eth0", "multicast_blocked", 0)

    # -- gossip

    def gossip(self, machine, secret="one secret that all machines share"):
        return machine.write("gossip.toml", "[topologies.clusters1]\nstrategy = \"gossip\"\n"
                                            f"config = {{ secret = \"{secret}\" }}\n")

    def test_gossip_is_heard(self):
        self.sedge(self.two, "--config", self.gossip(self.two))
        code, found, out = self.doctor("--config", self.gossip(self.one))
        self.assertEqual((code, found), (0, {}), out)
        self.assertIn(f"heard {self.two.node}", out)

    def test_switch_drops_multicast(self):
        self.sedge(self.two, "--config", self.gossip(self.two))
        switch = ["ip", "netns", "exec", self.lab.segment, "nft"]
        run(*switch, "add", "table", "bridge", "ill")
        self.addCleanup(run, *switch, "delete", "table", "bridge", "ill")
        run(*switch, "add", "chain", "bridge", "ill", "c", "{ type filter hook forward priority 0; }")
        run(*switch, "add", "rule", "bridge", "ill", "c", "ip", "daddr", "233.252.1.32", "drop")
        asked = self.doctor("--config", self.gossip(self.one))
        self.expect_only(asked, "gossip of clusters1", "gossip_unheard", 0)

    def test_gossip_secrets_differ(self):
        self.sedge(self.two, "--config", self.gossip(self.two))
        asked = self.doctor("--config", self.gossip(self.one, "quite another secret than the others"))
        self.expect_only(asked, "gossip of clusters1", "gossip_secrets_differ", 1)
