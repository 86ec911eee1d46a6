"""Exceptions that left `backward()`, and what became of the run after each: for the flag and for the check alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from gradprobe.values import Crashed
from gradprobe.values.step import NOT_LOOKED_AT

if TYPE_CHECKING:
    from gradprobe.record.record import IncidentSeen, Record

_ON_PURPOSE: Final = frozenset({"KeyboardInterrupt", "SystemExit", "GeneratorExit"})
"""Exceptions by which somebody ends a run that happened to be in `backward()` just then."""


class Aftermath(Enum):
    """What came after an exception, the worst first."""

    ENDED = "it ended the run"
    CAUGHT = "the script caught it, and no step with a gradient followed"
    WENT_ON = "the script caught it and trained on"


@dataclass(frozen=True, slots=True)
class BackwardCrash:
    """An exception that left `backward()`.

    Attributes:
        crash: The exception.
        seen: When it was seen, and how often.
        aftermath: What came after it, when it was seen last.
    """

    crash: Crashed
    seen: IncidentSeen
    aftermath: Aftermath


def backward_crashes(record: Record) -> tuple[BackwardCrash, ...]:
    """Return the exceptions that left `backward()`, in order, but for those by which a run is ended on purpose."""
    return tuple(
        BackwardCrash(seen.incident, seen, _aftermath(record, seen.incident, seen.last_step))
        for seen in record.incidents
        if isinstance(seen.incident, Crashed)
        and seen.incident.during == "backward"
        and seen.incident.type not in _ON_PURPOSE
    )


def _aftermath(record: Record, crash: Crashed, step: int) -> Aftermath:
    """Return what came after an exception that was last seen in the making of a step."""
    facts = record.facts
    if _trained_from(record, step):
        return Aftermath.WENT_ON
    if facts.exception is not None and facts.exception.startswith(crash.type):
        return Aftermath.ENDED
    return Aftermath.CAUGHT if facts.exit_code == 0 or facts.stopped_by == "signal" else Aftermath.ENDED


def _trained_from(record: Record, step: int) -> bool:
    """Return whether a step of this number, or a later one, was made with a gradient.

    A step whose backward failed leaves its number to the next step that is made, so a step of the same number came
    after the exception. It may still be the failed one, where the script steps its optimizer all the same: then it has
    no gradient to step with, and that is not training.
    """
    norms = record.steps.highest[record.steps.index >= step]
    return bool(((norms > 0).any(axis=1) | (norms == NOT_LOOKED_AT).all(axis=1)).any())
