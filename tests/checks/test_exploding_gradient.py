"""exploding-gradient: steps larger than the weights, losses that grow, and what makes them so."""

from dataclasses import replace

import pytest

from gradprobe.record.record import Account
from gradprobe.values import Confidence, Observation, RelatedSite, Severity, Site
from gradprobe_checks import non_finite_origin
from gradprobe_checks.exploding_gradient import CHECK
from tests.support.records import SITE, record

NAN, INF = float("nan"), float("inf")
INIT = Site("/home/user/net.py", 11, "__init__", "self.w = nn.Parameter(torch.randn(n, m))")
LOOP = Site("/home/user/net.py", 30, "rollout", "v = v + dt * acc(x, v)")
ROOT = Site("/home/user/net.py", 40, "loss", "d = x.sqrt()")
NAME = "model.weight"
ACCOUNT = Account("weight of Linear", None, None, "initialised", True, None, 1, 3, 0, True, scale=0.1)


def way(*, gain=0.0, uses=0, repeats=0, steps=9):
    related = [RelatedSite(INIT, "set large here")] if gain else []
    related += [RelatedSite(LOOP, "repeated here")] if repeats else []
    detail = {"depths": "1", "steps": steps, "here": 1, "squashes": 0, "squash": "", "gain": 0.0, "constant": 1.0}
    return Observation(
        "depths", LOOP, tuple(related), (NAME,), {**detail, "large_gain": gain, "uses": uses, "repeats": repeats}
    )


def born(operation="relu", how="forward", **detail):
    return Observation("non-finite-born", ROOT, (), (), {"operation": operation, "how": how, "order": 0, **detail})


def make(norms, losses, *observations, optimizer="SGD", lr=1e-3):
    """One weight of 4 elements with values of 0.1: a norm of 2,000 is a step of 1e-3 * 1,000 / 0.1 = 10 times that."""
    made = record(
        {"model": ["weight"]},
        {NAME: norms},
        {"loss": losses},
        shapes={NAME: (2, 2)},
        observations=observations,
        accounts={NAME: ACCOUNT},
    )
    return replace(made, optimizers=(replace(made.optimizers[0], type=optimizer, settings={"lr": lr}),))


def find(*arguments, **options):
    return list(CHECK.find(make(*arguments, **options)))


def test_names_the_learning_rate_where_it_grows_from_step_to_step():
    (found,) = find([1.0, 100.0, 1e5, *[NAN] * 4], [1.0, 50.0, 1e7, *[NAN] * 4])

    assert (found.severity, found.confidence, found.location) == (Severity.ERROR, Confidence.LIKELY, SITE)
    assert "explode" in found.title
    assert "learning rate" in found.fix


def test_names_the_line_that_runs_on_its_own_result():
    (found,) = find([1e9, *[NAN] * 4], [1e9, *[NAN] * 4], way(repeats=15))

    assert (found.location, found.confidence) == (LOOP, Confidence.CERTAIN)
    assert "clip" in found.fix


@pytest.mark.parametrize(
    ("gain", "uses", "is_named"), [(7.0, 1, True), (1.42, 1, False), (1.5, 80, True), (1.05, 80, False)]
)
def test_names_the_weights_that_are_too_large(gain, uses, is_named):
    (found,) = find([1e9, *[NAN] * 4], [1e9, *[NAN] * 4], way(gain=gain, uses=uses, repeats=15))

    assert (found.location == INIT) == is_named


@pytest.mark.parametrize(("norm", "findings"), [(1999.0, 0), (2001.0, 1)])
def test_how_large_a_step_must_be(norm, findings):
    assert len(find([norm, NAN, NAN, NAN], [1.0, NAN, NAN, NAN])) == findings


@pytest.mark.parametrize(("last", "findings"), [(999.0, 0), (1001.0, 1)])
def test_how_much_a_loss_must_have_grown(last, findings):
    assert len(find([1.0] * 5, [1.0, last, NAN, NAN, NAN])) == findings


def test_a_root_at_zero_after_ordinary_gradients_is_not_ours():
    assert find([1.0, *[NAN] * 4], [1.0, *[NAN] * 4], born("sqrt", "backward")) == []
    assert find([1.0, 5000.0, *[NAN] * 4], [1.0, 2.0, *[NAN] * 4], born("sqrt", "backward")) == []


def test_data_that_is_not_finite_is_not_ours():
    assert find([1e9, *[NAN] * 4], [1e9, *[NAN] * 4], born("data")) == []


@pytest.mark.parametrize(
    ("operation", "detail", "findings"),
    [
        ("linear", {"seen": True, "half": False}, 1),
        ("linear", {"seen": True, "half": True}, 0),
        ("linear", {"seen": False, "half": False}, 0),
        ("exp", {"seen": True, "half": False}, 0),
    ],
)
def test_an_overflow_in_the_first_forward(operation, detail, findings):
    assert len(find([NAN] * 5, [INF] * 5, born(operation, **detail))) == findings


def test_a_run_that_ends_before_it_is_infinite_is_a_warning():
    (found,) = find([1.0, 1e4, 1e6, 1e8], [1.0, 1e3, 1e6, 1e9])

    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("norms", "losses", "optimizer"),
    [
        ([1e9, 10.0, 1.0, 1.0, 1.0], [1e9, 10.0, 1.0, 1.0, 1.0], "SGD"),  # A large first loss that falls.
        ([1e9] * 5, [1.0] * 5, "SGD"),  # Large and stable.
        ([1.0] * 5, [1e-6, 1.0, 10.0, 10.0, 10.0], "SGD"),  # A loss that was nearly zero first.
        ([1.0, 1e6, 1.0, 1.0, 1.0], [1.0, 1e6, 1.0, 1.0, 1.0], "SGD"),  # A spike.
        ([1e9, NAN, NAN, NAN], [1.0, NAN, NAN, NAN], "Adam"),  # Adam's step has the size of its rate.
    ],
)
def test_is_quiet_where(norms, losses, optimizer):
    assert find(norms, losses, optimizer=optimizer) == []


def test_where_a_nan_was_born_follows_from_it():
    made = make([1e9, *[NAN] * 4], [1e9, *[NAN] * 4], born("relu"))

    assert list(CHECK.find(made))
    assert list(non_finite_origin.CHECK.find(made)) == []
