"""The comparison for a person at a terminal: what became worse first, then the numbers, then what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.constrain import Constrain
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradprobe.compare.gate import headline, regressions
from gradprobe.text.figures import plural
from gradprobe.text.safe import safe
from gradprobe.values import Severity
from gradprobe.values.comparison import Effect
from gradprobe_reports.comparison import words
from gradprobe_reports.terminal.closing import Command
from gradprobe_reports.terminal.findings import finding
from gradprobe_reports.terminal.styles import QUIET, SEVERITY, STRONG, WIDEST_PROSE

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gradprobe.values.comparison import Change, Comparison

WHOLE: Final = "--report compare.json"
"""The option that writes what a terminal has no room for."""
_MOST_REGRESSIONS: Final = 12
_MOST_LINES: Final = 12
_MOST_NORMS: Final = 16
_MOST_METRICS: Final = 12
_LONGEST: Final = 400
_LABEL: Final = 12


def render(comparison: Comparison) -> RenderableType:
    """Return the whole comparison as one renderable, which takes its width from the console."""
    parts: list[RenderableType] = [_head(comparison), *_regressions(comparison)]
    for effect in (Effect.IMPROVEMENT, Effect.CHANGE):
        texts = [change.text for change in words.of_effect(comparison, effect)]
        parts += _listed(words.TITLES[effect], texts)
    parts += _listed("unchanged", words.unchanged(comparison))
    parts += [*_norms(comparison), *_metrics(comparison)]
    parts += _listed("step time", list(filter(None, [words.step_time(comparison)])))
    parts += _listed("note", comparison.notes)
    parts.append(_next(comparison))
    spaced = [piece for part in parts for piece in (part, Text(""))]
    return Group(*spaced[:-1])


def _head(comparison: Comparison) -> RenderableType:
    worst = regressions(comparison)
    style = SEVERITY[worst[0].severity] if worst else "bold green"
    runs = [Text(f"{label:<8}  {words.about(side)}", style=QUIET) for label, side in words.sides(comparison)]
    return Group(Text(headline(comparison), style=style), *runs)


def _regressions(comparison: Comparison) -> list[RenderableType]:
    """Return each change for the worse; a finding with all there is to say about it."""
    changes = regressions(comparison)
    shown: list[RenderableType] = [
        _change(change, number) if change.finding is None else _finding(change, number, comparison.new.run.steps)
        for number, change in enumerate(changes[:_MOST_REGRESSIONS], start=1)
    ]
    rest = len(changes) - _MOST_REGRESSIONS
    return [*shown, Text(f" {plural(rest, 'more regression')}: see {WHOLE}", style=QUIET)] if rest > 0 else shown


def _finding(change: Change, number: int, steps: int) -> RenderableType:
    """Return a new finding with all there is to say about it, and what follows from it."""
    assert change.finding is not None
    whole = finding(change.finding, number, steps)
    follows = [Padding(Text(f"then {safe(text, _LONGEST)}", style=QUIET), (0, 0, 0, 3)) for text in change.also]
    return Group(whole, *(Constrain(one, WIDEST_PROSE) for one in follows))


def _change(change: Change, number: int) -> RenderableType:
    """Return a change that is no finding: what happened, what it was and is, what came with it."""
    word = (change.severity.value.upper(), SEVERITY[change.severity])
    lines = [
        Text.assemble(word, "  ", (safe(change.text, _LONGEST), STRONG)),
        Text(words.turned(change), style=QUIET),
    ]
    if change.also:
        lines.append(Text(f"with {words.names(change.also)}", style=QUIET))
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=2, justify="right", no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    grid.add_row(Text(str(number), style=STRONG), Group(*lines))
    return Constrain(grid, WIDEST_PROSE)


def _listed(label: str, texts: Sequence[str]) -> list[RenderableType]:
    """Return lines beside a label; nothing where there is none."""
    if not texts:
        return []
    rest = len(texts) - _MOST_LINES
    shown = [safe(text, _LONGEST) for text in texts[:_MOST_LINES]] + ([f"and {rest} more"] if rest > 0 else [])
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=_LABEL, no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for position, text in enumerate(shown):
        grid.add_row(Text(label if position == 0 else "", style=QUIET), Text(text))
    return [Constrain(Padding(grid, (0, 0, 0, 1)), WIDEST_PROSE)]


def _norms(comparison: Comparison) -> list[RenderableType]:
    rows = words.shown_norms(comparison.norms, _MOST_NORMS)
    if not rows:
        return []
    table = _table(words.NORM_TITLES)
    for row in rows:
        style = SEVERITY[Severity.WARNING] if row.moved else ""
        table.add_row(Text("  " * min(row.depth, 4) + safe(row.module, 48)), *words.norm_cells(row), style=style)
    said = filter(None, (f"gradient norms, {words.scope(comparison)}", words.note_on_norms(comparison, rows)))
    note = Text(f" {'; '.join(said)}", style=QUIET)
    return [Group(Padding(table, (0, 0, 0, 1)), note)]


def _metrics(comparison: Comparison) -> list[RenderableType]:
    if not comparison.metrics:
        return []
    table = _table(words.METRIC_TITLES)
    for row in comparison.metrics[:_MOST_METRICS]:
        style = SEVERITY[Severity.WARNING] if row.moved else ""
        table.add_row(Text(safe(row.name, 28)), *words.metric_cells(row), style=style)
    rest = len(comparison.metrics) - _MOST_METRICS
    shown: list[RenderableType] = [Padding(table, (0, 0, 0, 1))]
    return [Group(*shown, Text(f" {plural(rest, 'more metric')} not shown", style=QUIET)) if rest > 0 else shown[0]]


def _table(titles: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=QUIET)
    table.add_column(titles[0], min_width=12, overflow="fold")
    for title in titles[1:]:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _next(comparison: Comparison) -> RenderableType:
    """Return the commands to type next: the page of the first new finding, and the comparison for a program to read."""
    new = next((one.finding for one in regressions(comparison) if one.finding is not None), None)
    commands = [Command(("gradprobe explain", shlex.quote(safe(new.check, 60))))] if new is not None else []
    names = [shlex.quote(safe(side.name, 300)) for side in (*comparison.baselines, comparison.new)]
    commands.append(Command(("gradprobe compare", *names, WHOLE)))
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=_LABEL, no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for position, command in enumerate(commands):
        grid.add_row(Text("next" if position == 0 else "", style=QUIET), command)
    return Constrain(Padding(grid, (0, 0, 0, 1)), WIDEST_PROSE)
