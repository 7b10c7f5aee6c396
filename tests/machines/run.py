#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests on three machines. Needs root, iproute2, nftables and Elixir.

    tests/machines/run.py [--sedge PROGRAM] [unittest arguments, say -k Gossip]
"""

import argparse
import os
import pathlib
import shutil
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import measuring  # noqa: E402
import nodes  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sedge", type=pathlib.Path, default=nodes.SEDGE, help="the program to test")
    options, rest = parser.parse_known_args()
    nodes.SEDGE = options.sedge.resolve()
    for missing in (tool for tool in ("ip", "nft", "iex") if not shutil.which(tool)):
        sys.exit(f"{missing} is missing; scripts/test installs it")
    if os.geteuid() != 0:
        sys.exit("network namespaces need root")
    if not os.access(nodes.SEDGE, os.X_OK):
        sys.exit(f"{nodes.SEDGE} is not there; scripts/build makes it")
    # Same as `python3 -m unittest discover`, so that its arguments (-k, -f, ...) work here.
    outcome = unittest.main(module=None, exit=False, verbosity=2, argv=[
        sys.argv[0], "discover", "-s", str(HERE), "-p", "*_test.py", *rest]).result
    return 0 if outcome.wasSuccessful() else 1


if __name__ == "__main__":
    measuring.run(main)
