"""`gradprobe report`: judge a recorded run again."""

from __future__ import annotations

from gradprobe.commands.judging import judge_run, judging, show
from gradprobe.commands.options import FailOn, FormatName, Ignore, NamedRun, NoSource, PolicyFile, Reports, Select, To
from gradprobe.record.directory import find_run


def report(
    run: NamedRun = None,
    reports: Reports = None,
    format_name: FormatName = None,
    to: To = None,
    policy: PolicyFile = None,
    fail_on: FailOn = "error",
    select: Select = None,
    ignore: Ignore = None,
    no_source: NoSource = False,
) -> None:
    """Judge a recorded run again, also one that is still going on or was killed.

    Without --report, prints the report.
    """
    how = judging(policy, fail_on, select, ignore, reports or ["-"], format_name, source=not no_source, to=to)
    judged = judge_run(run if run is not None and run.is_file() else find_run(run), how)
    raise SystemExit(show(judged, how, None, annotate=True))
