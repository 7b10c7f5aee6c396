# SPDX-License-Identifier: Apache-2.0
"""What programs that measure have in common: trials side by side, figures for a table, and an end when told to."""

import concurrent.futures
import contextlib
import os
import signal
import sys
import time
import traceback

from lab import Lab


def together(job, many, at_once=None):
    """`job(number)` for each number below `many`, all at a time or so many; their results in one list."""
    pool = concurrent.futures.ThreadPoolExecutor(at_once or many)
    try:
        results = list(pool.map(job, range(many)))
    except Exception:
        pool.shutdown()
        raise
    pool.shutdown()  # not if interrupted: nobody waits for a trial then
    return results


def wait_until(holds, seconds, every=0.1):
    """True as soon as `holds()` is; false after `seconds`."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(every)
    return True


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def shown(seconds):
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def run(main):
    """Runs `main` as a program, which ends when it is told to (SIGTERM, ctrl-C) and leaves no machine behind."""
    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    code = 1
    try:
        code = main() or 0
    except KeyboardInterrupt:
        code = 130
    except SystemExit as ended:  # of argparse, or with a sentence
        code = ended.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
    leave(code or 0)


def leave(code):
    """Ends the program, although trials may still be under way in threads."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(Exception):
        Lab.end_all()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
