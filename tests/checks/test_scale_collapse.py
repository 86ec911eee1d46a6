"""scale-collapse: how many steps in a row, which line, and what yields to it."""

import pytest

from gradprobe.values import Observation, RelatedSite, Severity, Site
from gradprobe_checks import non_finite_origin
from gradprobe_checks.scale_collapse import CERTAIN, CHECK, LEAST
from tests.support.records import record

STEP = Site("/home/user/train.py", 9, "<module>", "scaler.step(optimizer)")
BUILT = Site("/home/user/train.py", 2, "<module>", "scaler = GradScaler()")
SQRT = Site("/home/user/net.py", 5, "Net.forward", "length = x.pow(2).sum(-1).sqrt()")


def steps(in_a_row, *, taken=0, scale=0.5, built=True):
    detail = {"taken": taken, "skipped": in_a_row, "in_a_row": in_a_row, "first_scale": 65536.0, "last_scale": scale}
    return Observation("scaler-steps", STEP, (RelatedSite(BUILT, "scaler built here"),) if built else (), detail=detail)


BORN = Observation("non-finite-born", SQRT, detail={"operation": "sqrt", "how": "backward", "order": 0})


def found(*observations, **options):
    return list(CHECK.find(record({"net": ["weight"]}, observations=observations, **options)))


@pytest.mark.parametrize(
    ("in_a_row", "scale", "severity"),
    [(LEAST, 1.0, Severity.ERROR), (LEAST, 2.0, Severity.WARNING), (CERTAIN, 2.0, Severity.ERROR)],
)
def test_sure_once_the_scale_cannot_be_the_reason_or_the_search_has_lasted(in_a_row, scale, severity):
    assert [one.severity for one in found(steps(in_a_row, scale=scale))] == [severity]


def test_a_search_for_the_scale_is_quiet():
    assert not found(steps(LEAST - 1))


def test_the_line_is_where_the_infinity_is_born_if_that_is_known():
    [finding] = found(steps(30), BORN)
    assert finding.location == SQRT
    assert "epsilon" in finding.fix


def test_a_scale_that_is_still_high_points_to_the_scaler_itself():
    assert [one.location for one in found(steps(30, scale=4096.0))] == [BUILT]
    assert [one.location for one in found(steps(30, scale=4096.0, taken=5))] == [STEP]
    assert [one.location for one in found(steps(30))] == [STEP]


def test_what_is_born_there_is_not_told_again():
    run = record({"net": ["weight"]}, observations=[steps(30), BORN])
    assert not list(non_finite_origin.CHECK.find(run))
    assert list(non_finite_origin.CHECK.find(record({"net": ["weight"]}, observations=[steps(3), BORN])))


@pytest.mark.parametrize(("values", "count"), [([0.0] + [1.0] * 10, 1), ([1.0] * 10 + [0.0], 0), ([1.0] * 9, 0)])
def test_on_a_device_the_metric_tells(values, count):
    from gradprobe.values import ScalerCall

    assert len(found(metrics={"skipped_by_scaler": values}, calls=[ScalerCall(STEP, "step")])) == count
