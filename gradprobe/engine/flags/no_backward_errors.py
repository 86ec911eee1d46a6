"""Judges `no-backward-errors`: no exception left a backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.engine.crashes import Aftermath, backward_crashes
from gradprobe.engine.flags.outcome import Observed, Outcome, judged

if TYPE_CHECKING:
    from gradprobe.engine.evidence import Evidence
    from gradprobe.policy.schema import NoBackwardErrors
    from gradprobe.values import Flag

_AFTER: Final = {
    Aftermath.ENDED: (Outcome.BROKEN, ""),
    Aftermath.CAUGHT: (Outcome.DOUBTFUL, ", caught by the script, and no step with a gradient followed"),
    Aftermath.WENT_ON: (Outcome.UNKNOWN, ", caught by the script, which trained on"),
}


def judge_no_backward_errors(flag: NoBackwardErrors, evidence: Evidence) -> Flag:
    """Judge the run by the error with the worst end.

    One that ended the run breaks the flag; one that the script caught is doubtful where no step with a
    gradient followed, and only said where training went on.
    """
    expected = "no errors in backward"
    crashes = backward_crashes(evidence.record)
    if not crashes and not evidence.record.facts.steps:
        return judged(flag, expected, [Observed("", Outcome.UNKNOWN, "no step was made")])
    if not crashes:
        return judged(flag, expected, [Observed("", Outcome.HOLDS, f"none in {evidence.record.facts.steps} steps")])
    order = tuple(Aftermath)
    worst = min(crashes, key=lambda one: (order.index(one.aftermath), -one.seen.last_step))
    times = sum(one.seen.count for one in crashes)
    words = f"{worst.crash.type} in step {worst.seen.last_step}" + (f", {times} errors in all" if times > 1 else "")
    outcome, after = _AFTER[worst.aftermath]
    return judged(flag, expected, [Observed("", outcome, f"{words}{after}")])
