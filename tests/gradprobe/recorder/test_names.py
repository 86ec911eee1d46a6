"""Modules and parameters carry the names that the user would write."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.support.training import Classifier, batches, parameter, recorded

cross_entropy = nn.functional.cross_entropy
INPUTS, CLASSES = batches(1)[0]


def _step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _roots(run):
    return [module.name for module in run.record.modules if module.depth == 0]


def test_variable_then_path(tmp_path):
    def train():
        qwen = Classifier()
        _step(torch.optim.SGD(qwen.parameters(), lr=0.1), cross_entropy(qwen(INPUTS), CLASSES))

    run = recorded(train, tmp_path / "run")
    assert [module.name for module in run.record.modules] == ["qwen", "qwen.encoder", "qwen.encoder.0", "qwen.head"]
    assert [module.type for module in run.record.modules] == ["Classifier", "Sequential", "Linear", "Linear"]
    assert [module.depth for module in run.record.modules] == [0, 1, 2, 1]
    assert run.record.parameters[0].name == "qwen.encoder.0.weight"


def test_attribute_of_a_trainer(tmp_path):
    class Trainer:
        def __init__(self):
            self.policy = Classifier()
            self.optimizer = torch.optim.SGD(self.policy.parameters(), lr=0.1)

        def fit(self):
            _step(self.optimizer, cross_entropy(self.policy(INPUTS), CLASSES))

    assert _roots(recorded(lambda: Trainer().fit(), tmp_path / "run")) == ["policy"]


def test_helper_that_trains_whatever_it_is_given(tmp_path):
    def train_step(model, optimizer):
        _step(optimizer, cross_entropy(model(INPUTS), CLASSES))

    def train():
        actor, critic = Classifier(), Classifier()
        first = torch.optim.SGD(actor.parameters(), lr=0.1)
        second = torch.optim.SGD(critic.parameters(), lr=0.1)
        for _ in range(2):
            train_step(actor, first)
            train_step(critic, second)

    run = recorded(train, tmp_path / "run")
    assert _roots(run) == ["actor", "critic"]
    assert parameter(run.record, "critic.head.bias").counts.flowing == 2


def test_list_dict_and_bare_parameter(tmp_path):
    def train():
        heads = {"left": Classifier(), "right": Classifier()}
        layers = [nn.Linear(8, 8), nn.Linear(8, 8)]
        scale = torch.ones(1, requires_grad=True)
        everything = [scale]
        for module in (*heads.values(), *layers):
            everything += list(module.parameters())
        optimizer = torch.optim.SGD(everything, lr=0.1)
        hidden = layers[1](layers[0](INPUTS)) * scale
        _step(optimizer, sum(cross_entropy(head(hidden), CLASSES) for head in heads.values()))

    run = recorded(train, tmp_path / "run")
    assert set(_roots(run)) == {"heads.left", "heads.right", "layers.0", "layers.1", "scale"}


def test_part_of_another_module_goes_by_its_path(tmp_path):
    def train():
        model = Classifier()
        head = model.head
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        _step(optimizer, cross_entropy(head(model.encoder(INPUTS)), CLASSES))

    assert _roots(recorded(train, tmp_path / "run")) == ["model"]


def test_parameters_that_no_variable_holds(tmp_path):
    def optimizer_of_something():
        weight = nn.Parameter(torch.ones(2))
        return torch.optim.SGD([weight], lr=0.1), (weight**2).sum()

    def train():
        _step(*optimizer_of_something())

    record = recorded(train, tmp_path / "run").record
    assert [row.name for row in record.parameters] == ["SGD.params.0"]
    assert record.parameters[0].counts.flowing == 1


def test_names_given_to_the_optimizer(tmp_path):
    def optimizer_of_something():
        weight = nn.Parameter(torch.ones(2))
        return torch.optim.SGD([("temperature", weight)], lr=0.1), (weight**2).sum()

    def train():
        _step(*optimizer_of_something())

    assert [row.name for row in recorded(train, tmp_path / "run").record.parameters] == ["temperature"]


def test_compiled_and_data_parallel_wrappers_go_by_the_model_inside(tmp_path):
    def train():
        model = Classifier()
        compiled = torch.compile(model, backend="eager")
        optimizer = torch.optim.SGD(compiled.parameters(), lr=0.1)
        _step(optimizer, cross_entropy(compiled(INPUTS), CLASSES))

    run = recorded(train, tmp_path / "run")
    assert _roots(run) == ["model"]
    assert parameter(run.record, "model.head.bias").counts.flowing == 1


def test_tied_weights_stand_once(tmp_path):
    def train():
        model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
        model[2].weight = model[0].weight
        _step(torch.optim.SGD(model.parameters(), lr=0.1), model(INPUTS).sum())

    names = [row.name for row in recorded(train, tmp_path / "run").record.parameters]
    assert names == ["model.0.weight", "model.0.bias", "model.2.bias"]


def test_module_replaced_under_its_name_is_another_object_of_that_name(tmp_path):
    def train():
        model = Classifier()
        for _ in range(3):
            model.head = nn.Linear(16, 3)
            _step(torch.optim.SGD(model.parameters(), lr=0.1), cross_entropy(model(INPUTS), CLASSES))

    run = recorded(train, tmp_path / "run")
    assert len(run.record.parameters) == 4
    assert parameter(run.record, "model.head.weight").objects == 3
    created = run.events[run.events.event == "ParameterCreated"]
    assert created.code.tolist() == ["model.head = nn.Linear(16, 3)"]
    assert created["count"].tolist() == [4]  # weight and bias, in the second and the third step


def test_module_that_no_optimizer_owns_is_listed_without_being_due(tmp_path):
    def train():
        qwen, agent = Classifier(), Classifier()
        _step(
            torch.optim.SGD(agent.parameters(), lr=0.1), cross_entropy(agent(INPUTS), CLASSES) + qwen(INPUTS).sum() * 0
        )

    record = recorded(train, tmp_path / "run").record
    assert parameter(record, "qwen.head.bias").optimizer is None
    assert parameter(record, "agent.head.bias").optimizer == 0
    assert parameter(record, "qwen.head.bias").counts.none == 0


def test_frozen_parameter_is_not_trainable_and_thawing_is_noticed(tmp_path):
    def train():
        model = Classifier()
        model.encoder.requires_grad_(False)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        _step(optimizer, cross_entropy(model(INPUTS), CLASSES))
        model.encoder[0].bias.requires_grad_(True)
        _step(optimizer, cross_entropy(model(INPUTS), CLASSES))

    record = recorded(train, tmp_path / "run").record
    weight, bias = (parameter(record, f"model.encoder.0.{name}") for name in ("weight", "bias"))
    assert (weight.trainable, weight.counts.looked_at) == (False, 0)
    assert (bias.trainable, bias.counts.flowing, bias.counts.none) == (True, 1, 0)


@pytest.mark.parametrize(
    "name",
    [
        "[red]bold[/red]",
        "line\nbreak",
        "\x1b[31mred\x07",
        "\u202eright to left",
        "x" * 10_000,
        "</script>",
        "'; DROP TABLE steps; --",
    ],
)
def test_hostile_module_names_are_kept_as_they_are(tmp_path, name):
    def train():
        model = nn.Module()
        model.add_module(name, nn.Linear(8, 3))
        _step(torch.optim.SGD(model.parameters(), lr=0.1), cross_entropy(model.get_submodule(name)(INPUTS), CLASSES))

    assert f"model.{name}.weight" in [row.name for row in recorded(train, tmp_path / "run").record.parameters]


def test_unnamed_parameters_of_two_optimizers_are_told_apart(tmp_path):
    def optimizer_of_something():
        weight = nn.Parameter(torch.ones(2))
        return torch.optim.SGD([weight], lr=0.1), weight

    def train():
        # Held where no variable of this frame names them.
        held = iter([optimizer_of_something(), optimizer_of_something()])
        for _ in range(2):
            optimizer, weight = next(held)
            loss = (weight**2).sum()
            del weight
            _step(optimizer, loss)

    record = recorded(train, tmp_path / "run").record
    assert [row.name for row in record.parameters] == ["SGD.params.0", "SGD#1.params.0"]
    assert [row.objects for row in record.parameters] == [1, 1]


def test_name_that_a_notebook_gives_the_last_result_is_not_taken(tmp_path):
    def train():
        _ = model = Classifier()
        _step(torch.optim.SGD(model.parameters(), lr=0.1), cross_entropy(model(INPUTS), CLASSES))

    assert _roots(recorded(train, tmp_path / "run")) == ["model"]


@pytest.mark.parametrize("built_before", [False, True])
def test_input_that_requires_a_gradient_is_no_module(tmp_path, built_before):
    model = Classifier()
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.1)] if built_before else []

    def train():
        optimizer = optimizers[0] if optimizers else torch.optim.SGD(model.parameters(), lr=0.1)
        leaf = INPUTS.clone().requires_grad_()
        _step(optimizer, cross_entropy(model(leaf), CLASSES))

    assert _roots(recorded(train, tmp_path / "run")) == ["model"]


def test_function_that_puts_its_model_in_evaluation_mode_is_asked_for_names(tmp_path):
    """`net.eval()` is not the `eval()` that could ask for the function's variables."""

    def train():
        net = Classifier()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        _step(optimizer, cross_entropy(net(INPUTS), CLASSES))
        net.eval()

    assert _roots(recorded(train, tmp_path / "run")) == ["net"]


def test_variables_of_a_function_that_asks_for_them_stay_its_own(tmp_path):
    seen = []

    def train():
        net = Classifier()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        mine = locals()
        _step(optimizer, cross_entropy(net(INPUTS), CLASSES))
        seen.append(sorted(mine))

    recorded(train, tmp_path / "run")
    assert seen == [["net", "optimizer", "seen"]]
