"""A comparison of runs in each format: one file each, drawn by the function that `Format.write_comparison` takes.

What they need is imported when something is drawn, not before.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from gradprobe.values.comparison import Comparison


def write_terminal(comparison: Comparison, file: IO[str]) -> None:
    """Write the comparison as text, in colour if the file is a terminal and `NO_COLOR` is unset."""
    from gradprobe_reports.comparison.terminal import render
    from gradprobe_reports.terminal.output import as_text

    file.write(as_text(render(comparison), file))


def write_json(comparison: Comparison, file: IO[str]) -> None:
    """Write the comparison as indented JSON with a final newline."""
    import json

    from gradprobe_reports.comparison.document import document

    file.write(json.dumps(document(comparison), indent=2, allow_nan=False) + "\n")


def write_markdown(comparison: Comparison, file: IO[str]) -> None:
    """Write the comparison as Markdown with a final newline."""
    from gradprobe.text.safe import encodable
    from gradprobe_reports.comparison.markdown import whole

    file.write(encodable(whole(comparison), getattr(file, "encoding", None)))


def write_html(comparison: Comparison, file: IO[str]) -> None:
    """Write the comparison as one self-contained page."""
    from gradprobe_reports.comparison.page import page

    file.write(page(comparison))
