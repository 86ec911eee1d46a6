"""growing-graph: a state with its history, and tensors that are kept with theirs."""

from __future__ import annotations

from gradprobe.values import Backward, Confidence, Observation, RelatedSite, Severity, Site
from gradprobe_checks.growing_graph import CHECK
from tests.support.records import record

CARRIED = Site("/home/user/train.py", 30, "step", "self.state = state")
LATER = Site("/home/user/train.py", 31, "step", "total = total + self.state.sum()")
KEPT = Site("/home/user/train.py", 40, "main", "history.append(loss)")
BACKWARD = Site("/home/user/train.py", 35, "main", "loss.backward(retain_graph=True)")


def spans(site, steps=4):
    return Observation("graph-spans-steps", site, detail={"steps": steps, "operation": "tanh"})


def kept(holder="history", site=KEPT):
    made = RelatedSite(Site("/home/user/train.py", 33), "made here")
    return Observation("graphs-kept", site, (made,), detail={"count": 5, "holder": holder})


def found(*observations, calls=()):
    return list(CHECK.find(record({"net": ["w"]}, steps=6, observations=observations, calls=calls)))


def test_the_first_line_of_a_chain_is_the_cause_of_those_that_follow():
    (finding,) = found(spans(CARRIED), spans(LATER))
    assert (finding.severity, finding.location) == (Severity.WARNING, CARRIED)
    assert finding.evidence == {"steps_in_graph": 4}


def test_the_backward_that_lets_it_go_on_is_shown():
    (finding,) = found(spans(CARRIED), calls=[Backward(BACKWARD, "loss", retain_graph=True)])
    assert RelatedSite(BACKWARD, "backward with retain_graph=True") in finding.related
    (plain,) = found(spans(CARRIED), calls=[Backward(BACKWARD, "loss")])
    assert "retain_graph" not in plain.message


def test_what_is_kept_is_named_by_what_keeps_it():
    (finding,) = found(kept())
    assert (finding.location, finding.confidence) == (KEPT, Confidence.CERTAIN)
    assert finding.title.startswith("history keeps")
    (vague,) = found(kept(""))
    assert vague.confidence is Confidence.LIKELY


def test_one_cause_is_one_finding():
    assert len(found(spans(CARRIED), kept("", CARRIED))) == 1
    assert len(found(spans(CARRIED), kept("history"))) == 2
