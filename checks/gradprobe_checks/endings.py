"""How a run ended: whether its losses or gradients are still finite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from gradprobe.record.record import Record

TAIL: Final = 3
"""Newest losses that must all be non-finite for a run to have ended so."""


def ends_non_finite(record: Record) -> bool:
    """Return whether a loss, or a gradient, is not finite in the newest steps."""
    losses = [one.values[-TAIL:] for one in record.metrics.values() if one.source == "loss" and len(one.values)]
    if any(not np.isfinite(values).any() for values in losses):
        return True
    norms = record.steps.norms[-TAIL:]
    return len(norms) > 0 and bool((~np.isfinite(norms)).any(axis=1).all())
