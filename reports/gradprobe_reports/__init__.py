"""The formats of a report, and the trackers that one can be sent to: one file or folder each, listed in `REPORTS`.

(PYTEST_DONT_REWRITE: `gradprobe run -m pytest` imports this before pytest, which would warn that it is too late to rewrite assertions.)
"""

from gradprobe.extensions import Format, Tracker
from gradprobe_reports import github, json_report, junit, markdown, page, sarif, terminal
from gradprobe_reports.trackers import mlflow, tensorboard, wandb

REPORTS: tuple[Format | Tracker, ...] = (
    terminal.FORMAT,
    json_report.FORMAT,
    page.FORMAT,
    sarif.FORMAT,
    junit.FORMAT,
    markdown.FORMAT,
    github.FORMAT,
    tensorboard.TRACKER,
    wandb.TRACKER,
    mlflow.TRACKER,
)

__all__ = ["REPORTS"]
