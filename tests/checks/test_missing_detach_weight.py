"""missing-detach: a policy gradient whose weight is differentiated as well."""

from gradprobe.values import Observation, RelatedSite, Severity, Site
from gradprobe_checks import missing_detach
from tests.support.records import record

WEIGHT = Site("/home/user/train.py", 36, "update", "advantage = reward - value")
BACKWARD = Site("/home/user/train.py", 40, "update", "loss.backward()")


def run(unowned=()):
    seen = Observation("live-weight", WEIGHT, (RelatedSite(BACKWARD, "backward"),), ("critic.weight", "critic.bias"))
    return list(
        missing_detach.find(record({"critic": ["weight", "bias"]}, steps=10, unowned=unowned, observations=[seen]))
    )


def test_names_the_weight():
    (finding,) = run()
    assert finding.location == WEIGHT
    assert finding.severity is Severity.WARNING
    assert finding.modules == ("critic",)
    assert "detach" in finding.fix


def test_what_no_optimizer_owns_is_not_trained():
    assert not run(unowned=("critic.bias",))
