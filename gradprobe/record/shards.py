"""Norms of sharded parameters as those of the whole: sums of squares travel from rank to rank, not norms.

Each rank measures its own part, because measuring the whole would be a collective. ``|g|² = Σ |part|²`` over the parts; where
several ranks hold the same part (replicas of shards), each part is counted as often, and the sum is divided by that number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradprobe.record.reader import gradient_counts, opened
from gradprobe.record.record import GradientCounts, Record
from gradprobe.values.step import NO_GRADIENT, NOT_LOOKED_AT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.record.rank import Rank


def with_whole_norms(record: Record, ranks: Sequence[Rank]) -> Record:
    """Return the record with the norms of whole gradients, where its parameters are sharded over ranks that all recorded.

    Args:
        record: The record of the rank that is shown.
        ranks: All processes of the run.
    """
    holders = [one for one in ranks if one.names is next((own.names for own in ranks if own.path == record.path), None)]
    positions = np.array([at for at, parts in record.sharded.items() if holders and len(holders) % parts == 0], np.intp)
    if not len(positions) or len(holders) < 2:
        return record
    weights = np.array([record.sharded[int(at)] / len(holders) for at in positions])
    steps = record.steps
    newest = Squares(steps.index, steps.norms[:, positions])
    # One and the same where nothing was thinned on any rank.
    is_thinned = steps.lowest is not steps.norms or any(map(_is_thinned, holders))
    lowest, highest = (
        (Squares(steps.index, steps.lowest[:, positions]), Squares(steps.index, steps.highest[:, positions]))
        if is_thinned
        else (newest, newest)
    )
    counts = [[one.counts for one in record.parameters], [one.counts for one in record.modules]]
    for one in holders:
        if one.path == record.path:
            continue
        with opened(one.path) as connection:
            _add(connection, len(record.parameters), positions, (newest, lowest, highest))
            for kind, known in zip(("parameters", "modules"), counts, strict=True):
                known[:] = map(_together, known, gradient_counts(connection, kind, len(known)))
    norms = _with(record.steps.norms, positions, newest.norms(weights))
    steps = replace(
        record.steps,
        norms=norms,
        lowest=_with(record.steps.lowest, positions, lowest.norms(weights)) if is_thinned else norms,
        highest=_with(record.steps.highest, positions, highest.norms(weights)) if is_thinned else norms,
    )
    sharded = set(positions.tolist())
    return replace(
        record,
        steps=steps,
        parameters=tuple(
            replace(one, counts=counts[0][at]) if at in sharded else one for at, one in enumerate(record.parameters)
        ),
        modules=tuple(
            replace(one, counts=counts[1][at]) if sharded & set(one.parameters.tolist()) else one
            for at, one in enumerate(record.modules)
        ),
    )


class Squares:
    """Sums of squares of norms, `[rows, parameters]`, that ranks add to."""

    def __init__(self, index: NDArray[np.int64], norms: NDArray[np.float32]) -> None:
        """Begin with one rank.

        Args:
            index: `[rows]` steps, ascending.
            norms: `[rows, parameters]` norms, with the codes of `gradprobe.values.step`.
        """
        self._index = index
        self._sums = np.square(np.where(norms < 0, 0.0, norms), dtype=np.float64)
        self._flows = norms >= 0
        self._flows |= np.isnan(norms)
        self._due = norms != NOT_LOOKED_AT
        self._ranks = np.ones(len(index), np.int64)
        self._all = 1

    def add(self, index: NDArray[np.int64], norms: NDArray[np.float32]) -> None:
        """Add another rank's norms.

        Args:
            index: `[other rows]` its steps, ascending.
            norms: `[other rows, parameters]` its norms, likewise.
        """
        self._all += 1
        _, rows, others = np.intersect1d(self._index, index, assume_unique=True, return_indices=True)
        norms = norms[others] if len(others) < len(index) else norms
        there = ~(norms < 0)
        self._sums[rows] += np.square(np.where(there, norms, 0.0), dtype=np.float64)
        self._flows[rows] |= there
        self._due[rows] |= norms != NOT_LOOKED_AT
        self._ranks[rows] += 1

    def norms(self, weights: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the norms of the whole; not looked at in steps that some rank does not have."""
        whole = np.sqrt(self._sums * weights).astype(np.float32)
        whole[~self._flows] = np.where(self._due, NO_GRADIENT, NOT_LOOKED_AT)[~self._flows]
        whole[self._ranks < self._all] = NOT_LOOKED_AT
        return whole


def _is_thinned(rank: Rank) -> bool:
    with opened(rank.path) as connection:
        return connection.execute("SELECT 1 FROM steps WHERE span > 1 LIMIT 1").fetchone() is not None


def _add(
    connection: sqlite3.Connection,
    parameters: int,
    positions: NDArray[np.intp],
    squares: tuple[Squares, Squares, Squares],
) -> None:
    """Add what a record holds; its own rows are read once where none is thinned."""
    rows = connection.execute("SELECT id, norms, lowest, highest FROM steps ORDER BY id").fetchall()
    index = np.array([row[0] for row in rows], np.int64)
    newest = _table([row[1] for row in rows], parameters, positions)
    squares[0].add(index, newest)
    for at, one in ((2, squares[1]), (3, squares[2])):
        if one is not squares[0]:
            thinned = [row[1] if row[at] is None else row[at] for row in rows]
            one.add(index, newest if thinned == [row[1] for row in rows] else _table(thinned, parameters, positions))


def _table(blobs: Sequence[bytes], parameters: int, positions: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return `[rows, positions]` norms; a row that knows of fewer parameters is of a step before the rest were there."""
    widths = {len(blob) // 4 for blob in blobs}
    if len(widths) == 1:
        table = np.frombuffer(b"".join(blobs), np.float32).reshape(len(blobs), -1)
        table = table if table.shape[1] >= parameters else _wide(table, parameters)
        return table if len(positions) == table.shape[1] else table[:, positions]
    wide = [_wide(np.frombuffer(blob, np.float32)[None], parameters)[:, positions] for blob in blobs]
    return np.concatenate(wide) if wide else np.empty((0, len(positions)), np.float32)


def _wide(norms: NDArray[np.float32], parameters: int) -> NDArray[np.float32]:
    missing = parameters - norms.shape[1]
    if missing <= 0:
        return norms
    return np.concatenate([norms, np.full((len(norms), missing), NOT_LOOKED_AT, np.float32)], axis=1)


def _with(norms: NDArray[np.float32], positions: NDArray[np.intp], whole: NDArray[np.float32]) -> NDArray[np.float32]:
    changed = norms.copy()
    changed[:, positions] = whole
    return changed


def _together(one: GradientCounts, other: GradientCounts) -> GradientCounts:
    """Return how often the whole had a gradient: it flows where a part does, and is zero where all of them are."""
    none, zero = min(one.none, other.none), min(one.zero, other.zero)
    non_finite = max(one.non_finite, other.non_finite)
    flowing = max(one.looked_at, other.looked_at) - none - zero - non_finite
    return GradientCounts(max(flowing, 0), zero, none, non_finite, max(one.last_flowing, other.last_flowing))
