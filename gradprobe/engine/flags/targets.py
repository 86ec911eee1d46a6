"""The modules and metrics that a flag means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradprobe.engine.flags.outcome import judged, not_there
from gradprobe.engine.metrics import shown_metrics
from gradprobe.policy.match import means, topmost

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradprobe.engine.flags.outcome import Observed
    from gradprobe.policy.schema import PolicyFlag
    from gradprobe.record.record import Metric, Record
    from gradprobe.values import Flag


def judge_modules(
    flag: PolicyFlag, expected: str, pattern: str, record: Record, observe: Callable[[int], Observed]
) -> Flag:
    """Judge the topmost modules that a flag means.

    Args:
        flag: The policy's flag.
        expected: What it asks for, in words.
        pattern: See `gradprobe.policy.match`.
        record: The run.
        observe: Returns what was observed of a module, by its position in `Record.modules`.
    """
    positions = {module.name: position for position, module in enumerate(record.modules)}
    names = topmost(pattern, list(positions))
    if not names:
        return not_there(flag, expected, "module", pattern, topmost("*", list(positions)))
    return judged(flag, expected, [observe(positions[name]) for name in names])


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
