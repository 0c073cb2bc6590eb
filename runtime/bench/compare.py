#!/usr/bin/env python3
"""Whole runs of Circ and of its peers, in turn, in one go. See README.md."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass
class Model:
    """A network that all are given."""

    # Name of the programs of the peers, and the .circ file.
    program: str
    file: Path
    # Biological time of a run in seconds.
    seconds: float
    # What the .circ file and the programs of the peers are told of its size.
    scale: float = 1.0
    settings: list = field(default_factory=list)


EXAMPLES = ROOT / "examples"
MODELS = {
    "cuba": Model("cuba", EXAMPLES / "cuba.circ", 10),
    "cuba_40000": Model("cuba", EXAMPLES / "cuba.circ", 1, 10, ["n_exc=32000", "n_inh=8000", "p=0.002"]),
    "cobahh": Model("cobahh", EXAMPLES / "cobahh.circ", 1),
    "brunel": Model("brunel", EXAMPLES / "brunel.circ", 1),
    "microcircuit": Model("microcircuit", EXAMPLES / "microcircuit.circ", 1.2, 0.1, ["scale=0.1"]),
    "brunel_stdp": Model("brunel_stdp", HERE / "brunel_stdp.circ", 1),
    "song_stdp": Model("song_stdp", HERE / "song_stdp.circ", 10),
}


@dataclass
class Run:
    """What one run took, as seen from outside, and what it says of itself."""

    # Seconds of the whole process, and of its run phase.
    whole: float
    run: float
    # Peak of resident memory in bytes, of the largest process.
    peak: int
    synapses: int
    # Hz, by population; and other values that ought to agree.
    values: dict


def watched(command):
    """Output, seconds and peak memory of a command with all that it starts."""
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(list(map(str, command)), stdout=said, stderr=said, text=True)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - begin
        said.seek(0)
        text = said.read()
    if status:
        sys.exit(f"{' '.join(map(str, command))}\n{text}")
    return text, took, usage.ru_maxrss * 1024


def circ(binary, model, threads, precision):
    settings = [f"duration={model.seconds} s", *model.settings]
    command = [binary, "run", model.file, "--quiet", "--json", "--threads", threads, "--precision", precision]
    text, whole, peak = watched(command + [part for setting in settings for part in ("--set", setting)])
    said = json.loads(text[text.index("{"):])
    values = {population["path"]: population["rate_hz"] for population in said["populations"]}
    return Run(whole, said["timing"]["run_ms"] / 1000, peak, said["synapses"], values)


def peer(python, name, model, *arguments):
    program = HERE / name / f"{model.program}.py"
    text, whole, peak = watched([python, program, *arguments])
    said = json.loads(text.strip().splitlines()[-1])
    rates, more = said["rates"], {key: value for key, value in said.items() if key not in ("run", "synapses", "rates")}
    return Run(whole, said["run"], peak, said["synapses"], rates | more)


def contestants(arguments, model, folder):
    """Who runs this network: a function for each name."""
    runs = {}
    for precision in ("f64", "f32"):
        for threads in (1, 2):
            runs[f"Circ, {precision}, {threads} thread{'s' * (threads > 1)}"] = (
                lambda threads=threads, precision=precision: circ(arguments.circ, model, threads, precision))
    if arguments.brian2 and (HERE / "brian2" / f"{model.program}.py").exists():
        runs["Brian2"] = lambda: peer(arguments.brian2, "brian2", model, folder, model.seconds, model.scale)
    if arguments.nest and (HERE / "nest" / f"{model.program}.py").exists():
        for threads in (1, 2):
            runs[f"NEST, {threads} thread{'s' * (threads > 1)}"] = (
                lambda threads=threads: peer(arguments.nest, "nest", model, model.seconds, threads, model.scale))
    return runs


def table(name, model, results):
    """Markdown: medians, and the run phase of each relative to Circ on one thread with f64."""
    own = statistics.median(run.run for run in next(iter(results.values())))
    lines = [
        f"### {name}: {model.seconds} s",
        "",
        "| | first program, s | again, s | run phase, s | relative | peak, MB | bytes a synapse | rates, Hz |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for who, runs in results.items():
        phase = statistics.median(run.run for run in runs)
        again = f"{statistics.median(run.whole for run in runs[1:]):.2f}" if len(runs) > 1 else ""
        last = runs[-1]
        values = ", ".join(f"{key} {value:.4g}" for key, value in last.values.items())
        lines.append(
            f"| {who} | {runs[0].whole:.2f} | {again} | {phase:.3f} | {phase / own:.2f} | {last.peak / 1e6:.0f} | "
            f"{last.peak / last.synapses:.1f} | {values} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=list(MODELS), help=f"of {', '.join(MODELS)}; all by default")
    parser.add_argument("--circ", default=ROOT / "target/release/circ")
    parser.add_argument("--brian2", help="a Python that has Brian2")
    parser.add_argument("--nest", help="a Python that has NEST")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    for name in arguments.models:
        if name not in MODELS:
            parser.error(f"no model `{name}`: there are {', '.join(MODELS)}")
    for name in arguments.models:
        model = MODELS[name]
        # Brian2 compiles in it: empty in the first round only.
        folder = tempfile.mkdtemp()
        runs = contestants(arguments, model, folder)
        results = {who: [] for who in runs}
        for _ in range(arguments.rounds):
            for who, run in runs.items():
                results[who].append(run())
        shutil.rmtree(folder)
        print(table(name, model, results), flush=True)


if __name__ == "__main__":
    main()
