"""Seconds a step and host reads a step, contender beside contender in one process."""

from __future__ import annotations

import itertools
import random
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.contenders import AfterBackward, Contender
from benchmarks.work import Shape, Work

WARM_UP: Final = 3
"""Steps at the start of a block that are not counted: something that has just been attached is still settling."""


@dataclass(slots=True)
class Samples:
    """Seconds of every counted step of a contender, by block."""

    blocks: list[list[float]] = field(default_factory=list)

    @property
    def all(self) -> list[float]:
        """Every step."""
        return [seconds for block in self.blocks for seconds in block]


@dataclass(frozen=True, slots=True)
class Cost:
    """A contender's cost against the bare script.

    Attributes:
        medians: Ratio of the median step.
        means: Ratio of the mean step, which a look now and then cannot hide from.
        quartiles: Over rounds, of a block's mean against that of the bare block of the same round.
        tail: 99th percentile of a step, in seconds.
    """

    medians: float
    means: float
    quartiles: tuple[float, ...]
    tail: float


def cost(samples: Samples, bare: Samples) -> Cost:
    """Return what the samples cost against those of the bare script."""
    rounds = [
        statistics.fmean(block) / statistics.fmean(other)
        for block, other in zip(samples.blocks, bare.blocks, strict=True)
    ]
    return Cost(
        medians=statistics.median(samples.all) / statistics.median(bare.all),
        means=statistics.fmean(samples.all) / statistics.fmean(bare.all),
        quartiles=tuple(statistics.quantiles(rounds, n=4, method="inclusive")),
        tail=statistics.quantiles(samples.all, n=100, method="inclusive")[98],
    )


@dataclass(frozen=True, slots=True)
class Block:
    """One block of steps of a contender: how to put it around the work, and which work."""

    contender: Contender
    work: Work
    lasting: AfterBackward | None

    def run(self, steps: int) -> list[float]:
        """Return the seconds of each step."""
        if self.lasting is not None:
            return timed(self.work, self.lasting, steps)
        with self.contender.attach(self.work) as after_backward:
            return timed(self.work, after_backward, steps)


def timed(work: Work, after_backward: AfterBackward, steps: int) -> list[float]:
    """Take the steps and time each one, after the warm-up."""
    for _ in range(WARM_UP):
        work.step(after_backward)
    if work.device.type == "cuda":
        return timed_on_device(work, after_backward, steps)
    seconds = []
    for _ in range(steps):
        begin = time.perf_counter()
        work.step(after_backward)
        seconds.append(time.perf_counter() - begin)
    return seconds


def timed_on_device(work: Work, after_backward: AfterBackward, steps: int) -> list[float]:
    """Time each step on the device's own clock; waiting for it in every step would hide what a host read costs."""
    events = [torch.cuda.Event(enable_timing=True) for _ in range(steps + 1)]
    torch.cuda.synchronize()
    events[0].record()
    for event in events[1:]:
        work.step(after_backward)
        event.record()
    torch.cuda.synchronize()
    return [begin.elapsed_time(end) / 1000 for begin, end in itertools.pairwise(events)]


def compare(
    contenders: Sequence[Contender],
    make_work: Callable[[], Work],
    *,
    rounds: int,
    steps: int,
) -> tuple[dict[str, Samples], dict[str, str]]:
    """Run blocks of all contenders in turn, in a new order each round.

    Args:
        contenders: The contenders, the bare script among them.
        make_work: Makes the work; those that can be switched on and off share one.
        rounds: Blocks of each contender.
        steps: Counted steps of a block.

    Returns:
        Samples by name of the contender, and for those that could not run the reason.
    """
    shuffle = random.Random(0).shuffle
    shared = make_work()
    samples: dict[str, Samples] = {}
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        blocks = []
        for contender in contenders:
            work = make_work() if contender.stays else shared
            try:
                lasting = stack.enter_context(contender.attach(work)) if contender.stays else None
                block = Block(contender, work, lasting)
                block.run(1)
            except Exception as error:  # A contender that is not installed, or fails, is a row that says so.
                missing[contender.name] = reason(error)
                continue
            blocks.append(block)
        for _ in range(rounds):
            shuffle(blocks)
            for block in blocks:
                samples.setdefault(block.contender.name, Samples()).blocks.append(block.run(steps))
    return samples, missing


def reason(error: Exception) -> str:
    """Return in one line why a contender could not run."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed"
    return f"{type(error).__name__}: {error}".splitlines()[0]


def host_reads(contender: Contender, shape: Shape, batch: int, device: torch.device, *, steps: int) -> int:
    """Return how often some steps read a tensor's value on the host, as a GPU sees it or would see it.

    On CUDA that is every call of which torch itself says that it waits for the device; elsewhere every call of
    `aten::_local_scalar_dense`. The steps are those around one look of a contender that looks now and then.

    Args:
        contender: What to count for.
        shape: Size of the model.
        batch: Size of the batch.
        device: Where to run.
        steps: How many steps to count over.
    """
    work = Work(shape, batch, device)
    with contender.attach(work) as after_backward:
        for _ in range(max(WARM_UP, contender.period - steps // 2)):
            work.step(after_backward)
        if device.type == "cuda":
            return waits(work, after_backward, steps)
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            for _ in range(steps):
                work.step(after_backward)
    return sum(row.count for row in profiler.key_averages() if row.key == "aten::_local_scalar_dense")


def waits(work: Work, after_backward: AfterBackward, steps: int) -> int:
    """Return how many calls of the steps make the host wait for the device, by torch's own count."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            for _ in range(steps):
                work.step(after_backward)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(warning.message) for warning in caught)
