"""SARIF: valid whatever the report, at true places, with rules that explain, and the same fingerprints after an edit."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urljoin, urlparse
from urllib.request import url2pathname

import numpy as np
import pytest
from hypothesis import given, settings

from gradprobe.engine.allowances import allow
from gradprobe.extensions import load_checks
from gradprobe.policy import load_policy
from gradprobe.values import Allowed, Colour, Flag, Observation, RelatedSite, Severity, Site
from gradprobe_reports import sarif
from gradprobe_reports.sarif.log import log
from tests.reports.examples import EMPTY, HEALTHY, HOSTILE, MISSING, RED
from tests.reports.full import full_report, in_project
from tests.reports.golden import DOCUMENTS, check_golden
from tests.reports.strategies import reports
from tests.support.findings import finding
from tests.support.records import record
from tests.support.sarif import sarif_validator

URI = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?[A-Za-z0-9\-._~!$&'()*+,;=:@/]*(?:%[0-9A-F]{2}[A-Za-z0-9\-._~!$&'()*+,;=:@/]*)*"
)
"""A URI reference without query and fragment, by RFC 3986: what is not allowed is percent-encoded."""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(report):
    file = io.StringIO()
    sarif.write(report, file)
    return file.getvalue()


def the_run(report):
    (run,) = log(report)["runs"]
    return run


def results(report):
    return the_run(report)["results"]


def uris(value):
    """Every URI of a log."""
    if isinstance(value, dict):
        yield from (found for key, found in value.items() if key == "uri")
        yield from (uri for found in value.values() for uri in uris(found))
    elif isinstance(value, list):
        yield from (uri for found in value for uri in uris(found))


def hold_to_the_standard(report):
    found = log(report)
    sarif_validator().validate(found)
    rules = found["runs"][0]["tool"]["driver"]["rules"]
    for result in found["runs"][0]["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        # GitHub refuses the whole file for one result without a file.
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    for rule in rules:  # What GitHub requires of one.
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
    prints = [json.dumps(one["partialFingerprints"]) for one in found["runs"][0]["results"]]
    assert len(set(prints)) == len(prints)
    assert all(URI.fullmatch(uri) for uri in uris(found))


@pytest.mark.parametrize("report", [RED, HEALTHY, EMPTY, HOSTILE], ids=["red", "healthy", "empty", "hostile"])
def test_examples_hold_to_the_standard(report):
    hold_to_the_standard(report)


def test_the_full_report_holds_to_the_standard(project):
    hold_to_the_standard(full_report(project))


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_holds_to_the_standard(report):
    hold_to_the_standard(report)
    text = written(report)
    assert text.isascii()
    assert json.loads(text) == log(report)


def test_golden(project):
    check_golden("full.sarif", in_project(written(full_report(project)), project), DOCUMENTS)


def test_the_validator_is_no_rubber_stamp():
    wrong = log(RED)
    wrong["runs"][0]["results"][0]["level"] = "fatal"
    assert not sarif_validator().is_valid(wrong)


def file_of(location, run):
    """Resolve a location to a path, as a viewer does."""
    place = location["physicalLocation"]["artifactLocation"]
    base = run["originalUriBaseIds"][place["uriBaseId"]]["uri"] if "uriBaseId" in place else ""
    return Path(url2pathname(urlparse(urljoin(base, place["uri"])).path))


def at(site, **changes):
    return replace(RED, findings=(replace(MISSING, location=site, **changes),), flags=())


@pytest.mark.parametrize("name", ["train.py", "with blank.py", "a:b.py", "100%.py", "ünïcödé/日本.py", "q?#&.py"])
def test_a_file_of_the_project_is_found_again_from_its_location(project, name):
    site = Site(str(project / name), 4, "f", "x = y.detach()")
    run = the_run(at(site))

    (location,) = run["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uriBaseId"] == "SRCROOT"
    assert unquote(location["physicalLocation"]["artifactLocation"]["uri"]) == name
    assert file_of(location, run) == project / name
    assert location["physicalLocation"]["region"] == {"startLine": 4, "snippet": {"text": "x = y.detach()"}}
    assert location["logicalLocations"] == [{"fullyQualifiedName": "f", "kind": "function"}]


def test_a_file_elsewhere_is_absolute():
    run = the_run(at(Site("/opt/a b/lib.py", 1)))

    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "file:///opt/a%20b/lib.py"}


def test_a_file_on_windows_is_absolute_too():
    place = results(at(Site("C:\\work\\a b\\train.py", 1)))[0]["locations"][0]["physicalLocation"]["artifactLocation"]

    assert place == {"uri": "file:///C:/work/a%20b/train.py"}


def test_the_checkout_is_the_root_where_ci_names_it(project, monkeypatch):
    (project / "examples").mkdir()
    monkeypatch.chdir(project / "examples")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project))
    run = the_run(at(Site(str(project / "examples" / "train.py"), 1)))

    (location,) = run["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "examples/train.py"
    assert file_of(location, run) == project / "examples" / "train.py"


@pytest.mark.parametrize("site", [None, Site("<string>", 3, "f", "x"), Site("", 0)])
def test_what_is_in_no_file_stands_at_the_script_as_a_whole(project, site):
    report = at(site)
    report = replace(report, run=replace(report.run, script="train.py"))

    (result,) = results(report)
    physical = {"artifactLocation": {"uri": "train.py", "uriBaseId": "SRCROOT"}}
    assert result["locations"] == [{"physicalLocation": physical}]
    assert ("<string>:3" in result["message"]["text"]) == (site is not None and site.file == "<string>")


def test_a_module_that_was_run_stands_for_its_file_where_it_is_there(project):
    def place(script, related=()):
        report = at(None, related=related)
        (result,) = results(replace(report, run=replace(report.run, script=script)))
        return result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]

    (project / "package").mkdir()
    (project / "package" / "__main__.py").touch()
    (project / "package" / "train.py").touch()
    backward = RelatedSite(Site(str(project / "elsewhere.py"), 7), "backward")
    assert place("-m package") == "package/__main__.py"
    assert place("-m package.train") == "package/train.py"
    assert place("-m installed", (replace(backward, role="optimizer built here"), backward)) == "elsewhere.py"
    assert place("-m installed") == "."


def test_a_line_that_is_not_known_is_no_region():
    (result,) = results(at(Site("/a.py", 0, "f", "")))

    assert "region" not in result["locations"][0]["physicalLocation"]


def test_levels():
    found = [replace(MISSING, severity=severity) for severity in Severity]
    run = the_run(replace(RED, findings=tuple(found), flags=()))

    assert [one["level"] for one in run["results"]] == ["error", "warning", "note"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["defaultConfiguration"] == {"level": "error"}


def test_a_rule_carries_the_page_of_its_check():
    check = next(one for one in load_checks() if one.name == "severed-gradient")
    finding = replace(MISSING, check=check.name, code=check.code)
    (rule,) = the_run(replace(RED, findings=(finding, finding), flags=()))["tool"]["driver"]["rules"]

    assert (rule["id"], rule["name"]) == ("GP101", "severed-gradient")
    assert rule["help"] == {"text": check.page.strip(), "markdown": check.page.strip()}
    assert rule["shortDescription"]["text"].startswith("Finds the line at which the way of the gradient ends")
    assert rule["fullDescription"]["text"].startswith("The optimizer passes over parameters without a gradient.")
    assert "helpUri" not in rule


@pytest.mark.parametrize("check", load_checks(), ids=lambda check: check.name)
def test_every_check_makes_a_rule_that_github_shows_whole(check):
    (rule,) = the_run(replace(RED, findings=(replace(MISSING, check=check.name, code=check.code),), flags=()))["tool"][
        "driver"
    ]["rules"]

    assert 20 < len(rule["shortDescription"]["text"]) < 1000
    assert 20 < len(rule["fullDescription"]["text"]) < 1000


def test_a_check_that_is_not_installed_has_a_rule_that_says_so():
    (rule,) = the_run(replace(RED, findings=(replace(MISSING, check="gone", code="GP999"),), flags=()))["tool"][
        "driver"
    ]["rules"]

    assert "not installed" in rule["help"]["text"]


def test_results_are_findings_then_flags_then_what_is_allowed(project):
    found = results(full_report(project))

    rules = [one["ruleId"] for one in found]
    assert rules[:6] == ["GP901", "GP901", "GP902", "GP903", "GP904", "GP905"]
    assert rules[6:8] == ["flag-qwen-grad-flows", "flag-mask-ratio-declines"]
    assert rules[9:] == ["GP901", "GP906"]


def test_flags_that_hold_or_could_not_be_judged_are_no_results():
    flags = tuple(Flag(colour.value, colour, "e", "o") for colour in Colour)
    found = results(replace(HEALTHY, flags=flags))

    assert [(one["ruleId"], one["level"]) for one in found] == [("flag-amber", "warning"), ("flag-red", "error")]
    assert found[1]["message"]["text"] == "red is red: expected e, observed o"


def test_what_is_allowed_is_suppressed_where_it_was_allowed():
    site = Site("/a.py", 3, "f", "x.detach()")
    told = [("a comment at a.py:3", "target"), ("[expect] severed of the policy mine", "")]
    allowed = tuple(Allowed("cut", "GP101", "t", site, by, reason) for by, reason in told)
    found = results(replace(HEALTHY, allowed=allowed, flags=()))

    assert [one["suppressions"] for one in found] == [
        [{"kind": "inSource", "status": "accepted", "justification": "a comment at a.py:3: target"}],
        [{"kind": "external", "status": "accepted", "justification": "[expect] severed of the policy mine"}],
    ]


def test_what_is_allowed_is_left_out_where_github_would_open_an_alert_for_it(project, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    report = full_report(project)

    assert not any("suppressions" in one for one in results(report))
    assert len(results(report)) == len(report.findings) + 3
    hold_to_the_standard(report)


def test_what_allows_in_a_comment_says_so():
    """The word by which a comment is told from a line of the policy is the engine's."""
    seen = Observation("allow-comment", Site("/a.py", 3), detail={"checks": "test", "reason": "meant"})
    made = record({"net": ["w"]}, observations=[seen])
    found = finding(location=Site("/a.py", 3))
    _, (allowed,), _ = allow([found], made, load_policy("default"))

    (result,) = results(replace(HEALTHY, allowed=(allowed,), flags=()))
    assert result["suppressions"][0]["kind"] == "inSource"


def test_related_locations_are_linked_from_the_message(project):
    finding = full_report(project).findings[0]
    (result,) = results(replace(RED, findings=(finding,), flags=()))

    (related,) = result["relatedLocations"]
    assert (related["id"], related["message"]) == (1, {"text": "backward"})
    assert related["physicalLocation"]["region"]["startLine"] == 1
    assert result["message"]["text"].endswith("See: [backward](1), first [cut] at <string>:3")


def test_a_message_makes_no_link_of_what_only_looks_like_one():
    finding = replace(MISSING, title="[here](https://example.org)", related=())
    (result,) = results(replace(RED, findings=(finding,), flags=()))

    assert result["message"]["text"].startswith("[here\\](https://example.org)")


def prints(report):
    return [one["partialFingerprints"] for one in results(report)]


def finding_at(line, code="y = x.detach()", **changes):
    backward = RelatedSite(Site("/a/train.py", line + 50, "main", "loss.backward()"), "backward")
    return replace(
        MISSING, location=Site("/a/train.py", line, "main", code), related=(backward,), **{"modules": ("m",), **changes}
    )


def test_fingerprints_stay_when_lines_above_and_blanks_change():
    before = prints(replace(RED, findings=(finding_at(10),)))
    after = prints(replace(RED, findings=(finding_at(14, "y  =  x.detach()"),)))

    assert before == after


@pytest.mark.parametrize(
    "other",
    [
        finding_at(10, "z = x.detach()"),
        replace(finding_at(10), code="GP102"),
        replace(finding_at(10), location=Site("/a/other.py", 10, "main", "y = x.detach()")),
        replace(finding_at(10), location=Site("/a/train.py", 10, "other", "y = x.detach()")),
        finding_at(10, modules=("other",)),
        replace(finding_at(10), related=()),
    ],
    ids=["statement", "check", "file", "function", "modules", "other ends"],
)
def test_fingerprints_differ_by(other):
    same, changed = prints(replace(RED, findings=(finding_at(10), other), flags=()))

    assert same["gradprobeFinding/v1"] != changed["gradprobeFinding/v1"]


def test_statements_that_read_alike_are_counted():
    first, second = prints(replace(RED, findings=(finding_at(10), finding_at(20)), flags=()))

    assert first["gradprobeFinding/v1"].partition(":")[0] == second["gradprobeFinding/v1"].partition(":")[0]
    assert (first["gradprobeStatement/v1"][-2:], second["gradprobeStatement/v1"][-2:]) == (":1", ":2")


def test_a_statement_is_the_same_when_it_becomes_allowed():
    finding = finding_at(10)
    allowed = Allowed(finding.check, finding.code, finding.title, finding.location, "a comment at train.py:10", "")
    (before,) = prints(replace(RED, findings=(finding,), flags=()))
    (after,) = prints(replace(RED, findings=(), allowed=(allowed,), flags=()))

    assert after["gradprobeStatement/v1"] == before["gradprobeStatement/v1"]


def test_fingerprints_do_not_know_where_the_project_lies(project, monkeypatch):
    def made_in(folder):
        (folder).mkdir()
        monkeypatch.chdir(folder)
        return prints(at(Site(str(folder / "train.py"), 3, "f", "x"), related=()))

    assert made_in(project / "one") == made_in(project / "two")


def test_the_invocation_says_how_the_program_ran(project):
    (invocation,) = the_run(replace(RED, run=replace(RED.run, exit_code=3, exception="ValueError: no")))["invocations"]

    # The run of the example took 12.34 seconds.
    assert invocation["startTimeUtc"] == "2026-11-22T20:00:00.000Z"
    assert invocation["endTimeUtc"] == "2026-11-22T20:00:12.340Z"
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (3, False)
    assert invocation["arguments"] == ["--epochs", "10"]
    assert invocation["workingDirectory"]["uri"] == f"{project.as_uri()}/"
    assert [note["level"] for note in invocation["toolExecutionNotifications"]] == ["error", "note"]


@pytest.mark.parametrize(
    ("started", "seconds", "keys"),
    [
        ("yesterday", 1.0, set()),
        ("2026-11-22T20:00:00Z", float("nan"), {"startTimeUtc"}),
        ("2026-11-22T20:00:00Z", 1e300, set()),
        ("9999-12-31T23:59:59Z", 10.0, set()),
    ],
)
def test_times_that_cannot_be_told_are_left_out(started, seconds, keys):
    (invocation,) = the_run(replace(RED, run=replace(RED.run, started=started, seconds=seconds)))["invocations"]

    assert {"startTimeUtc", "endTimeUtc"} & set(invocation) == keys


def test_a_run_that_still_goes_on_has_no_exit_code():
    (invocation,) = the_run(EMPTY)["invocations"]

    assert "exitCode" not in invocation and invocation["executionSuccessful"] is False


def test_each_script_has_a_category_of_its_own(project):
    def category(script):
        return the_run(replace(RED, run=replace(RED.run, script=script)))["automationDetails"]["id"]

    assert category(str(project / "train.py")) == category("train.py") == "gradprobe/train.py/"
    assert category("-m package") == "gradprobe/-m package/"


def test_numbers_of_numpy_are_numbers():
    finding = replace(MISSING, first_step=np.int64(3), evidence={"norm": np.float32(0.5), "lost": float("inf")})

    properties = json.loads(written(replace(RED, findings=(finding,))))["runs"][0]["results"][0]["properties"]
    assert (properties["firstStep"], properties["evidence"]) == (3, {"norm": 0.5, "lost": "inf"})
