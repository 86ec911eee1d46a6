"""Measure what deep steps cost, and whether `--overhead` is kept; write it as markdown.

    python -m benchmarks.deep                                # prints the tables
    python -m benchmarks.deep --write docs/performance.md    # and puts them into the page

The machine must be quiet. `--rounds 2 --steps 5` shows in two minutes that everything runs; its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import torch

from benchmarks import page
from benchmarks.contenders import BARE, AfterBackward, Contender, nothing
from benchmarks.processes import GRADPROBE, ROOT, on_a_terminal
from benchmarks.steps import Samples, compare, cost
from benchmarks.work import SMALL, Work

BATCHES: Final = (16, 4)
LONG_STEPS: Final = 2000
REFERENCE_BATCHES: Final = 40


def recorded(deep: range) -> Callable[[Work], Iterator[AfterBackward]]:
    """Return what records with these steps as the deep ones."""

    def attach(_: Work) -> Iterator[AfterBackward]:
        from gradprobe.recording import Recording

        with tempfile.TemporaryDirectory() as folder:
            recording = Recording("benchmark", [], output=Path(folder) / "run", deep=deep)
            try:
                yield nothing
            finally:
                recording.finish(exit_code=0, exception=None, stopped_by="script")

    return attach


PLAIN: Final = Contender("gradprobe, no deep step", contextmanager(recorded(range(0))))
DEEP: Final = Contender("gradprobe, every step a deep one", contextmanager(recorded(range(10**9))))


def transformer(*, rounds: int, steps: int) -> list[str]:
    """Return the table of deep steps of the six-block model."""
    torch.set_num_threads(1)
    lines = []
    for batch in BATCHES:
        print(f"measuring: deep steps of batch {batch}", file=sys.stderr, flush=True)
        chosen = [BARE, PLAIN, DEEP]
        samples, _ = compare(
            chosen, lambda batch=batch: Work(SMALL, batch, torch.device("cpu")), rounds=rounds, steps=steps
        )
        lines += [page.scenario_title(SMALL, batch, 1, "cpu", samples[BARE.name]), ""]
        lines += [*deep_table(samples, BARE.name), ""]
    return lines


def deep_table(samples: dict[str, Samples], bare: str) -> list[str]:
    """Return a table of costs against the bare script."""
    rows = [[name, *page.cost_cells(cost(taken, samples[bare]))] for name, taken in samples.items()]
    return page.table(["", "median", "mean", "mean by block, quartiles", "99th percentile"], rows)


def whole(script: Sequence[str], launchers: dict[str, list[str]], *, rounds: int) -> dict[str, Samples]:
    """Return seconds by launcher of a script that writes them to `--out`; the first step is left out."""
    samples = {name: Samples() for name in launchers}
    names = list(launchers)
    for _ in range(rounds):
        for name in names:
            print(f"measuring: {script[0]}: {name}", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / "seconds.json"
                options = launchers[name]
                command = (
                    [*GRADPROBE, "run", "--quiet", "--output", f"{folder}/run", *options]
                    if options
                    else [sys.executable]
                )
                on_a_terminal([*command, str(ROOT / "benchmarks" / script[0]), "--out", str(out), *script[1:]])
                samples[name].blocks.append(json.loads(out.read_text())[1:])
        names.reverse()
    return samples


def reference(*, rounds: int) -> list[str]:
    """Return the table of deep steps of the reference loop."""
    launchers = {
        "`python`": [],
        "`gradprobe run --deep none`": ["--deep", "none"],
        "`gradprobe run --deep 0-999`": ["--deep", "0-999"],
    }
    samples = whole(["reference.py", "--batches", str(REFERENCE_BATCHES)], launchers, rounds=rounds)
    about = f"{rounds} processes of each kind in turn, {REFERENCE_BATCHES} batches in each; Qwen's turn comes every 10."
    return [about, "", *deep_table(samples, "`python`")]


def budget(*, rounds: int) -> list[str]:
    """Return the table of long runs under `--overhead`."""
    launchers = {"`python`": [], "`gradprobe run --overhead 2%`": ["--overhead", "2%"]}
    script = ["train.py", "--batch", "4", "--threads", "1", "--steps", str(LONG_STEPS)]
    samples = whole(script, launchers, rounds=rounds)
    about = f"{rounds} processes of each kind in turn, {LONG_STEPS} steps of 4 × 64 tokens in each."
    return [about, "", *deep_table(samples, "`python`")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page if asked; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8, help="blocks, or processes, of each contender; at least 2")
    parser.add_argument("--steps", type=int, default=20, help="counted steps of a block")
    parser.add_argument(
        "--long-rounds", type=int, default=3, help="processes of each kind of the long runs; at least 2"
    )
    parser.add_argument("--write", type=Path, help="put the tables between the page's markers")
    options = parser.parse_args(arguments)
    if options.write:
        page.split(options.write, "deep")
    lines = [
        *page.machine(torch.device("cpu")),
        "",
        *transformer(rounds=options.rounds, steps=options.steps),
        "**The reference loop**",
        "",
        *reference(rounds=options.rounds),
        "",
        "**The budget**",
        "",
        *budget(rounds=options.long_rounds),
    ]
    page.publish(lines, options.write, "deep")
    return 0


if __name__ == "__main__":
    sys.exit(main())
