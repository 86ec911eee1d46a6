"""Plain lines while a script runs and nobody looks at a terminal: few at first, ever fewer later."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Final

from gradprobe.values.step import NOT_LOOKED_AT

MOST_METRICS: Final = 3
"""Metrics in a line; the norms of the root modules come after them."""

if TYPE_CHECKING:
    from gradprobe.record.rows import StepRow
    from gradprobe.recorder.recorder import Recorder


def print_progress(row: StepRow, recorder: Recorder) -> None:
    """Print a line to stderr for the steps 0, 1, 2, 5, 10, 20, 50, 100 and so on."""
    if not _is_round(row.index):
        return
    from gradprobe.live.plain import progress_line

    line = progress_line(row.index, _metrics(row, recorder), _root_norms(row, recorder))
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):  # Nobody reads it any more: no reason to end the recording.
            print(line, file=sys.stderr, flush=True)


def _metrics(row: StepRow, recorder: Recorder) -> dict[str, float]:
    """Return the first few of the step's metrics: what the script logs, then its losses."""
    keys = recorder.metrics.known
    values = {keys[position]: value for position, value in row.metrics.items()}
    chosen = {name: value for (name, source), value in values.items() if source == "log"}
    for (name, source), value in values.items():
        if source == "loss":
            chosen.setdefault(name, value)
    return dict(list(chosen.items())[:MOST_METRICS])


def _root_norms(row: StepRow, recorder: Recorder) -> dict[str, float | None]:
    """Return the gradient norm of each root module: the root of the sum of squares over its parameters."""
    norms: dict[str, float | None] = {}
    for name, positions in recorder.layout.roots.items():
        values = row.norms[[position for position in positions if position < len(row.norms)]]
        due = values[~(values <= NOT_LOOKED_AT)]
        if len(due):
            present = due[~(due < 0)]
            norms[name] = float((present.astype(float) ** 2).sum() ** 0.5) if len(present) else None
    return norms


def _is_round(step: int) -> bool:
    text = str(step)
    return step == 0 or (text[0] in "125" and set(text[1:]) <= {"0"})
