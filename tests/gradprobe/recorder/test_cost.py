"""What the recorder must not do to a training: read the host, hold things alive, change a bit."""

from __future__ import annotations

import contextlib
import gc
import sys
import weakref

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

import gradprobe
from gradprobe.recording import Recording
from tests.support.training import Classifier, batches


def _train(steps: int) -> tuple[list[float], list[torch.Tensor]]:
    torch.manual_seed(0)
    model = Classifier()
    dropout = nn.Dropout(0.5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for inputs, classes in batches(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(dropout(inputs)), classes)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.detach())
        gradprobe.log(loss_again=loss)
    return torch.stack(losses).tolist(), [parameter.detach().clone() for parameter in model.parameters()]


def _host_reads(steps: int) -> int:
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        _train(steps)
    return sum(event.count for event in profiler.key_averages() if event.key == "aten::_local_scalar_dense")


def test_recorder_adds_no_host_read(tmp_path):
    bare = _host_reads(10)
    # Deep steps read values that are on the host anyway; all others read none.
    recording = Recording("train.py", [], output=tmp_path / "run", deep=())
    watched = _host_reads(10)
    recording.finish(exit_code=0, exception=None, stopped_by="script")
    assert watched == bare
    # The count counts: a read added to every step is seen.
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(10):
            torch.ones(()).item()
    assert sum(event.count for event in profiler.key_averages() if event.key == "aten::_local_scalar_dense") == 10


def test_training_is_bit_identical(tmp_path):
    losses, weights = _train(20)
    state = torch.get_rng_state()
    with gradprobe.watch(tmp_path / "run"):
        watched_losses, watched_weights = _train(20)
    assert watched_losses == losses
    assert all(torch.equal(a, b) for a, b in zip(weights, watched_weights, strict=True))
    assert torch.equal(torch.get_rng_state(), state)


def test_recorder_holds_neither_model_nor_optimizer_nor_activation_nor_loss(tmp_path):
    references = []

    def train():
        model = Classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for inputs, classes in batches(3):
            hidden = model.encoder(inputs)
            loss = nn.functional.cross_entropy(model.head(hidden), classes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            references.extend([weakref.ref(hidden), weakref.ref(loss)])
            del hidden, loss
            assert [reference() for reference in references[-2:]] == [None, None]
        references.extend([weakref.ref(model), weakref.ref(optimizer), *map(weakref.ref, model.parameters())])

    with gradprobe.watch(tmp_path / "run"):
        train()
        gc.collect()
        assert [reference() for reference in references] == [None] * len(references)


def test_no_hook_is_left_on_the_model_or_on_torch(tmp_path):
    before = (
        torch.autograd.backward,
        torch.optim.Optimizer.zero_grad,
        nn.utils.clip_grad_norm_,
        torch.amp.GradScaler.step,
    )
    with gradprobe.watch(tmp_path / "run"):
        model = Classifier()
        loss = model(torch.randn(2, 8)).sum()
        loss.backward()
        torch.optim.SGD(model.parameters(), lr=0.1).step()
        for module in model.modules():
            assert not (module._backward_hooks or module._backward_pre_hooks or module._forward_hooks)
    after = (
        torch.autograd.backward,
        torch.optim.Optimizer.zero_grad,
        nn.utils.clip_grad_norm_,
        torch.amp.GradScaler.step,
    )
    assert after == before
    hooks = sys.modules["torch.optim.optimizer"]
    assert not hooks._global_optimizer_pre_hooks and not hooks._global_optimizer_post_hooks


def test_dict_that_locals_gave_the_script_is_left_alone(tmp_path):
    seen = {}

    def train(rate):
        settings = locals()
        model = Classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=rate)
        for inputs, classes in batches(2):
            nn.functional.cross_entropy(model(inputs), classes).backward()
            optimizer.step()
        seen.update(settings)

    with gradprobe.watch(tmp_path / "run"):
        train(0.1)
    assert seen["rate"] == 0.1
    assert "loss" not in seen


def test_step_that_raises_leaves_nothing_alive(tmp_path):
    references = []

    def train():
        model = Classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model(torch.randn(2, 8)).sum().backward()

        def closure():
            raise MemoryError("as a batch size finder expects it")

        with contextlib.suppress(MemoryError):
            optimizer.step(closure)
        references.extend([weakref.ref(model), weakref.ref(optimizer), *map(weakref.ref, model.parameters())])

    with gradprobe.watch(tmp_path / "run"):
        train()
        gc.collect()
        assert [reference() for reference in references] == [None] * len(references)


def test_compiled_training_step_is_not_broken_apart(tmp_path):
    model = Classifier()

    def step(inputs, classes):
        loss = nn.functional.cross_entropy(model(inputs), classes)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        return loss

    compiled = torch.compile(step, fullgraph=True, backend="eager")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    with gradprobe.watch(tmp_path / "run") as watch:
        for inputs, classes in batches(3):
            optimizer.zero_grad(set_to_none=False)
            compiled(inputs, classes).backward()
            optimizer.step()
    torch._dynamo.reset()
    assert watch.run().facts.steps == 3
