"""The JSON report: valid against its schema whatever the report, and read back as it was."""

import io
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings

from gradprobe.values import CheckRun, MetricTrend, Site, Trend
from gradprobe_reports import json_report
from gradprobe_reports.json_report import document, schema
from tests.reports.examples import EMPTY, HEALTHY, HOSTILE, MISSING, RED
from tests.reports.golden import DOCUMENTS
from tests.reports.strategies import reports
from tests.support.documents import VALIDATOR, parsed, report_in

NAN, INF = float("nan"), float("inf")


def written(report):
    file = io.StringIO()
    json_report.write(report, file)
    return file.getvalue()


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("report", [RED, HEALTHY, EMPTY, HOSTILE], ids=["red", "healthy", "empty", "hostile"])
def test_examples_are_valid(report):
    assert parsed(written(report)) == document(report)


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_is_valid_and_reads_back_as_it_was(report):
    text = written(report)

    assert parsed(text) == document(report)
    assert text.isascii()
    text.encode("utf-8")


def test_the_keys_are_those_of_the_contract():
    top = document(RED)
    assert list(top) == [
        *("schema", "gradprobe", "run", "verdict", "flags", "findings", "modules", "metrics", "not_seen", "allowed"),
        *("checks", "ranks"),
    ]
    assert list(top["run"]) == [
        *("script", "argv", "steps", "deep_steps", "ranks", "device", "torch", "python", "started", "seconds"),
        *("exit_code", "exception", "stopped_by"),
    ]
    assert list(top["flags"][0]) == ["name", "colour", "expected", "observed"]
    assert list(top["findings"][0]) == [
        *("check", "code", "severity", "confidence", "title", "message", "fix", "not_this", "location", "related"),
        *("modules", "parameters", "first_step", "last_step", "evidence"),
    ]
    assert list(top["findings"][0]["related"][0]) == ["file", "line", "function", "code", "role"]
    assert list(top["modules"][0]) == [
        *("name", "parameters", "trainable", "grad_norm", "steps_with_gradient", "steps_with_zero_gradient"),
        "steps_without_gradient",
    ]
    assert list(top["modules"][0]["grad_norm"]) == ["last", "median", "min", "max"]
    assert list(top["metrics"][0]) == ["name", "first", "last", "trend"]


def test_the_schema_has_no_room_for_other_keys():
    changed = {**document(RED), "extra": 1}

    assert not VALIDATOR.is_valid(changed)


@pytest.mark.parametrize(("value", "shown"), [(NAN, "nan"), (INF, "inf"), (-INF, "-inf"), (0.1, 0.1), (-0.0, 0.0)])
def test_numbers_that_are_not_finite_are_words(value, shown):
    report = replace(RED, metrics=(MetricTrend("loss", value, value, Trend.UNCLEAR),))

    assert parsed(written(report))["metrics"][0]["last"] == shown


def test_no_norm_is_null():
    assert document(RED)["modules"][0]["grad_norm"] == {"last": None, "median": None, "min": None, "max": None}


def test_numbers_of_numpy_are_numbers():
    evidence = {"steps": np.int64(3), "norm": np.float32(0.5), "lost": np.float64("nan")}
    report = replace(RED, findings=(replace(MISSING, evidence=evidence),))

    assert parsed(written(report))["findings"][0]["evidence"] == {"steps": 3, "norm": 0.5, "lost": "nan"}


def test_files_are_relative_to_the_working_directory_where_they_lie_below_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def shown(file):
        finding = replace(MISSING, location=Site(str(file), 1))
        return document(replace(RED, findings=(finding,)))["findings"][0]["location"]["file"]

    assert shown(tmp_path / "models" / "qwen.py") == "models/qwen.py"
    assert shown(tmp_path.parent / "train.py") == str(tmp_path.parent / "train.py")
    assert shown("<string>") == "<string>"
    assert shown("") == ""


def test_the_schema_lies_beside_the_code():
    assert (Path(json_report.__file__).parent / "report.schema.json").is_file()


@pytest.mark.parametrize("path", sorted(DOCUMENTS.glob("schema-1-*.json")), ids=lambda path: path.stem)
def test_documents_of_early_versions_stay_valid(path):
    """These files were written by versions that are gone; they are never written anew."""
    assert report_in(path)["schema"] == 1


def test_a_document_says_which_checks_ran_and_which_of_them_failed():
    report = replace(HEALTHY, checks=(CheckRun("quiet", "GP101"), CheckRun("faulty", "GP102", "ValueError: bad")))

    assert parsed(written(report))["checks"] == [
        {"check": "quiet", "code": "GP101", "error": None},
        {"check": "faulty", "code": "GP102", "error": "ValueError: bad"},
    ]


def test_steps_may_be_numbers_of_numpy():
    finding = replace(MISSING, first_step=np.int64(3), last_step=np.int32(5))

    found = parsed(written(replace(RED, findings=(finding,))))["findings"][0]
    assert (found["first_step"], found["last_step"]) == (3, 5)
