"""Recordings that come and go in one process, join each other, and step aside."""

from __future__ import annotations

import gc

import pytest
import torch
from torch import nn

import gradprobe
from gradprobe import _active
from gradprobe.watching import alone


def train(steps=10**9, model=None):
    model = model or nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(8, 4)).square().mean().backward()
        optimizer.step()


def test_a_joined_block_ends_by_its_own_number_of_steps_and_the_other_goes_on(tmp_path):
    with gradprobe.watch(tmp_path / "run") as outer:
        train(2)
        with gradprobe.watch(tmp_path / "none", max_batches=3) as inner:
            train()
        train(4)
    assert inner.has_joined
    assert inner.steps == 3
    assert not outer.has_joined
    assert outer.steps == outer.run().facts.steps == 9
    assert outer.run().facts.stopped_by == "script"
    assert not (tmp_path / "none").exists()


def test_the_smaller_limit_of_the_other_ends_both(tmp_path):
    after = []
    with gradprobe.watch(tmp_path / "run", max_batches=4) as outer:
        with gradprobe.watch(max_batches=9):
            train()
        after.append("the inner block was left by the outer's limit")
    assert after == []
    assert outer.run().facts.steps == 4
    assert outer.run().facts.stopped_by == "max-batches"


def test_an_exception_leaves_the_limit_as_it_was(tmp_path):
    with gradprobe.watch(tmp_path / "run") as outer:
        with pytest.raises(LookupError), gradprobe.watch(max_batches=3):
            raise LookupError
        train(5)
    assert outer.steps == 5


def test_a_name_of_ones_own(tmp_path):
    with gradprobe.watch(tmp_path / "run", name="fold 3") as watch:
        train(1)
    assert watch.report().run.script == "fold 3"


def test_code_that_is_the_users_where_libraries_are_installed(tmp_path):
    place = tmp_path / "site-packages" / "net"
    place.mkdir(parents=True)
    source = "def loss_of(model, x):\n    return model(x).detach().requires_grad_().sum()\n"
    (place / "losses.py").write_text(source)
    namespace: dict = {}
    exec(compile(source, str(place / "losses.py"), "exec"), namespace)
    sites = {}
    for roots in ((), (place,)):
        model = nn.Linear(4, 1)
        with gradprobe.watch(tmp_path / f"run{len(roots)}", user_roots=roots) as watch:
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for _ in range(4):
                namespace["loss_of"](model, torch.randn(2, 4)).backward()
                optimizer.step()
        sites[roots] = {one.location.file for one in watch.report().findings if one.location}
    assert sites[()] == {__file__}
    assert str(place / "losses.py") in sites[(place,)]


class Background:
    def __init__(self):
        self.calls = []

    def pause(self):
        _active.background = None
        self.calls.append("pause")

    def resume(self):
        _active.background = self
        self.calls.append("resume")


@pytest.fixture
def background():
    standing = Background()
    _active.background = standing
    yield standing
    _active.background = None


def test_what_records_in_the_background_steps_aside(background, tmp_path):
    with gradprobe.watch(tmp_path / "run"):
        assert background.calls == ["pause"]
        with gradprobe.watch():
            train(1)
    assert background.calls == ["pause", "resume"]
    with pytest.raises(gradprobe.errors.RecordError), gradprobe.watch(tmp_path / "run"):
        pass
    assert background.calls == ["pause", "resume"] * 2


def test_alone(background, tmp_path):
    with gradprobe.watch(tmp_path / "run") as outer:
        recorder = _active.recorder
        train(2)
        with alone():
            assert _active.recorder is None
            train(3)
        assert _active.recorder is recorder
        train(4)
    assert outer.steps == 6
    with alone():
        assert background.calls == ["pause", "resume", "pause"]
    assert background.calls == ["pause", "resume"] * 2


def hooked():
    """Return what recordings put themselves into."""
    from torch.nn.modules import module
    from torch.optim import optimizer
    from torch.overrides import _get_current_function_mode_stack

    return (
        torch.autograd.backward,
        torch.autograd.grad,
        torch.optim.Optimizer.__init__,
        nn.Module.train,
        torch.nn.utils.clip_grad_norm_,
        len(optimizer._global_optimizer_pre_hooks),
        len(optimizer._global_optimizer_post_hooks),
        len(module._global_parameter_registration_hooks),
        len(_get_current_function_mode_stack()),
        torch.overrides._len_torch_function_stack() if hasattr(torch.overrides, "_len_torch_function_stack") else 0,
    )


def test_a_hundred_recordings_leave_nothing(tmp_path):
    def record(name):
        with gradprobe.watch(tmp_path / name):
            train(2)

    def objects():
        gc.collect()
        return len(gc.get_objects())

    before = hooked()
    for number in range(10):
        record(f"first{number}")
    standing = objects()
    for number in range(100):
        record(f"then{number}")
    # A single object that each recording left behind would make a hundred.
    assert objects() - standing < 100
    assert hooked() == before
