"""What a report's properties tell of a test's recordings; light, for every run of pytest imports it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

VERDICT: Final = "gradprobe_verdict"
STEPS: Final = "gradprobe_steps"
FINDING: Final = "gradprobe_finding"
FAULT: Final = "gradprobe_fault"


class Told(NamedTuple):
    """What came of a recording, read back.

    Attributes:
        verdict: `healthy`, `warning`, `red`; `not judged` where a fault came between.
        steps: Training steps.
        findings: What is wrong, a line each.
    """

    verdict: str
    steps: int
    findings: list[str]


def told(properties: Iterable[tuple[str, object]]) -> list[Told]:
    """Return what a report's properties tell of recordings."""
    found: list[Told] = []
    for name, value in properties:
        if name == VERDICT:
            found.append(Told(str(value), 0, []))
        elif name == FAULT:
            found.append(Told("not judged", 0, [str(value)]))
        elif name == STEPS and found:
            found[-1] = Told(found[-1].verdict, int(str(value)), found[-1].findings)
        elif name == FINDING and found:
            found[-1].findings.append(str(value))
    return found
