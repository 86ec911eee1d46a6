"""Where a gradient scaler's factor is: on whose gradients, for which threshold, and what is done with them by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradprobe.values import Backward, ClipCall
from tests.support.watched import observed, watched

SCALE = 1024.0


def trained(work, steps=3):
    """Return code that calls `work(layer, optimizer, scaler)` between a scaled backward and the step."""

    def code():
        torch.manual_seed(0)
        layer = nn.Linear(4, 1)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
        scaler = torch.amp.GradScaler("cpu", init_scale=SCALE)
        for _ in range(steps):
            optimizer.zero_grad()
            scaler.scale(F.mse_loss(layer(torch.randn(8, 4)), torch.randn(8, 1))).backward()
            work(layer, optimizer, scaler)
            scaler.step(optimizer)
            scaler.update()

    return code


def clips(work, folder):
    record = watched(trained(work), folder)
    return [seen.call.still_scaled for seen in record.calls if isinstance(seen.call, ClipCall)]


def clip(layer, limit):
    nn.utils.clip_grad_norm_(layer.parameters(), limit)


@pytest.mark.parametrize(
    ("work", "scaled"),
    [
        (lambda layer, optimizer, scaler: clip(layer, 1.0), True),
        (lambda layer, optimizer, scaler: (scaler.unscale_(optimizer), clip(layer, 1.0)), False),
        (lambda layer, optimizer, scaler: clip(layer, 0.5 * scaler.get_scale()), False),
        (lambda layer, optimizer, scaler: (scaler.get_scale(), clip(layer, 0.5)), True),  # 0.5 / 1024 is no such limit.
    ],
)
def test_clipping_by_torch(work, scaled, tmp_path):
    assert clips(work, tmp_path / "run") == [scaled]


def test_another_optimizers_gradients_stay_scaled(tmp_path):
    def code():
        one, two = nn.Linear(4, 1), nn.Linear(4, 1)
        first, second = (torch.optim.SGD(net.parameters(), lr=0.01) for net in (one, two))
        scaler = torch.amp.GradScaler("cpu", init_scale=SCALE)
        x = torch.randn(8, 4)
        (scaler.scale(one(x).mean()) + 0.5 * scaler.scale(two(x).mean())).backward()
        scaler.unscale_(first)
        nn.utils.clip_grad_norm_(one.parameters(), 1.0)
        nn.utils.clip_grad_norm_(list(two.parameters()), 1.0)
        scaler.step(first)
        scaler.step(second)
        scaler.update()

    record = watched(code, tmp_path / "run")
    found = {seen.call.site.line: seen.call.still_scaled for seen in record.calls if isinstance(seen.call, ClipCall)}
    first = code.__code__.co_firstlineno
    assert found == {first + 7: False, first + 8: True}
    assert [seen.call.scaled for seen in record.calls if isinstance(seen.call, Backward)] == [
        True
    ]  # A sum of scaled ones.


def norm_of(layer):
    return torch.stack([one.grad.norm() for one in layer.parameters()]).norm()


def multiply(layer, factor):
    for one in layer.parameters():
        one.grad.mul_(factor)


def clamp(layer):
    for one in layer.parameters():
        one.grad = torch.clamp(one.grad, -0.1, 0.1)


@pytest.mark.parametrize(
    ("work", "kinds"),
    [
        (lambda layer, optimizer, scaler: multiply(layer, (1 / norm_of(layer)).clamp(max=1.0)), ["clipped"]),
        (lambda layer, optimizer, scaler: multiply(layer, 1 / (1e-6 + norm_of(layer).item())), ["clipped"]),
        (lambda layer, optimizer, scaler: clamp(layer), ["clamped"]),
        (lambda layer, optimizer, scaler: norm_of(layer).item(), ["read"]),
        (lambda layer, optimizer, scaler: norm_of(layer) / scaler.get_scale(), []),
        (lambda layer, optimizer, scaler: (multiply(layer, 1 / SCALE), norm_of(layer)), []),
        (lambda layer, optimizer, scaler: (scaler.unscale_(optimizer), clamp(layer)), []),
        (lambda layer, optimizer, scaler: multiply(layer, 0.5), []),  # A mean of two micro-batches.
        (lambda layer, optimizer, scaler: [torch.isfinite(one.grad).all() for one in layer.parameters()], []),
    ],
)
def test_work_by_hand(work, kinds, tmp_path):
    record = watched(trained(work), tmp_path / "run")
    assert [one.detail["kind"] for one in observed(record, "scaled-gradients")] == kinds


def test_steps_that_are_left_out_are_counted_to_the_end(tmp_path):
    def code():
        layer = nn.Linear(4, 1)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
        scaler = torch.amp.GradScaler("cpu", init_scale=SCALE)
        for step in range(12):
            optimizer.zero_grad()
            scaler.scale(layer(torch.randn(8, 4)).mean() * (1.0 if step < 2 else float("inf"))).backward()
            scaler.step(optimizer)
            scaler.update()

    [one] = observed(watched(code, tmp_path / "run"), "scaler-steps")
    # The last step is asked for at 1024 / 2**9, before its own halving.
    assert [one.detail[name] for name in ("taken", "skipped", "in_a_row", "last_scale")] == [2, 10, 10, 2.0]
    assert [end.site.line - code.__code__.co_firstlineno for end in one.related] == [3]
