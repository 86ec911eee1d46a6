"""From a run directory to a report, an exit code and what is printed."""

from __future__ import annotations

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
    from gradprobe.policy.schema import Policy
    from gradprobe.record.record import Record
    from gradprobe.values import Report

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
    """

    policy: str | None
    fail_on: FailOn
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    outputs: tuple[Output, ...]


def judging(
    policy: str | None,
    fail_on: str,
    select: Sequence[str] | None,
    ignore: Sequence[str] | None,
    reports: Sequence[str] | None,
    format_name: str | None,
) -> Judging:
    """Return the options of a command, checked.

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
    chosen = outputs(tuple(reports or ()), format_name)
    return Judging(policy, cast("FailOn", fail_on), tuple(select or ()), tuple(ignore or ()), chosen)


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
    from gradprobe.engine.judge import judge
    from gradprobe.extensions import load_checks
    from gradprobe.policy import load_policy
    from gradprobe.record.directory import find_record, find_run, rank_files
    from gradprobe.record.reader import read_record

    record = read_record(find_record(run), ranks=len(rank_files(find_run(run))) or 1)
    _expect_training(record, run)
    policy: Policy = load_policy(policy_for(record.facts.script, how.policy or record.facts.policy))
    return judge(record, policy, load_checks(), select=how.select, ignore=how.ignore)


def _expect_training(record: Record, run: Path) -> None:
    """Raise unless there is something to judge: a program that never trained is not healthy.

    One that failed, was killed or still runs may not have come to it; one that updates its parameters by hand trains,
    also from gradients that `torch.autograd.grad` gave it.
    """
    from gradprobe.values import Backward, GradientsTaken, RecorderFailed

    facts = record.facts
    trained = facts.steps > 0 or any(isinstance(seen.call, (Backward, GradientsTaken)) for seen in record.calls)
    failed = any(isinstance(seen.incident, RecorderFailed) for seen in record.incidents)
    if facts.exit_code != 0 or trained or failed:
        return
    found = "neither" if facts.torch else "that it never imported torch"
    raise UsageError(
        f"expected a script that trains, with loss.backward() and optimizer.step(), found {found} in {facts.script}; "
        f"training in child processes is not recorded by their parent: name the script whose own process trains "
        f"(the record is kept in {run})"
    )


def show(report: Report, how: Judging, terminal: TextIO | None) -> int:
    """Print the report to the terminal, if there is one, write those that were asked for, and return the exit code.

    A report that cannot be written does not take the others with it.
    """
    from gradprobe.commands.outputs import show_on, write
    from gradprobe.engine.verdict import exit_code

    failed = []
    if terminal is not None:
        failed += _failure(partial(show_on, terminal, report))
    for output in how.outputs:
        failed += _failure(partial(write, report, output))
    for error in failed:
        print(f"gradprobe: {error}", file=sys.stderr)
    return max((error.exit_code for error in failed), default=exit_code(report, how.fail_on))


def _failure(action: Callable[[], None]) -> list[GradprobeError]:
    try:
        action()
    except GradprobeError as error:
        return [error]
    return []
