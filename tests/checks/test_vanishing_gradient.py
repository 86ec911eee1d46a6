"""vanishing-gradient: gradients that fall over many layers, and early weights that no step changes."""

from dataclasses import replace

import numpy as np
import pytest

from gradprobe.record.record import Account
from gradprobe.values import Observation, RelatedSite, Severity, Site
from gradprobe_checks.learning import relative_updates
from gradprobe_checks.vanishing_gradient import CHECK, ERROR_STEPS, LEAST_STEPS
from tests.support.records import record

FORWARD = Site("/home/user/net.py", 20, "forward", "x = torch.sigmoid(layer(x))")
INIT = Site("/home/user/net.py", 9, "init", "nn.init.normal_(m.weight, std=0.01)")
LAYERS = 10
NAMES = [f"model.{layer}.weight" for layer in range(LAYERS)]
MODULES = {f"model.{layer}": ["weight"] for layer in range(LAYERS)}
ACCOUNT = Account("weight of Linear", None, None, "initialised", True, None, 1, 3, 0, True, scale=0.1)


def way(*, steps=2 * LAYERS - 1, chosen=False, **detail):
    known = {
        "depths": " ".join(str(2 * (LAYERS - layer) - 1) for layer in range(LAYERS)),
        "steps": steps,
        "here": LAYERS - 1,
        "squashes": LAYERS - 1,
        "squash": "sigmoid",
        "gain": 0.06 if chosen else 0.0,
        "constant": 1.0,
    }
    related = (RelatedSite(INIT, "set here"),) if chosen else ()
    return Observation("depths", FORWARD, related, tuple(NAMES), {**known, **detail})


def run(fall, observation=None, steps=ERROR_STEPS, *, growth=1.0, last=1.0):
    """Each layer further from the loss has `fall` times the gradient; the last one has norm 1, rms 0.5."""
    norms = {
        name: [last * fall ** (LAYERS - 1 - layer) * growth**step for step in range(steps)]
        for layer, name in enumerate(NAMES)
    }
    made = record(MODULES, norms, observations=[observation or way()], accounts=dict.fromkeys(NAMES, ACCOUNT))
    return list(CHECK.find(replace(made, optimizers=(replace(made.optimizers[0], type="SGD", settings={"lr": 1e-3}),))))


def test_names_where_the_activations_run():
    (found,) = run(0.1)  # 0.1 ** 9 * 0.5 * 1e-3 / 0.1 = 5e-12 of the values a step

    assert (found.severity, found.location) == (Severity.ERROR, FORWARD)
    assert found.parameters[0] == NAMES[0]
    assert "sigmoid" in found.message
    assert "1e-09" in found.message


def test_names_the_line_that_chose_small_values():
    (found,) = run(0.1, way(chosen=True))

    assert found.location == INIT
    assert "kaiming" in found.fix


@pytest.mark.parametrize(
    ("steps", "severities"),
    [
        (LEAST_STEPS - 1, []),
        (LEAST_STEPS, [Severity.WARNING]),
        (ERROR_STEPS - 1, [Severity.WARNING]),
        (ERROR_STEPS, [Severity.ERROR]),
    ],
)
def test_how_many_steps_it_takes(steps, severities):
    assert [one.severity for one in run(0.1, steps=steps)] == severities


def test_a_change_that_float32_can_hold_is_a_warning():
    (found,) = run(0.25)  # 0.25 ** 9 = 4e-6, times 5e-3: 2e-8 … below; the seventh from the end is above
    assert found.severity is Severity.ERROR
    (found,) = run(0.3)  # 0.3 ** 9 = 2e-5, times 5e-3: 1e-7, above 6e-8

    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("why", "arguments"),
    [
        ("gradients fall a little", {"fall": 0.7}),
        ("all are small: a small loss, or the end of training", {"fall": 0.1, "last": 1e-6}),
        ("they grow", {"fall": 0.1, "growth": 1.3}),
        ("the way is short", {"fall": 0.1, "observation": way(steps=5)}),
        ("a number on the way makes them small", {"fall": 0.1, "observation": way(constant=1e-9)}),
    ],
)
def test_is_quiet_where(why, arguments):
    assert run(**arguments) == [], why


def test_is_quiet_where_gradients_fall_at_one_place():
    norms = {name: [1.0 if name == NAMES[-1] else 1e-9] * 20 for name in NAMES}
    made = record(MODULES, norms, observations=[way()], accounts=dict.fromkeys(NAMES, ACCOUNT))

    assert list(CHECK.find(made)) == []


@pytest.mark.parametrize(
    ("type_", "settings", "expected"),
    [
        ("SGD", {"lr": 1e-3, "momentum": 0.9}, 1e-3 * 10 * 0.5 / 0.1),
        ("Adam", {"lr": 1e-3, "eps": 0.5}, 1e-3 * 0.5 / 0.1),
        ("Adam", {"lr": 1e-3, "eps": 1e-8}, 1e-3 / 0.1),
    ],
)
def test_relative_updates(type_, settings, expected):
    made = record(MODULES, {NAMES[0]: [1.0, -1.0]}, accounts={NAMES[0]: ACCOUNT})
    made = replace(made, optimizers=(replace(made.optimizers[0], type=type_, settings=settings),))

    first, second = relative_updates(made, 0)

    assert first == pytest.approx(expected, rel=1e-6)
    assert np.isnan(second)
