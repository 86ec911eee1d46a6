"""The report as one HTML file that opens offline: for a browser, from a machine without a screen, on a phone.

Jinja2 and Plotly are imported when a page is written, not before.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

from gradprobe.extensions import Format
from gradprobe_reports.comparison import write_html

if TYPE_CHECKING:
    from gradprobe.values import Report


def write(report: Report, file: IO[str]) -> None:
    """Write the page; where the file cannot hold every character, with references in place of those that it cannot."""
    from gradprobe_reports.page.page import page

    text = page(report)
    encoding = (getattr(file, "encoding", None) or "utf-8").lower().replace("_", "-")
    if encoding not in (
        "utf-8",
        "utf8",
    ):  # Scripts and styles are ASCII, so a reference stands only where it is read as one.
        text = text.encode("ascii", "xmlcharrefreplace").decode("ascii")
    file.write(text)


FORMAT: Final = Format(name="html", suffixes=(".html", ".htm"), write=write, write_comparison=write_html)
