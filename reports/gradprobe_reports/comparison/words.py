"""What the formats of a comparison say alike: which rows are worth showing, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.compare.norms import factor
from gradprobe.compare.times import duration
from gradprobe.text.figures import metric, norm, plural
from gradprobe.text.safe import safe
from gradprobe.values.comparison import Effect
from gradprobe_reports.plain import facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.values.comparison import Change, ComparedRun, Comparison, MetricRow, NormRow

NORM_TITLES: Final = ("module", "baseline", "new", "change", "may be chance")
METRIC_TITLES: Final = ("metric", "baseline", "new", "trend")
TITLES: Final = {
    Effect.REGRESSION: "worse",
    Effect.IMPROVEMENT: "better",
    Effect.CHANGE: "also changed",
}


def of_effect(comparison: Comparison, effect: Effect) -> tuple[Change, ...]:
    """Return the changes that go one way."""
    return tuple(change for change in comparison.changes if change.effect is effect)


def sides(comparison: Comparison) -> list[tuple[str, ComparedRun]]:
    """Return the runs, the new one first, each with its label."""
    return [("new", comparison.new), *(("baseline", one) for one in comparison.baselines)]


def about(side: ComparedRun) -> str:
    """Return how a run went, in one line."""
    kind = " (report)" if side.source == "report" else ""
    return f"{safe(side.name, 80)}{kind}: {side.verdict.value}, {plural(side.run.steps, 'step')}, {facts(side.run)}"


def turned(change: Change) -> str:
    """Return what it was and what it is: `gradient: was flows in 25 of 25 steps, is no gradient in 25 steps`."""
    return f"{change.kind.value}: was {safe(change.base, 160)}, is {safe(change.new, 160)}"


def names(of: Sequence[str], most: int = 4) -> str:
    """Return the first names, and how many more there are."""
    shown = ", ".join(safe(name, 60) for name in of[:most])
    return f"{shown} and {len(of) - most} more" if len(of) > most else shown


def shown_norms(rows: Sequence[NormRow], most: int) -> tuple[NormRow, ...]:
    """Return at most so many rows, in their order: roots, then what moved, then what moved furthest short of that.

    Of the rest, only those that could be compared.
    """
    worth = [row for row, one in enumerate(rows) if not one.depth or one.decades is not None]
    ranked = sorted(worth, key=lambda row: _rank(rows[row]))
    return tuple(rows[row] for row in sorted(ranked[:most]))


def note_on_norms(comparison: Comparison, shown: Sequence[NormRow]) -> str:
    """Return what is not in the table of norms; empty where everything is."""
    there = {row.module for row in shown}
    hidden = [row for row in comparison.norms if row.module not in there]
    few = sum(1 for row in hidden if row.decades is None)
    rest = len(hidden) - few
    said = [f"{plural(rest, 'more module')} compared, none of them moved" if rest else ""]
    said.append(f"{plural(few, 'module')} with too few norms to compare" if few else "")
    return "; ".join(filter(None, said))


def _rank(row: NormRow) -> tuple[int, float]:
    return 0 if not row.depth else 1 if row.moved else 2, -abs(row.decades or 0.0)


def norm_cells(row: NormRow) -> tuple[str, str, str, str]:
    """Return baseline, new, change as a factor, and the factor that may be chance."""
    change = "-" if row.decades is None else f"x{figure(factor(row.decades))}"
    chance = "-" if row.threshold is None else f"x{figure(factor(row.threshold))}"
    return (_norm(row.base), _norm(row.new), change, chance)


def metric_cells(row: MetricRow) -> tuple[str, str, str]:
    """Return where it began and ended in the baseline and in the new run, and the trends."""
    trend = row.base_trend.value
    if row.new_trend is not row.base_trend:
        trend = f"{trend} -> {row.new_trend.value}"
    return (
        f"{metric(row.base_first)} to {metric(row.base_last)}",
        f"{metric(row.new_first)} to {metric(row.new_last)}",
        trend,
    )


def step_time(comparison: Comparison) -> str:
    """Return the duration of a step on both sides; empty where it was not compared."""
    time = comparison.step_time
    if time is None:
        return ""
    return (
        f"A step takes {duration(time.new)}, before {duration(time.base)} (x{figure(time.new / time.base)}, up to "
        f"x{figure(time.threshold)} may be chance)."
    )


def scope(comparison: Comparison) -> str:
    """Return which steps norms were compared over."""
    if not comparison.steps:
        return ""
    return f"medians of steps {comparison.warm_up} to {comparison.steps - 1}"


def unchanged(comparison: Comparison) -> list[str]:
    """Return what was bad before and still is, a line each."""
    lines = [f"{one.severity.value}: {safe(one.title, 160)} ({safe(one.check, 40)})" for one in comparison.unchanged]
    return lines + [
        f"{flag.colour.value}: the flag {safe(flag.name, 60)}, {safe(flag.observed, 160)}"
        for flag in comparison.unchanged_flags
    ]


def figure(times: float) -> str:
    """Return a factor in two or three digits: `0.31`, `1.02`, `6.6e+04`."""
    return f"{times:.1e}" if not 0.01 <= times < 1000 else f"{times:.3g}"


def _norm(value: float | None) -> str:
    return "too few" if value is None else norm(value)
