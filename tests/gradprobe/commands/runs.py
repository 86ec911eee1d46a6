"""Run directories to compare, written by the record's own writer."""

from __future__ import annotations

import numpy as np

from gradprobe.record.directory import record_path
from gradprobe.record.rows import Batch, ModuleRow, OptimizerRow, ParameterRow, StepRow
from gradprobe.record.writer import new_record
from gradprobe.values import Site
from gradprobe.values.step import NO_GRADIENT

ROOTS = ("encoder", "head")


def write_two(directory, *, cut=False, steps=40, script="train.py", policy=None):
    """Write a run of an encoder and a head that ended well; in one that is `cut`, the encoder has no gradient."""
    directory.mkdir(exist_ok=True)
    facts = {"script": script, "argv": [], "python": "3.11", "started": "2026-11-22T20:00:00Z", "torch": "2.13.0"}
    facts |= {"started_time": 1e9, "rank": 0, "pid": 1, "cwd": "/", "exit_code": 0, "stopped_by": "script"}
    facts |= {"policy": policy} if policy else {}
    writer = new_record(record_path(directory), facts)
    built = Site(str(directory.parent / "train.py"), 1, "<module>", "optimizer = AdamW(model.parameters())")
    writer.put_optimizer(0, OptimizerRow("AdamW", built, {"lr": 1e-3}), [0])
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
            norms=np.array([NO_GRADIENT if cut else 0.1, 0.5], np.float32),
            learning_rates=np.array([1e-3]),
            metrics={0: 2.0 - step / 40},
            calls=(),
            stepped=(0,),
        )
        for step in range(steps)
    ]
    writer.write(Batch(steps=rows))
    writer.finish()
    return directory
