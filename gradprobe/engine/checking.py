"""Runs checks over a record; one that fails is named and does not lose what the others found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.values import Confidence, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.extensions import Check
    from gradprobe.record.record import Record
    from gradprobe.values import Finding

_SEVERITIES: Final = tuple(Severity)
_CONFIDENCES: Final = tuple(Confidence)


def run_checks(record: Record, checks: Sequence[Check]) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Return what the checks found, in the order of the report, and a sentence for each check that failed.

    A check that raises keeps the findings it yielded before. Errors come first, then warnings, then info; within these
    the surer ones, then those that began earlier.

    Args:
        record: The run.
        checks: The checks to run.
    """
    findings: list[Finding] = []
    failures: list[str] = []
    for check in checks:
        try:
            # Not a comprehension, nor extend(list(...)): what was yielded before a failure is kept.
            for finding in check.find(record):
                findings.append(finding)  # noqa: PERF402
        except Exception as error:
            text = " ".join(str(error).split())
            failures.append(
                f"The check {check.name} ({check.code}) failed, and what it looks for may be missed: "
                f"{type(error).__name__}: {text}"
            )
    return tuple(sorted(findings, key=_order)), tuple(failures)


def _order(finding: Finding) -> tuple[int, int, int, str]:
    """Return the sort key of a finding."""
    return (
        _SEVERITIES.index(finding.severity),
        _CONFIDENCES.index(finding.confidence),
        finding.first_step,
        finding.code,
    )
