"""Trainings with transformers in one process; each prints what the test wants to know, as one JSON object a line."""

from __future__ import annotations

import gc
import hashlib
import json
import sys
import warnings
from pathlib import Path

import torch
import transformers
from accelerate import Accelerator
from datasets import Dataset
from torch.optim import optimizer as torch_optimizer
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments

import gradprobe
from gradprobe import _active
from gradprobe.errors import PolicyError
from gradprobe.integrations.transformers import GradprobeCallback
from gradprobe.policy import policy_text
from gradprobe.values import StepSkipped

warnings.simplefilter("ignore")


def tell(scenario: str, **facts: object) -> None:
    print(json.dumps({"scenario": scenario, **facts}))


def model() -> BertForSequenceClassification:
    torch.manual_seed(0)
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=64,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=16,
        )
    )


def sentences(count: int, seed: int = 0) -> Dataset:
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(5, 60, (count, 8), generator=generator)
    return Dataset.from_dict({"input_ids": tokens.tolist(), "labels": (tokens[:, 0] > 30).long().tolist()})


def arguments(**more: object) -> TrainingArguments:
    shared = {
        "output_dir": "out",
        "per_device_train_batch_size": 4,
        "max_steps": 8,
        "learning_rate": 1e-3,
        "logging_steps": 2,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "use_cpu": True,
    }
    return TrainingArguments(**{**shared, **more})


def trainer(kind: type[Trainer] = Trainer, callbacks: list[TrainerCallback] | None = None, **more: object) -> Trainer:
    return kind(
        model(), arguments(**more), train_dataset=sentences(64), eval_dataset=sentences(8, 1), callbacks=callbacks or []
    )


def digest(one: Trainer) -> str:
    found = hashlib.sha256()
    for value in one.model.state_dict().values():
        found.update(value.numpy().tobytes())
    for state in one.optimizer.state.values():
        found.update(b"".join(value.numpy().tobytes() for value in state.values()))
    found.update(torch.get_rng_state().numpy().tobytes())
    losses = [entry["loss"] for entry in one.state.log_history if "loss" in entry]
    return found.hexdigest() + json.dumps(losses)


def metrics_of(run: gradprobe.Run) -> dict[str, object]:
    return {name: [one.source, one.steps.tolist(), one.values.tolist()] for name, one in run.record.metrics.items()}


def identical() -> None:
    for more in ({}, {"gradient_accumulation_steps": 2, "max_steps": 4, "eval_strategy": "steps", "eval_steps": 2}):
        plain = trainer(**more)
        plain.train()
        watched = trainer(**more)
        with gradprobe.watch() as watch:
            watched.train()
        tell("identical", digests=[digest(plain), digest(watched)], steps=watch.steps)


def logged() -> None:
    with gradprobe.watch() as watch:
        one = trainer(
            gradient_accumulation_steps=2, max_steps=6, eval_strategy="steps", eval_steps=3, max_grad_norm=0.5
        )
        one.train()
    history = one.state.log_history
    record = watch.run().record
    tell(
        "logged",
        metrics=metrics_of(watch.run()),
        losses=[entry["loss"] for entry in history if "loss" in entry],
        norms=[entry["grad_norm"] for entry in history if "grad_norm" in entry],
        evaluated=[entry["eval_loss"] for entry in history if "eval_loss" in entry],
        names=[parameter.name for parameter in record.parameters],
        own=[name for name, _ in one.model.named_parameters()],
        findings=[finding.check for finding in watch.report().findings],
    )


class Severed(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        hidden = model.bert(inputs["input_ids"]).pooler_output.detach()  # the line to edit
        return torch.nn.functional.cross_entropy(model.classifier(hidden), inputs["labels"])


def severed() -> None:
    callback = GradprobeCallback()
    trainer(Severed, [callback]).train()
    report = callback.report
    assert report is not None
    finding = report.findings[0]
    tell(
        "severed", check=finding.check, code=finding.location.code, verdict=report.verdict.value, steps=report.run.steps
    )


class Hides(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        loss = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        return loss / (0.0 if self.state.global_step == 4 else 1.0)  # infinite in one step


def hidden() -> None:
    callback = GradprobeCallback(quiet=True)
    one = trainer(Hides, [callback], max_steps=10)
    one.train()
    report = callback.report
    assert report is not None
    finding = report.findings[0]
    tell(
        "hidden",
        logged=[entry["loss"] for entry in one.state.log_history if "loss" in entry],
        check=finding.check,
        code=finding.location.code if finding.location else "",
        message=finding.message,
        first=finding.first_step,
        shown=[metric.name for metric in report.metrics],
    )


class Fails(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 5:
            raise ValueError("after the fifth step")


def fails() -> None:
    hooks = len(torch_optimizer._global_optimizer_pre_hooks)
    callback = GradprobeCallback(quiet=True)
    error = ""
    try:
        trainer(callbacks=[callback, Fails()]).train()
    except ValueError as raised:
        error = str(raised)
    assert callback.report is not None
    tell(
        "fails",
        error=error,
        run=callback.report.run.exception,
        steps=callback.report.run.steps,
        records=_active.recorder is not None,
        hooks=len(torch_optimizer._global_optimizer_pre_hooks) - hooks,
    )


def unjudged() -> None:
    """The policy is there when training begins, and not when the run is to be judged."""
    misspelt = ""
    try:
        GradprobeCallback(policy="strikt")
    except PolicyError as raised:
        misspelt = str(raised)
    errors = []
    for others in ([], [Fails()]):
        policy = Path("policy.toml")
        policy.write_text(policy_text("default"))
        callback = GradprobeCallback(policy=policy)
        one = trainer(callbacks=[callback, *others])
        policy.unlink()
        try:
            one.train()
        except Exception as raised:
            errors.append(f"{type(raised).__name__}: {raised}")
    tell("unjudged", misspelt=misspelt, errors=errors, report=callback.report is not None)


def again() -> None:
    callback = GradprobeCallback("again", quiet=True)
    one = trainer(callbacks=[callback])
    one.train()
    first = callback.report
    one.train()
    second = callback.report
    assert first is not None
    assert second is not None
    tell("again", paths=[first.run.path, second.run.path], steps=[first.run.steps, second.run.steps])
    taken = GradprobeCallback("again")
    one = trainer(callbacks=[taken])
    one.train()
    tell("taken", steps=one.state.global_step, report=taken.report is not None)


def joined() -> None:
    callback = GradprobeCallback()
    with gradprobe.watch() as watch:
        trainer(callbacks=[callback]).train()
        own = callback.report is not None
        goes_on = _active.recorder is not None
    tell("joined", own=own, goes_on=goes_on, steps=watch.steps)


def skipped() -> None:
    """accelerate's optimizer under a gradient scaler whose first scale is too large for float32."""
    accelerator = Accelerator(cpu=True)
    accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127, growth_interval=1000, backoff_factor=2.0**-60)
    with gradprobe.watch() as watch:
        net = torch.nn.Linear(4, 1)
        net, optimizer = accelerator.prepare(net, torch.optim.SGD(net.parameters(), lr=1e-3))
        left_out = []
        for _ in range(5):
            accelerator.backward(net(torch.full((3, 4), 8.0)).pow(2).mean())
            optimizer.step()
            left_out.append(optimizer.step_was_skipped)
            optimizer.zero_grad()
    seen = [one for one in watch.run().record.incidents if isinstance(one.incident, StepSkipped)]
    tell(
        "skipped",
        left_out=left_out,
        lines=[one.incident.site.code for one in seen],
        count=sum(one.count for one in seen),
        steps=watch.steps,
        findings=[one.check for one in watch.report().findings if one.severity.value != "info"],
    )


def fits_no_more() -> None:
    """Stand for a version of transformers that has no such method; the one that records must go on."""
    from transformers import trainer as module

    handler = module.CallbackHandler
    original = handler.on_log
    del handler.on_log
    handler.call_log = original

    class Quiet(Trainer):
        def log(self, logs, start_time=None):
            pass

    try:
        with gradprobe.watch() as watch:
            trainer(Quiet).train()
    finally:
        handler.on_log = original
        del handler.call_log
    report = watch.report()
    tell(
        "fits no more",
        version=transformers.__version__,
        unfit=list(report.run.unfit),
        steps=watch.steps,
        not_seen=list(report.not_seen),
    )


def main() -> None:
    before = Trainer.train
    for scenario in (identical, logged, severed, hidden, fails, unjudged, again, joined, skipped, fits_no_more):
        print(scenario.__name__, file=sys.stderr)
        scenario()
    gc.collect()
    tell("put back", is_own=Trainer.train is before)


if __name__ == "__main__":
    main()
