"""double-softmax, sigmoid-twice, probabilities-for-log-probabilities: the line that is named, how loud it is, one finding a line."""

import pytest

from gradprobe.values import Confidence, Observation, RelatedSite, Severity, Site
from gradprobe_checks import double_softmax, probabilities_for_log_probabilities, sigmoid_twice
from tests.support.records import record

LOSS = Site("/home/user/train.py", 20, "<module>", "loss = criterion(model(x), y)")
MADE = Site("/home/user/net.py", 9, "Net.forward", "return self.act(z)")
BUILT = Site("/home/user/net.py", 4, "Net.__init__", "nn.Softmax(dim=1),")
BACKWARD = Site("/home/user/train.py", 21, "<module>", "loss.backward()")


def given(
    contract="logits", what="softmax", loss="cross_entropy", *, at=LOSS, built=False, elsewhere=False, is_own=True
):
    related = [RelatedSite(BACKWARD, "backward"), RelatedSite(MADE, "made here")]
    related += [RelatedSite(BUILT, "built here")] if built else []
    detail = {"contract": contract, "given": what, "loss": loss, "elsewhere": elsewhere, "is_own": is_own, "classes": 3}
    return Observation("loss-input", at, tuple(related), ("net.weight",), detail, key=f"{contract} {what} {loss}")


def found(*observations, check=double_softmax):
    return list(check.CHECK.find(record({"net": ["weight"]}, steps=5, observations=observations)))


def test_the_line_is_that_of_the_first_softmax():
    [finding] = found(given())

    assert (finding.location, finding.severity, finding.confidence) == (MADE, Severity.WARNING, Confidence.CERTAIN)
    assert finding.modules == ("net",)
    assert [(one.site, one.role) for one in finding.related] == [
        (LOSS, "given to the loss here"),
        (BACKWARD, "backward"),
    ]


def test_in_a_sequential_it_is_where_that_was_built():
    [finding] = found(given(built=True))
    assert finding.location == BUILT


@pytest.mark.parametrize("why", [{"elsewhere": True}, {"is_own": False}])
def test_where_the_probabilities_are_wanted_too_or_nobody_knows_who_made_them_it_is_the_loss(why):
    [finding] = found(given(**why, built=not why.get("elsewhere", False) and why.get("is_own", True)))
    assert finding.location == LOSS


def test_two_losses_on_one_softmax_are_one_finding():
    other = Site("/home/user/train.py", 25, "<module>", "auxiliary = criterion(...)")
    assert len(found(given(), given(at=other))) == 1
    assert len(found(given(elsewhere=True), given(at=other, elsewhere=True))) == 2


def test_a_log_softmax_is_only_a_remark_and_values_alone_are_likely():
    [remark] = found(given(what="log-softmax"))
    [likely] = found(given(what="distribution"))
    assert remark.severity is Severity.INFO
    assert (likely.severity, likely.confidence) == (Severity.WARNING, Confidence.LIKELY)


def test_each_check_reads_its_own_contracts():
    binary = given("logits-binary", "sigmoid", "binary_cross_entropy_with_logits")
    log = given("log-probabilities", "softmax", "nll_loss")
    assert not found(binary, log)
    assert [one.severity for one in found(binary, log, check=sigmoid_twice)] == [Severity.ERROR]
    assert [one.severity for one in found(binary, log, check=probabilities_for_log_probabilities)] == [Severity.WARNING]


def test_a_chain_of_sigmoids_that_is_used_elsewhere_is_no_loss():
    assert found(given("logits-binary", "sigmoid", "sigmoid"), check=sigmoid_twice)
    assert not found(given("logits-binary", "sigmoid", "sigmoid", elsewhere=True), check=sigmoid_twice)
