"""Runs checks over a record; one that fails is named and does not lose what the others found."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Final

from gradprobe.engine.symptoms import without_symptoms
from gradprobe.values import CheckRun, Confidence, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.extensions import Check
    from gradprobe.record.record import Record

_SEVERITIES: Final = tuple(Severity)
_CONFIDENCES: Final = tuple(Confidence)
_KINDS: Final = {"severity": Severity, "confidence": Confidence, "first_step": Integral, "code": str}
"""What the order of the report needs of a finding that somebody else's check made."""


def run_checks(record: Record, checks: Sequence[Check]) -> tuple[tuple[Finding, ...], tuple[CheckRun, ...]]:
    """Return what the checks found, in the order of the report, and how each check ran.

    A check that raises, or yields something that is no finding, keeps the findings it yielded before. Errors come
    first, then warnings, then info; within these the surer ones, then those that began earlier.

    Args:
        record: The run.
        checks: The checks to run.
    """
    findings: list[Finding] = []
    runs: list[CheckRun] = []
    for check in checks:
        failure = ""
        try:
            for found in check.find(record):
                findings.append(_finding(found))  # noqa: PERF401 (what was yielded before a failure is kept)
        except Exception as error:
            failure = f"{type(error).__name__}: {' '.join(str(error).split())}"
        runs.append(CheckRun(check.name, check.code, failure))
    symptoms = {check.name for check in checks if check.is_symptom}
    return without_symptoms(tuple(sorted(findings, key=in_order)), symptoms), tuple(runs)


def _finding(found: object) -> Finding:
    """Return what a check yielded, if it can be sorted and shown as a finding.

    Raises:
        TypeError: If it cannot.
    """
    if not isinstance(found, Finding):
        raise TypeError(f"expected a Finding, found a {type(found).__name__}")
    for name, kind in _KINDS.items():
        value = getattr(found, name)
        if not isinstance(value, kind):
            raise TypeError(f"expected a Finding whose {name} is of class {kind.__name__}, found {value!r}")
    return found


def in_order(finding: Finding) -> tuple[int, int, int, str]:
    """Return the sort key of a finding."""
    return (
        _SEVERITIES.index(finding.severity),
        _CONFIDENCES.index(finding.confidence),
        finding.first_step,
        finding.code,
    )
