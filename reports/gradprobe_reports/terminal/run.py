"""How a run went, in one quiet line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from gradprobe_reports.plain import facts
from gradprobe_reports.terminal.styles import QUIET

if TYPE_CHECKING:
    from gradprobe.values import RunFacts


def run_facts(run: RunFacts) -> Text:
    """Return duration, device, versions, policy and how it ended; what is not known is left out."""
    return Text(facts(run), style=QUIET)
