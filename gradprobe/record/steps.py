"""The recorded steps, one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gradprobe.values import Incident, Step

if TYPE_CHECKING:
    from gradprobe.record.record import Record


def each_step(record: Record) -> Iterator[Step]:
    """Yield the rows of a record as `Step` values, oldest first.

    An incident stands at the first step it was seen in; how often it recurred is in `Record.incidents`.
    """
    logged: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for metric in record.metrics.values():
        for index, value in zip(metric.steps.tolist(), metric.values.tolist(), strict=True):
            logged[index][metric.name] = value
    incidents: defaultdict[int, list[Incident]] = defaultdict(list)
    for seen in record.incidents:
        incidents[seen.first_step].append(seen.incident)
    columns = record.steps
    for row in range(len(columns)):
        index, pattern = int(columns.index[row]), int(columns.pattern[row])
        yield Step(
            index=index,
            span=int(columns.span[row]),
            time=float(columns.time[row]),
            seconds=float(columns.seconds[row]),
            norms=columns.norms[row],
            lowest=columns.lowest[row],
            highest=columns.highest[row],
            learning_rates=columns.learning_rates[row],
            metrics=logged[index],
            calls=tuple(record.calls[position].call for position in record.patterns[pattern]) if pattern >= 0 else (),
            incidents=tuple(incidents[index]),
        )
