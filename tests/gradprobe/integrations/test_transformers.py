"""transformers: the callback, what is logged, and that training stays the same to the bit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import report_in
from tests.support.programs import PROGRAMS

SCRIPT = Path(__file__).with_name("transformers_scenarios.py")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Run the scenarios in one process; return what each told, and what was printed beside."""
    for package in ("transformers", "accelerate", "datasets"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    folder = tmp_path_factory.mktemp("transformers")
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], cwd=folder, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"scenario"')]
    found: dict[str, list[dict]] = {}
    for line in lines:
        found.setdefault(line["scenario"], []).append(line)
    return found, done.stderr


def test_weights_optimizer_and_random_states_and_the_log_are_the_same_to_the_bit(told):
    plain, accumulated = told[0]["identical"]
    for one, steps in ((plain, 8), (accumulated, 4)):
        assert one["digests"][0] == one["digests"][1]
        assert one["steps"] == steps
    assert plain["digests"] != accumulated["digests"]


def test_what_is_logged_stands_at_its_step(told):
    (one,) = told[0]["logged"]
    metrics = one["metrics"]
    assert one["findings"] == []
    # `logging_steps=2`: after the second, fourth and sixth step; evaluation after the third and the sixth.
    assert metrics["loss"] == ["transformers", [1, 3, 5], one["losses"]]
    assert metrics["grad_norm"] == ["transformers", [1, 3, 5], one["norms"]]
    assert metrics["eval_loss"] == ["transformers", [2, 5], one["evaluated"]]
    assert metrics["epoch"][1] == [1, 2, 3, 5]
    assert not [name for name in metrics if name.endswith(("runtime", "per_second", "flos"))]


def test_each_step_has_the_loss_and_the_norm_before_clipping_of_its_own(told):
    (one,) = told[0]["logged"]
    assert one["metrics"]["loss at backward"][1] == [0, 1, 2, 3, 4, 5]
    _, steps, norms = one["metrics"]["grad_norm_before_clip"]
    assert steps == [0, 1, 2, 3, 4, 5]
    assert norms[1::2] == one["norms"]


def test_parameters_go_by_their_names_in_the_model(told):
    (one,) = told[0]["logged"]
    assert sorted(name.removeprefix("one.model.") for name in one["names"]) == sorted(one["own"])


def test_the_callback_tells_at_the_end_of_train(told):
    (one,) = told[0]["severed"]
    assert (one["check"], one["verdict"], one["steps"]) == ("severed-gradient", "red", 8)
    assert one["code"].endswith("# the line to edit")
    assert "gradprobe: RED after 8 steps" in told[1]


def test_a_loss_that_the_log_hides_is_told_with_its_step(told):
    (one,) = told[0]["hidden"]
    assert all(loss is not None and abs(loss) < 10 for loss in one["logged"])  # What the Trainer shows.
    assert one["first"] == 4
    assert "in step 4" in one["message"]
    assert "The Trainer's log does not show it: logging_nan_inf_filter is on" in one["message"]
    assert {"loss", "loss at backward"} <= set(one["shown"])


def test_an_exception_goes_its_way_and_ends_the_recording(told):
    (one,) = told[0]["fails"]
    assert one == {
        "scenario": "fails",
        "error": "after the fifth step",
        "run": "ValueError: after the fifth step",
        "steps": 5,
        "records": False,
        "hooks": 0,
    }


def test_a_trainer_that_trains_again_is_recorded_again(told):
    (one,) = told[0]["again"]
    assert one["steps"] == [8, 8]
    assert [Path(path).name for path in one["paths"]] == ["again", "again-2"]


def test_a_directory_that_holds_a_run_is_said_and_training_goes_on(told):
    (one,) = told[0]["taken"]
    assert one == {"scenario": "taken", "steps": 8, "report": False}
    assert told[1].count("gradprobe: expected a new or empty directory, found a run in again; ") == 1


def test_a_policy_that_is_not_there_is_said_where_it_is_written(told):
    (one,) = told[0]["unjudged"]
    assert "found no such file" in one["misspelt"]


def test_a_run_that_cannot_be_judged_harms_neither_training_nor_its_exception(told):
    (one,) = told[0]["unjudged"]
    assert (one["errors"], one["report"]) == (["ValueError: after the fifth step"], False)
    assert told[1].count("gradprobe: policy.toml: expected a policy file or one of") == 2


def test_within_another_recording_it_joins(told):
    (one,) = told[0]["joined"]
    assert one == {"scenario": "joined", "own": False, "goes_on": True, "steps": 8}


def test_a_step_that_accelerate_leaves_out_is_noted_at_its_line(told):
    (one,) = told[0]["skipped"]
    # 2^127 times a gradient above 2 is infinite in float32; 2^67 times it is not.
    assert one["left_out"] == [True, False, False, False, False]
    assert (one["lines"], one["count"], one["steps"]) == (["optimizer.step()"], 1, 4)
    assert one["findings"] == []


def test_a_version_that_does_not_fit_is_named_and_the_steps_are_recorded(told):
    (one,) = told[0]["fits no more"]
    assert one["unfit"] == [
        f"transformers.trainer ({one['version']}): AttributeError: expected CallbackHandler to have on_log, found none"
    ]
    assert one["steps"] == 8
    assert any("gradprobe does not fit" in text for text in one["not_seen"])


def test_what_was_wrapped_is_put_back_when_no_callback_is_left(told):
    (one,) = told[0]["put back"]
    assert one["is_own"]


def test_under_gradprobe_run_an_unmodified_script_is_picked_up_when_it_imports_transformers(tmp_path):
    for package in ("transformers", "accelerate"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    program = PROGRAMS / "transformers" / "ok_bert_classifier.py"
    words = ["run", "--quiet", "--output", "run", "--report", "report.json", str(program)]
    done = subprocess.run(
        [sys.executable, "-m", "gradprobe", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = report_in(tmp_path / "report.json")
    # 96 sentences, 8 a batch, 2 batches a step, 2 epochs.
    assert report["run"]["steps"] == 12
    assert {"loss", "eval_loss", "eval_accuracy", "epoch"} <= {one["name"] for one in report["metrics"]}
    assert report["findings"] == []
