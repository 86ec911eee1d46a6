"""dead-units: a hidden layer that is off, and gradients of zero before it to the end of the run."""

import pytest

from gradprobe.values import Observation, RelatedSite, Severity, Site
from gradprobe_checks.dead_units import CHECK, ERROR_STEPS, WARNING_STEPS, zero_tail
from tests.support.records import SITE, record

RELU = Site("/home/user/net.py", 20, "forward", "x = F.relu(self.fc(x))")
SET = Site("/home/user/net.py", 7, "__init__", "nn.init.constant_(self.fc.bias, -9)")
MODULES = {"model.fc": ["weight", "bias"], "model.out": ["weight"]}
NAMES = ("model.fc.weight", "model.fc.bias")


def units(**detail):
    known = {"operation": "relu", "looked": 4, "on": 0, "off_since": 0, "hidden": True, "cause": "bias", "bias": -9.0}
    related = (RelatedSite(SET, "set here"),)
    return Observation("units-off", RELU, related, NAMES, {**known, "layer": NAMES[0], **detail}, key=NAMES[0])


def run(norms, *observations):
    return list(CHECK.find(record(MODULES, dict.fromkeys(NAMES, norms), observations=observations or [units()])))


def test_names_the_bias_that_turned_units_off():
    (found,) = run([0.0] * 12)

    assert (found.severity, found.location) == (Severity.ERROR, SET)
    assert found.parameters == NAMES
    assert "dead" in found.title
    assert "-9" in found.message


def test_names_the_optimizer_where_the_layer_was_alive():
    (found,) = run([3.0, 900.0, *[0.0] * 20], units(on=2, off_since=2, cause="weight"))

    assert found.location == SITE  # Where the optimizer was built.
    assert found.first_step == 2
    assert "learning rate" in found.fix


def test_names_data_that_is_not_normalised():
    (found,) = run([0.0] * 12, units(cause="input", mean=-15.0, deviation=3.0))

    assert found.location == SET
    assert "normalise" in found.fix


@pytest.mark.parametrize(
    ("steps", "severities"),
    [
        (WARNING_STEPS - 1, []),
        (WARNING_STEPS, [Severity.WARNING]),
        (ERROR_STEPS - 1, [Severity.WARNING]),
        (ERROR_STEPS, [Severity.ERROR]),
    ],
)
def test_how_long_gradients_must_have_been_zero(steps, severities):
    assert [one.severity for one in run([1.0, *[0.0] * steps])] == severities


@pytest.mark.parametrize("norms", [[0.0] * 20 + [1e-6], [1.0] * 20])
def test_is_quiet_where_gradients_come(norms):
    assert run(norms) == []


@pytest.mark.parametrize("detail", [{"off_since": -1}, {"hidden": False}, {"layer": "gone"}])
def test_is_quiet_where_units_are_on_again_or_nothing_is_behind_them(detail):
    assert run([0.0] * 20, units(**detail)) == []


def test_is_quiet_where_zero_factors_account_for_it():
    pair = Observation("zero-pair", SET, (), NAMES, {"first": NAMES[0], "second": NAMES[1], "operation": "mul"})

    assert run([0.0] * 20, units(), pair) == []


def test_layers_that_hold_back_the_same_parameters_are_one_finding():
    later = Observation("units-off", SET, (), NAMES, dict(units().detail), key="later")

    assert len(run([0.0] * 20, units(), later)) == 1


def test_steps_that_were_not_due_do_not_end_the_tail():
    run = record(MODULES, {NAMES[0]: [1.0, 0.0, -2.0, 0.0]}, steps=4)

    assert zero_tail(run, 0) == 2
