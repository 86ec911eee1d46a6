"""Measure what gradprobe costs, beside what people use today, and write it as markdown.

    python -m benchmarks.overhead                                  # CPU, prints the tables
    python -m benchmarks.overhead --write docs/performance.md      # and puts them into the page
    python -m benchmarks.overhead --device cuda --write docs/performance.md

The machine must be quiet. `--rounds 2 --steps 5` shows in two minutes that everything runs; its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import torch

from benchmarks import page, processes
from benchmarks.contenders import BARE, CONTENDERS, Contender
from benchmarks.large_record import write_large_record
from benchmarks.steps import compare, cost, host_reads, reason
from benchmarks.work import LARGE, SMALL, Work

CPU_SCENARIOS: Final = ((16, 1), (16, 2), (4, 1), (32, 1))
"""Batch and threads; all contenders run in the first two, the noise and gradprobe in the others."""
CUDA_SCENARIOS: Final = ((8, 1),)
STARTS: Final = 10
"""Processes of a kind that are started to time a start."""
REPORTS: Final = 5
"""Reports of the large record that are timed."""
READ_STEPS: Final = 6
"""Steps over which host reads are counted."""


def per_step(device: torch.device, *, rounds: int, steps: int) -> list[str]:
    """Return the tables of seconds and host reads a step, contenders within one process."""
    shape, scenarios = (LARGE, CUDA_SCENARIOS) if device.type == "cuda" else (SMALL, CPU_SCENARIOS)
    reads = added_reads(device)
    lines = []
    for number, (batch, threads) in enumerate(scenarios):
        progress(f"steps of batch {batch} on {device.type}, {threads} threads")
        torch.set_num_threads(threads)
        chosen = CONTENDERS if number < 2 else CONTENDERS[:3]
        samples, missing = compare(chosen, lambda batch=batch: Work(shape, batch, device), rounds=rounds, steps=steps)
        costs = {name: cost(taken, samples[BARE.name]) for name, taken in samples.items()}
        title = page.scenario_title(shape, batch, threads, device.type, samples[BARE.name])
        lines += [title, "", *page.cost_table([c.name for c in chosen], costs, missing, reads), ""]
        gc.collect()
    return lines


def added_reads(device: torch.device) -> dict[str, float | str]:
    """Return the host reads a step that each contender adds, or why they could not be counted.

    The bare script's own are taken off: torch's AdamW reads the step count of each parameter, which lies on the CPU.
    """
    progress("host reads")
    reads = {contender: counted_reads(contender, device) for contender in CONTENDERS}
    bare = reads[BARE]
    assert isinstance(bare, int), bare
    return {
        contender.name: count if isinstance(count, str) else (count - bare) / max(READ_STEPS, contender.period)
        for contender, count in reads.items()
    }


def counted_reads(contender: Contender, device: torch.device) -> int | str:
    """Return the host reads of some steps, or why they could not be counted."""
    shape, batch = (LARGE, 1) if device.type == "cuda" else (SMALL, 1)
    try:
        return host_reads(contender, shape, batch, device, steps=READ_STEPS)
    except Exception as error:  # As in `compare`: a contender that fails is a row that says so.
        return reason(error)


def whole_processes(device: torch.device, *, rounds: int, steps: int) -> list[str]:
    """Return the table of whole runs."""
    batch, threads = (CUDA_SCENARIOS if device.type == "cuda" else CPU_SCENARIOS)[0]
    runs = processes.whole_runs(batch=batch, threads=threads, device=device.type, steps=3 * steps, rounds=rounds)
    return page.run_table(runs)


def starts() -> list[str]:
    """Return the table of start-up times."""
    places = {
        "the script's first line": processes.start_up(processes.FIRST_LINE, STARTS),
        "the line after its `import torch`": processes.start_up(processes.AFTER_TORCH, STARTS),
    }
    return page.start_table(places)


def report_time() -> list[str]:
    """Return what a report of a large record takes."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        write_large_record(run)
        size = sum(file.stat().st_size for file in run.iterdir())
        return page.report_lines(processes.report_seconds(run, REPORTS), size)


def section(title: str, measure: Callable[[], list[str]]) -> list[str]:
    """Return a section of the page; one that cannot be measured says why."""
    progress(title)
    try:
        body = measure()
    except Exception as error:
        body = [f"Not measured: {reason(error)}"]
    return [f"### {title}", "", *body, ""]


def measured(device: torch.device, *, rounds: int, steps: int) -> list[str]:
    """Return all that is measured on a device, as lines of markdown."""
    lines = [
        *page.machine(device),
        "",
        *section("Each step, within one process", lambda: per_step(device, rounds=rounds, steps=steps)),
        *section("Each step, whole processes", lambda: whole_processes(device, rounds=rounds, steps=steps)),
    ]
    if device.type == "cpu":
        lines += [
            *section("Start-up", starts),
            *section("Report", report_time),
        ]
    return lines


def progress(text: str) -> None:
    """Say on stderr what is being measured."""
    print(f"measuring: {text}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page if asked; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--rounds", type=int, default=12, help="blocks, or processes, of each contender; at least 2")
    parser.add_argument(
        "--steps", type=int, default=20, help="counted steps of a block; a process takes three times as many"
    )
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into this page, between its markers")
    options = parser.parse_args(arguments)
    page.check(parser, options, options.device)
    if options.device == "cuda" and not torch.cuda.is_available():
        lines = ["Not measured: no GPU."]
    else:
        lines = measured(torch.device(options.device), rounds=options.rounds, steps=options.steps)
    page.publish(lines, options.write, options.device)
    return 0


if __name__ == "__main__":
    sys.exit(main())
