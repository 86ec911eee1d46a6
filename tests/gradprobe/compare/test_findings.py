"""Findings: new, gone, graver, or the same at another line."""

from dataclasses import replace

import pytest

from gradprobe.compare import compare
from gradprobe.compare.findings import match
from gradprobe.values import Severity, Site
from tests.gradprobe.compare.changes import changes
from tests.support.findings import finding
from tests.support.sources import source

CUT = replace(
    finding(location=Site("/a/train.py", 12, "forward", "x = x.detach()"), check="severed-gradient"),
    modules=("encoder",),
)
NEW = ("finding", "regression", "error", "severed-gradient")
GONE = ("finding", "improvement", "info", "severed-gradient")


def test_new_and_gone():
    assert changes(source(), source(findings=[CUT])) == [NEW]
    assert changes(source(findings=[CUT]), source()) == [GONE]


@pytest.mark.parametrize(
    ("severity", "effect"), [("error", "regression"), ("warning", "regression"), ("info", "change")]
)
def test_severity_is_the_finding_s(severity, effect):
    one = replace(CUT, severity=Severity(severity))
    assert changes(source(), source(findings=[one])) == [("finding", effect, severity, "severed-gradient")]


def test_unchanged_is_said_and_is_no_regression():
    moved = replace(CUT, location=replace(CUT.location, line=40), first_step=3)
    found = compare([source(findings=[CUT])], source(findings=[moved]))
    assert (found.changes, found.unchanged) == ((), (moved,))


def test_line_that_was_edited_is_the_same_finding_if_it_concerns_the_same_modules():
    edited = replace(CUT, location=replace(CUT.location, code="x = x.detach().clone()"))
    assert changes(source(findings=[CUT]), source(findings=[edited])) == []
    elsewhere = replace(edited, modules=("head",))
    assert changes(source(findings=[CUT]), source(findings=[elsewhere])) == [NEW, GONE]


def test_report_without_source_lines_is_matched_by_function():
    bare = replace(CUT, location=replace(CUT.location, code=""), modules=())
    assert changes(source(findings=[bare]), source(findings=[CUT])) == []


def test_without_a_line_modules_in_common_make_it_the_same():
    here, there = (replace(CUT, location=None, modules=names) for names in (("a", "b"), ("b", "c")))
    assert changes(source(findings=[here]), source(findings=[there])) == []
    assert changes(source(findings=[here]), source(findings=[replace(there, modules=("c",))])) == [NEW, GONE]


def test_two_of_a_kind_at_one_line_are_two():
    other = replace(CUT, modules=("head",))
    assert changes(source(findings=[CUT]), source(findings=[CUT, other])) == [NEW]
    assert match([CUT], [other, CUT]) == {1: CUT}  # The one with the same modules is the same.


def test_graver_is_a_regression_and_milder_an_improvement():
    mild = replace(CUT, severity=Severity.WARNING)
    assert changes(source(findings=[mild]), source(findings=[CUT])) == [NEW]
    assert changes(source(findings=[CUT]), source(findings=[mild])) == [GONE]


def test_of_several_baselines_one_that_has_it_is_enough_to_know_it():
    with_it, without = source("a", findings=[CUT]), source("b")
    assert changes(with_it, without, source("c", findings=[CUT])) == []
    assert changes(with_it, without, source("c")) == []  # Nor is it gone: one baseline never had it.
    assert changes(with_it, source("b", findings=[CUT]), source("c")) == [GONE]


def test_what_came_late_is_not_gone_from_a_run_that_did_not_get_there():
    late = replace(CUT, first_step=30)
    assert changes(source(findings=[late]), source(steps=20)) == []
    assert changes(source(findings=[late]), source(steps=31)) == [GONE]


def test_what_follows_from_a_new_finding_stands_under_it():
    new = source(norms={"encoder.weight": -1.0}, findings=[CUT])
    (change,) = compare([source()], new).changes
    assert change.finding == CUT
    assert change.also == ("The gradient of encoder is gone: none in 40 steps, before in 40 of 40 steps.",)


def test_milder_finding_does_not_swallow_what_is_graver():
    new = source(norms={"encoder.weight": -1.0}, findings=[replace(CUT, severity=Severity.WARNING)])
    assert changes(source(), new) == [("gradient", "regression", "error", "encoder"), (*NEW[:2], "warning", NEW[3])]


def test_norm_of_the_whole_follows_from_what_became_of_its_part():
    modules = {"encoder.first": ["weight"], "encoder.second": ["weight"], "head": ["weight"]}
    finding = replace(CUT, modules=("encoder.first",))
    norms = {"encoder.first.weight": 1000.0}
    new = source(modules=modules, norms={**norms, "encoder.first.weight": -1.0}, findings=[finding])
    (change,) = compare([source(modules=modules, norms=norms)], new).changes
    assert [text.partition(" is ")[0] for text in change.also] == [
        "The gradient of encoder.first",
        "The gradient norm of encoder",
    ]
