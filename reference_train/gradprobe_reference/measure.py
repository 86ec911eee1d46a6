"""Measure the first run: `python -m gradprobe_reference.measure --seeds 5` prints the table of docs/reference.md."""

import argparse
import math
import sys
import time
from dataclasses import dataclass

import numpy as np
from scipy import stats

from gradprobe_reference.pieces import Pieces
from gradprobe_reference.reporting import BatchReport
from gradprobe_reference.settings import Settings
from gradprobe_reference.train import train

TRENDS = ("loss", "risk", "mask_ratio", "reward")
AVERAGED = 10  # batches; what the table shows of a series are means over its first, middle and last ten


@dataclass(frozen=True, slots=True)
class FirstRun:
    """One run, read back from the device batch by batch.

    Attributes:
        seed: Its seed.
        seconds: Wall time of the whole run.
        qwen_grads: The norm at each refresh, by the index of the batch that delivered it.
        series: The metrics by name, one value per batch.
    """

    seed: int
    seconds: float
    qwen_grads: dict[int, float]
    series: dict[str, list[float]]

    @property
    def finite(self) -> bool:
        """Whether every measured value is a number."""
        values = [value for series in self.series.values() for value in series]
        return all(map(math.isfinite, [*values, *self.qwen_grads.values()]))


def measure(settings: Settings) -> FirstRun:
    """Train once and keep every batch's measurements."""
    reports: list[BatchReport] = []
    began = time.perf_counter()
    train(settings, Pieces(), reports.append)
    seconds = time.perf_counter() - began
    qwen_grads: dict[int, float] = {}
    latest = None
    for report in reports:
        if report.qwen_grad is not latest:  # a new tensor: this batch was the last of its window
            qwen_grads[report.batch] = float(report.qwen_grad) if report.qwen_grad is not None else 0.0
            latest = report.qwen_grad
    series = {name: [float(report.metrics[name]) for report in reports] for name in reports[0].metrics}
    return FirstRun(settings.seed, seconds, qwen_grads, series)


def table(runs: list[FirstRun]) -> str:
    """Write runs as a markdown table; p is that of a Mann-Kendall test over all batches, two-sided."""
    head = ["seed", "seconds", "Qwen_grad at 0, 10, 50", "Qwen_grad, all refreshes", *TRENDS, "all finite"]
    rows = [head, ["---"] * len(head), *(_row(run) for run in runs)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> int:
    """Measure as many seeds as asked for and print the table."""
    parser = argparse.ArgumentParser(prog="gradprobe_reference.measure", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0 to N - 1")
    parser.add_argument("--agent-lr", type=float, default=Settings().agent_lr, help="as of the program")
    parser.add_argument("--qwen-lr", type=float, default=Settings().qwen_lr, help="as of the program")
    arguments = parser.parse_args()
    learning_rates = {"agent_lr": arguments.agent_lr, "qwen_lr": arguments.qwen_lr}
    print(table([measure(Settings(seed=seed, **learning_rates)) for seed in range(arguments.seeds)]))
    return 0


def _row(run: FirstRun) -> list[str]:
    grads = run.qwen_grads
    shown = ["0", *(f"{grads[batch]:.2e}" if batch in grads else "-" for batch in (10, 50))]
    return [
        str(run.seed),
        f"{run.seconds:.0f}",
        ", ".join(shown),
        f"{min(grads.values()):.1e} to {max(grads.values()):.1e}",
        *(_trend(run.series[name]) for name in TRENDS),
        "yes" if run.finite else "no",
    ]


def _trend(series: list[float]) -> str:
    middle = (len(series) - AVERAGED) // 2
    means = [np.mean(series[start : start + AVERAGED]) for start in (0, middle, len(series) - AVERAGED)]
    if min(series) == max(series):
        return f"{series[0]:.2f} throughout"
    _, p_value = stats.kendalltau(np.arange(len(series)), series)  # Mann-Kendall: Kendall's tau against time
    return f"{' → '.join(f'{mean:.2f}' for mean in means)} (p {p_value:.0e})"


if __name__ == "__main__":
    sys.exit(main())
