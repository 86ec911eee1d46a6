"""What deep steps remember does not grow with the number of steps."""

from __future__ import annotations

import copy
import gc

import torch
from torch import nn

from gradprobe import _active
from gradprobe.recorder.deep import leaves as leaves_module
from gradprobe.recorder.deep.leaves import Leaves
from gradprobe.recorder.deep.node import Node
from gradprobe.recorder.deep.tracer import KEPT_STEPS
from gradprobe.recording import Recording


def test_how_a_running_mean_was_made_is_forgotten_where_every_step_is_a_deep_one(tmp_path):
    recording = Recording("test", [], output=tmp_path / "run", deep=range(1000))
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    mean = torch.zeros(())
    counts = []
    gc.collect()  # What other tests have left behind goes now, or while this one runs.
    for _ in range(6 * KEPT_STEPS):
        loss = model(torch.randn(3, 4)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean = 0.9 * mean + 0.1 * loss.detach()
        counts.append(sum(type(one) is Node for one in gc.get_objects()))
    recording.finish(exit_code=0, exception=None, stopped_by="script")
    assert counts[-1] <= counts[3 * KEPT_STEPS]


def test_inputs_that_are_differentiated_in_every_step_are_no_leaves_of_their_own(tmp_path):
    recording = Recording("test", [], output=tmp_path / "run", deep=(0, 1, 2))
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(30):  # The gradient penalty of a WGAN.
        inputs = torch.randn(3, 4).requires_grad_()
        slope = torch.autograd.grad(model(inputs).sum(), inputs, create_graph=True)[0]
        optimizer.zero_grad()
        (slope.norm(dim=1) - 1).square().mean().backward()
        optimizer.step()
    assert _active.recorder is not None
    known = len(_active.recorder.deep.tracer.leaves)
    recording.finish(exit_code=0, exception=None, stopped_by="script")
    assert known == 2 + 3  # The parameters, and the inputs of the deep steps.


def test_copies_of_a_model_in_every_step_share_a_bit_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(leaves_module, "MOST_LATE", 10)
    recording = Recording("test", [], output=tmp_path / "run", deep=range(1000))
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(12):  # Reptile.
        fast = copy.deepcopy(model)
        inner = torch.optim.SGD(fast.parameters(), lr=0.1)
        fast(torch.randn(3, 4)).square().mean().backward()
        inner.step()
        optimizer.zero_grad()
        for parameter, other in zip(model.parameters(), fast.parameters(), strict=True):
            parameter.grad = parameter.detach() - other.detach()
        optimizer.step()
    recorder = _active.recorder
    assert recorder is not None
    known, pages = len(recorder.deep.tracer.leaves), len(recorder.deep.books.pages)
    recording.finish(exit_code=0, exception=None, stopped_by="script")
    assert recorder.deep.failure is None
    assert recorder.steps.completed == 12
    assert known == pages <= 2 + 2 * 4 + 10


def test_leaves_beyond_the_limit_share_a_bit_of_which_nothing_is_told(monkeypatch):
    monkeypatch.setattr(leaves_module, "MOST_LATE", 2)
    leaves = Leaves()
    tensors = [torch.zeros(1, requires_grad=True) for _ in range(5)]
    assert leaves.of(tensors[0]).number == 0
    leaves.settle()
    assert [leaves.of(one).number for one in tensors] == [0, 1, 2, 3, 3]
    assert [leaves.is_shared(number) for number in range(4)] == [False, False, False, True]
    assert leaves.at(3).reference() is None
    assert leaves.known(tensors[4]) is None
    assert [leaf.number for leaf, _ in leaves.alive()] == [0, 1, 2]
