"""How long a rank takes by itself between two backwards, in which it waits for the others: a job is as fast as its slowest rank.

DistributedDataParallel averages gradients within the backward, so the steps of all ranks take equally long, whoever is slow. What lies
between the end of a backward and the begin of the next one (the optimizer's step, data, the forward) a rank does by itself.
"""

from __future__ import annotations

import statistics
import time
from typing import Final

MOST: Final = 512
"""Steps of which the times are kept; beyond, every second one, and so on."""


class Pace:
    """The times of a sample of training steps, spread evenly over all of them. A step goes from one optimizer's step to the next.

    Where several optimizers step in a training step, the first of them ends it.
    """

    def __init__(self) -> None:
        self._alone: list[float] = []
        self._whole: list[float] = []
        self._open = 0.0
        self._backward_ended: float | None = None
        self._stepped: float | None = None
        self._newest = -1
        self._steps = 0
        self._every = 1

    def backward_begins(self) -> None:
        """Note that a backward begins."""
        if self._backward_ended is not None:
            self._open += time.perf_counter() - self._backward_ended
            self._backward_ended = None

    def backward_ended(self) -> None:
        """Note that it has ended."""
        self._backward_ended = time.perf_counter()

    def stepped(self, step: int, *, counts: bool) -> None:
        """Note that an optimizer has stepped.

        Args:
            step: Number of the training step.
            counts: Whether the ranks have waited for each other in its backward.
        """
        if step == self._newest:
            return
        now, alone = time.perf_counter(), self._open
        if self._stepped is not None and counts:
            self._add(alone, now - self._stepped)
        self._stepped, self._newest, self._open = now, step, 0.0

    def _add(self, alone: float, whole: float) -> None:
        if self._steps % self._every == 0:
            self._alone.append(alone)
            self._whole.append(whole)
        self._steps += 1
        if len(self._alone) >= MOST:
            del self._alone[1::2], self._whole[1::2]
            self._every *= 2

    def fact(self) -> list[float] | None:
        """Return the medians, in seconds, of what is done alone in a step and of whole steps, and of how many steps; None before."""
        if not self._alone:
            return None
        return [statistics.median(self._alone), statistics.median(self._whole), self._steps]
