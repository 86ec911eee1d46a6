"""Trains with Lightning in several ways, one after another, in the working directory; prints what came of each as a line of JSON.

The first argument says by which of its names Lightning is imported.
"""

import hashlib
import importlib
import json
import sqlite3
import sys
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
import torchmetrics
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import gradprobe
from gradprobe import _active
from gradprobe.recorder.adapters import lightning as adapter
from gradprobe.watching import Watch

pl = importlib.import_module(sys.argv[1])
fabric = importlib.import_module(
    {"lightning.pytorch": "lightning.fabric", "pytorch_lightning": "lightning_fabric"}[sys.argv[1]]
)
loggers = importlib.import_module(f"{sys.argv[1]}.loggers")
warnings.simplefilter("ignore")
Callback = importlib.import_module("gradprobe.integrations.lightning").GradprobeCallback


class Net(pl.LightningModule):
    def __init__(self, *, fails=False, severed=False):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3))
        self.head = nn.Linear(16, 2)
        self.fails, self.severed = fails, severed

    def features(self, x):
        found = self.body(x)
        return found.detach() if self.severed else found  # the line to edit

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self.head(self.features(x)), y)
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        if batch_idx % 2:
            self.log("every_other", float(self.global_step))
        if self.fails and self.global_step == 5:
            raise ValueError("in the sixth step")
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val_loss", F.cross_entropy(self.head(self.body(x)), y))
        self.log("val_step", float(self.global_step))

    def on_train_epoch_end(self):
        self.log("epoch_done", float(self.current_epoch))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(model, *callbacks, **options):
    """Train for two epochs of four batches, with a validation of two batches after each."""
    x = torch.randn(32, 4)
    data = TensorDataset(x, (x[:, 0] > 0).long())
    trainer = pl.Trainer(
        **{"max_epochs": 2, "accelerator": "cpu", "logger": False, "enable_checkpointing": False, **options},
        callbacks=list(callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, DataLoader(data, batch_size=8, shuffle=True), DataLoader(data, batch_size=16))


def digest(model):
    summed = hashlib.sha256()
    for tensor in model.state_dict().values():
        summed.update(tensor.numpy().tobytes())
    summed.update(torch.get_rng_state().numpy().tobytes())
    return summed.hexdigest()


def tell(name, **what):
    print(json.dumps({"scenario": name, **what}), flush=True)


def metrics(path):
    found = gradprobe.open(path).record.metrics
    return {name: [one.source, one.steps.tolist(), one.values.tolist()] for name, one in found.items()}


def identical():
    for options in ({}, {"precision": "bf16-mixed", "accumulate_grad_batches": 2, "gradient_clip_val": 0.5}):
        digests = []
        for callbacks in ([], [Callback(quiet=True)]):
            torch.manual_seed(0)
            model = Net()
            fit(model, *callbacks, **options)
            digests.append(digest(model))
        tell("identical", digests=digests, steps=callbacks[0].report.run.steps)


class Counted(Net):
    """Logs a metric of torchmetrics that has no value of its own for a batch: it is only updated."""

    def __init__(self):
        super().__init__()
        self.counted = torchmetrics.SumMetric()

    def on_train_batch_start(self, batch, batch_idx):
        self.counted.update(len(batch[0]))

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.log("counted", self.counted, on_step=False, on_epoch=True)


class Tracker(loggers.CSVLogger):
    """Hands on what it is given, as trackers' own functions do that the recorder observes, too."""

    def log_metrics(self, metrics, step=None):
        _active.recorder.log(metrics, "tracker")
        gradprobe.log(by_hand=1.0)


def logged():
    callback = Callback("logged", quiet=True)
    fit(Counted(), callback, logger=Tracker("logs"), log_every_n_steps=1)
    tell("logged", metrics=metrics("logged"), findings=[one.check for one in callback.report.findings])


def severed():
    callback = Callback("severed")
    fit(Net(severed=True), callback)
    finding = callback.report.findings[0]
    first = callback.watch.path.name
    tell("severed", check=finding.check, code=finding.location.code, verdict=callback.report.verdict.value)
    fit(Net(), callback)
    tell("again", paths=[first, callback.watch.path.name], verdict=callback.report.verdict.value)


def fails():
    callback = Callback("fails")
    try:
        fit(Net(fails=True), callback)
    except ValueError as error:
        tell("fails", error=str(error), run=callback.report.run.exception, steps=callback.report.run.steps)


class Unjudged(Net):
    """Takes the record away before it is judged."""

    def on_train_end(self):
        Watch.report, self.original = unreadable, Watch.report


def unreadable(*_):
    raise sqlite3.OperationalError("disk I/O error")


def unjudged():
    model, callback = Unjudged(), Callback("unjudged")
    error = None
    try:
        fit(model, callback)
    except Exception as raised:
        error = repr(raised)
    Watch.report = model.original
    tell("unjudged", error=error, report=callback.report is not None)
    taken = Callback("unjudged")
    model = Net()
    fit(model, taken)
    tell("taken", steps=model.trainer.global_step, report=taken.report is not None)


class Skips(Net):
    """Leaves out the first half of the batches, then every other one."""

    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        if self.seen < 20 or self.seen % 2:
            loss = None
        self.seen += 1
        return loss


def skips():
    parsed, observed = [], []

    def counted(code, original=adapter._leaves_out):
        parsed.append(code.co_name)
        return original(code)

    def noted(*args, original=adapter.Observation, **kwargs):
        observed.append([kwargs["detail"]["skipped"], kwargs["detail"]["batches"]])
        return original(*args, **kwargs)

    adapter._leaves_out, adapter.Observation = counted, noted
    model, callback = Skips(), Callback("skips", quiet=True)
    model.seen = 0
    fit(model, callback, max_epochs=10)
    (finding,) = [one for one in callback.report.findings if one.check == "skipped-batch"]
    tell("skips", parsed=parsed, observed=observed, message=finding.message)


def joined():
    callback = Callback("none")
    with gradprobe.watch("outer") as outer:
        fit(Net(), callback)
    tell("joined", report=callback.report is None, steps=outer.steps, own=Path("none").exists())


def by_fabric():
    with gradprobe.watch("fabric"):
        runner = fabric.Fabric(accelerator="cpu", devices=1)
        model, optimizer = nn.Linear(4, 1), None
        model, optimizer = runner.setup(model, torch.optim.SGD(model.parameters(), lr=0.1))
        for step in range(3):
            optimizer.zero_grad()
            loss = model(torch.randn(8, 4)).square().mean()
            runner.backward(loss)
            optimizer.step()
            runner.log("twice", 2 * step)
            runner.log_dict({"loss": loss, "step": step}, step=step)
    tell("fabric", metrics=metrics("fabric"))


if __name__ == "__main__":
    tell("imported", own=issubclass(Callback, pl.Callback))
    for scenario in (identical, logged, severed, fails, unjudged, skips, joined, by_fabric):
        scenario()
