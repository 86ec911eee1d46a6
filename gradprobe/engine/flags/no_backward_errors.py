"""Judges `no-backward-errors`: no exception left a backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradprobe.engine.flags.outcome import Observed, Outcome, judged
from gradprobe.values import Crashed

if TYPE_CHECKING:
    from gradprobe.engine.evidence import Evidence
    from gradprobe.policy.schema import NoBackwardErrors
    from gradprobe.values import Flag


def judge_no_backward_errors(flag: NoBackwardErrors, evidence: Evidence) -> Flag:
    """Judge the run; an error that the script caught, and trained on after, is doubtful rather than broken."""
    record = evidence.record
    expected = "no errors in backward"
    crashes = [
        (seen, seen.incident)
        for seen in record.incidents
        if isinstance(seen.incident, Crashed) and seen.incident.during == "backward"
    ]
    if not crashes:
        return judged(flag, expected, [Observed("", Outcome.HOLDS, f"none in {record.facts.steps} steps")])
    last, crash = crashes[-1]
    survived = record.facts.exception is None and record.facts.steps > last.last_step + 1
    times = sum(seen.count for seen, _ in crashes)
    words = f"{crash.type} in step {last.last_step}" + (f", {times} errors in all" if times > 1 else "")
    if survived:
        return judged(
            flag, expected, [Observed("", Outcome.DOUBTFUL, f"{words}, caught by the script, which trained on")]
        )
    return judged(flag, expected, [Observed("", Outcome.BROKEN, words)])
