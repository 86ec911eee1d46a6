"""The health table: what the gradient of each module did over the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradprobe.text import figures, sparkline
from gradprobe.text.safe import cells, safe
from gradprobe.text.words import gradient, state_word
from gradprobe_reports.terminal.folding import Folded, fold
from gradprobe_reports.terminal.styles import QUIET, STATE, WHOLE_REPORT

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from gradprobe.values import ModuleHealth

MOST_ROWS: Final = 20
_GAP: Final = 2
_NARROWEST_NAME, _WIDEST_NAME = 14, 48
_NARROWEST_LINE, _WIDEST_LINE = 8, 30
# What is left out, in this order, where the terminal is too narrow for everything.
_DISPENSABLE: Final = ("tensors", "elements", "median")


@dataclass(frozen=True, slots=True)
class HealthTable:
    """A renderable table of modules, folded to what stands out.

    Attributes:
        modules: In the order of the model, parents before children.
        most: Rows to show at most.
    """

    modules: Sequence[ModuleHealth]
    most: int = MOST_ROWS

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table in the width there is."""
        folded = fold(self.modules, self.most)
        rows = [self.modules[row] for row in folded.rows]
        layout = _layout(rows, folded, options.max_width - 1)
        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style=QUIET)
        table.add_column("module", width=layout.name, no_wrap=True)
        for title in layout.numbers:
            table.add_column(title, justify="right", no_wrap=True)
        table.add_column("over the run" if layout.line >= 12 else "run", width=layout.line, no_wrap=True)
        table.add_column("gradient (steps)" if layout.counts else "gradient", no_wrap=True)
        for position, module in enumerate(rows):
            indent = "  " * min(folded.indents[position], 4)
            style = STATE[module.state]
            table.add_row(
                Text(indent + safe(folded.names[position], layout.name - len(indent))),
                *(Text(cells[position]) for cells in layout.numbers.values()),
                Text(sparkline.norms(module.series, layout.line), style=style),
                Text(gradient(module) if layout.counts else state_word(module.state), style=style),
            )
        yield Padding(table, (0, 0, 0, 1))
        for note in _notes(folded, rows):
            yield Text(f" {note}", style=QUIET)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Widths of names and sparklines, the columns of numbers, and whether there is room for counts of steps."""

    name: int
    line: int
    numbers: dict[str, list[str]]
    counts: bool


def _layout(rows: Sequence[ModuleHealth], folded: Folded, width: int) -> _Layout:
    """Share out the width; leave columns out until names and sparklines have room."""
    numbers = {
        "tensors": [str(row.parameters) for row in rows],
        "elements": [figures.size(row.elements) for row in rows],
        "last norm": [figures.norm(row.last) for row in rows],
        "median": [figures.norm(row.median) for row in rows],
    }
    dispensable = [*_DISPENSABLE]
    counts = True
    while (rest := _rest(rows, numbers, counts, width)) < _NARROWEST_NAME + _NARROWEST_LINE:
        if dispensable:
            del numbers[dispensable.pop(0)]
        elif counts:
            counts = False
        else:
            break
    longest = max(
        (cells(safe(name)) + 2 * up for name, up in zip(folded.names, folded.indents, strict=True)), default=0
    )
    name = max(min(longest, _WIDEST_NAME, rest - _NARROWEST_LINE), len("module"))
    return _Layout(name, max(min(rest - name, _WIDEST_LINE), 1), numbers, counts)


def _rest(rows: Sequence[ModuleHealth], numbers: dict[str, list[str]], counts: bool, width: int) -> int:
    """Return what is left for names and sparklines."""
    last = max((len(gradient(row) if counts else row.state.value) for row in rows), default=0)
    taken = sum(max(len(title), *map(len, cells)) + _GAP for title, cells in numbers.items())
    return width - taken - 2 * _GAP - max(last, len("gradient (steps)" if counts else "gradient"))


def _notes(folded: Folded, rows: Sequence[ModuleHealth]) -> list[str]:
    drawn = {sign for row in rows for sign in sparkline.norms(row.series, len(row.series))}
    legend = ", ".join(f"{sign} {meaning}" for sign, meaning in sparkline.LEGEND.items() if sign in drawn)
    notes = [f"norms on a logarithmic scale; {legend}"] if legend else []
    if folded.hidden:
        notes.append(f"{figures.plural(folded.hidden, 'inner module')} not shown")
    if folded.hidden_different:
        notes[-1] += f", {folded.hidden_different} of them in trouble where what holds them is not: see {WHOLE_REPORT}"
    return notes
