"""What deep steps see of losses: what they are given, the pairs they are made of, their dtype and their labels."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradprobe.recorder.deep.squashed import is_distribution
from tests.support.watched import observed, watched


def trained(loss_of, steps=3, *, parameters=None):
    """Return code that trains a linear layer with a loss of its output and of class labels."""

    def code():
        torch.manual_seed(0)
        layer = nn.Linear(6, 3)
        optimizer = torch.optim.SGD(layer.parameters() if parameters is None else parameters, lr=0.1)
        for _ in range(steps):
            x = torch.randn(8, 6)
            loss = loss_of(layer(x), x[:, :3].argmax(1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return code


def contracts(loss_of, folder):
    return [
        (one.detail["contract"], one.detail["given"])
        for one in observed(watched(trained(loss_of), folder), "loss-input")
    ]


def by_hand(z):
    e = torch.exp(z - z.max(1, keepdim=True).values)
    return e / e.sum(1, keepdim=True)


@pytest.mark.parametrize(
    ("loss_of", "expected"),
    [
        (lambda z, y: F.cross_entropy(z.softmax(1), y), ("logits", "softmax")),
        (lambda z, y: F.cross_entropy(z.softmax(1).clamp(1e-7).view(-1, 3).float(), y), ("logits", "softmax")),
        (lambda z, y: F.cross_entropy(by_hand(z), y), ("logits", "softmax")),
        (lambda z, y: F.cross_entropy(z.log_softmax(1).exp(), y), ("logits", "softmax")),
        (lambda z, y: F.cross_entropy((z.softmax(1) + z.mul(2).softmax(1)) / 2, y), ("logits", "distribution")),
        (lambda z, y: -F.log_softmax(z.softmax(1), 1).mean(), ("logits", "softmax")),
        (lambda z, y: F.cross_entropy(torch.log(z.softmax(1)), y), ("logits", "log-softmax")),
        (
            lambda z, y: F.binary_cross_entropy_with_logits(z.sigmoid(), z.detach().sigmoid()),
            ("logits-binary", "sigmoid"),
        ),
        (
            lambda z, y: F.multilabel_soft_margin_loss(1 / (1 + torch.exp(-z)), F.one_hot(y, 3)),
            ("logits-binary", "sigmoid"),
        ),
        (lambda z, y: F.nll_loss(z.softmax(1), y), ("log-probabilities", "softmax")),
        (lambda z, y: F.kl_div(z, F.one_hot(y, 3).float(), reduction="sum"), ("log-probabilities", "raw")),
        (
            lambda z, y: F.kl_div(z.log_softmax(1), z.detach().log_softmax(1), reduction="sum"),
            ("target-probabilities", "log-softmax"),
        ),
    ],
)
def test_breaches_are_known_by_what_made_the_input_and_by_its_values(loss_of, expected, tmp_path):
    assert contracts(loss_of, tmp_path / "run") == [expected]


@pytest.mark.parametrize(
    "loss_of",
    [
        lambda z, y: F.cross_entropy(z, y) + F.cross_entropy(z, z.detach().softmax(1)),
        lambda z, y: F.cross_entropy(z.softmax(1) / 0.1, y),
        lambda z, y: F.cross_entropy(z.softmax(0), y),  # Over the batch: the rows do not sum to one.
        lambda z, y: F.binary_cross_entropy(z.sigmoid(), z.detach().sigmoid()),
        lambda z, y: F.nll_loss(z, y) + z.logsumexp(1).mean(),  # Cross entropy, in two parts.
        lambda z, y: F.nll_loss((1 - z.softmax(1)) ** 2 * z.log_softmax(1), y),
        lambda z, y: F.kl_div(z.log_softmax(1), z.detach().log_softmax(1), reduction="sum", log_target=True),
        lambda z, y: z.sum() + 0 * F.cross_entropy(z.detach().softmax(1), y),  # No gradient flows through it.
    ],
)
def test_what_keeps_the_contract_is_quiet(loss_of, tmp_path):
    assert contracts(loss_of, tmp_path / "run") == []


def test_the_places_of_a_module_in_a_sequential(tmp_path):
    def code():
        net = nn.Sequential(
            nn.Linear(6, 3),
            nn.Softmax(dim=1),
        )
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        F.cross_entropy(net(torch.randn(8, 6)), torch.zeros(8, dtype=torch.long)).backward()
        optimizer.step()

    [one] = observed(watched(code, tmp_path / "run"), "loss-input")
    first = code.__code__.co_firstlineno
    assert {end.role: end.site.line - first for end in one.related} == {"made here": 6, "built here": 3, "backward": 6}
    assert "__init__" not in vars(nn.Sigmoid)  # Put back.


@pytest.mark.parametrize(
    ("shape", "dim", "expected"), [((4, 3), 1, True), ((4, 3), 0, False), ((4, 1), 1, False), ((2, 3, 5), 1, True)]
)
def test_a_distribution_sums_to_one_over_two_entries_or_more(shape, dim, expected):
    values = torch.rand(shape).softmax(1)
    assert is_distribution(values, dim) is expected


def column(z):
    return z[:, :1] * 1.0


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize(
    ("loss_of", "count"),
    [
        (lambda z, y: F.mse_loss(column(z), y.float()), 1),
        (lambda z, y: (column(z) - y.float()).pow(2).mean(), 1),
        (lambda z, y: (F.cross_entropy(z, y, reduction="none") * torch.ones(8, 1)).mean(), 1),
        (lambda z, y: F.mse_loss(z[:, 0], y.float()), 0),
        (lambda z, y: (column(z) - y.float()).mean(), 0),  # The mean of all differences is that of the right ones.
        (lambda z, y: (z[:, 0].unsqueeze(1) - y.float()).abs().mean(), 0),  # An energy distance.
        (lambda z, y: F.relu(0.1 - (column(z) - z[:, 0])).mul(torch.rand(8, 8)).mean(), 0),  # Pairs with weights.
        (lambda z, y: (column(z) - y.float()).abs().min(1).values.mean(), 0),
        (lambda z, y: (column(z) - column(z).T).pow(2).mean(), 0),
    ],
)
def test_pairs_that_nobody_meant(loss_of, count, tmp_path):
    assert len(observed(watched(trained(loss_of), tmp_path / "run"), "broadcast-pairs")) == count


def test_the_line_that_made_a_loss_float64(tmp_path):
    def code():
        layer = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        target = torch.from_numpy(np.ones((4, 1)))
        F.mse_loss(layer(torch.ones(4, 3)), target[:4]).backward()
        optimizer.step()

    [one] = observed(watched(code, tmp_path / "run"), "loss-widened")
    assert one.site.line == code.__code__.co_firstlineno + 3
    assert one.detail["by"] == "from_numpy"


@pytest.mark.parametrize("kind", ["cast", "model", "metric"])
def test_float64_that_was_asked_for_is_quiet(kind, tmp_path):
    def loss_of(z, y):
        target = torch.ones(8, 3, dtype=torch.float64)
        with torch.no_grad():
            F.mse_loss(z, target)
        return F.mse_loss(z.double(), target) if kind == "cast" else z.square().mean()

    def code():
        if kind == "model":
            layer = nn.Linear(3, 1).double()
            optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
            F.mse_loss(layer(torch.ones(4, 3).double()), torch.ones(4, 1).double()).backward()
            optimizer.step()
        else:
            trained(loss_of)()

    assert not observed(watched(code, tmp_path / "run"), "loss-widened")


def test_labels_are_counted_over_all_looks(tmp_path):
    batches = iter([-100, -100, 1])

    def loss_of(z, y):
        labels = torch.full((8,), next(batches))
        return F.cross_entropy(z, labels, reduction="sum")

    [one] = observed(watched(trained(loss_of), tmp_path / "run"), "labels-ignored")
    assert (one.detail["looks"], one.detail["ignored"]) == (3, 2)
    assert "labels written here" in [end.role for end in one.related]


def test_a_forward_that_no_loss_depends_on_until_one_does(tmp_path):
    used = iter([False, False, True])
    penalty = nn.Parameter(torch.ones(3))

    def loss_of(z, y):
        return F.cross_entropy(z, y) if next(used) else penalty.square().sum()

    record = watched(trained(loss_of, 2, parameters=[penalty]), tmp_path / "never")
    [one] = observed(record, "forward-ignored")
    assert len(one.parameters) == 2  # Weight and bias of the layer.
    used = iter([False, False, True])
    record = watched(trained(loss_of, 3, parameters=[penalty]), tmp_path / "later")
    assert all(not one.parameters for one in observed(record, "forward-ignored"))
