"""low-precision-epsilon: met, broken, and what yields to it."""

import pytest

from gradprobe.values import Observation, RelatedSite, Severity, Site
from gradprobe_checks import non_finite_origin
from gradprobe_checks.low_precision_epsilon import CHECK
from tests.support.records import record

ADDED = Site("/home/user/net.py", 5, "mean", "below = weight.sum(1) + 1e-8")
DIVIDED = Site("/home/user/net.py", 6, "mean", "return total / below")
BORN = Observation("non-finite-born", DIVIDED, detail={"operation": "div", "how": "forward", "order": 0})


def lost(*, met):
    detail = {"epsilon": 1e-8, "dtype": "float16", "rounds_to": 0.0, "operation": "add", "protects": "div", "met": met}
    return Observation("epsilon-lost", ADDED, (RelatedSite(DIVIDED, "div of it here"),), detail=detail)


@pytest.mark.parametrize(
    ("met", "loss", "severity"),
    [(False, 1.0, Severity.INFO), (True, 1.0, Severity.WARNING), (True, float("nan"), Severity.ERROR)],
)
def test_as_loud_as_what_came_of_it(met, loss, severity):
    [finding] = CHECK.find(record({"net": ["weight"]}, metrics={"loss": [loss] * 3}, observations=[lost(met=met)]))
    assert (finding.severity, finding.location) == (severity, ADDED)
    assert "1e-08 is 0 in float16" in finding.title


@pytest.mark.parametrize(("met", "others"), [(True, 0), (False, 1)])
def test_what_is_born_behind_it_is_told_only_where_it_is_not_the_reason(met, others):
    run = record({"net": ["weight"]}, metrics={"loss": [float("nan")] * 3}, observations=[lost(met=met), BORN])
    assert len(list(non_finite_origin.CHECK.find(run))) == others
