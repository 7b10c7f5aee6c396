#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the examples as their heads tell, with a port mapper of their own, and looks at what they print."""

import argparse
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
sys.dont_write_bytecode = True

from tests.support.free_port import free_port  # noqa: E402

PROGRAMS = pathlib.Path("build/dev/bin")


class Program:
    """A running program whose output is read line by line, with a limit on every wait."""

    def __init__(self, command, folder, environment):
        self.command = command
        self.seen = []
        self.lines = queue.Queue()
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode("utf-8", "replace").rstrip())
        self.lines.put(None)

    def expect(self, pattern, seconds=20):
        until = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                shown = "\n".join(self.seen)
                raise AssertionError(f"{self.command[0]}: {pattern!r} was not printed; printed was:\n{shown}")
            self.seen.append(line)
            if re.search(pattern, line):
                return line

    def ends(self, seconds=20):
        return self.process.wait(seconds)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join(5)
        self.process.stdout.close()


class Examples(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sedge-examples-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = dict(os.environ, ERL_EPMD_PORT=str(free_port()), HOME=folder.name)

    def run_example(self, example, name):
        return self.run_command([str(PROGRAMS / example), "--name", f"{name}@127.0.0.1", "--cookie", "edge-servers"])

    def run_command(self, command):
        program = Program(command, self.folder, self.environment)
        self.addCleanup(program.stop)
        return program

    def test_two_programs_find_each_other_and_say_hello(self):
        first = self.run_example("01_hello_cluster", "node1")
        second = self.run_example("01_hello_cluster", "node2")
        first.expect("^node1@127.0.0.1 sees node2@127.0.0.1$")
        second.expect("^node2@127.0.0.1 sees node1@127.0.0.1$")
        first.expect("^node2@127.0.0.1 says hello$")
        second.expect("^node1@127.0.0.1 says hello$")
        self.assertEqual((first.ends(), second.ends()), (0, 0))

    def test_process_on_another_node_answers(self):
        server = self.run_example("02_send_and_receive", "node1")
        asking = self.run_example("02_send_and_receive", "node2")
        asking.expect(r"^20 \+ 22 = 42$")
        self.assertEqual(asking.ends(), 0)
        server.process.terminate()
        self.assertEqual(server.ends(), 0)

    def test_killed_node_is_noticed_once_with_its_process(self):
        watching = self.run_example("03_monitor_a_node", "node1")
        other = self.run_example("03_monitor_a_node", "node2")
        watching.expect("^nodeup node2@127.0.0.1$")
        other.expect("^nodeup node1@127.0.0.1$")
        other.process.send_signal(signal.SIGKILL)
        self.assertEqual(watching.ends(), 0)
        watching.reader.join(5)
        rest = [line for line in iter(watching.lines.get, None)]
        self.assertEqual(sum("nodedown node2@127.0.0.1" in line for line in rest), 1, rest)
        self.assertEqual(sum(line.startswith("{:DOWN, ") and ":noconnection}" in line for line in rest), 1, rest)

    def test_strategy_of_ones_own_connects_and_disconnects_by_its_file(self):
        nodes = self.folder / "nodes.txt"
        nodes.write_text("node1@127.0.0.1\nnode2@127.0.0.1\n", encoding="utf-8")
        first = self.run_example("04_own_strategy", "node1")
        second = self.run_example("04_own_strategy", "node2")
        first.expect("^connected node2@127.0.0.1$")
        nodes.write_text("", encoding="utf-8")
        first.expect("^disconnected node2@127.0.0.1$")
        nodes.unlink()
        self.assertEqual((first.ends(), second.ends()), (0, 0))

    def test_cpp_and_elixir_call_each_other(self):
        script = self.folder / "talk.exs"
        script.write_text("""
            cpp = :"cpp@127.0.0.1"
            wait = fn wait -> if cpp in Node.list(), do: :ok, else: (Process.sleep(50); wait.(wait)) end
            wait.(wait)
            ask = fn ask ->
              case :rpc.call(cpp, :sensors, :mean, [[1.5, 2.5, 8.0]]) do
                {:badrpc, _} -> Process.sleep(50); ask.(ask)
                mean -> mean
              end
            end
            IO.puts("mean #{ask.(ask)}")
            send({:talk, cpp}, {:show, %{temperature: 21.5, unit: "°C"}})
            Process.sleep(1000)
            send({:talk, cpp}, :stop)
            Process.sleep(300)
        """, encoding="utf-8")
        cpp = self.run_example("05_talk_to_elixir", "cpp")
        cpp.expect("unable to connect")  # so its port mapper runs, and Elixir need not start one that would live on
        elixir = self.run_command(["elixir", "--name", "elixir@127.0.0.1", "--cookie", "edge-servers",
                                   "--erl", "-start_epmd false", str(script)])
        elixir.expect(r"^mean 4\.0$", 40)
        cpp.expect("has left$")  # told to stop; the two lines before come in any order
        self.assertEqual(cpp.ends(), 0)
        self.assertIn('Elixir says "HELLO FROM C++"', cpp.seen)
        self.assertIn('{:show, %{temperature: 21.5, unit: "°C"}}', cpp.seen)

    def test_elixir_calls_a_server_in_cpp(self):
        script = self.folder / "heating.exs"
        script.write_text("""
            heating = {:heating, :"cpp@127.0.0.1"}
            wait = fn wait -> if Node.connect(elem(heating, 1)), do: :ok, else: (Process.sleep(50); wait.(wait)) end
            wait.(wait)
            IO.puts("target #{GenServer.call(heating, :target)}")
            GenServer.cast(heating, {:target, 22.5})
            task = Task.async(fn -> GenServer.call(heating, :warm?, :infinity) end)
            Process.sleep(200)
            send(heating, {:measured, 23.0})
            IO.inspect(Task.await(task))
            IO.inspect(:sys.get_state(heating))
        """, encoding="utf-8")
        cpp = self.run_example("06_server", "cpp")
        cpp.expect("cpp@127.0.0.1")  # runs, and is the port mapper
        elixir = self.run_command(["elixir", "--name", "elixir@127.0.0.1", "--cookie", "edge-servers",
                                   "--erl", "-start_epmd false", str(script)])
        elixir.expect(r"^target 20\.0$", 40)
        elixir.expect(r"^{:warm, 23\.0}$")
        elixir.expect(r"^%{measured: 23\.0, target: 22\.5}$")
        self.assertEqual(elixir.ends(), 0)
        cpp.process.terminate()
        self.assertEqual(cpp.ends(), 0)

    def test_cpp_and_a_phoenix_application_broadcast_to_each_other(self):
        # Debian has no Phoenix.PubSub; this speaks to its adapter as the library does.
        script = self.folder / "pubsub.exs"
        script.write_text("""
            cpp = :"cpp@127.0.0.1"
            wait = fn wait -> if Node.connect(cpp), do: :ok, else: (Process.sleep(50); wait.(wait)) end
            wait.(wait)
            {:ok, _} = :pg.start(Phoenix.PubSub)
            {:ok, _} = :pg.start(:pg)
            Process.register(self(), MyApp.PubSub.Adapter)
            :ok = :pg.join(Phoenix.PubSub, MyApp.PubSub.Adapter, self())
            next = fn -> receive do {:forward_to_local, "readings", {:reading, now}, Phoenix.PubSub} -> now end end
            IO.puts("reading #{next.()}")
            for pid <- :pg.get_members(Phoenix.PubSub, MyApp.PubSub.Adapter), node(pid) != node(), do:
              send(pid, {:forward_to_local, "commands", {:target, 22.5}, Phoenix.PubSub})
            warmer = fn warmer -> if next.() > 20.2, do: :ok, else: warmer.(warmer) end
            warmer.(warmer)
            IO.puts("warmer")
            [heating] = :pg.get_members(:heatings)
            send(heating, :stop)
            Process.sleep(300)
        """, encoding="utf-8")
        cpp = self.run_example("07_pubsub", "cpp")
        cpp.expect("cpp@127.0.0.1")  # runs, and is the port mapper
        elixir = self.run_command(["elixir", "--name", "elixir@127.0.0.1", "--cookie", "edge-servers",
                                   "--erl", "-start_epmd false", str(script)])
        elixir.expect(r"^reading 20\.0$", 80)
        cpp.expect(r"^target 22\.5$")
        elixir.expect("^warmer$")
        self.assertEqual(elixir.ends(), 0)
        self.assertEqual(cpp.ends(), 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--programs", type=pathlib.Path, default=PROGRAMS)
    known, remaining = parser.parse_known_args()
    PROGRAMS = known.programs.resolve()
    unittest.main(argv=[sys.argv[0], *remaining])
