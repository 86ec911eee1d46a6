"""What trackers are told in words: the whole report as Markdown, and findings as rows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gradprobe.values import Severity
from gradprobe_reports import markdown
from gradprobe_reports.trackers.points import thinned

if TYPE_CHECKING:
    from gradprobe.values import Finding, Report

FINDING: Final = ("check", "severity", "confidence", "line", "title", "message", "fix")
FLAG: Final = ("flag", "colour", "expected", "observed")


def document(report: Report) -> str:
    """Return the report as Markdown, with a word on what its series leave out."""
    file = io.StringIO()
    markdown.FORMAT.write(report, file)
    left_out = thinned(report)
    return file.getvalue() + (f"\n\nSent: {left_out}.\n" if left_out else "")


def finding_rows(report: Report) -> list[list[str]]:
    """Return the findings as rows of a table, `FINDING` above them."""
    return [
        [one.check, one.severity.value, one.confidence.value, place(one), one.title, one.message, one.fix]
        for one in report.findings
    ]


def flag_rows(report: Report) -> list[list[str]]:
    """Return the flags as rows of a table, `FLAG` above them."""
    return [[one.name, one.colour.value, one.expected, one.observed] for one in report.flags]


def place(finding: Finding) -> str:
    """Return the line to edit, `train.py:12`; empty where none can be named."""
    return "" if finding.location is None else f"{finding.location.file}:{finding.location.line}"


def labels(report: Report) -> dict[str, str]:
    """Return what a run is found by: the verdict, how many findings there are of each severity, and each flag's colour."""
    counts = {
        f"gradprobe.findings.{severity.value}": str(sum(one.severity is severity for one in report.findings))
        for severity in Severity
    }
    flags = {f"gradprobe.flag.{flag.name}": flag.colour.value for flag in report.flags}
    return {"gradprobe.verdict": report.verdict.value, **counts, **flags}


def run_name(report: Report) -> str:
    """Return what a run of a tracker's that holds nothing but this report is called."""
    return f"gradprobe-{Path(report.run.path).name}"


def tracked_run(report: Report, tracker: str) -> str | None:
    """Return the run of a tracker's that the script itself logged to; None where it did not."""
    return dict(report.run.tracked).get(tracker)
