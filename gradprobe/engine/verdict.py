"""A run in one word, and as an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from gradprobe.values import Colour, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradprobe.values import Finding, Flag, Report

FailOn: TypeAlias = Literal["error", "warning", "never"]


def verdict_of(flags: Iterable[Flag], findings: Iterable[Finding], *, is_complete: bool = True) -> Verdict:
    """Return `red` with an error or a red flag, else `warning` with a warning or an amber flag, else `healthy`.

    Args:
        flags: The flags.
        findings: The findings.
        is_complete: Whether all that happened was recorded, and no exception ended it; else it is never called healthy.
    """
    colours = {flag.colour for flag in flags}
    severities = {finding.severity for finding in findings}
    if Colour.RED in colours or Severity.ERROR in severities:
        return Verdict.RED
    if Colour.AMBER in colours or Severity.WARNING in severities or not is_complete:
        return Verdict.WARNING
    return Verdict.HEALTHY


def exit_code(report: Report, fail_on: FailOn = "error") -> int:
    """Return 1 where a finding or flag is as bad as `fail_on` or worse, else 0; an amber flag counts as a warning.

    Args:
        report: The judged run.
        fail_on: `error`, `warning`, or `never`.
    """
    failing = {"error": {Verdict.RED}, "warning": {Verdict.RED, Verdict.WARNING}, "never": set[Verdict]()}[fail_on]
    return int(report.verdict in failing)
