"""A record written by hand, so that a check or a flag can be tested on three lines.

    record(modules={"qwen": ["weight", "bias"]}, norms={"qwen.weight": [0.0] * 100}, metrics={"loss": losses})

Counts are worked out from the norms, step by step, in plain Python: not with the code under test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gradprobe.record.record import (
    Account,
    CallSeen,
    GradientCounts,
    IncidentSeen,
    Metric,
    Module,
    ObservationSeen,
    Optimizer,
    Parameter,
    Record,
    Steps,
)
from gradprobe.values import Call, Incident, Observed, RunFacts, Site
from gradprobe.values.step import NO_GRADIENT, NOT_LOOKED_AT

SITE = Site("/home/user/train.py", 1, "<module>", "optimizer.step()")


def record(
    modules: Mapping[str, Sequence[str]] | None = None,
    norms: Mapping[str, Sequence[float] | float] | None = None,
    metrics: Mapping[str, Sequence[float]] | None = None,
    *,
    steps: int | None = None,
    logged: Mapping[str, Sequence[float]] | None = None,
    frozen: Sequence[str] = (),
    unowned: Sequence[str] = (),
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    types: Mapping[str, str] | None = None,
    span: Sequence[int] | None = None,
    lowest: Mapping[str, Sequence[float]] | None = None,
    highest: Mapping[str, Sequence[float]] | None = None,
    calls: Sequence[Call | CallSeen] = (),
    incidents: Sequence[Incident | IncidentSeen] = (),
    observations: Sequence[Observed | ObservationSeen] = (),
    accounts: Mapping[str, Account] | None = None,
    **facts: object,
) -> Record:
    """Build a record.

    Args:
        modules: Modules with the names of the parameters they hold themselves; parents are added where they are
            missing.
        norms: Gradient norms by parameter: one a row, or one number for all rows. `-1` is no gradient, `-2` not looked
            at. A parameter that is not named has norm 1 throughout; a frozen or unowned one is not looked at.
        metrics: Losses, one value a step from step 0.
        steps: Number of rows; by default the longest of norms and metrics.
        logged: Metrics of source `log`.
        frozen: Parameters, or modules, that do not require a gradient.
        unowned: Parameters, or modules, in no optimizer.
        shapes: Shapes by parameter; `(4,)` by default.
        types: Classes by module; `Linear` by default.
        span: Steps that each row stands for; 1 by default. Counts then take a row's norm for each of its steps.
        lowest: Lowest norms by parameter where rows are thinned; the norms by default.
        highest: Highest norms, likewise.
        calls: Calls, seen once a step in every step.
        incidents: Incidents, seen once in the newest step.
        observations: Observations, seen once a step in every step.
        accounts: Accounts by parameter.
        facts: Fields of `RunFacts` that differ from a healthy run's.
    """
    tree = _with_parents(modules or {})
    names = [f"{module}.{parameter}" for module, held in tree.items() for parameter in held]
    given = dict(norms or {})
    if unknown := set(given) - set(names):
        raise ValueError(f"norms of parameters that no module holds: {sorted(unknown)}")
    values = {**(metrics or {}), **(logged or {})}
    lengths = [len(row) for row in given.values() if not isinstance(row, (int, float))] + [
        len(row) for row in values.values()
    ]
    rows = steps if steps is not None else max(lengths, default=0)
    spans = np.array(span if span is not None else [1] * rows, np.int64)
    index = np.cumsum(spans) - 1
    still, alone = _below(names, frozen), _below(names, unowned)
    table = np.ones((rows, len(names)), np.float32)
    for column, name in enumerate(names):
        table[:, column] = given.get(name, NOT_LOOKED_AT if name in still | alone else 1.0)
    parameters = tuple(
        Parameter(
            name=name,
            module=name.rpartition(".")[0],
            shape=(shapes or {}).get(name, (4,)),
            dtype="float32",
            device="cpu",
            trainable=name not in still,
            optimizer=None if name in alone else 0,
            group=None if name in alone else 0,
            objects=1,
            counts=_counts(table[:, [column]], spans, index),
        )
        for column, name in enumerate(names)
    )
    total = int(spans.sum())
    return Record(
        path=Path("/runs/train/rank-0.sqlite"),
        facts=_facts(total, facts),
        parameters=parameters,
        modules=tuple(_module(name, names, types or {}, table, spans, index) for name in tree),
        optimizers=(Optimizer(0, "AdamW", SITE, total, {"lr": 1e-3}),) if total else (),
        groups=(0,) if total else (),
        steps=_steps(table, names, spans, index, lowest, highest),
        metrics={
            name: _metric(name, "log" if name in (logged or {}) else "loss", index, row) for name, row in values.items()
        },
        calls=tuple(
            call if isinstance(call, CallSeen) else CallSeen(call, 0, max(total - 1, 0), total) for call in calls
        ),
        patterns=(tuple(range(len(calls))),),
        incidents=tuple(
            one if isinstance(one, IncidentSeen) else IncidentSeen(one, max(total - 1, 0), max(total - 1, 0), 1)
            for one in incidents
        ),
        observations=tuple(
            one if isinstance(one, ObservationSeen) else ObservationSeen(one, 0, max(total - 1, 0), total)
            for one in observations
        ),
        accounts={names.index(name): account for name, account in (accounts or {}).items()},
    )


def _metric(name: str, source: str, index: np.ndarray, row: Sequence[float]) -> Metric:
    values = np.array(row, np.float64)
    return Metric(name, source, index[: len(row)], values, values, values)


def _with_parents(modules: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return the modules with their parents, parents before children."""
    tree: dict[str, Sequence[str]] = {}
    for name, held in modules.items():
        parts = name.split(".")
        for length in range(1, len(parts)):
            tree.setdefault(".".join(parts[:length]), ())
        tree[name] = held
    return tree


def _below(names: Sequence[str], chosen: Sequence[str]) -> set[str]:
    """Return the parameters that are named, or lie in a module that is."""
    return {name for name in names if any(name == one or name.startswith(f"{one}.") for one in chosen)}


def _module(
    name: str, names: list[str], types: Mapping[str, str], table: np.ndarray, spans: np.ndarray, index: np.ndarray
) -> Module:
    """Return a module with all parameters below it."""
    inside = [column for column, parameter in enumerate(names) if parameter.startswith(f"{name}.")]
    return Module(
        name=name,
        type=types.get(name, "Linear"),
        depth=name.count("."),
        parameters=np.array(inside, np.intp),
        counts=_counts(table[:, inside], spans, index),
    )


def _counts(table: np.ndarray, spans: np.ndarray, index: np.ndarray) -> GradientCounts:
    """Count rows as well off as their best parameter: non-finite, flowing, zero, none."""
    counts = {"flowing": 0, "zero": 0, "none": 0, "non_finite": 0}
    last = -1
    for row, span, step in zip(table.tolist(), spans.tolist(), index.tolist(), strict=True):
        if any(not math.isfinite(norm) for norm in row):
            counts["non_finite"] += span
        elif any(norm > 0 for norm in row):
            counts["flowing"] += span
            last = step
        elif 0.0 in row:
            counts["zero"] += span
        elif NO_GRADIENT in row:
            counts["none"] += span
    return GradientCounts(**counts, last_flowing=last)


def _steps(
    table: np.ndarray,
    names: list[str],
    spans: np.ndarray,
    index: np.ndarray,
    lowest: Mapping[str, Sequence[float]] | None,
    highest: Mapping[str, Sequence[float]] | None,
) -> Steps:
    """Return the columns of the steps."""

    def bound(changed: Mapping[str, Sequence[float]] | None) -> np.ndarray:
        if changed is None:
            return table
        columns = table.copy()
        for name, values in changed.items():
            columns[:, names.index(name)] = values
        return columns

    rows = len(index)
    return Steps(
        index=index,
        span=spans,
        time=1.0e9 + index.astype(np.float64),
        seconds=np.ones(rows),
        norms=table,
        lowest=bound(lowest),
        highest=bound(highest),
        learning_rates=np.full((rows, 1), 1e-3),
        pattern=np.zeros(rows, np.int64),
    )


def _facts(steps: int, changed: Mapping[str, object]) -> RunFacts:
    """Return the facts of a healthy run, with what differs."""
    facts: dict[str, object] = {
        "script": "train.py",
        "argv": (),
        "steps": steps,
        "deep_steps": min(steps, 3),
        "ranks": 1,
        "device": "cpu",
        "torch": "2.13.0",
        "python": "3.11",
        "started": "2026-11-22T20:00:00Z",
        "seconds": float(steps),
        "exit_code": 0,
        "exception": None,
        "stopped_by": "script",
        "path": "/runs/train",
        "policy": "",
        "is_gone": False,
        "rank": 0,
        "world": 1,
    }
    if unknown := set(changed) - set(facts):
        raise TypeError(f"RunFacts has no field {sorted(unknown)}")
    return RunFacts(**{**facts, **changed})  # type: ignore[arg-type]
