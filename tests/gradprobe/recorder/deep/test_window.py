"""A step that does not end is not looked at for ever: processes that only infer, and evaluations before training."""

from __future__ import annotations

import gc

import pytest
import torch
from torch import nn
from torch.overrides import _get_current_function_mode_stack

from gradprobe import _active
from gradprobe.recorder.deep import tracer as tracer_module
from gradprobe.recorder.deep import window as window_module
from gradprobe.recorder.deep.importlib_bootstrap_mode import DeepMode
from gradprobe.recorder.deep.node import Node
from gradprobe.recorder.deep.window import LEAST, MOST_OF_CHILD, MOST_WITHOUT_BACKWARD, WITH_BACKWARD, Window
from gradprobe.recording import Recording
from tests.support.watched import cuts_of, reaches_of, watched


def _train(model, steps):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        loss = model[1](model[0](torch.ones(3, 4)).detach()).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _nodes():
    return sum(type(one) is Node for one in gc.get_objects())


def test_a_process_that_infers_is_let_go_and_its_first_steps_are_followed_once_it_trains(tmp_path, monkeypatch):
    monkeypatch.setattr(window_module, "MOST_WITHOUT_BACKWARD", (1500, 60.0))
    counts, stood, looks = [], [], []

    def program():
        model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
        state = torch.zeros(4)
        gc.collect()
        counts.append(_nodes())
        for _ in range(600):
            with torch.no_grad():
                state = torch.tanh(model[0](state) + 1)
        counts.append(_nodes())
        stood.append(any(isinstance(one, DeepMode) for one in _get_current_function_mode_stack()))
        looks.append(_active.recorder.deep.is_looking)
        _train(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1)), 4)

    record = watched(program, tmp_path / "run")
    assert counts[1] - counts[0] < 100
    assert (stood, looks) == ([False], [False])
    (first, *_) = record.deep
    assert first == (1, 3)
    # What was built while nothing was looked at is known by its names, and the missing gradient by its line.
    assert [cut.operation for cut in cuts_of(record)] == ["detach"]
    (reach,) = reaches_of(record)
    assert {record.parameters[position].name for position in reach.reached} == {"model.1.weight", "model.1.bias"}


def test_what_comes_before_the_first_step_is_followed_where_training_begins_soon(tmp_path):
    record = watched(lambda: _train(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1)), 3), tmp_path / "run")
    assert record.deep == ((0, 2),)


def test_a_child_is_followed_for_less_until_it_trains():
    own, child = Window(0.02, None), Window(0.02, None, is_child=True)
    operations = MOST_OF_CHILD[0] + 1
    assert child.is_enough(0.0, operations, has_backward=False)
    assert not own.is_enough(0.0, operations, has_backward=False)
    child.backward()
    most, seconds = MOST_WITHOUT_BACKWARD
    for window in (own, child):
        assert not window.is_enough(0.0, most // 2, has_backward=False)
        assert window.is_enough(0.0, most + 1, has_backward=False)
        assert window.is_enough(seconds + 1, 0, has_backward=False)
        assert not window.is_enough(0.0, most + 1, has_backward=True)
        assert window.is_enough(0.0, most * WITH_BACKWARD + 1, has_backward=True)
    assert not Window(0.02, range(9)).is_enough(1e9, 10**9, has_backward=False)  # The user's own choice.


def test_long_rollouts_before_each_step_do_not_keep_every_step_from_being_followed():
    window = Window(0.02, None)
    most, _ = MOST_WITHOUT_BACKWARD
    followed = []
    for step in range(1, 4):
        enough = window.is_enough(0.0, 2 * most, has_backward=False)
        followed.append(not enough)
        if enough:
            window.shut(0.0, most)
            assert not window.is_open
        window.step_ended(step, 0.0, 0, 0.0)
        assert window.is_open
    assert followed == [False, True, True]


def test_what_another_step_carried_in_is_forgotten_after_many_operations(tmp_path, monkeypatch):
    monkeypatch.setattr(tracer_module, "KEPT_OPERATIONS", 300)
    recording = Recording("test", [], output=tmp_path / "run", deep=range(1000))
    _train(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1)), 1)
    carried = torch.ones(2) * 2
    _train(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1)), 1)
    assert _active.recorder is not None
    node = _active.recorder.deep.tracer.node_of(carried)
    assert node is not None
    assert node.parents
    for _ in range(1200):
        carried + 1
    recording.finish(exit_code=0, exception=None, stopped_by="script")
    assert not node.parents


@pytest.mark.parametrize("optimizers", [1, 3])
@pytest.mark.parametrize(
    ("plain", "deep", "share"),
    [
        (0.0, 0.1, 0.02),  # What the other steps do not take is left for deep ones …
        (0.01, 0.1, 0.01),  # … and with what they take, it is what was asked for …
        (0.01, 3.0, 0.01),
        (0.5, 0.1, LEAST * 0.02),  # … but for the least.
    ],
)
def test_all_that_recording_takes_is_kept_within_the_overhead(monkeypatch, plain, deep, share, optimizers):
    """By a clock that recording moves on, beside a program whose steps take a second."""
    now = [0.0]
    monkeypatch.setattr(window_module.time, "perf_counter", lambda: now[0])
    window = Window(0.02, None)
    followed = 0.0
    for steps in range(1, 30_001):
        now[0] += 1.0
        for _ in range(optimizers):
            looking = deep / 2 / optimizers if window.is_open else 0.0
            now[0] += plain / optimizers + 2 * looking
            followed += 2 * looking
            window.step_ended(steps, looking, 0, plain / optimizers + looking)
    assert followed / now[0] == pytest.approx(share, rel=0.05)
    assert window.deep_steps > 40
