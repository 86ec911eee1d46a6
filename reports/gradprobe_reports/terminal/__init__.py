"""The report for a person at a terminal: the verdict first, then why, then the numbers, then what to type next.

`render` gives the whole as a rich renderable, for any console. rich is imported when something is drawn, not before.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

from gradprobe.extensions import Format
from gradprobe_reports.comparison import write_terminal

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gradprobe.values import Report


def write(report: Report, file: IO[str]) -> None:
    """Write the report as text, in colour if the file is a terminal and `NO_COLOR` is unset.

    The width is that of the terminal; `COLUMNS` has the last word; 80 where neither is known.
    """
    from gradprobe_reports.terminal.output import as_text

    file.write(as_text(render(report), file))


def render(report: Report) -> RenderableType:
    """Return the whole report as one renderable, which takes its width from the console."""
    from gradprobe_reports.terminal.whole import whole

    return whole(report)


FORMAT: Final = Format(name="terminal", suffixes=(), write=write, write_comparison=write_terminal)
