"""What a comparison comes to, as an exit code and as a line."""

from dataclasses import replace

import pytest

from gradprobe.compare import compare, gate, headline
from gradprobe.values import Verdict
from tests.support.findings import finding
from tests.support.sources import source

MATRIX = {
    ("error", "error"): 1,
    ("error", "warning"): 1,
    ("error", "never"): 0,
    ("warning", "error"): 0,
    ("warning", "warning"): 1,
    ("warning", "never"): 0,
    ("info", "error"): 0,
    ("info", "warning"): 0,
    ("info", "never"): 0,
}


@pytest.mark.parametrize(("severity", "fail_on"), MATRIX)
def test_exit_code(severity, fail_on):
    found = compare([source()], source(findings=[finding(severity)]))
    assert gate(found, fail_on) == MATRIX[severity, fail_on]


def test_improvements_and_what_was_there_fail_nothing():
    base = source(findings=[finding()])
    assert gate(compare([base], source()), "warning") == 0
    assert gate(compare([base], base), "warning") == 0


def test_headline():
    base = source(findings=[finding(check="old", code="GP199")])
    new = source(findings=[finding(), finding("warning", code="GP102"), finding("warning", code="GP103")])
    assert headline(compare([base], new)) == (
        "REGRESSED, 1 error, 2 warnings, 1 improvement: train.py, 40 steps against its baseline"
    )
    assert headline(compare([base, base], base)) == "NO REGRESSION: train.py, 40 steps against 2 baselines"


def test_what_is_red_as_before_is_not_called_well():
    red = replace(source(), report=replace(source().report, verdict=Verdict.RED))
    assert headline(compare([red], red)) == "NO REGRESSION, red as before: train.py, 40 steps against its baseline"


def test_remark_is_no_regression():
    found = compare([source()], source(seconds=1.6))
    assert headline(found) == "NO REGRESSION, 1 remark: train.py, 40 steps against its baseline"
