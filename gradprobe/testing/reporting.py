"""A failure by gradients as pytest reports it: its text alone, with the line of the test and a line for lists of failures."""

from __future__ import annotations

from typing import Any

import pytest
from _pytest._code.code import ExceptionRepr, ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback

from gradprobe.errors import GradprobeError
from gradprobe.testing.failure import GradientFailure, text_of
from gradprobe.testing.telling import sections_of


class FailureRepr(ReprExceptionInfo):
    """Shows the text; in colour where pytest does. Travels from xdist's workers as any other failure."""

    def __init__(self, text: str, coloured: str, place: ReprFileLocation) -> None:
        entries = [ReprEntryNative([f"{text}\n"])]
        super().__init__(ReprTraceback(reprentries=entries, extraline=None, style="native"), place)
        self._coloured = coloured

    def toterminal(self, tw: Any) -> None:
        """Write it."""
        if not tw.hasmarkup:
            super().toterminal(tw)
            return
        tw.line(self._coloured)
        ExceptionRepr.toterminal(self, tw)


def report_failure(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Show a failure of gradprobe's as its text, and what was found beside one of the test's own.

    Args:
        item: The test.
        call: What was called.
        report: Its report, which is changed.
    """
    assert call.excinfo is not None
    error = call.excinfo.value
    if report.outcome != "failed":
        return  # Skipped, or expected to fail.
    if isinstance(error, GradientFailure):
        coloured = str(error) if error.report is None else text_of(error.report, coloured=True)
        report.longrepr = FailureRepr(str(error), coloured, _place(item, call.excinfo, error.headline))
    elif isinstance(error, (GradprobeError, pytest.UsageError)):
        text = f"gradprobe: {error}"
        report.longrepr = FailureRepr(text, text, _place(item, call.excinfo, text))
    else:
        report.sections += [section for section in sections_of(item) if section not in report.sections]


def _place(item: pytest.Item, caught: pytest.ExceptionInfo[BaseException], message: str) -> ReprFileLocation:
    """Return the test's line that the failure came to, or where the test begins."""
    lines = [entry.lineno + 1 for entry in caught.traceback if str(entry.path) == str(item.path)]
    file, first, _ = item.location
    return ReprFileLocation(file, lines[-1] if lines else (first or 0) + 1, message)
