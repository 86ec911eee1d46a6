"""A record as it would be if the run had ended earlier, so that runs of different length meet on what they share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradprobe.record.record import GradientCounts, Metric, Steps
from gradprobe.record.totals import FLOWING, NON_FINITE, NONE, ZERO, states

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.record.record import Record


def shorten(record: Record, steps: int) -> Record:
    """Return the record of the first `steps` steps; the record itself where it has no more.

    Norms, metrics and counts are cut; whether a parameter is trainable, its optimizer, and what was observed are those
    of the whole run. A thinned row that reaches over the end is left out, and counts from thinned rows take a
    row's newest step for all of its steps.

    Args:
        record: The run.
        steps: Steps to keep.
    """
    if record.facts.steps <= steps:
        return record
    rows = int(np.searchsorted(record.steps.index, steps))
    kept = _first(record.steps, rows)
    seen = states(kept.norms)
    return replace(
        record,
        facts=replace(record.facts, steps=steps),
        steps=kept,
        parameters=tuple(
            replace(parameter, counts=_counts(seen[:, [position]], kept))
            for position, parameter in enumerate(record.parameters)
        ),
        modules=tuple(replace(module, counts=_counts(seen[:, module.parameters], kept)) for module in record.modules),
        metrics={name: _before(metric, steps) for name, metric in record.metrics.items()},
    )


def _first(steps: Steps, rows: int) -> Steps:
    """Return the first rows; bounds that are the norms themselves stay so."""
    norms = steps.norms[:rows]
    return Steps(
        index=steps.index[:rows],
        span=steps.span[:rows],
        time=steps.time[:rows],
        seconds=steps.seconds[:rows],
        norms=norms,
        lowest=norms if steps.lowest is steps.norms else steps.lowest[:rows],
        highest=norms if steps.highest is steps.norms else steps.highest[:rows],
        learning_rates=steps.learning_rates[:rows],
        pattern=steps.pattern[:rows],
    )


def _counts(seen: NDArray[np.uint8], steps: Steps) -> GradientCounts:
    """Count states `[rows, parameters]` of a module or parameter, which is as well off as its best parameter."""
    best = seen.max(axis=1, initial=0)
    totals = {state: int(steps.span[best == state].sum()) for state in (FLOWING, ZERO, NONE, NON_FINITE)}
    with_gradient = steps.index[best >= FLOWING]
    return GradientCounts(
        flowing=totals[FLOWING],
        zero=totals[ZERO],
        none=totals[NONE],
        non_finite=totals[NON_FINITE],
        last_flowing=int(with_gradient[-1]) if len(with_gradient) else -1,
    )


def _before(metric: Metric, steps: int) -> Metric:
    """Return the values before a step."""
    kept = int(np.searchsorted(metric.steps, steps))
    return replace(
        metric,
        steps=metric.steps[:kept],
        values=metric.values[:kept],
        lowest=metric.lowest[:kept],
        highest=metric.highest[:kept],
    )
