"""Which modules' gradient norms moved, measured by the spread of the baseline.

The norm of a module is compared by the median of its decimal logarithm over the steps that all runs have, without the first
tenth. It has moved if the medians lie further apart than `DECADES` and than half of what it moved within the
baseline, and further than chance explains (`gradprobe.compare.spread`). Half of the probability of a false alarm is kept for root modules,
so that a large model with many parts does not blunt what is said of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.compare.nesting import above, counted, nearest
from gradprobe.compare.spread import BLOCKS, LEVEL, Level, baseline_of, level_of, reach
from gradprobe.text.figures import norm
from gradprobe.values import Severity
from gradprobe.values.comparison import Change, ChangeKind, Effect, NormRow

if TYPE_CHECKING:
    from gradprobe.compare.view import ModuleView, View

DECADES: Final = (1.0, 0.5)
"""Least move that is told: ten times with one baseline, which cannot tell how far seeds lie apart; three times with several."""
OF_TRAVEL: Final = 0.5
"""Share of what the norm moved within the baseline, below which a move is not told."""
FEWEST: Final = 4
"""Norms, in the steps that count, below which a module is not compared."""
_FURTHEST: Final = 307.0
_RANGE: Final = 4.0
"""Standard deviations between the smallest and the largest norm of a run, for reports, which hold no more than these."""


def norm_rows(baselines: Sequence[View], new: View, first: int, last: int) -> tuple[NormRow, ...]:
    """Return the norms of the modules that all runs have.

    Args:
        baselines: The runs that are the measure.
        new: The run that is measured.
        first: First step that counts.
        last: Last step that counts.
    """
    levels = {
        name: ([_level(one, one.modules[name], first, last) for one in baselines], _level(new, module, first, last))
        for name, module in new.modules.items()
        if all(name in one.modules for one in baselines)
    }
    compared = [name for name, (before, now) in levels.items() if now is not None and None not in before]
    roots = sum(1 for name in compared if not new.modules[name].health.depth)
    looks = {True: 2 * roots, False: 2 * (len(compared) - roots)}
    return tuple(
        _row(name, new.modules[name].health.depth, before, now, looks[not new.modules[name].health.depth])
        for name, (before, now) in levels.items()
    )


def _level(run: View, module: ModuleView, first: int, last: int) -> Level | None:
    """Return the level of a module's norm in decades; None where there are too few norms."""
    if module.norms is None or run.steps is None:
        return _level_of_report(module)
    there = np.isfinite(module.norms) & (module.norms > 0)
    index = run.steps.index[there]
    if int(((index >= first) & (index <= last)).sum()) < FEWEST:
        return None
    return level_of(index, run.steps.span[there], np.log10(module.norms[there]), first, last)


def _level_of_report(module: ModuleView) -> Level | None:
    """Return the level that a report tells, over all of its run; the spread is made of the range."""
    health = module.health
    if not health.median or not math.isfinite(health.median) or health.steps_with_gradient < FEWEST:
        return None
    bounds = [one for one in (health.smallest, health.largest) if one and math.isfinite(one)]
    deviation = (math.log10(bounds[1]) - math.log10(bounds[0])) / _RANGE if len(bounds) == 2 else 1.0
    return Level(math.log10(health.median), 0.0, deviation**2, BLOCKS - 2)


def _row(name: str, depth: int, before: Sequence[Level | None], now: Level | None, looks: int) -> NormRow:
    known = [one for one in before if one is not None]
    base = factor(median(one.value for one in known)) if known else None
    norm_now = factor(now.value) if now is not None else None
    if now is None or len(known) < len(before):
        return NormRow(name, depth, base, norm_now, None, None, None, False)
    baseline = baseline_of(known)
    decades = now.value - baseline.value
    least = max(DECADES[len(known) > 1], OF_TRAVEL * baseline.travel)
    threshold = max(least, reach(baseline, looks, LEVEL))
    spread = baseline.deviation if baseline.freedom else None
    finite = threshold if math.isfinite(threshold) else None
    return NormRow(name, depth, base, norm_now, decades, spread, finite, abs(decades) > threshold)


def factor(decades: float) -> float:
    """Return ten to a power; what no float holds becomes the largest or smallest that is a power of ten."""
    return float(10.0 ** max(-_FURTHEST, min(decades, _FURTHEST)))


def changed_norms(rows: Sequence[NormRow]) -> Iterator[Change]:
    """Yield the modules that moved: the highest that explains those below it.

    A module explains what is below it where at least half of its parts moved as it did; else what moved is its
    part, and the whole moved with that.
    """
    moved = {row.module: row for row in rows if row.moved}
    parts = _parts(rows)
    subjects = [name for name in moved if _explains(name, moved, parts)]
    for name in subjects:
        within = [one for one in above(name) if one in moved]
        if any(one in subjects and _alike(moved[one], moved[name]) for one in within):
            continue
        below = tuple(one for one in moved if name in above(one) and _alike(moved[name], moved[one]))
        around = tuple(one for one in within if one not in subjects)
        yield _change(moved[name], below, around)


def _parts(rows: Sequence[NormRow]) -> dict[str, list[NormRow]]:
    """Return the parts of each module whose norms were compared."""
    known = {row.module for row in rows}
    parts: dict[str, list[NormRow]] = {}
    for row in rows:
        parent = nearest(row.module, known)
        if parent is not None and row.decades is not None:
            parts.setdefault(parent, []).append(row)
    return parts


def _explains(name: str, moved: Mapping[str, NormRow], parts: Mapping[str, list[NormRow]]) -> bool:
    inner = parts.get(name, [])
    alike = sum(1 for part in inner if part.module in moved and _alike(moved[name], part))
    return alike == 0 or 2 * alike >= len(inner)


def _alike(one: NormRow, other: NormRow) -> bool:
    return (one.decades or 0.0) * (other.decades or 0.0) > 0


def _change(row: NormRow, below: tuple[str, ...], around: tuple[str, ...]) -> Change:
    decades = row.decades or 0.0
    times = f"{factor(abs(decades)):,.3g} times {'larger' if decades > 0 else 'smaller'}"
    with_it = f"; {counted(around)}, of which it is a part, moved with it" if around else ""
    text = (
        f"The gradient norm of {row.module} is {times}: {norm(row.new)}, before {norm(row.base)} "
        f"({abs(decades):.1f} decades, where {row.threshold or 0.0:.1f} may be chance){with_it}."
    )
    was, now = norm(row.base), norm(row.new)
    return Change(ChangeKind.NORM, Effect.REGRESSION, Severity.WARNING, row.module, text, was, now, (*below, *around))
