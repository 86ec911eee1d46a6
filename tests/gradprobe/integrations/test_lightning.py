"""Lightning by both of its names: the callback, what is logged, and that training stays the same to the bit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("lightning_scenarios.py")


@pytest.fixture(scope="module", params=["lightning.pytorch", "pytorch_lightning"])
def told(request, tmp_path_factory):
    """Run the scenarios in one process; return what each told, and what was printed beside."""
    pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    folder = tmp_path_factory.mktemp("lightning")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), request.param],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"scenario"')]
    found: dict[str, list[dict]] = {}
    for line in lines:
        found.setdefault(line["scenario"], []).append(line)
    return found, done.stderr


def test_the_callback_is_one_of_the_package_that_is_used(told):
    assert told[0]["imported"][0]["own"]


def test_weights_and_random_states_are_the_same_to_the_bit(told):
    plain, accumulated = told[0]["identical"]
    # Two epochs of four batches; with accumulation over two, half as many.
    for one, steps in ((plain, 8), (accumulated, 4)):
        assert one["digests"][0] == one["digests"][1]
        assert one["steps"] == steps
    assert plain["digests"] != accumulated["digests"]


def test_what_is_logged_stands_once_at_its_step(told):
    (one,) = told[0]["logged"]
    metrics = one["metrics"]
    assert one["findings"] == []
    source, steps, losses = metrics["train_loss"]
    assert (source, steps) == ("lightning", list(range(8)))  # Not as the epoch's average, too.
    assert losses == pytest.approx(metrics["loss"][2])
    # `global_step` counts the steps before: what is logged in the step that makes it four is that step's own.
    assert metrics["every_other"] == ["lightning", [1, 3, 5, 7], [1.0, 3.0, 5.0, 7.0]]
    # After each epoch, and not for the check before training, when `global_step` was zero.
    assert metrics["val_step"] == ["lightning", [3, 7], [4.0, 8.0]]
    assert metrics["val_loss"][1] == [3, 7]
    assert metrics["epoch_done"] == ["lightning", [3, 7], [0.0, 1.0]]
    assert metrics["epoch"] == ["lightning", [0, 4], [0.0, 1.0]]
    # Four batches of eight in each epoch.
    assert metrics["counted"] == ["lightning", [3, 7], [32.0, 32.0]]
    # What Lightning hands on to its logger is not recorded once more as the tracker's; what that logs by itself is.
    assert "tracker" not in {source for source, _, _ in metrics.values()}
    assert metrics["by_hand"][0] == "log"
    assert not [name for name in metrics if name.endswith(("_step", "_epoch")) and name != "val_step"]


def test_a_fault_is_told_at_the_end_of_fit(told):
    (one,) = told[0]["severed"]
    assert one["check"] == "severed-gradient"
    assert one["code"].endswith("# the line to edit")
    assert one["verdict"] == "red"
    assert "gradprobe: RED after 8 steps" in told[1]
    assert "severed-gradient  the gradient of " in told[1]


def test_a_second_fit_is_another_run(told):
    (one,) = told[0]["again"]
    assert one["paths"] == ["severed", "severed-2"]
    assert one["verdict"] == "healthy"


def test_an_exception_goes_its_way_and_ends_the_recording(told):
    (one,) = told[0]["fails"]
    assert one["error"] == "in the sixth step"
    assert one["run"] == "ValueError: in the sixth step"
    assert one["steps"] == 5


def test_a_run_that_cannot_be_judged_or_recorded_is_said_and_training_goes_on(told):
    (one,) = told[0]["unjudged"]
    assert one == {"scenario": "unjudged", "error": None, "report": False}
    assert told[1].count("gradprobe: OperationalError: disk I/O error") == 1
    (one,) = told[0]["taken"]
    assert one == {"scenario": "taken", "steps": 8, "report": False}
    assert told[1].count("gradprobe: expected a new or empty directory, found a run in unjudged; ") == 1


def test_a_step_that_leaves_batches_out_is_read_once_and_their_number_noted_ever_less_often(told):
    (one,) = told[0]["skips"]
    assert one["parsed"] == ["training_step"]
    # Not all are left out from the 21st on; the last is noted when the recording ends.
    assert one["observed"] == [[1, 1], [2, 2], [4, 4], [8, 8], [16, 16], [20, 21], [26, 32], [30, 40]]
    assert "None for 30 of 40 batches" in one["message"]


def test_within_another_recording_it_joins(told):
    (one,) = told[0]["joined"]
    assert one == {"scenario": "joined", "report": True, "steps": 8, "own": False}


def test_what_fabric_is_given_to_log(told):
    (one,) = told[0]["fabric"]
    assert one["metrics"]["twice"] == ["fabric", [0, 1, 2], [0.0, 2.0, 4.0]]
    assert one["metrics"]["step"] == ["fabric", [0, 1, 2], [0.0, 1.0, 2.0]]
    source, steps, losses = one["metrics"]["loss"]
    assert (source, steps) == ("fabric", [0, 1, 2])
    assert losses == pytest.approx(one["metrics"]["loss at backward"][2])
