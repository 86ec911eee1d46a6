"""A report in a few lines, as text and as a table."""

from __future__ import annotations

import re

import pytest

from gradprobe.summary import as_table, as_text
from tests.reports.examples import EMPTY
from tests.reports.page.examples import PAGE, poisoned_report


def test_text_begins_with_the_verdict_and_names_each_finding_with_its_line_and_fix():
    lines = as_text(PAGE).splitlines()
    assert lines[0].startswith("gradprobe: RED after ")
    for finding in PAGE.findings:
        assert any(finding.check in line and finding.title in line for line in lines)
        assert any(line.strip() == f"fix  {finding.fix}" for line in lines)
        if finding.location is not None:
            assert any(f":{finding.location.line}" in line for line in lines)


def test_a_run_of_nothing_has_no_table():
    assert "<table" not in as_table(EMPTY)
    assert len(as_text(EMPTY).splitlines()) == 2


@pytest.mark.parametrize("show", [as_text, as_table])
def test_nobodys_text_becomes_markup_or_moves_a_cursor(show):
    shown = show(poisoned_report())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert "<script" not in as_table(poisoned_report()).lower()
    assert set(re.findall(r"</?([a-z]+)", as_table(poisoned_report()))) <= {
        *("div", "strong", "table", "tr", "th", "td", "br", "small", "code")
    }
