"""How the runs ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gradprobe.text.figures import plural
from gradprobe.text.safe import safe
from gradprobe.values import Severity
from gradprobe.values.comparison import Change, ChangeKind, Effect

if TYPE_CHECKING:
    from gradprobe.compare.view import View
    from gradprobe.values import RunFacts

_LONGEST: Final = 160


def changed_endings(baselines: Sequence[View], new: View) -> Iterator[Change]:
    """Yield that the new run failed where no baseline did, or that it did not where all of them had."""
    runs, run = [one.source.report.run for one in baselines], new.source.report.run
    if failed(run) and not any(map(failed, runs)):
        after = f"after {plural(run.steps, 'step')}" if run.steps else "before its first step was done"
        text = f"The run failed {after}: {ending(run)}."
        yield _change(Effect.REGRESSION, Severity.ERROR, text, runs, run)
    elif not failed(run) and all(map(failed, runs)) and run.stopped_by is not None:
        text = f"The run no longer fails ({ending(runs[0])})."
        yield _change(Effect.IMPROVEMENT, Severity.INFO, text, runs, run)


def failed(run: RunFacts) -> bool:
    """Tell whether a run was ended by an exception, a signal, an exit code of its own that is not 0, or without a word."""
    return run.is_gone or run.stopped_by in ("exception", "signal") or run.exit_code not in (0, None)


def ending(run: RunFacts) -> str:
    """Return how a run ended, in a few words."""
    if run.exception:
        return safe(" ".join(run.exception.split()).rstrip("."), _LONGEST)
    if run.stopped_by == "signal":
        return "ended by a signal"
    if run.is_gone:
        return "killed, or ended without a word"
    if run.stopped_by is None:
        return "still running, or killed"
    return f"exit code {run.exit_code}"


def _change(effect: Effect, severity: Severity, text: str, runs: Sequence[RunFacts], run: RunFacts) -> Change:
    return Change(ChangeKind.ENDING, effect, severity, "run", text, ending(runs[0]), ending(run))


def whole_steps(run: RunFacts) -> int:
    """Return how many steps a run went through to their end: an exception may have come in the middle of the last one."""
    return run.steps - 1 if run.stopped_by == "exception" and run.steps else run.steps
