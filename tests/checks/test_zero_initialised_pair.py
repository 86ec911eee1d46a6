"""zero-initialised-pair: both factors of a product are zero, and so is the gradient of each."""

import pytest

from gradprobe.values import Confidence, Observation, RelatedSite, Severity, Site
from gradprobe_checks.zero_initialised_pair import CHECK
from tests.support.records import record

INIT = Site("/home/user/lora.py", 11, "__init__", "nn.init.zeros_(self.down)")
PRODUCT = Site("/home/user/lora.py", 20, "forward", "x @ self.down.T @ self.up.T")
MODULES = {"model.adapter": ["down", "up"], "model.head": ["weight"]}


def pair(name="adapter", site=INIT):
    names = (f"model.{name}.down", f"model.{name}.up")
    detail = {"first": names[0], "second": names[1], "operation": "matmul"}
    return Observation("zero-pair", site, (RelatedSite(PRODUCT, "product"),), names, detail, key=" ".join(names))


PAIR = pair()


def run(down, up, observations=(PAIR,), **more):
    norms = {"model.adapter.down": down, "model.adapter.up": up}
    return list(CHECK.find(record(MODULES, norms, steps=5, observations=observations, **more)))


def test_names_the_line_that_made_zeros():
    (found,) = run(0.0, 0.0)

    assert (found.severity, found.confidence, found.location) == (Severity.ERROR, Confidence.CERTAIN, INIT)
    assert found.parameters == ("model.adapter.down", "model.adapter.up")
    assert "zero-initialised" in found.title
    assert "at random" in found.fix


@pytest.mark.parametrize(("down", "up"), [(0.0, 1.0), (1.0, 0.0), ([0, 0, 0, 0, 1e-9], 0.0), (-1.0, -1.0)])
def test_is_quiet_where_a_factor_had_a_gradient_or_none_was_there(down, up):
    assert run(down, up) == []


def test_is_quiet_without_a_product():
    assert run(0.0, 0.0, observations=()) == []


def test_is_quiet_where_no_optimizer_owns_a_factor():
    assert run(0.0, -2.0, unowned=["model.adapter.up"]) == []


@pytest.mark.parametrize(("steps", "severity"), [(2, Severity.INFO), (3, Severity.ERROR)])
def test_two_steps_are_not_enough_for_an_error(steps, severity):
    norms = {"model.adapter.down": [0.0] * steps, "model.adapter.up": [0.0] * steps}

    (found,) = CHECK.find(record(MODULES, norms, observations=[pair()]))

    assert found.severity is severity


def test_pairs_of_one_line_are_one_finding():
    modules = {"model.adapter": ["down", "up"], "model.other": ["down", "up"]}
    norms = {f"{module}.{name}": [0.0] * 4 for module, names in modules.items() for name in names}

    (found,) = CHECK.find(record(modules, norms, observations=[pair(), pair("other")]))

    assert found.evidence["pairs"] == 2
    assert len(found.parameters) == 4
