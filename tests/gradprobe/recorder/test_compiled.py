"""`torch.compile` under the recorder: the same graphs, no graph break and no recompilation more, the same losses to the bit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import gradprobe
from gradprobe.record.reader import read_record

PROGRAM = Path(__file__).resolve().parents[2] / "programs" / "compiled.py"
STEPS = 7
WAYS = 4
"""The model through two backends, its parts, and the whole train step."""
DEEP = "0-1,4,8-10,14-16,20-21,25-27"
"""Deep steps come and go while what was compiled is in use."""


def _lines(words: list[str], folder: Path) -> list[dict]:
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "recording ended" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_nothing_is_compiled_differently(tmp_path):
    bare = _lines([str(PROGRAM)], tmp_path)
    run = ["-m", "gradprobe", "run", "--quiet", "--output", "run", "--deep", DEEP]
    recorded = _lines([*run, str(PROGRAM)], tmp_path)
    assert len(recorded) == len(bare) == WAYS
    for with_it, without in zip(recorded, bare, strict=True):
        assert with_it["losses"] == without["losses"], with_it["name"]
        # Frames may be fewer: `set_grad_enabled`, of which torch calls the constructor between two graphs, is one without us.
        assert with_it["counted"].pop("frames") <= without["counted"]["frames"], with_it["name"]
        assert with_it["counted"].items() <= without["counted"].items(), with_it["name"]

    record = read_record(tmp_path / "run" / "rank-0.sqlite")
    # Optimizers whose step is compiled step as all others do.
    assert {optimizer.type for optimizer in record.optimizers} == {"Adam"}
    assert sum(optimizer.steps for optimizer in record.optimizers) == WAYS * STEPS
    assert record.facts.deep_steps > 10


@pytest.mark.filterwarnings(
    "ignore:`torch.jit:DeprecationWarning"
)  # Of torch's own imports, when dynamo compiles a step.
def test_compiled_code_outlives_a_recording(tmp_path):
    model = torch.nn.Linear(3, 1)
    forward = torch.compile(model, backend="eager")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    step = torch.compile(optimizer.step, backend="eager")
    for name in ("one", "two"):
        with gradprobe.watch(tmp_path / name) as watch:
            for _ in range(3):
                optimizer.zero_grad()
                forward(torch.ones(2, 3)).sum().backward()
                step()
        record = watch.run().record
        assert [one.steps for one in record.optimizers] == [3]
        assert any(type(seen.observed).__name__ == "LossReach" for seen in record.observations)
    optimizer.zero_grad()
    forward(torch.ones(2, 3)).sum().backward()
    step()
    torch._dynamo.reset()
