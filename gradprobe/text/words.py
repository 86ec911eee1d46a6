"""The words of a verdict and of a module's state, the same on every screen."""

from __future__ import annotations

import ntpath
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gradprobe.text.figures import plural, size
from gradprobe.text.safe import safe
from gradprobe.values import Colour, ModuleState, Severity, Verdict

if TYPE_CHECKING:
    from gradprobe.values import ModuleHealth, Report

TROUBLE: Final = frozenset(
    {ModuleState.VANISHED, ModuleState.ZERO, ModuleState.NO_GRADIENT, ModuleState.SEVERED, ModuleState.NON_FINITE}
)
"""States that no healthy module is in."""
_WITHOUT: Final = frozenset({ModuleState.NO_GRADIENT, ModuleState.SEVERED, ModuleState.UNUSED})


def headline(report: Report, *, done: bool = True) -> str:
    """Return the verdict in one line: `RED after 100 steps of train.py: 1 error, 1 red flag`.

    Args:
        report: A judged run.
        done: Whether the run is over; if not, the line begins `RED so far, step 100 of`, and nothing is called healthy
            while there are flags that could not be judged yet. Nor is a run without a training step.
    """
    run = report.run
    deep = f" ({run.deep_steps} of them deep)" if run.deep_steps else ""
    reasons = ", ".join(_reasons(report))
    verdict = report.verdict.value.upper()
    colours = {flag.colour for flag in report.flags}
    unsure = run.steps == 0 or (Colour.GREY in colours and (not done or Colour.GREEN not in colours))
    if report.verdict is Verdict.HEALTHY and unsure:
        verdict = "NOTHING RED"
    when = f"after {plural(run.steps, 'step')}" if done else f"so far, step {run.steps:,}"
    start = f"{verdict} {when} of {script(run.script)}{deep}"
    return f"{start}: {reasons}" if reasons else start


def script(name: str) -> str:
    """Return a script's file name; `-m module` as it is."""
    return safe(name if name.startswith("-m ") else ntpath.basename(name.rstrip("/\\")) or name, 40)


def gradient(module: ModuleHealth) -> str:
    """Return what a module's gradient did and in how many steps: `flows, zero in 7`, `NO GRADIENT in 100`."""
    none, zero = module.steps_without_gradient, module.steps_with_zero_gradient
    main = none if module.state in _WITHOUT else zero if module.state is ModuleState.ZERO else 0
    others = [
        f"{word} in {size(count)}"
        for word, count, states in (("none", none, _WITHOUT), ("zero", zero, {ModuleState.ZERO}))
        if count and module.state not in states
    ]
    return ", ".join([f"{state_word(module.state)} in {size(main)}" if main else state_word(module.state), *others])


def state_word(state: ModuleState) -> str:
    """Return a module's state as a word, in capitals where it is trouble."""
    return state.value.upper() if state in TROUBLE else state.value


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
    failed = next((row for row in report.ranks if row.failed_first), None)
    if failed is not None and not report.findings:
        reasons.append(f"rank {failed.rank} failed first, with {safe(failed.ending.partition(':')[0], 40)}")
    elif report.run.exception and not report.findings:
        reasons.append(f"it ended with {safe(report.run.exception.partition(':')[0], 40)}")
    if reasons or not colours:
        return reasons
    grey = colours.count(Colour.GREY)
    return [f"{plural(colours.count(Colour.GREEN), 'flag')} green"] + ([f"{grey} could not be judged"] if grey else [])
