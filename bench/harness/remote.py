# SPDX-License-Identifier: Apache-2.0
"""W1, W2, W3 and W11: two programs, each a node, and messages between them."""

from bench.harness.programs import HOST, PLACEMENTS

VERBS = {"W1": "round_trip", "W2": "small", "W3": "large"}
ROUND_TRIP_SECONDS = 1.5
# Messages of one run, so that a run takes a second or two with each peer.
COUNTS = {
    "W2": {"raw": 20_000_000, "otp": 1_000_000, "ei": 1_000_000, "caf": 300_000, "sedge": 2_000_000,
           "sedge to otp": 1_000_000, "otp to sedge": 1_000_000},
    "W3": {"raw": 4000, "otp": 1500, "ei": 2000, "caf": 500, "sedge": 2000, "sedge to otp": 1000,
           "otp to sedge": 1000},
}
WRITE_BYTES = 61440  # 64 KiB is a little more than a segment of the loopback interface and leaves a runt behind


def server(programs, peer, spinning):
    spin = ["spin"] if spinning else []
    if peer == "raw":
        return [*programs.program("bench_raw"), "serve", *spin]
    if peer == "ei":
        return [*programs.program("bench_ei_node"), "serve", "server", *spin]
    if peer == "otp":
        return programs.erl("bench_remote", "serve", name="server")
    if peer == "caf":
        return [*programs.program("bench_caf"), "serve"]
    return [*programs.program("bench_remote"), "serve", f"server@{HOST}", *spin]


def client(programs, peer, verb, amount, ready_line, spinning):
    spin = ["spin"] if spinning else []
    at = f"server@{HOST}"
    if peer in ("raw", "caf"):
        port = ready_line.split()[1]
        more = [str(WRITE_BYTES)] if peer == "raw" and verb != "round_trip" else []
        return [*programs.program(f"bench_{peer}"), verb, port, str(amount), *more, *spin]
    if peer == "ei":
        return [*programs.program("bench_ei_node"), verb, "client", at, str(amount), *spin]
    if peer == "otp":
        return programs.erl("bench_remote", verb, at, amount, name="client")
    return [*programs.program("bench_remote"), verb, f"client@{HOST}", at, str(amount), *spin]


def measure(programs, workload, side, placement):
    """Figures of one run of one side: (metric, value, unit)."""
    spinning = side.endswith(" spinning")
    pair = side.removesuffix(" spinning").split(" to ")
    sender, receiver = pair[0], pair[-1]
    amount = ROUND_TRIP_SECONDS if workload == "W1" else COUNTS[workload][side]
    here, there = PLACEMENTS[placement]
    with programs.serving(server(programs, receiver, spinning), there) as serving:
        told = programs.figures(client(programs, sender, VERBS[workload], amount, serving.line, spinning), here)
    return [(metric, value, unit) for _, _, metric, value, unit in told]
