"""Runs of several processes, written by the record's own writer, as recorders write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from gradprobe.record.directory import record_path
from gradprobe.record.rows import Batch, IncidentRow, ModuleRow, OptimizerRow, ParameterRow, StepRow
from gradprobe.record.writer import new_record
from gradprobe.values import Backward, Call, Incident, OptimizerStep, Site

Digested: TypeAlias = "tuple[Sequence[int], Sequence[int], Sequence[float]]"
Digests: TypeAlias = "Mapping[tuple[str, int], Digested]"
BUILT = Site("/home/user/train.py", 3, "<module>", "optimizer = AdamW(model.parameters())")
BACKWARD = Site("/home/user/train.py", 7, "<module>", "loss.backward()")
STEPPED = Site("/home/user/train.py", 8, "<module>", "optimizer.step()")


def write_rank(
    run: Path,
    rank: int = 0,
    *,
    world: int = 2,
    steps: int = 3,
    norms: Sequence[float] = (1.0, 2.0),
    names: Sequence[str] = ("model.0.weight", "model.0.bias"),
    digests: Digests | Sequence[tuple[tuple[str, int], Digested]] | None = None,
    calls: Sequence[Call] = (),
    path: Path | None = None,
    rate: float = 1e-3,
    incidents: Sequence[Incident] = (),
    **facts: object,
) -> Path:
    """Write the record of one rank.

    Args:
        run: The run directory.
        rank: Its number.
        world: Processes of the job.
        steps: Steps it took, all with the same norms and a loss that falls.
        norms: `[parameters]` norms.
        names: Names of the parameters.
        digests: Positions, bits and norms by what was digested and the step.
        calls: Further calls, in the last step.
        incidents: Incidents, in the last step.
        path: The file; the one that belongs to the rank by default.
        rate: Learning rate in all steps.
        facts: Facts that differ from those of a rank that ended well; None for one that is not there.
    """
    run.mkdir(exist_ok=True)
    told = {"script": "train.py", "argv": [], "python": "3.11", "started": "2026-11-22T20:00:00Z", "torch": "2.13.0"}
    told |= {"started_time": 1e9, "rank": rank, "world": world, "pid": 1 + rank, "host": "node-1"}
    told |= {"seconds": 10.0, "exit_code": 0, "stopped_by": "script"}
    told |= facts
    writer = new_record(
        path or record_path(run, rank), {key: value for key, value in told.items() if value is not None}
    )
    writer.put_optimizer(0, OptimizerRow("AdamW", BUILT, {"lr": 1e-3}), [0])
    rows = {at: ParameterRow(name, "model.0", (4,), "float32", "cpu", True, 0, 0, 1) for at, name in enumerate(names)}
    writer.put_parameters(rows)
    writer.put_modules([ModuleRow("model", "Net", 0, tuple(rows)), ModuleRow("model.0", "Linear", 1, tuple(rows))])
    writer.put_metric(0, "loss", "loss")
    happened = (Backward(BACKWARD, "loss"), OptimizerStep(STEPPED, 0), *calls) if steps else ()
    positions = [writer.call_position(one) for one in happened]
    writer.write(
        Batch(
            steps=[
                StepRow(
                    index=step,
                    time=1e9 + step,
                    seconds=1.0,
                    norms=np.array(norms, np.float32),
                    learning_rates=np.array([rate]),
                    metrics={0: 2.0 - step / 40 + rank},
                    calls=tuple(positions if step == steps - 1 else positions[:2]),
                    stepped=(0,),
                )
                for step in range(steps)
            ],
            incidents=[IncidentRow(steps - 1, one) for one in incidents],
        )
    )
    for (what, step), (where, bits, sizes) in digests.items() if isinstance(digests, Mapping) else digests or ():
        writer.put_digest(step, what, list(where), np.array(bits, np.int32), np.array(sizes, np.float64))
    writer.finish()
    return record_path(run, rank)
