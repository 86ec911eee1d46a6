"""A record thinned to what a page can draw, with the lowest and the highest of what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.engine.metrics import listed_metrics
from gradprobe.engine.norms import was_due
from gradprobe.values import Series, Track
from gradprobe.values.step import NO_GRADIENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gradprobe.engine.norms import ModuleNorms
    from gradprobe.record.record import Metric, Record

NUMBERS: Final = 120_000
"""Modules times buckets: three numbers for each are about 2 MB of a page."""
FEWEST_BUCKETS: Final = 60
MOST_BUCKETS: Final = 500
"""A screen has about a thousand columns, and a line needs a few pixels for each point."""


def series(record: Record, norms: ModuleNorms) -> Series | None:
    """Return what there is to draw; None where there is no step.

    Args:
        record: The run.
        norms: The norms of its modules.
    """
    steps = record.steps
    if not len(steps):
        return None
    most = NUMBERS // max(len(record.modules), 1)
    edges = _edges(steps.index, steps.span, max(FEWEST_BUCKETS, min(MOST_BUCKETS, most)))
    rows = _Columns.of(steps.index, edges)
    return Series(
        first=edges[:-1],
        last=edges[1:] - 1,
        norms=_norm_tracks(record, rows, norms),
        metrics=tuple(_metric_track(metric, edges) for metric in listed_metrics(record)),
        learning_rates=_plain_tracks(_group_names(record), rows, steps.learning_rates.T),
        update_ratios=tuple(
            track
            for root, (at, values) in record.update_ratios.items()
            if len(at)
            for track in _plain_tracks([root], _Columns.of(at, edges), values[np.newaxis])
        ),
        deep=record.deep,
    )


def _edges(index: NDArray[np.int64], span: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return the first steps of the buckets, evenly spaced, and the step after the last; `[buckets + 1]`.

    No bucket is narrower than a step. A thinned row is put where its newest step is.
    """
    begin, end = int(index[0] - span[0] + 1), int(index[-1]) + 1
    count = max(1, min(most, end - begin))
    return np.unique(np.floor(np.linspace(begin, end, count + 1)).astype(np.int64))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which rows belong to which bucket.

    Attributes:
        buckets: How many buckets there are.
        filled: Those that have a row.
        starts: The first row of each of them.
    """

    buckets: int
    filled: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, steps: NDArray[np.int64], edges: NDArray[np.int64]) -> _Columns:
        """Return the columns of rows at the given steps, in rising order."""
        places = np.clip(np.searchsorted(edges, steps, side="right") - 1, 0, len(edges) - 2)
        filled, starts = np.unique(places, return_index=True)
        return cls(len(edges) - 1, filled, starts)

    def spread(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values of the filled buckets, `[tracks, filled]`, as `[tracks, buckets]`, NaN in the others."""
        whole = np.full((len(values), self.buckets), np.nan)
        whole[:, self.filled] = values
        return whole

    def marked(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return flags of the filled buckets, `[tracks, filled]`, as `[tracks, buckets]`."""
        whole = np.zeros((len(flags), self.buckets), bool)
        whole[:, self.filled] = flags
        return whole

    def newest(self, values: NDArray[np.float64], wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the value of the newest wanted row of each filled bucket, NaN where there is none; all `[tracks, …]`."""
        rows = np.where(wanted, np.arange(wanted.shape[1]), -1)
        found = np.maximum.reduceat(rows, self.starts, axis=1)
        return np.where(found >= 0, np.take_along_axis(values, np.maximum(found, 0), axis=1), np.nan)


def _norm_tracks(record: Record, rows: _Columns, norms: ModuleNorms) -> tuple[Track, ...]:
    """Return the modules' norms; see `ModuleNorms` for the codes in them, which are finite and below zero."""
    broken = ~np.isfinite(norms.norms) | ~np.isfinite(norms.highest)
    missing = rows.newest(norms.norms, was_due(norms.norms)) == NO_GRADIENT
    numbers = [np.where(one < 0, np.nan, one) for one in (norms.norms, norms.lowest, norms.highest)]
    return _tracks([module.name for module in record.modules], rows, numbers, broken, missing)


def _metric_track(metric: Metric, edges: NDArray[np.int64]) -> Track:
    numbers = [one[np.newaxis] for one in (metric.values, metric.lowest, metric.highest)]
    # A NaN is a value that was logged.
    broken = ~np.logical_and.reduce([np.isfinite(one) for one in numbers])
    return _tracks([metric.name], _Columns.of(metric.steps, edges), numbers, broken)[0]


def _plain_tracks(names: Sequence[str], rows: _Columns, values: NDArray[np.float64]) -> tuple[Track, ...]:
    """Return tracks of values, `[tracks, rows]`, where a NaN is no value."""
    return _tracks(names, rows, (values, values, values), np.isinf(values))


def _tracks(
    names: Sequence[str],
    rows: _Columns,
    numbers: Sequence[NDArray[np.float64]],
    broken: NDArray[np.bool_],
    missing: NDArray[np.bool_] | None = None,
) -> tuple[Track, ...]:
    """Return tracks.

    Args:
        names: Their names.
        rows: Which rows belong to which bucket.
        numbers: Values, lowest and highest, `[tracks, rows]` each, NaN where there is none.
        broken: `[tracks, rows]`, where something was not finite.
        missing: `[tracks, filled buckets]`, where there is no gradient although one was due.
    """
    if not names:
        return ()
    values, lowest, highest = (np.where(np.isfinite(one), one, np.nan) for one in numbers)
    columns = (
        rows.spread(rows.newest(values, ~np.isnan(values))),
        rows.spread(np.fmin.reduceat(lowest, rows.starts, axis=1)),
        rows.spread(np.fmax.reduceat(highest, rows.starts, axis=1)),
        rows.marked(np.logical_or.reduceat(broken, rows.starts, axis=1)),
        rows.marked(np.zeros((len(names), len(rows.starts)), bool) if missing is None else missing),
    )
    return tuple(Track(name, *(column[at] for column in columns)) for at, name in enumerate(names))


def _group_names(record: Record) -> Sequence[str]:
    """Return a name for each parameter group: `AdamW`, or `AdamW 2, group 1` where there are several."""
    many = len(record.optimizers) > 1
    groups: dict[int, int] = {}
    names = []
    types = {optimizer.number: optimizer.type for optimizer in record.optimizers}
    for owner in record.groups:
        groups[owner] = groups.get(owner, -1) + 1
        several = record.groups.count(owner) > 1
        name = types.get(owner, "optimizer") + (f" {owner + 1}" if many else "")
        names.append(name + (f", group {groups[owner]}" if several else ""))
    return names
