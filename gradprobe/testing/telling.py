"""What a test tells of its recordings, on its way to the terminal, to the JUnit XML and from a worker to whoever started it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from gradprobe.testing.failure import text_of
from gradprobe.testing.outcome import Outcome, lines_of
from gradprobe.testing.told import FAULT, FINDING, STEPS, VERDICT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradprobe.values import Report

_OUTCOMES: Final = pytest.StashKey[list["Outcome"]]()


def tell(item: pytest.Item, outcome: Outcome) -> None:
    """Put an outcome to a test's properties, which its report carries everywhere, and keep it for the report's sections."""
    report: Report = outcome.report
    item.stash.setdefault(_OUTCOMES, []).append(outcome)
    item.user_properties += [(VERDICT, report.verdict.value), (STEPS, report.run.steps)]
    item.user_properties += [(FINDING, line) for line in lines_of(report)]


def tell_fault(item: pytest.Item, fault: str) -> None:
    """Put what came between a test and its judgement to the test's properties."""
    item.user_properties.append((FAULT, " ".join(fault.split())[:400]))


def sections_of(item: pytest.Item) -> Iterator[tuple[str, str]]:
    """Yield (title, text) for what was wrong in a test that failed by something else."""
    for outcome in item.stash.get(_OUTCOMES, []):
        if outcome.is_loud:
            yield "gradprobe", text_of(outcome.report)
