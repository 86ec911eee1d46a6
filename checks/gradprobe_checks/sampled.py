"""What sampling a few elements of each parameter around its optimizer's steps showed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.record.record import ObservationSeen, Optimizer, Record
    from gradprobe.values import Observation, Site

LEAST_STEPS: Final = 3
"""Sampled steps in which nothing moved from which it is said that a parameter does not move."""
LEAST_PAIRS: Final = 3
"""Sampled steps whose change was lost from which it is said that changes do not last."""
MOST_PAIRS: Final = 0.8
"""Share of the sampled steps whose change must have been lost."""
FULL_RATE: Final = 0.5
"""Share of the run's highest learning rate that the sampled steps must have had."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A parameter that was sampled.

    Attributes:
        observation: What came of it.
        seen: When.
        optimizer: The optimizer that steps it.
    """

    observation: Observation
    seen: ObservationSeen
    optimizer: Optimizer

    @property
    def name(self) -> str:
        """Its name."""
        return self.observation.parameters[0]

    @property
    def is_still(self) -> bool:
        """Whether none of its sampled elements moved in any sampled step although it should have."""
        return self.number("steps") >= LEAST_STEPS and self.number("still") == self.number("steps")

    @property
    def is_lost(self) -> bool:
        """Whether what the steps changed was gone when the next one began."""
        return self.number("lost") >= max(LEAST_PAIRS, MOST_PAIRS * self.number("pairs"))

    @property
    def is_undone(self) -> bool:
        """Whether it was the same again, to the last bit, when the next step began."""
        return self.number("undone") >= max(LEAST_PAIRS, MOST_PAIRS * self.number("pairs"))

    @property
    def is_half(self) -> bool:
        """Whether it is in half precision."""
        return self.observation.detail.get("dtype") in ("float16", "bfloat16")

    def number(self, key: str) -> int:
        """Return a number of its detail."""
        value = self.observation.detail.get(key)
        return int(value) if isinstance(value, (int, float)) else 0

    def site(self, role: str) -> Site | None:
        """Return the place of another end of it."""
        return next((one.site for one in self.observation.related if one.role == role), None)


def sampled(record: Record) -> dict[int, list[Sampled]]:
    """Return the sampled parameters by the number of their optimizer, where the sampled steps had its full learning rate."""
    optimizers = {one.number: one for one in record.optimizers}
    found: dict[int, list[Sampled]] = {}
    for observation, seen in observations(record, "sampled-steps"):
        number = observation.detail.get("optimizer")
        optimizer = optimizers.get(number) if isinstance(number, int) else None
        if optimizer is not None and _had_full_rate(record, observation, optimizer):
            found.setdefault(optimizer.number, []).append(Sampled(observation, seen, optimizer))
    return found


def _had_full_rate(record: Record, observation: Observation, optimizer: Optimizer) -> bool:
    columns = [column for column, number in enumerate(record.groups) if number == optimizer.number]
    names = {one.name: one.group for one in record.parameters if one.group is not None}
    own = names.get(observation.parameters[0])
    rates = record.steps.learning_rates[:, [own] if own is not None else columns]
    highest = float(np.nan_to_num(rates, nan=0.0).max(initial=0.0))
    rate = observation.detail.get("rate")
    return isinstance(rate, (int, float)) and rate >= FULL_RATE * highest


def span(group: Sequence[Sampled]) -> tuple[int, int]:
    """Return the first and the last step in which these were seen."""
    return min(one.seen.first_step for one in group), max(one.seen.last_step for one in group)


def positions(record: Record, group: Sequence[Sampled]) -> set[int]:
    """Return the positions of these in the record."""
    names = {one.name for one in group}
    return {position for position, one in enumerate(record.parameters) if one.name in names}
