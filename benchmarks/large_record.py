"""A record as a long run of a large model leaves it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from gradprobe.record.create import Fact
from gradprobe.record.directory import record_path
from gradprobe.record.rows import Batch, ModuleRow, OptimizerRow, ParameterRow, StepRow
from gradprobe.record.writer import RecordWriter, new_record
from gradprobe.values import Backward, OptimizerStep, Site, ZeroGrad

STEPS: Final = 100_000
BLOCKS: Final = 49
LAYERS: Final = 450
"""With a root and 49 blocks: 500 modules. Each layer has a weight and a bias."""
FLUSH: Final = 100
"""Steps written in one transaction."""
SITE: Final = Site("/train.py", 10)


def write_large_record(
    run: Path,
    *,
    steps: int = STEPS,
    blocks: int = BLOCKS,
    layers: int = LAYERS,
    more: Callable[[RecordWriter], None] = lambda writer: None,
    **job: Fact,
) -> None:
    """Write a record into a new run directory.

    Args:
        run: The directory.
        steps: Training steps.
        blocks: Modules below the root.
        layers: Modules below the blocks, each with two parameters.
        more: Writes what else is to be in it.
        job: Further facts.
    """
    run.mkdir()
    begun = time.time()
    facts = {"script": "train.py", "argv": [], "python": "3.11.7", "torch": "2.13.0", "started": "2026-01-01T00:00:00Z"}
    writer = new_record(record_path(run), facts | {"started_time": begun, **job})
    writer.put_parameters({position: parameter(position, blocks) for position in range(2 * layers)})
    writer.put_modules(modules(blocks, layers))
    writer.put_optimizer(0, OptimizerRow("AdamW", SITE, {"lr": 1e-4}), groups=[0])
    writer.put_metric(0, "loss", "loss")
    calls = [
        writer.call_position(call)
        for call in (ZeroGrad(SITE, "optimizer 0"), Backward(SITE, "loss"), OptimizerStep(SITE, 0))
    ]
    pattern = tuple(position for position in calls if position is not None)
    random = np.random.default_rng(0)
    for first in range(0, steps, FLUSH):
        norms = np.exp(random.normal(-8, 1, (FLUSH, 2 * layers))).astype(np.float32)
        losses = 4 * np.exp(-first / steps) + random.normal(0, 0.1, FLUSH)
        rows = [
            StepRow(
                index=first + offset,
                time=begun + 0.1 * (first + offset),
                seconds=0.1,
                norms=norms[offset],
                learning_rates=np.array([1e-4]),
                metrics={0: float(losses[offset])},
                calls=pattern,
                stepped=(0,),
            )
            for offset in range(FLUSH)
        ]
        writer.write(Batch(rows))
    more(writer)
    writer.set_facts({"exit_code": 0, "seconds": 0.1 * steps, "stopped_by": "script"})
    writer.write(Batch())
    writer.close()


def layer(number: int, blocks: int) -> str:
    """Return the name of a layer, below its block."""
    return f"model.blocks.{number % blocks}.layer_{number // blocks}"


def parameter(position: int, blocks: int) -> ParameterRow:
    """Return the weight or the bias of a layer."""
    name = layer(position // 2, blocks)
    kind, shape = ("bias", (512,)) if position % 2 else ("weight", (512, 512))
    return ParameterRow(f"{name}.{kind}", name, shape, "float32", "cuda:0", True, optimizer=0, group=0, objects=1)


def modules(blocks: int, layers: int) -> list[ModuleRow]:
    """Return the root, its blocks and their layers, parents before children."""
    rows = [ModuleRow("model", "Model", 0, tuple(range(2 * layers)))]
    for block in range(blocks):
        own = range(block, layers, blocks)
        positions = tuple(position for number in own for position in (2 * number, 2 * number + 1))
        rows.append(ModuleRow(f"model.blocks.{block}", "Block", 1, positions))
        rows += [ModuleRow(layer(number, blocks), "Linear", 2, (2 * number, 2 * number + 1)) for number in own]
    return rows
