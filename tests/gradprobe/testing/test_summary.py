"""The section at the end, JUnit XML, and xdist."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from gradprobe.testing.told import FAULT, FINDING, STEPS, VERDICT, Told, told

TESTS = """
def test_severed():
    train(Severed())

def test_healthy():
    train(Agent(), steps=3)

def test_block(gradprobe):
    with gradprobe.watch(fail_on="never"):
        train(Severed(), steps=4)
    with gradprobe.watch():
        train(Agent(), steps=5)

@pytest.mark.gradprobe(polcy="wrong")
@pytest.mark.skipif(not WRONG, reason="not asked for")
def test_wrong():
    train(Agent())
"""


def test_xdist(suite):
    result = suite.run_alone(TESTS.replace("not WRONG", "False"), "--gradprobe", "-n", "2", "--junitxml=junit.xml")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["RED after 6 steps of test_suite.py::test_severed *"])
    result.stdout.fnmatch_lines(["gradprobe: test_suite.py::test_wrong: *expected one of policy, *, found polcy"])
    result.stdout.fnmatch_lines(
        [
            "3 tests trained under watch, 18 training steps in 4 recordings: 2 red, 2 healthy",
            "test_suite.py::test_*: error severed-gradient (GP101) at agents.py:19: *",
            "test_suite.py::test_*: error severed-gradient (GP101) at agents.py:19: *",
        ]
    )
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_severed - error severed-gradient (GP101) at *"])
    _check_junit(suite.pytester.path / "junit.xml")


def test_junit(suite):
    suite.run(TESTS.replace("polcy", "policy").replace("not WRONG", "True"), "--gradprobe", "--junitxml=junit.xml")
    _check_junit(suite.pytester.path / "junit.xml")


def _check_junit(path):
    cases = {case.get("name"): case for case in ElementTree.parse(path).getroot().iter("testcase")}
    told_by = {
        name: [(one.get("name"), one.get("value")) for one in case.iter("property")] for name, case in cases.items()
    }
    finding = "error severed-gradient (GP101) at agents.py:19: the gradient of "
    assert told_by["test_healthy"] == [(VERDICT, "healthy"), (STEPS, "3")]
    assert [name for name, _ in told_by["test_block"]] == [VERDICT, STEPS, FINDING, VERDICT, STEPS]
    assert told_by["test_severed"][:2] == [(VERDICT, "red"), (STEPS, "6")]
    assert told_by["test_severed"][2][1].startswith(finding)
    failure = cases["test_severed"].find("failure")
    assert failure is not None
    assert failure.get("message", "").startswith(finding)
    assert (failure.text or "").startswith("RED after 6 steps of test_suite.py::test_severed")


def test_properties_are_read_back():
    properties = [
        ("other", 1), (VERDICT, "red"), (STEPS, 3), (FINDING, "a"), (FINDING, "b"), (VERDICT, "healthy"), (STEPS, "4"),
        (FAULT, "no space"),
    ]  # fmt: skip
    assert told(properties) == [Told("red", 3, ["a", "b"]), Told("healthy", 4, []), Told("not judged", 0, ["no space"])]
    assert told([("other", 1)]) == []


@pytest.mark.parametrize("words", [(), ("--gradprobe",)])
def test_no_section_where_nothing_trained(suite, words):
    result = suite.run("def test_idle():\n    pass\n", *words)
    result.assert_outcomes(passed=1)
    assert "trained under watch" not in result.stdout.str()
