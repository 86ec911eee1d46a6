"""Which training step a call, a loss or a metric belongs to.

A step begins when an optimizer steps that has already stepped in the current one, so a step holds at most one step of each
optimizer: discriminator and generator of a GAN share a step, and two models trained one after another do not collapse into
the steps of the first. What happened since the last optimizer step (micro-batches, `zero_grad`) belongs to the optimizer
step that comes after it.
"""

from __future__ import annotations

import time
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from gradprobe.record.rows import StepRow
from gradprobe.recorder.transfer import Transfer
from gradprobe.values.step import NOT_LOOKED_AT

MOST_OPEN: Final = 4096
"""Calls and values kept while no optimizer steps."""


class Mean:
    """A mean that is built up: several micro-batches, one metric."""

    __slots__ = ("count", "sum")

    def __init__(self) -> None:
        self.sum = 0.0
        self.count = 0

    def add(self, value: float) -> None:
        """Add a value."""
        self.sum += value
        self.count += 1

    @property
    def value(self) -> float:
        """The mean of what was added."""
        return self.sum / self.count


class Draft:
    """A training step that is still open, or whose numbers are still on their way from the device.

    Attributes:
        index: Number of the step.
        borrowed: Positions of parameters that were measured although no optimizer owned them then.
        calls: Positions of its calls.
        stepped: Numbers of the optimizers that stepped in it.
        metrics: Means by position of the metric.
        time: When its newest optimizer step ended, seconds since the epoch.
        ended: The same on the monotonic clock, in seconds.
        transfers: Vectors on their way, with the positions of parameters (or of metrics) that they fill.
    """

    __slots__ = (
        "borrowed",
        "calls",
        "ended",
        "index",
        "metric_transfers",
        "metrics",
        "norms",
        "rates",
        "stepped",
        "time",
        "transfers",
        "waiting",
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.borrowed: set[int] = set()
        self.calls: list[int] = []
        self.stepped: list[int] = []
        self.metrics: dict[int, Mean] = {}
        self.norms: NDArray[np.float32] = np.empty(0, np.float32)
        self.rates: NDArray[np.float64] = np.empty(0, np.float64)
        self.transfers: list[tuple[Transfer, list[int]]] = []
        self.metric_transfers: list[tuple[Transfer, list[int]]] = []
        self.waiting: list[tuple[int, torch.Tensor]] = []
        self.time = 0.0
        self.ended = 0.0

    def widen(self, parameters: int, groups: int) -> None:
        """Make room for as many parameters and parameter groups."""
        if len(self.norms) < parameters:
            more = np.full(parameters - len(self.norms), NOT_LOOKED_AT, np.float32)
            self.norms = np.concatenate([self.norms, more])
        if len(self.rates) < groups:
            self.rates = np.concatenate([self.rates, np.full(groups - len(self.rates), np.nan)])

    def add_metric(self, position: int, value: float) -> None:
        """Add a value of a metric."""
        self.metrics.setdefault(position, Mean()).add(value)

    def send(self) -> None:
        """Begin to copy the metrics that are still on their devices, one vector a device."""
        by_device: dict[torch.device, list[tuple[int, torch.Tensor]]] = {}
        for position, value in self.waiting:
            by_device.setdefault(value.device, []).append((position, value))
        for values in by_device.values():
            transfer = Transfer([value for _, value in values])
            self.metric_transfers.append((transfer, [position for position, _ in values]))
        self.waiting = []

    def give_up(self) -> None:
        """Leave out what has not arrived."""
        self.transfers.clear()
        self.metric_transfers.clear()

    def is_ready(self, age: int) -> bool:
        """Return whether all its numbers can be read without waiting."""
        return all(transfer.is_ready(age) for transfer, _ in (*self.transfers, *self.metric_transfers))

    def row(self, seconds: float) -> StepRow:
        """Return it as a row of the record; reads the numbers that were on their way."""
        for transfer, positions in self.transfers:
            self.norms[positions] = transfer.values()
        for transfer, positions in self.metric_transfers:
            for position, value in zip(positions, transfer.values().tolist(), strict=True):
                self.add_metric(position, value)
        metrics = {position: mean.value for position, mean in self.metrics.items()}
        return StepRow(
            self.index, self.time, seconds, self.norms, self.rates, metrics, tuple(self.calls), tuple(self.stepped)
        )


class Assembler:
    """Collects calls and metrics and gives them to the step they belong to.

    Attributes:
        current: The step that is open: its first optimizer step is done; None before the first.
        open: What happened since the last optimizer step, as a draft without a number.
    """

    def __init__(self) -> None:
        self.current: Draft | None = None
        self.open = Draft(-1)
        self._logged: set[int] = set()

    @property
    def completed(self) -> int:
        """Training steps so far, the open one counted."""
        return 0 if self.current is None else self.current.index + 1

    def call(self, position: int | None) -> None:
        """Note a call."""
        if position is not None and len(self.open.calls) < MOST_OPEN:
            self.open.calls.append(position)

    def begins_step(self, optimizer: int) -> bool:
        """Return whether a step of this optimizer would begin a new training step."""
        return self.current is None or optimizer in self.current.stepped

    def optimizer_stepped(self, optimizer: int) -> tuple[Draft, Draft | None]:
        """Note a step of an optimizer; return the training step it belongs to, and the one that it closed."""
        closed = None
        if self.current is None or self.begins_step(optimizer):
            closed, self.current = self.current, Draft(self.completed)
            self._logged = set()
        draft, gathered = self.current, self.open
        self._logged.update(gathered.metrics)
        draft.calls += gathered.calls[: MOST_OPEN - len(draft.calls)]
        draft.stepped.append(optimizer)
        draft.waiting += gathered.waiting
        for position, mean in gathered.metrics.items():
            into = draft.metrics.setdefault(position, Mean())
            into.sum, into.count = into.sum + mean.sum, into.count + mean.count
        draft.time, draft.ended = time.time(), time.perf_counter()
        self.open = Draft(-1)
        return draft, closed

    def draft_for_metric(self, position: int, *, after_backward: bool) -> Draft:
        """Return the step that a logged metric belongs to.

        Between a backward and the optimizer step, it is the step to come. After the optimizer step it is the step just
        done, unless this metric was logged for that one already: then the script logs before its backward.
        """
        if after_backward or self.current is None or position in self._logged:
            return self.open
        self._logged.add(position)
        return self.current
