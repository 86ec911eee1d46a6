"""A finding: what, where with its source lines, why, what to do, what not to do, and the other ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.constrain import Constrain
from rich.table import Table
from rich.text import Text

from gradprobe.text.figures import plural
from gradprobe.text.safe import ELLIPSIS, safe, safe_lines
from gradprobe.text.words import place
from gradprobe_reports.excerpt import excerpt
from gradprobe_reports.span import when
from gradprobe_reports.terminal.styles import QUIET, SEVERITY, STRONG, WHOLE_REPORT, WIDEST_PROSE

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gradprobe.values import Finding, RelatedSite, Site

_MOST_FINDINGS: Final = 10
_MOST_RELATED: Final = 4
_MOST_NAMES: Final = 4
_MOST_LINES: Final = 12
_LONGEST_TEXT: Final = 600
_LONGEST_NAME: Final = 60


def findings(found: Sequence[Finding], steps: int) -> list[RenderableType]:
    """Return each finding as a renderable, the first ten in full.

    Args:
        found: The findings, root cause first.
        steps: Steps of the run, to say `since step 3` of what lasted to its end.
    """
    shown: list[RenderableType] = [
        finding(one, position, steps) for position, one in enumerate(found[:_MOST_FINDINGS], start=1)
    ]
    rest = len(found) - _MOST_FINDINGS
    if rest > 0:
        shown.append(Text(f" {plural(rest, 'more finding')}: see {WHOLE_REPORT}", style=QUIET))
    return shown


def finding(one: Finding, number: int, steps: int) -> RenderableType:
    """Return one finding.

    Args:
        one: The finding.
        number: Its number in the report, from 1.
        steps: Steps of the run.
    """
    parts: list[RenderableType] = [_head(one, steps)]
    if one.location is not None:
        parts += [_location(one.location), *_source(one.location)]
    parts += [Text(""), *_paragraphs(one.message), Text(""), _advice(one)]
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=2, justify="right", no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    grid.add_row(Text(str(number), style=STRONG), Group(*parts))
    return Constrain(grid, WIDEST_PROSE)


def _head(one: Finding, steps: int) -> RenderableType:
    title = Text.assemble((one.severity.value.upper(), SEVERITY[one.severity]), "  ", (safe(one.title, 200), STRONG))
    name = f"{safe(one.check, 40)} {safe(one.code, 12)}"
    span = when(one.first_step, one.last_step, steps)
    return Group(title, Text(f"{name}, {one.confidence.value}, {span}", style=QUIET))


def _location(site: Site) -> Text:
    line = f":{site.line}" if site.line else ""
    inside = f" in {safe(site.function, 80)}" if site.function not in ("", "<module>") else ""
    return Text.assemble((place(site.file, 200) + line, STRONG), inside)


def _source(site: Site) -> Iterator[RenderableType]:
    lines = excerpt(site)
    if not lines:
        return
    digits = len(str(lines[-1].number))
    yield Text("")
    for line in lines:
        number = f"{line.number or '':>{digits}} | "
        mark, style = ("> ", STRONG) if line.marked else ("  ", QUIET)
        yield Text.assemble((f"  {mark}{number}", QUIET), (line.text, style), no_wrap=True, overflow="ellipsis")


def _paragraphs(message: str) -> list[RenderableType]:
    if len(message) > _LONGEST_TEXT:
        message = f"{message[: _LONGEST_TEXT - 200]} {ELLIPSIS} {message[-200:]}"
    lines = safe_lines(message)
    return [Text(line) for line in (lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], lines[-1]])]


def _advice(one: Finding) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=3, no_wrap=True)
    grid.add_column(overflow="fold")
    rows = [("fix", Text(safe(one.fix, _LONGEST_TEXT))), ("not", Text(safe(one.not_this, _LONGEST_TEXT)))]
    rows += [("see", _related(end)) for end in one.related[:_MOST_RELATED]]
    rows.append(("in", Text(_names(one.modules))))
    for label, text in rows:
        if text.plain:
            grid.add_row(Text(label, style=STRONG), text)
    return grid


def _related(end: RelatedSite) -> Text:
    line = f":{end.site.line}" if end.site.line else ""
    code = f"  {safe(end.site.code, 80)}" if end.site.code else ""
    where = (f"{safe(end.role, 40)} {place(end.site.file, 100)}{line}", "")
    return Text.assemble(where, (code, QUIET), no_wrap=True, overflow="ellipsis")


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(safe(name, _LONGEST_NAME) for name in names[:_MOST_NAMES])
    rest = len(names) - _MOST_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown
