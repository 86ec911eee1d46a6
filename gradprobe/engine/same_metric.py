"""One thing that was logged through several sources: a framework's log and the tracker that it writes to, two trackers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.record.record import Metric

_PART: Final = re.compile(r"[^0-9A-Za-z]+")
_ROUNDING: Final = 1e-6
"""Relative difference between a number and what is left of it in 32 bits, as some trackers keep it; rounded up."""


def without_repeats(metrics: Sequence[Metric], ranks: dict[str, int]) -> tuple[Metric, ...]:
    """Return the metrics without those that say again what another one says.

    They are the same where the names are (`train/loss` and `loss`, `eval_loss` and `eval/loss`), the sources differ, and one
    has every value of the other, in the same steps.

    Args:
        metrics: The metrics, in the order in which they were first logged.
        ranks: Whose metric is kept, by source, lowest first; sources that are not there have 1. Among those of one rank it is
            the one with more values, and then the first.
    """
    order = sorted(metrics, key=lambda one: (ranks.get(one.source, 1), -len(one.steps)))
    kept: list[Metric] = []
    tails: dict[str, list[Metric]] = {}
    for metric in order:
        alike = tails.setdefault(_parts(metric)[-1], [])
        if not any(_tells_all_of(other, metric) for other in alike):
            alike.append(metric)
            kept.append(metric)
    return tuple(metric for metric in metrics if any(metric is one for one in kept))


def _tells_all_of(one: Metric, other: Metric) -> bool:
    if one.source == other.source or not _are_related(_parts(one), _parts(other)):
        return False
    places = np.searchsorted(one.steps, other.steps)
    if not len(places) or places[-1] >= len(one.steps) or not np.array_equal(one.steps[places], other.steps):
        return False
    return bool(np.allclose(one.values[places], other.values, rtol=_ROUNDING, atol=0.0, equal_nan=True))


def _are_related(one: list[str], other: list[str]) -> bool:
    """Return whether one name is the end of the other."""
    length = min(len(one), len(other))
    return one[-length:] == other[-length:]


def _parts(metric: Metric) -> list[str]:
    """Return the parts of the name under which a metric was logged, without what the reader added to tell it from another."""
    logged = metric.name.removesuffix(" at backward").removesuffix(f" of {metric.source}")
    return [part.lower() for part in _PART.split(logged) if part] or [logged]
