"""The parts of the terminal report, in the order in which a tired person needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from gradprobe.text.words import headline
from gradprobe.values import Colour
from gradprobe_reports.terminal.closing import allowed, next_commands, not_seen
from gradprobe_reports.terminal.findings import findings
from gradprobe_reports.terminal.flags import flags
from gradprobe_reports.terminal.metrics import metrics
from gradprobe_reports.terminal.modules import HealthTable
from gradprobe_reports.terminal.ranks import ranks
from gradprobe_reports.terminal.run import run_facts
from gradprobe_reports.terminal.styles import VERDICT

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gradprobe.values import Report


def whole(report: Report) -> RenderableType:
    """Return the parts of the report, with a blank line between them."""
    parts: list[RenderableType] = [Group(verdict(report), run_facts(report.run))]
    parts += findings(report.findings, report.run.steps)
    if report.flags and (report.run.steps or any(flag.colour is not Colour.GREY for flag in report.flags)):
        parts.append(flags(report.flags))
    if report.modules:
        parts.append(HealthTable(report.modules))
    if report.metrics:
        parts.append(metrics(report.metrics))
    if report.ranks:
        parts.append(ranks(report.ranks))
    if report.allowed:
        parts.append(allowed(report.allowed))
    if report.not_seen:
        parts.append(not_seen(report.not_seen))
    parts.append(next_commands(report))
    spaced = [piece for part in parts for piece in (part, Text(""))]
    return Group(*spaced[:-1])


def verdict(report: Report) -> Text:
    """Return the verdict in one line."""
    return Text(headline(report), style=VERDICT[report.verdict])
