"""Custom functions run again on copies: which are wrong, which are other on purpose, and which are left alone."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.function import once_differentiable

from gradprobe.recorder.deep.functions.calls import can_be_run_again, copied
from gradprobe.recorder.deep.functions.derivative import mismatch
from tests.support.watched import observed, watched


def function(forward, backward, **more):
    members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Function", (torch.autograd.Function,), members | {k: staticmethod(v) for k, v in more.items()})


def saving(compute):
    def forward(ctx, *args):
        ctx.save_for_backward(*(one for one in args if isinstance(one, torch.Tensor)))
        ctx.rest = [one for one in args if not isinstance(one, torch.Tensor)]
        return compute(*args)

    return forward


def judged(forward, backward, *args, wanted=None, **more):
    """Return what is found of a function, whether its code may be run again or not."""
    wanted = wanted or tuple(isinstance(one, torch.Tensor) and one.is_floating_point() for one in args)
    call = copied(function(forward, backward, **more), args, wanted)
    with torch.no_grad():
        return mismatch(call)


X = torch.randn(16, 6, generator=torch.Generator().manual_seed(1))
RELUED = F.relu(X)  # Half of it lies on the corner.


class TestMeant:
    @pytest.mark.parametrize(
        ("forward", "backward", "args"),
        [
            (lambda ctx, x: x.view_as(x), lambda ctx, g: -g, (X,)),
            (lambda ctx, x: x.clone(), lambda ctx, g: g / g.norm(), (X,)),
            (saving(lambda x: x.clamp(-0.5, 0.5)), lambda ctx, g: g, (X,)),
            (saving(lambda x: x.clamp(-0.5, 0.5)), lambda ctx, g: 0.7 * g * ctx.saved_tensors[0].cos(), (X,)),
            (saving(torch.round), lambda ctx, g: g * 2 * ctx.saved_tensors[0].cos(), (X,)),
            (saving(torch.tanh), lambda ctx, g: g, (X,)),
            (saving(torch.tanh), lambda ctx, g: 0.5 * g, (X,)),
            (  # Guided backpropagation.
                saving(F.relu),
                lambda ctx, g: g.clamp(min=0) * (ctx.saved_tensors[0] > 0),
                (X,),
            ),
            (saving(F.relu), lambda ctx, g: torch.where(ctx.saved_tensors[0] > 0, g, 0.1 * g), (X,)),
            (saving(F.relu), lambda ctx, g: g * (ctx.saved_tensors[0] > 0), (RELUED,)),
            (saving(F.relu), lambda ctx, g: g * (ctx.saved_tensors[0] >= 0), (RELUED,)),
            (  # A spiking neuron's surrogate.
                saving(lambda x: (x > 0).to(x.dtype)),
                lambda ctx, g: g / (1 + (math.pi * ctx.saved_tensors[0]) ** 2),
                (X,),
            ),
            (saving(lambda x: x.exp() * 0 + x.exp()), lambda ctx, g: torch.zeros_like(g), (X,)),
        ],
        ids=range(13),
    )
    def test_other_derivatives_on_purpose(self, forward, backward, args):
        assert judged(forward, backward, *args) is None

    def test_feedback_alignment(self):
        weight, feedback = torch.randn(6, 4), torch.randn(6, 4)
        found = judged(
            saving(lambda x, w, b: x @ w),
            lambda ctx, g: (g @ ctx.saved_tensors[2].t(), ctx.saved_tensors[0].t() @ g, None),
            *(X, weight, feedback),
            wanted=(True, True, False),
        )
        assert found is None

    def test_a_number_that_only_backward_uses(self):
        found = judged(
            saving(lambda x, scale: x.exp()),
            lambda ctx, g: (ctx.rest[0] * g * ctx.saved_tensors[0].exp(), None),
            X,
            0.1,
        )
        assert found is None

    def test_a_gradient_that_is_given(self):
        found = judged(  # Score distillation: the loss is a constant, its gradient an argument.
            saving(lambda x, wish: torch.ones(1)),
            lambda ctx, g: (ctx.saved_tensors[1] * g, None),
            X,
            X * 2,
            wanted=(True, False),
        )
        assert found is None

    def test_a_learned_quantiser(self):
        def backward(ctx, g):
            x, s = ctx.saved_tensors
            return g, (g * ((x / s).round() - x / s)).sum().view(1)

        assert judged(saving(lambda x, s: (x / s).round() * s), backward, X, torch.full((1,), 0.1)) is None

    def test_a_spike_beside_its_potential(self):
        def forward(ctx, potential, current):
            after = 0.9 * potential + current
            spike = (after > 0.5).to(after.dtype)
            ctx.save_for_backward(after)
            return spike, after * (1 - spike)

        def backward(ctx, g_spike, g_after):
            (after,) = ctx.saved_tensors
            g = g_spike / (1 + after.square()) + g_after * (after <= 0.5)
            return 0.9 * g, g

        assert judged(forward, backward, X, X.flip(0)) is None

    def test_a_forward_that_rounds(self):
        def forward(ctx, x):
            return x + x.round()

        assert not can_be_run_again(function(forward, lambda ctx, g: 2 * g))


class TestRight:
    @pytest.mark.parametrize(
        ("forward", "backward", "args"),
        [
            (saving(torch.sqrt), lambda ctx, g: g / (2 * ctx.saved_tensors[0].sqrt()), (X.square() + 1e-6,)),
            (saving(lambda x: x.logsumexp(1)), lambda ctx, g: g[:, None] * ctx.saved_tensors[0].softmax(1), (X,)),
            (
                saving(lambda x, y: F.cross_entropy(x, y)),
                lambda ctx, g: (g * (ctx.saved_tensors[0].softmax(1) - F.one_hot(ctx.saved_tensors[1], 6)) / 16, None),
                (X, torch.arange(16) % 6),
            ),
            (saving(lambda x: x.cumsum(0)), lambda ctx, g: g.flip(0).cumsum(0).flip(0), (X,)),
            (
                saving(lambda x: x.max(1).values),
                lambda ctx, g: g[:, None] * (ctx.saved_tensors[0] == ctx.saved_tensors[0].amax(1, True)),
                (X,),
            ),
            (saving(lambda x: x * 1e-6), lambda ctx, g: g * 1e-6, (X,)),
            (saving(lambda x: x.float().exp()), lambda ctx, g: g * ctx.saved_tensors[0].float().exp(), (X,)),
        ],
        ids=range(7),
    )
    def test_exact_derivatives(self, forward, backward, args):
        assert judged(forward, backward, *args) is None

    def test_two_outputs_one_of_them_without_a_gradient(self):
        def forward(ctx, x):
            values, indices = x.sort(1)
            ctx.save_for_backward(indices)
            ctx.mark_non_differentiable(indices)
            return values * 2, indices, x.exp().sum()

        def backward(ctx, g, _, h):
            return torch.zeros(16, 6, dtype=g.dtype).scatter(1, ctx.saved_tensors[0], 2 * g) + h

        assert judged(forward, backward, X) is not None  # `h * x.exp()` would be right.

    def test_context_set_up_apart(self):
        def setup(ctx, inputs, output):
            ctx.save_for_backward(output)

        found = [
            judged(lambda x: x.exp(), lambda ctx, g, n=n: g * n * ctx.saved_tensors[0], X, setup_context=setup)
            for n in (1, 2)
        ]
        assert found[0] is None
        assert found[1].ratio == pytest.approx(2)  # Twice the derivative, in every direction.


class TestWrong:
    @pytest.mark.parametrize(
        ("compute", "backward", "ratio"),
        [
            (lambda x: x.square().mean(), lambda ctx, g: g * 2 * ctx.saved_tensors[0], 96),  # Elements of X: 16 * 6.
            (torch.exp, lambda ctx, g: -g * ctx.saved_tensors[0].exp(), -1),
            (torch.sigmoid, lambda ctx, g: g * ctx.saved_tensors[0].sigmoid(), None),
            (lambda x: x.softmax(1), lambda ctx, g: g * ctx.saved_tensors[0].softmax(1), None),
        ],
    )
    def test_wrong_derivatives(self, compute, backward, ratio):
        found = judged(saving(compute), backward, X)
        assert found.position == 0
        assert found.ratio == (None if ratio is None else pytest.approx(ratio, rel=1e-3))

    def test_what_is_nearly_right_passes(self):
        found = [
            judged(saving(torch.exp), lambda ctx, g, n=n: n * g * ctx.saved_tensors[0].exp(), X) for n in (1.04, 1.06)
        ]
        assert found[0] is None  # 4 % is within what an approximation may be off.
        assert found[1] is not None


CALLS = []
COUNT = {"forward": 0}


def helper(x):
    return torch.where(x > 0, x, x.exp() - 1)


def noting(x):
    CALLS.append(1)
    return x


class TestWhatMayBeRunAgain:
    @pytest.mark.parametrize(
        "forward",
        [
            lambda ctx, x: helper(x),
            lambda ctx, x: F.softplus(x) * math.pi + sum(one for one in x.unbind(0)),
            lambda ctx, x: torch.stack([part.exp() for part in x]),
        ],
    )
    def test_what_only_computes(self, forward):
        assert can_be_run_again(function(forward, lambda ctx, g: g))

    @pytest.mark.parametrize(
        "forward",
        [
            lambda ctx, x: noting(x),
            lambda ctx, x: COUNT.update(forward=1) or x.exp(),
            lambda ctx, x: x * torch.rand_like(x),
            lambda ctx, x: F.dropout(x),
            lambda ctx, x: print(x) or x,
            lambda ctx, x: torch.distributed.all_reduce(x),
            lambda ctx, x, run: run(x),
            lambda ctx, x: nn.Linear(4, 4)(x),
            lambda ctx, x: setattr(x, "seen", True) or x,
            lambda ctx, x, seen=[]: seen.append(1) or x,
            lambda ctx, x, *, seen={}: seen.setdefault("x", x),
            torch.exp,
        ],
    )
    def test_what_may_do_more(self, forward):
        cls = function(forward, lambda ctx, g: g)
        may = can_be_run_again(cls)
        assert not may or copied(cls, (X, torch.exp), (True, False)) is None

    def test_a_module_among_the_arguments(self):
        assert copied(function(lambda ctx, x, m: m(x), lambda ctx, g: g), (X, nn.ReLU()), (True, False)) is None

    def test_a_list_among_the_arguments_stays_as_it_is(self):
        def counting(ctx, x, counts):
            counts[0] += 1
            return x.exp()

        counts = [0]
        call = copied(function(counting, lambda ctx, g: (2 * g, None)), (X, counts), (True, False))
        counts[0] = 7
        mismatch(call)
        assert counts == [7]
        assert call.arguments[1] == [0]

    def test_large_batches_are_cut_down_and_large_weights_left_alone(self):
        cls = function(lambda ctx, x, w: x @ w, lambda ctx, g: (g, g))
        call = copied(cls, (torch.randn(4096, 64), nn.Parameter(torch.randn(64, 8))), (True, True))
        assert [one.shape for one in call.arguments] == [
            (64, 64),
            (64, 8),
        ]  # 4096 elements of the one, all of the other.
        assert copied(cls, (torch.randn(16, 1024), nn.Parameter(torch.randn(1024, 1024))), (True, True)) is None


class Cubed(torch.autograd.Function):
    runs: int = 0

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        return grad * 2 * ctx.saved_tensors[0] ** 2


def trained():
    torch.manual_seed(0)
    layer = nn.Linear(4, 4)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
    for _ in range(3):
        optimizer.zero_grad()
        Cubed.apply(layer(torch.randn(8, 4))).sum().backward()
        optimizer.step()
    return torch.cat([one.detach().flatten() for one in layer.parameters()]), torch.rand(3)


def test_training_is_the_same_and_the_argument_named(tmp_path):
    kept = []
    record = watched(lambda: kept.append(trained()), tmp_path / "run")
    (found,) = observed(record, "wrong-backward")
    assert found.detail["argument"] == "x"
    assert found.detail["ratio"] == pytest.approx(2 / 3, rel=1e-3)  # 2 x² where 3 x² is right.
    assert set(found.parameters) == {"layer.weight", "layer.bias"}
    assert found.site.code == "return grad * 2 * ctx.saved_tensors[0] ** 2"
    for one, other in zip(kept[0], trained(), strict=True):
        assert torch.equal(one, other)
