"""From a run directory to a report, an exit code and what is printed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO, cast

from gradprobe.errors import GradprobeError, UsageError

if TYPE_CHECKING:
    from gradprobe.commands.outputs import Output
    from gradprobe.engine.verdict import FailOn
    from gradprobe.extensions import Tracker
    from gradprobe.policy.schema import Policy
    from gradprobe.record.record import Record
    from gradprobe.values import Report
    from gradprobe.values.comparison import Comparison

REFERENCE: Final = "gradprobe_reference"
"""The module that runs when no script is named, and that the quick reference's own policy is in force for."""


@dataclass(frozen=True, slots=True)
class Judging:
    """How a run is to be judged, checked before it begins.

    Attributes:
        policy: Name or file of the policy; None for the one that belongs to the program.
        fail_on: What makes the exit code 1.
        select: Checks to run; empty for all.
        ignore: Checks not to run.
        outputs: Reports to write.
        source: Whether they show lines of source code.
        trackers: Where to send the report as well.
    """

    policy: str | None
    fail_on: FailOn
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    outputs: tuple[Output, ...]
    source: bool = True
    trackers: tuple[Tracker, ...] = ()


def judging(
    policy: str | None,
    fail_on: str,
    select: Sequence[str] | None,
    ignore: Sequence[str] | None,
    reports: Sequence[str] | None,
    format_name: str | None,
    *,
    comparing: bool = False,
    source: bool = True,
    to: Sequence[str] | None = None,
) -> Judging:
    """Return the options of a command, checked; `comparing` is whether its reports are comparisons.

    Raises:
        UsageError: If one of them means nothing.
        PolicyError: If the policy does not validate.
    """
    from gradprobe.commands.outputs import outputs

    if fail_on not in ("error", "warning", "never"):
        raise UsageError(f"expected error, warning or never for --fail-on, found {fail_on!r}")
    if policy is not None:
        from gradprobe.policy import load_policy

        load_policy(policy)
    if select or ignore:
        from gradprobe.engine.selection import choose
        from gradprobe.extensions import load_checks

        choose(load_checks(), tuple(select or ()), tuple(ignore or ()))
    chosen = outputs(tuple(reports or ()), format_name, comparing=comparing)
    trackers: tuple[Tracker, ...] = ()
    if to:
        from gradprobe.commands.sending import named_trackers

        trackers = named_trackers(to)
    return Judging(policy, cast("FailOn", fail_on), tuple(select or ()), tuple(ignore or ()), chosen, source, trackers)


def policy_for(script: str, named: str | None) -> str:
    """Return the name or file of the policy in force for a program: the one named, or the one that belongs to it."""
    return named or ("quick-reference" if script == f"-m {REFERENCE}" else "default")


def judge_run(run: Path, how: Judging) -> Report:
    """Judge a recorded run.

    Raises:
        RecordError: If it cannot be read.
        PolicyError: If the policy does not validate.
        UsageError: If it is of a program that ended well and never trained.
    """
    return judge_record(read_run(run), how)


def read_run(run: Path) -> Record:
    """Read a recorded run.

    Raises:
        RecordError: If it cannot be read.
        UsageError: If it is of a program that ended well and never trained.
    """
    from gradprobe.record.run import read_run as read

    record = read(run)
    _expect_training(record, run)
    return record


def judge_record(record: Record, how: Judging, *, draw: bool = True) -> Report:
    """Judge a record; `draw` is whether to prepare what charts are drawn from.

    Raises:
        PolicyError: If the policy does not validate.
    """
    from gradprobe.engine.judge import judge
    from gradprobe.engine.source import without_source
    from gradprobe.extensions import load_checks
    from gradprobe.policy import load_policy

    policy: Policy = load_policy(policy_for(record.facts.script, how.policy or record.facts.policy))
    report = judge(record, policy, load_checks(), select=how.select, ignore=how.ignore, draw=draw)
    return report if how.source else without_source(report)


def _expect_training(record: Record, run: Path) -> None:
    """Raise unless there is something to judge: a program that never trained is not healthy.

    One that failed, was killed or still runs may not have come to it; one that updates its parameters by hand trains,
    also from gradients that `torch.autograd.grad` gave it.
    """
    from gradprobe.values import Backward, GradientsTaken, RecorderFailed

    facts = record.facts
    trained = facts.steps > 0 or any(isinstance(seen.call, (Backward, GradientsTaken)) for seen in record.calls)
    failure = next((seen.incident for seen in record.incidents if isinstance(seen.incident, RecorderFailed)), None)
    if facts.exit_code == 0 and failure is not None and not facts.steps:
        raise UsageError(
            f"expected to record training steps of {facts.script}, found none because the recorder failed: {failure.message}; nothing "
            f"was judged. The script itself was not touched by it; please report this fault (the record is kept in {run})"
        )
    if facts.exit_code != 0 or trained:
        return
    found = "neither" if facts.torch else "that it never imported torch"
    raise UsageError(
        f"expected a script that trains, with loss.backward() and optimizer.step(), found {found} in {facts.script}; "
        f"a process that it starts by subprocess or os.fork is not recorded: name the script whose own process trains "
        f"(the record is kept in {run})"
    )


def show(report: Report, how: Judging, terminal: TextIO | None, *, annotate: bool) -> int:
    """Print the report to the terminal, if there is one, write those that were asked for, and return the exit code.

    A report that cannot be written does not take the others with it, and a tracker that fails changes nothing.

    Args:
        report: The judged run.
        how: What to write and to send, and what fails.
        terminal: Where to print the report for people; None for nowhere.
        annotate: Whether to print annotations where GitHub Actions reads them.
    """
    from gradprobe.commands.github import tell_github
    from gradprobe.commands.outputs import show_on, write
    from gradprobe.engine.verdict import exit_code

    failed = []
    if terminal is not None:
        failed += _failure(partial(show_on, terminal, report))
    for output in how.outputs:
        failure = _failure(partial(write, report, output))
        failed += failure
        if terminal is not None and output.path is not None and not failure:
            _tell_written(output.path, terminal)
    tell_github(report, how.outputs, annotate=annotate)
    if how.trackers:
        from gradprobe.commands.sending import send

        send(report, how.trackers, told=annotate)
    return _told(failed, exit_code(report, how.fail_on))


def _tell_written(path: Path, terminal: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):  # As where the report itself is printed: the terminal may be gone.
        print(f"gradprobe: wrote {path}", file=terminal)


def show_comparison(comparison: Comparison, how: Judging) -> int:
    """Write the comparison wherever it was asked for, and return the exit code.

    One that cannot be written does not take the others with it.
    """
    from gradprobe.commands.github import summarise
    from gradprobe.commands.outputs import write_comparison
    from gradprobe.compare import gate

    failed = []
    for output in how.outputs:
        failed += _failure(partial(write_comparison, comparison, output))
    summarise(comparison)
    return _told(failed, gate(comparison, how.fail_on))


def _told(failed: Sequence[GradprobeError], code: int) -> int:
    """Say what could not be written, and return the exit code: what failed decides, before the judgement does."""
    for error in failed:
        print(f"gradprobe: {error}", file=sys.stderr)
    return max((error.exit_code for error in failed), default=code)


def _failure(action: Callable[[], None]) -> list[GradprobeError]:
    try:
        action()
    except GradprobeError as error:
        return [error]
    return []
