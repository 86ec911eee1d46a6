"""What trackers draw of a run: series of points, as many as a team's tracker bears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.text.figures import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradprobe.values import ModuleHealth, Report, Series, Track

MOST_MODULES: Final = 1_000
"""Modules whose norms are sent: those of findings, and then the topmost ones."""


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity of a run.

    Attributes:
        name: What a tracker calls it: `gradprobe/norm/model.head`.
        steps: The training steps, rising.
        values: What it was there; NaN where it was not finite.
    """

    name: str
    steps: tuple[int, ...]
    values: tuple[float, ...]


def lines(report: Report) -> tuple[Line, ...]:
    """Return the series of a report that have a point: norms of modules, metrics, learning rates and update ratios.

    They are those that the page draws, of at most 500 points each; a point is the newest value of its bucket, at the bucket's
    last step.
    """
    series = report.series
    return () if series is None else tuple(line for line in _lines(report, series) if line.steps)


def thinned(report: Report) -> str:
    """Say what of the run is not in its series; empty where all is."""
    said = []
    if report.series is not None and len(report.series.last) < report.run.steps:
        said.append(f"{plural(report.run.steps, 'step')} in {plural(len(report.series.last), 'point')}")
    if len(report.modules) > MOST_MODULES:
        said.append(f"norms of {MOST_MODULES} of {len(report.modules)} modules")
    return ", ".join(said)


def rows(report: Report) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield each step that has a point, with its points by name."""
    at: dict[int, dict[str, float]] = {}
    for line in lines(report):
        for step, value in zip(line.steps, line.values, strict=True):
            at.setdefault(step, {})[line.name] = value
    yield from sorted(at.items())


def _lines(report: Report, series: Series) -> Iterator[Line]:
    sent = _chosen(report)
    norms = [track for module, track in zip(report.modules, series.norms, strict=True) if module.name in sent]
    kinds: tuple[tuple[str, Iterable[Track]], ...] = (
        ("norm", norms),
        ("metric", series.metrics),
        ("learning_rate", series.learning_rates),
        ("update_ratio", series.update_ratios),
    )
    for kind, tracks in kinds:
        for track in tracks:
            yield _line(f"gradprobe/{kind}/{track.name}", track, series)


def _line(name: str, track: Track, series: Series) -> Line:
    there = ~np.isnan(track.values) | track.non_finite
    values = np.where(track.non_finite, np.nan, track.values)[there]
    return Line(name, tuple(series.last[there].tolist()), tuple(values.tolist()))


def _chosen(report: Report) -> set[str]:
    accused = {name for finding in report.findings for name in finding.modules}

    def key(module: ModuleHealth) -> tuple[bool, int]:
        return module.name not in accused, module.depth

    return {module.name for module in sorted(report.modules, key=key)[:MOST_MODULES]}
