"""How long a rank takes by itself between two backwards, where it waits for no other: by this a job is as fast as its slowest.

In its backward a rank waits for the others, so that the steps of all ranks take equally long, whoever is slow. What lies between the
end of a backward and the begin of the next one (the optimizer's step, data, the forward) it does alone.
"""

from __future__ import annotations

import statistics
import time
from typing import Final

MOST: Final = 512
"""Steps of which the times are kept; beyond, every second one, and so on."""


class Pace:
    """The times of a sample of steps, spread evenly over all of them."""

    def __init__(self) -> None:
        self._alone: list[float] = []
        self._whole: list[float] = []
        self._open = 0.0
        self._since: float | None = None
        self._stepped: float | None = None
        self._steps = 0
        self._every = 1

    def backward_begins(self) -> None:
        """Note that a backward begins."""
        if self._since is not None:
            self._open += time.perf_counter() - self._since
            self._since = None

    def backward_ended(self) -> None:
        """Note that it has ended."""
        self._since = time.perf_counter()

    def stepped(self) -> None:
        """Note that an optimizer has stepped: what was done alone since the step before belongs to this step."""
        now, alone = time.perf_counter(), self._open
        self._open = 0.0
        if self._stepped is not None and alone:  # Not for a second optimizer after one backward.
            if self._steps % self._every == 0:
                self._alone.append(alone)
                self._whole.append(now - self._stepped)
            self._steps += 1
            if len(self._alone) >= MOST:
                del self._alone[1::2], self._whole[1::2]
                self._every *= 2
        self._stepped = now

    def fact(self) -> list[float] | None:
        """Return the medians, in seconds, of what is done alone in a step and of whole steps, and of how many steps; None before."""
        if not self._alone:
            return None
        return [statistics.median(self._alone), statistics.median(self._whole), self._steps]
