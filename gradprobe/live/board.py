"""A run that is going on, as large as a terminal: the verdict, findings, ranks, flags, modules and metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradprobe.live.screen import compact
from gradprobe.text import figures
from gradprobe.text.safe import safe
from gradprobe.text.words import place
from gradprobe.values import Severity

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gradprobe.live.glance import Glance
    from gradprobe.values import Finding, Report, Site

_STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
MOST_FINDINGS: Final = 5
MOST_RANKS: Final = 16


def board(report: Report | None, ranks: Sequence[Glance], width: int, height: int) -> RenderableType:
    """Return what there is to see.

    Args:
        report: The rank that is shown, judged as it stands; None while it has no step.
        ranks: All ranks.
        width: Cells of a line.
        height: Lines.
    """
    if report is None:
        return Text("waiting for the first step", style="dim")
    ranks = [
        one for one in ranks if one.has_trained or one.record is None
    ] or ranks  # Not who started those that train.
    parts: list[RenderableType] = [_finding(one) for one in report.findings[:MOST_FINDINGS]]
    more = len(report.findings) - MOST_FINDINGS
    if more > 0:
        parts.append(Text(f" {figures.plural(more, 'more finding')}", style="dim"))
    if len(ranks) > 1:
        parts.append(_ranks(ranks[:MOST_RANKS]))
    left = (
        height - 2 * min(len(report.findings), MOST_FINDINGS) - (min(len(ranks), MOST_RANKS) + 3) * (len(ranks) > 1) - 3
    )
    verdict, *rest = compact(report, width, max(left, 4))
    return Group(verdict, *parts, *rest, _last_line(ranks))


def _finding(one: Finding) -> RenderableType:
    site = one.location
    words = [one.check] if site is None else [_place(site), site.code]
    head = Text.assemble(
        " ",
        (f"{one.severity.value:<7}", _STYLES[one.severity]),
        f"  {safe(one.title, 100)}",
        no_wrap=True,
        overflow="ellipsis",
    )
    below = Text("  ".join(safe(word, 80) for word in words if word), style="dim", no_wrap=True, overflow="ellipsis")
    return Group(head, Padding(below, (0, 0, 0, 10)))


def _place(site: Site) -> str:
    return f"{place(site.file)}:{site.line}" if site.line else place(site.file)


def _ranks(ranks: Sequence[Glance]) -> RenderableType:
    table = Table(box=None, pad_edge=True, header_style="dim")
    for title in ("rank", "step", "loss", "gradient norm", "last written"):
        table.add_column(title, justify="right")
    for one in ranks:
        if one.record is None:
            table.add_row(str(one.rank), "", "", "", "starting")
            continue
        state = "ended" if one.is_over else f"{one.idle:.0f} s ago"
        loss = "" if one.loss is None else figures.metric(one.loss)
        table.add_row(str(one.rank), f"{one.record.facts.steps:,}", loss, figures.norm(one.norm), state)
    return table


def _last_line(ranks: Sequence[Glance]) -> Text:
    idle = min((one.idle for one in ranks), default=0.0)
    if all(one.is_over for one in ranks):
        return Text("the run has ended", style="dim")
    silent = f"; nothing was written for {figures.seconds(idle)}" if idle > 30 else ""
    return Text(f"Ctrl-C ends watching, not the run{silent}", style="dim")


def plain_lines(report: Report, width: int = 100) -> list[str]:
    """Return the same in a few plain lines, for a file or a pipe."""
    lines = [line.plain.rstrip() for line in compact(report, width, 12)]
    found = [f" {one.severity.value}: {safe(one.title, 100)}{_at(one)}" for one in report.findings[:MOST_FINDINGS]]
    return [lines[0].replace("─", "").strip(), *found, *lines[1:]]


def _at(one: Finding) -> str:
    return "" if one.location is None else f" ({_place(one.location)})"
