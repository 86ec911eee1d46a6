"""When to look: the first steps, when something turns, and as often as the budget allows."""

from __future__ import annotations

import time
from collections.abc import Container
from typing import Final

FIRST_STEPS: Final = 3
"""Steps that are looked at from the beginning."""
MOST_TRIGGERED: Final = 48
"""Steps that are looked at because something turned."""
LEAST: Final = 0.4
"""Share of the overhead that deep steps may always use; they have all that the other steps leave, where that is more."""
MOST_RANGES: Final = 1000
"""Ranges of deep steps that are remembered: the first half of them, and the newest."""
PER_OPERATION: Final = 2.5e-6
"""Seconds that showing an operation to a mode costs beyond what is measured within it."""
MOST_WITHOUT_BACKWARD: Final = 200_000, 5.0
"""Operations, and seconds of looking, after which a step without any backward so far is an evaluation, and no longer looked at."""
MOST_OF_CHILD: Final = 10_000, 0.5
"""The same for a process that another one has started, until its first backward: most of them only infer."""
WITH_BACKWARD: Final = 5
"""How many times as much a step may have that has had a backward: the gradients of many batches may be summed in it."""
AFTER_SHUT: Final = 4
"""How many times as much the next steps may have when one was a training step after all."""


class Window:
    """Decides for each step whether it is a deep one.

    Attributes:
        is_open: Whether operations are looked at.
        is_shut: Whether enough was looked at in the step that is being made, which has not ended.
        deep_steps: Deep steps so far.
        ranges: Which steps those were, as first and last.
    """

    def __init__(self, overhead: float, chosen: Container[int] | None, *, is_child: bool = False) -> None:
        """Begin with an open window.

        Args:
            overhead: What recording may cost, as a share of the run's time (0.02 for 2%).
            chosen: The steps to look at where the user chose them; None to decide here.
            is_child: Whether a recorded process has started this one.
        """
        self._overhead = overhead
        self._chosen = chosen
        self.is_open = chosen is None or 0 in chosen
        self.is_shut = False
        self.deep_steps = 0
        self.ranges: list[list[int]] = []
        self._began = time.perf_counter()
        self._first_plain: float | None = None
        self._cost = 0.0
        self._cost_of_step = 0.0
        self._plain = 0.0
        self._plain_steps = 0
        self._ends = 0
        self._triggered = 0
        self._wanted = 0
        self._until_seen = False
        self._counted = 0
        self._first_steps = FIRST_STEPS
        self._most = self._shut_at = MOST_OF_CHILD if is_child else MOST_WITHOUT_BACKWARD

    def backward(self) -> None:
        """Note that a loss is backpropagated: this process trains, as any other."""
        self._most = max(self._most, MOST_WITHOUT_BACKWARD)

    def is_enough(self, seconds: float, operations: int, *, has_backward: bool) -> bool:
        """Return whether more was looked at in the step that is being made than can belong to it: nobody knows when it ends.

        Args:
            seconds: Time spent looking in it.
            operations: Operations looked at in it.
            has_backward: Whether a loss was backpropagated in it.
        """
        if self._chosen is not None:
            return False
        times = WITH_BACKWARD if has_backward else 1
        most_operations, most_seconds = self._most
        cost = seconds + operations * PER_OPERATION
        return operations > most_operations * times or cost > most_seconds * times

    def shut(self, seconds: float, operations: int) -> None:
        """Look no more until the step that is being made has ended.

        Args:
            seconds: Time spent looking in it.
            operations: Operations looked at in it.
        """
        self.is_open, self.is_shut, self._shut_at = False, True, self._most
        self._cost += seconds + operations * PER_OPERATION

    def step_ended(self, steps: int, seconds: float, operations: int, hooks: float) -> None:
        """Decide about the next step.

        Args:
            steps: Steps that have ended.
            seconds: Time spent looking at operations in this one.
            operations: Operations looked at in it.
            hooks: Time spent in all else that observes it, in seconds.
        """
        self._ends += 1
        if self.is_open:
            if steps != self._counted:  # The optimizers of one training step each end it.
                self.deep_steps += 1
                self._remember(steps - 1)
            self._counted = steps
            cost = seconds + operations * PER_OPERATION
            if steps > 1:  # What came before the first step is looked at, and named, once.
                cost += max(0.0, hooks - self._plain_step)
                self._cost_of_step = max(cost, 0.5 * self._cost_of_step)
            self._cost += cost
        elif not self.is_shut:
            self._plain += hooks
            self._plain_steps += 1
        if self.is_shut:  # It was a training step after all. If it was among the first, those after it are the first.
            self.is_shut = False
            self._most = max(self._most, (self._shut_at[0] * AFTER_SHUT, self._shut_at[1] * AFTER_SHUT))
            if steps <= FIRST_STEPS:
                self._first_steps = steps + FIRST_STEPS
        if self._chosen is not None:
            self.is_open = steps in self._chosen
        elif steps < self._first_steps:
            self.is_open = True
        elif self._wanted:
            self._wanted -= 1
            self.is_open = True
        else:
            self.is_open = self._is_affordable()

    def _remember(self, step: int) -> None:
        if self.ranges and self.ranges[-1][1] == step - 1:
            self.ranges[-1][1] = step
            return
        if len(self.ranges) >= MOST_RANGES:
            del self.ranges[MOST_RANGES // 2]
        self.ranges.append([step, step])

    def want(self, steps: int, *, until_seen: bool = False) -> None:
        """Ask for the next steps to be looked at, because something turned.

        Args:
            steps: How many.
            until_seen: Whether `got` ends it.
        """
        steps = min(steps, MOST_TRIGGERED - self._triggered)
        if self._chosen is None and steps > self._wanted:
            self._triggered += steps - self._wanted
            self._wanted = steps
            self._until_seen = until_seen

    def got(self) -> None:
        """Note that what was asked for has been seen."""
        if self._until_seen:
            self._wanted = 0

    @property
    def _plain_step(self) -> float:
        """Seconds that a step of an optimizer costs in which no operation is looked at."""
        return self._plain / self._plain_steps if self._plain_steps else 0.0

    def _is_affordable(self) -> bool:
        all_of_it = self._overhead * (time.perf_counter() - self._began)
        allowed = max(LEAST * all_of_it, all_of_it - self._plain_step * self._ends)
        return self._cost + self._cost_of_step <= allowed
