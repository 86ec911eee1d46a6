"""Measure how the cost of a step, the memory and the record grow with parameters and with steps; write it as markdown.

    python -m benchmarks.scale                                # prints the tables
    python -m benchmarks.scale --write docs/performance.md    # and puts them into the page

The machine must be quiet. `--quick` shows in a minute that everything runs; its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import torch
from torch import nn

from benchmarks import page
from benchmarks.processes import environment

TENSORS: Final = (100, 1_000, 10_000)
STEPS: Final = (100, 10_000, 1_000_000)
ELEMENTS: Final = 64
"""Elements of each tensor: so few that the cost of a tensor is what is measured, and not that of reading its gradient."""
BLOCK: Final = 10
"""Steps that are timed with and without the recorder, in turn."""


class Tensors(nn.Module):
    """So many vectors, of which the loss is the sum of squares."""

    def __init__(self, count: int) -> None:
        super().__init__()
        for number in range(count):
            self.register_parameter(f"p{number}", nn.Parameter(torch.randn(ELEMENTS)))

    def forward(self) -> torch.Tensor:
        """Return the loss."""
        return torch.stack(list(self.parameters())).pow(2).sum()


def by_tensors(count: int, *, blocks: int) -> dict[str, float]:
    """Return what a step of a model of so many tensors costs: bare, recorded, and the first one recorded."""
    from gradprobe.recording import Recording

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Tensors(count)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)

    def step() -> float:
        begin = time.perf_counter()
        optimizer.zero_grad()
        model().backward()
        optimizer.step()
        return time.perf_counter() - begin

    for _ in range(3):
        step()
    with tempfile.TemporaryDirectory() as folder:
        before = psutil.Process().memory_info().rss
        recording = Recording("scale", [], output=Path(folder) / "run", deep=())
        first = step()
        recorder = recording.recorder
        assert recorder is not None
        with recorder.still():
            bare, recorded = [step() for _ in range(BLOCK)], []
        for _ in range(blocks):
            recorded += [step() for _ in range(BLOCK)]
            with recorder.still():
                bare += [step() for _ in range(BLOCK)]
        memory = psutil.Process().memory_info().rss - before
        recording.finish(exit_code=0, exception=None, stopped_by="script")
        size = sum(file.stat().st_size for file in (Path(folder) / "run").iterdir())
    return {
        "bare": statistics.median(bare),
        "recorded": statistics.median(recorded),
        "first": first,
        "memory": memory,
        "record": size,
        "steps": 1 + len(recorded),
    }


def by_steps(steps: int, *, parameters: int = 4) -> dict[str, float]:
    """Return what so many steps of a tiny model leave behind, all of them taken: seconds, memory and record."""
    from gradprobe.recording import Recording

    torch.set_num_threads(1)
    model = nn.Sequential(*[nn.Linear(4, 4) for _ in range(parameters // 2)])
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    inputs = torch.randn(1, 4)
    process, resident = psutil.Process(), 0
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording("scale", [], output=Path(folder) / "run")
        begin, late = time.perf_counter(), 0.0
        for number in range(steps):
            if number == steps // 10:
                resident = process.memory_info().rss
            if number == steps - steps // 10:
                late = time.perf_counter()
            optimizer.zero_grad()
            model(inputs).sum().backward()
            optimizer.step()
        ended = time.perf_counter()
        grown = process.memory_info().rss - resident
        size = sum(file.stat().st_size for file in (Path(folder) / "run").iterdir())
        recording.finish(exit_code=0, exception=None, stopped_by="script")
    return {
        "mean": (ended - begin) / steps,
        "late": (ended - late) / (steps // 10),
        "grown": grown,
        "record": size,
        "seconds": ended - begin,
    }


def fresh(function: str, argument: int, **options: Any) -> dict[str, float]:
    """Return what a function of this module returns in a process of its own, so that memory is its own."""
    words = ", ".join([str(argument), *(f"{name}={value!r}" for name, value in options.items())])
    code = f"import json; from benchmarks import scale; print(json.dumps(scale.{function}({words})))"
    print(f"measuring: {function}({words})", file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=False)
    if done.returncode:
        raise RuntimeError(f"{function}({words}) failed: {done.stderr.strip()[-300:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Return a and b of `a + b·n`, each measurement weighed by its own size, so that the small ones count too."""
    slope, intercept = np.polyfit(x, y, 1, w=1 / np.asarray(y))
    return float(intercept), float(slope)


def parameters_table(*, blocks: int) -> list[str]:
    """Return the table by parameters, and the law."""
    found = {count: fresh("by_tensors", count, blocks=blocks) for count in TENSORS}
    rows = []
    for count, one in found.items():
        added = one["recorded"] - one["bare"]
        rows.append(
            [
                f"{count:,}",
                f"{1e3 * one['bare']:.2f} ms",
                f"{1e3 * added:.3f} ms",
                f"{1e6 * added / count:.2f} µs",
                f"{1e3 * (one['first'] - one['bare']):.0f} ms",
                f"{one['memory'] / 2**20:.1f} MiB",
                f"{one['record'] / 2**10:.0f} KiB ({one['steps']:.0f} steps)",
            ]
        )
    a, b = line(TENSORS, [max(one["recorded"] - one["bare"], 1e-9) for one in found.values()])
    first_a, first_b = line(TENSORS, [max(one["first"] - one["bare"], 1e-9) for one in found.values()])
    head = ["parameter tensors", "bare step", "added a step", "added a tensor", "added to the first step", "memory"]
    return [
        f"Vectors of {ELEMENTS} elements, so that there is nothing but the cost of a tensor; no deep step; SGD.",
        "",
        *page.table([*head, "record"], rows),
        "",
        f"The law: a step costs {1e6 * a:.0f} µs + {1e6 * b:.2f} µs · tensors more than without gradprobe; the first one, in which "
        f"names are found and written, {1e3 * first_a:.1f} ms + {1e6 * first_b:.0f} µs · tensors.",
    ]


def steps_table(counts: Sequence[int]) -> list[str]:
    """Return the table by steps, and the law."""
    found = {count: fresh("by_steps", count) for count in counts}
    rows = [
        [
            f"{count:,}",
            f"{1e6 * one['mean']:.0f} µs",
            f"{1e6 * one['late']:.0f} µs",
            f"{one['grown'] / 2**20:.1f} MiB",
            f"{one['record'] / 2**10:.0f} KiB",
            f"{one['record'] / count:.1f}",
        ]
        for count, one in found.items()
    ]
    (early, less), (last, more) = list(found.items())[-2:]
    doubling = (more["record"] - less["record"]) / float(np.log2(last / early))
    head = ["steps", "a step", "a step of the last tenth", "memory grown since the first tenth", "record"]
    return [
        "A model of 4 parameter tensors, every step taken (none is extrapolated), with deep steps as `--overhead 2%` allows them.",
        "",
        *page.table([*head, "bytes a step"], rows),
        "",
        f"The law: after {last:,} steps the last tenth costs {more['late'] / more['mean']:.2f} times the mean step, and memory has "
        f"grown by {more['grown'] / 2**20:.1f} MiB since the first tenth. From {early:,} steps on the record grows by "
        f"{doubling / 2**10:.0f} KiB with each doubling of the steps (old rows are thinned), not with each step.",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page if asked; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=10, help=f"blocks of {BLOCK} steps with and without the recorder")
    parser.add_argument("--quick", action="store_true", help="few steps, to see that it runs")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into this page, between its markers")
    options = parser.parse_args(arguments)
    if options.write:
        page.split(options.write, "scale")
    lines = [
        *page.machine(torch.device("cpu")),
        "",
        "**As parameters grow**",
        "",
        *parameters_table(blocks=1 if options.quick else options.blocks),
        "",
        "**As steps grow**",
        "",
        *steps_table((100, 1_000, 5_000) if options.quick else STEPS),
    ]
    page.publish(lines, options.write, "scale")
    return 0


if __name__ == "__main__":
    sys.exit(main())
