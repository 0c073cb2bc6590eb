#!/usr/bin/env python3
"""Whole runs of Circ and of its peers, in turn, on one thread: medians and ratios. See README.md."""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
# Name: seconds of biology.
MODELS = {"brunel_stdp": 1.0, "song_stdp": 10.0}


def output(command):
    finished = subprocess.run(command, capture_output=True, text=True)
    if finished.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{finished.stdout}{finished.stderr}")
    return finished.stdout


def circ(binary, model, seconds, threads):
    """Seconds of the run phase, and what is reported."""
    text = output([binary, "run", HERE / f"{model}.circ", "--set", f"duration={seconds} s", "--threads", str(threads), "--json"])
    summary = json.loads(text)
    return summary["timing"]["run_ms"] / 1000, json.dumps(summary["reports"])


def peer(python, program, arguments):
    """Seconds that the program itself gives for its loop, and its line."""
    line = output([python, program, *arguments]).strip().splitlines()[-1]
    return float(re.search(r"loop ([0-9.]+) s", line).group(1)), line


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=list(MODELS))
    parser.add_argument("--circ", default=HERE.parents[1] / "target/release/circ")
    parser.add_argument("--brian2", help="a Python that has Brian2")
    parser.add_argument("--nest", help="a Python that has NEST")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    for model in arguments.models:
        seconds = str(MODELS[model])
        folder = tempfile.mkdtemp()
        runs = {
            "circ": lambda: circ(arguments.circ, model, seconds, 1),
            "circ, 2 threads": lambda: circ(arguments.circ, model, seconds, 2),
        }
        brian2, nest = HERE / f"{model}_brian2.py", HERE / f"{model}_nest.py"
        if arguments.brian2 and brian2.exists():
            runs["Brian2"] = lambda: peer(arguments.brian2, brian2, [folder, seconds])
        if arguments.nest and nest.exists():
            runs["NEST"] = lambda: peer(arguments.nest, nest, [seconds])
        times = {name: [] for name in runs}
        said = {}
        for _ in range(arguments.rounds):
            for name, run in runs.items():
                took, said[name] = run()
                times[name].append(took)
        own = statistics.median(times["circ"])
        print(f"{model}, {seconds} s, {arguments.rounds} rounds")
        for name in runs:
            median = statistics.median(times[name])
            each = " ".join(f"{took:.3f}" for took in times[name])
            print(f"  {name:16} {median:8.3f} s {median / own:6.2f} x   ({each})   {said[name]}")


if __name__ == "__main__":
    main()
