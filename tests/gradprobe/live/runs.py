"""A run directory with a small record, written by the record's own writer."""

from __future__ import annotations

import numpy as np

from gradprobe.record.directory import record_path
from gradprobe.record.rows import Batch, ModuleRow, OptimizerRow, ParameterRow, StepRow
from gradprobe.record.writer import new_record
from gradprobe.values.step import NO_GRADIENT

ROOTS = ("qwen", "agent")


def write_run(directory, steps=5, facts=()):
    """Write a record of a run in which qwen never had a gradient and agent's norm is 0.5."""
    directory.mkdir(exist_ok=True, parents=True)
    others = dict(facts)
    facts = {"script": "train.py", "argv": [], "python": "3.11", "started": "2026-11-22T20:00:00Z"}
    facts |= {"started_time": 1e9, "rank": 0, "pid": 1, "cwd": "/", **others}
    writer = new_record(record_path(directory), facts)
    writer.put_optimizer(0, OptimizerRow("AdamW", None, {"lr": 1e-3}), [0])
    writer.put_parameters(
        {
            position: ParameterRow(f"{root}.weight", root, (4, 4), "float32", "cpu", True, 0, 0, 1)
            for position, root in enumerate(ROOTS)
        }
    )
    writer.put_modules([ModuleRow(root, "Linear", 0, (position,)) for position, root in enumerate(ROOTS)])
    writer.put_metric(0, "loss", "loss")
    rows = [
        StepRow(
            index=step,
            time=1e9 + step,
            seconds=1.0,
            norms=np.array([NO_GRADIENT, 0.5], np.float32),
            learning_rates=np.array([1e-3]),
            metrics={0: 2.0 - step / 10},
            calls=(),
            stepped=(0,),
        )
        for step in range(steps)
    ]
    writer.write(Batch(steps=rows))
    writer.finish()
    return directory
