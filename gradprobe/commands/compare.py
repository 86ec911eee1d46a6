"""`gradprobe compare`: what changed between runs, as a gate for regressions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradprobe.commands.judging import Judging, judge_record, judging, read_run, show_comparison
from gradprobe.commands.options import FormatName, Ignore, NoSource, PolicyFile, Reports, Select
from gradprobe.errors import UsageError

if TYPE_CHECKING:
    from gradprobe.compare import Source
    from gradprobe.values import Report

Runs = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN",
        help="One or several baselines, then the new run: directories, records or JSON reports. "
        "One alone is the baseline of the newest run.",
        show_default=False,
    ),
]
FailOn = Annotated[
    str, typer.Option("--fail-on", metavar="error|warning|never", help="Exit with 1 at a regression this bad.")
]
Force = Annotated[bool, typer.Option("--force", help="Compare runs that do not belong together on what they share.")]


def compare(
    runs: Runs,
    reports: Reports = None,
    format_name: FormatName = None,
    policy: PolicyFile = None,
    fail_on: FailOn = "error",
    select: Select = None,
    ignore: Ignore = None,
    no_source: NoSource = False,
    force: Force = False,
) -> None:
    """Compare a run with its baselines: the gate for regressions.

    What is compared: how the runs ended; findings, by what they say and not by their line number; flags; modules whose
    gradient came or went; parameters that are new, gone, frozen or in no optimizer; gradient norms, against the spread
    of the baselines, or within the run where there is one; where losses and metrics end; duration of a step.

    Errors: the run failed, a new finding or red flag that is an error, a gradient that is gone. Warnings: a new one
    that is a warning, a norm that moved, a loss that ends higher, parameters that are not trained any more. What was
    already bad is said, and is no regression.

    Exits with 1 at a regression as bad as --fail-on, 2 when runs cannot be compared, else 0. Without --report, prints
    the comparison.
    """
    from gradprobe.compare import compare as compared
    from gradprobe.engine.source import without_source

    how = judging(policy, fail_on, select, ignore, reports or ["-"], format_name, comparing=True)
    baselines, new = _sources(runs, how)
    found = compared(baselines, new, force=force)
    raise SystemExit(show_comparison(without_source(found) if no_source else found, how))


def _sources(runs: list[Path], how: Judging) -> tuple[list[Source], Source]:
    """Return the baselines and the new run; all records are judged by the new run's policy, or that of `--policy`.

    Raises:
        UsageError: If two of them are the same run, or one never trained.
        RecordError: If one cannot be read.
    """
    names = [*runs, _newest()] if len(runs) == 1 else runs
    places = [path.resolve() for path in names]
    if len(set(places)) < len(places):
        twice = next(path for path, place in zip(names, places, strict=True) if places.count(place) > 1)
        raise UsageError(
            f"expected different runs to compare, found {twice} more than once; name a baseline first and the new run last"
        )
    new = _source(names[-1], how)
    if new.record is not None and how.policy is None:
        how = replace(how, policy=_policy_of(new))
    return [_source(path, how) for path in names[:-1]], new


def _newest() -> Path:
    from gradprobe.record.directory import find_run
    from gradprobe.text.words import relative

    return Path(relative(str(find_run(None))))


def _policy_of(new: Source) -> str:
    from gradprobe.commands.judging import policy_for

    assert new.record is not None
    return policy_for(new.record.facts.script, new.record.facts.policy)


def _source(path: Path, how: Judging) -> Source:
    """Return a run, judged or read back.

    Raises:
        RecordError: If it cannot be read.
        UsageError: If it is of a program that ended well and never trained.
    """
    from gradprobe.compare import Source, is_report, read_report
    from gradprobe.record.directory import find_run

    if is_report(path):
        return Source(str(path), _selected(read_report(path), how), None)
    record = read_run(path if path.is_file() else find_run(path))
    return Source(str(path), judge_record(record, how, draw=False), record)


def _selected(report: Report, how: Judging) -> Report:
    """Return a report without the findings of checks that are not to run."""
    if not how.select and not how.ignore:
        return report
    from gradprobe.engine.selection import choose
    from gradprobe.extensions import load_checks

    chosen = {check.name for check in choose(load_checks(), how.select, how.ignore)}
    return replace(report, findings=tuple(one for one in report.findings if one.check in chosen))
