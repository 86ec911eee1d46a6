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
from gradprobe.recorder.deep.graph import live_bits, note_compiled
from gradprobe.recorder.deep.leaves import Leaves

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


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_compiled_step_that_raises_is_none_and_those_after_it_are_seen(tmp_path):
    calls = []

    def backend(graph, _inputs):
        def run(*args):
            calls.append(None)
            if len(calls) == 3:
                raise RuntimeError("out of memory")
            return graph.forward(*args)

        return run

    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    step = torch.compile(optimizer.step, backend=backend)
    raised = 0
    with gradprobe.watch(tmp_path / "run") as watch:
        for _ in range(6):
            optimizer.zero_grad()
            model(torch.ones(2, 3)).sum().backward()
            try:
                step()
            except RuntimeError:
                raised += 1
    torch._dynamo.reset()
    assert raised == 1
    assert [one.steps for one in watch.run().record.optimizers] == [5]


def test_only_nodes_of_compiled_functions_are_asked_what_is_noted_of_them():
    class Compiled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *inputs):
            return inputs[0] * 2

        @staticmethod
        def backward(ctx, gradient):
            return 2 * gradient, None

    leaves = Leaves()
    reached, passed = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    result = Compiled.apply(reached.exp(), passed.exp())
    note_compiled(result.grad_fn, 1 << leaves.of(reached).number, leaves)
    asked = []

    def node(name, following=(), variable=None):
        def metadata(self):
            asked.append(name)
            return {}

        members = {"next_functions": [(one, 0) for one in following], "variable": variable}
        return type(name, (), {**members, "metadata": property(metadata)})()

    leaf = node("AccumulateGrad", variable=passed)
    root = node("AddBackward0", [leaf, result.grad_fn])
    assert live_bits(root, leaves) == 1 << leaves.of(reached).number | 1 << leaves.of(passed).number
    assert live_bits(result.exp().grad_fn, leaves) == 1 << leaves.of(reached).number
    assert not asked
