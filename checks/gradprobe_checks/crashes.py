"""Which exception ended a run, for the checks that say why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradprobe.engine.crashes import Aftermath, backward_crashes
from gradprobe.values import Crashed, Severity

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Site


def severity_of(record: Record, backward: Site) -> Severity | None:
    """Return how bad it is that a backward raised: an error where it ended the run; None where none raised there."""
    for one in backward_crashes(record):
        if one.crash.site == backward:
            known = {Aftermath.ENDED: Severity.ERROR, Aftermath.CAUGHT: Severity.WARNING}
            return known.get(one.aftermath, Severity.INFO)
    return None


def script_crashes(record: Record) -> list[Crashed]:
    """Return the exceptions that ended the script."""
    return [
        seen.incident
        for seen in record.incidents
        if isinstance(seen.incident, Crashed)
        and record.facts.exception is not None
        and record.facts.exception.startswith(seen.incident.type)
    ]
