"""What GitHub Actions is told, where the command runs in a step of it: annotations, and the step's summary.

Neither can fail a run: what cannot be written is one line on standard error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradprobe.commands.outputs import Output
    from gradprobe.values import Report
    from gradprobe.values.comparison import Comparison

ANNOTATIONS: Final = "github"
SUMMARY: Final = "markdown"


def tell_github(report: Report, outputs: Sequence[Output], *, annotate: bool) -> None:
    """Print annotations and append to the step's summary, where the environment asks for them.

    Args:
        report: The judged run.
        outputs: The reports that were asked for: annotations that are among them are not printed twice, and where one
            goes to standard output they go to standard error, which GitHub reads as well.
        annotate: Whether annotations are wanted at all.
    """
    if os.environ.get("RANK", "0") != "0":  # The processes of a distributed run would all say the same.
        return
    is_asked_for = any(output.format.name == ANNOTATIONS and _is_standard(output) for output in outputs)
    if annotate and not is_asked_for and os.environ.get("GITHUB_ACTIONS") == "true":
        _try("print annotations", lambda: _annotate(report, outputs))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        _try("append the report to GITHUB_STEP_SUMMARY", lambda: _append(report, Path(summary)))


def summarise(comparison: Comparison) -> None:
    """Append a comparison to the step's summary, where the environment names one.

    Nothing is annotated: the command that judged the run has done it.
    """
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        _try("append the comparison to GITHUB_STEP_SUMMARY", lambda: _append_comparison(comparison, Path(summary)))


def _annotate(report: Report, outputs: Sequence[Output]) -> None:
    from gradprobe.commands.outputs import named_format

    stream = sys.stderr if any(map(_is_standard, outputs)) else sys.stdout
    named_format(ANNOTATIONS).write(report, stream)
    stream.flush()


def _append(report: Report, summary: Path) -> None:
    from gradprobe.commands.outputs import named_format

    with summary.open("a", encoding="utf-8") as file:
        named_format(SUMMARY).write(report, file)
        file.write("\n")


def _append_comparison(comparison: Comparison, summary: Path) -> None:
    from gradprobe.commands.outputs import named_format

    write = named_format(SUMMARY).write_comparison
    if write is not None:
        with summary.open("a", encoding="utf-8") as file:
            write(comparison, file)
            file.write("\n")


def _is_standard(output: Output) -> bool:
    """Return whether a report goes to standard output, by whatever name."""
    return output.path is None or str(output.path) in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def _try(what: str, action: Callable[[], None]) -> None:
    try:
        action()
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
        print(f"gradprobe: cannot {what}: {reason}; nothing else is lost by it", file=sys.stderr)
