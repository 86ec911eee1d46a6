"""What flags are judged from: a record with what was computed from it once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradprobe.engine.metrics import shown_metrics
from gradprobe.engine.norms import ModuleNorms, module_norms
from gradprobe.engine.trend import TrendTest, find_trend

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradprobe.record.record import Record


@dataclass(frozen=True, slots=True)
class Evidence:
    """A record, its modules' norms and its metrics' trends.

    Attributes:
        record: The run.
        norms: The gradient norms of its modules.
        trends: The trend test of each loss and logged metric, by name.
    """

    record: Record
    norms: ModuleNorms
    trends: Mapping[str, TrendTest]


def gather(record: Record) -> Evidence:
    """Return the evidence of a record."""
    trends = {metric.name: find_trend(metric.steps, metric.values) for metric in shown_metrics(record)}
    return Evidence(record, module_norms(record), trends)
