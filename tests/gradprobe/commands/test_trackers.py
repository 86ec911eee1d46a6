"""Trackers, the real ones, offline: what a script logs to them is recorded, and what `--to` sends can be read back from them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import gradprobe
from gradprobe.extensions import Tracker
from tests.support.wandb_file import alerts, history, summary

PROGRAM = """
import inspect
import warnings
import torch
import wandb
from mlflow import log_metric, log_metrics, set_tracking_uri, start_run
from torch.utils.tensorboard import SummaryWriter

warnings.simplefilter("error")  # What is taken of numbers must not warn.
torch.manual_seed(0)
body, head = torch.nn.Linear(4, 4), torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD([*body.parameters(), *head.parameters()], lr=0.1)
inputs, targets = torch.randn(8, 4), torch.randn(8, 1)
writer = SummaryWriter("events")
with wandb.init(mode="disabled"):
    wandb.log({"disabled": 1})
run = wandb.init(project="trackers")
from wandb import log
set_tracking_uri("file:store")
with start_run():
    for step in range(6):
        loss = torch.nn.functional.mse_loss(head(body(inputs).detach()), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert writer.add_scalar("train/loss", loss, step) is None
        writer.add_scalar(tag="named", scalar_value=step / 2, global_step=step)
        writer.add_scalars("both", {"left": 1.0, "right": torch.tensor([step])}, step)
        media = {"picture": wandb.Image(torch.ones(3, 3).numpy()), "text": "1.5", "flag": True, "many": [1, 2]}
        log({"loss": loss.item(), "deep": {"inner": 2 * step}, "global_step": step, **media}, commit=False)
        assert log({"other": torch.tensor(0.5)}) is None
        log_metric("single", step)
        log_metrics({"loss": loss.item(), "system/cpu": 1.0}, step=step)
try:
    log(["no dictionary"])
except TypeError as error:
    assert "dictionary" in str(error)
assert list(inspect.signature(SummaryWriter.add_scalar).parameters)[:3] == ["self", "tag", "scalar_value"]
writer.close()
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One run under `--to` all trackers, and then one report of it, sent again."""
    folder = tmp_path_factory.mktemp("tracked")
    (folder / "train.py").write_text(PROGRAM)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "WANDB_MODE": "offline",
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_TRACKING_URI": "file:store",
    }

    def start(*words, **variables):
        command = [sys.executable, "-m", "gradprobe", *words]
        return subprocess.run(
            command, cwd=folder, env={**environment, **variables}, capture_output=True, text=True, check=False
        )

    to = ("--to", "tensorboard", "--to", "wandb", "--to", "mlflow")
    first = start("run", "--no-live", "--output", "whole", *to, "train.py")
    (script_run,) = folder.glob("wandb/offline-run-*/*.wandb")
    again = start("report", "whole", "--report", "report.json", *to)
    (own_run,) = set(folder.glob("wandb/offline-run-*/*.wandb")) - {script_run}
    disabled = start("report", "whole", "--report", "report.json", "--to", "wandb", WANDB_MODE="disabled")
    return SimpleNamespace(
        folder=folder, first=first, again=again, disabled=disabled, script_run=script_run, own_run=own_run
    )


def metrics(run: Path):
    record = gradprobe.open(run).record
    return {(metric.name, metric.source): metric for metric in record.metrics.values()}


@pytest.mark.slow
def test_what_a_script_logs_is_recorded_whatever_it_logs_to(ran):
    found = metrics(ran.folder / "whole")

    assert {key for key in found if key[1] not in ("loss", "gradprobe")} == {
        *(("train/loss", "tensorboard"), ("named", "tensorboard"), ("both/left", "tensorboard")),
        *(("both/right", "tensorboard"), ("loss", "wandb"), ("deep.inner", "wandb"), ("other", "wandb")),
        *(("single", "mlflow"), ("loss of mlflow", "mlflow"), ("disabled", "wandb")),
    }
    steps = list(range(6))
    for key, values in (
        (("named", "tensorboard"), [0, 0.5, 1, 1.5, 2, 2.5]),
        (("both/right", "tensorboard"), steps),
        (("deep.inner", "wandb"), [0, 2, 4, 6, 8, 10]),
        (("other", "wandb"), [0.5] * 6),
        (("single", "mlflow"), steps),
    ):
        assert (found[key].steps.tolist(), found[key].values.tolist()) == (steps, values)
    losses = found["loss at backward", "loss"].values
    assert losses == pytest.approx(found["loss", "wandb"].values) == found["train/loss", "tensorboard"].values
    assert gradprobe.open(ran.folder / "whole").record.facts.unfit == ()


@pytest.mark.slow
def test_a_loss_that_went_to_three_trackers_is_one_row(ran):
    report = json.loads((ran.folder / "report.json").read_text())
    assert sum("loss" in metric["name"] for metric in report["metrics"]) == 1


@pytest.mark.slow
def test_the_script_and_its_exit_code_are_its_own(ran):
    assert ran.first.returncode == 1, ran.first.stderr  # severed-gradient, an error
    for tracker in ("tensorboard", "wandb", "mlflow"):
        assert f"gradprobe: the report was sent to {tracker}: " in ran.first.stderr
        assert f"gradprobe: the report was sent to {tracker}: " in ran.again.stderr


@pytest.mark.slow
def test_tensorboard_shows_a_run_beside_the_scripts_own_sent_twice_or_not(ran):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = ran.folder / "events" / "gradprobe-whole"
    assert len(list(folder.iterdir())) == 1
    events = EventAccumulator(str(folder))
    events.Reload()
    head = [(event.step, event.value) for event in events.Scalars("gradprobe/norm/head")]
    record = gradprobe.open(ran.folder / "whole")
    assert [step for step, _ in head] == list(range(6))
    position = [module.name for module in record.record.modules].index("head")
    squares = record.record.steps.norms[:, record.record.modules[position].parameters] ** 2
    assert [value for _, value in head] == pytest.approx(squares.sum(1) ** 0.5)
    assert "gradprobe/norm/body" not in events.Tags()["scalars"]  # It never had a gradient.
    assert {"gradprobe/metric/train/loss", "gradprobe/learning_rate/SGD"} <= set(events.Tags()["scalars"])
    (text,) = events.Tensors("gradprobe/report/text_summary")
    assert "severed-gradient" in text.tensor_proto.string_val[0].decode()


@pytest.mark.slow
@pytest.mark.parametrize("which", ["script_run", "own_run"])
def test_wandb_is_sent_rows_tables_and_alerts(ran, which):
    """Into the script's run while that is active, into one of its own from `gradprobe report`."""
    file = getattr(ran, which)
    rows = [row for row in history(file) if "gradprobe/norm/head" in row]
    assert [row["gradprobe/step"] for row in rows] == list(range(6))
    assert [row["gradprobe/findings.nrows"] for row in history(file) if "gradprobe/findings.nrows" in row] == [1]
    assert [level for title, level in alerts(file) if title.startswith("severed-gradient")] == ["ERROR"]
    assert summary(file)["gradprobe.verdict"] == "red"
    assert any("deep.inner" in row for row in history(file)) == (which == "script_run")


@pytest.mark.slow
def test_mlflow_is_sent_metrics_tags_and_the_report_in_the_scripts_run(ran, monkeypatch):
    code = """
import mlflow
client = mlflow.MlflowClient("file:store")
(run,) = client.search_runs(["0"])
print(run.info.status, run.data.tags["gradprobe.verdict"], run.data.tags["gradprobe.findings.error"])
print(*sorted({one.step for one in client.get_metric_history(run.info.run_id, "gradprobe/norm/head")}))
print([one.path for one in client.list_artifacts(run.info.run_id, "gradprobe")])
print("single" in run.data.metrics)
"""
    environment = {**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true"}
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ran.folder, env=environment, capture_output=True, text=True, check=True
    )
    assert shown.stdout.splitlines() == ["FINISHED red 1", "0 1 2 3 4 5", "['gradprobe/report.md']", "True"]


@pytest.mark.slow
def test_nothing_is_sent_to_a_disabled_run(ran):
    assert ran.disabled.returncode == 1
    assert ran.disabled.stderr.startswith(
        "gradprobe: the report could not be sent to wandb: RuntimeError: it is disabled;"
    )


TRAIN = """
import torch
model = torch.nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model(torch.ones(4)).pow(2).sum().backward()
optimizer.step()
print("trained")
"""


def trackers(monkeypatch, package, send):
    found = (Tracker("odd", package, "gradprobe[odd]", send),)
    monkeypatch.setattr("gradprobe.extensions.load_trackers", lambda: found)


def test_a_package_that_is_missing_is_said_before_the_script_runs(here, monkeypatch):
    trackers(monkeypatch, "no_package_of_this_name", str)
    ran = here("run", "--to", "odd", here.script(TRAIN))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "gradprobe: expected the package no_package_of_this_name for --to odd, found none; "
        "run `pip install 'gradprobe[odd]'`\n"
    )
    assert here.everything() == ["train.py"]


def test_an_unknown_tracker_is_said_with_the_known_ones(here):
    ran = here("run", "--to", "paper", here.script(TRAIN))
    assert (ran.code, ran.out) == (2, "")
    assert "tensorboard, wandb, mlflow" in ran.err


def test_a_tracker_that_fails_costs_a_line(here, monkeypatch):
    def fail(report):
        raise ConnectionError("nobody\nthere")

    trackers(monkeypatch, "json", fail)
    ran = here("run", "--quiet", "--report", "out.json", "--to", "odd", here.script(TRAIN))
    assert (ran.code, ran.out) == (0, "trained\n")
    assert ran.err == "gradprobe: the report could not be sent to odd: ConnectionError: nobody there\n"
    assert (here.place / "out.json").is_file()


def test_the_first_process_of_a_job_sends(here, monkeypatch):
    sent = []
    trackers(monkeypatch, "json", lambda report: sent.append(report) or "there")
    assert here("run", "--output", "run", here.script(TRAIN)).code == 0
    for rank in ("1", "0"):
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("WORLD_SIZE", "2")
        here("report", "run", "--to", "odd")
    assert len(sent) == 1
