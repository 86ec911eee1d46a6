"""Progress in one plain line, for a log file or a console that is no terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gradprobe.text import figures
from gradprobe.text.safe import cells, safe

WIDEST: Final = 120
_WIDEST_NAME: Final = 24


def progress_line(step: int, metrics: Mapping[str, float], norms: Mapping[str, float | None]) -> str:
    """Return one line of at most 120 cells: `gradprobe: step 10  loss 2.31  qwen 1.23e-05  agent none`.

    Args:
        step: The step's number.
        metrics: Losses and logged metrics by name.
        norms: L2 norm of the gradient of each root module, unscaled; None where it had no gradient.
    """
    parts = [f"{safe(name, _WIDEST_NAME)} {figures.metric(value)}" for name, value in metrics.items()]
    parts += [f"{safe(name, _WIDEST_NAME)} {figures.norm(value)}" for name, value in norms.items()]
    line = f"gradprobe: step {step}"
    for position, part in enumerate(parts):
        rest = f"  and {len(parts) - position} more"
        last = position == len(parts) - 1
        if cells(line) + 2 + cells(part) + (0 if last else len(rest)) > WIDEST:
            return line + rest
        line += f"  {part}"
    return line
