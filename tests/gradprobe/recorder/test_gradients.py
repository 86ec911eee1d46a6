"""The norms that are recorded are the norms that the optimizer consumed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import gradprobe
from gradprobe.recorder.gradients import Norms, device_norms, host_norm
from gradprobe.values.step import NO_GRADIENT, NOT_LOOKED_AT
from tests.support.training import Classifier, batches, norms_of, recorded


def _parameter(gradient: torch.Tensor | None, **settings: bool) -> nn.Parameter:
    like = torch.zeros(3) if gradient is None else torch.zeros(gradient.shape, dtype=gradient.dtype)
    parameter = nn.Parameter(like, **settings)
    parameter.grad = gradient
    return parameter


def test_norm_is_the_root_of_the_sum_of_squares():
    norms = Norms([_parameter(torch.tensor([3.0, 4.0])), _parameter(torch.zeros(5)), _parameter(None)], None)
    assert norms.values.tolist() == [5.0, 0.0, NO_GRADIENT]  # sqrt(9 + 16); all zero; no gradient


def test_parameter_that_needs_no_gradient_is_not_missing_one():
    assert Norms([_parameter(None, requires_grad=False)], None).values.tolist() == [NOT_LOOKED_AT]


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=50))
def test_host_norm_equals_torchs_norm_in_double_precision(values):
    gradient = torch.tensor(values)
    assert host_norm(gradient) == pytest.approx(gradient.double().norm().item(), rel=1e-5)


@pytest.mark.parametrize(
    ("value", "norm"),
    [
        (1e-30, 2e-30),  # its square underflows float32: 4 elements of 1e-30 are 2e-30 long, not zero
        (1e30, 2e30),  # its square overflows float32: 2e30 long, not infinite
    ],
)
def test_host_norm_beyond_the_range_of_squares(value, norm):
    assert host_norm(torch.full((4,), value)) == pytest.approx(norm, rel=1e-6)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_host_norm_that_is_not_finite(value):
    assert not math.isfinite(host_norm(torch.tensor([1.0, value])))


def test_strided_gradient_is_measured_without_a_copy_of_its_layout():
    gradient = torch.arange(12.0).reshape(3, 4).t()
    assert host_norm(gradient) == pytest.approx(math.sqrt(sum(value * value for value in range(12))))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.complex64])
def test_other_data_types(dtype):
    gradient = torch.tensor([3.0, 4.0]).to(dtype)
    assert Norms([_parameter(gradient)], None).values[0] == pytest.approx(5.0)


def test_half_precision_norm_does_not_overflow_its_own_range():
    gradient = torch.full((10_000,), 1000.0, dtype=torch.float16)  # 1000 * sqrt(10000) = 1e5 > 65504
    assert device_norms([gradient])[0].item() == pytest.approx(1e5, rel=1e-4)


def test_sparse_gradient_counts_a_row_that_was_looked_up_twice_once():
    embedding = nn.Embedding(10, 2, sparse=True)
    embedding(torch.tensor([1, 1])).sum().backward()  # row 1 gets [2, 2], not twice [1, 1]
    assert Norms([embedding.weight], None).values[0] == pytest.approx(math.sqrt(8))


def test_fused_scale_is_taken_off():
    norms = Norms([_parameter(torch.tensor([3.0, 4.0]))], torch.tensor(1024.0))
    assert norms.values[0] == pytest.approx(5.0 / 1024)


@pytest.mark.filterwarnings("ignore:Using backward")  # torch warns of the reference cycle, which is broken below.
def test_create_graph_leaves_a_gradient_that_requires_grad():
    weight = nn.Parameter(torch.tensor([3.0, 4.0]))
    (weight.square().sum() / 2).backward(create_graph=True)
    try:
        assert Norms([weight], None).values[0] == pytest.approx(5.0)
    finally:
        weight.grad = None


def _amp(optimizer_settings, *, unscale):
    seen = []

    def train():
        torch.manual_seed(0)
        model = Classifier()
        optimizer = torch.optim.Adam(model.parameters(), **optimizer_settings)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
        for inputs, classes in batches(5):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs), classes)
            seen.append(
                [
                    gradient.norm().item()
                    for gradient in torch.autograd.grad(loss, list(model.parameters()), retain_graph=True)
                ]
            )
            scaler.scale(loss).backward()
            if unscale:
                scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()

    return train, seen


@pytest.mark.parametrize("unscale", [False, True])
@pytest.mark.parametrize("settings", [{}, {"fused": True}, {"foreach": True}], ids=["plain", "fused", "foreach"])
def test_norms_are_unscaled_under_a_gradient_scaler(tmp_path, settings, unscale):
    train, seen = _amp(settings, unscale=unscale)
    record = recorded(train, tmp_path / "run").record
    assert np.array(seen) == pytest.approx(record.steps.norms, rel=1e-4)


def test_loss_is_recorded_unscaled(tmp_path):
    losses = []

    def train():
        model = Classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scaler = torch.amp.GradScaler("cpu")
        for inputs, classes in batches(3):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs), classes)
            losses.append(loss.item())
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()

    run = recorded(train, tmp_path / "run")
    assert run.record.metrics["loss"].values.tolist() == pytest.approx(losses)
    assert run.record.metrics["loss"].source == "loss"


@pytest.mark.parametrize("fused", [False, True])
def test_step_that_a_scaler_skips_is_an_incident(tmp_path, fused):
    def train():
        model = Classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=fused)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
        for step, (inputs, classes) in enumerate(batches(4)):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs), classes)
            scaler.scale(loss * (math.inf if step == 2 else 1.0)).backward()
            scaler.step(optimizer)
            scaler.update()

    events = recorded(train, tmp_path / "run").events
    skipped = events[events.event == "StepSkipped"]
    assert skipped["count"].tolist() == [1]
    assert skipped.code.tolist() == ["scaler.step(optimizer)"]


def test_clipped_gradients_are_recorded_as_consumed_and_their_norm_before_as_a_metric(tmp_path):
    before = []

    def train():
        model = Classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for inputs, classes in batches(3):
            optimizer.zero_grad()
            (100 * nn.functional.cross_entropy(model(inputs), classes)).backward()
            before.append(float(nn.utils.clip_grad_norm_(model.parameters(), 0.5)))
            optimizer.step()

    run = recorded(train, tmp_path / "run")
    assert run.record.metrics["grad_norm_before_clip"].values.tolist() == pytest.approx(before)
    assert run.steps.grad_norm.tolist() == pytest.approx([0.5] * 3, rel=1e-4)


def test_closure_is_measured_after_it_has_made_the_gradients(tmp_path):
    def train():
        weight = nn.Parameter(torch.tensor([2.0]))
        optimizer = torch.optim.LBFGS([weight], lr=1e-3, max_iter=1)

        def closure():
            optimizer.zero_grad()
            loss = (weight**2).sum()
            loss.backward()
            return loss

        for _ in range(2):
            optimizer.step(closure)

    record = recorded(train, tmp_path / "run").record
    # One evaluation per step: the gradient is 2w, with w = 2.0 first and 2.0 - lr * min(1, 1/|g|) * g = 2.0 - 0.001 after.
    assert norms_of(record, "weight") == pytest.approx([4.0, 3.998], rel=1e-5)


@pytest.mark.cuda
@pytest.mark.parametrize("fused", [False, True])
def test_on_cuda_nothing_waits_for_the_device(tmp_path, monkeypatch, fused):
    """Everything a step does stands under the sync debug mode, flushes included, but what waits in the bare loop, too."""
    monkeypatch.setattr("gradprobe.recorder.outbox.FLUSH_SECONDS", 0.0)
    seen = []

    def train():
        model = Classifier().cuda()
        optimizer = torch.optim.AdamW(model.parameters(), fused=fused)
        scaler = torch.amp.GradScaler("cuda", enabled=fused)  # Without a fused optimizer the scaler itself waits.
        scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer)
        data = [(inputs.cuda(), classes.cuda()) for inputs, classes in batches(300)]
        for inputs, classes in data:
            torch.cuda.set_sync_debug_mode("error")
            try:
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(inputs), classes)
                scaler.scale(loss).backward()
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(model.parameters(), 1e9)
                scaler.step(optimizer)
                scaler.update()
                scheduler.step()
                gradprobe.log(twice=2 * loss)
            finally:
                torch.cuda.set_sync_debug_mode("default")
            seen.append([parameter.grad.norm() for parameter in model.parameters()])

    record = recorded(train, tmp_path / "run").record
    norms = torch.stack([torch.stack(norms) for norms in seen]).cpu().numpy()
    assert norms == pytest.approx(record.steps.norms, rel=1e-4)
    losses, twice = record.metrics["loss"].values, record.metrics["twice"].values
    assert len(losses) == 300
    assert (2 * losses).tolist() == pytest.approx(twice.tolist())


@pytest.mark.cuda
def test_on_cuda_a_default_device_does_not_matter(tmp_path):
    def train():
        torch.set_default_device("cuda")
        try:
            weight = nn.Parameter(torch.tensor([3.0, 4.0]))
            optimizer = torch.optim.SGD([weight], lr=0.0)
            (weight.square().sum() / 2).backward()
            optimizer.step()
        finally:
            torch.set_default_device(None)

    assert norms_of(recorded(train, tmp_path / "run").record, "weight") == [5.0]


@pytest.mark.cuda
def test_on_cuda_a_captured_step_is_left_alone(tmp_path):
    def train():
        weight = nn.Parameter(torch.ones(2, device="cuda"))
        optimizer = torch.optim.Adam([weight], capturable=True)
        weight.grad = torch.ones_like(weight)
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            optimizer.step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            optimizer.step()
        graph.replay()

    run = recorded(train, tmp_path / "run")
    assert run.facts.steps == 1  # The one before the capture; a replay runs no Python.
    assert "RecorderFailed" not in run.events.event.tolist()


@pytest.mark.filterwarnings("error")
def test_norm_too_large_for_float32_stays_finite_and_warns_nobody():
    gradient = torch.full((4,), 1e300, dtype=torch.float64)
    assert Norms([_parameter(gradient)], None).values[0] == np.finfo(np.float32).max


def test_gradient_with_the_negative_bit_is_measured():
    gradient = torch.complex(torch.zeros(2), torch.tensor([3.0, 4.0])).conj().imag  # a view that is negated when read
    assert gradient.is_neg()
    assert Norms([_parameter(gradient)], None).values[0] == pytest.approx(5.0)


def test_loss_keeps_its_name_under_a_gradient_scaler(tmp_path):
    def train():
        model = Classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scaler = torch.amp.GradScaler("cpu")
        for inputs, classes in batches(2):
            d_loss = nn.functional.cross_entropy(model(inputs), classes)
            scaler.scale(d_loss).backward()
            g_loss = model(inputs).square().mean()
            scaler.scale(g_loss).backward()
            scaler.step(optimizer)
            scaler.update()

    assert list(recorded(train, tmp_path / "run").record.metrics)[:2] == ["d_loss", "g_loss"]


def test_backward_within_a_backward_is_no_call_of_the_scripts(tmp_path):
    from torch.utils.checkpoint import checkpoint_sequential

    def train():
        model = nn.Sequential(*(nn.Linear(8, 8) for _ in range(4)))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for inputs, _ in batches(2):
            loss = checkpoint_sequential(model, 4, inputs.requires_grad_(), use_reentrant=True).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    events = recorded(train, tmp_path / "run").events
    assert events[events.event == "Backward"][["code", "count"]].values.tolist() == [["loss.backward()", 2]]
