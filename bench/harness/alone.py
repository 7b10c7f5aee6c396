# SPDX-License-Identifier: Apache-2.0
"""W4 and W5: what happens inside one program."""

from bench.harness.programs import Failed

# W4's "placements": how many threads run processes.
WORKERS = {"1 worker": 1, "2 workers": 2}


def local(programs, side, placement):
    """W4: messages between processes of one node, and what a process costs."""
    workers = WORKERS[placement]
    core = "0" if workers == 1 else None
    if side == "otp":
        command = programs.erl("bench_local", "main", flags=("+P", "2000000", "+S", f"{workers}:{workers}"))
    elif side == "caf":
        command = [*programs.program("bench_caf"), "local", str(workers)]
    else:
        command = programs.program("bench_local") + ([] if workers == 1 else ["--workers", str(workers)])
    return [(metric, value, unit) for _, _, metric, value, unit in programs.figures(command, core)]


def codec(programs, side):
    """W5: the corpora encoded and decoded."""
    if side == "raw":
        command = [*programs.program("bench_raw"), "copy"]
    elif side == "otp":
        command = programs.erl("bench_codec", "main", flags=("+S", "1:1"))
    elif side == "ei":
        command = [*programs.program("bench_ei_codec"), *corpora(programs)]
    else:
        command = programs.program("bench_codec")
    return [(metric, value, unit) for _, _, metric, value, unit in programs.figures(command, "0")]


def corpora(programs):
    """Files with the terms of W5, which OTP makes."""
    files = sorted(map(str, programs.folder.glob("*.etf")))
    if not files:
        making = programs.start(programs.erl("bench_codec", "write", programs.folder), ready=None)
        making.wait(60)
        programs.stop(making)
        files = sorted(map(str, programs.folder.glob("*.etf")))
        if not files:
            raise Failed("OTP made no corpora")
    return files
