"""What the page's charts are drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.text.safe import safe
from gradprobe_reports.page.payload import packed, packed_bits
from gradprobe_reports.page.tree import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.values import Report, Track

MOST_NUMBERS: Final = 150_000
"""Modules times buckets that are drawn; with their bounds about 2.5 MB."""
MOST_METRICS: Final = 24
MOST_RATES: Final = 16
MOST_RANGES: Final = 400
_LONGEST_NAME: Final = 120
_DEEPEST: Final = 60

_MISSING, _NON_FINITE = 1, 2


def drawing(report: Report) -> dict[str, object] | None:
    """Return the numbers of the charts; None where there is nothing to draw."""
    series = report.series
    if series is None:
        return None
    buckets = max(len(series.last), 1)
    with_parameters = [position for position, module in enumerate(report.modules) if module.parameters]
    most = max(1, MOST_NUMBERS // buckets)
    kept = sorted(sorted(with_parameters, key=lambda position: (report.modules[position].depth, position))[:most])
    trends = {metric.name: metric.trend.value for metric in report.metrics}
    return {
        "first": series.first.tolist(),
        "last": series.last.tolist(),
        "deep": [list(one) for one in _ranges(series.deep)],
        "modules": [
            {
                "name": safe(report.modules[position].name, _LONGEST_NAME),
                "depth": min(report.modules[position].depth, _DEEPEST),
                "state": key_of(report.modules[position].state),
            }
            for position in kept
        ],
        "hidden": len(with_parameters) - len(kept),
        "norms": _tracks([series.norms[position] for position in kept]),
        "metrics": _named([track for track in series.metrics if track.name in trends][:MOST_METRICS], trends=trends),
        "rates": _named(series.learning_rates[:MOST_RATES]),
        "ratios": _named(series.update_ratios),
    }


def _named(tracks: Sequence[Track], trends: dict[str, str] | None = None) -> dict[str, object]:
    names = [safe(track.name, _LONGEST_NAME) for track in tracks]
    return {"names": names, "trends": [(trends or {}).get(track.name, "") for track in tracks], **_tracks(tracks)}


def _tracks(tracks: Sequence[Track]) -> dict[str, object]:
    """Return tracks as packed `[tracks, buckets]`; without bounds where those say nothing new."""
    if not tracks:
        return {"values": "", "lowest": None, "highest": None, "marks": ""}
    values, lowest, highest = (
        np.stack([getattr(track, name) for track in tracks]) for name in ("values", "lowest", "highest")
    )
    marks = np.stack([track.missing * _MISSING | track.non_finite * _NON_FINITE for track in tracks]).astype(np.uint8)
    is_thinned = not (
        np.array_equal(lowest, values, equal_nan=True) and np.array_equal(highest, values, equal_nan=True)
    )
    return {
        "values": packed(values),
        "lowest": packed(lowest) if is_thinned else None,
        "highest": packed(highest) if is_thinned else None,
        "marks": packed_bits(marks),
    }


def _ranges(deep: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """Return ranges of deep steps, evenly thinned where they are too many to be told apart."""
    if len(deep) <= MOST_RANGES:
        return deep
    return [deep[position] for position in np.linspace(0, len(deep) - 1, MOST_RANGES).astype(int)]
