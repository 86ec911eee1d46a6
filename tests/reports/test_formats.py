"""The formats there are, and what it costs to know them."""

import html
import io
import subprocess
import sys

import pytest

from gradprobe.engine.source import without_source
from gradprobe.extensions import Format, Tracker, load_formats, load_trackers
from gradprobe_reports import REPORTS
from tests.reports.full import full_report

FORMATS = [one for one in REPORTS if isinstance(one, Format)]
HEAVY = {
    *("torch", "rich", "junitparser", "xml.etree.ElementTree", "hashlib", "gradprobe_checks", "gradprobe.recorder"),
    *("tensorboard", "wandb", "mlflow"),
}


def test_names_and_suffixes():
    assert [(one.name, one.suffixes) for one in FORMATS] == [
        ("terminal", ()),
        ("json", (".json",)),
        ("html", (".html", ".htm")),
        ("sarif", (".sarif",)),
        ("junit", (".xml",)),
        ("markdown", (".md",)),
        ("github", ()),
    ]


def test_they_are_found_by_entry_point():
    assert set(FORMATS) <= set(load_formats())


def test_trackers_stand_beside_them():
    names = [one.name for one in REPORTS if isinstance(one, Tracker)]
    assert names == ["tensorboard", "wandb", "mlflow"] == [one.name for one in load_trackers()]


@pytest.mark.parametrize("unit", FORMATS, ids=lambda unit: unit.name)
def test_none_shows_source_where_it_was_taken_out(unit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = full_report(tmp_path)
    secrets = {site.code for finding in report.findings for site in sites(finding)} - {""}

    def shown(report):
        file = io.StringIO()
        unit.write(report, file)
        return {code for code in secrets if code in html.unescape(file.getvalue()).replace('\\"', '"')}

    assert len(shown(report)) > 1
    assert shown(without_source(report)) == set()


def sites(finding):
    located = [finding.location] if finding.location else []
    return [*located, *(end.site for end in finding.related)]


def test_knowing_them_loads_nothing_that_only_writing_needs():
    code = "import sys, gradprobe_reports; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert not HEAVY & set(loaded)
