"""What is compared of a run, cut to the steps that all runs have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gradprobe.compare.shorten import shorten
from gradprobe.engine.health import module_health
from gradprobe.engine.norms import module_norms
from gradprobe.engine.trend import find_trend

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradprobe.compare.source import Source
    from gradprobe.record.record import Module, Parameter, Record, Steps
    from gradprobe.values import ModuleHealth, Trend

_LINE: Final = re.compile(r":\d+\)$")
_WORDS: Final = re.compile(r"[^a-z]+")


@dataclass(frozen=True, slots=True)
class ModuleView:
    """A module.

    Attributes:
        health: Its row of the health table.
        due: Steps in which a gradient of it was due.
        owned: Whether an optimizer owns any of its parameters; taken for granted where only a report is there.
        norms: `[rows]` its norms in the rows of `View.steps`, with codes where there is none; None where only a report is there.
    """

    health: ModuleHealth
    due: int
    owned: bool
    norms: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class MetricView:
    """A loss or metric.

    Attributes:
        name: Its name.
        is_loss: Whether it is a loss, of which less is better.
        trend: Which way it goes.
        first: First value.
        last: Last value.
        steps: `[n]` steps of its values; None where only a report is there.
        values: `[n]` its values, likewise.
    """

    name: str
    is_loss: bool
    trend: Trend
    first: float
    last: float
    steps: NDArray[np.int64] | None = None
    values: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class View:
    """A run, as far as it is compared.

    Attributes:
        source: The whole run.
        modules: Its modules that hold parameters, by name, in the order of the model.
        metrics: Its losses and metrics, by a key that stays when lines of the script move.
        parameters: Its parameters by name; None where only a report is there.
        steps: Its steps in columns, likewise.
    """

    source: Source
    modules: Mapping[str, ModuleView]
    metrics: Mapping[str, MetricView]
    parameters: Mapping[str, Parameter] | None
    steps: Steps | None


def view(source: Source, steps: int) -> View:
    """Return what is compared of a run.

    Args:
        source: The run.
        steps: Steps that all runs have; a report's numbers are those of its whole run all the same.
    """
    report = source.report
    if source.record is None:
        modules = {one.name: ModuleView(one, _due(one), True, None) for one in report.modules if one.parameters}
        metrics = [
            MetricView(one.name, _sounds_like_loss(one.name), one.trend, one.first, one.last) for one in report.metrics
        ]
        return View(source, modules, _keyed(metrics), None, None)
    record = shorten(source.record, steps)
    norms = module_norms(record)
    rows = zip(module_health(record, norms), record.modules, norms.norms, strict=True)
    return View(
        source=source,
        modules={
            health.name: ModuleView(health, module.counts.looked_at, _owned(record, module), row)
            for health, module, row in rows
            if health.parameters
        },
        metrics=_keyed(_metrics(record, [one.name for one in report.metrics])),
        parameters={one.name: one for one in record.parameters},
        steps=record.steps,
    )


def _due(module: ModuleHealth) -> int:
    return module.steps_with_gradient + module.steps_with_zero_gradient + module.steps_without_gradient


def _owned(record: Record, module: Module) -> bool:
    return any(record.parameters[int(position)].optimizer is not None for position in module.parameters)


def _metrics(record: Record, shown: list[str]) -> list[MetricView]:
    views = []
    for name in shown:
        metric = record.metrics[name]
        if len(metric.values):
            is_loss = metric.source == "loss" or f"{name} at backward" in record.metrics or _sounds_like_loss(name)
            trend = find_trend(metric.steps, metric.values).trend
            first, last = float(metric.values[0]), float(metric.values[-1])
            views.append(MetricView(name, is_loss, trend, first, last, metric.steps, metric.values))
    return views


def _sounds_like_loss(name: str) -> bool:
    return "loss" in _WORDS.split(name.lower())


def _keyed(metrics: list[MetricView]) -> dict[str, MetricView]:
    """Return metrics by name without a line number: `loss (train.py:84)` is the loss of line 85 after an edit above it.

    Where two losses differ in nothing but the line, they are told apart by their order.
    """
    seen = Counter[str]()
    keyed = {}
    for metric in metrics:
        key = _LINE.sub(")", metric.name)
        seen[key] += 1
        keyed[key if seen[key] == 1 else f"{key} #{seen[key]}"] = metric
    return keyed
