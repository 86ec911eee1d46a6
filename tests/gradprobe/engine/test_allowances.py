"""What a user said is meant is counted and not hidden; what matches nothing is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradprobe.extensions import Check
from gradprobe.policy import load_policy
from gradprobe.policy.schema import Expect
from gradprobe.values import Observation, Site, Verdict
from tests.support.documents import judge
from tests.support.findings import finding
from tests.support.records import record

LINE = Site(
    "/home/user/train.py", 12, "forward", "target = net(x).detach()  # gradprobe: allow severed-gradient (target)"
)
OTHER = Site("/home/user/train.py", 30)
MODULES = {"target": ["w", "b"], "net": ["w"]}


def severed(check="severed-gradient", location=LINE, parameters=("target.w", "target.b")):
    return finding(check=check, location=location, parameters=parameters)


def comment(checks="severed-gradient", site=LINE, reason="target"):
    return Observation("allow-comment", site, detail={"checks": checks, "reason": reason})


def judged(*findings, comments=(), expect=None):
    made = record(MODULES, metrics={"loss": np.linspace(2, 1, 60)}, observations=list(comments))
    policy = load_policy("default")
    if expect is not None:
        policy = policy.model_copy(update={"expect": expect})
    checks = [Check(one.check, one.code, lambda _, one=one: iter([one]), "page") for one in findings]
    return judge(made, policy, checks)


@pytest.mark.parametrize("named", ["severed-gradient", "GP101", "graph-reuse severed-gradient"])
def test_a_comment_on_the_line_allows_its_check(named):
    report = judged(severed(), comments=[comment(named)])
    assert (report.findings, report.verdict) == ((), Verdict.HEALTHY)
    (allowed,) = report.allowed
    assert (allowed.check, allowed.location, allowed.reason) == ("severed-gradient", LINE, "target")
    assert allowed.by == "a comment at train.py:12"
    assert report.not_seen == ()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (severed(location=OTHER), comment()),  # The finding is on another line.
        (severed(check="graph-reuse"), comment()),  # Another check's.
        (severed(location=None), comment()),
    ],
)
def test_a_comment_allows_nothing_else_and_is_told_to_be_stale(made, said):
    report = judged(made, comments=[said])
    assert (report.findings, report.allowed, report.verdict) == ((made,), (), Verdict.RED)
    assert "The comment at train.py:12 allows severed-gradient, which was not found there" in report.not_seen[0]


def test_the_policy_allows_parameters_by_pattern():
    report = judged(severed(), expect=Expect(severed=("target.*",)))
    assert (report.findings, report.verdict) == ((), Verdict.HEALTHY)
    assert report.allowed[0].by == "[expect] severed of the policy default"


def test_the_rest_of_a_finding_stays():
    wide = severed(parameters=("target.w", "net.w"))
    report = judged(wide, expect=Expect(severed=("target.*",)))
    assert report.findings == (replace(wide, parameters=("net.w",)),)
    assert report.allowed == ()


def test_frozen_does_not_allow_what_is_severed():
    assert judged(severed(), expect=Expect(frozen=("target.*",))).verdict is Verdict.RED


def test_a_pattern_that_means_nothing_is_told():
    report = judged(expect=Expect(frozen=("backbone.*",)))
    assert report.not_seen == (
        "[expect] frozen = 'backbone.*' of the policy default matches no parameter: correct it.",
    )
