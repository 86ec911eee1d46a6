"""How a test fails by its gradients: an assertion that says what a person reads in a report."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradprobe.values import Report


class GradientFailure(AssertionError):
    """Gradients do not do what the test expects; the text is the findings, as a person reads them.

    Attributes:
        headline: The text in one line, for lists of failures.
        report: The judged recording whose findings the text is; None where it is about something else.
    """

    def __init__(self, text: str, *, headline: str, report: Report | None = None) -> None:
        super().__init__(text)
        self.headline = headline
        self.report = report


def failure_of(report: Report) -> GradientFailure:
    """Return the failure that a report is."""
    from gradprobe.testing.outcome import lines_of

    lines = lines_of(report)
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return GradientFailure(text_of(report), headline=f"{lines[0]}{more}" if lines else _verdict(report), report=report)


def text_of(report: Report, *, coloured: bool = False) -> str:
    """Return what is wrong as the terminal report shows it, without a line break at its end.

    Args:
        report: A judged recording.
        coloured: Whether it is for a terminal that shows colours.
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from gradprobe.commands.outputs import named_format
        from gradprobe.testing.outcome import concise

        page = _Page(coloured)
        named_format("terminal").write(concise(report), page)
        return page.getvalue().rstrip("\n")


class _Page(io.StringIO):
    """A text that says of itself whether it is for a terminal."""

    def __init__(self, coloured: bool) -> None:
        super().__init__()
        self._coloured = coloured

    def isatty(self) -> bool:
        return self._coloured


def _verdict(report: Report) -> str:
    from gradprobe.text.words import headline

    return headline(report)
