"""What a comparison comes to: a word, a line, an exit code."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from gradprobe.text.figures import plural
from gradprobe.text.words import script
from gradprobe.values import Severity, Verdict
from gradprobe.values.comparison import Effect

if TYPE_CHECKING:
    from gradprobe.engine.verdict import FailOn
    from gradprobe.values.comparison import Change, Comparison

_NOUNS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "remark"}


def regressions(comparison: Comparison) -> tuple[Change, ...]:
    """Return the changes for the worse, the worst first."""
    return tuple(change for change in comparison.changes if change.effect is Effect.REGRESSION)


def gate(comparison: Comparison, fail_on: FailOn = "error") -> int:
    """Return 1 where there is a regression as bad as `fail_on` or worse, else 0.

    Args:
        comparison: What changed.
        fail_on: `error`, `warning`, or `never`.
    """
    failing: dict[str, set[Severity]] = {
        "error": {Severity.ERROR},
        "warning": {Severity.ERROR, Severity.WARNING},
        "never": set(),
    }
    return int(any(change.severity in failing[fail_on] for change in regressions(comparison)))


def headline(comparison: Comparison) -> str:
    """Return what it comes to in one line: `REGRESSED, 1 error, 2 warnings: train.py, 20 steps, against 3 baselines`."""
    counts = Counter(change.severity for change in regressions(comparison))
    grave = [plural(counts[one], _NOUNS[one]) for one in Severity if counts[one]]
    better = sum(1 for change in comparison.changes if change.effect is Effect.IMPROVEMENT)
    has_regressed = counts[Severity.ERROR] or counts[Severity.WARNING]
    word = "REGRESSED" if has_regressed else "NO REGRESSION"
    if not has_regressed and comparison.new.verdict is Verdict.RED:
        word = "NO REGRESSION, red as before"
    also = [*grave, *([plural(better, "improvement")] if better else [])]
    runs = len(comparison.baselines)
    against = "its baseline" if runs == 1 else f"{runs} baselines"
    program = f"{script(comparison.new.run.script)}, {plural(comparison.new.run.steps, 'step')} against {against}"
    return f"{', '.join([word, *also])}: {program}"
