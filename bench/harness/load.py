# SPDX-License-Identifier: Apache-2.0
"""W9 and W10: a node that has a lot to do at once."""

from bench.harness import remote
from bench.harness.programs import HOST, PLACEMENTS

LARGE_BYTES, LARGE_ROUNDS = 200_000_000, 3
CONNECTIONS, RATE, SECONDS = 1000, 100, 5


def small_beside_large(programs, side):
    """W9: a small call every millisecond while 200 MB cross in both directions on the same connection."""
    if side == "sedge":  # both nodes in one program, which starts itself a second time
        told = programs.figures([*programs.program("bench_large_and_small"), str(LARGE_BYTES), str(LARGE_ROUNDS)])
    else:
        with programs.serving(programs.erl("bench_mixed", "serve", LARGE_BYTES, name="server"), None):
            told = programs.figures(programs.erl("bench_mixed", "main", f"server@{HOST}", LARGE_BYTES, LARGE_ROUNDS,
                                                 name="client"))
    return [(metric, value, unit) for _, _, metric, value, unit in told]


def many_connections(programs, side):
    """W10: the same C nodes send to either."""
    here, there = PLACEMENTS["split"]
    with programs.serving(remote.server(programs, side, False), there) as server:
        told = programs.figures([*programs.program("bench_ei_many"), f"server@{HOST}", str(server.pid),
                                 str(CONNECTIONS), str(RATE), str(SECONDS)], here)
    return [(metric, value, unit) for _, _, metric, value, unit in told]
