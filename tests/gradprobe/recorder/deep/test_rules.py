"""The rules of the recorder, with deep steps on: nothing is compiled again, and a fault of ours harms nobody."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import gradprobe
from gradprobe.recorder.deep import tracer as tracer_module
from gradprobe.recorder.deep.deep import Deep
from gradprobe.recording import Recording
from tests.support.training import Classifier, batches


def train(model, steps, call=None):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for inputs, classes in batches(steps):
        loss = nn.functional.cross_entropy((model if call is None else call)(inputs), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_nothing_is_compiled_again_when_deep_steps_begin_and_end(tmp_path, backend):
    def compilations(recorded):
        torch._dynamo.reset()
        torch._dynamo.utils.counters.clear()
        torch.manual_seed(0)
        model = Classifier()
        compiled = torch.compile(model, backend=backend)
        if recorded:
            recording = Recording("test", [], output=tmp_path / "run", deep=(0, 1, 4, 7))
        losses = train(model, 10, compiled)
        if recorded:
            recording.finish(exit_code=0, exception=None, stopped_by="script")
        counters = torch._dynamo.utils.counters
        return losses, counters["stats"]["unique_graphs"], dict(counters["graph_break"])

    bare = compilations(recorded=False)
    recorded = compilations(recorded=True)
    torch._dynamo.reset()
    assert recorded == bare
    assert bare[1] == 1
    assert gradprobe.open(tmp_path / "run").facts.deep_steps == 4


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (tracer_module.Tracer, "_after_operation"),
        (tracer_module.Tracer, "made"),
        (Deep, "backward_begins"),
        (Deep, "step_ended"),
    ],
)
def test_fault_in_a_deep_step_ends_the_recording_and_not_the_training(tmp_path, monkeypatch, capfd, owner, name):
    torch.manual_seed(0)
    bare = train(Classifier(), 6)

    def raises(*_: object, **__: object) -> None:
        raise LookupError("a fault of ours")

    monkeypatch.setattr(owner, name, raises)
    torch.manual_seed(0)
    with gradprobe.watch(tmp_path / "run") as watch:
        losses = train(Classifier(), 6)
    assert losses == bare
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert "training goes on: LookupError: a fault of ours" in error
    assert "RecorderFailed" in watch.run().events.event.tolist()
    assert not torch.overrides._get_current_function_mode_stack()
