"""Where the way of a gradient ends: the line to edit, and the parameters behind it."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch import nn
from torch.distributions import Normal
from torch.utils.checkpoint import checkpoint

from tests.support.watched import cuts_of, reaches_of, watched


class Pair:
    """An encoder behind something, and a head on the way of the loss."""

    def __init__(self):
        self.encoder = nn.Linear(4, 4)
        self.head = nn.Linear(4, 1)
        self.optimizer = torch.optim.SGD([*self.encoder.parameters(), *self.head.parameters()], lr=0.1)

    def train(self, between, steps=2):
        encoder, head, optimizer = self.encoder, self.head, self.optimizer
        for _ in range(steps):
            hidden = between(encoder(torch.randn(8, 4)))
            loss = head(hidden).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def decorated(x):
    return x * 2


def block(x):
    with torch.no_grad():
        return x * 2


def inference(x):
    with torch.inference_mode():
        y = x * 2
    return y.clone()


def detach(x):
    return x.detach()


def data(x):
    return x.data


def array(x):
    return torch.from_numpy(x.detach().numpy() * 1.0)


def listed(x):
    values = x.tolist()
    return torch.tensor(values)


def indices(x):
    return nn.functional.one_hot(x.argmax(1), 4).float()


def cast(x):
    return x.long().float()


def compared(x):
    return (x > 0).float()


def rounded(x):
    return x.round()


def sampled(x):
    return Normal(x, 1.0).sample()


@pytest.mark.parametrize(
    ("between", "kind", "line"),
    [
        (decorated, "no_grad", 0),
        (block, "no_grad", 1),
        (inference, "inference_mode", 1),
        (detach, "detach", 1),
        (data, "data", 1),
        (array, "detach", 1),
        (listed, "item", 1),
        (indices, "index", 1),
        (cast, "cast", 1),
        (compared, "comparison", 1),
        (rounded, "rounding", 1),
        (sampled, "sample", 1),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_cut_is_named_with_its_line(tmp_path, between, kind, line):
    record = watched(lambda: Pair().train(between), tmp_path / "run")
    (cut,) = [one for one in cuts_of(record) if any(one.number in reach.cut for reach in reaches_of(record))]
    _, first = inspect.getsourcelines(between)
    assert (cut.kind, cut.site.line, cut.site.file) == (kind, first + line, __file__)


def test_a_cut_tells_which_parameters_are_behind_it(tmp_path):
    record = watched(lambda: Pair().train(detach), tmp_path / "run")
    names = [one.name for one in record.parameters]
    (reach,) = reaches_of(record)
    (positions,) = reach.cut.values()
    assert [names[position] for position in positions] == ["encoder.weight", "encoder.bias"]
    assert [names[position] for position in reach.reached] == ["head.weight", "head.bias"]


def test_a_stop_gradient_with_a_live_twin_leaves_the_parameter_reached(tmp_path):
    def straight_through(x):
        return x + (x.round() - x).detach()

    record = watched(lambda: Pair().train(straight_through), tmp_path / "run")
    (reach,) = reaches_of(record)
    assert len(reach.reached) == 4  # Weight and bias of both layers.


def test_of_two_cuts_in_a_row_the_one_that_alone_severs_is_named(tmp_path):
    """As REINFORCE with a detached log probability: the action is cut as well, and rightly."""

    def twice(x):
        action = (2 * x).detach()
        return (x * action).detach()  # The second.

    record = watched(lambda: Pair().train(twice), tmp_path / "run")
    (reach,) = reaches_of(record)
    (number,) = reach.cut
    (cut,) = [one for one in cuts_of(record) if one.number == number]
    lines, first = inspect.getsourcelines(twice)
    assert cut.site.line == first + len(lines) - 1


def test_what_only_lends_its_shape_is_not_reached(tmp_path):
    def shaped(x):
        return torch.ones(4, requires_grad=True).expand_as(x)

    record = watched(lambda: Pair().train(shaped), tmp_path / "run")
    (reach,) = reaches_of(record)
    names = [record.parameters[position].name for position in reach.reached]
    assert names == ["head.weight", "head.bias"]


def test_a_number_that_comes_back_is_followed_with_doubt(tmp_path):
    def measured(x):
        return torch.full((8, 4), x.mean().item())

    record = watched(lambda: Pair().train(measured), tmp_path / "run")
    (cut,) = [one for one in cuts_of(record) if any(one.number in reach.cut for reach in reaches_of(record))]
    assert (cut.kind, cut.certain) == ("item", False)


def test_a_generator_that_is_decorated_is_named(tmp_path):
    @torch.no_grad()
    def chunks(x):
        for part in x.split(4):
            yield part * 2

    record = watched(lambda: Pair().train(lambda x: torch.cat(list(chunks(x)))), tmp_path / "run")
    (cut,) = [one for one in cuts_of(record) if any(one.number in reach.cut for reach in reaches_of(record))]
    assert cut.site.code == "@torch.no_grad()"


def test_gradients_left_off_are_named_by_the_call(tmp_path):
    def leave_off():
        torch.set_grad_enabled(False)

    def train():
        pair = Pair()
        pair.train(lambda x: x, steps=1)
        leave_off()
        try:
            loss = pair.head(torch.randn(8, 4)).mean()
            with pytest.raises(RuntimeError, match="does not require grad"):
                loss.backward()
        finally:
            torch.set_grad_enabled(True)

    record = watched(train, tmp_path / "run")
    (observed,) = [
        seen.observed for seen in record.observations if getattr(seen.observed, "what", "") == "gradients-off"
    ]
    assert observed.site.code == "torch.set_grad_enabled(False)"


def test_a_reentrant_checkpoint_with_a_graph_is_no_cut(tmp_path):
    inner = nn.Linear(4, 4)

    def train():
        model = nn.Sequential(nn.Linear(4, 4), inner, nn.Linear(4, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            hidden = model[0](torch.randn(8, 4))
            loss = model[2](checkpoint(model[1], hidden, use_reentrant=True)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    record = watched(train, tmp_path / "run")
    reached = {position for reach in reaches_of(record) for position in reach.reached}
    assert reached == set(range(6))


def test_arrays_are_followed_by_identity(tmp_path):
    def through_numpy(x):
        array = x.detach().numpy()
        return torch.from_numpy(array)

    record = watched(lambda: Pair().train(through_numpy), tmp_path / "run")
    (reach,) = reaches_of(record)
    assert sum(len(positions) for positions in reach.cut.values()) == 2
