"""JUnit XML: well-formed whatever the report, a case a flag and a check, and the outcome that a CI service counts."""

import io
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from junitparser import Error, Failure, JUnitXml, Skipped

from gradprobe.text.safe import safe
from gradprobe.values import Allowed, CheckRun, Colour, Flag, Severity, Site
from gradprobe_reports import junit
from tests.reports.examples import EMPTY, HEALTHY, HOSTILE, MISSING, RED
from tests.reports.full import full_report, in_project
from tests.reports.golden import DOCUMENTS, check_golden
from tests.reports.strategies import reports


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(report):
    file = io.StringIO()
    junit.write(report, file)
    return file.getvalue()


def suites(report):
    """Read a report back as a CI service does: suites by name."""
    return {suite.name: suite for suite in JUnitXml.fromstring(written(report).encode())}


def only(suite):
    (case,) = suite
    return case


def hold_to_the_form(report):
    text = written(report)
    assert text.isascii()
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites" and [suite.get("name") for suite in root] == ["flags", "checks"]
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases)
        for outcome, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.get(count)) == len(suite.findall(f"testcase/{outcome}"))
        for case in cases:
            outcomes = [child.tag for child in case if child.tag not in ("system-out", "system-err")]
            assert len(outcomes) <= 1 and set(outcomes) <= {"failure", "error", "skipped"}
    assert {safe(flag.name) for flag in report.flags} == {case.get("name") for case in root[0].findall("testcase")}


@pytest.mark.parametrize("report", [RED, HEALTHY, EMPTY, HOSTILE], ids=["red", "healthy", "empty", "hostile"])
def test_examples_hold_to_the_form(report):
    hold_to_the_form(report)


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_holds_to_the_form(report):
    hold_to_the_form(report)


def test_golden(project):
    check_golden("full.xml", in_project(written(full_report(project)), project), DOCUMENTS)


@pytest.mark.parametrize(
    ("colour", "kind", "type_"),
    [
        (Colour.GREEN, None, None),
        (Colour.AMBER, Failure, "amber"),
        (Colour.RED, Failure, "red"),
        (Colour.GREY, Skipped, None),
    ],
)
def test_a_flag_is_a_case(colour, kind, type_):
    case = only(suites(replace(HEALTHY, flags=(Flag("loss-falls", colour, "a fall", "a rise"),)))["flags"])

    assert (case.name, case.classname) == ("loss-falls", "gradprobe.flags")
    assert [type(result) for result in case.result] == ([kind] if kind else [])
    assert [result.type for result in case.result] == ([type_] if kind else [])
    told = [result.message for result in case.result] or [case.system_out]
    assert "observed a rise" in told[0]


def cases(report):
    return {case.name: case for case in suites(report)["checks"]}


def test_a_check_that_found_nothing_passes():
    case = only(suites(replace(HEALTHY, checks=(CheckRun("quiet", "GP101"),)))["checks"])

    assert (case.name, case.classname, case.result) == ("GP101 quiet", "gradprobe.checks", [])


def test_a_check_that_did_not_run_is_absent():
    assert list(suites(HEALTHY)["checks"]) == []


def test_errors_and_warnings_of_a_check_are_one_failure_with_all_there_is_to_say(project):
    (result,) = cases(full_report(project))["GP901 cut-here"].result

    assert isinstance(result, Failure)
    assert (result.type, result.message) == ("error", "the gradient of qwen ends here (and 1 more)")
    for words in (
        "cut-here GP901, certain, since step 0",
        "models/refine r.py:5 in Refiner.refine\n    @torch.no_grad()",
        "The gradient ends here.\nNothing below this line leaves a graph.",
        "fix   look for no_grad",
        "not   a higher learning rate",
        "see   backward train.py:1  loss.backward()",
        "in    qwen, agent.head",
        "models/refine r.py:7",
    ):
        assert words in result.text


def test_a_case_stands_at_its_line_so_that_gitlab_links_to_it(project):
    root = ElementTree.fromstring(written(full_report(project)))
    (case,) = (one for one in root.iter("testcase") if one.get("name") == "GP901 cut-here")

    assert (case.get("file"), case.get("line")) == ("models/refine r.py", "5")


@pytest.mark.parametrize(
    ("site", "file", "line"), [(Site("<string>", 3), None, None), (Site("/a.py", 0), "/a.py", None)]
)
def test_a_case_stands_at_no_line_where_there_is_none(site, file, line):
    root = ElementTree.fromstring(written(replace(RED, flags=(), findings=(replace(MISSING, location=site),))))
    (case,) = root.iter("testcase")

    assert (case.get("file"), case.get("line")) == (file, line)


def test_a_mere_word_is_output_of_a_case_that_passes(project):
    case = cases(full_report(project))["GP905 mere-word"]

    assert case.result == [] and case.system_out.startswith("INFO  qwen never gets a gradient")


def test_what_is_allowed_is_skipped_with_the_reason(project):
    (result,) = cases(full_report(project))["GP906 frozen-part"].result

    assert isinstance(result, Skipped)
    assert result.message == "allowed by [expect] frozen of the policy mine: frozen"


def test_what_is_allowed_beside_a_failure_is_its_output(project):
    case = cases(full_report(project))["GP901 cut-here"]

    assert case.system_out == ("allowed by a comment at refine.py:8 (meant): a target network at models/refine r.py:8")


def test_a_check_that_fails_is_an_error_and_never_hides_what_it_found():
    run = CheckRun(MISSING.check, MISSING.code, "KeyError: 'qwen'")
    (alone,) = only(suites(replace(HEALTHY, checks=(run,)))["checks"]).result
    assert (type(alone), alone.type, alone.message) == (Error, "KeyError", "the check itself failed: KeyError: 'qwen'")

    case = only(suites(replace(RED, checks=(run,)))["checks"])
    assert [type(result) for result in case.result] == [Failure]
    assert case.system_err == "the check itself failed: KeyError: 'qwen'"


def test_checks_stand_in_the_order_in_which_they_ran():
    runs = (CheckRun("a", "GP101"), CheckRun(MISSING.check, MISSING.code), CheckRun("b", "GP200"))
    names = list(cases(replace(RED, checks=runs)))

    assert names == ["GP101 a", "GP100 missing-gradient", "GP200 b"]


@pytest.mark.parametrize(
    "text", ["\x00", "\x1b[31m", "\ufffe", "\ud800", "]]>", "<failure>", "&amp;", "\x85", "é 日本"]
)
def test_what_xml_has_no_room_for_is_spelled_out(text):
    finding = replace(MISSING, title=text, message=text, location=Site(f"/{text}.py", 1, text, text))
    allowed = Allowed("other", "GP200", text, None, text, text)
    report = replace(RED, findings=(finding,), allowed=(allowed,), flags=(Flag(text, Colour.RED, text, text),))

    (result,) = cases(report)["GP100 missing-gradient"].result
    assert result.message == safe(text) and safe(text) in result.text
    assert only(suites(report)["flags"]).name == safe(text)


def test_severity_decides_what_comes_first():
    found = tuple(replace(MISSING, severity=severity) for severity in (Severity.ERROR, Severity.INFO))
    case = cases(replace(RED, findings=found))["GP100 missing-gradient"]

    assert case.result[0].type == "error" and case.system_out.startswith("INFO")
