"""Draws the README's picture of a health table: `python docs/picture.py RUN docs/health-table.svg`."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from gradprobe.commands.judging import judge_run, judging
from gradprobe_reports import terminal

WIDTH = 92  # columns


def main(run: Path, picture: Path) -> None:
    """Draw the report of a run as the terminal shows it."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(terminal.render(judge_run(run, judging(None, "never", None, None, None, None))))
    drawing = console.export_svg(title="gradprobe run --max-batches 100", clear=False)
    # The fonts that rich links to come from the network; any monospaced font does.
    picture.write_text(re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
