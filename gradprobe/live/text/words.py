"""The words of a verdict, the same on every screen."""

from __future__ import annotations

import ntpath
from pathlib import Path
from typing import TYPE_CHECKING

from gradprobe.live.text.figures import plural
from gradprobe.live.text.safe import safe
from gradprobe.values import Colour, Severity

if TYPE_CHECKING:
    from gradprobe.values import Report


def headline(report: Report, *, done: bool = True) -> str:
    """Return the verdict in one line: `RED after 100 steps of train.py: 1 error, 1 red flag`.

    Args:
        report: A judged run.
        done: Whether the run is over; if not, the line says `so far`.
    """
    run = report.run
    deep = f" ({run.deep_steps} of them deep)" if run.deep_steps else ""
    when = "after" if done else "so far, after"
    reasons = ", ".join(_reasons(report))
    start = f"{report.verdict.value.upper()} {when} {plural(run.steps, 'step')} of {script(run.script)}{deep}"
    return f"{start}: {reasons}" if reasons else start


def script(name: str) -> str:
    """Return a script's file name; `-m module` as it is."""
    return safe(name if name.startswith("-m ") else ntpath.basename(name.rstrip("/\\")) or name, 40)


def place(file: str, width: int | None = None) -> str:
    """Return a file's path relative to the working directory where it lies below it, made safe."""
    return safe(relative(file), width)


def relative(file: str) -> str:
    """Return a path relative to the working directory, with `/`, where it lies below it; else as it is."""
    try:
        return Path(file).relative_to(Path.cwd()).as_posix() if file else file
    except (ValueError, OSError):
        return file


def _reasons(report: Report) -> list[str]:
    severities = [finding.severity for finding in report.findings]
    colours = [flag.colour for flag in report.flags]
    bad = (
        (severities.count(Severity.ERROR), "error"),
        (severities.count(Severity.WARNING), "warning"),
        (colours.count(Colour.RED), "red flag"),
        (colours.count(Colour.AMBER), "amber flag"),
    )
    reasons = [plural(count, noun) for count, noun in bad if count]
    if not reasons and colours:
        reasons.append(f"{colours.count(Colour.GREEN)} of {plural(len(colours), 'flag')} green")
    if Colour.GREY in colours:
        reasons.append(f"{colours.count(Colour.GREY)} could not be judged")
    return reasons
