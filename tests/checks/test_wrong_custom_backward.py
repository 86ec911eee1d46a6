"""wrong-custom-backward: a custom function whose backward is not the derivative of its forward."""

from gradprobe.values import Observation, RelatedSite, Severity, Site
from gradprobe_checks import wrong_custom_backward
from tests.support.records import record

RETURN = Site("/home/user/train.py", 20, "Swish.backward", "return grad * s")
APPLIED = Site("/home/user/train.py", 40, "forward", "Swish.apply(x)")


def run(**more):
    detail = {"function": "Swish", "argument": "x", "given": 1.5, "measured": 4.25, "ratio": None, **more}
    seen = Observation("wrong-backward", RETURN, (RelatedSite(APPLIED, "applied here"),), ("net.weight",), detail)
    return list(wrong_custom_backward.find(record({"net": ["weight"]}, steps=10, observations=[seen])))


def test_names_what_backward_returns():
    (finding,) = run()
    assert finding.location == RETURN
    assert finding.severity is Severity.WARNING
    assert "1.5 where differences of the forward measure 4.25" in finding.message
    assert "gradcheck" in finding.fix


def test_a_constant_factor_is_said():
    assert "-1 times the derivative" in run(ratio=-1.0)[0].message
    assert "its sign is reversed" in run(ratio=-1.0)[0].message
    assert "sign" not in run(ratio=2.0)[0].message


def test_nothing_without_the_observation():
    assert not list(wrong_custom_backward.find(record({"net": ["weight"]}, steps=10)))
