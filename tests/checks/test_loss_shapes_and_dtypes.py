"""broadcast-loss, float64-promotion, all-labels-ignored: how loud, and at which line."""

import pytest

from gradprobe.values import Observation, RelatedSite, Severity, Site
from gradprobe_checks import all_labels_ignored, broadcast_loss, float64_promotion
from tests.support.records import record

LOSS = Site("/home/user/train.py", 8, "<module>", "loss = F.mse_loss(model(x), y)")
WRITTEN = Site("/home/user/data.py", 3, "collate", "labels[mask] = -100")


def found(check, observation):
    return list(check.CHECK.find(record({"net": ["weight"]}, steps=5, observations=[observation])))


@pytest.mark.parametrize(
    ("by_loss", "one_trains", "severity"),
    [(True, False, Severity.ERROR), (False, True, Severity.ERROR), (False, False, Severity.WARNING)],
)
def test_pairs_are_an_error_where_they_can_be_nothing_else(by_loss, one_trains, severity):
    detail = {"operation": "mse_loss", "first": "[4, 1]", "second": "[4]", "result": "[4, 4]", "by_loss": by_loss}
    pairs = Observation(
        "broadcast-pairs", LOSS, parameters=("net.weight",), detail={**detail, "only_one_trains": one_trains}
    )
    [finding] = found(broadcast_loss, pairs)
    assert (finding.severity, finding.location, finding.modules) == (severity, LOSS, ("net",))
    assert "[4, 1]" in finding.message and "squeeze" in finding.fix


def test_a_product_of_pairs_is_put_in_other_words():
    detail = {"operation": "__mul__", "first": "[4]", "second": "[4, 1]", "result": "[4, 4]", "by_loss": False}
    [finding] = found(broadcast_loss, Observation("broadcast-pairs", LOSS, detail={**detail, "only_one_trains": True}))
    assert "multiplied by every other one" in finding.message


def test_a_float64_tensor_is_a_warning_where_it_was_made():
    made = Site("/home/user/data.py", 3, "load", "y = torch.from_numpy(values)")
    detail = {"operation": "mse_loss", "by": "from_numpy", "whole": True}
    related = (RelatedSite(LOSS, "becomes float64 here"),)
    [finding] = found(float64_promotion, Observation("loss-widened", made, related, detail=detail))
    assert (finding.severity, finding.location) == (Severity.WARNING, made)
    assert "line 8" in finding.message


def ignored(looks, times, *related):
    detail = {"looks": looks, "ignored": times, "index": -100, "labels": 16, "operation": "cross_entropy"}
    return Observation("labels-ignored", LOSS, related, detail=detail)


@pytest.mark.parametrize(("looks", "times", "severities"), [(3, 3, ["error"]), (2, 2, ["warning"]), (3, 2, [])])
def test_all_labels_must_be_ignored_in_every_look(looks, times, severities):
    assert [one.severity.value for one in found(all_labels_ignored, ignored(looks, times))] == severities


def test_the_line_is_where_they_were_written_if_that_was_seen():
    [finding] = found(all_labels_ignored, ignored(3, 3, RelatedSite(WRITTEN, "labels written here")))
    assert finding.location == WRITTEN
