"""Compares runs: what changed between one or several baselines and a new run, and whether that is a regression."""

from gradprobe.compare.comparing import compare
from gradprobe.compare.gate import gate, headline, regressions
from gradprobe.compare.report_file import is_report, read_report
from gradprobe.compare.source import Source

__all__ = ["Source", "compare", "gate", "headline", "is_report", "read_report", "regressions"]
