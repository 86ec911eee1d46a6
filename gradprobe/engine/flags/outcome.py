"""The outcome of a flag for one target, and what the outcomes of all its targets come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from gradprobe.text.figures import plural
from gradprobe.values import Colour, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.policy.schema import PolicyFlag

_NAMED: Final = 3
"""Targets, or names, that one line can hold."""


class Outcome(Enum):
    """What a flag is for a target; of several targets, the first in this order decides."""

    BROKEN = "broken"
    DOUBTFUL = "doubtful"
    UNKNOWN = "unknown"
    HOLDS = "holds"
    NOT_DUE = "not due"


@dataclass(frozen=True, slots=True)
class Observed:
    """What was observed of one target.

    Attributes:
        target: Its name; empty where the flag is about the run.
        outcome: What the flag is for it.
        words: What was observed, with its numbers.
    """

    target: str
    outcome: Outcome
    words: str


def judged(flag: PolicyFlag, expected: str, observed: Sequence[Observed]) -> Flag:
    """Return a flag's line: the worst outcome of its targets decides its colour.

    So a flag that cannot be told yet for one target is grey even where it holds for the others; a target that took no
    part in the training (no optimizer stepped it) says nothing where there are others.

    Args:
        flag: The policy's flag.
        expected: What it asks for, in words.
        observed: What was observed of each target; at least one.
    """
    for outcome in Outcome:
        deciding = [one for one in observed if one.outcome is outcome]
        if deciding:
            words = _words(deciding, alone=len(observed) == 1)
            if outcome is Outcome.BROKEN and flag.severity == "info":
                words += " (severity info: only told)"
            return Flag(flag.name, colour(outcome, flag.severity), expected, words)
    raise AssertionError("a flag is judged on at least one target")


def not_there(flag: PolicyFlag, expected: str, kind: str, pattern: str, names: Sequence[str]) -> Flag:
    """Return a grey line that says the target is not in the run, and what is.

    Args:
        flag: The policy's flag.
        expected: What it asks for, in words.
        kind: `module` or `metric`.
        pattern: The pattern that meant nothing.
        names: What there is.
    """
    if not names:
        return Flag(flag.name, Colour.GREY, expected, f"no {kind} in this run")
    return Flag(flag.name, Colour.GREY, expected, f"no {kind} named {pattern} in this run; there are: {listed(names)}")


def colour(outcome: Outcome, severity: str) -> Colour:
    """Return the colour of an outcome.

    What is broken is red with severity `error`, amber with `warning`, grey with `info`; what is doubtful is amber at
    most. So a flag of severity `info` is green or grey, says what it saw, and never changes the verdict.
    """
    if outcome is Outcome.HOLDS:
        return Colour.GREEN
    if outcome in (Outcome.UNKNOWN, Outcome.NOT_DUE) or severity == "info":
        return Colour.GREY
    return Colour.RED if outcome is Outcome.BROKEN and severity == "error" else Colour.AMBER


def too_early(target: str, seen: int, needed: int) -> Observed:
    """Return that there is too little to judge a target."""
    return Observed(target, Outcome.UNKNOWN, f"too early to tell ({seen} of {plural(needed, 'step')})")


def not_due(target: str) -> Observed:
    """Return that a module took no part in the training."""
    return Observed(target, Outcome.NOT_DUE, "no optimizer stepped it in this run")


def listed(names: Sequence[str]) -> str:
    """Return names as a list that fits in a line: `a, b, c and 4 more`."""
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown


def _words(observed: Sequence[Observed], *, alone: bool) -> str:
    """Return what was observed of several targets, each named unless it is the only one; the same words stand once."""
    if not alone and len({one.words for one in observed}) == 1:
        return f"{listed([one.target for one in observed])}: {observed[0].words}"
    words = [one.words if alone or not one.target else f"{one.target}: {one.words}" for one in observed]
    shown = "; ".join(words[:_NAMED])
    return f"{shown}; and {len(words) - _NAMED} more" if len(words) > _NAMED else shown
