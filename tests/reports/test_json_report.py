"""The JSON report: valid against its schema whatever the report, and read back as it was."""

import io
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradprobe.values import (
    Colour,
    Confidence,
    Finding,
    Flag,
    MetricTrend,
    ModuleHealth,
    ModuleState,
    RelatedSite,
    Report,
    RunFacts,
    Severity,
    Site,
    Trend,
    Verdict,
)
from gradprobe_reports import json_report
from gradprobe_reports.json_report import document, schema
from tests.reports.examples import EMPTY, HEALTHY, HOSTILE, MISSING, RED

VALIDATOR = jsonschema.Draft202012Validator(schema())
NAN, INF = float("nan"), float("inf")

texts = st.text(st.characters(exclude_categories=()), max_size=20)  # with lone surrogates
counts = st.integers(0, 10**12)
norms = st.none() | st.floats()
tuples = st.lists(texts, max_size=2).map(tuple)
sites = st.builds(Site, texts, counts, texts, texts)
runs = st.builds(
    RunFacts,
    *(texts, tuples, counts, counts, counts, texts, texts, texts, texts),
    seconds=st.floats(),
    exit_code=st.none() | st.integers(-64, 255),
    exception=st.none() | texts,
    stopped_by=st.sampled_from(["script", "max-batches", "exception", "signal", None]),
    path=texts,
    policy=texts,
)
findings = st.builds(
    Finding,
    *(texts, texts, st.sampled_from(Severity), st.sampled_from(Confidence), texts, texts, texts, texts),
    location=st.none() | sites,
    first_step=counts,
    last_step=counts,
    related=st.lists(st.builds(RelatedSite, sites, texts), max_size=2).map(tuple),
    modules=tuples,
    parameters=tuples,
    evidence=st.dictionaries(texts, texts | st.floats() | st.integers() | st.booleans(), max_size=2),
)
modules = st.builds(
    ModuleHealth,
    *(texts, texts, counts, counts, counts, counts, norms, norms, norms, norms, counts, counts, counts),
    state=st.sampled_from(ModuleState),
    series=st.lists(norms, max_size=3).map(tuple),
)
metrics = st.builds(MetricTrend, texts, st.floats(), st.floats(), st.sampled_from(Trend))
reports = st.builds(
    Report,
    *(texts, runs, st.sampled_from(Verdict)),
    flags=st.lists(st.builds(Flag, texts, st.sampled_from(Colour), texts, texts), max_size=2).map(tuple),
    findings=st.lists(findings, max_size=2).map(tuple),
    modules=st.lists(modules, max_size=2).map(tuple),
    metrics=st.lists(metrics, max_size=2).map(tuple),
    not_seen=tuples,
)


def written(report):
    file = io.StringIO()
    json_report.write(report, file)
    return file.getvalue()


def strict(text):
    """Read JSON as the standard has it: Python's own reader takes NaN too."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("report", [RED, HEALTHY, EMPTY, HOSTILE], ids=["red", "healthy", "empty", "hostile"])
def test_examples_are_valid(report):
    VALIDATOR.validate(strict(written(report)))


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_is_valid_and_reads_back_as_it_was(report):
    text = written(report)

    VALIDATOR.validate(strict(text))
    assert strict(text) == document(report)
    assert text.isascii()
    text.encode("utf-8")


def test_the_keys_are_those_of_the_contract():
    top = document(RED)
    assert list(top) == [
        *("schema", "gradprobe", "run", "verdict", "flags", "findings", "modules", "metrics", "not_seen", "allowed"),
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

    assert strict(written(report))["metrics"][0]["last"] == shown


def test_no_norm_is_null():
    assert document(RED)["modules"][0]["grad_norm"] == {"last": None, "median": None, "min": None, "max": None}


def test_numbers_of_numpy_are_numbers():
    evidence = {"steps": np.int64(3), "norm": np.float32(0.5), "lost": np.float64("nan")}
    report = replace(RED, findings=(replace(MISSING, evidence=evidence),))

    assert strict(written(report))["findings"][0]["evidence"] == {"steps": 3, "norm": 0.5, "lost": "nan"}


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
