"""A record as pandas frames: every column, with values worked out by hand."""

from __future__ import annotations

import inspect
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import gradprobe
from gradprobe.errors import RecordError
from gradprobe.record.frames import ACCOUNT_COLUMNS, Run
from gradprobe.record.rows import Batch, IncidentRow, ModuleRow, OptimizerRow
from gradprobe.record.update import update_norms
from gradprobe.record.writer import new_record
from gradprobe.values import Backward, OptimizerStep, Site, Warned
from tests.gradprobe.record.written import FACTS, SITE, parameter, step

NAN = math.nan


def write(path: Path, *, settings: dict[str, object] | None = None, kind: str = "SGD") -> None:
    """Three steps of two modules, `net` (with `net.head`) and `frozen`, and a tensor that only a second optimizer owns."""
    record = new_record(path, FACTS)
    names = {"net.w": 0, "net.head.w": 0, "frozen.w": None, "extra": 1}
    record.put_parameters({i: parameter(name, group=group) for i, (name, group) in enumerate(names.items())})
    record.put_modules(
        [
            ModuleRow("net", "Net", 0, (0, 1)),
            ModuleRow("net.head", "Linear", 1, (1,)),
            ModuleRow("frozen", "Linear", 0, (2,)),
        ]
    )
    record.put_optimizer(0, OptimizerRow(kind, SITE, {"lr": 0.5, **(settings or {})}), [0])
    record.put_optimizer(1, OptimizerRow("SGD", None, {"lr": 0.25}), [1])
    record.put_metric(0, "loss", "loss")
    record.put_metric(1, "reward", "log")
    backward = record.call_position(Backward(Site("train.py", 8, "main", "loss.backward()"), "loss"))
    stepped = record.call_position(OptimizerStep(SITE, 0))
    record.write(
        Batch(
            steps=[
                step(0, [3.0, 4.0, -2.0, 2.0], {0: 9.0}, rates=[0.5, 0.25], calls=(backward, stepped), stepped=(0, 1)),
                step(1, [0.0, -1.0, -2.0, -2.0], {0: 8.0, 1: 1.0}, rates=[0.5, NAN], calls=(backward, stepped)),
                step(2, [6.0, 8.0, -2.0, -2.0], {0: NAN}, rates=[0.125, NAN], calls=(stepped,)),
            ],
            incidents=[IncidentRow(1, Warned(SITE, "UserWarning", "careful"))],
        )
    )
    record.finish()


@pytest.fixture
def run(tmp_path) -> Run:
    write(tmp_path / "rank-0.sqlite")
    return gradprobe.open(tmp_path)


def test_steps(run):
    expected = pd.DataFrame(
        {
            "span": [1, 1, 1],
            "time": pd.to_datetime([1_000_000_001, 1_000_000_002, 1_000_000_003], unit="s", utc=True),
            "seconds": [1.0, 1.0, 1.0],
            # √(3² + 4² + 2²) = √29; √0; √(6² + 8²) = 10
            "grad_norm": [math.sqrt(29), 0.0, 10.0],
            "learning_rate": [0.5, 0.5, 0.125],
            "without_gradient": [0, 1, 0],
            "zero": [0, 1, 0],
            "non_finite": [0, 0, 0],
        },
        index=pd.Index([0, 1, 2], name="step"),
    )
    pd.testing.assert_frame_equal(run.steps, expected)
    # 1,000,000,000 seconds after the epoch it was 2001-09-09 01:46:40 in UTC.
    assert run.steps.time[0].isoformat() == "2001-09-09T01:46:41+00:00"


def test_parameters(run):
    frame = run.parameters
    assert frame.index.tolist() == ["net.w", "net.head.w", "frozen.w", "extra"]
    assert frame.index.name == "name"
    columns = {
        "module": ["net", "net.head", "frozen", ""],
        "shape": [(3, 2)] * 4,
        "elements": [6] * 4,
        "dtype": ["float32"] * 4,
        "device": ["cpu"] * 4,
        "trainable": [True] * 4,
        "optimizer": [0, 0, NAN, 1],
        "objects": [1] * 4,
        "steps_flowing": [2, 2, 0, 1],
        "steps_zero": [1, 0, 0, 0],
        "steps_none": [0, 1, 0, 0],
        "steps_non_finite": [0] * 4,
        "last_step_flowing": [2, 2, -1, 0],
        "grad_norm": [6.0, 8.0, NAN, 2.0],
        # Learning rate × norm in the newest step that looked: 0.125 × 6, 0.125 × 8, and for `extra` in step 0: 0.25 × 2.
        "update_norm": [0.75, 1.0, NAN, 0.5],
    }
    pd.testing.assert_frame_equal(frame, pd.DataFrame(columns, index=frame.index))


def test_a_parameter_whose_newest_gradient_is_none_has_no_newest_norm(tmp_path):
    record = new_record(tmp_path / "rank-0.sqlite", FACTS)
    record.put_parameters({0: parameter("w"), 1: parameter("v")})
    record.put_optimizer(0, OptimizerRow("SGD", None, {}), [0])
    record.write(Batch(steps=[step(0, [1.0, 1.0], {}), step(1, [-1.0, NAN], {})]))
    record.finish()
    frame = gradprobe.open(tmp_path).parameters
    assert frame.grad_norm.isna().tolist() == [True, True]
    assert frame.steps_non_finite.tolist() == [0, 1]
    assert frame.update_norm.isna().tolist() == [True, True]


def test_modules(run):
    frame = run.modules
    assert frame.index.names == ["module", "step"]
    assert list(frame.columns) == ["grad_norm"]
    assert frame.index.tolist() == [(name, i) for i in range(3) for name in ("net", "net.head", "frozen")]
    found = frame.grad_norm.unstack("step")
    # net: √(3² + 4²) = 5; zero beside none is zero; √(6² + 8²) = 10. Its head alone had none in step 1.
    assert found.loc["net"].tolist() == [5.0, 0.0, 10.0]
    assert np.array_equal(found.loc["net.head"], [4.0, NAN, 8.0], equal_nan=True)
    assert found.loc["frozen"].isna().all()


def test_a_module_with_a_nan_has_a_nan(tmp_path):
    record = new_record(tmp_path / "rank-0.sqlite", FACTS)
    record.put_parameters({0: parameter("m.a"), 1: parameter("m.b")})
    record.put_modules([ModuleRow("m", "M", 0, (0, 1))])
    record.write(Batch(steps=[step(0, [NAN, 1.0], {}), step(1, [math.inf, -1.0], {}), step(2, [-1.0, NAN], {})]))
    record.finish()
    run = gradprobe.open(tmp_path)
    assert np.array_equal(run.modules.grad_norm, [NAN, math.inf, NAN], equal_nan=True)
    assert run.steps.non_finite.tolist() == [1, 1, 1]


def test_metrics(run):
    expected = pd.DataFrame(
        {
            "metric": ["loss", "loss", "loss", "reward"],
            "source": ["loss", "loss", "loss", "log"],
            "step": [0, 1, 2, 1],
            "value": [9.0, 8.0, NAN, 1.0],  # A NaN that was logged is a value.
        }
    )
    pd.testing.assert_frame_equal(run.metrics, expected)


def test_events(run):
    expected = pd.DataFrame(
        [
            (
                "Backward",
                "train.py",
                8,
                "main",
                "loss.backward()",
                "loss=loss, scaled=False, retain_graph=False",
                0,
                1,
                2,
            ),
            ("OptimizerStep", SITE.file, 12, "main", "optimizer.step()", "optimizer=0", 0, 2, 3),
            ("Warned", SITE.file, 12, "main", "optimizer.step()", "category=UserWarning, message=careful", 1, 1, 1),
        ],
        columns=["event", "file", "line", "function", "code", "details", "first_step", "last_step", "count"],
    )
    pd.testing.assert_frame_equal(run.events, expected)


def test_each_step(run):
    first, second, third = run.each_step()
    assert [one.index for one in (first, second, third)] == [0, 1, 2]
    assert (first.span, first.time, first.seconds) == (1, 1.0e9 + 1, 1.0)
    assert first.norms.tolist() == first.lowest.tolist() == first.highest.tolist() == [3.0, 4.0, -2.0, 2.0]
    assert first.learning_rates.tolist() == [0.5, 0.25]
    assert [dict(one.metrics) for one in (first, second)] == [{"loss": 9.0}, {"loss": 8.0, "reward": 1.0}]
    assert list(third.metrics) == ["loss"]
    assert math.isnan(third.metrics["loss"])
    assert [type(call).__name__ for call in first.calls] == ["Backward", "OptimizerStep"]
    assert third.calls == (OptimizerStep(SITE, 0),)
    assert [one.incidents for one in (first, second)] == [(), (Warned(SITE, "UserWarning", "careful"),)]


def test_facts(run):
    assert (run.facts.script, run.facts.steps, run.facts.ranks) == ("train.py", 3, 1)


@pytest.mark.parametrize("setting", ["momentum", "weight_decay", "dampening"])
def test_the_update_of_an_optimizer_with_more_to_it_is_not_known(setting, tmp_path):
    write(tmp_path / "rank-0.sqlite", settings={setting: 0.9})
    found = update_norms(gradprobe.open(tmp_path).record)
    assert np.isnan(found[:, :3]).all()
    assert np.array_equal(found[:, 3], [0.5, NAN, NAN], equal_nan=True)  # The other optimizer's: 0.25 × 2.


def test_the_update_of_adam_is_not_known(tmp_path):
    write(tmp_path / "rank-0.sqlite", kind="Adam")
    assert np.isnan(update_norms(gradprobe.open(tmp_path).record)[:, :3]).all()


def test_the_update_of_plain_sgd_in_every_step(tmp_path):
    write(tmp_path / "rank-0.sqlite", settings={"momentum": 0, "weight_decay": 0.0, "nesterov": False})
    found = update_norms(gradprobe.open(tmp_path).record)
    # Rows: 0.5 × (3, 4), 0.5 × (0, none), 0.125 × (6, 8); the third parameter is in no optimizer.
    expected = [[1.5, 2.0, NAN, 0.5], [0.0, NAN, NAN, NAN], [0.75, 1.0, NAN, NAN]]
    assert np.array_equal(found, expected, equal_nan=True)


def test_a_run_is_opened_by_directory_by_file_or_as_the_newest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".gradprobe" / "train-20261122-200000"
    folder.mkdir(parents=True)
    write(folder / "rank-0.sqlite")
    for named in (folder, str(folder), folder / "rank-0.sqlite", None):
        found = gradprobe.open(named)
        assert (found.record.path, found.facts.ranks) == (folder / "rank-0.sqlite", 1)
    assert gradprobe.open().facts.path == str(folder)
    write(folder / "rank-1.sqlite")
    assert gradprobe.open(folder).facts.ranks == 2
    assert gradprobe.open(folder / "rank-1.sqlite").record.path.name == "rank-1.sqlite"
    with pytest.raises(RecordError, match=r"found nothing at .*none; the newest is"):
        gradprobe.open(tmp_path / "none")


def test_a_run_of_nothing_has_frames_with_their_columns(tmp_path):
    new_record(tmp_path / "rank-0.sqlite", FACTS).finish()
    run, full = gradprobe.open(tmp_path), tmp_path / "full"
    full.mkdir()
    write(full / "rank-0.sqlite")
    other = gradprobe.open(full)
    for name in ("steps", "parameters", "modules", "metrics", "events"):
        frame = getattr(run, name)
        assert len(frame) == 0
        assert list(frame.columns) == list(getattr(other, name).columns), name
        assert frame.index.names == getattr(other, name).index.names, name
    assert list(run.each_step()) == []


def test_a_time_out_of_all_calendars_is_no_time(tmp_path):
    record = new_record(tmp_path / "rank-0.sqlite", FACTS)
    row = step(0, [], {})
    row.time = 1e300
    record.write(Batch(steps=[row]))
    record.finish()
    assert gradprobe.open(tmp_path).steps.time.isna().all()


def train_a_severed_net():
    net = torch.nn.ModuleDict({name: torch.nn.Linear(4, 4) for name in ("cut", "live", "frozen")})
    net["frozen"].requires_grad_(False)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        hidden = net["cut"](torch.ones(2, 4)).detach() + net["frozen"](torch.ones(2, 4))
        loss = net["live"](hidden).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_accounts_of_a_run_that_was_watched(tmp_path):
    with gradprobe.watch(tmp_path / "run") as watch:
        train_a_severed_net()
    accounts = watch.run().accounts
    assert list(accounts.columns) == list(ACCOUNT_COLUMNS[1:])
    lines, first = inspect.getsourcelines(train_a_severed_net)
    backward = f"{__file__}:{first + next(at for at, line in enumerate(lines) if 'backward()' in line)}"
    parts = {f"net.{part}.{name}": part for part in ("cut", "live", "frozen") for name in ("weight", "bias")}
    assert accounts.reached_by.to_dict() == {name: backward if part == "live" else "" for name, part in parts.items()}
    assert accounts.severed_from["net.cut.weight"] == backward and accounts.severed_from["net.live.weight"] == ""
    assert accounts.steps_none["net.cut.weight"] == accounts.steps_flowing["net.live.weight"] == 3
    assert accounts.steps_moved["net.live.weight"] == 3 and accounts.steps_moved["net.cut.weight"] == 0
    assert set(accounts.owners) == {1} and accounts.same_object.all()
    assert accounts.requires_grad.to_dict() == {name: part != "frozen" for name, part in parts.items()}
    assert (accounts.registered["net.cut.weight"], accounts.origin["net.cut.weight"]) == (
        "weight of Linear",
        "initialised",
    )
