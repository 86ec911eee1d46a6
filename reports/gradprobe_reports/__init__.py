"""The formats of a report: one file or folder each, listed in `REPORTS`.

(PYTEST_DONT_REWRITE: `gradprobe run -m pytest` imports this before pytest, which would warn that it is too late to rewrite assertions.)
"""

from gradprobe.extensions import Format
from gradprobe_reports import github, json_report, junit, markdown, page, sarif, terminal

REPORTS: tuple[Format, ...] = (
    terminal.FORMAT,
    json_report.FORMAT,
    page.FORMAT,
    sarif.FORMAT,
    junit.FORMAT,
    markdown.FORMAT,
    github.FORMAT,
)

__all__ = ["REPORTS"]
