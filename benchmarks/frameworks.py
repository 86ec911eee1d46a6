"""Measure what recording costs in the loops people use: DDP, compiled models, transformers' Trainer, Lightning.

    python -m benchmarks.frameworks                                # prints the table
    python -m benchmarks.frameworks --write docs/performance.md    # and puts it into the page

The machine must be quiet. `--rounds 2 --steps 5` shows in two minutes that everything runs; its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch

from benchmarks import page
from benchmarks.loops import READ_STEPS, SETTLING
from benchmarks.processes import GRADPROBE, ROOT, environment
from benchmarks.steps import Samples, cost, reason

ROWS: Final = {
    "plain": "loop written out",
    "ddp": "DistributedDataParallel, 2 processes (gloo)",
    "compiled": "`torch.compile(model)`",
    "trainer": "transformers `Trainer`",
    "lightning": "Lightning `Trainer`",
}


def command(kind: str, out: Path, words: Sequence[str], run: Sequence[str]) -> list[str]:
    """Return how a loop is started, bare (`run` is empty) or under `gradprobe run` with these options."""
    script = [str(ROOT / "benchmarks" / "loops.py"), kind, "--out", str(out), *words]
    if kind != "ddp":
        return [*(GRADPROBE if run else (sys.executable,)), *run, *script]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", _free_port()]
    return [*launcher, *(("-m", "gradprobe", *run) if run else ()), *script]


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def measured(kind: str, words: Sequence[str], run: Sequence[str] = ()) -> object:
    """Run a loop once; return what it wrote down.

    Raises:
        RuntimeError: If it did not come to its end.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "measured.json"
        options = ["run", "--quiet", "--output", f"{folder}/run", *run[1:]] if run else []
        started = command(kind, out, words, options)
        done = subprocess.run(started, capture_output=True, text=True, env=environment(), check=False)
        if not out.exists():
            raise RuntimeError(f"the loop ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        return json.loads(out.read_text())


def seconds(kind: str, *, rounds: int, steps: int, words: Sequence[str] = ()) -> dict[str, Samples]:
    """Return the seconds of every counted step, bare and recorded in turn within one process (or one in each of its ranks)."""
    taken = measured(kind, ["--rounds", str(rounds), "--steps", str(steps), *words])
    assert isinstance(taken, dict)
    return {name: Samples(blocks) for name, blocks in taken.items()}


def added_reads(kind: str) -> float:
    """Return how many host reads a step `gradprobe run` adds, in steps that are not deep."""
    bare, recorded = measured(kind, ["--reads"]), measured(kind, ["--reads"], run=["run", "--deep", "0-2"])
    assert isinstance(bare, int) and isinstance(recorded, int)
    return (recorded - bare) / READ_STEPS


def table(*, rounds: int, steps: int) -> list[str]:
    """Return the table of loops; one that cannot run says why."""
    rows = [_row(kind, name, rounds=rounds, steps=steps) for kind, name in ROWS.items()]
    rows.insert(1, _row("plain", "the same, never recorded (the noise)", rounds=rounds, steps=steps, words=["--never"]))
    about = (
        f"One process each (two of DDP), one thread, every other step recorded, in a sequence that is even about drifts: {rounds} "
        f"blocks of {2 * steps} steps after the first {2 * SETTLING}; the six-block model at 16 × 64 tokens. Ratios are those of "
        "recorded steps, deep ones among them as `--overhead 2%` allows, to the others."
    )
    head = ["", "bare step (median)", "median", "mean", "mean by block, quartiles", "99th percentile"]
    return [about, "", *page.table([*head, "host reads added a step"], rows)]


def _row(kind: str, name: str, *, rounds: int, steps: int, words: Sequence[str] = ()) -> list[str]:
    print(f"measuring: {name}", file=sys.stderr, flush=True)
    try:
        samples = seconds(kind, rounds=rounds, steps=steps, words=words)
        reads = "" if words else f"{added_reads(kind):g}"
    except Exception as error:  # A framework that is not installed is a row that says so.
        return [name, f"not measured: {reason(error)}", "", "", "", "", ""]
    bare = samples["bare"]
    price = cost(samples["gradprobe"], bare)
    return [name, f"{1000 * statistics.median(bare.all):.1f} ms", *page.cost_cells(price), reads]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page if asked; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=12, help="blocks of steps; at least 2")
    parser.add_argument("--steps", type=int, default=20, help="recorded steps of a block, and as many that are not")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page, between its markers")
    options = parser.parse_args(arguments)
    page.check(parser, options, "loops")
    page.publish(
        [*page.machine(torch.device("cpu")), "", *table(rounds=options.rounds, steps=options.steps)],
        options.write,
        "loops",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
