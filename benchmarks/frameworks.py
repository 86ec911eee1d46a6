"""What `gradprobe run` costs in the loops people use: DDP, compiled models, transformers' Trainer, Lightning."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks import page
from benchmarks.loops import READ_FROM, READ_STEPS
from benchmarks.processes import GRADPROBE, ROOT, environment
from benchmarks.steps import Samples, cost, reason

SKIPPED: Final = 6
"""Steps at the beginning that are not counted: what is compiled then, and the first deep steps."""
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


def measured(kind: str, *, steps: int, words: Sequence[str] = (), run: Sequence[str] = ()) -> object:
    """Run a loop once; return what it wrote down.

    Raises:
        RuntimeError: If it did not come to its end.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "measured.json"
        options = ["run", "--quiet", "--output", f"{folder}/run", *run[1:]] if run else []
        started = command(kind, out, ["--steps", str(steps), *words], options)
        done = subprocess.run(started, capture_output=True, text=True, env=environment(), check=False)
        if not out.exists():
            raise RuntimeError(f"the loop ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        return json.loads(out.read_text())


def seconds(kind: str, *, rounds: int, steps: int) -> dict[str, Samples]:
    """Return the seconds of every counted step, bare and recorded, processes started in turn, the order reversed each round."""
    samples = {"bare": Samples(), "gradprobe": Samples()}
    order = list(samples)
    for _ in range(rounds):
        for name in order:
            taken = measured(kind, steps=steps + SKIPPED, run=["run"] if name == "gradprobe" else ())
            assert isinstance(taken, list)
            samples[name].blocks.append(taken[SKIPPED - 1 :])
        order.reverse()
    return samples


def added_reads(kind: str) -> float:
    """Return how many host reads a step `gradprobe run` adds, in steps that are not deep."""
    steps = READ_FROM + READ_STEPS + 1
    bare = measured(kind, steps=steps, words=["--reads"])
    recorded = measured(kind, steps=steps, words=["--reads"], run=["run", "--deep", "0-2"])
    assert isinstance(bare, int) and isinstance(recorded, int)
    return (recorded - bare) / READ_STEPS


def table(*, rounds: int, steps: int) -> list[str]:
    """Return the table of loops; one that cannot run says why."""
    rows = []
    for kind, name in ROWS.items():
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        try:
            samples, reads = seconds(kind, rounds=rounds, steps=steps), added_reads(kind)
        except Exception as error:  # A framework that is not installed is a row that says so.
            rows.append([name, f"not measured: {reason(error)}", "", "", "", "", ""])
            continue
        price = cost(samples["gradprobe"], samples["bare"])
        median = sorted(samples["bare"].all)[len(samples["bare"].all) // 2]
        rows.append([name, f"{1000 * median:.1f} ms", *page.cost_cells(price), f"{reads:g}"])
    about = (
        f"Whole processes, one thread each: {rounds} of each kind in turn, {steps} steps in each after the first {SKIPPED}; "
        "the six-block model at 16 × 64 tokens. Ratios are those of `gradprobe run --quiet` to the bare script."
    )
    head = ["", "bare step (median)", "median", "mean", "mean by process, quartiles", "99th percentile"]
    return [about, "", *page.table([*head, "host reads added a step"], rows)]
