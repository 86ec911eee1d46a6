"""Records written by hand with the writer, and what they must say, worked out in plain Python."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from gradprobe.record.rows import Batch, ModuleRow, OptimizerRow, ParameterRow, StepRow
from gradprobe.record.writer import RecordWriter, new_record
from gradprobe.values import Site

FACTS = {
    "script": "train.py",
    "argv": ["--epochs", "3"],
    "python": "3.11.7",
    "started": "2026-11-22T20:00:00Z",
    "started_time": 1.0e9,
}
"""What every recording knows when it begins."""

SITE = Site("/home/user/train.py", 12, "main", "optimizer.step()")


def parameter(name: str, *, group: int | None = 0, shape: tuple[int, ...] = (3, 2)) -> ParameterRow:
    return ParameterRow(name, name.rpartition(".")[0], shape, "float32", "cpu", True, group, group, 1)


def writer(path: Path, parameters: int = 2, metrics: Sequence[str] = ("loss",), kind: str = "SGD") -> RecordWriter:
    """Begin a record with parameters `model.p0`, … of one module `model`, one optimizer and metrics."""
    record = new_record(path, FACTS)
    record.put_parameters({position: parameter(f"model.p{position}") for position in range(parameters)})
    record.put_modules([ModuleRow("model", "Linear", 0, tuple(range(parameters)))] if parameters else [])
    record.put_optimizer(0, OptimizerRow(kind, SITE, {"lr": 0.5}), [0])
    for position, name in enumerate(metrics):
        record.put_metric(position, name, "loss")
    return record


def step(
    index: int,
    norms: Sequence[float] = (1.0, 2.0),
    metrics: Mapping[int, float] | None = None,
    *,
    rates: Sequence[float] = (0.5,),
    calls: tuple[int, ...] = (),
    stepped: tuple[int, ...] = (0,),
    kept: bool = False,
) -> StepRow:
    """A step that ended `index` + 1 seconds after the start and took one second."""
    return StepRow(
        index=index,
        time=1.0e9 + index + 1,
        seconds=1.0,
        norms=np.array(norms, np.float32),
        learning_rates=np.array(rates, np.float64),
        metrics={0: 10.0 - index} if metrics is None else metrics,
        calls=calls,
        stepped=stepped,
        kept=kept,
    )


def steps(count: int, start: int = 0) -> Batch:
    return Batch(steps=[step(index) for index in range(start, start + count)])


def batches(rows: Sequence[StepRow], seed: int) -> Iterator[Batch]:
    """The rows in batches of random length, 0 to 9 (a flush need not hold a step)."""
    lengths = random.Random(seed)
    start = 0
    while start < len(rows):
        length = lengths.randrange(10)
        yield Batch(steps=list(rows[start : start + length]))
        start += length


def counted(column: Sequence[float]) -> dict[str, int]:
    """Count the norms of one parameter as the record's totals must, one step at a time."""
    counts = {"flowing": 0, "zero": 0, "none": 0, "non_finite": 0, "last_flowing": -1}
    for index, norm in enumerate(column):
        if norm == -2:
            continue
        if norm == -1:
            counts["none"] += 1
        elif norm == 0:
            counts["zero"] += 1
        elif math.isfinite(norm):
            counts["flowing"] += 1
        else:
            counts["non_finite"] += 1
        if norm > 0 or math.isnan(norm):
            counts["last_flowing"] = index
    return counts


def smallest(norms: Sequence[float]) -> float:
    """The smallest norm; NaN gives way to a number, and a code to a norm (-2 to -1)."""
    real = [norm for norm in norms if not norm < 0]
    return min((norm for norm in real if not math.isnan(norm)), default=math.nan) if real else max(norms)


def largest(norms: Sequence[float]) -> float:
    """The largest norm, NaN above all; a code where there is no norm (-1 above -2)."""
    return math.nan if any(math.isnan(norm) for norm in norms) else max(norms)


def newest(norms: Sequence[float]) -> float:
    """The newest norm that was looked at; -2 where none was."""
    return next((norm for norm in reversed(norms) if norm != -2), -2.0)
