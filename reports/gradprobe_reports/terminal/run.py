"""How a run went, in one quiet line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from gradprobe.text.figures import seconds
from gradprobe.text.safe import safe
from gradprobe_reports.terminal.styles import QUIET

if TYPE_CHECKING:
    from gradprobe.values import RunFacts


def run_facts(run: RunFacts) -> Text:
    """Return duration, device, versions, policy and how it ended; what is not known is left out."""
    device = f"on {safe(run.device, 20)}" if run.device else ""
    facts = (
        " ".join(filter(None, (seconds(run.seconds), device))),
        f"{run.ranks} ranks" if run.ranks > 1 else "",
        f"torch {safe(run.torch, 20)}" if run.torch else "torch was never imported",
        f"policy {safe(run.policy, 30)}" if run.policy else "",
        _ending(run),
    )
    return Text(", ".join(fact for fact in facts if fact), style=QUIET)


def _ending(run: RunFacts) -> str:
    if run.stopped_by == "max-batches":
        return f"stopped by --max-batches {run.steps}"
    if run.stopped_by == "exception":
        return f"ended by {safe(run.exception, 80)}" if run.exception else f"ended by exit code {run.exit_code}"
    if run.stopped_by == "signal":
        return "ended by a signal"
    if run.stopped_by is None:
        return "still running, or killed"
    return f"exit code {run.exit_code}" if run.exit_code else ""
