"""The arrays of a step as bytes, and what happens to them when two rows become one.

A vector grows as parameters and metrics are met, so an older row may be shorter than a newer one: what it lacks was not
looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gradprobe.values.step import NOT_LOOKED_AT

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_MISSING_BITS: Final = np.int64(0x7FF8_0000_0000_6D69)
MISSING: Final = np.array([_MISSING_BITS]).view(np.float64)[0]
"""A metric that was not logged in a step: a NaN of its own, told from a NaN that was logged by its bits."""


def is_missing(values: Doubles) -> NDArray[np.bool_]:
    """Return where a metric was not logged."""
    missing: NDArray[np.bool_] = np.ascontiguousarray(values).view(np.int64) == _MISSING_BITS
    return missing


def stack_norms(blobs: Sequence[bytes], width: int) -> Floats:
    """Return the blobs as `[rows, width]` float32, padded with `NOT_LOOKED_AT`."""
    return _stack(blobs, width, np.dtype(np.float32), np.float32(NOT_LOOKED_AT))


def stack_metrics(blobs: Sequence[bytes], width: int) -> Doubles:
    """Return the blobs as `[rows, width]` float64, padded with `MISSING`."""
    return _stack(blobs, width, np.dtype(np.float64), MISSING)


def stack_rates(blobs: Sequence[bytes], width: int) -> Doubles:
    """Return the blobs as `[rows, width]` float64, padded with NaN."""
    return _stack(blobs, width, np.dtype(np.float64), np.float64(np.nan))


def later_norms(first: Floats, second: Floats) -> Floats:
    """Return the newer norms, or the older ones where the newer step did not look."""
    return np.where(second == NOT_LOOKED_AT, first, second)


def lower_norms(first: Floats, second: Floats) -> Floats:
    """Return the smaller norms; a code for "no norm" gives way to a norm, and NaN to a number."""
    coded = (first < 0) | (second < 0)
    return np.where(coded, np.maximum(first, second), np.fmin(first, second))


def higher_norms(first: Floats, second: Floats) -> Floats:
    """Return the larger norms; a norm that is not finite stays."""
    return np.maximum(first, second)


def later_metrics(first: Doubles, second: Doubles) -> Doubles:
    """Return the newer values, or the older ones where nothing newer was logged."""
    return np.where(is_missing(second), first, second)


def lower_metrics(first: Doubles, second: Doubles) -> Doubles:
    """Return the smaller values."""
    return np.where(is_missing(second), first, np.where(is_missing(first), second, np.fmin(first, second)))


def higher_metrics(first: Doubles, second: Doubles) -> Doubles:
    """Return the larger values; one that is NaN stays."""
    return np.where(is_missing(second), first, np.where(is_missing(first), second, np.maximum(first, second)))


def _stack(blobs: Sequence[bytes], width: int, dtype: np.dtype, fill: np.floating) -> NDArray:  # type: ignore[type-arg]
    size = width * dtype.itemsize
    if all(len(blob) == size for blob in blobs):
        return np.frombuffer(b"".join(blobs), dtype).reshape(len(blobs), width)
    rows = np.full((len(blobs), width), fill, dtype)
    for row, blob in zip(rows, blobs, strict=True):
        values = np.frombuffer(blob, dtype)[:width]
        row[: len(values)] = values
    return rows
