"""How the program ran: when, with what arguments, how it ended, and what the run cannot tell."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from gradprobe.text.utf8 import writable
from gradprobe_reports.jsonable import Json, texts
from gradprobe_reports.places import file_uri

if TYPE_CHECKING:
    from gradprobe.values import Report, RunFacts
    from gradprobe_reports.places import Roots


def invocation(report: Report, where: Roots) -> dict[str, Json]:
    """Return the recorded run as an invocation; it was successful where the program ended with 0."""
    run = report.run
    told: dict[str, Json] = {
        "executionSuccessful": run.exit_code == 0,
        "arguments": texts(run.argv),
        "workingDirectory": {"uri": f"{file_uri(where.here).rstrip('/')}/"},
        **_times(run),
    }
    if run.exit_code is not None:
        told["exitCode"] = run.exit_code
    if run.stopped_by is not None:
        told["exitCodeDescription"] = f"ended by {run.stopped_by}"
    notes = [_note(run.exception, "error")] if run.exception else []
    notes += [_note(sentence, "note") for sentence in report.not_seen]
    if notes:
        told["toolExecutionNotifications"] = notes
    return told


def _note(text: str, level: str) -> Json:
    return {"level": level, "message": {"text": writable(text) or "(no text)"}}


def _times(run: RunFacts) -> dict[str, Json]:
    """Return start and end; none of them where a record holds no time that can be read."""
    try:
        start = datetime.fromisoformat(run.started.replace("Z", "+00:00")).astimezone(timezone.utc)
        length = timedelta(seconds=run.seconds if math.isfinite(run.seconds) else 0.0)
        end = start + length
    except (ValueError, OverflowError):
        return {}
    return {"startTimeUtc": _utc(start), "endTimeUtc": _utc(end)} if length else {"startTimeUtc": _utc(start)}


def _utc(time: datetime) -> str:
    return time.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
