"""One cause, one finding: what follows from a cause is left out where the cause accounts for it."""

from __future__ import annotations

import pytest

from gradprobe.engine.symptoms import without_symptoms
from gradprobe.values import Site
from tests.support.findings import finding

SITE = Site("/home/user/train.py", 12)


def names(findings):
    return [one.check for one in findings]


@pytest.mark.parametrize(
    ("cause", "symptom", "left"),
    [
        ("error", "warning", ["cause"]),
        ("warning", "info", ["cause"]),
        ("info", "info", ["cause"]),
        ("info", "warning", ["symptom", "cause"]),  # What is only worth a word excuses nothing.
    ],
)
def test_a_cause_takes_what_is_no_graver_than_itself_is_sure(cause, symptom, left):
    found = (
        finding(symptom, check="symptom", parameters=("net.w",)),
        finding(cause, check="cause", parameters=("net.w", "net.b")),
    )
    assert names(without_symptoms(found, {"symptom"})) == left


def test_a_symptom_of_other_parameters_stays():
    found = finding(check="cause", parameters=("net.w",)), finding(check="symptom", parameters=("net.w", "head.w"))
    assert names(without_symptoms(found, {"symptom"})) == ["cause", "symptom"]


def test_without_parameters_the_line_decides():
    cause = finding(check="cause", location=SITE)
    same, other = (finding(check="symptom", location=site) for site in (SITE, Site("a.py", 1)))
    (left,) = without_symptoms((cause, same), {"symptom"})
    assert left.evidence["symptoms"] == 1
    assert names(without_symptoms((cause, other), {"symptom"})) == ["cause", "symptom"]


def test_a_nan_that_was_born_once_accounts_for_all_that_are_nan():
    found = (
        finding(check="non-finite-origin", location=SITE),
        finding(check="non-finite-gradient", parameters=("net.w",)),
    )
    assert names(without_symptoms(found, {"non-finite-gradient"})) == ["non-finite-origin"]


def test_several_causes_account_for_a_symptom_between_them():
    causes = finding(check="cut", parameters=("net.a",)), finding("warning", check="unused", parameters=("net.b",))
    symptom = finding("info", check="symptom", parameters=("net.a", "net.b"))
    assert names(without_symptoms((*causes, symptom), {"symptom"})) == ["cut", "unused"]
    wider = finding("info", check="symptom", parameters=("net.a", "net.b", "net.c"))
    assert names(without_symptoms((*causes, wider), {"symptom"})) == ["cut", "unused", "symptom"]
