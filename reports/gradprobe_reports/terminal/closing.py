"""The end of the report: what this run cannot tell, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.constrain import Constrain
from rich.table import Table
from rich.text import Text

from gradprobe.text.safe import cells, safe
from gradprobe.text.words import relative
from gradprobe_reports.terminal.styles import QUIET, STRONG, WHOLE_REPORT, WIDEST_PROSE

_LONGEST_WORD: Final = 300

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from gradprobe.values import Allowed, Report


def not_seen(sentences: Sequence[str]) -> RenderableType:
    """Return what the run cannot tell, a sentence a line."""
    return _labelled("not seen", [Text(safe(sentence, _LONGEST_WORD)) for sentence in sentences])


def allowed(findings: Sequence[Allowed]) -> RenderableType:
    """Return what the user said is meant, a finding a line."""
    lines = []
    for one in findings:
        place = "" if one.location is None else f" at {relative(one.location.file)}:{one.location.line}"
        reason = f" ({one.reason})" if one.reason else ""
        lines.append(Text(safe(f"{one.check}{place}, by {one.by}{reason}", _LONGEST_WORD)))
    return _labelled("allowed", lines)


def next_commands(report: Report) -> RenderableType:
    """Return the commands to type next: the page of the first finding, and the report for a program to read."""
    commands = [["gradprobe explain", shlex.quote(finding.check)] for finding in report.findings[:1]]
    run = [shlex.quote(relative(report.run.path))] if report.run.path else []
    commands.append(["gradprobe report", *run, WHOLE_REPORT])
    return _labelled("next", [Command(tuple(safe(word, _LONGEST_WORD) for word in words)) for words in commands])


@dataclass(frozen=True, slots=True)
class Command:
    """A command to copy; one that is too long for a line is continued by a backslash, so that the copy still runs."""

    words: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it on one line if it fits, else a line a word."""
        line = " ".join(self.words)
        text = line if cells(line) <= options.max_width else " \\\n  ".join(self.words)
        yield Text(text, style=STRONG, overflow="fold")


def _labelled(label: str, lines: Sequence[RenderableType]) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for position, line in enumerate(lines):
        grid.add_row(Text(f" {label}" if position == 0 else "", style=QUIET), line)
    return Constrain(grid, WIDEST_PROSE)
