#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every fuzz target of a build for a while, each on a copy of its seeds, and counts those that held.

A crash, leak, hang or memory hog ends its target; what provoked it is kept in BUILD/fuzz-findings, from where it
should go into tests/fuzz/corpus/NAME and become a test.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def declared():
    """Names of the targets that CMakeLists.txt builds."""
    text = (HERE / "CMakeLists.txt").read_text(encoding="utf-8")
    return re.findall(r"^sedge_fuzz\((\w+)\b", text, re.MULTILINE)


def run(name, options):
    findings = options.build / "fuzz-findings" / name
    findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sedge-fuzz-") as work:
        corpus = [work]
        seeds = HERE / "corpus" / name
        if seeds.is_dir():
            corpus.append(str(seeds))
        command = [str(options.build / "bin" / f"{name}_fuzz"), f"-max_total_time={options.seconds}",
                   "-timeout=5", "-rss_limit_mb=1024", "-print_final_stats=1", f"-artifact_prefix={findings}/", *corpus]
        dictionary = HERE / f"{name}.dict"
        if dictionary.is_file():
            command.insert(1, f"-dict={dictionary}")
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1")
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False,
                              env=environment, timeout=options.seconds + 120)
    seeds_count = len(list(seeds.iterdir())) if seeds.is_dir() else 0
    return name, done.returncode, done.stderr, seeds_count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*", help="targets; without: all")
    options = parser.parse_args()
    options.build = options.build.resolve()
    names = options.names or declared()
    if not names:
        print("no fuzz targets")
        return 1
    shutil.rmtree(options.build / "fuzz-findings", ignore_errors=True)

    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, code, output, seeds in pool.map(lambda n: run(n, options), names):
            runs = re.search(r"number_of_executed_units: (\d+)", output)
            count = int(runs.group(1)) if runs else 0
            print(f"{name}: {count} inputs from {seeds} seeds, {'held' if code == 0 else 'FAILED'}", flush=True)
            if code == 0:
                passed += 1
            else:
                failed += 1
                print("\n".join(output.splitlines()[-60:]))
                print(f"what provoked it: {options.build}/fuzz-findings/{name}/")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
