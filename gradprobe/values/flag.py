"""A line of the policy, judged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Colour(str, Enum):
    """`green` holds, `amber` is doubtful, `red` is broken, `grey` could not be judged (too early, unclear, not seen)."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"


@dataclass(frozen=True, slots=True)
class Flag:
    """One judged line of a policy.

    Attributes:
        name: The flag's name in the policy.
        colour: The judgement.
        expected: What the policy asks for, in words with its numbers.
        observed: What the record shows, in words with its numbers.
    """

    name: str
    colour: Colour
    expected: str
    observed: str
