"""The formats of a report: one file or folder each, listed in `REPORTS`."""

from gradprobe.extensions import Format
from gradprobe_reports import json_report, terminal

REPORTS: tuple[Format, ...] = (terminal.FORMAT, json_report.FORMAT)

__all__ = ["REPORTS"]
