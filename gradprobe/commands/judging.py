"""From a run directory to a report, an exit code and what is printed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

from gradprobe.errors import UsageError

if TYPE_CHECKING:
    from gradprobe.commands.outputs import Output
    from gradprobe.policy.schema import Policy
    from gradprobe.values import Report

REFERENCE: Final = "gradprobe_reference"
"""The module that runs when no script is named, and that the quick reference's own policy is in force for."""

Level = Literal["error", "warning", "never"]


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
    fail_on: Level
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
    return Judging(policy, cast(Level, fail_on), tuple(select or ()), tuple(ignore or ()), chosen)


def policy_for(script: str, named: str | None) -> str:
    """Return the name or file of the policy in force for a program."""
    return named or ("quick-reference" if script == f"-m {REFERENCE}" else "default")


def judge_run(run: Path, how: Judging) -> Report:
    """Judge a recorded run.

    Raises:
        RecordError: If it cannot be read.
        PolicyError: If the policy does not validate.
    """
    from gradprobe.engine.judge import judge
    from gradprobe.extensions import load_checks
    from gradprobe.policy import load_policy
    from gradprobe.record.directory import find_record, find_run, rank_files
    from gradprobe.record.reader import read_record

    record = read_record(find_record(run), ranks=len(rank_files(find_run(run))) or 1)
    policy: Policy = load_policy(policy_for(record.facts.script, how.policy))
    return judge(record, policy, load_checks(), select=how.select, ignore=how.ignore)


def show(report: Report, how: Judging, *, quiet: bool) -> int:
    """Print the report to stderr unless `quiet`, write those that were asked for, and return the exit code."""
    from gradprobe.commands.outputs import terminal_format, write
    from gradprobe.engine.verdict import exit_code

    if not quiet:
        terminal_format().write(report, sys.stderr)
    for output in how.outputs:
        write(report, output)
    return exit_code(report, how.fail_on)
