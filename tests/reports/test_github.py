"""Annotations: read back as GitHub's runner reads them, whatever the report; never more than GitHub shows."""

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from gradprobe.text.safe import safe
from gradprobe.values import Colour, Flag, Severity, Site
from gradprobe_reports import github
from gradprobe_reports.github import command, commands
from tests.reports.examples import EMPTY, HEALTHY, HOSTILE, MISSING, RED
from tests.reports.full import full_report, in_project
from tests.reports.golden import DOCUMENTS, check_golden
from tests.reports.strategies import reports, texts

COMMAND = re.compile(r"::(?P<kind>error|warning|notice) (?P<properties>[^:]*)::(?P<message>.*)")
ESCAPED = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def unescaped(text, signs):
    return re.sub("|".join(signs), lambda found: ESCAPED[found[0]], text)


def read(line):
    """Read a command as `ActionCommand.TryParseV2` of GitHub's runner does: kind, properties, message."""
    found = COMMAND.fullmatch(line)
    assert found is not None, line
    pairs = [pair.partition("=") for pair in found["properties"].split(",") if pair]
    properties = {key: unescaped(value, ESCAPED) for key, _, value in pairs}
    return found["kind"], properties, unescaped(found["message"], ["%0D", "%0A", "%25"])


def written(report):
    file = io.StringIO()
    github.write(report, file)
    return file.getvalue()


def hold_to_the_form(report):
    lines = written(report).split("\n")
    assert lines.pop() == ""
    kinds = []
    for line in lines:
        kind, properties, _ = read(line)
        assert set(properties) <= {"file", "line", "title"} and properties["title"]
        kinds.append(kind)
    assert kinds == sorted(kinds, key=["error", "warning", "notice"].index)
    assert max((kinds.count(kind) for kind in kinds), default=0) <= 10


@pytest.mark.parametrize("report", [RED, HEALTHY, EMPTY, HOSTILE], ids=["red", "healthy", "empty", "hostile"])
def test_examples_hold_to_the_form(report):
    hold_to_the_form(report)


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_holds_to_the_form(report):
    hold_to_the_form(report)


@settings(max_examples=200, deadline=None)
@given(texts, texts, texts)
def test_any_text_is_read_back_as_it_was(title, message, file):
    title, message, file = safe(title), f"{safe(message)}\n{safe(message)}", safe(file)
    kind, properties, read_back = read(command("warning", f"t{title}", message, file, 3))

    assert (kind, properties["title"], read_back) == ("warning", f"t{title}", message)
    assert (properties.get("file", ""), properties.get("line")) == (file, "3" if file else None)


def test_golden(project):
    check_golden("full-annotations.txt", in_project(written(full_report(project)), project), DOCUMENTS)


def test_a_healthy_run_says_nothing():
    assert written(HEALTHY) == ""


def test_a_finding_stands_at_its_line_from_the_root_of_the_checkout_on(project, monkeypatch):
    report = full_report(project)
    monkeypatch.chdir(project / "models")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project))
    kind, properties, message = read(commands(report)[0])

    title = "the gradient of qwen ends here (cut-here)"
    assert (kind, properties) == ("error", {"file": "models/refine r.py", "line": "5", "title": title})
    assert message.startswith("The gradient ends here.\nNothing below this line leaves a graph.\nfix: look for no_grad")


@pytest.mark.parametrize("site", [None, Site("<string>", 3)])
def test_a_finding_in_no_file_stands_at_the_script(site):
    _, properties, _ = read(commands(replace(RED, flags=(), findings=(replace(MISSING, location=site),)))[0])

    assert properties["file"] == "/home/me/train.py" and "line" not in properties


def test_kinds():
    findings = tuple(replace(MISSING, severity=severity) for severity in Severity)
    flags = tuple(Flag(colour.value, colour, "e", "o") for colour in Colour)
    told = [read(line) for line in commands(replace(RED, findings=findings, flags=flags))]

    flag = "the flag {0} is {0}".format
    finding = "qwen never gets a gradient (missing-gradient)"
    assert [(kind, properties["title"]) for kind, properties, _ in told] == [
        *(("error", finding), ("error", flag("red"))),
        *(("warning", finding), ("warning", flag("amber"))),
        ("notice", finding),
    ]


def test_a_flag_says_what_was_expected_and_observed():
    report = replace(HEALTHY, flags=(Flag("loss-falls", Colour.RED, "a fall", "a rise"),))

    assert read(commands(report)[0]) == (
        "error",
        {"file": "/home/me/train.py", "title": "the flag loss-falls is red"},
        "expected a fall\nobserved a rise",
    )


def many(errors=0, warnings=0, notices=0):
    counts = ((Severity.ERROR, errors), (Severity.WARNING, warnings), (Severity.INFO, notices))
    findings = [replace(MISSING, severity=severity) for severity, count in counts for _ in range(count)]
    return [read(line) for line in commands(replace(RED, findings=tuple(findings), flags=()))]


@pytest.mark.parametrize(
    ("counts", "shown", "said"),
    [
        ((10, 10, 10), (10, 10, 10), None),
        ((11, 3, 0), (10, 3, 1), "1 more error not shown"),
        ((12, 11, 0), (10, 10, 1), "2 more errors, 1 more warning not shown"),
        ((11, 0, 10), (10, 0, 10), "1 more error, 1 more notice not shown"),
        ((0, 0, 11), (0, 0, 10), "2 more notices not shown"),
        ((0, 11, 9), (0, 10, 10), "1 more warning not shown"),
    ],
)
def test_what_github_would_not_show_is_counted_in_the_last_notice(counts, shown, said):
    told = many(*counts)
    kinds = [kind for kind, _, _ in told]

    assert tuple(kinds.count(kind) for kind in ("error", "warning", "notice")) == shown
    last = told[-1][2]
    assert last.startswith(said) if said else "not shown" not in last


def test_a_message_is_cut_before_github_cuts_it():
    (line,) = commands(replace(RED, flags=(), findings=(replace(MISSING, message="x" * 100_000),)))

    assert len(line) < 5_000
