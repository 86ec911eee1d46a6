"""The facts of a run, as words and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradprobe.text.figures import plural, seconds
from gradprobe.text.safe import safe
from gradprobe.text.words import relative

if TYPE_CHECKING:
    from gradprobe.values import Report


def facts(report: Report) -> tuple[tuple[str, str], ...]:
    """Return what is known of a run; what is not known is left out."""
    run = report.run
    ending = run.exception or {
        "script": "by itself",
        "max-batches": "by --max-batches",
        "signal": "by a signal",
        "exception": "by an exception",
        None: "it has not ended, or it was killed",
    }.get(run.stopped_by, run.stopped_by or "")
    found = (
        ("script", run.script),
        ("arguments", " ".join(run.argv)),
        ("started", run.started),
        ("duration", seconds(run.seconds)),
        ("steps", f"{plural(run.steps, 'step')}, {run.deep_steps:,} of them deep"),
        ("ended", ending),
        ("exit code", "" if run.exit_code is None else str(run.exit_code)),
        ("device", run.device),
        ("ranks", str(run.ranks) if run.ranks > 1 else ""),
        ("torch", run.torch),
        ("Python", run.python),
        ("policy", run.policy),
        ("gradprobe", report.gradprobe),
        ("record", relative(run.path)),
    )
    return tuple((name, safe(value, 400)) for name, value in found if value)
