"""The metrics that a flag means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradprobe.engine.metrics import shown_metrics
from gradprobe.policy.match import means

if TYPE_CHECKING:
    from gradprobe.record.record import Metric, Record


def metrics_meant(pattern: str, source: str | None, record: Record) -> list[Metric]:
    """Return the losses and logged metrics that a pattern means.

    Args:
        pattern: See `gradprobe.policy.match`.
        source: Only metrics of this source; None for all.
        record: The run.
    """
    return [
        metric
        for metric in shown_metrics(record)
        if means(pattern, metric.name) and (source is None or metric.source == source)
    ]
